"""A batch: the folder of three tables and one YAML file that says what was measured.

:func:`load` validates the whole folder and returns it, or raises one error that lists every
problem of every file.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanostitch import declarations, documents, raw_files, remote, schema
from nanostitch.errors import BatchError
from nanostitch.schema import Problem
from nanostitch.sheets import ID_RULE, Row, Sheet, is_id

TOLD = (
    "pixel_size_nm",
    "beam_energy_kev",
    "convergence_mrad",
    "collection_mrad",
    "energy_unit",
    "dispersion_ev",
    "energy_offset_ev",
    "dose_e_per_nm2",
    "beam_current_pa",
    "dwell_time_s",
    "regions",
    "boundary_nm",
    "known_composition",
    "excitation_nm",
    "electrode_gap_um",
    "electrode_length_mm",
    "electrode_pairs",
    "film_thickness_nm",
    "headings",
)
ROLES = {
    "adf": {"before": "adf"},
    "eels": {"vacuum": "eels"},
    "edx": {"standards": "edx", "compared_with": "edx"},
    "absorption": {"solvent": "absorption"},
    "pl": {"absorption": "absorption"},
    "plqy": {
        "continued": "plqy",
        "blank": "plqy",
        "indirect": "plqy",
        "response": "plqy",
        "dilute": "pl",
        "compared_with": "plqy",
    },
    "iv": {"compared_with": "iv"},
    "eis": {"direct_current": "iv"},
}
"""By technique, the roles of its references and the technique that each must have."""
SEVERAL = ("standards", "continued", "blank", "indirect")
"""Roles that may name more than one acquisition."""


@dataclass(frozen=True)
class Acquisition:
    """One measured dataset with the rows of its sample and condition."""

    id: str
    technique: str
    row: Row
    sample: Row
    condition: Row
    path: Path

    @property
    def url(self) -> str | None:
        """Where the raw file is fetched from; None where it lies at hand."""
        file = str(self.row.get("file", ""))
        return file if remote.is_url(file) else None

    @property
    def told(self) -> Row:
        """Calibrations that the sheet tells, by column."""
        return {name: self.row[name] for name in TOLD if name in self.row}

    @property
    def references(self) -> dict[str, list[str]]:
        """Ids of other acquisitions by their role."""
        return _references(self.row.get("references", ""))


@dataclass(frozen=True)
class Batch:
    """A validated batch folder."""

    id: str
    folder: Path
    about: Row
    conditions: list[str]
    """Ids of those that acquisitions name, in the order of their sheet."""
    acquisitions: dict[str, Acquisition]
    parameters: dict[str, Any]
    comparisons: dict[str, Any]
    claims: dict[str, Any]
    figures: dict[str, Any]
    simulate: dict[str, Any] | None

    def of(self, technique: str) -> list[Acquisition]:
        """Acquisitions of one technique, in the order of the sheet."""
        return [a for a in self.acquisitions.values() if a.technique == technique]

    def select(
        self, technique: str, wanted: Mapping[str, Any], with_left_out: bool = False
    ) -> list[Acquisition]:
        """Acquisitions of a technique whose columns have one of the wanted values.

        One that the sheet leaves out (use: no) is selected only by its own id, or on request.
        """
        return [
            a
            for a in self.of(technique)
            if all(a.row.get(column) in _listed(value) for column, value in wanted.items())
            and (with_left_out or "acquisition" in wanted or a.row.get("use") != "no")
        ]


def load(folder: Path, raw_files_exist: bool = True) -> Batch:
    """Read and validate a batch folder.

    Parameters
    ----------
    folder
        Folder that holds ``batch.yaml`` and the three sheets.
    raw_files_exist
        Whether a missing raw file is a problem. Simulated batches write theirs.

    Raises
    ------
    BatchError
        Naming every problem of every file, each with file, row, column, value and remedy.
    """
    if not folder.is_dir():
        raise BatchError(f"{folder}: no such batch folder; give a folder that holds batch.yaml")
    name, file = folder.resolve().name, str(folder / "batch.yaml")
    found = [] if is_id(name) else [Problem(str(folder), "folder name", name, ID_RULE)]
    about, files = _with_parts(documents.read_yaml(folder / "batch.yaml"), folder)
    broken = schema.problems(about, schema.load("batch"), file)
    about = schema.with_defaults(about, schema.load("batch"))
    sheets = {sheet: Sheet(folder / f"{sheet}s.tsv", sheet) for sheet in _SHEETS}
    found += [*broken, *(problem for sheet in sheets.values() for problem in sheet.problems)]
    found += _unknown_ids(sheets)
    if not broken:
        batch = _assemble(name, folder, about, sheets)
        found += _acquisition_problems(batch, raw_files_exist)
        found += declarations.problems(batch)
    schema.refuse([_in_its_file(problem, files) for problem in found])
    return batch


def checksum_problem(a: Acquisition, found: str | None) -> str:
    """What to say where the sheet tells another SHA-256 than a raw file has; else nothing."""
    told = a.row.get("sha256")
    if not told or told == found:
        return ""
    return (
        f"{a.path}: acquisition {a.id}: sha256 is {found}, but column sha256 of acquisitions.tsv"
        f" says {told}; restore the file or correct the sheet"
    )


_PARTS = ("comparisons", "claims", "figures")
"""Parts of a batch.yaml that may be files of their own, named there."""


def _with_parts(about: Row, folder: Path) -> tuple[Row, dict[str, str]]:
    """A batch.yaml with the files that it names in it, and the path of each part's file."""
    named = {part: folder / about[part] for part in _PARTS if isinstance(about.get(part), str)}
    for part, path in named.items():
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BatchError(
                f"{folder / 'batch.yaml'}: {part}: found {about[part]!r}; must be a file in the"
                " folder of the batch"
            )
    parts = {part: documents.read_yaml(path) for part, path in named.items()}
    return {**about, **parts}, {part: str(path) for part, path in named.items()}


def _in_its_file(problem: Problem, files: Mapping[str, str]) -> Problem:
    """The problem with the file in which its part of a batch.yaml stands."""
    part = problem.field.partition(".")[0]
    return dataclasses.replace(problem, file=files.get(part, problem.file))


_SHEETS = ("condition", "sample", "acquisition")


def _references(text: str) -> dict[str, list[str]]:
    pairs = [part.strip().partition("=") for part in text.split(";") if part.strip()]
    return {role: [one.strip() for one in others.split(",")] for role, _, others in pairs}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _unknown_ids(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    for name, row in sheets["acquisition"].rows.items():
        for key in ("sample", "condition"):
            known = sheets[key].rows
            if key in row and row[key] not in known:
                file, where = str(sheets["acquisition"].path), f"{name}, column {key}"
                yield Problem(file, where, row[key], f"must be an id of {key}s.tsv: {list(known)}")


def _assemble(name: str, folder: Path, about: Row, sheets: Mapping[str, Sheet]) -> Batch:
    raw_dir = folder / about["raw_dir"]
    if "simulate" in about:
        raw_dir = Path("results") / name / "simulated"
    rows = sheets["acquisition"].rows
    acquisitions = {
        key: Acquisition(
            id=key,
            technique=str(row.get("technique")),
            row=row,
            sample=sheets["sample"].rows.get(str(row.get("sample")), {}),
            condition=sheets["condition"].rows.get(str(row.get("condition")), {}),
            path=raw_files.path_of(raw_dir, name, key, str(row.get("file"))),
        )
        for key, row in rows.items()
    }
    named = {a.condition.get("condition") for a in acquisitions.values()}
    return Batch(
        id=name,
        folder=folder,
        about={key: about[key] for key in ("title", "creator", "licence")},
        conditions=[one for one in sheets["condition"].rows if one in named],
        acquisitions=acquisitions,
        parameters=about.get("parameters", {}),
        comparisons=about.get("comparisons", {}),
        claims=about.get("claims", {}),
        figures=about.get("figures", {}),
        simulate=about.get("simulate"),
    )


def _acquisition_problems(batch: Batch, raw_files_exist: bool) -> Iterator[Problem]:
    file = str(batch.folder / "acquisitions.tsv")
    if not batch.acquisitions:
        yield Problem(file, "rows", 0, "the sheet needs at least one acquisition")
    for a in batch.acquisitions.values():
        if a.row.get("use") == "no" and "note" not in a.row:
            yield Problem(file, f"{a.id}, column note", None, "use=no needs a note that says why")
        is_simulated = batch.simulate is not None
        yield from raw_files.problems(a, is_simulated, raw_files_exist, file)
        roles = [part.partition("=")[0].strip() for part in a.row.get("references", "").split(";")]
        if len(set(roles)) < len(roles):
            yield Problem(file, f"{a.id}, column references", roles, "names a role twice")
        for role, others in a.references.items():
            if len(others) > 1 and role not in SEVERAL:
                yield Problem(file, f"{a.id}, column references", others, f"one {role} at most")
            for other in others:
                yield from _reference_problems(batch, a, role, other, file)


def _reference_problems(
    batch: Batch, a: Acquisition, role: str, other: str, file: str
) -> Iterator[Problem]:
    field = f"{a.id}, column references"
    roles = ROLES.get(a.technique, {})
    if role not in roles:
        yield Problem(file, field, role, f"{a.technique} knows the roles {list(roles)}")
    elif other not in batch.acquisitions or other == a.id:
        yield Problem(file, field, other, "must be the id of another acquisition")
    elif batch.acquisitions[other].technique != roles[role]:
        yield Problem(file, field, other, f"must be of technique {roles[role]}")
    elif role in batch.acquisitions[other].references:
        yield Problem(file, field, other, f"has a reference {role} itself; name that one")
