"""Confinement against numbers computed elsewhere, limits that are known, and the panel."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import draw, quality
from nanostitch.eels import confinement
from nanostitch.eels.confinement import Semiconductor, gap_ev, length_nm

BARE = Semiconductor(2.32, 0.126)
COULOMB = Semiconductor(2.32, 0.126, 7.3)
OPTICAL = Semiconductor(2.32, 0.126, 4.96)


def test_numbers_of_the_design__come_out():
    """CsPbBr3 of the paper, computed independently: ../shared/science/METHODS.md."""
    assert gap_ev(8.1, "cube", BARE, spread=1.2 / 8.1) == pytest.approx(2.448, abs=5e-4)
    assert gap_ev(8.1, "slab", BARE) == pytest.approx(2.366, abs=6e-4)
    assert length_nm(2.39, "slab", BARE) == pytest.approx(6.5, abs=0.05)
    assert length_nm(2.39, "cube", BARE) == pytest.approx(11.3, abs=0.05)
    for crystal, shift in ((COULOMB, -0.074), (OPTICAL, -0.109)):
        found = gap_ev(8.1, "cube", crystal) - gap_ev(8.1, "cube", BARE)
        assert found == pytest.approx(shift, abs=5e-4)


def test_coulomb_constant__is_the_mean_inverse_distance_in_a_cube():
    rng = np.random.default_rng(1)
    grid = np.linspace(0, 1, 4001)
    cumulated = grid - np.sin(2 * np.pi * grid) / (2 * np.pi)  # of 2 sin²(pi x)
    place = [np.interp(rng.random((3, 400_000)), cumulated, grid) for _ in range(2)]
    inverse = 1 / np.sqrt(((place[0] - place[1]) ** 2).sum(axis=0))
    error = inverse.std() / np.sqrt(inverse.size)
    assert inverse.mean() == pytest.approx(confinement.CUBE_COULOMB, abs=4 * error)


def test_slab__binds_the_exciton_with_one_to_four_rydbergs():
    rydberg = 13.6057 * 0.126 / 7.3**2
    bound = gap_ev(np.array([0.01, 8.0, 1e4]), "slab", BARE)
    bound = bound - gap_ev(np.array([0.01, 8.0, 1e4]), "slab", COULOMB)
    assert bound[0] == pytest.approx(4 * rydberg, rel=0.01)
    assert rydberg < bound[1] < 2 * rydberg
    assert bound[2] == pytest.approx(rydberg, rel=1e-6)


@pytest.mark.parametrize("geometry", confinement.GEOMETRIES)
@pytest.mark.parametrize("crystal", [BARE, COULOMB, OPTICAL])
@pytest.mark.parametrize("spread", [0.0, 0.15])
def test_length__inverts_the_gap(geometry, crystal, spread):
    for length in (3.0, 6.5, 12.0):
        gap = float(gap_ev(length, geometry, crystal, spread))
        assert length_nm(gap, geometry, crystal, spread) == pytest.approx(length, rel=1e-6)


def test_gap_of_the_bulk_or_below__has_no_finite_length():
    assert length_nm(2.32, "cube", BARE) == np.inf
    assert length_nm(2.20, "slab", COULOMB) == np.inf
    assert np.isnan(length_nm(np.nan, "cube", BARE))
    assert np.isnan(length_nm(50.0, "cube", BARE))


def test_volume__weighs_large_crystals():
    rng = np.random.default_rng(2)
    length = rng.normal(8.1, 1.2, 400_000)
    for geometry, power in (("cube", 3), ("slab", 1)):
        drawn = np.average(gap_ev(length, geometry, BARE), weights=length**power)
        found = float(gap_ev(8.1, geometry, BARE, spread=1.2 / 8.1))
        assert found == pytest.approx(drawn, abs=1e-4)


def product(acquisition, condition, gap, half_width, verdict="good"):
    attrs = {"batch": "t", "technique": "eels", "sample": "g", "product": "band_gap"}
    attrs |= {"acquisition": acquisition, "condition": condition, "simulated": 1}
    attrs |= {"condition_label": condition.capitalize()}
    dims, units = ("estimator", "region"), {"units": "eV"}
    values = {"": gap, "_lower": gap - half_width, "_upper": gap + half_width}
    data = xr.Dataset(
        {f"region_band_gap{end}": (dims, [[value]], units) for end, value in values.items()},
        {"estimator": ["onset_fit"], "region": ["all"]},
        attrs,
    )
    nothing = xr.DataArray([[bool(np.isnan(gap))]], dims=dims)
    data["region_quality"] = quality.flags({"no_onset": nothing}).assign_attrs(units="1")
    data["verdict"] = quality.verdict({"for a test": verdict} if verdict != "good" else {})
    return data


def collected(*products, **options):
    panels = [{"kind": "confinement", "select": {}, **options}]
    return draw.collect({"title": "T", "width": "single", "panels": panels}, products)


def test_panel__says_which_lengths_a_gap_asks_for():
    settings = {"size_spread": 0, "bulk_gap_uncertainty_ev": 0}
    data = collected(product("a", "week", 2.39, 0.02), **settings)["a"].to_dataset()
    length = data["confinement_length"].sel(model="slab").item()
    assert length == pytest.approx(6.5, abs=0.05)
    bounds = [
        data[f"confinement_length_{end}"].sel(model="slab").item() for end in ("lower", "upper")
    ]
    assert bounds == pytest.approx([length_nm(g, "slab", BARE) for g in (2.41, 2.37)])
    wide = collected(product("a", "week", 2.39, 0.02), bulk_gap_uncertainty_ev=0.1)["a"]
    assert np.isinf(wide["confinement_length_upper"].sel(model="slab"))


def test_panel__draws_models_bands_and_declared_lengths():
    lengths = [{"condition": "fresh", "length_nm": 8.1, "sd_nm": 1.2}]
    products = [product("a", "fresh", 2.45, 0.01), product("b", "week", 2.39, 0.02, "doubtful")]
    tree = collected(*products, product("c", "week", np.nan, 0.01), lengths=lengths)
    data = tree["a"].to_dataset()
    np.testing.assert_array_equal(np.isfinite(data["placed_length"]), [True, False, False])
    assert "no onset" in data.attrs["notes"]
    axes = draw.figure(tree).axes[0]
    curves = [line for line in axes.lines if len(line.get_xdata()) > 10]
    assert len(curves) == 4
    np.testing.assert_array_equal(curves[0].get_ydata(), data["model_gap"].sel(model="cube"))
    points = [line for line in axes.lines if list(line.get_xdata()) == [8.1]]
    assert points
    assert points[0].get_ydata()[0] == 2.45
    low, high = axes.get_ylim()
    assert low < 2.32 < 2.46 < high


def test_panel_without_any_gap__still_shows_the_models():
    tree = collected(product("a", "fresh", np.nan, 0.01))
    axes = draw.figure(tree).axes[0]
    assert len([line for line in axes.lines if len(line.get_xdata()) > 10]) == 4
    assert np.isnan(tree["a"]["confinement_length"]).all()
