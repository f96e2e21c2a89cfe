"""Draw recovered against true for every measure of one technique in a simulated batch."""

from typing import TYPE_CHECKING

from nanostitch import draw, store
from nanostitch.contracts.score import SCORE
from nanostitch.draw import recovery, recovery_page

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.step)
score = store.read(snakemake.input.score, SCORE)
tree = recovery.collect(score, plan["conditions"], snakemake.wildcards.technique)
store.write_tree(tree, job=snakemake)
files = [snakemake.output.pdf, snakemake.output.svg, snakemake.output.png]
with store.replacing_all(files) as paths:
    draw.save(recovery_page.figure(tree), paths, identifier=store.identity_of(snakemake.output.nc))
