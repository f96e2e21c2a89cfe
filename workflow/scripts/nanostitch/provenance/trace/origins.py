"""Where bytes come from: the derivation of a file, from itself or from what jobs recorded.

A derivation is believed only if its own digest is the id that was asked for, so that it does not
matter which copy of it is read.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanostitch import store
from nanostitch.errors import ContractError
from nanostitch.provenance import records
from nanostitch.provenance.identity import identity
from nanostitch.provenance.records import Record

_PLOTTED = ("figures", "score")
"""Folders of a batch with plotted data, beside the figures drawn from them."""


@dataclass(frozen=True)
class Origin:
    """What made a file: its derivation, the id of that, and the record of the job if any."""

    derivation_id: str
    derivation: dict[str, Any]
    record: Record | None


class Origins:
    """Origins of the files below one folder in which snakemake ran.

    Parameters
    ----------
    root
        That folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._earlier: dict[Path, dict[str, Record]] = {}
        self._carried: dict[str, Origin | None] = {}

    def newest(self, path: str) -> Origin | None:
        """Origin of a file as it is now; None where neither it nor a record tells.

        Raises
        ------
        ContractError
            If the file carries a derivation that is not the one its id stands for.
        """
        record = self._newest_record(path)
        own = self._embedded(path)
        if own is None:
            return _of_record(record)
        is_its = record is not None and record["derivation_id"] == own.derivation_id
        return Origin(own.derivation_id, own.derivation, record if is_its else None)

    def carries(self, path: str, derivation_id: str) -> bool:
        """Whether a file is now what a derivation made."""
        own = self._embedded(path)
        return own is not None and own.derivation_id == derivation_id

    def of_bytes(self, path: str, sha256: str) -> Origin | None:
        """Origin of a file that carries no id, if a job is known that wrote these very bytes."""
        kept = self._pointer(path)
        is_it = kept is not None and kept["sha256"] == sha256
        return _of_record(self._newest_record(path)) if is_it else None

    def of_id(self, path: str, derivation_id: str) -> Origin | None:
        """Origin of what lay at a path when it had this id, even if the file is another now."""
        record = self._newest_record(path)
        if record is not None and record["derivation_id"] == derivation_id:
            return _of_record(record)
        own = self._embedded(path)
        if own is not None and own.derivation_id == derivation_id:
            return own
        return _of_record(self._records(records.folder_of(path)).get(derivation_id))

    def plotted(self, derivation_id: str) -> str | None:
        """Path of the plotted data with this id, in any batch."""
        for folder in _PLOTTED:
            for file in sorted(self._root.glob(f"results/*/{folder}/*.nc")):
                if store.identity_of(str(file)) == derivation_id:
                    return file.relative_to(self._root).as_posix()
        for results in sorted(self._root.glob("results/*")):
            record = self._records(results.relative_to(self._root)).get(derivation_id)
            if record is not None:
                return str(record["outputs"][0]["path"])
        return None

    def _records(self, folder: Path) -> dict[str, Record]:
        """Completed records of a batch by derivation id; read whole, for what was replaced."""
        if folder not in self._earlier:
            found = [r for r in records.read(self._root / folder) if r["status"] == "completed"]
            self._earlier[folder] = {str(record["derivation_id"]): record for record in found}
        return self._earlier[folder]

    def _pointer(self, path: str) -> Record | None:
        kept = self._root / records.pointer_path(path)
        return records.load(kept) if kept.is_file() else None

    def _newest_record(self, path: str) -> Record | None:
        kept = self._pointer(path)
        if kept is None:
            return None
        folder = self._root / records.folder_of(path) / records.FOLDER / "records"
        file = folder / f"{kept['record']}.json"
        return records.load(file) if file.is_file() else None

    def _embedded(self, path: str) -> Origin | None:
        """What a file carries; read once, since many chains pass through it."""
        if path not in self._carried:
            self._carried[path] = self._carried_by(path)
        return self._carried[path]

    def _carried_by(self, path: str) -> Origin | None:
        file = self._root / path
        if file.suffix != ".nc" or not file.is_file():
            return None
        own, derivation = store.carried(str(file))
        if not derivation:
            return None
        if identity(derivation) != own:
            raise ContractError(
                f"{path}: the derivation that it carries does not have its id {own}; the file was"
                f" altered: nanostitch verify {path}"
            )
        return Origin(own, derivation, None)


def _of_record(record: Record | None) -> Origin | None:
    """Origin that a record tells, unless its derivation is not the one its id stands for."""
    if record is None or record["derivation"] is None:
        return None
    derivation_id = str(record["derivation_id"])
    if identity(record["derivation"]) != derivation_id:
        return None
    return Origin(derivation_id, record["derivation"], record)
