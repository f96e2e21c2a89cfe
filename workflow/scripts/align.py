"""Put the zero-loss peak of every spectrum of one acquisition at 0 eV."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.eels import ALIGNED
from nanostitch.contracts.raw import RAW_EELS
from nanostitch.eels import zero_loss

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
with store.open_lazily(snakemake.input.raw, RAW_EELS) as raw:
    aligned = zero_loss.align(raw, **settings)
    store.write(aligned, ALIGNED, job=snakemake, about=raw.attrs)
