"""Tables that nobody's instrument wrote end soon, in the right numbers or in one clear error."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import CalibrationError, FormatError, NanostitchError
from nanostitch.raw import columns

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

POINTS = 9
AXIS = 400.0 + np.arange(POINTS)
VALUES = 1.5 + np.arange(POINTS) ** 2
MANY = "9" * 5000  # more digits than Python makes an integer of
PL = "Wavelength (nm)\tCounts\n"
EIS = "f (Hz)\tZ' (ohm)\tZ'' (ohm)\n"
IV = "voltage (V)\tcurrent (A)\n"
AS_SOON_AS = 5.0  # seconds; what was quadratic took more


def rows(*columns: np.ndarray, delimiter: str = "\t") -> str:
    return "".join(
        delimiter.join(f"{cell:.6g}" for cell in row) + "\n" for row in zip(*columns, strict=True)
    )


TABLE = PL + rows(AXIS, VALUES)


def read(
    folder: Path,
    text: str | bytes,
    technique: str,
    name: str = "curve.txt",
    dataset: str | None = None,
    **told: str,
) -> xr.Dataset:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return contracts.check(raw.read(path, technique, told, dataset), RAW[technique], name)


def same(dataset: xr.Dataset, **truth: np.ndarray) -> None:
    for name, array in truth.items():
        np.testing.assert_allclose(dataset[name], array, rtol=1e-12, err_msg=name)


@pytest.fixture
def soon() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < AS_SOON_AS


def lvm(
    samples: str = str(POINTS),
    names: str = "X_Value\tVoltage\tCurrent\tComment",
    decimal: str = ".",
    separator: str = "Tab",
    x0: str = "0.0",
    body: str | None = None,
) -> str:
    head = f"LabVIEW Measurement\nSeparator\t{separator}\nDecimal_Separator\t{decimal}\n"
    # No cells of X, whose column is the first: it is computed.
    tags = f"Samples\t{samples}\t{samples}\nY_Unit_Label\tV\tA\nX0\t{x0}\t{x0}\nDelta_X\t1\t1\n"
    cells = rows(AXIS, VALUES) if body is None else body
    cells = "".join(f"\t{line}\n" for line in cells.splitlines())
    mark = "***End_of_Header***\n"
    return head + mark + "\n" + tags + mark + names + "\n" + cells


def perkin_elmer(points: str) -> str:
    head = ["PE UV       SUBTECH     SPECTRUM    ASCII       PEDS        4.00", "#GR", "nm", "A"]
    head += ["1.0", "0.0", "400.0", "1.0", points, "8", "1", "0", "#DATA"]
    return "\n".join(head) + "\n" + rows(AXIS, VALUES)


@pytest.mark.parametrize("digits", ["²", MANY, "٣", "9.5"])
@pytest.mark.parametrize("form", [lvm, perkin_elmer])
def test_stated_count__that_is_no_count_is_refused(
    tmp_path: Path, form: Callable[[str], str], digits: str
) -> None:
    technique, name = ("iv", "a.lvm") if form is lvm else ("absorption", "a.asc")
    with pytest.raises(FormatError, match=f"{name}: says that it has {digits[:20]} ") as caught:
        read(tmp_path, form(digits), technique, name)
    assert len(str(caught.value)) < 500
    read(tmp_path, form(f"00{POINTS}"), technique, name)


@pytest.mark.parametrize("dataset", ["²", MANY, "٠", "1"])
def test_dataset__that_is_no_index_is_not_there(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(FormatError, match=f"dataset '{dataset[:60]}' is not there") as caught:
        read(tmp_path, TABLE, "pl", dataset=dataset)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("width", ["²", MANY])
def test_ripple__size_that_is_no_count_is_refused(tmp_path: Path, width: str) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(16))
    text = f"key\tvalue\nrecord-by\timage\nheight\t2\ndepth\t1\ndata-length\t1\nwidth\t{width}\n"
    with pytest.raises(FormatError, match="width is"):
        read(tmp_path, text, "adf", "a.rpl")


@pytest.mark.parametrize("decimal", ["5", "e", "²", "..", "x"])
def test_lvm__decimal_mark_is_a_point_or_a_comma(tmp_path: Path, decimal: str) -> None:
    body = rows(AXIS, VALUES).replace("1.5", "1e3")
    with pytest.raises(FormatError, match="Decimal_Separator is"):
        read(tmp_path, lvm(decimal=decimal, body=body), "iv", "a.lvm")


def test_lvm__comma_cannot_be_decimal_mark_and_separator(tmp_path: Path) -> None:
    text = lvm().replace("\t", ",").replace("Decimal_Separator,.", "Decimal_Separator\t,")
    with pytest.raises(FormatError, match="Decimal_Separator is ','"):
        read(tmp_path, text.replace("Separator,Tab", "Separator,Comma"), "iv", "a.lvm")


def test_lvm__row_with_more_cells_than_channels_is_refused(tmp_path: Path) -> None:
    body = rows(AXIS, VALUES) + "1\t2\tcomment\t3\n"
    with pytest.raises(FormatError, match="more cells than the 3 channels"):
        read(tmp_path, lvm(body=body), "iv", "a.lvm")


@pytest.mark.parametrize("names", ["", "\t\t", "\tComment"])
def test_lvm__segment_without_names_is_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(FormatError, match="a.lvm: line 11 names 0 channels"):
        read(tmp_path, lvm(names=names), "iv", "a.lvm")


@pytest.mark.parametrize("names", ["X_Value\tVoltage\tCurrent", "X_Value\tWavelength\tCounts"])
def test_lvm__segment_without_rows_holds_no_data(tmp_path: Path, names: str) -> None:
    with pytest.raises(FormatError, match="holds no data"):
        read(tmp_path, lvm("0", names, body=""), "iv", "a.lvm")


@pytest.mark.parametrize("x0", ["0,0", "-inf", "x"])
def test_lvm__start_of_time_that_is_no_number_leaves_no_time(tmp_path: Path, x0: str) -> None:
    dataset = read(tmp_path, lvm(x0=x0), "iv", "a.lvm")
    same(dataset, voltage=AXIS, current=VALUES)
    assert not np.isfinite(dataset["time"]).any()


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_heading__that_is_a_mark_alone_is_the_column_of_point_numbers(
    tmp_path: Path, delimiter: str
) -> None:
    numbers = rows(np.arange(POINTS), AXIS, VALUES, delimiter=delimiter)
    text = "#\tvoltage (V)\tcurrent (A)\n".replace("\t", delimiter) + numbers
    dataset = read(tmp_path, text, "iv")

    same(dataset, voltage=AXIS, current=VALUES)
    assert dataset.attrs["columns_left"] == "#"


@pytest.mark.parametrize(
    ("line", "order", "technique", "name", "factor"),
    [
        ("pixel #\twavelength (nm)\tcounts", "nav", "pl", "intensity", 1),
        ("wavelength (nm)\tT %\tx", "avn", "absorption", "transmittance", 0.01),
        ("wavelength (nm)\t% T\t#", "avn", "absorption", "transmittance", 0.01),
        ("# wavelength (nm)\tcounts", "av", "pl", "intensity", 1),
        ("## wavelength (nm)\tcounts", "av", "pl", "intensity", 1),
        ("#wavelength (nm)\tcounts // dark", "av", "pl", None, 1),
        ("% wavelength (nm)\tcounts", "av", "pl", "intensity", 1),
        ("//wavelength (nm)\tcounts", "av", "pl", "intensity", 1),
        ('#"wavelength (nm)"\t"counts"', "av", "pl", "intensity", 1),
    ],
)
def test_comment_mark__counts_only_where_a_line_begins(
    tmp_path: Path, line: str, order: str, technique: str, name: str | None, factor: float
) -> None:
    parts = {"n": np.arange(POINTS), "a": AXIS, "v": VALUES}
    text = line + "\n" + rows(*(parts[key] for key in order))
    if name is None:
        with pytest.raises(CalibrationError, match="headings"):
            read(tmp_path, text, technique)
    else:
        same(read(tmp_path, text, technique), **{"wavelength": AXIS, name: factor * VALUES})


def test_names__mean_one_quantity_each() -> None:
    names = [name for one in columns.QUANTITIES.values() for name in one.names]
    assert len(set(names)) == len(names)


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("length", range(3))
def test_mark__is_found_where_a_character_lies_across_the_end_of_what_is_sniffed(
    tmp_path: Path, encoding: str, length: int
) -> None:
    above = "EC-Lab ASCII FILE\n" + "x" * length + "€" * 3_000 + "\n"
    text = (above + EIS + rows(AXIS, VALUES, -VALUES)).encode(encoding)
    dataset = read(tmp_path, text, "eis", "a.mpt")

    same(dataset, frequency=AXIS, impedance_real=VALUES, impedance_imag=-VALUES)
    assert dataset.attrs["source_format"] == "biologic-mpt"


NONE = np.full(POINTS, np.nan)
INFINITE = np.full(POINTS, np.inf)
TWO = np.where(np.arange(POINTS) < 2, VALUES, np.nan)
ZERO = np.zeros(POINTS)


@pytest.mark.parametrize("value", [NONE, INFINITE, -INFINITE, TWO])
@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("pl", lambda v: PL + rows(AXIS, v)),
        ("plqy", lambda v: PL + rows(AXIS, v)),
        ("absorption", lambda v: "nm\tabs\n" + rows(AXIS, v)),
        ("absorption", lambda v: "nm\t%T\n" + rows(AXIS, v)),
        ("iv", lambda v: IV + rows(AXIS, v)),
        ("iv", lambda v: IV + rows(v, AXIS)),
        ("eis", lambda v: EIS + rows(AXIS, v, VALUES)),
        ("eis", lambda v: EIS + rows(AXIS, VALUES, v)),
        ("eis", lambda v: "f (Hz)\t|Z| (ohm)\tphase (deg)\n" + rows(AXIS, v, VALUES)),
    ],
)
def test_curve__without_numbers_is_refused(
    tmp_path: Path, technique: str, text: Callable[[np.ndarray], str], value: np.ndarray
) -> None:
    with pytest.raises(FormatError, match=r"curve.txt: (\d points with numbers|no point has)"):
        read(tmp_path, text(value), technique)


def test_curve__keeps_its_numbers_beside_others_that_are_none(tmp_path: Path) -> None:
    gaps = np.where(np.arange(POINTS) < 3, VALUES, np.inf)
    dataset = read(tmp_path, EIS + rows(AXIS, VALUES, gaps), "eis")

    same(dataset, frequency=AXIS, impedance_real=VALUES, impedance_imag=gaps)
    assert dataset.attrs["non_finite_count"] == POINTS - 3


@pytest.mark.parametrize(
    "text",
    [EIS + rows(AXIS, ZERO, ZERO), "f (Hz)\t|Z| (ohm)\tphase (deg)\n" + rows(AXIS, ZERO, AXIS)],
)
def test_impedance__of_nothing_but_zero_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match="no point has a finite impedance other than 0 ohm"):
        read(tmp_path, text, "eis")


@pytest.mark.parametrize(
    ("technique", "text", "says"),
    [
        ("pl", "Energy (eV)\tcounts\n1e-320\t1\n2e-320\t2\n3e-320\t3\n", "inf"),
        ("pl", "wavelength (pm)\tcounts\n5e-324\t1\n1e-323\t2\n1.5e-323\t3\n", "0"),
        ("pl", "-wavelength (nm)\tcounts\n" + rows(AXIS, VALUES), "-408"),
        ("eis", EIS.replace("Hz", "GHz") + "1e308\t1\t2\n1.1e308\t2\t3\n1.2e308\t3\t4\n", "inf"),
        ("eis", "-" + EIS + rows(AXIS, VALUES, VALUES), "-408"),
    ],
)
def test_axis__that_its_unit_or_sign_makes_impossible_is_refused(
    tmp_path: Path, technique: str, text: str, says: str
) -> None:
    with pytest.raises(FormatError, match=f"from {says} .*positive, finite and rising"):
        read(tmp_path, text, technique)


ONE = PL + rows(AXIS[:3], VALUES[:3])


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


def test_told_headings__say_what_they_leave_out(tmp_path: Path) -> None:
    dataset = read(tmp_path, ONE * 2, "pl", headings="wavelength (nm); counts")
    same(dataset, wavelength=AXIS[:3], intensity=VALUES[:3])
    assert "numbers below line 4 left out" in dataset.attrs["reader_warnings"]


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
