#!/usr/bin/env bash
# Regenerates envs/lock.txt (hashed, all platforms) and envs/nanostitch.yaml from pyproject.toml;
# run by 'make lock'. Further arguments go to the resolver, e.g. --upgrade.
set -euo pipefail
cd "$(dirname "$0")/.."
resolved=$(uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
    --constraints <(grep -v '^ *--hash' envs/lock.txt | sed 's/ *\\$//') "$@")
python envs/generate.py <<<"$resolved"
