"""A file that promises more data than it has is refused before anything is allocated."""

import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from rsciio.hspy import file_writer as write_hspy
from rsciio.ripple import file_writer as write_rpl
from rsciio.tiff import file_writer as write_tiff
from rsciio.zspy import file_writer as write_zspy
from small_files import SECONDS, image, mrc_bytes

from nanostitch import raw
from nanostitch.errors import FormatError


def test_zspy__missing_chunks_are_not_zeros(tmp_path: Path) -> None:
    path = tmp_path / "holes.zspy"
    write_zspy(str(path), image())
    chunk = next(
        f
        for f in (path / "Experiments/image/data").rglob("*")
        if f.name[0].isdigit() and f.is_file()
    )
    chunk.unlink()

    with pytest.raises(FormatError, match="chunks"):
        raw.contents(path)


@pytest.mark.parametrize("written", [0, 8])
def test_hdf5__unwritten_chunks_are_not_zeros(tmp_path: Path, written: int) -> None:
    path = tmp_path / "unfinished.hspy"
    write_hspy(str(path), image())
    with h5py.File(path, "a") as file:
        group = file["Experiments/image"]
        del group["data"]
        data = group.create_dataset("data", (16, 24), "u2", chunks=(5, 24))
        data[:written] = image()["data"][:written]

    with pytest.raises(FormatError, match=f"{-(-written // 5)} of 4 chunks"):
        raw.contents(path)

    with h5py.File(path, "a") as file:
        file["Experiments/image/data"][...] = image()["data"]
    np.testing.assert_array_equal(raw.read(path, "adf", {}, None)["intensity"], image()["data"])


def promise_hdf5(folder: Path) -> Path:
    path = folder / "huge.hspy"
    write_hspy(str(path), image())
    with h5py.File(path, "a") as file:
        del file["Experiments/image/data"]
        file["Experiments/image"].create_dataset("data", (10**6, 10**6), "u2", chunks=(10, 10))
    return path


def promise_zarr(folder: Path) -> Path:
    path = folder / "huge.zspy"
    write_zspy(str(path), image())
    file = path / "Experiments/image/data/.zarray"
    document = json.loads(file.read_text()) | {"shape": [10**6, 10**6], "chunks": [10**6, 10**6]}
    file.write_text(json.dumps(document))
    return path


def promise_rpl(folder: Path) -> Path:
    path = folder / "huge.rpl"
    write_rpl(str(path), image())
    path.write_text(path.read_text().replace("24", "240000000"))
    return path


def promise_mrc(folder: Path) -> Path:
    path = folder / "huge.mrc"
    path.write_bytes(mrc_bytes((2**31, 2**31, 1)))
    return path


def promise_tiff(folder: Path) -> Path:
    path = folder / "huge.tif"
    write_tiff(str(path), image())
    content = path.read_bytes()
    width = b"\x00\x01\x04\x00\x01\x00\x00\x00\x18\x00\x00\x00"
    assert content.count(width) == 1
    path.write_bytes(content.replace(width, width[:8] + b"\xff\xff\xff\x0f"))
    return path


def promise_dm(folder: Path) -> Path:
    path = folder / "huge.dm3"
    header = (3).to_bytes(4, "big") + (2**31 - 1).to_bytes(4, "big") + (1).to_bytes(4, "big")
    path.write_bytes(header + b"\x01\x00" + (2**31 - 1).to_bytes(4, "big") + b"\x15\x7f\xff" * 9)
    return path


def promise_ser(folder: Path) -> Path:
    path = folder / "huge.ser"
    head = np.array([0x4949, 0x0197, 0x0210], dtype="<u2").tobytes()
    path.write_bytes(head + np.array([0x4120, 0x4152, 2**31, 2**31], "<u4").tobytes() + bytes(64))
    return path


@pytest.mark.parametrize(
    "promise",
    [
        promise_hdf5,
        promise_zarr,
        promise_rpl,
        promise_mrc,
        promise_tiff,
        promise_dm,
        promise_ser,
    ],
)
def test_promise__of_more_than_the_file_has_is_refused_before_allocation(
    tmp_path: Path, promise: Callable[[Path], Path]
) -> None:
    path = promise(tmp_path)
    with pytest.raises(FormatError):  # once before it is timed: the libraries are imported
        raw.contents(path)
    tracemalloc.start()
    start = time.monotonic()

    with pytest.raises(FormatError, match=path.name):
        raw.contents(path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
    assert time.monotonic() - start < SECONDS
