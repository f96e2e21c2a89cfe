"""Answer one question about groups of acquisitions."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.comparison import compare
from nanostitch.comparison.observations import Group
from nanostitch.contracts.comparison import COMPARISON

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
asked = store.read_plan(snakemake.input.comparison)
products = [store.read_product(path) for path in snakemake.input.products]
groups = [Group(**group) for group in asked["groups"]]
found = compare.compare(products, asked["member"], groups, **asked["settings"])
store.write_of_batch(found, COMPARISON, job=snakemake, about=asked["about"])
