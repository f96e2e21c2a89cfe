"""Tell how the lattices of crystals that meet in one image continue."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.adf import seams
from nanostitch.contracts.adf_lattice import LATTICE
from nanostitch.contracts.adf_seams import SEAMS
from nanostitch.contracts.raw import RAW_IMAGE

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_IMAGE)
lattice = store.read(snakemake.input.lattice, LATTICE)
found = seams.measure(raw, lattice, **settings)
store.write(found, SEAMS, job=snakemake, about=raw.attrs)
