"""The door to disk: the only module that opens netCDF and that knows about jobs.

A product is checked against its contract when it is written and when it is read, appears under
its name whole or not at all, and carries its derivation in the group ``/provenance``. The same
inputs give the same bytes.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import netCDF4
import numpy as np
import pandas as pd
import xarray as xr

from nanostitch import __version__, contracts, provenance
from nanostitch.atomic import replacing, write_text
from nanostitch.contracts import Contract
from nanostitch.errors import ContractError, NanostitchError

ABOUT = (
    "batch",
    "technique",
    "acquisition",
    "sample",
    "material",
    "substrate",
    "condition",
    "condition_label",
    "simulated",
    "use",
    "note",
    "batch_title",
    "creator_name",
    "license",
)
"""Attributes that every product of an acquisition carries."""

Encoding = dict[str, dict[str, Any]]


class Job(Protocol):
    """What a script knows as ``snakemake``."""

    rule: str
    input: Any
    output: Any
    wildcards: Any


def log_to(path: str) -> None:
    """Send log records, warnings and the end of the job to a file and to standard error.

    An error that the user can mend is logged as its message alone; any other keeps its
    traceback, because it is a defect.
    """
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    handlers: list[logging.Handler] = [file, logging.StreamHandler()]
    logging.basicConfig(level=logging.INFO, handlers=handlers, format="%(levelname)s: %(message)s")
    logging.captureWarnings(True)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    sys.excepthook = _log_error


def _log_error(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if isinstance(error, NanostitchError):
        logging.error("%s", error)
    else:
        logging.critical("defect in nanostitch", exc_info=(kind, error, traceback))


@cache
def read_plan(path: str) -> dict[str, Any]:
    """Read a plan file, once a job: what was asked of a step, an acquisition or a figure."""
    plan: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return plan


def verify(files: list[str], sha256: Mapping[str, str]) -> None:
    """Refuse raw files whose bytes are not those that the run was planned with.

    Files that the run writes itself (simulated ones) have no digests planned and pass.

    Raises
    ------
    ContractError
        If a file changed after the run began.
    """
    folder = Path(files[0]).parent
    for path in map(Path, files) if sha256 else ():
        if path.is_dir():
            continue
        found, planned = provenance.sha256(path), sha256.get(path.relative_to(folder).as_posix())
        if found != planned:
            raise ContractError(
                f"{path}: sha256 is {found}, but was {planned} when the run began; run again once"
                " nobody writes to the file"
            )


def read(path: str, contract: Contract) -> xr.Dataset:
    """Read a product into memory.

    Raises
    ------
    ContractError
        If the file is damaged or breaks the contract.
    """
    product = contracts.check(_load(path), contract, path)
    for variable in product.variables.values():
        for name in ("comment", "long_name", "ancillary_variables"):
            variable.attrs.pop(name, None)  # of this product, not of what is made from it
    return product


def read_optional(paths: Sequence[str], contract: Contract) -> xr.Dataset | None:
    """Read the first product of an input that may be empty."""
    return read(paths[0], contract) if paths else None


def read_product(path: str) -> xr.Dataset:
    """Read any product into memory, unchecked: for steps that only select and show."""
    return _load(path).assign_attrs(product=Path(path).stem)


def read_tree(path: str) -> xr.DataTree:
    """Read the plotted data of a figure, one group a panel, without the provenance.

    Raises
    ------
    ContractError
        If the file is damaged.
    """
    with _damage_named(path), xr.open_datatree(path, engine="netcdf4", decode_times=False) as file:
        tree = file.load()
    return tree.filter(lambda node: node.name != "provenance")


def _load(path: str) -> xr.Dataset:
    with _damage_named(path), xr.open_dataset(path, engine="netcdf4", decode_times=False) as file:
        return file.load().drop_encoding()


@contextmanager
def _damage_named(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise ContractError(
            f"{path}: is not a readable product ({error}); delete it and run again"
        ) from error


def write(dataset: xr.Dataset, contract: Contract, job: Job, about: Mapping[str, Any]) -> None:
    """Check a product against its contract and write it to ``job.output.nc``.

    Parameters
    ----------
    about
        Attributes of the acquisition, from its plan or from a product that was read.

    Raises
    ------
    ContractError
        If the dataset breaks the contract.
    """
    title = f"{Path(job.output.nc).stem} of {about['acquisition']}: {about['batch_title']}"
    _write(dataset, contract, job, {name: about[name] for name in ABOUT} | {"title": title})


def write_simulated(
    dataset: xr.Dataset, contract: Contract, job: Job, about: Mapping[str, Any]
) -> None:
    """Write what the virtual laboratory knows, likewise; ``about`` says whose it is."""
    said = {"title": f"{Path(job.output.nc).stem}, simulated", "simulated": 1}
    _write(dataset, contract, job, {**about, **said})


def _write(
    dataset: xr.Dataset, contract: Contract, job: Job, attributes: Mapping[str, Any]
) -> None:
    path = Path(job.output.nc)
    product = contracts.explained(contracts.check(dataset, contract, str(path)), contract)
    product.attrs |= dict(attributes)
    derivation = _derivation(job)
    product.attrs |= _global_attributes(derivation)
    with replacing(path) as partial:
        product.to_netcdf(partial, engine="netcdf4", encoding=_encoding(product))
        _embed(partial, derivation)


def write_tree(tree: xr.DataTree, job: Job) -> None:
    """Write the plotted data of a figure to ``job.output.nc``, one group a panel."""
    derivation = _derivation(job)
    tree.attrs |= _global_attributes(derivation)
    encoding = {node.path: _encoding(node.to_dataset()) for node in tree.subtree}
    with replacing(Path(job.output.nc)) as partial:
        tree.to_netcdf(partial, engine="netcdf4", encoding=encoding)
        _embed(partial, derivation)


def write_table(table: pd.DataFrame, job: Job) -> None:
    """Write a table to ``job.output.tsv``, tab-separated, one header line, UTF-8."""
    write_text(
        Path(job.output.tsv), table.to_csv(sep="\t", index=False, lineterminator="\n", na_rep="NaN")
    )


@contextmanager
def replacing_all(paths: Any) -> Iterator[dict[str, Path]]:
    """Partial files by suffix, such as ``pdf``, of several outputs; renamed at the end."""
    with ExitStack() as stack:
        yield {Path(path).suffix[1:]: stack.enter_context(replacing(Path(path))) for path in paths}


def identity_of(path: str) -> str:
    """Derivation id that a product carries; empty where a file carries none."""
    with _damage_named(path), netCDF4.Dataset(path) as file:
        return str(getattr(file, "id", ""))


def provenance_of(path: str) -> dict[str, Any]:
    """Derivation that a product carries; empty where a file carries none."""
    with _damage_named(path), netCDF4.Dataset(path) as file:
        if "provenance" not in file.groups:
            return {}
        derivation: dict[str, Any] = json.loads(file.groups["provenance"].derivation)
        return derivation


def _encoding(dataset: xr.Dataset) -> Encoding:
    encoding: Encoding = {}
    for name, variable in dataset.variables.items():
        settings: dict[str, Any] = {"_FillValue": None}
        if variable.dtype.kind == "f" and name not in dataset.coords:
            settings["_FillValue"] = np.array(np.nan, variable.dtype)
        if variable.dtype.kind in "iuf" and variable.ndim and variable.size:
            settings |= {"zlib": True, "complevel": 1, "shuffle": True, "fletcher32": True}
        encoding[str(name)] = settings
    return encoding


def _global_attributes(derivation: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Conventions": "CF-1.11, ACDD-1.3",
        "id": provenance.identity(derivation),
        "source": "; ".join(f"{i['name']} sha256:{i['sha256']}" for i in derivation["inputs"]),
        "processing_level": str(derivation["rule"]),
        "history": f"{derivation['rule']} by nanostitch {__version__}",
    }


def _derivation(job: Job) -> dict[str, Any]:
    plans, inputs = {}, []
    for role, value in job.input.items():
        for path in [value] if isinstance(value, str) else value:
            if "/plan/" in str(path):
                plans[role] = read_plan(path)
                if plans[role] != json.loads(Path(path).read_text("utf-8")):
                    raise ContractError(f"{path}: changed while the job was running; run again")
            elif not Path(path).is_dir():
                inputs.append(_input(role, Path(path)))
    return {
        "format": provenance.FORMAT,
        "rule": job.rule,
        "wildcards": dict(sorted(job.wildcards.items())),
        "plan": plans,
        "inputs": inputs,
    }


def _input(role: str, path: Path) -> dict[str, str]:
    found = {"role": role, "name": path.name, "sha256": provenance.sha256(path)}
    if path.suffix == ".nc":
        found |= {"name": path.as_posix(), "derivation_id": identity_of(str(path))}
    return found


def _embed(path: Path, derivation: Mapping[str, Any]) -> None:
    with netCDF4.Dataset(path, "a") as file:
        group = file.createGroup("provenance")
        group.setncattr_string("derivation_id", provenance.identity(derivation))
        group.setncattr_string("derivation", provenance.canonical(derivation))
