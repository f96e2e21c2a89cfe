"""Hostile, damaged and foreign files end in one clear error: no code run, no hang, no crash."""

import contextlib
import gzip
import io
import json
import os
import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numcodecs
import numpy as np
import pytest
import zarr
from PIL import Image
from rsciio.hspy import file_writer as write_hspy
from rsciio.msa import file_writer as write_msa
from rsciio.ripple import file_writer as write_rpl
from rsciio.tiff import file_writer as write_tiff
from rsciio.zspy import file_writer as write_zspy

from nanostitch import raw
from nanostitch.errors import FormatError, NanostitchError

TOLD = {
    "pixel_size_nm": 1.0,
    "beam_energy_kev": 100.0,
    "energy_unit": "eV",
    "dispersion_ev": 0.1,
    "energy_offset_ev": 0.0,
}
SECONDS = 5.0


def image() -> dict[str, Any]:
    axes = [
        {
            "_type": "UniformDataAxis",
            "name": name,
            "size": size,
            "scale": 0.2,
            "offset": 0.0,
            "units": "nm",
            "navigate": False,
            "is_binned": False,
        }
        for name, size in (("y", 16), ("x", 24))
    ]
    return {
        "data": np.arange(16 * 24, dtype="u2").reshape(16, 24),
        "axes": axes,
        "metadata": {"General": {"title": "image"}, "Signal": {"signal_type": ""}},
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "tmp_parameters": {},
        "learning_results": {},
        "models": {},
        "package_info": {"package": "hyperspy", "package_version": "2.5"},
    }


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


def with_pickle(path: Path, trace: Path) -> Path:
    write_zspy(str(path), image())
    group = zarr.open(str(path), mode="a")["Experiments/image/metadata"]
    values = np.empty(1, dtype=object)
    values[0] = Payload(trace)
    group.create_dataset("notes", data=values, dtype=object, object_codec=numcodecs.Pickle())
    return path


@pytest.fixture
def _pickles_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the lock that newer numcodecs have of their own: ours must do alone."""
    monkeypatch.setattr("numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)


@pytest.mark.usefixtures("_pickles_allowed")
def test_zspy__with_a_pickle_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    path = with_pickle(tmp_path / "evil.zspy", tmp_path / "trace")

    with pytest.raises(FormatError, match="pickle"):
        raw.read(path, "adf", {}, None)
    with pytest.raises(FormatError, match="pickle"):
        raw.contents(path)

    assert not (tmp_path / "trace").exists()
    zarr.open(str(path), mode="r")["Experiments/image/metadata/notes"][:]
    assert (tmp_path / "trace").exists(), "the payload must work, or the test proves nothing"


@pytest.mark.usefixtures("_pickles_allowed")
def test_zspy__with_a_pickle_in_a_zip_is_refused(tmp_path: Path) -> None:
    folder = with_pickle(tmp_path / "evil", tmp_path / "trace")
    path = tmp_path / "evil.zspy"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())

    with pytest.raises(FormatError, match="pickle"):
        raw.contents(path)

    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("change", [{"filters": [{"id": "pickle"}]}, {"compressor": {"id": "x"}}])
def test_zspy__with_an_unknown_codec_is_refused(tmp_path: Path, change: dict) -> None:
    path = tmp_path / "odd.zspy"
    write_zspy(str(path), image())
    file = path / "Experiments/image/data/.zarray"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))

    with pytest.raises(FormatError, match="coded with"):
        raw.contents(path)


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


def test_hdf5__external_link_is_refused(tmp_path: Path) -> None:
    write_hspy(str(tmp_path / "secret.hspy"), image())
    path = tmp_path / "link.hspy"
    write_hspy(str(path), image())
    with h5py.File(path, "a") as file:
        file["Experiments/stolen"] = h5py.ExternalLink("secret.hspy", "/Experiments/image")

    with pytest.raises(FormatError, match="another file"):
        raw.contents(path)


def test_hdf5__external_storage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(bytes(64))
    path = tmp_path / "external.hspy"
    write_hspy(str(path), image())
    with h5py.File(path, "a") as file:
        outside = [(str(tmp_path / "bytes"), 0, 64)]
        file["Experiments/image"].create_dataset("extra", (8,), "f8", external=outside)

    with pytest.raises(FormatError, match="another file"):
        raw.contents(path)


def test_xml__entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.spx"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><TRTSpectrum>&b;</TRTSpectrum>'
    )

    with pytest.raises(FormatError, match="entities"):
        raw.contents(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(
    "declaration", ['<!DOCTYPE a SYSTEM "other.xml">', '<!DOCTYPE a [<!ENTITY b "c">]>']
)
def test_xml__declarations_are_refused_in_every_encoding_and_place(
    tmp_path: Path, encoding: str, declaration: str
) -> None:
    path = tmp_path / "bomb.spx"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    start = f'{mark}<?xml version="1.0"?><!-- <TRTSpectrum -->'
    for padding in (0, 2**19 - len(start) - 5, 2**20 - len(start) - 5, 3 * 2**20):
        text = f"{start}{' ' * padding}{declaration}<TRTSpectrum></TRTSpectrum>"
        path.write_bytes(text.encode(encoding))

        with pytest.raises(FormatError, match="document type"):
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


def mrc_bytes(shape: tuple[int, int, int]) -> bytes:
    header = bytearray(1024)
    header[:16] = np.array([*shape, 2], dtype="<u4").tobytes()
    header[208:212] = b"MAP "
    return bytes(header) + np.arange(16 * 24, dtype="<f4").tobytes()


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tar.gz", gzip.compress(b"x" * 100, mtime=0)),
        ("a.dm3", b"7z\xbc\xaf\x27\x1c" + bytes(50)),
        ("a.emd", b"BZh91AY" + bytes(50)),
        ("a.tar", bytes(257) + b"ustar\x00" + bytes(300)),
    ],
    ids=["gz", "7z", "bz2", "tar"],
)
def test_archive__is_refused_with_its_remedy(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(FormatError, match="unpack it"):
        raw.contents(tmp_path / name)


def test_archive__a_zip_is_refused_with_its_remedy(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.dm3", b"...")

    with pytest.raises(FormatError, match="unpack it"):
        raw.contents(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "suffix", ["dm3", "emd", "hspy", "tif", "bcf", "spc", "ser", "msa", "txt", "png", "eds", "mrc"]
)
def test_random_bytes__under_any_name_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"noise.{suffix}"
    for seed in range(5):
        path.write_bytes(np.random.default_rng(seed).bytes(5000))
        with pytest.raises(NanostitchError, match="noise"):
            raw.read(path, "eels", TOLD, None)


@pytest.mark.parametrize("name", ["absent.dm3", "folder"])
def test_path__that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(FormatError, match=name):
        raw.contents(tmp_path / name)


def test_technique__without_reader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="xrd.*adf, eels, edx"):
        raw.read(tmp_path / "any.csv", "xrd", {}, None)


def subjects(folder: Path) -> Iterator[Path]:
    """One small file of each format that can be written here."""
    write_hspy(str(folder / "a.hspy"), image())
    write_zspy(str(folder / "zspy"), image())
    with zipfile.ZipFile(folder / "a.zspy", "w") as archive:
        for file in sorted((folder / "zspy").rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder / "zspy").as_posix())
    write_tiff(str(folder / "a.tif"), image())
    write_rpl(str(folder / "a.rpl"), image())
    spectrum = image() | {"data": np.arange(24.0), "axes": image()["axes"][1:]}
    write_msa(str(folder / "a.msa"), spectrum)
    (folder / "a.mrc").write_bytes(mrc_bytes((24, 16, 1)))
    (folder / "a.txt").write_text("".join(f"{i / 10}\t{i}\n" for i in range(50)))
    buffer = io.BytesIO()
    Image.fromarray(image()["data"].astype("u1")).save(buffer, "jpeg")
    (folder / "a.jpg").write_bytes(buffer.getvalue())
    yield from sorted(path for path in folder.iterdir() if path.is_file())


def mutated(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(damaged[: rng.randrange(len(damaged))])
    if kind == 1:
        for _ in range(rng.randrange(1, 20)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        start = rng.randrange(len(damaged))
        damaged[start : start + 4] = b"\xff\xff\xff\x7f"
    else:
        for _ in range(5):
            damaged[rng.randrange(min(512, len(damaged)))] = rng.randrange(256)
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(50))
def test_mutation__ends_in_an_error_or_a_dataset(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    for path in list(subjects(tmp_path)):
        path.write_bytes(mutated(path.read_bytes(), rng))
        start = time.monotonic()
        for technique in raw.TECHNIQUES:
            with contextlib.suppress(NanostitchError):
                dataset = raw.read(path, technique, TOLD, None)
                assert all(size > 0 for size in dataset.sizes.values())
        assert time.monotonic() - start < SECONDS
