#!/usr/bin/env bash
# Makes .venv from the hashed lock; run by make. PYTHON names the interpreter to use.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null; then
    echo "nanostitch needs Python 3.11 or newer, and '$python' was not found. Install it, or name" \
        "one: make PYTHON=python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "nanostitch needs Python 3.11 or newer, and '$python' is $("$python" -V 2>&1 | cut -d' ' -f2)." \
        "Install a newer one and name it: make PYTHON=python3.12" >&2
    exit 1
fi

# The interpreter behind a virtual environment, which may be the very .venv that is made anew.
python=$("$python" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))')

echo "Setting up .venv from envs/lock.txt ($("$python" -V)); this is done once and takes a minute or two."
rm -rf .venv
"$python" -m venv .venv
install="install --quiet --require-hashes"
# uv installs the same lock several times as fast; pip alone knows a site's own settings of pip.
if ! uv=$(command -v uv); then
    awk '/^[^ ]/ { wanted = /^uv==/ } wanted' envs/lock.txt >.venv/uv.txt
    .venv/bin/python -m pip $install -r .venv/uv.txt
    uv=.venv/bin/uv
fi
"$uv" pip $install --python .venv/bin/python --compile-bytecode -r envs/lock.txt ||
    .venv/bin/python -m pip $install -r envs/lock.txt
LC_ALL=C.UTF-8 .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
# Python reads this file in the encoding of the locale, which need not have the letters of a folder.
for path in .venv/lib/python*/site-packages/__editable__.nanostitch-*.pth; do
    echo ../../../../workflow/scripts >"$path"
done
.venv/bin/python -m compileall -q workflow/scripts
touch .venv/ready
echo "Done."
