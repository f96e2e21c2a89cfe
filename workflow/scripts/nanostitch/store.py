"""The door to disk: the only module that opens netCDF and that knows about jobs.

A product is checked against its contract when it is written and when it is read, appears under
its name whole or not at all, and carries its derivation in the group ``/provenance``. The same
inputs give the same bytes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import netCDF4
import pandas as pd
import xarray as xr

from nanostitch import contracts, storage
from nanostitch.atomic import replacing, write_text
from nanostitch.atomic import replacing_all as replacing_all
from nanostitch.contracts import Contract
from nanostitch.errors import ContractError
from nanostitch.logs import log_to
from nanostitch.planned import read_plan as read_plan
from nanostitch.planned import verify as verify
from nanostitch.provenance import data_hash, derivation, identity, record
from nanostitch.provenance.derivation import Job

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


def begin(job: record.Job) -> None:
    """Begin a job: log what it says, and record what it reads and makes, however it ends.

    Raises
    ------
    ContractError
        If the bytes of an input are not those that were recorded when it was made.
    """
    log_to(job.log[0])
    record.begin(job, identity_of)


def read(path: str, contract: Contract) -> xr.Dataset:
    """Read a product into memory.

    Raises
    ------
    ContractError
        If the file is damaged or breaks the contract.
    """
    return _own(contracts.check(_load(path), contract, path))


def _own(product: xr.Dataset) -> xr.Dataset:
    """The product without what it says of itself, and not of what is made from it."""
    for variable in product.variables.values():
        for name in ("comment", "long_name", "ancillary_variables", storage.RECORDED):
            variable.attrs.pop(name, None)
    return product


@contextmanager
def open_lazily(path: str, contract: Contract) -> Iterator[xr.Dataset]:
    """Open a product whose values are read from the file when they are used, and only then.

    A part of a variable is read by selecting it first: ``product["counts"][:16].to_numpy()``.
    Counts come in the type in which they are stored, the smallest that holds them.

    Raises
    ------
    ContractError
        If the file breaks the contract, or is found damaged while it is open.
    """
    usual = netCDF4.get_chunk_cache()
    netCDF4.set_chunk_cache(storage.CACHE_BYTES, *usual[1:])  # of each variable opened next
    try:
        with _damage_named(path):
            product = xr.open_dataset(path, engine="netcdf4", decode_times=False, cache=False)
    finally:
        netCDF4.set_chunk_cache(*usual)
    with product:
        try:
            yield _own(contracts.check(product, contract, path))
        except (OSError, RuntimeError) as error:
            if "NetCDF" not in str(error):
                raise  # of the one who reads, not of the file
            raise _damage(path, error) from error


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
        return storage.unpacked(file.load().drop_encoding())


@contextmanager
def _damage_named(path: str) -> Iterator[None]:
    record.saw(path)
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise _damage(path, error) from error


def _damage(path: str, error: Exception) -> ContractError:
    return ContractError(f"{path}: is not a readable product ({error}); delete it and run again")


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


def write_of_batch(
    dataset: xr.Dataset, contract: Contract, job: Job, about: Mapping[str, Any]
) -> None:
    """Write what is known of a batch as a whole, likewise; ``about`` is the batch's."""
    title = f"{about['name']}: {about['batch_title']}"
    _write(dataset, contract, job, {**about, "title": title})


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
    product.load()  # HDF5 is not to be called from the thread that hashes
    product.attrs |= dict(attributes)
    decided = record.decided(job, identity_of)
    product.attrs |= derivation.attributes(decided)
    stored = storage.packed(product)
    encoding = storage.encoding(stored, fast=_has_fast_codec())
    with replacing(path) as partial, data_hash.taken_beside(stored) as data:
        stored.to_netcdf(partial, engine="netcdf4", encoding=encoding)
        _embed(partial, decided, data.result(), str(path))


@cache
def _has_fast_codec() -> bool:
    with netCDF4.Dataset("codecs", "w", diskless=True) as file:
        return bool(file.has_blosc_filter())


def copy_portable(path: str, target: str) -> None:
    """Copy a product so that every netCDF or HDF5 reader can read it, with its provenance.

    Spectrum images are compressed by a filter that some readers lack; the copy holds the same
    values in the types in which they were recorded, compressed by zlib.

    Raises
    ------
    ContractError
        If the file is damaged.
    """
    with (
        replacing(Path(target)) as partial,
        _damage_named(path),
        netCDF4.Dataset(path) as source,
        netCDF4.Dataset(partial, "w") as copy,
    ):
        storage.copy_portably(source, copy)


def write_tree(tree: xr.DataTree, job: Job) -> None:
    """Write the plotted data of a figure to ``job.output.nc``, one group a panel."""
    tree.load()
    decided = record.decided(job, identity_of)
    tree.attrs |= derivation.attributes(decided)
    encoding = {node.path: storage.encoding(node.to_dataset(), fast=False) for node in tree.subtree}
    with replacing(Path(job.output.nc)) as partial, data_hash.taken_beside(tree) as data:
        tree.to_netcdf(partial, engine="netcdf4", encoding=encoding)
        _embed(partial, decided, data.result(), job.output.nc)


def write_table(table: pd.DataFrame, job: Job) -> None:
    """Write a table to ``job.output.tsv``, tab-separated, one header line, UTF-8."""
    write_text(
        Path(job.output.tsv), table.to_csv(sep="\t", index=False, lineterminator="\n", na_rep="NaN")
    )


def write_page(text: str, path: str) -> None:
    """Write a page to read, whole or not at all."""
    write_text(Path(path), text)


def attributes_of(path: str, group: str = "") -> dict[str, Any]:
    """Attributes of a file, or of one group of it; none where it has no such group."""
    with _damage_named(path), netCDF4.Dataset(path) as file:
        node = file.groups.get(group) if group else file
        return {} if node is None else dict(vars(node))


def carried(path: str) -> tuple[str, dict[str, Any]]:
    """Derivation id and derivation that a product carries; empty where a file carries none."""
    with _damage_named(path), netCDF4.Dataset(path) as file:
        told = getattr(file.groups.get("provenance"), "derivation", "{}")
        return str(getattr(file, "id", "")), dict(json.loads(told))


def identity_of(path: str) -> str:
    """Derivation id alone."""
    return str(attributes_of(path).get("id", ""))


def provenance_of(path: str) -> dict[str, Any]:
    """Derivation alone."""
    return carried(path)[1]


def data_sha256(path: str) -> str:
    """Hash of the data in a product as they are now; see :mod:`nanostitch.provenance.data_hash`.

    Raises
    ------
    ContractError
        If the file is damaged.
    """
    with _damage_named(path), netCDF4.Dataset(path) as file:
        return data_hash.of_open(file)


def libraries() -> dict[str, str]:
    """Versions of the native libraries that write products."""
    return {"hdf5": netCDF4.__hdf5libversion__, "netcdf": netCDF4.getlibversion().split()[0]}


def _embed(partial: Path, decided: Mapping[str, Any], data_sha256: str, path: str) -> None:
    with netCDF4.Dataset(partial, "a") as file:
        group = file.createGroup("provenance")
        group.setncattr_string("derivation_id", identity.identity(decided))
        group.setncattr_string("derivation", identity.canonical(decided))
        group.setncattr_string("data_sha256", data_sha256)
    record.note_data(path, data_sha256)
