"""Files of the source meter and the potentiostat hold what was recorded."""

import io
from itertools import product

import numpy as np
import pandas as pd
import pytest
from laboratory_circuits import spectrum, sweep
from specimens import square_layer

from nanostitch.simulate.files import keithley, labview, nova


def lvm_table(text):
    """Columns of a LabVIEW file by its own rules: two headers, separator tab, decimal mark told."""
    head, _, rest = text.partition("***End_of_Header***")
    mark = dict(line.split("\t")[:2] for line in head.splitlines() if line.count("\t") == 1)
    body = rest.partition("***End_of_Header***")[2].split("\n", 1)[1]
    return pd.read_csv(io.StringIO(body), sep="\t", decimal=mark["Decimal_Separator"])


@pytest.mark.parametrize("separator", ["point", "comma"])
def test_labview_file__holds_the_columns(tmp_path, separator):
    columns, _ = sweep(square_layer(4, 4), decimal_separator=separator)
    labview.write(tmp_path / "iv.lvm", columns)
    text = (tmp_path / "iv.lvm").read_bytes().decode("latin-1")
    assert text.startswith("LabVIEW Measurement\t\r\n")
    table = lvm_table(text)
    np.testing.assert_allclose(table["X_Value"], columns.values["time_s"], atol=1e-6)
    np.testing.assert_allclose(table["Voltage"], columns.values["voltage_v"], atol=1e-6)
    np.testing.assert_allclose(table["Current"], columns.values["current_a"], atol=1e-17)


@pytest.mark.parametrize(
    ("separator", "delimiter", "mark"), [("point", ",", "."), ("comma", ";", ",")]
)
def test_keithley_file__opens_as_a_spreadsheet_does(tmp_path, separator, delimiter, mark):
    columns, _ = sweep(square_layer(4, 4), decimal_separator=separator)
    keithley.write(tmp_path / "iv.csv", columns)
    lines = (tmp_path / "iv.csv").read_text("ascii").splitlines()
    start = lines.index("") + 1
    table = pd.read_csv(tmp_path / "iv.csv", sep=delimiter, decimal=mark, skiprows=start)
    np.testing.assert_array_equal(table["Index"], np.arange(1, 402))
    np.testing.assert_allclose(table["Voltage (V)"], columns.values["voltage_v"], atol=1e-9)
    np.testing.assert_allclose(table["Current (A)"], columns.values["current_a"], atol=1e-17)
    np.testing.assert_allclose(table["Time (s)"], columns.values["time_s"], atol=1e-9)


@pytest.mark.parametrize(("separator", "mark"), [("point", "."), ("comma", ",")])
def test_nova_file__agrees_with_itself(tmp_path, separator, mark):
    columns, _ = spectrum(square_layer(4, 4), decimal_separator=separator)
    nova.write(tmp_path / "eis.txt", columns)
    table = pd.read_csv(tmp_path / "eis.txt", sep=";", decimal=mark)
    whole = table["Z' (Ω)"] - 1j * table["-Z'' (Ω)"]
    np.testing.assert_allclose(table["Z (Ω)"], np.abs(whole), rtol=1e-12)
    np.testing.assert_allclose(table["-Phase (°)"], -np.degrees(np.angle(whole)), rtol=1e-9)
    np.testing.assert_allclose(table["Frequency (Hz)"], np.geomspace(1e5, 0.1, 61), rtol=1e-12)
    true = columns.values["impedance_real_ohm"] + 1j * columns.values["impedance_imag_ohm"]
    np.testing.assert_allclose(whole, true, rtol=1e-12)


def test_files__have_the_same_bytes_for_the_same_seed(tmp_path):
    layer = square_layer(4, 4)
    for name, (writer, record) in product(
        ("a", "b"), ((labview, sweep), (keithley, sweep), (nova, spectrum))
    ):
        writer.write(tmp_path / f"{writer.__name__}.{name}", record(layer, seed=3)[0])
    for writer in (labview, keithley, nova):
        first, second = ((tmp_path / f"{writer.__name__}.{n}").read_bytes() for n in ("a", "b"))
        assert first == second


def test_truth__has_units_and_meanings():
    for _, truth in (sweep(square_layer(2, 2)), spectrum(square_layer(2, 2))):
        assert all({"units", "long_name"} <= set(value.attrs) for value in truth.values())
