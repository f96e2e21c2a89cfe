"""Turn the spectra of one acquisition into single scattering and a dielectric function."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.eels import ALIGNED, DIELECTRIC, LOSS
from nanostitch.contracts.raw import RAW_EELS
from nanostitch.eels import dielectric

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
aligned = store.read(snakemake.input.aligned, ALIGNED)
loss = store.read(snakemake.input.loss, LOSS)
with store.open_lazily(snakemake.input.raw, RAW_EELS) as raw:
    found = dielectric.measure(raw, aligned, loss, **settings)
    store.write(found, DIELECTRIC, job=snakemake, about=raw.attrs)
