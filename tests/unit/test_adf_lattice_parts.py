"""Parts of the search for lattices: library, basis, waves, rotation by the fast axis."""

import lattice_images as made
import numpy as np
import pytest

from nanostitch.adf.crystal import basis, index, phases, waves, windows
from nanostitch.adf.crystal.reflections import Lattice


def spacings(phase: str, zone: str) -> np.ndarray:
    (one,) = [z for z in phases.zones(phase) if z.name == zone]
    return 1 / np.linalg.norm(one.basis, axis=1)


@pytest.mark.parametrize(
    ("phase", "zone", "wanted"),
    [
        # Interplanar spacings from the powder diffraction literature [nm].
        ("CsPbBr3_cubic", "[001]", (0.587, 0.587)),
        ("CsPbBr3_cubic", "[110]", (0.587, 0.4151)),
        ("Pb", "[110]", (0.2858, 0.2858)),
        ("Pb", "[001]", (0.2476, 0.2476)),
        ("Si", "[110]", (0.3136, 0.3136)),
        ("CdTe", "[110]", (0.3742, 0.3742)),
        ("CsPb2Br5", "[001]", (0.5996, 0.5996)),
        ("SrTiO3", "[001]", (0.3905, 0.3905)),
    ],
)
def test_zones__spacings_are_those_of_the_tables(phase, zone, wanted):
    np.testing.assert_allclose(spacings(phase, zone), wanted, rtol=1e-3)


@pytest.mark.parametrize("phase", ["CsPbBr3_cubic", "Pb", "CsBr", "Si", "CdTe", "SrTiO3"])
def test_zones__cubic_phases_have_three_with_their_rotation(phase):
    found = {zone.name: (zone.number, zone.period) for zone in phases.zones(phase)}
    assert found == {"[001]": (0, 90.0), "[110]": (1, 180.0), "[111]": (2, 60.0)}


def test_zones__the_orthorhombic_cell_holds_the_cube_in_its_half_order():
    # Along b its reflections (101) and (10-1) are those of the cube; others lie half-way.
    (zone,) = [z for z in phases.zones("CsPbBr3_orthorhombic") if z.name == "[010]"]
    one, other = zone.basis
    for vector in (one + other, one - other):
        assert 1 / np.linalg.norm(vector) == pytest.approx(0.582, rel=2e-3)
    cube = phases.PHASES["CsPbBr3_orthorhombic"].pseudo_cubic
    assert cube == pytest.approx(0.584, rel=1e-3)


def test_reduced__the_lattice_stays_and_its_vectors_are_shortest():
    rng = np.random.default_rng(0)
    for _ in range(50):
        start = rng.normal(size=(2, 2))
        whole = np.array([[3, 1], [2, 1]]) @ start
        found = basis.reduced(whole)
        assert abs(np.linalg.det(found)) == pytest.approx(abs(np.linalg.det(start)))
        times = found @ np.linalg.inv(start)
        np.testing.assert_allclose(times, np.round(times), atol=1e-9)
        assert abs(found[0] @ found[1]) <= found[0] @ found[0] / 2 + 1e-12
        assert np.linalg.norm(found[0]) <= np.linalg.norm(found[1]) + 1e-12


def test_spanning__weak_reflections_between_strong_ones_are_not_lost():
    one, other = np.array([0.0, 1.7]), np.array([1.7, 0.0])
    places = np.array([one + other, one - other, 2 * one, 2 * other, one, other])
    strengths = np.array([900.0, 800.0, 1000.0, 950.0, 30.0, 20.0])
    found = basis.spanning(places, strengths, np.sqrt(strengths))
    assert abs(np.linalg.det(found)) == pytest.approx(1.7**2)
    strong = basis.spanning(places[:4], strengths[:4], np.sqrt(strengths[:4]))
    assert abs(np.linalg.det(strong)) == pytest.approx(2 * 1.7**2)


def test_spanning__one_row_is_no_basis():
    row = np.array([[0.0, 1.7], [0.0, 3.4], [0.0, 5.1]])
    assert basis.spanning(row, np.ones(3), np.ones(3)) is None


def a_lattice(vectors_xy: np.ndarray) -> Lattice:
    (x1, y1), (x2, y2) = vectors_xy
    return Lattice((y1, x1), (y2, x2), 1e-6 * np.eye(4), ())


def turned(angle: float, vectors: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return vectors @ np.array([[cos, sin], [-sin, cos]])


def best(domain: Lattice, material: str = "CsPbBr3") -> index.Match:
    names = list(phases.PHASES)[:6]
    return index.matches(
        domain,
        names=names,
        material=material,
        told_odds=10,
        scale_tolerance=0.02,
        distortion_tolerance=0.01,
    )[0]


def test_matches__drift_neither_turns_nor_hides_a_lattice():
    cube = np.eye(2) / 0.587
    for angle in (5.0, 40.0, 80.0):
        # Places are drawn at (x + c y, b y): reflections transform with the inverse transpose.
        drawn = np.array([[1.0, 0.008], [0.0, 1.006]])
        seen = turned(angle, cube) @ np.linalg.inv(drawn)
        match = best(a_lattice(seen))
        assert match.zone.label == "CsPbBr3_cubic [001]"
        assert made.wrapped(match.orientation - angle, 90) == pytest.approx(0.0, abs=1e-9)


def test_matches__probabilities_of_all_and_none_add_up_to_one():
    found = index.matches(
        a_lattice(turned(10.0, np.eye(2) / 0.587)),
        names=list(phases.PHASES),
        material="",
        told_odds=10,
        scale_tolerance=0.02,
        distortion_tolerance=0.01,
    )
    total = sum(match.probability for match in found)
    assert 0.9 < total < 1
    assert [m.probability for m in found] == sorted((m.probability for m in found), reverse=True)


def test_matches__without_a_told_material_close_phases_share_the_probability():
    cube = a_lattice(np.eye(2) / 0.59335)  # midway between CsPbBr3 and CsPb2Br5 along [001]
    told, untold = best(cube), best(cube, material="")
    assert told.zone.phase == "CsPbBr3_cubic"
    assert told.probability > untold.probability
    assert untold.probability < 0.75


@pytest.mark.parametrize("angle", [0.0, 3.0, 30.0, 44.0])
def test_turned__is_the_smallest_rotation_and_symmetric(angle):
    square = np.array([[1.7, 0.0], [0.0, 1.7]])
    one, other = a_lattice(square), a_lattice(turned(angle, square))
    assert index.turned(one, other) == pytest.approx(angle, abs=1e-9)
    assert index.turned(other, one) == pytest.approx(angle, abs=1e-9)
    again = a_lattice(turned(angle + 90, square))
    assert index.turned(one, again) == pytest.approx(angle, abs=1e-9)


def test_turned__unlike_lattices_have_none():
    square = np.array([[1.7, 0.0], [0.0, 1.7]])
    assert np.isnan(index.turned(a_lattice(square), a_lattice(square * [[1, 1], [1, 1.41]])))


def test_wave__of_a_plane_wave_has_its_amplitude_and_tells_its_frequency():
    ky, kx = 1.234, -0.87
    y, x = np.meshgrid(0.05 * np.arange(200), 0.05 * np.arange(240), indexing="ij")
    values = 3 * np.cos(2 * np.pi * (ky * y + kx * x))
    image = windows.Picture(
        values.astype(np.float32), np.ones(values.shape, bool), (0.05, 0.05), (0.0, 0.0)
    )
    on = waves.grid(image)
    start = (1.2, -0.9)
    wave = on.wave(start, 0.6)
    inner = (slice(6, -6), slice(6, -6))
    away = np.hypot(*np.subtract((ky, kx), on.nearest(start)))
    wanted = 1.5 * np.exp(-2 * (np.pi * 0.6 * away) ** 2)
    np.testing.assert_allclose(np.abs(wave[inner]), wanted, rtol=0.002)
    shift = waves.local_shift(wave, on.step)[inner]
    found = np.array(on.nearest(start)) + np.median(shift, axis=(0, 1))
    np.testing.assert_allclose(found, (ky, kx), atol=2e-3)


def test_picture__finer_pixels_are_thinned_without_moving_the_image():
    y, x = np.meshgrid(0.02 * np.arange(300), 0.02 * np.arange(300), indexing="ij")
    values = np.cos(2 * np.pi * (1.3 * y + 0.6 * x))
    thinned = windows.picture(made.dataset(values, 0.02)["intensity"])
    assert thinned.values.shape == (120, 120)
    at = thinned.coordinates()
    wanted = np.cos(2 * np.pi * (1.3 * at["y"] + 0.6 * at["x"]))
    inner = at.isel(y=slice(30, -30), x=slice(30, -30))
    # The slow part is taken away, and with it a little of long waves.
    assert float(abs(inner - wanted).max()) < 0.02


def test_spectra__noise_exceeds_the_threshold_as_often_as_is_told():
    above = 0
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(size=(160, 160))
        image = windows.picture(made.dataset(noise, 0.05)["intensity"])
        found = windows.spectra(image, window_nm=4.0, false_alarm=0.1)
        above += bool((found.strength > found.threshold).any())
    # 6 are told; windows overlap, and a median of few bins is itself uncertain.
    assert above <= 13
