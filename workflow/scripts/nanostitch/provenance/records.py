"""Reading and writing what jobs and runs leave under ``results/{batch}/provenance``."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nanostitch.atomic import write_text
from nanostitch.errors import ContractError

Record = dict[str, Any]
"""What one job, or one file of one, left; ``docs/provenance.md`` names the keys."""
FOLDER = "provenance"


def folder_of(path: str) -> Path:
    """Results folder of the batch to which a product belongs, such as ``results/paper``."""
    return Path(*Path(path).parts[:2])


def pointer_path(path: str) -> Path:
    """Where the newest state of a product is kept."""
    folder = folder_of(path)
    below = Path(path).relative_to(folder)
    return folder / FOLDER / "outputs" / below.with_name(f"{below.name}.json")


def pointer(path: str) -> Record | None:
    """Newest recorded state of a product; None if no job recorded it.

    Raises
    ------
    ContractError
        If the state is there and cannot be read.
    """
    if Path(path).is_absolute() or len(Path(path).parts) < 3:
        return None
    kept = pointer_path(path)
    return load(kept) if kept.is_file() else None


def files(folder: Path) -> list[Path]:
    """Files of the records of a batch; what a killed job left of one is hidden and not among them.

    Parameters
    ----------
    folder
        Results folder of the batch, such as ``results/paper``.
    """
    return sorted((folder / FOLDER / "records").glob("[!.]*.json"))


def read(folder: Path) -> list[Record]:
    """Every record of a batch, those of failed jobs too, in the order in which they ended.

    Parameters
    ----------
    folder
        Results folder of the batch, such as ``results/paper``.
    """
    return sorted(map(load, files(folder)), key=lambda record: (record["ended"], record["uuid"]))


def newest(records: Iterable[Record]) -> dict[str, Record]:
    """The completed record that made the newest state of each product, by path."""
    found: dict[str, Record] = {}
    for record in sorted(records, key=lambda one: (one["ended"], one["uuid"])):
        if record["status"] == "completed":
            found |= dict.fromkeys(outputs(record), record)
    return found


def outputs(record: Record) -> dict[str, Record]:
    """What a record says of each of its outputs, by path."""
    return {output["path"]: output for output in record["outputs"]}


def ancestors(newest: Mapping[str, Record], paths: Iterable[str]) -> list[str]:
    """Every file that some stand on, these included, each once; raw files too.

    Parameters
    ----------
    newest
        The record of each file that a job made, by path.
    """
    found, waiting = dict[str, None](), list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += [one["path"] for one in newest[path]["inputs"]] if path in newest else []
    return list(found)


def claims(table: Path) -> list[dict[str, str]]:
    """Rows of a table of claims, that of the results or a kept one; none where it is not there."""
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def load(path: Path) -> Record:
    """One JSON document of a provenance folder.

    Raises
    ------
    ContractError
        If it cannot be read.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: cannot be read ({error}); restore it from a copy") from error
    if not isinstance(document, dict):
        raise ContractError(f"{path}: must hold one JSON object; restore it from a copy")
    return document


def text(document: object) -> str:
    """JSON as it is kept: sorted keys, one value a line, no NaN, a newline at the end."""
    kept = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{kept}\n"


def write(path: Path, document: object) -> None:
    """Write one JSON document whole or not at all."""
    write_text(path, text(document))
