"""What jobs leave beside what they make, written by hand: their records and the state of files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanostitch import store
from nanostitch.provenance import identity, records


def state(path: Path) -> dict[str, Any]:
    """Digest and size of a file as it is."""
    return {"sha256": identity.sha256(path), "size": path.stat().st_size}


def derived(root: Path, role: str, path: str) -> dict[str, str]:
    """An input as a derivation names it."""
    found = {"role": role, "name": Path(path).name, "sha256": identity.sha256(root / path)}
    if path.endswith(".nc"):
        found |= {"name": path, "derivation_id": store.identity_of(str(root / path))}
    return found


def leave(root: Path, derivation: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    """Write the record of a completed job, and the state of each of its outputs.

    ``told`` are the keys of a record that are this job's own: ``uuid``, ``run``, ``inputs``,
    ``outputs``, ``started``, ``ended``, ``execution``.
    """
    record = {
        "format": 1,
        "status": "completed",
        "error": None,
        "rule": derivation["rule"],
        "wildcards": derivation["wildcards"],
        "script": f"workflow/scripts/{derivation['rule']}.py",
        "derivation_id": identity.identity(derivation),
        "derivation": derivation,
        "environment": None,
        "hygiene": {"undeclared_reads": [], "network": [], "modules_outside_closure": []},
        **told,
    }
    folder = root / records.folder_of(told["outputs"][0]["path"])
    records.write(folder / records.FOLDER / "records" / f"{told['uuid']}.json", record)
    for output in told["outputs"]:
        kept = {key: value for key, value in output.items() if key != "role"}
        kept |= {"derivation_id": record["derivation_id"], "record": told["uuid"]}
        records.write(root / records.pointer_path(output["path"]), kept)
    return record
