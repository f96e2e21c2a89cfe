"""Find the absorption edge and the exciton of one acquisition."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.absorption import edge
from nanostitch.contracts.absorption import EDGE
from nanostitch.contracts.raw import RAW_ABSORPTION

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_ABSORPTION)
solvent = store.read_optional(snakemake.input.solvent, RAW_ABSORPTION)
store.write(edge.measure(raw, solvent, **settings), EDGE, job=snakemake, about=raw.attrs)
