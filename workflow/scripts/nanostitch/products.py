"""Which product each acquisition of a batch ends in."""

from nanostitch.batch import Acquisition, Batch

MEASURED = {
    "adf": "particles",
    "eels": "band_gap",
    "edx": "composition",
    "absorption": "edge",
    "pl": "emission",
    "plqy": "quantum_yield",
    "iv": "conductance",
    "eis": "circuit",
}
"""Product with the numbers of each technique; tables and scores list them."""

_AUXILIARY = {
    "vacuum": "aligned",
    "solvent": "raw",
    "continued": "raw",
    "blank": "raw",
    "indirect": "raw",
    "response": "raw",
}
"""By role: an acquisition that others need in it has no numbers of its own and ends here."""


def last(batch: Batch) -> dict[str, str]:
    """Last product of each acquisition by its id."""
    found = {a.id: MEASURED[a.technique] for a in batch.acquisitions.values()}
    for a in batch.acquisitions.values():
        for role, others in a.references.items():
            if role in _AUXILIARY:
                found |= dict.fromkeys(others, _AUXILIARY[role])
    return found


def measured(batch: Batch, technique: str) -> list[Acquisition]:
    """Acquisitions of a technique that end in its numbers, in the order of the sheet."""
    ends = last(batch)
    return [a for a in batch.of(technique) if ends[a.id] == MEASURED[technique]]


def path(batch: Batch, a: Acquisition, product: str) -> str:
    """Where a product of an acquisition lies."""
    return f"results/{batch.id}/{a.technique}/{a.id}/{product}.nc"
