"""What decides the numbers of a batch, as the content of its plan files.

Each file is a small JSON document under ``results/{batch}/plan`` and an input of the rules that
depend on it; :class:`nanostitch.plan.Plan` writes them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path, PurePosixPath
from string import ascii_lowercase
from typing import Any

from nanostitch import batch as batches
from nanostitch import claims as declared_claims
from nanostitch import code, comparisons, laboratory, products, raw
from nanostitch.batch import Acquisition, Batch
from nanostitch.errors import BatchError
from nanostitch.provenance import identity
from nanostitch.provenance.digests import Digests
from nanostitch.simulate import record

PROJECT = Path(__file__).parents[3]
SCRIPTS = PROJECT / "workflow" / "scripts"
REPORT = PROJECT / "workflow" / "report"
LOCK = PROJECT / "envs" / "lock.txt"

STEPS = {
    "ingest": (),
    "align": ("eels", "zero_loss"),
    "remove_zero_loss": ("eels", "background"),
    "band_gap": ("eels", "band_gap"),
    "boundary": ("eels", "boundary"),
    "dielectric": ("eels", "dielectric"),
    "particles": ("adf", "particles"),
    "lattice": ("adf", "lattice"),
    "columns": ("adf", "columns"),
    "seams": ("adf", "seams"),
    "change": ("adf", "change"),
    "composition": ("edx", "composition"),
    "edge": ("absorption", "edge"),
    "emission": ("pl", "emission"),
    "quantum_yield": ("plqy", "quantum_yield"),
    "conductance": ("iv", "conductance"),
    "circuit": ("eis", "circuit"),
    "table": (),
    "comparison": (),
    "comparisons": (),
    "claims": (),
    "methods": (),
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
        yield step, {"settings": chosen, **_code(SCRIPTS / f"{step}.py"), **_template(step)}


def acquisition(batch: Batch, a: Acquisition, digests: Digests) -> dict[str, Any]:
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


def fetched(a: Acquisition) -> dict[str, Any]:
    """Where a raw file comes from, and which bytes it must have."""
    return {"url": a.url, "sha256": a.row["sha256"]}


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
    yield "recovery", {"conditions": batch.conditions, **_code(SCRIPTS / "recovery.py")}


def comparison(batch: Batch, name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    """One comparison: the question, its groups, and the group of each product."""
    levels = comparisons.levels(batch, declared)
    groups = [
        {"label": label, "where": declared["measure"]["where"] | group["where"], "at": at}
        for (label, group), at in zip(declared["groups"].items(), levels, strict=True)
    ]
    members = comparisons.members(batch, declared)
    asked = ("question", "scale", "bootstrap_draws", "seed")
    return {
        "about": {"name": name, **_asked(declared), **_of_batch(batch)},
        "member": [number for _, number in members],
        "acquisitions": [a.id for a, _ in members],
        "groups": groups,
        "settings": {key: declared[key] for key in asked}
        | {
            "variable": declared["measure"]["variable"],
            "margin": declared.get("margin"),
            "usable": declared["use"],
        },
    }


def _asked(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The question in words that a reader of the product needs; what it has not is left out."""
    told = {
        "comparison_title": declared["title"],
        "measure_product": declared["measure"]["product"],
        "measure_variable": declared["measure"]["variable"],
        **{key: declared.get(key) for key in ("question", "scale", "margin", "along")},
    }
    return {key: value for key, value in told.items() if value is not None}


def claimed(batch: Batch) -> list[str]:
    """Comparisons and products that speak to the claims of a batch, each once."""
    found = (declared_claims.inputs(batch, one) for one in batch.claims.values())
    return list(dict.fromkeys(path for paths in found for path in paths))


def claims(batch: Batch) -> dict[str, Any]:
    """Every claim of a batch, each with the numbers of its products among :func:`claimed`."""
    place = {path: number for number, path in enumerate(claimed(batch))}
    return {
        "about": {"name": "claims", **_of_batch(batch)},
        "claims": [
            {"id": name, **one, "inputs": [place[p] for p in declared_claims.inputs(batch, one)]}
            for name, one in batch.claims.items()
        ],
    }


def figure(
    batch: Batch, declared: Mapping[str, Any], panels: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """One figure: its declaration, its products, and by panel the numbers of those it may show.

    ``references`` are those of its acquisitions that only serve others.
    """
    place = {path: number for number, path in enumerate(dict.fromkeys(chain.from_iterable(panels)))}
    shown = {PurePosixPath(path).parent.name for path in place}
    return {
        "figure": declared,
        "products": list(place),
        "panels": {
            letter: [place[path] for path in paths]
            for letter, paths in zip(ascii_lowercase, panels, strict=False)
        },
        "conditions": batch.conditions,
        "references": [name for name in products.references(batch) if name in shown],
    }


_LIBRARIES = (
    *("nanostitch", "snakemake", "numpy", "scipy", "xarray"),
    *("hyperspy", "exspy", "rosettasciio", "netcdf4"),
)


def whole(batch: Batch, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The batch as a whole: how much there is of what, the settings and versions that made it."""
    found = list(batch.acquisitions.values())
    techniques = Counter(a.technique for a in found)
    return {
        "title": batch.about["title"],
        "simulated": batch.simulate is not None,
        "seed": (batch.simulate or {}).get("seed"),
        "number": techniques,
        "counts": {
            "samples": len({a.sample["sample"] for a in found}),
            "conditions": len({a.condition["condition"] for a in found}),
            "acquisitions": len(found),
            "left_out": sum(a.row.get("use") == "no" for a in found),
        },
        "comparisons": len(batch.comparisons),
        "versions": {name: metadata.version(name) for name in _LIBRARIES},
        "settings": {name: settings[name] for name in techniques},
    }


def specimens(batch: Batch) -> dict[str, Acquisition]:
    """Name of each specimen of a simulated batch, with one acquisition that looks at it."""
    return {specimen_name(a): a for a in batch.acquisitions.values()}


def specimen_name(a: Acquisition) -> str:
    """Name of the specimen that an acquisition looks at; ids hold no point."""
    return f"{a.sample['sample']}.{a.condition['condition']}"


def _template(step: str) -> dict[str, str]:
    """Digest of the page that a step fills in, if it has one."""
    found = list(REPORT.glob(f"{step}.*.j2"))
    return {"template_sha256": identity.sha256(found[0])} if found else {}


def _code(*sources: Path) -> dict[str, Any]:
    return {
        "code_sha256": code.digest(*sources),
        "lock_sha256": identity.sha256(LOCK),
        "format": identity.FORMAT,
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


def _raw_digests(a: Acquisition, digests: Digests) -> dict[str, str]:
    if a.url:
        return {a.path.name: a.row["sha256"]}
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
