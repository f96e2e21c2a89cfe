"""Remove the zero-loss peak from the aligned spectra of one acquisition."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.eels import ALIGNED, LOSS
from nanostitch.contracts.raw import RAW_EELS
from nanostitch.eels import background

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
aligned = store.read(snakemake.input.aligned, ALIGNED)
vacuum = store.read_optional(snakemake.input.vacuum, ALIGNED)
with store.open_lazily(snakemake.input.raw, RAW_EELS) as raw:
    loss = background.remove_zero_loss(raw, aligned, vacuum, **settings)
    store.write(loss, LOSS, job=snakemake, about=aligned.attrs)
