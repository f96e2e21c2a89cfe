"""Find the lattices of one image: orientations, domains, zone axes and phases."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.adf import lattice
from nanostitch.contracts.adf_lattice import LATTICE
from nanostitch.contracts.raw import RAW_IMAGE

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_IMAGE)
found = lattice.measure(raw, **settings)
store.write(found, LATTICE, job=snakemake, about=raw.attrs)
