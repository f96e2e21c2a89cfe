"""List what every comparison of a batch found, with p values adjusted for all of them."""

from typing import TYPE_CHECKING

from nanostitch import store, tables
from nanostitch.contracts.comparison import COMPARISON

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
products = [store.read(path, COMPARISON) for path in snakemake.input.products]
store.write_table(tables.comparisons(products), job=snakemake)
