"""List one kind of product of a batch as a table."""

from typing import TYPE_CHECKING

from nanostitch import store, tables

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
products = [store.read_product(path) for path in snakemake.input.products]
store.write_table(
    tables.KINDS.get(snakemake.wildcards.table, tables.numbers)(products), job=snakemake
)
