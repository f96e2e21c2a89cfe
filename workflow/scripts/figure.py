"""Draw one figure from its plotted data."""

from typing import TYPE_CHECKING

from nanostitch import draw, store

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.log_to(snakemake.log[0])
tree = store.read_tree(snakemake.input.nc)
with store.replacing_all(snakemake.output) as paths:
    draw.save(draw.figure(tree), paths, identifier=store.identity_of(snakemake.input.nc))
