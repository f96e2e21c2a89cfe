"""Write the methods paragraph of a batch from what was asked of each step."""

from typing import TYPE_CHECKING

from nanostitch import methods_page, store

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
batch = store.read_plan(snakemake.input.batch)
store.write_page(methods_page.page(batch), snakemake.output.md)
