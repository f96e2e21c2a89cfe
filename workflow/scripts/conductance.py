"""Measure the conductance of one film from a sweep of the voltage."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.iv import CONDUCTANCE
from nanostitch.contracts.raw import RAW_IV
from nanostitch.iv import conductance

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_IV)
other = store.read_optional(snakemake.input.compared_with, CONDUCTANCE)
found = conductance.measure(raw, other, **settings)
store.write(found, CONDUCTANCE, job=snakemake, about=raw.attrs)
