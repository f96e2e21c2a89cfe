"""Simulated images against what is known of scans, counts and crystals."""

import re

import numpy as np
import pytest
import xarray as xr
from laboratory_views import STILL, settings, with_metal
from specimens import square_layer

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import (
    atomic,
    overview,
    scanning,
    scattering,
)


def alone(specimen, field=300.0):
    """The same crystals in the middle of a larger field, as a cluster lies."""
    move = (field - float(specimen["field"])) / 2
    names = ("centre_y", "centre_x", "seam_y", "seam_x", "metal_y", "metal_x")
    moved = {name: specimen[name] + move for name in names}
    return specimen.assign(moved | {"field": xr.full_like(specimen["field"], field)})


def frame(**changed):
    plain = {"pixels": 200, "pixel_size_nm": 0.1, "dwell_us": 100.0, "drift_nm_per_min": 0.0}
    plain |= {"line_jitter_nm": 0.0, "scan_scale_error": 0.0}
    return scanning.frame((30.0, 40.0), np.random.default_rng(4), **(plain | changed))


@pytest.mark.parametrize("changed", [{}, {"drift_nm_per_min": 20.0}, {"scan_scale_error": 0.03}])
def test_place__is_where_the_scan_shows_it(changed):
    seen = frame(**changed)
    y, x = seen.grid()
    spot = np.array([27.3, 44.1])
    image = np.exp(-((y[:, None] - spot[0]) ** 2 + (x - spot[1]) ** 2) / (2 * 0.3**2))
    found = seen.scan(image)
    rows, across = np.indices(found.shape) * seen.stated_nm
    centroid = [(found * axis).sum() / found.sum() for axis in (rows, across)]
    np.testing.assert_allclose(centroid, seen.place(*spot), atol=0.01)


def test_drift__is_as_fast_as_asked():
    runs = [
        scanning.frame(
            (0.0, 0.0),
            np.random.default_rng(seed),
            **{
                "pixels": 256,
                "pixel_size_nm": 0.1,
                "dwell_us": 100.0,
                "drift_nm_per_min": 10.0,
                "line_jitter_nm": 0.0,
                "scan_scale_error": 0.0,
            },
        )
        for seed in range(40)
    ]
    way = [np.hypot(np.ptp(run.drift_y), np.ptp(run.drift_x)) for run in runs]
    assert np.mean(way) == pytest.approx(10.0 * 256**2 * 100e-6 / 60, rel=0.15)


def test_drift_out_of_view__is_refused_with_what_would_fit():
    asked = {"pixels": 768, "pixel_size_nm": 0.3, "dwell_us": 1e4, "drift_nm_per_min": 100.0}
    with pytest.raises(BatchError, match="drift_nm_per_min: 100 with dwell_us: 10000") as raised:
        frame(**asked)
    drift, dwell = re.findall(r"of at most ([\d.e+]+)", str(raised.value))
    for fits in ({"drift_nm_per_min": float(drift)}, {"dwell_us": float(dwell)}):
        y, _ = frame(**(asked | fits)).grid()
        assert y.size < 2.1 * 768
    with pytest.raises(BatchError, match="line_jitter_nm: 5 .* at most"):
        frame(pixels=64, pixel_size_nm=0.003, line_jitter_nm=5.0)


def test_counts__are_poisson_of_the_electrons_that_arrive():
    detector = scanning.Detector(1e4, 10.0, 0.0, 0.0, 1000.0)
    counts = detector.count(np.full((300, 300), 0.1), 0.3, np.random.default_rng(0)) - 1000.0
    electrons = 1e4 * 0.3**2 * 0.1
    assert counts.mean() ** 2 / counts.var() == pytest.approx(electrons, rel=0.05)


def test_overview__tells_the_truth_of_a_layer_it_holds_whole():
    specimen = alone(square_layer(6, 6, merged_pairs=[(0, 1), (8, 9)]))
    _, truth = overview.record(
        specimen,
        np.random.default_rng(0),
        **settings("overview", look_at="middle", pixels=300, pixel_size_nm=0.25, **STILL),
    )
    assert truth.sizes["particle"] == 34
    assert not truth["touches_border"].any()
    assert np.bincount(truth["units"]).tolist() == [0, 32, 2]
    rounded = (4 - np.pi) * (0.07 * 8) ** 2
    single = truth["area"][truth["units"] == 1]
    np.testing.assert_allclose(single, 64 - rounded, rtol=5e-3)
    total = float(truth["area"].sum())
    assert float(truth["coverage"]) == pytest.approx(total / 75.0**2)
    label = truth["particle_label"].to_numpy()
    assert label.max() == 34
    assert (label > 0).sum() * 0.25**2 == pytest.approx(total, rel=0.01)
    # Every weight of a whole particle is the field over the room that its box has.
    box = np.where(truth["units"] == 1, 8.0, 16.0)
    weight = 75.0**2 / ((75.0 - 8.0) * (75.0 - box))
    assert float(truth["number_density"]) == pytest.approx(weight.sum() / 75.0**2, rel=0.01)
    share = weight[truth["units"] == 2].sum() / weight.sum()
    assert float(truth["merged_fraction"]) == pytest.approx(share, rel=0.02)


def test_overview__places_particles_where_the_drifting_image_shows_them():
    specimen = alone(square_layer(5, 5))
    drifting = settings(
        "overview",
        look_at="middle",
        pixels=250,
        pixel_size_nm=0.25,
        dwell_us=200.0,
        drift_nm_per_min=20.0,
        dose_e_per_nm2=1e7,
        carbon_nm=0.0,
    )
    recording, truth = overview.record(specimen, np.random.default_rng(1), **drifting)
    assert sum(float(np.ptp(truth[name].values)) for name in ("drift_y", "drift_x")) > 2.0
    label = truth["particle_label"].to_numpy()
    signal = recording.data - np.median(recording.data[label == 0])
    rows, across = np.indices(label.shape) * 0.25
    for number, y, x in zip(
        truth["particle"].values,
        truth["centroid_y"].values,
        truth["centroid_x"].values,
        strict=True,
    ):
        weight = np.where(label == number, signal, 0.0)
        # Half a pixel more or less on one side of the label moves its centre by a quarter.
        assert (weight * rows).sum() / weight.sum() == pytest.approx(y, abs=0.25 / 4)
        assert (weight * across).sum() / weight.sum() == pytest.approx(x, abs=0.25 / 4)


def test_overview__keeps_bodies_apart_that_the_pixels_do_not():
    specimen = alone(square_layer(1, 2, gap=0.1))
    chosen = settings("overview", look_at="middle", pixels=128, pixel_size_nm=0.5)
    _, truth = overview.record(specimen, np.random.default_rng(0), **chosen)
    assert truth.sizes["particle"] == 2


def test_overview__shows_metal_brighter_than_crystal_and_crystal_than_film():
    specimen = with_metal(alone(square_layer(2, 2)), 5.0)
    image, truth = overview.record(
        specimen, np.random.default_rng(0), **settings("overview", look_at="middle", pixels=128)
    )
    row = np.rint(truth["metal_y"].values / 0.3).astype(int)
    column = np.rint(truth["metal_x"].values / 0.3).astype(int)
    metal = float(image.data[row[0], column[0]])
    label = truth["particle_label"].to_numpy()
    film = np.r_[image.data[:5].ravel(), image.data[-5:].ravel()]
    assert metal > np.median(image.data[label > 0]) > 3 * np.median(film)


def test_overview__refuses_a_view_that_the_layer_does_not_fill():
    specimen, rng = square_layer(4, 4), np.random.default_rng(0)
    chosen = settings("overview", look_at="middle", pixels=140, **STILL)
    _, truth = overview.record(specimen, rng, **chosen)
    assert float(truth["coverage"]) == pytest.approx((8 / 10.5) ** 2, rel=0.01)
    with pytest.raises(BatchError, match="view of 42.3 nm, larger than the field of 42 nm"):
        overview.record(specimen, rng, **(chosen | {"pixels": 141}))
    cluster = alone(specimen, 80.0)
    _, truth = overview.record(cluster, rng, **(chosen | {"pixels": 320}))
    assert truth.sizes["particle"] == 16


def test_overview_of_destroyed_crystals__has_no_particle():
    specimen = alone(square_layer(3, 3, state=np.ones(9, "i1")))
    chosen = settings("overview", look_at="middle")
    _, truth = overview.record(specimen, np.random.default_rng(0), **chosen)
    assert truth.sizes["particle"] == 0
    assert (float(truth["number_density"]), float(truth["coverage"])) == (0.0, 0.0)
    assert int(truth["empty_shell_count"]) == 9
    assert np.isnan(truth["size_mean"])


@pytest.mark.parametrize("instrument", [overview, atomic])
def test_images__repeat_with_their_seed(instrument):
    specimen = square_layer(4, 4, merged_pairs=[(0, 1)])
    name = instrument.__name__.rsplit(".", 1)[1]
    chosen = settings(name, look_at="anywhere", pixels=128)
    runs = [instrument.record(specimen, np.random.default_rng(s), **chosen) for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0][0].data, runs[1][0].data)
    assert runs[0][1].identical(runs[1][1])
    assert (runs[0][0].data != runs[2][0].data).any()


def test_atomic_image__has_the_lattice_parameter_in_its_spectrum():
    specimen = square_layer(1, 1, edge=20.0, angle=np.array([12.0]))
    error = 0.02
    image, truth = atomic.record(
        specimen,
        np.random.default_rng(0),
        **settings("atomic", look_at="middle", pixels=512, scan_scale_error=error, **STILL),
    )
    assert float(truth["scale_error"]) == pytest.approx(error)
    window = np.hanning(512)[:, None] * np.hanning(512)
    size = 4096
    power = np.abs(np.fft.fft2((image.data - image.data.mean()) * window, (size, size)))
    angle = np.radians(12.0)
    frequency = (1 + error) / float(truth["lattice_parameter"])
    for dy, dx in ((np.sin(angle), np.cos(angle)), (np.cos(angle), -np.sin(angle))):
        bins = 2 * frequency * 0.03 * size * np.array([dy, dx])
        row, column = np.rint(bins).astype(int)
        around = np.roll(power, (40 - row, 40 - column), (0, 1))[:81, :81]
        assert np.abs(np.array(np.unravel_index(around.argmax(), around.shape)) - 40).max() <= 2


def test_atomic_truth__names_the_crystals_seams_and_faults_in_view():
    specimen = square_layer(
        3, 3, merged_pairs=[(3, 4)], fault_offset=np.where(np.arange(9) == 4, 1.0, np.nan)
    )
    _, truth = atomic.record(
        specimen, np.random.default_rng(0), **settings("atomic", look_at="seamless", pixels=700)
    )
    middle = 0.03 * 699 / 2
    assert truth["seam_y"].values == pytest.approx([middle], abs=0.2)
    assert truth["seam_x"].values == pytest.approx([middle], abs=0.2)
    first, second = int(truth["seam_first"][0]), int(truth["seam_second"][0])
    label = truth["crystal_label"].sel(y=middle, method="nearest")
    assert int(label.sel(x=middle - 2, method="nearest")) == first
    assert int(label.sel(x=middle + 2, method="nearest")) == second
    found = truth.swap_dims(crystal="crystal").sel(crystal=second)
    assert truth["seam_translation"].values == pytest.approx([0.0], abs=1e-9)
    assert int(found["fault"]) == 1
    offset = float(found["fault_x"] - found["centre_x"])
    assert offset == pytest.approx(1.0, abs=scattering.LATTICE_NM / 2 + 0.01)
    assert int(truth["fault"].sum()) == 1
