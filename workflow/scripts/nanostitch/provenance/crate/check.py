"""Whether the files of an unpacked crate are those that its metadata tell of."""

import json
from pathlib import Path
from urllib.parse import unquote

from nanostitch.errors import ContractError
from nanostitch.provenance.crate.graph import METADATA
from nanostitch.provenance.identity import sha256


def problems(folder: Path) -> list[str]:
    """One line for each file that is absent or has another SHA-256 than the metadata state.

    Validators of crates do not look at the bytes.

    Raises
    ------
    ContractError
        If the metadata cannot be read.
    """
    path = folder / METADATA
    try:
        graph = json.loads(path.read_text("utf-8"))["@graph"]
        told = {entity["@id"]: entity["sha256"] for entity in graph if _is_file(entity)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContractError(f"{path}: cannot be read ({error}); unpack the crate again") from error
    found = []
    for name, digest in told.items():
        file = folder / unquote(name)
        if not file.is_file():
            found.append(f"{unquote(name)}: is absent, but {METADATA} lists it")
        elif sha256(file) != digest:
            found.append(f"{unquote(name)}: has another sha256 than {METADATA} states")
    return found


def _is_file(entity: dict[str, object]) -> bool:
    kinds = entity["@type"]
    return "File" in kinds if isinstance(kinds, list) else kinds == "File"
