"""Reading and writing what jobs and runs leave under ``results/{batch}/provenance``."""

import json
from collections.abc import Iterable
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


def read(folder: Path) -> list[Record]:
    """Every record of a batch, those of failed jobs too, in the order in which they ended.

    Parameters
    ----------
    folder
        Results folder of the batch, such as ``results/paper``.
    """
    found = [load(path) for path in (folder / FOLDER / "records").glob("[!.]*.json")]
    return sorted(found, key=lambda record: (record["ended"], record["uuid"]))


def newest(records: Iterable[Record]) -> dict[str, Record]:
    """The completed record that made the newest state of each product, by path."""
    found: dict[str, Record] = {}
    for record in sorted(records, key=lambda one: (one["ended"], one["uuid"])):
        if record["status"] == "completed":
            found |= {output["path"]: record for output in record["outputs"]}
    return found


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
