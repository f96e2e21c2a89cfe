"""Hold every claim of a batch against its measurement."""

from typing import TYPE_CHECKING

from nanostitch import claims_page, store
from nanostitch.comparison import ledger
from nanostitch.contracts.claims import CLAIMS

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.claims)
products = [store.read_product(path) for path in snakemake.input.products]
found = ledger.ledger(plan["claims"], products)
store.write_of_batch(found, CLAIMS, job=snakemake, about=plan["about"])
table = claims_page.table(found)
store.write_table(table, job=snakemake)
store.write_page(claims_page.page(table, plan["about"]), snakemake.output.html)
