"""Composition from X-ray spectra: simulated answers and invariances."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from xrays import factors, spectrum

from nanostitch import contracts, quality, schema
from nanostitch.contracts.edx import COMPOSITION
from nanostitch.edx import composition, statistics
from nanostitch.edx.kfactor import Factors
from nanostitch.edx.phases import fractions
from nanostitch.errors import BatchError

PEROVSKITE = np.array([20.0, 20.0, 60.0])


def measured(one: xr.Dataset, standards=(), other=None, **changed) -> xr.Dataset:
    settings = schema.with_defaults({}, schema.load("edx"))["composition"] | {"draws": 4000}
    found = composition.measure(one, list(standards), other, **(settings | changed))
    return contracts.check(found, COMPOSITION, "test")


@pytest.fixture(scope="module")
def told():
    return factors(0.0, np.random.default_rng(0))


@pytest.fixture(scope="module")
def film() -> xr.Dataset:
    return spectrum(PEROVSKITE, 2e4, 0.004, np.random.default_rng(7))


@pytest.fixture(scope="module")
def found(film, told) -> xr.Dataset:
    return measured(film, k_factors=told)


def test_composition__is_that_of_the_simulated_film(found):
    assert quality.level(found) == "good"
    assert (found["atomic_percent_lower"].values < PEROVSKITE).all()
    assert (found["atomic_percent_upper"].values > PEROVSKITE).all()
    assert float(found["atomic_percent"].sum()) == pytest.approx(100, abs=0.05)
    assert float(found["reduced_chi_square"]) == pytest.approx(1, abs=0.15)
    # Rows of the covariance of what adds up to 100 add up to zero.
    assert np.abs(found["atomic_percent_covariance"].sum("other_element")).max() < 1e-9
    assert np.abs(found["log_ratio_covariance"].sum("other_element")).max() < 1e-9


def test_raw_areas__are_no_composition(found):
    away = np.abs(found["raw_area_percent"].values - PEROVSKITE)
    assert away.max() > 5


def test_phases__pure_perovskite_has_limits_and_lead_metal_is_excluded(found):
    share = {name: found.sel(phase=name) for name in found["phase"].values}
    assert float(share["CsPbBr3"]["phase_fraction_upper"]) == 1
    for name in ("Cs4PbBr6", "CsPb2Br5", "Pb"):
        assert float(share[name]["phase_fraction_lower"]) == 0
        assert 0 < float(share[name]["secondary_phase_limit"]) < 0.25
    assert float(share["Pb"]["phase_fraction_upper"]) < 0.05


def test_brighter_spectrum__has_the_same_composition(film, found, told):
    brighter = film.assign(counts=(3000 * film["counts"]).assign_attrs(units="1"))
    same = measured(brighter, k_factors=told)
    np.testing.assert_allclose(same["atomic_percent"], found["atomic_percent"], rtol=5e-3)
    areas = same["line_area"] / found["line_area"]
    strong = found["line_area"] > 20 * found["line_area_uncertainty"]
    np.testing.assert_allclose(areas[strong], 3000, rtol=0.02)


@pytest.mark.parametrize("order", [["Pb", "Br", "Cs"], ["Br", "Cs", "Pb"]])
def test_order_of_elements__changes_no_number(film, found, told, order):
    turned = measured(
        film, k_factors=dict(reversed(told.items())), elements=order, artefacts=["Cu", "Si", "Al"]
    )
    again = measured(film, k_factors=told, artefacts=["Al", "Si", "Cu"])
    names = ["atomic_percent", "atomic_percent_lower", "atomic_percent_upper", "mass_percent"]
    for name in [*names, "raw_area_percent", "log_ratio"]:
        same = turned[name].sel(element=again["element"])
        np.testing.assert_allclose(same, again[name], rtol=1e-12)
    np.testing.assert_array_equal(turned["line_area"], again["line_area"])
    for name in ("phase_fraction", "phase_fraction_upper"):
        np.testing.assert_allclose(turned[name], again[name], atol=1e-9)


def test_map__is_summed_to_one_spectrum(film, told, found):
    random = np.random.default_rng(1)
    counts = film["counts"].values.astype(int)
    shares = random.multinomial(counts, np.full(6, 1 / 6)).reshape(counts.size, 2, 3)
    mapped = film.drop_vars("counts").assign(
        counts=(("y", "x", "energy"), np.moveaxis(shares, 0, -1).astype("u2"), {"units": "1"})
    )
    xr.testing.assert_allclose(measured(mapped, k_factors=told), found)


def test_thirty_electronvolts_of_axis__are_found(found, film, told):
    moved = film.assign_coords(energy=("energy", film["energy"].values + 0.03, {"units": "keV"}))
    other = measured(moved, k_factors=told)
    shift = float(other["energy_offset"] - found["energy_offset"])
    assert shift == pytest.approx(30, abs=4)
    np.testing.assert_allclose(other["atomic_percent"], found["atomic_percent"], rtol=0.01)


def test_computed_factors__hold_the_truth_with_wide_intervals(film, found):
    wide = measured(film)
    assert "first principles" in wide["verdict"].attrs["reasons"]
    assert (wide["k_source"].sel(line=["Br_Ka", "Cs_La", "Pb_La"]).str.startswith("computed")).all()
    here, there = (p["atomic_percent_upper"] - p["atomic_percent_lower"] for p in (wide, found))
    assert (here > 3 * there).all()
    assert (wide["atomic_percent_lower"].values < PEROVSKITE).all()
    assert (wide["atomic_percent_upper"].values > PEROVSKITE).all()


def test_standard_of_the_same_material__gives_the_factors(film, told):
    standard = spectrum(PEROVSKITE, 5e4, 0.004, np.random.default_rng(8))
    standard.attrs |= {"acquisition": "single_crystal", "known_composition": "CsPbBr3"}
    mine = measured(film, [standard])
    assert mine["k_source"].sel(line="Cs_La").item() == "standard: single_crystal"
    true = np.array([told[line]["value"] for line in ("Cs_La", "Pb_La", "Br_Ka")])
    k = mine.sel(line=["Cs_La", "Pb_La", "Br_Ka"])
    away = np.abs(k["k_factor"].values - true / true[2])
    assert (away[:2] < 4 * k["k_factor_uncertainty"].values[:2]).all()
    half = 0.5 * (mine["atomic_percent_upper"] - mine["atomic_percent_lower"]).values
    assert (np.abs(mine["atomic_percent"].values - PEROVSKITE) < 2 * half).all()


def test_standard_of_unknown_composition__is_refused(film):
    standard = film.assign_attrs(acquisition="glass")
    with pytest.raises(BatchError, match="glass.*known_composition"):
        measured(film, [standard])


def test_comparison__is_free_of_factors_and_finds_a_loss(film, found, told):
    alike = spectrum(PEROVSKITE, 1e5, 0.0, np.random.default_rng(11))
    poor = spectrum(np.array([20.0, 20.0, 50.0]), 1e5, 0.0, np.random.default_rng(12))
    fresh = measured(spectrum(PEROVSKITE, 1e5, 0.0, np.random.default_rng(13)), k_factors=told)
    wrong = {
        line: one | {"value": one["value"] * n} for n, (line, one) in enumerate(told.items(), 1)
    }
    same = measured(alike, other=fresh, k_factors=wrong)
    assert (same["amount_ratio_lower"] < 1.0).all()
    assert (same["amount_ratio_upper"] > 1.0).all()
    assert same["equivalent"].all()
    lost = measured(poor, other=fresh, k_factors=told).sel(pair=["Cs/Br", "Pb/Br"])
    assert (lost["amount_ratio_lower"] < 1.2).all()
    assert (lost["amount_ratio_upper"] > 1.2).all()
    assert not lost["equivalent"].any()


def test_missing_element__is_an_upper_limit(told):
    one = spectrum(np.array([0.0, 25.0, 75.0]), 2e4, 0.0, np.random.default_rng(3))
    none = measured(one, k_factors=told)
    assert quality.level(none) == "doubtful"
    assert "Cs_La: not detected" in none["verdict"].attrs["reasons"]
    assert float(none["atomic_percent_upper"].sel(element="Cs")) < 1.5


def test_thick_film__is_flagged_by_its_declared_mass_thickness(film, told):
    thin = measured(film, k_factors=told, mass_thickness_ug_per_cm2=3.9)
    assert float(thin["absorbed"].max()) < 0.02
    thick = measured(film, k_factors=told, mass_thickness_ug_per_cm2=2000.0)
    assert "absorbed" in thick["verdict"].attrs["reasons"]
    # Half of the absorption length of a thin layer: mu of Pb M in CsPbBr3 is of order 1000 cm2/g.
    assert 0.3 < float(thick["absorbed"].sel(line="Pb_Ma")) < 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fit_window_kev": [19.0, 19.5]}, "too few counts"),
        ({"fit_window_kev": [3.0, 10.0]}, "no line of Pb, Br"),
        ({"specimen": "bulk"}, "no beam current"),
    ],
)
def test_what_cannot_be_measured__has_no_number_and_a_reason(film, change, words):
    none = measured(film, **change)
    assert quality.level(none) == "bad"
    assert words in none["verdict"].attrs["reasons"]
    assert none["atomic_percent"].isnull().all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: np.where(np.arange(c.size) == 1192, np.nan, c), "no number"),
        (lambda c: np.where(np.arange(c.size) == 5, np.inf, c), "no number"),
        (lambda c: c - 20, "background was subtracted"),
        (lambda c: np.minimum(c, 300), "cut off at 300 counts"),
        (lambda c: 0 * c + 50, "nothing of Cs, Pb, Br is detected"),
    ],
)
def test_counts_that_are_none__have_no_composition(film, told, change, words):
    none = measured(
        film.assign(counts=("energy", change(film["counts"].values), {"units": "1"})),
        k_factors=told,
    )
    assert quality.level(none) == "bad"
    assert words in none["verdict"].attrs["reasons"]
    assert none["atomic_percent"].isnull().all()


@pytest.mark.parametrize(
    "change",
    [{"fit_window_kev": [1.1, 20.0]}, {"elements": ["Sr", "Ti"], "phases": [], "k_factors": {}}],
)
def test_wrong_axis_or_elements__have_no_number_whatever_lies_under_their_lines(film, told, change):
    off = 1.05 if "fit_window_kev" in change else 1.0
    axis = film.assign_coords(energy=("energy", off * film["energy"].values, {"units": "keV"}))
    none = measured(axis, **({"k_factors": told} | change))
    assert quality.level(none) == "bad"
    assert none["atomic_percent"].isnull().all()
    assert none["line_area"].isnull().all()


def test_scaled_counts__are_doubted(film, told):
    scaled = film.assign(counts=film["counts"] / 7)
    assert "no whole numbers" in measured(scaled, k_factors=told)["verdict"].attrs["reasons"]


def test_comparison__with_another_beam_or_what_is_not_seen_has_no_ratio(film, found, told):
    other = measured(film.assign_attrs(beam_energy_kev=300.0), other=found, k_factors=told)
    assert other["amount_ratio"].isnull().all()
    assert not other["equivalent"].any()
    assert "its beam has 200 keV" in other["verdict"].attrs["reasons"]
    poor = spectrum(np.array([0.0, 25.0, 75.0]), 2e4, 0.0, np.random.default_rng(3))
    ratio = measured(poor, other=found, k_factors=told)
    assert "Cs/Pb, Cs/Br: no ratio" in ratio["verdict"].attrs["reasons"]
    assert float(ratio["amount_ratio"].sel(pair="Pb/Br")) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("angle", [None, 0.0, -20.0])
def test_absorption__is_not_judged_without_an_angle(film, told, angle):
    attrs = {"beam_energy_kev": 200.0} | (
        {} if angle is None else {"elevation_angle_degree": angle}
    )
    one = film.drop_attrs(deep=False).assign_attrs(attrs)
    one = measured(one, k_factors=told, mass_thickness_ug_per_cm2=2000.0)
    assert quality.level(one) == "doubtful"
    assert one["absorbed"].isnull().all()


@pytest.mark.parametrize(
    "change",
    [
        {"elements": ["Cs", "Xx"]},
        {"artefacts": ["Cs"]},
        {"quantified_lines": {"Pb": "Pb_Ka"}},
        {"fit_window_kev": [20.0, 1.0]},
        {"oxides": ["SiO2"]},
    ],
)
def test_settings_that_name_what_is_not_there__are_refused(film, change):
    with pytest.raises(BatchError, match="edx"):
        measured(film, **change)


def test_draws__have_the_spread_of_the_law_of_propagation():
    lines = ("Br_Ka", "Cs_La")
    factors_of = Factors(lines, np.array([1.0, 2.0]), np.diag([0.01**2, 0.02**2]), ("", ""))
    areas, covariance = np.array([1e4, 1e4]), np.diag([1e4, 4e4])
    random = np.random.default_rng(2)
    one = statistics.compose(areas, covariance, factors_of, {}, random, 100000, False)
    log = np.log(one.draws[:, 0] / one.draws[:, 1])
    assert log.std() == pytest.approx(np.sqrt(0.01**2 + 0.02**2 + 1e-4 + 4e-4), rel=0.02)


def test_mixture__of_two_phases_is_found_where_only_those_two_can_be():
    share = np.array([0.7, 0.3])
    table = np.array([[20.0, 20.0, 60.0], [400 / 11, 100 / 11, 600 / 11]])
    random = np.random.default_rng(4)
    draws = np.exp(np.log(share @ table) + 0.005 * random.standard_normal((20000, 3)))
    draws = draws / draws.sum(axis=1, keepdims=True)
    one = statistics.Composition(("Cs", "Pb", "Br"), draws, draws)
    mixture = fractions(one, ["CsPbBr3", "Cs4PbBr6"], 0.0)
    assert mixture.is_mixture
    assert mixture.lower[1] < 0.3 < mixture.upper[1]
    assert mixture.upper[1] - mixture.lower[1] < 0.06
    assert not fractions(
        dataclasses.replace(one, draws=draws[:, ::-1]), ["CsPbBr3", "Cs4PbBr6"], 0.0
    ).is_mixture
