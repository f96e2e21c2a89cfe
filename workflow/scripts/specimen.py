"""Grow a simulated specimen and store it."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.specimen import SPECIMEN
from nanostitch.simulate.growth import grow

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.specimen)
about, settings = plan["about"], plan["settings"]
specimen = grow(about, plan["condition"], seed=plan["seed"], settings=settings)
store.write_simulated(specimen, SPECIMEN, job=snakemake, about=about)
