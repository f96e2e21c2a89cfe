"""Recorded spectra: what the analysis finds in them, their files and their limits."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rsciio.digitalmicrograph
import xarray as xr
from laboratory_losses import BEAM, DEFAULTS, DEVICES, EDGE, device, film, record
from specimens import square_layer

from nanostitch import raw
from nanostitch.eels import background, band_gap, zero_loss
from nanostitch.errors import BatchError
from nanostitch.simulate.files import dm4
from nanostitch.simulate.instruments import (
    dielectric,
    probe,
)


@pytest.fixture(scope="module")
def layer() -> xr.Dataset:
    return square_layer(6, 6, EDGE)


def test_equal_crystals__have_the_gap_of_the_specimen_everywhere(layer):
    _, truth = record("spectrum_image", layer, look_at="middle", pixels=8, step_nm=2.0)
    gap = float(layer["band_gap"][0])
    np.testing.assert_allclose(truth["confinement_gap"], gap, atol=1e-9)
    assert truth["band_gap"].dims == ("y", "x")
    assert np.ptp(truth["band_gap"].to_numpy()) < 1e-9
    plain = record("spectrum_image", layer, pixels=2, step_nm=2.0, onset="square_root")[1]
    np.testing.assert_allclose(plain["band_gap"], gap, atol=1e-6)  # where the loss begins
    assert float(truth["thickness"].max()) < EDGE
    # What the cubes cover of the plane, times their height, is their volume per area.
    mean = float(record("spectrum", layer, look_at="middle", region_nm=42.0)[1]["thickness"])
    assert mean == pytest.approx(EDGE**3 / (EDGE + 2.5) ** 2, rel=0.03)


def test_holes__have_no_gap(layer):
    _, truth = record("line_scan", layer, look_at="middle", length_nm=200.0, points=41)
    gap, thickness = truth["band_gap"].to_numpy(), truth["thickness"].to_numpy()
    assert np.isnan(gap[[0, -1]]).all()
    assert np.isnan(truth["loss_inflection"].to_numpy()[[0, -1]]).all()
    assert np.isfinite(gap[20])
    assert thickness[0] == pytest.approx(0, abs=0.01)
    empty = layer.assign(state=("crystal", np.full(36, 2, "i1"), {"units": "1"}))
    recording, nothing = record("spectrum", empty)
    assert np.isnan(nothing["band_gap"])
    assert recording.data.max() > 1e7


def test_line__crosses_the_seam_where_the_truth_says():
    pair = square_layer(4, 4, EDGE, merged_pairs=((5, 6),))
    recording, truth = record("line_scan", pair, look_at="seamless", points=25, length_nm=24.0)
    at = float(truth["seam_position"])
    along = np.linspace(0, 24.0, 25)
    x = np.interp(at, along, truth["scan_x"])
    assert x == pytest.approx(float(pair["seam_x"][0]), abs=1e-6)
    np.testing.assert_allclose(truth["scan_y"], float(pair["seam_y"][0]), atol=1e-6)
    assert recording.data.shape == (25, 1024)
    # The merged body has the lower gap, its neighbours the higher one.
    assert along[np.argmin(truth["confinement_gap"].to_numpy())] == pytest.approx(at, abs=2.0)
    single, merged = (float(pair["band_gap"][i]) for i in (0, 5))
    assert (truth["confinement_gap"] < single).all()
    assert (truth["confinement_gap"] > merged).all()


def test_a_smaller_reach__tells_neighbours_apart_better():
    pair = square_layer(4, 4, EDGE, merged_pairs=((5, 6),))
    spread = []
    for kev in (20, 120):
        truth = record("line_scan", pair, look_at="seamless", beam_energy_kev=kev)[1]
        spread.append(np.ptp(truth["confinement_gap"].to_numpy()))
    assert spread[0] > spread[1]


def test_relative_thickness__is_the_logarithm_of_the_zero_loss_left(layer):
    empty = float(record("vacuum", layer, zero_loss_counts=1e8)[1]["zero_loss_counts"])
    truth = record("line_scan", layer, look_at="middle", points=3, zero_loss_counts=1e8)[1]
    left = np.exp(-truth["relative_thickness"]).mean()
    assert empty == pytest.approx(1e8)
    assert float(truth["zero_loss_counts"]) == pytest.approx(1e8 * float(left))


def test_same_seed__same_counts_and_other_seed_others(layer):
    small = {"pixels": 4, "channels": 256}
    first, again, other = (record("spectrum_image", layer, seed, **small)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.data, again.data)
    np.testing.assert_array_equal(first.survey.data, again.survey.data)
    assert (first.data != other.data).any()


@pytest.mark.parametrize("name", ["spectrum", "line_scan", "vacuum"])
def test_alignment__finds_the_true_offset_of_every_spectrum(tmp_path, layer, name):
    place = {} if name == "vacuum" else {"look_at": "middle"}
    recording, truth = record(name, layer, drift_ev=0.2, **place)
    dm4.write(tmp_path / "a.dm4", recording)
    read = raw.read(tmp_path / "a.dm4", "eels", {}, None)
    np.testing.assert_array_equal(read["counts"], recording.data)
    assert read["energy"].to_numpy()[1] - read["energy"].to_numpy()[0] == pytest.approx(0.01)
    aligned = zero_loss.align(read, **DEFAULTS["zero_loss"])
    np.testing.assert_allclose(aligned["zlp_offset"], truth["zlp_offset"], atol=1e-3)
    # The channels' width, and half maxima found on lines between them, add a few percent.
    np.testing.assert_allclose(aligned["zlp_fwhm"], truth["zlp_fwhm"], rtol=0.05)


def test_spectrum_image__opens_with_its_axes_and_survey(tmp_path, layer):
    recording, _ = record("spectrum_image", layer, pixels=5, step_nm=0.7, channels=300)
    dm4.write(tmp_path / "a.dm4", recording)
    cube, image = rsciio.digitalmicrograph.file_reader(tmp_path / "a.dm4")
    steps = {axis["name"].split()[0].lower(): axis["scale"] for axis in cube["axes"]}
    assert steps == pytest.approx({"x": 0.7, "y": 0.7, "energy": 0.01})
    assert cube["metadata"]["Signal"]["signal_type"] == "EELS"
    energy_first = [axis["name"].lower().startswith("energy") for axis in cube["axes"]][0]
    data = np.moveaxis(cube["data"], 0, -1) if energy_first else cube["data"]
    np.testing.assert_array_equal(data, recording.data)
    assert image["data"].shape == recording.survey.data.shape


def gaps(recording, path: Path) -> xr.Dataset:
    """Read and analysed with the defaults of the schema."""
    dm4.write(path, recording)
    read = raw.read(path, "eels", {}, None)
    aligned = zero_loss.align(read, **DEFAULTS["zero_loss"])
    left = background.remove_zero_loss(read, aligned, None, **DEFAULTS["background"])
    return band_gap.measure(read, aligned, left, **DEFAULTS["band_gap"])


def test_square_root_onset__is_found_at_the_true_gap(tmp_path, layer):
    """Equal crystals, so that the onset is one; 10 meV is what the fade of the edge costs."""
    recording, truth = record("spectrum", layer, look_at="middle", onset="square_root")
    found = gaps(recording, tmp_path / "a.dm4").sel(estimator="onset_fit")
    assert abs(float(found["band_gap"]) - float(truth["band_gap"])) < 0.01


def test_derivative_of_the_recording__peaks_at_the_true_inflection(layer):
    truth = record("spectrum", layer, look_at="middle")[1]
    offsets = 40.0 * ((np.arange(6) + 0.5) / 6 - 0.5) + float(truth["scan_y"])
    y, x = (a.ravel() for a in np.meshgrid(offsets, offsets))
    met = probe.averaged(probe.meet(layer, y, x, BEAM, probe.Matter("elliott", 0.7)))
    sharp = device(fwhm_ev=0.01, dispersion_ev=0.002, channels=2000)
    expected = next(sharp.expected(met, np.zeros(1), 1e9))[0]
    energy = sharp.axis.start + sharp.dispersion_ev * np.arange(sharp.channels)
    near = (energy > 2.2) & (energy < 2.8)
    found = float(dielectric.inflection(energy[near], expected[near]))
    assert found == pytest.approx(float(truth["loss_inflection"]), abs=0.005)


def test_merging__moves_the_edge_down_and_leaves_its_shape():
    fresh = square_layer(4, 4, EDGE)
    rows = tuple((4 * row, 4 * row + 1) for row in range(4))
    rows += tuple((4 * row + 2, 4 * row + 3) for row in range(4))
    merged = square_layer(4, 4, EDGE, merged_pairs=rows)
    truths = [record("spectrum", s, look_at="middle", region_nm=30.0)[1] for s in (fresh, merged)]
    names = ("confinement_gap", "band_gap", "loss_inflection")
    gap, start, steepest = ([float(t[n]) for t in truths] for n in names)
    assert gap[0] - gap[1] == pytest.approx(2.9842 * (1 / EDGE**2 - 1 / (2 * EDGE) ** 2), rel=0.02)
    # The exciton of the larger body is bound less, which takes back a part of that.
    assert 0.4 < (steepest[0] - steepest[1]) / (gap[0] - gap[1]) < 0.8
    assert start[0] - start[1] == pytest.approx(steepest[0] - steepest[1], abs=0.003)


@pytest.mark.parametrize(("dispersion", "channels"), [(0.2, 4096), (0.1, 4096), (0.2, 2048)])
def test_long_axes__hold_all_electrons(layer, dispersion, channels):
    settings = {"dispersion_ev": dispersion, "channels": channels, "gain_spread": 0.0}
    recording, truth = record("spectrum", layer, look_at="middle", **settings)
    every = float(truth["zero_loss_counts"]) * np.exp(float(truth["relative_thickness"]))
    assert recording.data.astype(float).sum() == pytest.approx(every, rel=2e-3)


def test_wide_channels__sum_up_what_narrow_ones_resolve():
    """A peak of 5 meV in channels of 0.2 eV, on a fine axis that does not resolve it."""
    wide = device(fwhm_ev=0.005, dispersion_ev=0.2, channels=100)
    narrow = device(fwhm_ev=0.005, dispersion_ev=0.001, channels=100 * 200)
    for onset in ("elliott", "square_root"):
        found = next(wide.expected(film(20.0, onset=onset), np.array([0.013]), 1e6))[0]
        fine = next(narrow.expected(film(20.0, onset=onset), np.array([0.013]), 1e6))[0]
        at = wide.axis.start + 0.2 * np.arange(100)
        edges = np.round((at - 0.1 - narrow.axis.start) / 0.001).astype(int)
        inside = slice(12, 40)
        # Narrow channels lie half a channel off the edges of the wide ones.
        sums = np.array([fine[a : a + 200].sum() + (fine[a + 200] - fine[a]) / 2 for a in edges])
        # The edge of 60 electrons a channel leaks no more than that into the one below.
        np.testing.assert_allclose(found[inside], sums[inside], rtol=0.01, atol=0.05)


def test_memory__stays_small_within_the_limits_of_the_schemas(layer):
    tracemalloc.start()
    for name, settings in (
        ("spectrum_image", {"pixels": 10, "step_nm": 50.0, "channels": 64}),
        ("spectrum", {"zero_loss_fwhm_ev": 0.005, "dispersion_ev": 0.2, "channels": 4096}),
    ):
        record(name, layer, look_at="middle", **settings)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 200e6


def test_tiles__see_what_one_map_sees(layer, monkeypatch):
    y, x = np.random.default_rng(2).uniform(-5, 75, (2, 40))
    matter = probe.Matter("elliott", 5.0)
    whole = probe.meet(layer, y, x, BEAM, matter)
    monkeypatch.setattr(probe, "_TILE_NM", 20.0)
    tiled = probe.meet(layer, y, x, BEAM, matter)
    for name in ("weights", "edges", "thicknesses", "band_gap"):
        np.testing.assert_allclose(getattr(tiled, name), getattr(whole, name), atol=1e-9)


def test_image_too_large__is_refused_with_what_would_fit(layer):
    with pytest.raises(BatchError, match="pixels <= 128 or channels <= 1024"):
        record("spectrum_image", layer, pixels=256, channels=4096)


@pytest.mark.parametrize("state", [1, 2])
@pytest.mark.parametrize("name", DEVICES)
def test_no_crystal_left__is_recorded_without_a_gap(layer, name, state):
    gone = layer.assign(state=("crystal", np.full(36, state, "i1"), {"units": "1"}))
    small = {"pixels": 4} if name == "spectrum_image" else {}
    place = {} if name == "vacuum" else {"look_at": "middle"}
    recording, truth = record(name, gone, channels=256, **small, **place)
    assert recording.data.max() > 1e4
    for variable in {"band_gap", "loss_inflection"} & set(truth):
        assert np.isnan(truth[variable]).all()
