"""Every file that a whole run makes for its user."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nanostitch import comparisons as declared_comparisons
from nanostitch import products
from nanostitch.batch import Acquisition, Batch
from nanostitch.errors import BatchError

FIGURE_SUFFIXES = ("nc", "md", "pdf", "png", "svg")


def of_batch(batch: Batch) -> Iterator[str]:
    """Products, tables, comparisons, claims, figures and scores of a batch."""
    ends = products.ends(batch)
    for a in batch.acquisitions.values():
        for product in ends[a.id]:
            yield products.path(batch, a, product)
    for table in tables(batch):
        yield f"results/{batch.id}/tables/{table}.tsv"
    yield from _answers(batch)
    for figure in batch.figures:
        for suffix in FIGURE_SUFFIXES:
            yield f"results/{batch.id}/figures/{figure}.{suffix}"
    techniques = dict.fromkeys(a.technique for a, _ in scored(batch))
    if techniques:
        yield f"results/{batch.id}/tables/recovery.tsv"
    for technique in techniques:
        for suffix in ("nc", "pdf", "png", "svg"):
            yield f"results/{batch.id}/score/{technique}_recovery.{suffix}"


def _answers(batch: Batch) -> Iterator[str]:
    """Comparisons, the ledger of claims and the methods paragraph."""
    yield f"results/{batch.id}/methods.md"
    yield from comparisons(batch)
    if batch.comparisons:
        yield f"results/{batch.id}/tables/comparisons.tsv"
    if batch.claims:
        for name in ("claims.nc", "claims.html", "tables/claims.tsv"):
            yield f"results/{batch.id}/{name}"


def of_figure(batches: Iterable[Batch], figure: str | int) -> list[str]:
    """Files of one figure alone, by its id or by what follows ``figure_`` in it.

    Raises
    ------
    BatchError
        If no batch has such a figure.
    """
    names = (str(figure), f"figure_{figure}".lower())
    found = [(b.id, name) for b in batches for name in names if name in b.figures]
    if not found:
        known = ", ".join(name for batch in batches for name in batch.figures)
        raise BatchError(f"figure {figure}: no batch has it; there are {known}")
    return [f"results/{b}/figures/{name}.{end}" for b, name in found for end in FIGURE_SUFFIXES]


def compared(batch: Batch, declared: Mapping[str, Any]) -> list[str]:
    """Products that a comparison stands on."""
    product = declared["measure"]["product"]
    return [
        products.path(batch, a, product) for a, _ in declared_comparisons.members(batch, declared)
    ]


def comparisons(batch: Batch) -> list[str]:
    """Every comparison."""
    return [comparison(batch, name) for name in batch.comparisons]


def comparison(batch: Batch, name: str) -> str:
    """Where a comparison lies."""
    return f"results/{batch.id}/comparisons/{name}.nc"


def tables(batch: Batch) -> list[str]:
    """Products with numbers that a batch has, in the order of their techniques."""
    found = {product for ends in products.ends(batch).values() for product in ends}
    return [name for names in products.MEASURED.values() for name in names if name in found]


def scored(batch: Batch) -> list[tuple[Acquisition, str]]:
    """Simulated acquisitions with each of their products that has numbers, by technique.

    Those that the sheet leaves out (use: no) are not scored.
    """
    if batch.simulate is None:
        return []
    found = [(a, table) for table in tables(batch) for a in products.measured(batch, table)]
    return [(a, table) for a, table in found if a.row.get("use") != "no"]
