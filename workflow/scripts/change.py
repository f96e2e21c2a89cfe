"""Hold one image against an earlier one of the same place."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.adf import change
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.adf_change import CHANGE
from nanostitch.contracts.raw import RAW_IMAGE

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_IMAGE)
particles = store.read(snakemake.input.particles, PARTICLES)
before = store.read(snakemake.input.before_raw[0], RAW_IMAGE)
particles_before = store.read(snakemake.input.before_particles[0], PARTICLES)
found = change.measure(raw, particles, before, particles_before, **settings)
store.write(found, CHANGE, job=snakemake, about=raw.attrs)
