"""Find and measure the nanocrystals of one image."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.adf import particles
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.raw import RAW_IMAGE

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_IMAGE)
found = particles.measure(raw["intensity"], raw.attrs, **settings)
store.write(found, PARTICLES, job=snakemake, about=raw.attrs)
