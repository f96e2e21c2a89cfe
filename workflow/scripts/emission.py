"""Measure position and shape of the emission of one acquisition."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.absorption import EDGE
from nanostitch.contracts.pl import EMISSION
from nanostitch.contracts.raw import RAW_PL
from nanostitch.pl import emission

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_PL)
edge = store.read_optional(snakemake.input.edge, EDGE)
store.write(emission.measure(raw, edge, **settings), EMISSION, job=snakemake, about=raw.attrs)
