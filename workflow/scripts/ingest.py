"""Read one raw file through the raw door."""

from pathlib import Path
from typing import TYPE_CHECKING

from nanostitch import raw, store
from nanostitch.contracts.raw import RAW

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.acquisition)
store.verify(snakemake.input.raw, plan["raw"])
dataset = raw.read(Path(snakemake.input.raw[0]), plan["technique"], plan["told"], plan["dataset"])
store.write(dataset, RAW[plan["technique"]], job=snakemake, about=plan["about"])
