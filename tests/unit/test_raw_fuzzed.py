"""Raw files of every format, damaged at random: a product or one clear error, never else.

What the damage is and how reading is watched stands in :mod:`fuzzing`. Real files are the seeds
where they are at hand; files that the laboratory and the formats' own libraries write stand in
for them otherwise.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rawfiles
from fuzzing import Outcomes, Reader, Seed, mutations, seeds
from small_files import subjects
from test_raw_sphere import hamamatsu

from nanostitch import raw
from nanostitch.errors import FormatError

WRITTEN = {
    "overview.dm4": ("overview", {"pixel_size_nm": 0.4, "pixels": 96}),
    "spectrum.dm4": ("spectrum", {"channels": 256}),
    "loss.msa": ("spectrum", {"channels": 256}),
    "xray.msa": ("xray", {}),
    "spectrophotometer.asc": ("spectrophotometer", {}),
    "fluorometer.dat": ("fluorometer", {}),
    "sphere.txt": ("sphere", {}),
    "sweep.lvm": ("source_meter", {}),
    "sweep.csv": ("source_meter", {}),
    "impedance.txt": ("impedance", {}),
}
"""Files of the virtual laboratory: instrument and settings."""
FORMATS = (
    *("asw", "bcf", "dm", "eds", "emd", "emi", "hamamatsu", "hspy", "image", "mrc", "msa", "pts"),
    *("rpl", "ser", "spc", "spx", "tiff", "zspy", "biologic-mpt", "edinburgh-csv", "galactic-spc"),
    *("gamry-dta", "labspec-xml", "luqy-3", "luqy-4", "lvm", "nova-ascii", "perkin-elmer-asc"),
    *("perkin-elmer-sp", "powersuite", "solar-simulator", "tdms", "text", "versastudio-par"),
    *("zplot",),
)
REHEARSED = ("bcf",)
"""Formats read once more in a process of their own, which costs a second each."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small file of each format that can be written here."""
    folder = tmp_path_factory.mktemp("written")
    for name, (instrument, settings) in WRITTEN.items():
        rawfiles.write(folder / name, instrument, **settings)
    list(subjects(folder))
    hamamatsu(folder / "camera.img", np.arange(600.0).reshape(20, 30), np.linspace(400, 690, 30))
    return folder


@pytest.fixture(scope="module")
def good(written: Path, request: pytest.FixtureRequest) -> dict[str, list[Seed]]:
    """Good files by format: written ones, and real ones where they are at hand."""
    found = seeds(written)
    try:
        real = seeds(request.getfixturevalue("realdata"))
    except pytest.skip.Exception:
        return found
    return {name: [*found.get(name, []), *real.get(name, [])] for name in {**found, **real}}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The watched child process, which all formats share."""
    started = Reader(tmp_path_factory.mktemp("reader"))
    yield started
    started.close()


def outcomes(reader: Reader, found: list[Seed], each: int, folder: Path) -> Outcomes:
    """Read as many damaged files as asked for, in turn of each good one."""
    seen = Outcomes()
    for index, seed in enumerate(found):
        place = folder / str(index)
        place.mkdir()
        numbers = range(index, each, len(found))
        for number, path in mutations(seed, place, numbers):
            seen.add(seed, number, reader.read(path, seed.techniques))
    return seen


def files_of(good: dict[str, list[Seed]], name: str) -> list[Seed]:
    if name not in good:
        pytest.skip(f"no {name} file at hand: the laboratory writes none")
    return good[name]


def place_of(reader: Reader, name: str) -> Path:
    place = reader.folder / name
    place.mkdir()
    return place


@pytest.mark.parametrize("name", FORMATS)
def test_good_file__becomes_a_product_in_the_watched_child(reader, good, name):
    for seed in files_of(good, name):
        assert reader.read(seed.folder / seed.name, seed.techniques)["ends"] != "misdeed"


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_file__is_a_product_or_refused(reader, good, name):
    count = 12 if name in REHEARSED else 50
    seen = outcomes(reader, files_of(good, name), count, place_of(reader, name))
    assert not seen.defects, "\n".join(seen.defects)


@pytest.mark.soak
@pytest.mark.parametrize("name", FORMATS)
def test_thousand_damaged_files__are_products_or_refused(reader, good, name, record_property):
    seen = outcomes(reader, files_of(good, name), 1000, place_of(reader, f"soak {name}"))
    record_property("outcomes", seen.counts)
    assert not seen.defects, "\n".join(seen.defects)


def test_formats__of_the_good_files_are_all_damaged(good):
    assert set(good) <= set(FORMATS)


def test_header__that_promises_a_hundred_gigabytes_is_refused_before_allocation(reader, tmp_path):
    header = bytearray(1024)
    header[:16] = struct.pack("<4I", 160_000, 160_000, 1, 2)
    header[208:212] = b"MAP "
    path = tmp_path / "promise.mrc"
    path.write_bytes(header[:100] + bytes(924))
    assert reader.read(path, ("adf",))["ends"] == "refused"


@pytest.mark.parametrize("name", [rb"..\..\secret.img", b"/etc/secret.img", rb"C:\secret.EDS"])
def test_jeol_analysis__that_names_a_file_elsewhere_is_refused(tmp_path, name):
    path = tmp_path / "analysis.asw"
    path.write_bytes(bytes(12) + b"Analysis Station\x00Filename\x00\x00" + name + bytes(8))
    with pytest.raises(FormatError, match=r"analysis\.asw: names a file outside its folder"):
        raw.contents(path)
