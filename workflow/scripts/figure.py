"""Draw one figure from its plotted data."""

from typing import TYPE_CHECKING

from nanostitch import draw, store
from nanostitch.draw import captions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
tree = store.read_tree(snakemake.input.nc)
store.write_page(captions.figure(tree), snakemake.output.md)
files = [snakemake.output.pdf, snakemake.output.svg, snakemake.output.png]
with store.replacing_all(files) as paths:
    draw.save(draw.figure(tree), paths, identifier=store.identity_of(snakemake.input.nc))
