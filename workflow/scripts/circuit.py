"""Test the impedance of one film for validity and fit an equivalent circuit."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.eis import CIRCUIT
from nanostitch.contracts.iv import CONDUCTANCE
from nanostitch.contracts.raw import RAW_EIS
from nanostitch.eis import circuit

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_EIS)
direct = store.read_optional(snakemake.input.direct_current, CONDUCTANCE)
store.write(circuit.measure(raw, direct, **settings), CIRCUIT, job=snakemake, about=raw.attrs)
