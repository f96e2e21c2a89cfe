"""Compare the band gap at a boundary with that beside it, along one line scan."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.eels import ALIGNED, BAND_GAP, BOUNDARY
from nanostitch.contracts.raw import RAW_EELS
from nanostitch.eels import boundary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_EELS)
aligned = store.read(snakemake.input.aligned, ALIGNED)
gaps = store.read(snakemake.input.gaps, BAND_GAP)
found = boundary.measure(gaps, raw, aligned, **settings)
store.write(found, BOUNDARY, job=snakemake, about=raw.attrs)
