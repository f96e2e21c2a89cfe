"""Collect exactly the data that one figure plots."""

from typing import TYPE_CHECKING

from nanostitch import draw, store
from nanostitch.draw import sources

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.figure)
products = [store.read_product(path) for path in snakemake.input.products]
tree = draw.collect(plan["figure"], products, plan["conditions"], plan["references"])
store.write_tree(sources.named(tree, plan["products"], plan["panels"]), job=snakemake)
