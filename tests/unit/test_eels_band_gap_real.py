"""Band gaps of real files with known answers."""

from pathlib import Path

import numpy as np
import pytest
from eels_onset import DEFAULTS, QUICK, SETTINGS, acquisition, gaps, steps

from nanostitch import quality
from nanostitch import raw as raw_door
from nanostitch.eels import background, band_gap, gap_flags, zero_loss

FOLDER = "eels_lowloss"


def real(realdata: Path, name: str, **told: float) -> tuple[np.ndarray, np.ndarray]:
    """Counts and energy of a real file of one spectrum."""
    told = {"beam_energy_kev": 100.0, **told}
    counts = raw_door.read(realdata / FOLDER / name, "eels", told, None)["counts"].squeeze()
    return counts.values, counts["energy"].values


DIAMOND = {"tail_window_ev": (2.5, 5.0), "gap_range_ev": [5.5, 9.0], "derivative_window_ev": 1.0}


def test_diamond__has_its_direct_edge_and_an_interval_that_is_not_trusted(realdata):
    name = "diamond/diamond_Summed Spectra 5 t.dm3"
    counts, energy = real(realdata, name)
    raw = acquisition(counts, energy).assign_attrs(beam_energy_kev=300.0)
    aligned = zero_loss.align(raw, **DEFAULTS["zero_loss"])
    settings = {**DEFAULTS["background"], "tail_window_ev": DIAMOND["tail_window_ev"]}
    loss = background.remove_zero_loss(raw, aligned, None, **settings)
    changed = {k: v for k, v in DIAMOND.items() if k != "tail_window_ev"}
    product = band_gap.measure(raw, aligned, loss, **{**SETTINGS, **changed})
    assert float(product["loss_inflection"]) == pytest.approx(6.98, abs=0.1)
    assert quality.level(product) == "doubtful"
    assert "Čerenkov" in product["verdict"].attrs["reasons"]


def test_strontium_titanate__is_too_coarse_for_its_gap(realdata):
    product = steps(
        *real(realdata, "srtio3/ll.dm3"), tail_window_ev=(2.0, 3.0), gap_range_ev=[2.5, 5.0]
    )
    assert quality.raised(product["band_gap_quality"], "resolution_too_coarse").all()
    assert product["band_gap"].isnull().all()
    assert quality.level(product) == "bad"


def ws2(realdata: Path, position: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    name = f"ws2_specimen3/Position-{position}-{kind}_EELS-Spectrum_m0d93eV-to-9d07eV.txt"
    return real(realdata, name, dispersion_ev=0.005, energy_offset_ev=-0.93)


@pytest.mark.parametrize("position", [4, 7, 10, 13])
def test_ws2__gives_no_narrow_nonsense(realdata, position):
    """Published for such flakes: 1.6 +0.3 -0.2 eV (Roest et al. 2021)."""
    counts, energy = ws2(realdata, position, "Specimen")
    vacuum, _ = ws2(realdata, 1, "Vacuum")
    window = {"tail_window_ev": (0.7, 1.2), "gap_range_ev": [1.2, 3.0]}
    for reference in (None, vacuum):
        product = steps(counts, energy, vacuum=reference, **window, **QUICK)
        for estimator in gap_flags.ESTIMATORS:
            gap, lower, upper = gaps(product, estimator)
            assert np.isnan(gap) or (lower < 1.9 and upper > 1.4 and upper - lower > 0.1)
        assert quality.level(product) != "good"


@pytest.mark.parametrize("position", [1, 2, 3])
def test_ws2_vacuum__has_no_gap(realdata, position):
    counts, energy = ws2(realdata, position, "Vacuum")
    product = steps(counts, energy, tail_window_ev=(0.7, 1.2), gap_range_ev=[1.2, 3.0])
    assert product["band_gap"].isnull().all()
