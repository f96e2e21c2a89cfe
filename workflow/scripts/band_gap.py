"""Read the band gap from the spectra of one acquisition."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.eels import ALIGNED, BAND_GAP, LOSS
from nanostitch.contracts.raw import RAW_EELS
from nanostitch.eels import band_gap

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
loss = store.read(snakemake.input.loss, LOSS)
aligned = store.read(snakemake.input.aligned, ALIGNED)
with store.open_lazily(snakemake.input.raw, RAW_EELS) as raw:
    gaps = band_gap.measure(raw, aligned, loss, **settings)
    store.write(gaps, BAND_GAP, job=snakemake, about=loss.attrs)
