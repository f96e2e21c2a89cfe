"""Absorption: edge, exciton and optical density of simulated ensembles, and what is refused."""

import numpy as np
import optical_spectra
import pytest
import xarray as xr
from optical_spectra import HC

from nanostitch import contracts, quality, schema
from nanostitch.absorption import edge, elliott, tauc
from nanostitch.contracts.absorption import EDGE
from nanostitch.contracts.raw import RAW_ABSORPTION
from nanostitch.errors import ContractError

DEFAULTS = schema.with_defaults({}, schema.load("absorption"))["edge"]
QUICK = DEFAULTS | {"draws": 300, "fit_above_ev": [0.18], "baseline_below_ev": [0.2]}
NUMBERS = ("edge_energy", "exciton_energy", "edge_inflection", "optical_density")


def number(product: xr.Dataset, name: str) -> tuple[float, float, float]:
    value, low, high = (float(product[f"{name}{end}"]) for end in ("", "_lower", "_upper"))
    return value, low, high


def logistic(spectrum, at, width=0.03):
    """A smooth step of absorbance."""
    return 0.3 / (1 + np.exp(-np.clip((HC / spectrum["wavelength"] - at) / width, -50, 50)))


def pair(seed: int) -> tuple[xr.Dataset, xr.Dataset, dict[str, float]]:
    return optical_spectra.absorption(np.random.default_rng(seed))


@pytest.fixture(scope="module")
def spectra() -> tuple[xr.Dataset, xr.Dataset, dict[str, float]]:
    return pair(5)


@pytest.fixture(scope="module")
def measured(spectra) -> xr.Dataset:
    raw, solvent, _ = spectra
    return edge.measure(raw, solvent, **QUICK)


def test_product__keeps_its_contract_and_says_that_it_is_good(spectra, measured):
    contracts.check(spectra[0], RAW_ABSORPTION, "raw")
    contracts.check(measured, EDGE, "edge")
    assert quality.level(measured) == "good"


@pytest.mark.parametrize("name", ["edge_inflection", "optical_density"])
def test_model_free_numbers__hold_the_truth(spectra, measured, name):
    value, low, high = number(measured, name)
    assert low <= value <= high
    assert low <= spectra[2][name] <= high


def test_intervals__are_ordered_and_edge_is_exciton_plus_binding(measured):
    for name in (*NUMBERS, "binding_energy", "exciton_strength", "broadening", "scatter"):
        value, low, high = number(measured, name)
        assert low <= value <= high, name
    gap, exciton = (float(measured[name]) for name in NUMBERS[:2])
    assert gap - exciton == pytest.approx(float(measured["binding_energy"]), abs=0.004)


def test_same_spectrum__gives_the_same_numbers(spectra, measured):
    raw, solvent, _ = spectra
    xr.testing.assert_identical(edge.measure(raw, solvent, **QUICK), measured)


def test_an_axis_that_moves__moves_every_edge(spectra, measured):
    raw, solvent, _ = spectra
    scale = 1.01  # photon energies, wavelengths inversely
    moved = [one.assign_coords(wavelength=one["wavelength"] / scale) for one in (raw, solvent)]
    moved = [
        one.assign_coords(wavelength=one["wavelength"].assign_attrs(units="nm")) for one in moved
    ]
    found = edge.measure(*moved, **QUICK)
    for name in ("edge_inflection", "exciton_energy"):
        before, _, _ = number(measured, name)
        assert number(found, name)[0] == pytest.approx(scale * before, abs=0.004), name


def test_transmittance__is_absorbance_by_another_name(spectra):
    raw, solvent, _ = spectra
    passed = optical_spectra.spectrum(
        raw["wavelength"].to_numpy(), transmittance=10 ** -raw["absorbance"].to_numpy()
    )
    many = QUICK | {"draws": 2400}  # rounding makes an end jump from one draw to its neighbour
    found, expected = (edge.measure(one, solvent, **many) for one in (passed, raw))
    for name in NUMBERS:
        assert number(found, name) == pytest.approx(number(expected, name), abs=1e-3), name


def test_scatter__that_is_added_is_found_and_leaves_the_density_of_the_crystals(spectra):
    raw, solvent, _ = spectra
    more = 0.03 * (500 / raw["wavelength"]) ** 4
    milky = raw.assign(absorbance=raw["absorbance"] + more)
    _, low, high = number(edge.measure(milky, solvent, **QUICK), "optical_density")
    assert low <= spectra[2]["optical_density"] <= high
    settings = QUICK | {"scatter_exponents": [4]}
    clear, found = (edge.measure(one, solvent, **settings) for one in (raw, milky))
    assert float(found["scatter"] - clear["scatter"]) == pytest.approx(0.03, abs=0.006)


def test_solvent__that_is_absent_is_remarked_and_leaves_the_inflection(spectra, measured):
    found = edge.measure(spectra[0], None, **QUICK)
    assert "no solvent" in found["verdict"].attrs["reasons"]
    assert quality.level(found) == "good"
    before, after = (float(one["edge_inflection"]) for one in (measured, found))
    assert after == pytest.approx(before, abs=0.002)


def test_calibration__widens_energies_and_nothing_else(spectra, measured):
    found = edge.measure(*spectra[:2], **QUICK | {"wavelength_accuracy_nm": 1.0})
    _, low, high = number(found, "edge_inflection")
    assert (high - low) / 2 == pytest.approx(1.96 * 2.4**2 / 1239.84, rel=0.1)
    assert number(found, "optical_density") == number(measured, "optical_density")
    more = found["edge_covariance"] - measured["edge_covariance"]
    axis = 2.4**2 / 1239.84  # one error of the axis moves all three alike
    assert more.to_numpy() == pytest.approx(axis**2, rel=0.1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a["absorbance"] * 0 + 0.04, "no edge"),
        (lambda a: a["absorbance"] + 3.5, "stray light"),
        (lambda a: 0.3 * (500 / a["wavelength"]) ** 4, "no edge"),
        (lambda a: np.exp((350 - a["wavelength"]) / 25), "no edge"),
        (lambda a: -a["absorbance"], "no edge"),
        (lambda a: logistic(a, 2.0), "no edge"),
        (lambda a: logistic(a, 2.45, 1e-4), "between two points"),
        (lambda a: np.exp(-0.5 * ((HC / a["wavelength"] - 2.5) / 0.1) ** 2), "band"),
    ],
)
def test_spectra_without_an_edge__have_no_numbers_but_a_reason(spectra, change, reason):
    raw, solvent, _ = spectra
    random = np.random.default_rng(1)
    noise = 1e-4 * random.standard_normal(raw.sizes["wavelength"])
    found = edge.measure(raw.assign(absorbance=change(raw) + noise), solvent, **QUICK)
    contracts.check(found, EDGE, "edge")
    assert quality.level(found) == "bad"
    assert reason in found["verdict"].attrs["reasons"]
    assert all(np.isnan(value) for name in NUMBERS for value in number(found, name))


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [(450, 800, "does not cover"), (300, 540, "does not cover"), (300, 560, "below the edge")],
)
def test_scans_that_are_too_short__are_refused(spectra, low, high, reason):
    raw, solvent, _ = spectra
    found = edge.measure(
        raw.sel(wavelength=slice(low, high)), solvent, **QUICK | {"edge_range_ev": [2.25, 3.0]}
    )
    assert quality.level(found) == "bad"
    assert reason in found["verdict"].attrs["reasons"]


def test_range__that_descends_is_named(spectra):
    with pytest.raises(ContractError, match="edge_range_ev"):
        edge.measure(*spectra[:2], **QUICK | {"edge_range_ev": [3.0, 2.1]})


def test_elliott__areas_and_mean_are_those_of_the_formula():
    energy = np.linspace(1.0, 4.0, 30001)
    binding, strength, width, height, tail = 0.05, 1.3, 0.03, 2.0, 0.5
    logs = np.log([binding, strength, width, height])
    parameters = np.array([2.4, *logs, 0.0, 0.0])
    bound, free = elliott.parts(energy, parameters)
    zeta3 = 1.2020569
    assert np.trapezoid(bound, energy) == pytest.approx(
        2 * binding * strength * height * zeta3, rel=1e-3
    )
    only = elliott._line((energy - 2.4) / width, np.array(tail)) / width
    assert np.trapezoid(only, energy) == pytest.approx(1.0, rel=1e-6)
    assert np.trapezoid(only * energy, energy) == pytest.approx(2.4, rel=1e-6)
    third = np.trapezoid(only * ((energy - 2.4) / width) ** 3, energy)
    assert third == pytest.approx(2 * tail**3, rel=1e-3)
    assert free[energy < 2.2].max() < 1e-2 * height
    far = (energy - 2.45) / binding
    sommerfeld = 1 / (1 - np.exp(-2 * np.pi / np.sqrt(far[energy > 3])))
    assert free[energy > 3] == pytest.approx(height * sommerfeld, rel=1e-6)


def test_tauc__finds_the_gap_of_a_power_law():
    energy = np.linspace(2.0, 3.0, 500)
    for exponent in (0.5, 1.0):
        absorbance = np.maximum(energy - 2.3, 0) ** exponent / energy
        gaps = tauc.gaps(
            energy, absorbance, 1e-9 + 0 * energy, float(absorbance.max()), exponent,
            [0.3], [0.8], np.zeros((2, energy.size)),
        )  # fmt: skip
        assert gaps == pytest.approx(2.3, abs=1e-6)


def test_elliott__of_any_parameters_is_a_number():
    energy = np.linspace(1.5, 4.0, 500)
    for width in (1e-6, 1e-3, 0.01, 0.3):
        for tail in (-50.0, 0.0, 50.0):
            parts = elliott.parts(energy, np.array([2.4, -3.3, 0.0, np.log(width), 0.0, 0.0, tail]))
            assert np.isfinite(parts).all()
            assert np.min(parts) > -1e-12


def test_second_edge__in_the_range_is_doubted(spectra):
    raw, solvent, _ = spectra
    two = logistic(raw, 2.35) + logistic(raw, 2.75)
    noise = 1e-4 * np.random.default_rng(1).standard_normal(raw.sizes["wavelength"])
    found = edge.measure(raw.assign(absorbance=two + noise), solvent, **QUICK)
    assert "second edge" in found["verdict"].attrs["reasons"]
    assert quality.level(found) == "doubtful"


def test_light__that_is_lacking_elsewhere_takes_only_what_it_touches(spectra, measured):
    raw, _, _ = spectra
    wavelength = raw["wavelength"].to_numpy()
    blue, red = wavelength < 430, wavelength > 780
    for dark, is_lost in ((blue, True), (red, False)):
        passed = np.where(dark, 0.0, 10 ** -raw["absorbance"].to_numpy())
        seen = optical_spectra.spectrum(wavelength, transmittance=passed)
        found = edge.measure(seen, None, **QUICK)
        assert np.isnan(float(found["optical_density"])) == is_lost
        assert ("light" in found["verdict"].attrs["reasons"]) == is_lost
        inflection = float(found["edge_inflection"])
        assert inflection == pytest.approx(float(measured["edge_inflection"]), abs=0.003)


@pytest.mark.parametrize("step", [5, 50])
def test_solvent__of_another_sampling_is_used_where_it_is_known(spectra, measured, step):
    raw, solvent, _ = spectra
    found = edge.measure(raw, solvent.isel(wavelength=slice(None, None, step)), **QUICK)
    if step > 10:
        assert quality.level(found) == "bad"
        return
    _, low, high = number(found, "edge_inflection")
    assert low <= float(measured["edge_inflection"]) <= high


@pytest.mark.parametrize("solvent", ["empty", "elsewhere", "one point"])
def test_solvent__that_does_not_meet_the_sample_is_refused(spectra, solvent):
    raw, other, _ = spectra
    found = edge.measure(
        raw,
        {
            "empty": other * np.nan,
            "elsewhere": other.assign_coords(wavelength=other["wavelength"] + 900),
            "one point": other.isel(wavelength=[200]),
        }[solvent],
        **QUICK,
    )
    contracts.check(found, EDGE, "edge")
    assert quality.level(found) == "bad"
    assert "does not cover" in found["verdict"].attrs["reasons"]
