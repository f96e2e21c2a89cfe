"""Real measurements in a sphere have the yield that their authors or files state."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sphere_curves import SETTINGS, holds, reasons

from nanostitch import contracts, quality, raw
from nanostitch.contracts.plqy import QUANTUM_YIELD
from nanostitch.plqy import quantum_yield


@pytest.mark.parametrize("repeat", range(1, 7))
def test_real_repeats__have_the_yield_that_their_authors_stored(realdata: Path, repeat: int):
    folder = realdata / "pl" / "plqy_integrating_sphere"

    def read(name: str, second: str = "intensity (counts)") -> xr.Dataset:
        told = {"headings": f"wavelength (nm); {second}"}
        return raw.read(folder / name, "plqy", told, None)

    a1, b1, b2, c1, c2 = (read(f"{repeat}/{n}.txt") for n in ("A1", "B1", "B2", "C1", "C2"))
    energy = read("CF.txt", "correction factor (energy per count)")
    windows = {"excitation_window_nm": [315, 335], "emission_window_nm": [400, 720]}
    authors = SETTINGS | windows | {"dark_level": "subtracted"}
    stored = np.loadtxt(folder / f"{repeat}/A_qy.txt")
    for settings in (authors, SETTINGS):
        product = quantum_yield.measure(c1, [c2], [a1], [b1, b2], energy, **settings)
        found = [float(product[name]) for name in ("absorptance", "quantum_yield_apparent")]
        tolerance = 0.005 if settings is authors else 0.01  # the tails of the line outside
        np.testing.assert_allclose(found, stored, atol=tolerance)
        # The indirect curve has a sixth more laser light than the blank: nobody can be sure.
        assert "more excitation than the blank" in reasons(product)


def test_real_calibrated_spectrum__has_the_yield_and_the_peak_of_its_header(realdata: Path):
    path = realdata / "pl" / "hzb_abspl" / "GaAs5_Large_Spot_center.abspl.txt"
    product = quantum_yield.measure(raw.read(path, "plqy", {}, None), **SETTINGS)
    contracts.check(product, QUANTUM_YIELD, "GaAs")
    assert quality.level(product) == "good"
    assert holds(product, "quantum_yield_incident", 0.009693)
    assert float(product["quantum_yield_incident"]) == pytest.approx(0.009693, rel=5e-3)
    assert float(product["quantum_yield_stated"]) == pytest.approx(0.009693, rel=1e-9)
    assert float(product["emission_peak_energy"]) == pytest.approx(1.424, abs=5e-4)
    assert np.isnan(product["quantum_yield_apparent"])  # what was absorbed is not in the file


def test_real_background__is_refused_although_the_file_states_a_yield(realdata: Path):
    (path,) = (realdata / "pl" / "hzb_abspl").glob("0_1_0-*.txt")
    dataset = raw.read(path, "plqy", {}, None)
    product = quantum_yield.measure(dataset, **SETTINGS)
    assert quality.level(product) == "bad"
    assert "confidence of 0" in reasons(product)
    for name in ("quantum_yield_incident", "quantum_yield_stated", "emission_peak_energy"):
        assert np.isnan(product[name])
    dataset.attrs["stated_confidence"] = 1.0  # its shape alone gives it away
    assert quality.level(quantum_yield.measure(dataset, **SETTINGS)) == "bad"


@pytest.mark.parametrize(("start", "stated"), [("100_40", 4.0e-4), ("AA142", 0.015194)])
def test_real_spectrum_with_an_unstated_laser__keeps_the_stated_yield_as_doubtful(
    realdata: Path, start: str, stated: float
):
    (path,) = (realdata / "pl" / "hzb_abspl").glob(f"{start}*.txt")
    product = quantum_yield.measure(raw.read(path, "plqy", {}, None), **SETTINGS)
    assert quality.level(product) == "doubtful"
    assert float(product["quantum_yield_stated"]) == pytest.approx(stated, rel=1e-9)
    assert np.isnan(product["quantum_yield_incident"])
