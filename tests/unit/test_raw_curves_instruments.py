"""Files of PerkinElmer, Fluorolog and LabVIEW: the right numbers, or one clear error."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from curve_tables import COUNTS, TRUTH, VOLTAGE, WAVELENGTH, lvm, perkin_elmer, read, same

from nanostitch.errors import NanostitchError


def test_perkin_elmer__reads_the_same_with_decimal_commas(tmp_path: Path) -> None:
    point = read(tmp_path, perkin_elmer(), "absorption", "a.asc")
    comma = read(tmp_path, perkin_elmer().replace(".", ","), "absorption", "b.asc")

    truth = {"wavelength": WAVELENGTH, "absorbance": np.round(COUNTS / 1e4, 6)}
    same(point, truth)
    same(comma, truth)
    assert point.attrs["acquisition_date"] == "2024-02-27"
    assert point.attrs["instrument"] == "Lambda 950"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (perkin_elmer("%R"), "%R"),
        (perkin_elmer("") + "", "headings"),
        (perkin_elmer(points="32"), "32 points, but 31"),
        (perkin_elmer(factor="2.0"), "factor 1 and offset 0"),
        (perkin_elmer(unit="furlong"), "furlong"),
        (perkin_elmer().replace("#DATA", ""), "DATA"),
        (perkin_elmer().replace("#GR", ""), "PerkinElmer"),
        (perkin_elmer().replace("650.000000\t", "650.00x000\t"), "line 95"),
    ],
)
def test_perkin_elmer__that_is_unclear_or_damaged_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(NanostitchError, match=f"(?s)a.asc.*{says}"):
        read(tmp_path, text, "absorption", "a.asc")


def fluorolog(labels: bool, channels: Mapping[str, np.ndarray]) -> str:
    units = {"S1": "CPS", "S1c": "CPS", "R1c": "µA", "S1c / R1c": "CPS / µA"}
    rows = [["Wavelength", *channels], ["nm", *(units[name] for name in channels)]]
    rows += [["", *[""] * len(channels)]]
    rows += [[f"{x}" for x in row] for row in zip(WAVELENGTH, *channels.values(), strict=True)]
    if labels:
        marks = ["Long Name", "Units", "Comments", *map(str, range(1, 32))]
        rows = [[mark, *row] for mark, row in zip(marks, rows, strict=True)]
    return "\r\n".join("\t".join(row) for row in rows) + "\r\n"


@pytest.mark.parametrize("labels", [False, True])
def test_fluorolog__corrected_signal_with_its_reference(tmp_path: Path, labels: bool) -> None:
    lamp = 1 + WAVELENGTH / 1e4
    channels = {"S1": COUNTS * 2, "R1c": lamp, "S1c / R1c": COUNTS / lamp, "S1c": COUNTS}
    dataset = read(tmp_path, fluorolog(labels, channels), "pl", "scan.dat")

    same(dataset, TRUTH["pl"] | {"reference": lamp})
    assert dataset.attrs["intensity_unit"] == "CPS"
    assert dataset.attrs["reference_unit"] == "µA"
    assert "S1c (CPS) is intensity" in dataset.attrs["columns_read"]
    assert "S1 (CPS)" in dataset.attrs["columns_left"]


def test_fluorolog__only_uncorrected_signal_is_said_to_be_so(tmp_path: Path) -> None:
    dataset = read(tmp_path, fluorolog(False, {"S1": COUNTS}), "pl", "scan.dat")

    same(dataset, TRUTH["pl"])
    assert "S1 (CPS) is intensity" in dataset.attrs["columns_read"]


TIMED = TRUTH["iv"] | {"time": np.arange(41) / 4}


@pytest.mark.parametrize("x_columns", ["No", "One", "Multi"])
@pytest.mark.parametrize(("separator", "decimal"), [("\t", "."), ("\t", ","), (",", ".")])
def test_lvm__reads_the_same_with_every_kind_of_x(
    tmp_path: Path, x_columns: str, separator: str, decimal: str
) -> None:
    dataset = read(tmp_path, lvm(x_columns, decimal, separator), "iv", "sweep.lvm")

    same(dataset, TIMED)
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.lvm"]


@pytest.mark.parametrize(
    "names",
    [
        {"first": "Untitled", "second": "Untitled 1"},
        {"first": "Dev0/Ai0", "second": "Current"},
        {"first": "Voltage (V)", "second": "Current (A)", "v": "", "i": ""},
        {"first": "Voltage (mV)", "v": "mV"},
    ],
)
def test_lvm__channels_are_known_by_name_or_unit(tmp_path: Path, names: dict) -> None:
    text = lvm("One", **names)
    milli = 1e-3 if names.get("v") == "mV" else 1.0
    same(read(tmp_path, text, "iv", "a.lvm"), TIMED | {"voltage": milli * VOLTAGE})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (lvm("One", second="Force", i="N"), r"Force \(N\)"),
        (lvm("One", i="Volts"), "Volts"),
        (lvm("One", second="Current (mA)"), "by its name and Amps by its"),
        (lvm("One", n="42"), "42 samples, but 41"),
        (lvm("One").rpartition("***End")[0], "channels"),
        (lvm("One").partition("***End")[0], "End_of_Header"),
        (lvm("One").replace("0.250000\t", "0.25x\t"), "line 20|outside"),
        (lvm("One").replace("Separator\tTab", "Separator\tPipe"), "Pipe"),
        (lvm("One", first="Untitled", second="Untitled 1", i="Volts"), "Untitled 1"),
        (lvm("Multi").replace("\t0.500000\t", "\t0.600000\t"), "different times"),
        (lvm("One") + "garbage\t1\t2\n", "garbage"),
        (lvm("One").replace("-1.000000000000e+00", "-1,000000000000e+00"), "decimal mark"),
    ],
)
def test_lvm__without_two_sure_channels_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(NanostitchError, match=f"(?s)a.lvm.*({says})"):
        read(tmp_path, text, "iv", "a.lvm")


def test_lvm__empty_rows_at_the_end_are_left_out_and_gaps_are_counted(tmp_path: Path) -> None:
    lines = lvm("One", n="44").rstrip().split("\n")
    lines += [f"{k}\t\t" for k in (11, 12, 13)]
    cells = lines[20].split("\t")
    lines[20] = "\t".join([cells[0], cells[1], ""])
    dataset = read(tmp_path, "\n".join(lines), "iv", "a.lvm")

    assert dataset.sizes == {"point": 41}
    assert dataset.attrs["non_finite_count"] == 1
    assert "3 rows" in dataset.attrs["reader_warnings"]
