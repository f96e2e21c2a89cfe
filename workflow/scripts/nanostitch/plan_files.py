"""What decides the numbers of a batch, as the content of its plan files.

Each file is a small JSON document under ``results/{batch}/plan`` and an input of the rules that
depend on it; :class:`nanostitch.plan.Plan` writes them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nanostitch import batch as batches
from nanostitch import code, laboratory, provenance, raw
from nanostitch.batch import Acquisition, Batch
from nanostitch.errors import BatchError
from nanostitch.simulate import record

PROJECT = Path(__file__).parents[3]
SCRIPTS = PROJECT / "workflow" / "scripts"
LOCK = PROJECT / "envs" / "lock.txt"

STEPS = {
    "ingest": (),
    "align": ("eels", "zero_loss"),
    "remove_zero_loss": ("eels", "background"),
    "band_gap": ("eels", "band_gap"),
    "boundary": ("eels", "boundary"),
    "dielectric": ("eels", "dielectric"),
    "particles": ("adf", "particles"),
    "composition": ("edx", "composition"),
    "edge": ("absorption", "edge"),
    "emission": ("pl", "emission"),
    "quantum_yield": ("plqy", "quantum_yield"),
    "conductance": ("iv", "conductance"),
    "circuit": ("eis", "circuit"),
    "table": (),
    "figure_data": (),
    "figure": (),
}
"""Each step, named like its script, with the place of its settings in the configuration."""

SIMULATION_STEPS = ("specimen", "simulate", "score", "recovery")
"""Steps that only a simulated batch has, named like their scripts."""

Files = Iterator[tuple[str, dict[str, Any]]]


def steps(settings: Mapping[str, Any]) -> Files:
    """Settings and code of each step."""
    for step, place in STEPS.items():
        chosen: Any = settings if place else {}
        for key in place:
            chosen = chosen[key]
        yield step, {"settings": chosen, **_code(SCRIPTS / f"{step}.py")}


def acquisition(batch: Batch, a: Acquisition, digests: provenance.Digests) -> dict[str, Any]:
    """One acquisition: who it is, what was told of it, which bytes its raw file has.

    Raises
    ------
    BatchError
        If the raw file cannot be read or has not the checksum that the sheet tells.
    """
    return {
        "about": _about(batch, a),
        "technique": a.technique,
        "told": a.told,
        "dataset": a.row.get("dataset"),
        "references": a.references,
        "raw": {} if batch.simulate is not None else _raw_digests(a, digests),
    }


def simulation(batch: Batch) -> Files:
    """Specimens, recordings and scores of a simulated batch."""
    assert batch.simulate is not None
    seed, lab = {"seed": batch.simulate["seed"]}, batch.simulate
    for name, a in specimens(batch).items():
        content = {
            "about": {"batch": batch.id, **_place(a), "substrate": a.sample["substrate"]},
            "condition": {k: v for k, v in a.condition.items() if k not in ("label", "condition")},
            "settings": laboratory.specimen(lab, a.sample["sample"]),
            **_code(SCRIPTS / "specimen.py"),
        }
        yield f"specimens/{name}", content | seed
    for a in batch.acquisitions.values():
        instrument = laboratory.instrument(lab, a.id, a.technique)
        writer = laboratory.writer(lab, a.id, a.technique, a.path.suffix[1:])
        content = {
            "about": {"batch": batch.id, **_place(a), "acquisition": a.id},
            "instrument": instrument,
            "writer": writer,
            "settings": laboratory.settings(lab, a.id, a.technique),
            **_code(SCRIPTS / "simulate.py", *record.modules(instrument, writer)),
        }
        yield f"simulated/{a.id}", content | seed
    yield "score", {"about": _of_batch(batch), **_code(SCRIPTS / "score.py")}
    yield "recovery", {"conditions": conditions(batch), **_code(SCRIPTS / "recovery.py")}


def conditions(batch: Batch) -> list[str]:
    """Ids of the conditions in the order in which acquisitions name them: that of the colours."""
    return list(dict.fromkeys(a.condition["condition"] for a in batch.acquisitions.values()))


def specimens(batch: Batch) -> dict[str, Acquisition]:
    """Name of each specimen of a simulated batch, with one acquisition that looks at it."""
    return {specimen_name(a): a for a in batch.acquisitions.values()}


def specimen_name(a: Acquisition) -> str:
    """Name of the specimen that an acquisition looks at; ids hold no point."""
    return f"{a.sample['sample']}.{a.condition['condition']}"


def _code(*sources: Path) -> dict[str, Any]:
    return {
        "code_sha256": code.digest(*sources),
        "lock_sha256": provenance.sha256(LOCK),
        "format": provenance.FORMAT,
    }


def _about(batch: Batch, a: Acquisition) -> dict[str, Any]:
    return {
        "technique": a.technique,
        "acquisition": a.id,
        "use": a.row.get("use", "yes"),
        "note": a.row.get("note", ""),
        **_place(a),
        "material": a.sample["material"],
        "substrate": a.sample["substrate"],
        "condition_label": a.condition["label"],
        **_of_batch(batch),
    }


def _place(a: Acquisition) -> dict[str, str]:
    return {"sample": a.sample["sample"], "condition": a.condition["condition"]}


def _of_batch(batch: Batch) -> dict[str, Any]:
    return {
        "batch": batch.id,
        "simulated": int(batch.simulate is not None),
        "batch_title": batch.about["title"],
        "creator_name": batch.about["creator"]["name"],
        "license": batch.about["licence"],
    }


def _raw_digests(a: Acquisition, digests: provenance.Digests) -> dict[str, str]:
    files = [a.path, *raw.companions(a.path)]
    try:
        found = {
            path.relative_to(a.path.parent).as_posix(): digests.of(path)
            for path in files
            if not path.is_dir()
        }
    except (OSError, ValueError) as error:
        raise BatchError(f"{a.path}: {a.id}: cannot be read: {error}") from error
    if reason := batches.checksum_problem(a, found.get(a.path.name)):
        raise BatchError(reason)
    return found
