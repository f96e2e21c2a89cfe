"""Collect exactly the data that one figure plots."""

from typing import TYPE_CHECKING

from nanostitch import draw, store

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.log_to(snakemake.log[0])
plan = store.read_plan(snakemake.input.figure)
products = [store.read_product(path) for path in snakemake.input.products]
store.write_tree(draw.collect(plan["figure"], products, plan["conditions"]), job=snakemake)
