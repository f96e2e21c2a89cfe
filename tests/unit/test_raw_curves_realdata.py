"""Real tables of spectrometers, source meters and potentiostats give their known answers."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import least_squares

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import CalibrationError, FormatError, NanostitchError

SPHERE = {"headings": "wavelength (nm); counts"}


def read(path: Path, technique: str, dataset: str | None = None, **told: str) -> xr.Dataset:
    return contracts.check(raw.read(path, technique, told, dataset), RAW[technique], str(path))


def impedance(dataset: xr.Dataset) -> np.ndarray:
    return dataset["impedance_real"].values + 1j * dataset["impedance_imag"].values


@pytest.mark.parametrize(
    ("name", "variable", "points", "ends", "bounds"),
    [
        # An empty beam transmits everything.
        ("3DM_test01", "transmittance", 281, (500, 1900), (0.9986, 1.002)),
        ("KTF-D", "transmittance", 1001, (200, 1200), (-0.00011, 0.89951)),
        ("F4-P3HT 1-10 0,5 mgml", "absorbance", 2181, (320, 2500), (0.0065, 0.0757)),
    ],
)
def test_perkin_elmer__range_and_flag_are_those_of_its_manifest(
    realdata: Path, name: str, variable: str, points: int, ends: tuple, bounds: tuple
) -> None:
    path = realdata / "uvvis/perkinelmer_asc" / f"{name}.Probe.Raw.asc"
    dataset = read(path, "absorption")

    assert list(dataset.data_vars) == [variable]
    assert dataset.sizes == {"wavelength": points}
    assert (dataset["wavelength"].values[[0, -1]] == ends).all()
    assert bounds[0] < float(dataset[variable].min()) < float(dataset[variable].max()) < bounds[1]
    assert dataset.attrs["instrument"].startswith("Lambda")


def test_edinburgh__emission_peaks_where_the_perovskite_does(realdata: Path) -> None:
    (path,) = (realdata / "pl/hzb_edinburgh").glob("*.csv")
    dataset = read(path, "pl")

    assert dataset.sizes == {"wavelength": 451}
    assert float(dataset["wavelength"][int(np.argmax(dataset["intensity"].values))]) == 773
    assert dataset.attrs["excitation_wavelength_nm"] == 367


def photons(path: Path, response: xr.Dataset) -> float:
    """Photons of one spectrum of the sphere, up to a factor (energy response times wavelength)."""
    one = read(path, "plqy", **SPHERE)
    factor = np.interp(one["wavelength"], response["wavelength"], response["intensity"])
    return float((one["intensity"] * factor * one["wavelength"]).integrate("wavelength"))


@pytest.mark.parametrize("repeat", range(1, 7))
def test_sphere__spectra_give_the_quantum_yield_that_their_authors_stored(
    realdata: Path, repeat: int
) -> None:
    folder = realdata / "pl/plqy_integrating_sphere"
    response = read(folder / "CF.txt", "plqy", **SPHERE)
    with pytest.raises(CalibrationError, match="B1.txt.*headings"):
        read(folder / f"{repeat}/B1.txt", "plqy")
    a1, b1, b2, c1, c2 = (
        photons(folder / f"{repeat}/{name}.txt", response)
        for name in ("A1", "B1", "B2", "C1", "C2")
    )

    # de Mello, Wittmann, Friend, Advanced Materials 9, 230 (1997).
    absorptance = 1 - c1 / b1
    yielded = (c2 - (1 - absorptance) * b2) / (a1 * absorptance)
    stored = np.loadtxt(folder / f"{repeat}/A_qy.txt")
    np.testing.assert_allclose([absorptance, yielded], stored, atol=0.002)


def test_source_meter__gives_the_short_circuit_current_of_its_header(realdata: Path) -> None:
    (path,) = (realdata / "iv/hzb_keithley").glob("HZB_MMX*")
    dataset = read(path, "iv")
    voltage, current = dataset["voltage"].values, dataset["current"].values

    assert voltage[0] == 1.4
    rising = np.argsort(voltage)
    voltage, current = voltage[rising], current[rising]
    assert np.interp(0, voltage, current) == pytest.approx(-3.794683e-3, rel=2e-3)
    assert np.interp(0, current, voltage) == pytest.approx(1.07809, abs=1e-4)
    assert (np.isclose(current, dataset.attrs["compliance_a"], rtol=1e-3)).sum() == 13


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("short", r"Excitation \(Trigger\); Response \(Trigger\)"),
        ("short_new_line_end", r"Excitation \(Trigger\); Response \(Trigger\)"),
        ("no_decimal_separator", r"ax \(g\).*az \(g\)"),
        ("with_empty_fields", "Dev0/Ai0; .*Dev0/Ai0 1"),
        ("with_comments", r"Volume \(ml\)"),
        ("multi_time_column", r"Voltage \(Volts\).*Acceleration \(g\)"),
    ],
)
def test_labview__without_a_current_is_refused_and_its_channels_are_listed(
    realdata: Path, name: str, channels: str
) -> None:
    with pytest.raises(FormatError, match=f"(?s){name}.lvm.*headings.*{channels}"):
        read(realdata / f"iv/labview_lvm/{name}.lvm", "iv")


def test_labview__numbers_are_those_of_the_file(realdata: Path) -> None:
    told = "time (s); voltage (V); current (mA)"
    path = realdata / "iv/labview_lvm/short.lvm"
    dataset = read(path, "iv", headings=told)

    cells = [line.split("\t") for line in path.read_text("utf-8").splitlines()[-10:]]
    stated = np.array([[float(x.replace(",", ".")) for x in row[1:3]] for row in cells])
    np.testing.assert_array_equal(dataset["voltage"], stated[:, 0])
    np.testing.assert_allclose(dataset["current"], stated[:, 1] / 1e3, rtol=1e-15)
    np.testing.assert_allclose(dataset["time"], 3.90625e-5 * np.arange(10), rtol=1e-12)


def test_labview__that_has_fewer_samples_than_it_says_is_refused(realdata: Path) -> None:
    path = realdata / "iv/labview_lvm/multi_time_column.lvm"
    with pytest.raises(FormatError, match="51200 samples, but 3"):
        read(path, "iv", headings="time (s); voltage (V); -; current (A)")


@pytest.mark.parametrize(
    ("circuit", "r0", "r1", "c1"),
    [(1, 29.1, 46.7, 10.4e-6), (2, 150.4, 502.4, 31.2e-9), (3, 1507, 4630, 20.2e-9)],
)
@pytest.mark.parametrize("replicate", [1, 2])
def test_zplot__of_dummy_circuits_gives_their_elements(
    realdata: Path, circuit: int, r0: float, r1: float, c1: float, replicate: int
) -> None:
    path = realdata / f"eis/dummy_circuits/Circuit{circuit}_EIS_{replicate}.z"
    dataset = read(path, "eis")
    omega, z = 2 * np.pi * dataset["frequency"].values, impedance(dataset)
    start = np.array([r0, r1, c1])

    def misfit(scale: np.ndarray) -> np.ndarray:
        a, b, c = scale * start
        off = (a + b / (1 + 1j * omega * b * c) - z) / abs(z)
        return np.concatenate([off.real, off.imag])

    fitted = least_squares(misfit, np.ones(3)).x
    np.testing.assert_allclose(fitted, 1, rtol=0.02)
    assert (np.diff(dataset["frequency"]) > 0).all()


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("vendors/exampleDataZPlot.z", 21),
        ("vendors/exampleDataZPlot_noComments.z", 31),
        ("vendors/exampleDataCHInstruments.txt", 73),
        ("vendors/exampleDataPowersuite.txt", 30),
        ("vendors/exampleDataBioLogic.mpt", 43),
        ("vendors/exampleDataGamry.DTA", 72),
        ("../malformed/eis/exampleDataGamryABORT.DTA", 72),
        ("autolab_z60w/exampleDataAutolab.txt", 41),
    ],
)
def test_potentiostats__points_and_signs(realdata: Path, name: str, points: int) -> None:
    dataset = read(realdata / "eis" / name, "eis")

    assert dataset.sizes == {"frequency": points}
    assert float(dataset["impedance_imag"][: points // 2].mean()) < 0  # capacitive at low end


def test_autolab__is_inductive_at_its_high_end(realdata: Path) -> None:
    dataset = read(realdata / "eis/autolab_z60w/exampleDataAutolab.txt", "eis")

    assert float(dataset["frequency"][-1]) == 1e4
    assert impedance(dataset)[-1] == pytest.approx(0.013786 + 0.007192j, abs=1e-6)


def test_battery__without_headings_is_read_as_told(realdata: Path) -> None:
    path = realdata / "eis/battery_reference_fit/exampleData.csv"
    with pytest.raises(CalibrationError, match="exampleData.csv.*headings"):
        read(path, "eis")

    dataset = read(path, "eis", headings="frequency (Hz); Z' (ohm); Z'' (ohm)")
    stated = np.loadtxt(path, delimiter=",")
    np.testing.assert_array_equal(impedance(dataset), stated[:, 1] + 1j * stated[:, 2])


VARIANTS = {
    "data-comma-decimal-separator": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-header-variant-1": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-header-variant-2": "freq (Hz); Zre (ohm); -Zim (ohm)",
    "data-header-variant-3": "frequency (Hz); real (ohm); imaginary (ohm)",
    "data-header-variant-4": "frequency (Hz); |Z| (ohm); -phase (degree)",
    "data-semicolon": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-space": "f (Hz); Z' (ohm); Z'' (ohm)",
    "data-tab": "f (Hz); Z' (ohm); Z'' (ohm)",
    "case-negative-real-imaginary": "f (Hz); -Z' (ohm); -Z'' (ohm)",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants__are_the_same_circuit_once_their_units_are_told(
    realdata: Path, name: str
) -> None:
    path = realdata / f"malformed/eis_variants/{name}.csv"
    with pytest.raises(CalibrationError, match="states no unit") as caught:
        read(path, "eis")
    assert str(caught.value).rpartition("such as: ")[2] == VARIANTS[name]

    dataset = read(path, "eis", headings=VARIANTS[name])
    s = 2j * np.pi * dataset["frequency"].values
    warburg = 1 / (4e-4 * np.sqrt(s))
    z = 100 + 1 / (1 / 200 + 0.8e-6 * s) + 1 / (1 / 500 + 1 / warburg)
    np.testing.assert_allclose(impedance(dataset), z, rtol=1e-6)


@pytest.mark.parametrize(("name", "sweeps"), [("spectra", 4), ("spectra-reverse", 2)])
def test_variants__several_spectra_need_a_name(realdata: Path, name: str, sweeps: int) -> None:
    path = realdata / f"malformed/eis_variants/case-multiple-{name}.csv"
    told = "f (Hz); Z' (ohm); Z'' (ohm)"
    with pytest.raises(FormatError, match=f"{sweeps} datasets.*column dataset"):
        read(path, "eis", headings=told)

    all_sweeps = [read(path, "eis", str(index), headings=told) for index in range(sweeps)]
    single = path.with_name("data-tab.csv")
    for dataset in all_sweeps:
        np.testing.assert_allclose(
            impedance(dataset), impedance(read(single, "eis", headings=told)), rtol=1e-12
        )


@pytest.mark.parametrize(
    "name",
    [
        "malformed/eis/exampleDataBioLogic_MissingFreq.mpt",
        "malformed/rsciio_csv/random_csv_file.csv",
        "malformed/rsciio_csv/invalid_protochips_file.csv",
        "malformed/csv_tiny/test_sample_xy.xy",
        "pl/plqy_integrating_sphere/summary.txt",
        "iv/labview_tdms/raw1.tdms",
    ],
)
@pytest.mark.parametrize("technique", ["absorption", "pl", "plqy", "eis"])
def test_files_without_such_a_curve__end_in_one_clear_error(
    realdata: Path, name: str, technique: str
) -> None:
    with pytest.raises(NanostitchError, match=Path(name).name):
        read(realdata / name, technique)
