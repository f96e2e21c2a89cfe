"""Bring one raw file here from where its sheet says."""

from pathlib import Path
from typing import TYPE_CHECKING

from nanostitch import remote, store

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.source)
remote.fetch(plan["url"], plan["sha256"], Path(snakemake.output.raw))
