"""Tables, words and lines without end are read or refused in seconds."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from odd_tables import AS_SOON_AS, AXIS, EIS, IV, ONE, PL, TABLE, VALUES, read, rows, same

from nanostitch.errors import CalibrationError, FormatError, NanostitchError

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.fixture
def soon() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < AS_SOON_AS


@pytest.mark.parametrize(
    "above",
    [
        " " * 19_900 + "\n",
        ("a" + " " * 900 + "b\n") * 500,
        (" a" * 49 + "\n") * 4_000,
        ("Exposure" + " " * 900 + "\n") * 500,
        ("a" + " " * 90 + "(: 5 nm\n") * 4_000,
        ("Exposure: " + "1" * 480 + "." + "1" * 480 + " a b\n") * 400,
        "(" * 100_000 + "\n",
    ],
)
@pytest.mark.usefixtures("soon")
def test_words__above_a_table_are_read_in_their_own_time(tmp_path: Path, above: str) -> None:
    same(read(tmp_path, above + TABLE, "pl"), wavelength=AXIS, intensity=VALUES)


@pytest.mark.parametrize(
    "above",
    [
        (" a" * 499 + "\n") * 4_000,
        "some words\n" * 900_000,
        ("\t".join(f"v{i}" for i in range(500)) + "\n") * 5_000,
        (" ".join(f"v{i}" for i in range(500)) + "\n") * 5_000,
        (("(a" * 99 + "\t") * 50 + "\n") * 1_000,
        "a " * 10_000_000,
    ],
)
@pytest.mark.usefixtures("soon")
def test_words__without_end_are_refused(tmp_path: Path, above: str) -> None:
    with pytest.raises(CalibrationError, match="no line of the first 5000 names"):
        read(tmp_path, above, "pl")


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("Labels,a\nType,Emission Scan\nXaxis," + "a" * 500_000 + "\n1,2\n", "a.csv", "columns"),
        ("ZPLOT2 ASCII\n" + "\n" * 100_000 + "words\n", "a.z", "columns"),
        ("1" + " " * 100_000 + "2\n", "a.txt", "columns"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_long_lines_and_many_blank_ones__end_soon(
    tmp_path: Path, text: str, name: str, says: str
) -> None:
    for technique in ("pl", "eels"):
        with pytest.raises(NanostitchError, match=f"{name}.*{says}|points"):
            read(tmp_path, text, technique, name)


@pytest.mark.usefixtures("soon")
def test_blank_lines__between_preamble_and_rows_are_skipped(tmp_path: Path) -> None:
    blank = "\n" * 100_000
    text = "ZPLOT2 ASCII\n" + blank + EIS + blank + rows(AXIS, VALUES, -VALUES)
    same(read(tmp_path, text, "eis", "a.z"), frequency=AXIS, impedance_imag=-VALUES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ONE * 1_001, "more than 1000 tables"),
        (ONE * 50_000, "more than 1000 tables"),
        ((ONE + ("words\t" * 300 + "\n") * 200) * 100, "characters between them"),
        (PL + rows(AXIS[:3], VALUES[:3]) * 1_001, "more than 1000 curves"),
        (PL + rows(AXIS[:3], VALUES[:3]) * 30_000, "more than 1000 curves"),
        (ONE + ("v\t" * 500 + "\n") * 5_000, "ends the rows"),
        ("\t".join([IV.strip()] * 250) + "\n" + ("1\t" * 499 + "1\n") * 10_001, "5000000 numbers"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_many_tables_curves_or_numbers__are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(FormatError, match=f"curve.txt: .*{says}"):
        read(tmp_path, text, "pl")


@pytest.mark.parametrize("between", ["", "# comment\n" * 900, "\n" * 900, "words\n" * 9])
@pytest.mark.usefixtures("soon")
def test_many_tables__are_each_read_with_their_own_metadata(tmp_path: Path, between: str) -> None:
    tables = (
        f"Excitation: {300 + k} nm\n" + PL + rows(AXIS[:3], VALUES[:3] + k) + between
        for k in range(200)
    )
    text = "Instrument: Ada\n" + "".join(tables)
    for k in (0, 199):
        dataset = read(tmp_path, text, "pl", dataset=str(k))
        same(dataset, intensity=VALUES[:3] + k)
        assert dataset.attrs["excitation_wavelength_nm"] == 300 + k
        assert dataset.attrs["instrument"] == "Ada"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (";", "names no pl"),
        ("-;" * 2_000_000, "2000001 columns"),
        ("(" * 5_000 + ";counts", "names no pl"),
        ("wavelength (nm" + "(" * 190 + ";counts", "names no pl"),
        ("\x00;\x00", "names no pl"),
        ("−wavelength (nm); counts", "positive, finite"),
        ("wavelength (nm); counts;", "no row of numbers for 3 columns"),
        ("wavelength (nm)" + ";counts" * 499, "no row of numbers for 500 columns"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_told_headings__that_are_odd_are_refused(tmp_path: Path, told: str, says: str) -> None:
    with pytest.raises(NanostitchError, match=says) as caught:
        read(tmp_path, rows(AXIS, VALUES), "pl", headings=told)
    assert len(str(caught.value)) < 3_000


SEGMENT = "***End_of_Header***\nX_Value\tVoltage\tCurrent\n"
HEADER = "LabVIEW Measurement\n***End_of_Header***\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEADER + SEGMENT * 300_000, "1000 segments"),
        (HEADER + SEGMENT + "\t" * 10_000_000, "10000000 characters"),
        (HEADER + "***End_of_Header***\n" + "v\t" * 9_999 + "\n1\n", "names 9999 channels"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_lvm__of_hostile_sizes_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(FormatError, match=f"a.lvm: .*{says}"):
        read(tmp_path, text, "iv", "a.lvm")


@pytest.mark.slow
@pytest.mark.parametrize("told", [{}, {"headings": "wavelength (nm); counts"}])
def test_largest_table__is_read_in_seconds(tmp_path: Path, told: Mapping[str, str]) -> None:
    axis = 400 + np.arange(500_000) / 1_000
    text = PL + "".join(f"{x:.3f}\t{x - 300:.3f}\n" for x in axis)
    start = time.monotonic()
    dataset = read(tmp_path, text, "pl", **told)

    assert time.monotonic() - start < 3 * AS_SOON_AS
    np.testing.assert_allclose(dataset["wavelength"], axis, rtol=1e-12)
    np.testing.assert_allclose(dataset["intensity"], axis - 300, rtol=1e-9)
