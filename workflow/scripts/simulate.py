"""Write the raw file that a simulated instrument would have written."""

from pathlib import Path
from typing import TYPE_CHECKING

from nanostitch import simulate, store

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.log_to(snakemake.log[0])
plan = store.read_plan(snakemake.input.acquisition)
simulate.write(Path(snakemake.output.raw), plan["about"], **plan["simulate"])
