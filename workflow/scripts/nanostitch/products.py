"""Which products each acquisition of a batch ends in."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nanostitch.batch import Acquisition, Batch

MEASURED = {
    "adf": ("particles", "lattice", "columns", "seams", "change"),
    "eels": ("band_gap", "boundary"),
    "edx": ("composition",),
    "absorption": ("edge",),
    "pl": ("emission",),
    "plqy": ("quantum_yield",),
    "iv": ("conductance",),
    "eis": ("circuit",),
}
"""Products with the numbers of each technique; tables and scores list them."""

_AUXILIARY = {
    "vacuum": "aligned",
    "solvent": "raw",
    "continued": "raw",
    "blank": "raw",
    "indirect": "raw",
    "response": "raw",
}
"""By role: an acquisition that others need in it has no numbers of its own and ends here."""


def technique(product: str) -> str:
    """Technique whose acquisitions end in a product with numbers."""
    return next(technique for technique, names in MEASURED.items() if product in names)


def ends(batch: "Batch") -> dict[str, tuple[str, ...]]:
    """Last products of each acquisition by its id."""
    found = {a.id: tuple(_measured(a)) for a in batch.acquisitions.values()}
    for a in batch.acquisitions.values():
        for role, others in a.references.items():
            if role in _AUXILIARY:
                found |= dict.fromkeys(others, (_AUXILIARY[role],))
    return found


def references(batch: "Batch") -> list[str]:
    """Ids of acquisitions that only serve others: they end in no product with numbers."""
    last = ends(batch)
    found = batch.acquisitions.values()
    return [a.id for a in found if not set(last[a.id]) & set(MEASURED[a.technique])]


def measured(batch: "Batch", product: str) -> list["Acquisition"]:
    """Acquisitions that end in a product with numbers, in the order of the sheet."""
    last = ends(batch)
    return [a for a in batch.acquisitions.values() if product in last[a.id]]


def path(batch: "Batch", a: "Acquisition", product: str) -> str:
    """Where a product of an acquisition lies."""
    return f"results/{batch.id}/{a.technique}/{a.id}/{product}.nc"


def _measured(a: "Acquisition") -> list[str]:
    """What can be measured in an acquisition, by what its row tells."""
    told = {"boundary": "boundary_nm" in a.row, "change": "before" in a.references}
    return [product for product in MEASURED[a.technique] if told.get(product, True)]
