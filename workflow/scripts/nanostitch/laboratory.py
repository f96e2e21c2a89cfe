"""What ``simulate:`` of a batch asks of the virtual laboratory: settings resolved and validated.

Each setting is the acquisition's own, else that of its instrument in the batch, else the default
of the schema; likewise for samples.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nanostitch import schema
from nanostitch.schema import Problem
from nanostitch.simulate import record
from nanostitch.simulate.registry import INSTRUMENTS
from nanostitch.simulate.specimen.storage import HUMIDITY_PERCENT, ILLUMINATIONS

_ASCENDING = (
    ("inner_mrad", "outer_mrad"),
    ("start_nm", "stop_nm"),
    ("low_frequency_hz", "high_frequency_hz"),
)
_TOGETHER = (("place_y_nm", "place_x_nm"),)

Simulate = Mapping[str, Any]
Rows = Mapping[str, Mapping[str, Any]]


def specimen(simulate: Simulate, sample: str) -> dict[str, Any]:
    """Settings of the specimen of one sample."""
    return dict(simulate["specimen"]) | dict(simulate["samples"].get(sample, {}))


def instrument(simulate: Simulate, acquisition: str, technique: str) -> str:
    """Name of the instrument of an acquisition: the one it names, else the technique's first."""
    named = simulate["acquisitions"].get(acquisition, {}).get("instrument")
    return str(named or next(iter(of_technique(technique)), ""))


def settings(simulate: Simulate, acquisition: str, technique: str) -> dict[str, Any]:
    """Settings of the instrument of one acquisition."""
    name = instrument(simulate, acquisition, technique)
    own = dict(simulate["acquisitions"].get(acquisition, {}))
    own.pop("instrument", None)
    asked = dict(simulate["instruments"].get(name, {})) | own
    return schema.with_defaults(asked, schema_of(name))


def of_technique(technique: str) -> list[str]:
    """Names of the instruments of a technique, its default first."""
    return [name for name, device in INSTRUMENTS.items() if device.technique == technique]


def devices() -> list[Path]:
    """Files of the code of every instrument and of every format that one writes."""
    pairs = [(name, w) for name, made in INSTRUMENTS.items() for w in made.writers.values()]
    return sorted({path for pair in pairs for path in record.modules(*pair)})


def writer(simulate: Simulate, acquisition: str, technique: str, suffix: str) -> str:
    """Name of the module that writes the file of one acquisition."""
    return INSTRUMENTS[instrument(simulate, acquisition, technique)].writers[suffix]


def schema_of(name: str) -> dict[str, Any]:
    """JSON schema of an instrument's settings."""
    return schema.load(f"instruments/{name}")


def problems(simulate: Simulate, rows: Rows, sheet: str, file: str) -> Iterator[Problem]:
    """Everything in which ``simulate:`` does not fit its schemas or the acquisitions.

    Parameters
    ----------
    rows
        Rows of acquisitions.tsv by id.
    sheet, file
        Names of acquisitions.tsv and batch.yaml, for the messages.
    """
    yield from _unknown(simulate, rows, file)
    for sample, own in simulate["samples"].items():
        yield from _broken(own, schema.load("specimen"), f"samples.{sample}", file)
    for name, own in simulate["instruments"].items():
        if name in INSTRUMENTS:
            yield from _broken(own, schema_of(name), f"instruments.{name}", file)
    for acquisition, row in rows.items():
        yield from _of_acquisition(simulate, acquisition, row, sheet, file)


def condition_problems(rows: Rows, sheet: str) -> Iterator[Problem]:
    """Words of conditions.tsv that mean nothing to the laboratory."""
    known = {"atmosphere": list(HUMIDITY_PERCENT), "illumination": list(ILLUMINATIONS)}
    for condition, row in rows.items():
        for column, words in known.items():
            if column in row and row[column] not in words:
                remedy = f"a simulated specimen knows {', '.join(words)}"
                yield Problem(sheet, f"{condition}, column {column}", row[column], remedy)


def _unknown(simulate: Simulate, rows: Rows, file: str) -> Iterator[Problem]:
    known = {
        "samples": {str(row.get("sample")) for row in rows.values()},
        "instruments": set(INSTRUMENTS),
        "acquisitions": set(rows),
    }
    for part, names in known.items():
        for name in simulate[part]:
            if name not in names:
                remedy = f"is none of the batch's; known: {', '.join(sorted(names))}"
                yield Problem(file, f"simulate.{part}", name, remedy)


def _of_acquisition(
    simulate: Simulate, acquisition: str, row: Mapping[str, Any], sheet: str, file: str
) -> Iterator[Problem]:
    technique, own = str(row.get("technique")), dict(simulate["acquisitions"].get(acquisition, {}))
    named, allowed = own.pop("instrument", None), of_technique(technique)
    where = f"acquisitions.{acquisition}"
    if named is not None and named not in allowed:
        remedy = f"must be an instrument of technique {technique}: {', '.join(allowed)}"
        yield Problem(file, f"simulate.{where}.instrument", named, remedy)
    elif allowed:
        name = instrument(simulate, acquisition, technique)
        broken = list(_broken(own, schema_of(name), where, file))
        yield from broken or _contradicting(settings(simulate, acquisition, technique), where, file)
        files = [f"{acquisition}.{suffix}" for suffix in INSTRUMENTS[name].writers]
        if row.get("file") not in files:
            remedy = f"the laboratory writes it itself: must be {' or '.join(files)}"
            yield Problem(sheet, f"{acquisition}, column file", row.get("file"), remedy)
    if "sha256" in row:
        remedy = "the laboratory writes the file itself: clear the cell"
        yield Problem(sheet, f"{acquisition}, column sha256", row["sha256"], remedy)


def _contradicting(chosen: Mapping[str, Any], where: str, file: str) -> Iterator[Problem]:
    """What no schema can say of two settings: that they ascend, or stand together."""
    for low, high in _ASCENDING:
        if low in chosen and not chosen[low] < chosen[high]:
            remedy = f"must be below {high}, which is {chosen[high]}"
            yield Problem(file, f"simulate.{where}.{low}", chosen[low], remedy)
    for one, other in _TOGETHER:
        if one in chosen and (chosen[one] is None) != (chosen[other] is None):
            told = {one: chosen[one], other: chosen[other]}
            yield Problem(file, f"simulate.{where}", told, f"give both {one} and {other}, or none")


def _broken(own: object, allowed: Mapping[str, Any], where: str, file: str) -> Iterator[Problem]:
    for problem in schema.problems(own, allowed, file):
        field = problem.field.removeprefix("(top level)").lstrip(".")
        at = ".".join(filter(None, ["simulate", where, field]))
        yield Problem(file, at, problem.value, problem.remedy)
