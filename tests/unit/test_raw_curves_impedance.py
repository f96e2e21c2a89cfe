"""Tables of impedance: signs, units, orders and polar forms give the same numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from curve_tables import DIALECTS, FREQUENCY, RNG, TRUTH, Z, nova, read, same, save, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nanostitch import raw
from nanostitch.errors import CalibrationError, FormatError


@st.composite
def dialects(draw: st.DrawFn) -> tuple[str, bool]:
    """One table of the circuit's impedance, and whether it is one that must be readable."""
    delimiter, decimal = draw(st.sampled_from(DIALECTS))
    prefix, scale = draw(st.sampled_from([("", 1.0), ("k", 1e-3), ("m", 1e3), ("M", 1e-6)]))
    ohm = draw(st.sampled_from(["ohm", "Ohm", "Ω", "\u2126"]))
    sign = draw(st.sampled_from([1, -1]))
    hertz, per_hertz = draw(st.sampled_from([("Hz", 1.0), ("kHz", 1e-3), ("mHz", 1e3)]))
    name = draw(st.sampled_from(["Z''", "Zim", "Im(Z)", "Z″"]))
    columns = {
        f"Frequency ({hertz})": FREQUENCY * per_hertz,
        f"Z' ({prefix}{ohm})": Z.real * scale,
        f"{'-' if sign < 0 else ''}{name}/{prefix}{ohm}": sign * Z.imag * scale,
    }
    if draw(st.booleans()):
        columns |= {"Modulus (ohm)": abs(Z), "-Phase (°)": -np.angle(Z, deg=True)}
    order = draw(st.permutations(list(columns)))
    step = draw(st.sampled_from([1, -1]))
    return table({key: columns[key][::step] for key in order}, delimiter, decimal), step > 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=dialects())
def test_impedance__signs_units_and_orders_are_equivalent(tmp_path: Path, case) -> None:
    same(read(tmp_path, case[0], "eis"), TRUTH["eis"])


@pytest.mark.parametrize(
    "columns",
    [
        {"f (Hz)": FREQUENCY, "|Z| (ohm)": abs(Z), "phase (deg)": np.angle(Z, deg=True)},
        {"f (Hz)": FREQUENCY, "|Z| (ohm)": abs(Z), "-phase (deg)": -np.angle(Z, deg=True)},
        {"freq/Hz": FREQUENCY, "|Z|/kOhm": abs(Z) / 1e3, "Phase(Z)/rad": np.angle(Z)},
        {"f (Hz)": FREQUENCY, "-Z' (ohm)": -Z.real, "-Z'' (ohm)": -Z.imag},
    ],
)
def test_impedance__polar_and_cartesian_are_equivalent(tmp_path: Path, columns: dict) -> None:
    same(read(tmp_path, table(columns), "eis"), TRUTH["eis"])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Phase (°)": -np.angle(Z, deg=True)}, "opposite sign"),
        ({"Z (Ω)": abs(Z) / 1e3}, "modulus and phase"),
        ({"Z (Ω)": np.where(np.arange(31) == 7, 2, 1) * abs(Z)}, "point 8"),
    ],
)
def test_impedance__that_contradicts_itself_is_refused(
    tmp_path: Path, changed: dict, says: str
) -> None:
    columns = {"Frequency (Hz)": FREQUENCY, "Z' (Ω)": Z.real, "Z'' (Ω)": Z.imag}
    columns |= {"Z (Ω)": abs(Z), "Phase (°)": np.angle(Z, deg=True)} | changed
    with pytest.raises(FormatError, match=f"curve.txt.*{says}.*headings"):
        read(tmp_path, table(columns), "eis")


def test_impedance__of_a_resistor_with_noise_about_zero_phase_is_no_contradiction(
    tmp_path: Path,
) -> None:
    z = 100 + 1j * RNG.normal(0, 0.05, 31)
    columns = {"Frequency (Hz)": FREQUENCY, "Z' (Ω)": z.real, "Z'' (Ω)": z.imag}
    phase = np.round(np.angle(z, deg=True), 1)
    dataset = read(tmp_path, table(columns | {"Phase (°)": phase}), "eis")
    np.testing.assert_allclose(dataset["impedance_imag"], z.imag, rtol=1e-9)


@pytest.mark.parametrize(
    ("delimiter", "decimal"), [("\t", "."), ("\t", ","), (";", ","), (",", ".")]
)
@pytest.mark.parametrize(
    ("encoding", "ohm"),
    [
        ("utf-8", "Ω"),
        ("utf-8-sig", "\u2126"),
        ("latin-1", "?"),
        ("utf-16", "Ω"),
        ("utf-8", "\ufffd"),
    ],
)
def test_nova__unit_lost_in_encoding_is_that_of_its_format(
    tmp_path: Path, delimiter: str, decimal: str, encoding: str, ohm: str
) -> None:
    path = save(tmp_path, nova(delimiter, decimal, ohm), encoding=encoding)
    dataset = raw.read(path, "eis", {}, None)
    same(dataset, TRUTH["eis"] | {"time": 1.0 * np.arange(31)[::-1]})
    assert dataset.attrs["source_format"] == "nova-ascii"


def test_unit__lost_elsewhere_must_be_told(tmp_path: Path) -> None:
    text = table({"f (Hz)": FREQUENCY, "Z' (?)": Z.real, "Z'' (?)": Z.imag})
    with pytest.raises(CalibrationError, match=r"curve.txt.*Z' \(\?\).*headings"):
        read(tmp_path, text, "eis")


def test_unit__that_is_missing_is_asked_for_with_what_to_tell(tmp_path: Path) -> None:
    text = table({"f": FREQUENCY, "Zre": Z.real, "-Zim": -Z.imag})
    with pytest.raises(CalibrationError, match="'f' states no unit") as caught:
        read(tmp_path, text, "eis")

    told = str(caught.value).rpartition("such as: ")[2]
    dataset = read(tmp_path, text, "eis", headings=told)
    same(dataset, TRUTH["eis"])
    assert json.loads(dataset.attrs["told"]) == {"headings": {"told": told, "file": "f; Zre; -Zim"}}
