"""Gap at a boundary: delocalisation, tests that hold what they promise, refusals with reasons."""

import numpy as np
import onsets
import pytest
import xarray as xr

from nanostitch import contracts, quality, schema
from nanostitch.contracts.eels import BOUNDARY
from nanostitch.eels import boundary, delocalisation, line_contrast, zero_loss
from nanostitch.eels.line_contrast import Line

DEFAULTS = schema.with_defaults({}, schema.load("eels"))
SETTINGS = DEFAULTS["boundary"]
X = np.linspace(0, 24, 30)
SEAM = 11.7
ENERGY = -0.8 + onsets.STEP_EV * np.arange(420)
L50 = delocalisation.length_nm(2.4, 60)


def gaps(values, half_width=0.01, reasons=None):
    """What the comparison reads of a band-gap product, for gaps along a line."""
    values = np.asarray(values, dtype=float)
    dims = ("estimator", "x")
    product = xr.Dataset(
        {
            "band_gap": (dims, values[None]),
            "band_gap_lower": (dims, values[None] - half_width),
            "band_gap_upper": (dims, values[None] + half_width),
            "verdict": quality.verdict(reasons or {}),
        },
        {"x": X, "estimator": ["onset_fit"], "region": ["all"]},
    )
    lower = np.full((1, 1), 2.39)
    product["region_band_gap_lower"] = (("estimator", "region"), lower)
    return product


@pytest.fixture(scope="module")
def line():
    """Spectra of a line of equal gaps with their alignment."""
    random = np.random.default_rng(5)
    tail, loss = onsets.expected(onsets.root, 2.4, 0.05, ENERGY, 2e8)
    counts = random.poisson(tail + loss, (X.size, ENERGY.size))
    raw = xr.Dataset(
        {"counts": (("x", "energy"), counts, {"units": "1"})},
        {"x": ("x", X, {"units": "nm"}), "energy": ("energy", ENERGY, {"units": "eV"})},
        {"boundary_nm": SEAM, "beam_energy_kev": 60.0},
    )
    return raw, zero_loss.align(raw, **DEFAULTS["zero_loss"])


def measured(line, values, told=None, **changed):
    raw, aligned = line
    raw = raw.assign_attrs(told or {})
    product = gaps(values, **changed)
    found = boundary.measure(product, raw, aligned, **SETTINGS)
    return contracts.check(found, BOUNDARY, "test")


@pytest.mark.parametrize(("beam", "length"), [(30, 7.1), (60, 8.1), (80, 8.5), (200, 9.6)])
def test_delocalisation__is_that_of_the_literature_at_2_4_ev(beam, length):
    # METHODS states these lengths of L50 = 0.52 lambda / theta_E^0.75.
    assert delocalisation.length_nm(2.4, beam) == pytest.approx(length, abs=0.15)


@pytest.mark.parametrize("beam", [0.1, 60.0, 100.0, 300.0])
def test_characteristic_angle__is_that_of_the_other_form_of_the_formula(beam):
    rest = 510.99895
    other = 2.4e-3 / beam * (beam + rest) / (beam + 2 * rest)
    assert delocalisation.characteristic_angle(2.4, beam) == pytest.approx(other, rel=1e-6)


def test_share_of_strip__adds_up_to_all_losses():
    whole = delocalisation.share_of_strip(np.array([0.0]), 1e6, L50)
    assert whole[0] == pytest.approx(1.0, abs=1e-5)
    edges = np.arange(-500.0, 500.0, 2.0)
    parts = delocalisation.share_of_strip(edges + 1.0, 2.0, L50)
    assert parts.sum() == pytest.approx(1.0, abs=0.01)


def test_share_of_strip__half_of_the_losses_come_from_the_circle():
    # Projection of a plane onto a line: draw distances of losses, half of them within L50/2.
    random = np.random.default_rng(1)
    share = random.uniform(size=200_000)
    radius = L50 / 2 / np.sqrt(3) * np.sqrt(1 / (1 - share) ** 2 - 1)
    assert np.mean(radius < L50 / 2) == pytest.approx(0.5, abs=0.005)
    across = radius * np.cos(random.uniform(0, 2 * np.pi, share.size))
    seen = np.mean(np.abs(across - 1.0) < 2.0)
    assert delocalisation.share_of_strip(np.array([1.0]), 4.0, L50)[0] == pytest.approx(
        seen, abs=0.005
    )


def test_measure__an_equal_gap_is_equivalent_and_says_what_would_have_been_seen(line):
    random = np.random.default_rng(3)
    found = measured(line, 2.4 + random.normal(0, 0.006, X.size))
    assert float(found["delocalisation_length"]) == pytest.approx(L50, rel=0.01)
    assert float(found["equivalence_p"]) < 0.05
    assert found["gap_difference_lower"] < 0 < found["gap_difference_upper"]
    half = (found["gap_difference_upper"] - found["gap_difference_lower"]) / 2
    assert half < found["smallest_effect"] < 2 * half
    # A strip of 1.2 nm is some 15 % of what the beam on it sees, less what is seen from beyond.
    assert 6 < found["smallest_local_effect"] / found["smallest_effect"] < 15
    assert found["sub_gap_excess_lower"] < 0 < found["sub_gap_excess_upper"]
    assert quality.level(found) == "good"
    np.testing.assert_allclose(found["distance"], X - SEAM)


def test_measure__a_real_difference_is_found_and_is_not_equivalent(line):
    random = np.random.default_rng(4)
    near = np.abs(X - SEAM) <= L50 / 2
    found = measured(line, 2.4 - 0.05 * near + random.normal(0, 0.006, X.size))
    assert found["gap_difference"].item() == pytest.approx(-0.05, abs=0.01)
    assert found["gap_difference_upper"] < 0
    assert float(found["equivalence_p"]) > 0.9


def test_measure__a_step_between_the_sides_is_no_difference_at_the_boundary(line):
    random = np.random.default_rng(6)
    step = 0.02 * np.tanh((X - SEAM) / 3)
    found = measured(line, 2.4 + step + random.normal(0, 0.003, X.size))
    assert found["side_difference"].item() == pytest.approx(0.04, abs=0.006)
    assert abs(found["gap_difference"].item()) < 0.006
    mirrored = measured(line, 2.4 - step + random.normal(0, 0.003, X.size))
    assert mirrored["side_difference"].item() == pytest.approx(-0.04, abs=0.006)


def test_measure__common_errors_of_all_points_do_not_count(line):
    values = 2.4 + np.random.default_rng(7).normal(0, 0.006, X.size)
    one, wide = measured(line, values), measured(line, values + 1e-3, half_width=0.08)
    for name in ("gap_difference", "gap_difference_lower", "smallest_effect"):
        assert one[name].item() == pytest.approx(wide[name].item())


def test_measure__says_that_the_gap_varies_of_itself(line):
    random = np.random.default_rng(8)
    wavy = 2.4 + 0.02 * np.cos(2 * np.pi * (X - SEAM) / 24) + random.normal(0, 0.002, X.size)
    found = measured(line, wavy)
    assert quality.level(found) == "doubtful"
    assert "need not be the boundary's" in found["verdict"].attrs["reasons"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"boundary_nm": ""}, "tell boundary_nm"),
        ({"boundary_nm": 40.0}, "0 points with a gap within L50/2"),
        ({"boundary_nm": 1.0}, "on one side only"),
    ],
)
def test_measure__says_what_is_not_told_or_not_there(line, told, words):
    found = measured(line, np.full(X.size, 2.4), told)
    assert words in found["verdict"].attrs["reasons"]
    missing = words != "on one side only"
    assert quality.level(found) == ("bad" if missing else "doubtful")
    assert np.isnan(found["gap_difference"].item()) == missing
    assert np.isnan(found["side_difference"].item())


def test_measure__needs_the_beam_energy_and_a_line(line):
    raw, aligned = line
    blind = raw.copy()
    del blind.attrs["beam_energy_kev"]
    found = boundary.measure(gaps(np.full(X.size, 2.4)), blind, aligned, **SETTINGS)
    assert "beam energy unknown" in found["verdict"].attrs["reasons"]
    single = gaps(np.full(X.size, 2.4)).isel(x=0, drop=True)
    found = boundary.measure(single, raw, aligned, **SETTINGS)
    assert "no line scan" in contracts.check(found, BOUNDARY, "test")["verdict"].attrs["reasons"]
    nothing = measured(line, np.full(X.size, np.nan), reasons={"tail too high": "bad"})
    assert "no point of the line has a gap (tail too high)" in nothing["verdict"].attrs["reasons"]


def lines(random, effect, number=400):
    """Contrasts of many lines whose gap differs by an effect at the boundary, noise uneven."""
    distance = X - SEAM
    uncertainty = 0.006 * (1 + np.abs(distance) / 12)
    near = np.abs(distance) <= L50 / 2
    drift = 0.01 * np.sin(distance / 8)  # smooth and odd about the boundary
    for _ in range(number):
        gap = 2.4 + drift + effect * near + random.normal(0, uncertainty)
        one = Line(distance, gap, 3 * uncertainty, L50)
        yield line_contrast.contrast(one, [one.near], one.sides)


def test_contrast__interval_and_tests_hold_what_they_promise():
    random = np.random.default_rng(9)
    held = np.mean([abs(c.value) <= c.side for c in lines(random, 0.0)])
    assert 0.92 < held < 0.98  # of 400; 95 % within three standard errors
    smallest = np.mean([c.smallest for c in lines(random, 0.0)])
    seen = np.mean([abs(c.value) > c.side for c in lines(random, smallest)])
    assert 0.74 < seen < 0.86
    at_margin = np.mean([c.equivalence_p(0.01) < 0.05 for c in lines(random, 0.01)])
    assert at_margin < 0.08
    equal = np.mean([c.equivalence_p(0.03) < 0.05 for c in lines(random, 0.0)])
    assert equal > 0.95
