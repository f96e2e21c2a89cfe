"""Hold the results of a simulated batch against the truth behind its raw files."""

from typing import TYPE_CHECKING

from nanostitch import scoring, store
from nanostitch.contracts.score import SCORE

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.step)
products = [store.read_product(path) for path in snakemake.input.products]
truths = [store.read_product(path) for path in snakemake.input.truths]
score = scoring.score(products, truths)
store.write_simulated(score, SCORE, job=snakemake, about=plan["about"])
store.write_table(score.to_dataframe(), job=snakemake)
