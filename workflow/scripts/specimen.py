"""Grow a simulated specimen and store it."""

from typing import TYPE_CHECKING

from nanostitch import simulate, store
from nanostitch.contracts.specimen import SPECIMEN

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.log_to(snakemake.log[0])
plan = store.read_plan(snakemake.input.specimen)
about, settings = plan["about"], plan["settings"]
specimen = simulate.grow(about, plan["condition"], seed=plan["seed"], settings=settings)
store.write(specimen, SPECIMEN, job=snakemake, about=about)
