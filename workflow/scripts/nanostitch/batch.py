"""A batch: the folder of three tables and one YAML file that says what was measured.

:func:`load` validates the whole folder and returns it, or raises one error that lists every
problem of every file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanostitch import laboratory, schema
from nanostitch.draw import kinds
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
    acquisitions: dict[str, Acquisition]
    parameters: dict[str, Any]
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
    about = schema.read_yaml(folder / "batch.yaml")
    broken = schema.problems(about, schema.load("batch"), file)
    about = schema.with_defaults(about, schema.load("batch"))
    sheets = {sheet: Sheet(folder / f"{sheet}s.tsv", sheet) for sheet in _SHEETS}
    found += [*broken, *(problem for sheet in sheets.values() for problem in sheet.problems)]
    found += _unknown_ids(sheets)
    if not broken:
        batch = _assemble(name, folder, about, sheets)
        found += _acquisition_problems(batch, raw_files_exist)
        found += _declaration_problems(batch)
    schema.refuse(found)
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
            path=raw_dir / str(row.get("file")),
        )
        for key, row in rows.items()
    }
    return Batch(
        id=name,
        folder=folder,
        about={key: about[key] for key in ("title", "creator", "licence")},
        acquisitions=acquisitions,
        parameters=about.get("parameters", {}),
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
        if batch.simulate is None and raw_files_exist and not _exists(a.path):
            remedy = "no such file; correct it or raw_dir in batch.yaml"
            yield Problem(file, f"{a.id}, column file", str(a.path), remedy)
        if set("{}") & set(str(a.path)):
            remedy = "the workflow reads braces as wildcards; rename the file or folder"
            yield Problem(file, f"{a.id}, column file", str(a.path), remedy)
        roles = [part.partition("=")[0].strip() for part in a.row.get("references", "").split(";")]
        if len(set(roles)) < len(roles):
            yield Problem(file, f"{a.id}, column references", roles, "names a role twice")
        for role, others in a.references.items():
            if len(others) > 1 and role not in SEVERAL:
                yield Problem(file, f"{a.id}, column references", others, f"one {role} at most")
            for other in others:
                yield from _reference_problems(batch, a, role, other, file)


def _exists(path: Path) -> bool:
    """Whether a raw file is there; a zspy store is a folder."""
    try:
        return path.is_file() or (path.suffix == ".zspy" and path.is_dir())
    except OSError:  # such as a name that is too long
        return False


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


def _declaration_problems(batch: Batch) -> Iterator[Problem]:
    file = str(batch.folder / "batch.yaml")
    for problem in schema.problems(batch.parameters, schema.load("config"), file):
        yield Problem(file, f"parameters.{problem.field}", problem.value, problem.remedy)
    if "batches" in batch.parameters:
        yield Problem(file, "parameters.batches", batch.parameters["batches"], "belongs to config")
    if batch.simulate is not None:
        rows = {a.id: a.row for a in batch.acquisitions.values()}
        sheet = str(batch.folder / "acquisitions.tsv")
        yield from laboratory.problems(batch.simulate, rows, sheet, file)
        conditions = {
            str(a.condition.get("condition")): a.condition for a in batch.acquisitions.values()
        }
        sheet = str(batch.folder / "conditions.tsv")
        yield from laboratory.condition_problems(conditions, sheet)
    for name, figure in batch.figures.items():
        if not (isinstance(name, str) and is_id(name)):
            yield Problem(file, "figures", name, ID_RULE)
        yield from _figure_problems(batch, f"figures.{name}", figure, file)


def _figure_problems(batch: Batch, field: str, figure: Any, file: str) -> Iterator[Problem]:
    found = schema.problems(figure, kinds.schema(), file)
    for problem in found:
        yield Problem(file, f"{field}.{problem.field}", problem.value, problem.remedy)
    for number, panel in enumerate([] if found else figure["panels"]):
        technique, _ = kinds.needs(panel)
        where = f"{field}.panels.{number}.select"
        for column, value in panel["select"].items():
            known = {a.row.get(column) for a in batch.acquisitions.values()}
            for unknown in [one for one in _listed(value) if one not in known]:
                yield Problem(file, f"{where}.{column}", unknown, "no acquisition has that value")
        if not batch.select(technique, panel["select"]):
            remedy = f"selects no acquisition of technique {technique}"
            yield Problem(file, where, panel["select"], remedy)
