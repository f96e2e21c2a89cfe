"""Hostile, damaged and foreign files end in one clear error: no code run, no hang, no crash."""

import contextlib
import gzip
import json
import os
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numcodecs
import numpy as np
import pytest
import zarr
from fuzzing import TOLD
from rsciio.hspy import file_writer as write_hspy
from rsciio.zspy import file_writer as write_zspy
from small_files import SECONDS, image, subjects

from nanostitch import raw
from nanostitch.errors import FormatError, NanostitchError


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
            raw.read(path, "eels", TOLD["scaled"], None)


@pytest.mark.parametrize("name", ["absent.dm3", "folder"])
def test_path__that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(FormatError, match=name):
        raw.contents(tmp_path / name)


def test_technique__without_reader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="xrd.*adf, eels, edx"):
        raw.read(tmp_path / "any.csv", "xrd", {}, None)


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
                dataset = raw.read(path, technique, TOLD["scaled"], None)
                assert all(size > 0 for size in dataset.sizes.values())
        assert time.monotonic() - start < SECONDS
