"""Spectra as text, plain and EMSA/MAS, in every dialect give the same numbers or are refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanostitch import raw
from nanostitch.errors import CalibrationError, FormatError

ENERGY = -0.4 + 0.25 * np.arange(20)
COUNTS = np.round(np.random.default_rng(3).uniform(0, 1e4, 20), 3)
KV = {"beam_energy_kev": 100.0}
EV = {"energy_unit": "eV"}
WHOLE = KV | {"dispersion_ev": 0.25, "energy_offset_ev": -0.4}


def save(folder: Path, text: str, name: str = "spectrum.txt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def table(delimiter: str, decimal: str, header: str = "", newline: str = "\n") -> str:
    lines = [
        f"{energy:.2f}{delimiter}{count:.3f}" for energy, count in zip(ENERGY, COUNTS, strict=True)
    ]
    if decimal == ",":
        lines = [line.replace(".", ",") for line in lines]
    return header + newline.join(lines) + newline


@pytest.mark.parametrize(
    ("delimiter", "decimal"),
    [
        ("\t", "."),
        ("\t", ","),
        (";", "."),
        (";", ","),
        (",", "."),
        (", ", "."),
        (" ", "."),
        ("   ", ","),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_two_columns__read_the_same_in_every_dialect(
    tmp_path: Path, delimiter: str, decimal: str, newline: str, encoding: str
) -> None:
    header = f"# BN on carbon, 5 µm{newline}Energy loss (eV){delimiter}counts{newline}"
    path = save(tmp_path, table(delimiter, decimal, header, newline), encoding=encoding)

    dataset = raw.read(path, "eels", KV, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY, atol=1e-9)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)


@pytest.mark.parametrize(
    ("delimiter", "decimal"),
    # Without one decimal comma a line, which is ambiguous and refused: see below.
    [(d, p) for d in "\n\t; " for p in ".," if (d, p) != ("\n", ",")],
)
def test_one_column_or_row__needs_a_told_axis(tmp_path: Path, delimiter: str, decimal: str) -> None:
    text = delimiter.join(f"{count:.3f}" for count in COUNTS).replace(".", decimal)
    dataset = raw.read(save(tmp_path, text), "eels", WHOLE, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)


def test_falling_positions__are_turned_round_with_their_counts(tmp_path: Path) -> None:
    lines = [f"{e}\t{c}" for e, c in zip(ENERGY, COUNTS, strict=True)]
    path = save(tmp_path, "eV\tcounts\n" + "\n".join(reversed(lines)))

    dataset = raw.read(path, "eels", KV, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)


def test_uneven_positions__are_kept(tmp_path: Path) -> None:
    positions = np.geomspace(1, 9, 20)
    lines = [f"{float(e)!r}\t{c}" for e, c in zip(positions, COUNTS, strict=True)]

    dataset = raw.read(save(tmp_path, "eV\tcounts\n" + "\n".join(lines)), "eels", KV, None)

    np.testing.assert_array_equal(dataset["energy"], positions)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("no numbers here\n", "no numbers"),
        ("1\t2\t3\n4\t5\t6\n7\t8\t9\n", "3 columns"),
        ("1\t2\n3\t4\n5\n", "number of columns"),
        ("1\t2\n3\tfour\n5\t6\n", "words among"),
        ("1,5\n2,5\n3,5\n4,5\n", "decimal mark or a delimiter"),
        ("1\t2\n2\t3\n1\t4\n5\t6\n", "rise"),
        ("1\t2\n", "points"),
        ("1_0\t2\n2_0\t3\n3_0\t4\n", "no numbers"),
        ("1.2.3\t2\n2\t3\n3\t4\n4\t5\n", "neither a heading"),
        ("1.0D+03\n2\n3\n4\n", "neither a heading"),
        ("--\n2\n3\n4\n", "neither a heading"),
        ("1\n2\n#3\n4\n5\n", "single column"),
        ("1\n2\n--\n4\n5\n", "words among"),
        ("4;10,500\n5;11,250\n6;12,750\n", "thousands"),
        ("4\t10,500\n5\t11\n6\t12,750\n", "thousands"),
    ],
)
def test_text__that_could_be_misread_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        raw.read(save(tmp_path, text), "eels", WHOLE, None)


def test_commas__that_cannot_part_thousands_are_decimal(tmp_path: Path) -> None:
    path = save(tmp_path, "4;10,500\n5;11,250\n6;0,750\n")

    np.testing.assert_array_equal(
        raw.read(path, "eels", KV | EV, None)["counts"], [10.5, 11.25, 0.75]
    )


def test_minus__of_typesetting_is_a_minus(tmp_path: Path) -> None:
    path = save(tmp_path, table("\t", ".").replace("-", "\u2212"))

    np.testing.assert_allclose(raw.read(path, "eels", KV | EV, None)["energy"], ENERGY)


def test_comments__among_rows_with_positions_or_around_a_column_lose_nothing(
    tmp_path: Path,
) -> None:
    rows = table("\t", ".").splitlines()
    path = save(tmp_path, "\n".join([*rows[:9], "# paused", *rows[9:]]))
    np.testing.assert_array_equal(raw.read(path, "eels", KV | EV, None)["counts"], COUNTS)

    column = "\n".join(map(str, COUNTS))
    path = save(tmp_path, f"# 5\n#\n{column}\n# end\n")
    np.testing.assert_array_equal(raw.read(path, "eels", WHOLE, None)["counts"], COUNTS)


def emsa(**changes: str) -> str:
    fields = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "TITLE": "BN: two : colons",
        "DATE": "07-MAY-2019",
        "TIME": "02:03",
        "NPOINTS": "20.",
        "NCOLUMNS": "1",
        "XUNITS": "eV",
        "DATATYPE": "Y",
        "XPERCHAN": "0.25",
        "OFFSET": "-0.4",
        "SIGNALTYPE": "ELS",
        "BEAMKV   -kV": "100.0",
        "CONVANGLE-mR": "1.5",
        "DWELLTIME-ms": "50.",
    } | changes
    head = "".join(f"#{key:12}: {value}\n" for key, value in fields.items() if value != "absent")
    return head + "#SPECTRUM    : Data\n"


DATA = "".join(f"{count},\n" for count in COUNTS)
END = "#ENDOFDATA   : \n"


def test_emsa__states_axis_and_instrument(tmp_path: Path) -> None:
    dataset = raw.read(save(tmp_path, emsa() + DATA + END, "s.msa"), "eels", {}, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)
    attrs = dataset.attrs
    assert attrs["title"] == "BN: two : colons"
    assert attrs["acquisition_date"] == "2019-05-07T02:03"
    assert (attrs["beam_energy_kev"], attrs["convergence_mrad"]) == (100.0, 1.5)
    assert attrs["dwell_time_s"] == pytest.approx(0.05)
    assert attrs["told"] == "{}"


def test_emsa__start_of_data_without_blank_is_found(tmp_path: Path) -> None:
    text = (emsa() + DATA + END).replace("#SPECTRUM    : Data", "#SPECTRUM    :")

    dataset = raw.read(save(tmp_path, text, "s.msa"), "eels", {}, None)

    np.testing.assert_array_equal(dataset["counts"], COUNTS)


@pytest.mark.parametrize("columns", [1, 5])
def test_emsa__columns_do_not_matter(tmp_path: Path, columns: int) -> None:
    rows = [", ".join(map(str, COUNTS[i : i + columns])) for i in range(0, 20, columns)]

    path = save(tmp_path, emsa() + "\n".join(rows) + "\n", "s.msa")

    np.testing.assert_array_equal(raw.read(path, "eels", {}, None)["counts"], COUNTS)


def test_emsa__decimal_commas_are_read(tmp_path: Path) -> None:
    text = emsa(XPERCHAN="0,25", OFFSET="-0,4", DATATYPE="XY")
    text += table("; ", ",")

    dataset = raw.read(save(tmp_path, text, "s.msa"), "eels", {}, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)


def test_emsa__positions_within_a_channel_of_the_header_are_reported(tmp_path: Path) -> None:
    text = emsa(DATATYPE="XY", OFFSET="-0.2") + table(", ", ".")

    dataset = raw.read(save(tmp_path, text, "s.msa"), "eels", {}, None)

    assert "differ by up to 0.2" in dataset.attrs["reader_warnings"]


def test_emsa__positions_that_contradict_the_header_ask_for_a_told_axis(tmp_path: Path) -> None:
    path = save(tmp_path, emsa(DATATYPE="XY", XPERCHAN="0.5") + table(", ", "."), "s.msa")

    for told in ({}, {"dispersion_ev": 0.25}, {"energy_offset_ev": -0.4}):
        with pytest.raises(
            CalibrationError, match=r"(?s)XPERCHAN.*9\.1 .*4\.35.*dispersion_ev.*energy_offset_ev"
        ):
            raw.read(path, "eels", told, None)
    dataset = raw.read(path, "eels", WHOLE, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)


@pytest.mark.parametrize("columns", ["1", "absent"])
def test_emsa__a_decimal_comma_in_the_data_alone_is_no_second_channel(
    tmp_path: Path, columns: str
) -> None:
    data = "".join(f"{count:.3f}\n".replace(".", ",") for count in COUNTS)
    path = save(tmp_path, emsa(NCOLUMNS=columns) + data + END, "s.msa")

    np.testing.assert_array_equal(raw.read(path, "eels", {}, None)["counts"], COUNTS)


def test_emsa__decimal_commas_in_both_columns_of_the_data_are_read(tmp_path: Path) -> None:
    path = save(tmp_path, emsa(DATATYPE="XY") + table("; ", ",") + END, "s.msa")

    dataset = raw.read(path, "eels", {}, None)

    np.testing.assert_allclose(dataset["energy"], ENERGY)
    np.testing.assert_array_equal(dataset["counts"], COUNTS)


@pytest.mark.parametrize(
    "row",
    [
        lambda i: f"{10 + i},500",  # a decimal mark or thousands
        lambda i: f"{round(ENERGY[i])},{i % 7}",  # a decimal mark or position and counts
        lambda i: f"{i}.5, {i}.25",  # two columns where the header names one
        lambda i: f"{i} {i} {i}",
    ],
)
def test_emsa__more_numbers_a_line_than_promised_are_never_run_together(
    tmp_path: Path, row: Callable[[int], str]
) -> None:
    data = "".join(f"{row(i)}\n" for i in range(20))

    with pytest.raises(FormatError, match="NCOLUMNS"):
        raw.read(save(tmp_path, emsa() + data + END, "s.msa"), "eels", {}, None)


def test_emsa__without_end_rests_on_the_number_of_points(tmp_path: Path) -> None:
    dataset = raw.read(save(tmp_path, emsa() + DATA, "s.msa"), "eels", {}, None)
    assert "ENDOFDATA" in dataset.attrs["reader_warnings"]
    np.testing.assert_array_equal(dataset["counts"], COUNTS)

    whole = raw.read(save(tmp_path, emsa() + DATA + END, "s.msa"), "eels", {}, None)
    assert whole.attrs["reader_warnings"] == ""
    unbounded = save(tmp_path, emsa(NPOINTS="absent") + DATA, "s.msa")
    with pytest.raises(FormatError, match="NPOINTS"):
        raw.read(unbounded, "eels", {}, None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (emsa() + DATA + END + emsa() + DATA + END, "#FORMAT"),
        (emsa() + DATA + "#SPECTRUM   : again\n" + DATA + END, "#SPECTRUM"),
    ],
)
def test_emsa__a_second_spectrum_is_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(FormatError, match=f"second {named}"):
        raw.read(save(tmp_path, text, "s.msa"), "eels", {}, None)


def test_emsa__more_channels_than_promised_are_reported(tmp_path: Path) -> None:
    path = save(tmp_path, emsa(NPOINTS="19") + DATA, "s.msa")

    assert "NPOINTS" in raw.read(path, "eels", {}, None).attrs["reader_warnings"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (emsa() + DATA[: len(DATA) // 2], "truncated"),
        (emsa(), "truncated"),
        (emsa().split("#SPECTRUM")[0], "truncated"),
        (emsa() + DATA.replace(",", ", oops", 1), "'oops' is no number"),
        (emsa(XPERCHAN="wide") + DATA, "XPERCHAN"),
        (emsa(DATATYPE="XY", NPOINTS="9") + DATA + "1.0\n", "odd number"),
    ],
)
def test_emsa__damaged_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        raw.read(save(tmp_path, text, "s.msa"), "eels", {}, None)


@pytest.mark.parametrize(
    ("missing", "column"), [("XPERCHAN", "dispersion_ev"), ("OFFSET", "energy_offset_ev")]
)
def test_emsa__a_missing_keyword_is_no_default(tmp_path: Path, missing: str, column: str) -> None:
    path = save(tmp_path, emsa(**{missing: "absent"}) + DATA, "s.msa")

    with pytest.raises(Exception, match=column):
        raw.read(path, "eels", {}, None)
