"""Find and refine the atomic columns of one image, line defects and ligand shell."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.adf import columns
from nanostitch.contracts.adf_columns import COLUMNS
from nanostitch.contracts.adf_lattice import LATTICE
from nanostitch.contracts.raw import RAW_IMAGE

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_IMAGE)
lattice = store.read(snakemake.input.lattice, LATTICE)
found = columns.measure(raw, lattice, **settings)
store.write(found, COLUMNS, job=snakemake, about=raw.attrs)
