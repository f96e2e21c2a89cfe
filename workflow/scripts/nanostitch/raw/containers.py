"""Checks of the container formats: HDF5, zarr and TIFF."""

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.errors import FormatError

# Compressed data grow at most so much: deflate reaches 1032, the faster codecs less on counts.
_MAX_EXPANSION = 2000
_ALWAYS_FINE_BYTES = 64 * 2**20
_MAX_OBJECTS = 100_000
_MAX_JSON_BYTES = 16 * 2**20
_ZARR_METADATA = (".zarray", ".zattrs", ".zgroup", ".zmetadata")
_COMPRESSORS = {"blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "lzma"}
_OBJECT_CODECS = {"vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2"}
_FILTERS = _OBJECT_CODECS | {"shuffle", "delta", "fixedscaleoffset", "packbits", "crc32"}


def _check_size(path: Path, what: str, promised: int, stored: int) -> None:
    if promised > max(_ALWAYS_FINE_BYTES, _MAX_EXPANSION * stored):
        raise FormatError(
            f"{path}: {what} promises {promised} bytes, {stored} are there; is it damaged?"
        )


def check_hdf5(path: Path) -> None:
    """Refuse an HDF5 file that refers to other files or promises data that it lacks."""
    import h5py

    # The visitors must return what they find: HDF5's C code has no way for an exception.
    outside: list[str] = []
    datasets: list[h5py.Dataset] = []
    with h5py.File(path, "r") as file:

        def link(name: str, target: object) -> None:
            if isinstance(target, h5py.ExternalLink):
                outside.append(name)

        def item(_: str, target: object) -> None:
            if isinstance(target, h5py.Dataset):
                datasets.append(target)

        file.visititems_links(link)
        file.visititems(item)
        for dataset in datasets:
            if dataset.external or dataset.is_virtual:
                outside.append(dataset.name)
            _check_hdf5_size(path, dataset)
    if outside:
        raise FormatError(f"{path}: {', '.join(outside)} refers to another file")


def _check_hdf5_size(path: Path, dataset: Any) -> None:
    promised = (dataset.size or 0) * dataset.dtype.itemsize
    _check_size(path, dataset.name, promised, path.stat().st_size)
    is_contiguous = dataset.chunks is None and not dataset.external and not dataset.is_virtual
    if promised and is_contiguous and dataset.id.get_storage_size() == 0:
        raise FormatError(f"{path}: {dataset.name} was declared, but never written")
    if promised and dataset.chunks is not None:
        _check_hdf5_chunks(path, dataset)


def _check_hdf5_chunks(path: Path, dataset: Any) -> None:
    """Refuse a dataset with unwritten chunks: HDF5 fills them with zeros without a word."""
    chunks = zip(dataset.shape, dataset.chunks, strict=True)
    promised = math.prod(-(-size // chunk) for size, chunk in chunks)
    written = dataset.id.get_num_chunks()
    if written < promised:
        raise FormatError(
            f"{path}: {written} of {promised} chunks of {dataset.name} were written; the file is "
            "truncated or its acquisition was not finished: copy or save it again"
        )


def check_zarr(path: Path) -> None:
    """Refuse a zarr store with a codec that could run code, or whose chunks are missing.

    The object codec ``pickle`` of numcodecs executes what it reads. Only codecs that are known
    to read plain values pass; the check covers consolidated metadata too.
    """
    stored = 0
    arrays: dict[str, Mapping[str, Any]] = {}
    names: set[str] = set()
    for name, size, text in _members(path):
        stored += size
        names.add(name)
        folder, _, leaf = f"/{name}".rpartition("/")
        if text is None:
            continue
        document: Mapping[str, Any] = _parsed(path, name, text)
        if leaf == ".zarray":
            arrays[folder.strip("/")] = document
        if leaf == ".zmetadata":
            consolidated = document.get("metadata", {})
            for key, value in consolidated.items() if isinstance(consolidated, dict) else ():
                if str(key).endswith(".zarray"):
                    _check_array(path, str(key), value, None)
    for folder, document in arrays.items():
        _check_array(path, folder, document, stored)
        if folder.rsplit("/", 1)[-1] == "data":
            _check_chunks(path, folder, document, names)


def _members(path: Path) -> Iterator[tuple[str, int, str | None]]:
    """Name and size of each member of a store, with the text of those that are metadata."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_symlink() and not file.resolve().is_relative_to(path.resolve()):
                raise FormatError(
                    f"{path}: {file.name} in it is a link to elsewhere; copy the file"
                )
            if file.is_file():
                name, size = file.relative_to(path).as_posix(), file.stat().st_size
                yield name, size, _text(path, name, size, file.read_bytes)
        return
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            text = _text(path, info.filename, info.file_size, partial(archive.read, info))
            yield info.filename, info.compress_size, text


def _text(path: Path, name: str, size: int, read: Any) -> str | None:
    if not name.endswith(_ZARR_METADATA):
        return None
    if size > _MAX_JSON_BYTES:
        raise FormatError(f"{path}: {name} has {size} bytes of metadata")
    return bytes(read()).decode("utf-8", errors="replace")


def _parsed(path: Path, name: str, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: {name} is no JSON ({error})") from error
    if not isinstance(document, dict):
        raise FormatError(f"{path}: {name} is no JSON object")
    return document


def _check_array(path: Path, name: str, document: Any, stored: int | None) -> None:
    try:
        filters = [entry["id"] for entry in document.get("filters") or []]
        compressor = (document.get("compressor") or {"id": None})["id"]
        dtype = np.dtype(_numpy_type(document["dtype"]))
        elements = max(math.prod(document[key]) for key in ("shape", "chunks"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"{path}: {name} is no zarr array ({error!r})") from error
    unknown = ({compressor} - _COMPRESSORS - {None}) | (set(filters) - _FILTERS)
    if unknown:
        raise FormatError(
            f"{path}: {name} is coded with {', '.join(sorted(map(str, unknown)))}, which is not "
            "read because such a file could run code; save it as hspy"
        )
    if dtype.hasobject and not set(filters) & _OBJECT_CODECS:
        raise FormatError(f"{path}: {name} holds Python objects; save it as hspy")
    if stored is not None:
        _check_size(path, name, elements * dtype.itemsize, stored)


def _numpy_type(stated: Any) -> Any:
    """Zarr's type as NumPy's: structured types come as lists from JSON."""
    if isinstance(stated, list):
        return [tuple(_numpy_type(part) for part in field) for field in stated]
    return stated


def _check_chunks(path: Path, folder: str, document: Mapping[str, Any], names: set[str]) -> None:
    """Refuse data with missing chunks: zarr fills them with zeros without a word."""
    separator = document.get("dimension_separator", ".")
    counts = [
        -(-size // chunk) for size, chunk in zip(document["shape"], document["chunks"], strict=True)
    ]
    prefix = f"{folder}/"
    present = {
        name
        for name in names
        if name.startswith(prefix) and name.removeprefix(prefix).replace(separator, "").isdigit()
    }
    if len(present) < math.prod(counts):
        raise FormatError(
            f"{path}: {len(present)} of {math.prod(counts)} chunks of {folder} are there; copy "
            "the folder again"
        )


def check_tiff(path: Path) -> None:
    """Refuse a TIFF whose pixels lie outside the file."""
    import tifffile

    size = path.stat().st_size
    with tifffile.TiffFile(path) as tiff:
        for number, page in enumerate(tiff.pages):
            _check_page(path, number, page, size)


def _check_page(path: Path, number: int, page: Any, size: int) -> None:
    if number > _MAX_OBJECTS:
        raise FormatError(f"{path}: more than {_MAX_OBJECTS} pages")
    page = page.aspage()
    ends = [
        start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)
    ]
    if not ends or max(ends) > size or 0 in page.dataoffsets:
        raise FormatError(f"{path}: page {number} lies partly outside the file; is it truncated?")
    _check_size(path, f"page {number}", page.nbytes, sum(page.databytecounts))
    if page.compression == 1 and page.nbytes > sum(page.databytecounts):
        raise FormatError(f"{path}: page {number} is incomplete; is it truncated?")
