"""Tables that nobody's instrument wrote end in the right numbers or in one clear error."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from odd_tables import AXIS, EIS, IV, ONE, PL, POINTS, TABLE, VALUES, lvm, read, rows, same

from nanostitch.errors import CalibrationError, FormatError
from nanostitch.raw import columns

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

MANY = "9" * 5000  # more digits than Python makes an integer of


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


def test_told_headings__say_what_they_leave_out(tmp_path: Path) -> None:
    dataset = read(tmp_path, ONE * 2, "pl", headings="wavelength (nm); counts")
    same(dataset, wavelength=AXIS[:3], intensity=VALUES[:3])
    assert "numbers below line 4 left out" in dataset.attrs["reader_warnings"]
