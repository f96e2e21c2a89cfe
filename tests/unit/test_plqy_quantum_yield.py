"""Quantum yield: what was put into the curves comes out, with an interval that holds it."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, quality, raw, schema
from nanostitch.contracts.plqy import QUANTUM_YIELD
from nanostitch.errors import BatchError
from nanostitch.plqy import photons, quantum_yield

SETTINGS = schema.with_defaults({}, schema.load("plqy"))["quantum_yield"]
WAVELENGTH = np.arange(380.0, 700.25, 0.5)
OFFSET, READ_NOISE, DRIFT = 150.0, 8.0, SETTINGS["lamp_drift"]
LINE = np.exp(-0.5 * ((WAVELENGTH - 405) / 2) ** 2) / (2 * np.sqrt(2 * np.pi))
LIGHT = np.exp(-0.5 * ((WAVELENGTH - 515) / 9) ** 2) / (9 * np.sqrt(2 * np.pi))
FACTOR = 0.4 + ((WAVELENGTH - 560) / 300) ** 2


def spectrum(values, unit="counts", **attrs):
    axis = {"wavelength": ("wavelength", WAVELENGTH, {"units": "nm"})}
    attrs = {"intensity_unit": unit, "excitation_wavelength_nm": 405.0} | attrs
    return xr.Dataset({"intensity": ("wavelength", values, {"units": "1"})}, axis, attrs)


def response(factor=FACTOR, unit="photons per count"):
    return spectrum(factor, unit)


def curves(absorptance, true, seed=None, diffuse=0.1, sent=4e6, light=LIGHT):
    """Blank, indirect and direct curve; without a seed free of noise and of the lamp's drift."""
    random = np.random.default_rng(seed)
    found = {}
    for name, left in (
        ("blank", 1.0),
        ("indirect", 1 - diffuse),
        ("direct", (1 - absorptance) * (1 - diffuse)),
    ):
        expected = sent * 0.5 * (left * LINE + (1 - left) * true * light) / FACTOR
        if seed is None:
            counts = expected + OFFSET
        else:
            counts = random.poisson(expected * (1 + DRIFT * random.normal()))
            counts = np.round(counts + OFFSET + READ_NOISE * random.normal(size=counts.size))
        found[name] = spectrum(counts)
    return found


def measured(found, without=(), **more):
    known = {"blank": [found["blank"]], "indirect": [found["indirect"]], "response": response()}
    known = {name: one for name, one in known.items() if name not in without}
    settings = {name: more.pop(name, value) for name, value in SETTINGS.items()}
    product = quantum_yield.measure(found["direct"], **known | more, **settings)
    return contracts.check(product, QUANTUM_YIELD, "test")


def holds(product, name, truth):
    return float(product[f"{name}_lower"]) <= truth <= float(product[f"{name}_upper"])


def reasons(product):
    return product["verdict"].attrs["reasons"]


@pytest.mark.parametrize("absorptance", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("true", [0.02, 0.7, 1.0])
def test_yield__of_noise_free_curves_is_what_was_put_in(absorptance, true):
    product = measured(curves(absorptance, true))
    assert float(product["absorptance"]) == pytest.approx(absorptance, rel=1e-5)
    for name in ("quantum_yield_apparent", "quantum_yield_two_curve"):
        assert float(product[name]) == pytest.approx(true, rel=1e-3)
        assert holds(product, name, true)


def test_dark_level__and_noise_are_those_of_the_detector():
    product = measured(curves(0.3, 0.7, seed=1))
    assert product["dark_level"].values == pytest.approx(OFFSET, abs=5 * READ_NOISE / 15)
    assert product["dark_noise"].values == pytest.approx(READ_NOISE, rel=0.2)
    assert float(product["counting_gain"]) == pytest.approx(1.0, abs=0.35)


def test_response__of_energy_with_wavelength_is_that_of_photons():
    found = curves(0.3, 0.7)
    energy = response(FACTOR / WAVELENGTH, "µW per count")
    by_energy = measured(found, response=energy)
    assert float(by_energy["quantum_yield_apparent"]) == pytest.approx(
        float(measured(found)["quantum_yield_apparent"]), rel=1e-9
    )
    told = response(FACTOR / WAVELENGTH, "1")
    again = measured(found, response=told, corrected_signal="energy")
    assert float(again["quantum_yield_apparent"]) == pytest.approx(0.7, rel=1e-3)


def test_response__of_any_scale_gives_the_same_yield():
    found = curves(0.3, 0.7, seed=2)
    one, other = (measured(found, response=response(k * FACTOR)) for k in (1.0, 1e-6))
    for name in ("quantum_yield_apparent", "quantum_yield_apparent_lower"):
        assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-9)


@pytest.mark.parametrize("unit", ["counts", ""])
def test_counts__without_a_response_are_no_photons(unit):
    found = curves(0.3, 0.7)
    found["direct"].attrs["intensity_unit"] = unit
    product = measured(found, without=["response"])
    assert quality.level(product) == "bad"
    assert "counts of two colours are no photons" in reasons(product)
    assert np.isnan(product["quantum_yield_apparent"])
    assert float(product["absorptance"]) == pytest.approx(0.3, rel=1e-4)  # one colour needs none


def test_response__that_ends_within_a_window_is_refused():
    short = response().sel(wavelength=slice(390, 520))
    product = measured(curves(0.3, 0.7), response=short)
    assert "the response ends at 390 and 520 nm" in reasons(product)
    assert quality.level(product) == "bad"


def test_no_blank__is_a_bad_verdict_and_no_exception():
    product = measured(curves(0.3, 0.7), without=["blank"])
    assert quality.level(product) == "bad"
    assert "no blank is named" in reasons(product)
    assert np.isnan(product["quantum_yield_apparent"])
    assert float(product["absorptance"]) == pytest.approx(0.3, rel=1e-4)


def test_no_indirect__gives_the_yield_of_two_curves_as_doubtful():
    product = measured(curves(0.3, 0.7), without=["indirect"])
    assert quality.level(product) == "doubtful"
    assert np.isnan(product["absorptance"])
    assert float(product["quantum_yield_apparent"]) == pytest.approx(0.7, rel=1e-3)


def test_direct_curve_alone__is_refused_and_still_written():
    product = measured(curves(0.3, 0.7), without=["blank", "indirect", "response"])
    assert quality.level(product) == "bad"
    assert {"no_blank", "no_indirect", "no_response"} <= set(
        quality.words(product["yield_quality"]).split(", ")
    )


def test_emission_range_alone__has_no_excitation_and_is_refused():
    found = {name: one.sel(wavelength=slice(440, 700)) for name, one in curves(0.3, 0.7).items()}
    windows = {"excitation_window_nm": [395, 415], "emission_window_nm": [460, 600]}
    for settings in ({}, windows):
        product = measured(found, **settings)
        assert quality.level(product) == "bad"
        assert "no excitation is found" in reasons(product)


def test_low_absorptance__is_flagged_and_its_interval_is_skew():
    product = measured(curves(0.04, 0.7, seed=3))
    value, lower, upper = (
        float(product[f"quantum_yield_apparent{end}"]) for end in ("", "_lower", "_upper")
    )
    assert quality.level(product) == "doubtful"
    assert "below 10%" in reasons(product)
    assert upper - value > 1.2 * (value - lower)


def test_no_absorptance__has_no_yield():
    product = measured(curves(0.0, 0.7, seed=4))
    assert quality.level(product) == "bad"
    assert "cannot be told from none" in reasons(product)
    assert np.isnan(product["quantum_yield_apparent"])


def test_no_emission__is_said():
    product = measured(curves(0.3, 0.0, seed=5))
    assert "no emission" in reasons(product)
    assert holds(product, "absorptance", 0.3)


def test_interval__covers_as_often_as_it_says():
    held = [
        holds(measured(curves(0.15, 0.6, seed), draws=2000), "quantum_yield_apparent", 0.6)
        for seed in range(100, 220)
    ]
    assert 0.88 <= np.mean(held) <= 1.0  # of 120: 95 % within three standard deviations and a half


def test_same_curves__give_the_same_bytes():
    found = curves(0.3, 0.7, seed=6)
    one, two = measured(found), measured(found)
    xr.testing.assert_identical(one, two)
    assert float(measured(found, seed=7)["quantum_yield_apparent_lower"]) != float(
        one["quantum_yield_apparent_lower"]
    )


def test_ranges_in_separate_files__count_like_one_spectrum():
    found = curves(0.3, 0.7)
    parts = {
        name: [one.sel(wavelength=slice(380, 430)), one.sel(wavelength=slice(440, 700))]
        for name, one in found.items()
    }
    direct, continued = parts["direct"]
    product = quantum_yield.measure(
        direct,
        [continued],
        parts["blank"],
        parts["indirect"],
        response(),
        **SETTINGS,
    )
    assert float(product["quantum_yield_apparent"]) == pytest.approx(0.7, rel=2e-3)
    assert quality.level(product) == "good"


def test_repeats_of_the_blank__halve_its_share_of_the_variance():
    found = curves(0.05, 0.7, seed=8)
    blanks = [curves(0.05, 0.7, seed)["blank"] for seed in range(20, 24)]
    one = measured(found)
    several = measured(found, blank=blanks)
    at_blank = [p["excitation_photons_uncertainty"].sel(curve="blank") for p in (one, several)]
    assert float(at_blank[1]) == pytest.approx(float(at_blank[0]) / 2, rel=0.05)


def test_more_light_beside_the_beam_than_sent_in__is_no_matched_blank():
    found = curves(0.3, 0.7)
    found["blank"] = found["blank"].assign(
        intensity=0.8 * (found["blank"]["intensity"] - OFFSET) + OFFSET
    )
    product = measured(found)
    assert quality.level(product) == "doubtful"
    assert "use a matched blank" in reasons(product)
    assert float(product["blank_excess"]) == pytest.approx(0.9 / 0.8 - 1, rel=1e-3)


def test_more_emitted_than_absorbed__is_refused():
    product = measured(curves(0.5, 1.4))
    assert quality.level(product) == "bad"
    assert "more light is emitted than absorbed" in reasons(product)


def _without(one, channels):
    return one.assign(intensity=one["intensity"].where(~channels).assign_attrs(units="1"))


@pytest.mark.parametrize(("curve", "flag"), [("blank", "no_blank"), ("direct", "no_excitation")])
def test_line_with_a_hole__does_not_count_like_a_whole_one(curve, flag):
    found = curves(0.3, 0.7)
    found[curve] = _without(found[curve], np.abs(found[curve]["wavelength"] - 405) < 3)
    product = measured(found)
    assert flag in quality.words(product["yield_quality"])
    assert np.isnan(product["quantum_yield_apparent"])


def test_single_dead_channel__changes_nothing():
    found = curves(0.3, 0.7)
    found["direct"] = _without(found["direct"], found["direct"]["wavelength"] == 520)
    assert float(measured(found)["quantum_yield_apparent"]) == pytest.approx(0.7, rel=1e-3)


def test_curve_without_numbers__is_refused():
    found = curves(0.3, 0.7)
    found["direct"] = _without(found["direct"], found["direct"]["wavelength"] > 0)
    assert quality.level(measured(found)) == "bad"


@pytest.mark.parametrize("windows", [{}, {"emission_window_nm": [470, 570]}])
def test_curve_that_ends_within_the_emission__does_not_count(windows):
    found = curves(0.3, 0.7)
    short = {name: one.sel(wavelength=slice(380, 520)) for name, one in found.items()}
    two = measured(found | {"indirect": short["indirect"]}, **windows)
    assert quality.level(two) == "doubtful"
    assert float(two["quantum_yield_apparent"]) == pytest.approx(0.7, rel=2e-3)
    if windows:
        none = measured(found | {"direct": short["direct"]}, **windows)
        assert "does not hold the emission whole" in reasons(none)
        assert np.isnan(none["quantum_yield_apparent"])


@pytest.mark.parametrize("sign", [0.0, -1.0])
def test_response__that_is_not_positive_is_refused(sign):
    factor = np.where(WAVELENGTH > 500, sign * FACTOR, FACTOR)
    product = measured(curves(0.3, 0.7), response=response(factor))
    assert "the response is 0 or less" in reasons(product)
    assert np.isnan(product["quantum_yield_apparent"])


@pytest.mark.parametrize(("left", "level"), [(0.5, "bad"), (0.95, "doubtful")])
def test_two_curves__have_the_gate_of_three(left, level):
    """The blank of ``left`` times the light absorbs less than nothing, or a few percent."""
    found = curves(0.02, 0.7, seed=1, diffuse=0.0)
    if level == "bad":
        blank = left * (found["blank"]["intensity"] - OFFSET) + OFFSET
        found["blank"] = found["blank"].assign(intensity=blank)
    product = measured(found, without=["indirect"])
    assert quality.level(product) == level
    flags = quality.words(product["yield_quality"])
    assert ("absorptance_not_seen" if level == "bad" else "low_absorptance") in flags
    assert np.isnan(product["quantum_yield_two_curve"]) == (level == "bad")


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ({"excitation_window_nm": [420, 390]}, "the second must be the larger"),
        ({"excitation_window_nm": [390, 520], "emission_window_nm": [480, 560]}, "overlap"),
    ],
)
def test_windows__that_overlap_or_descend_are_refused(windows, words):
    with pytest.raises(BatchError, match=words):
        measured(curves(0.3, 0.7), **windows)


@pytest.mark.parametrize("attrs", [{"intensity_unit": "counts/s"}, {"integration_time_s": 2.0}])
def test_curves__that_do_not_compare_are_refused(attrs):
    found = {
        name: one.assign_attrs(integration_time_s=1.0) for name, one in curves(0.3, 0.7).items()
    }
    found["blank"].attrs |= attrs
    with pytest.raises(BatchError, match="counts per second"):
        measured(found)


def test_flat_top__is_saturation():
    found = curves(0.3, 0.7)
    found["blank"]["intensity"] = found["blank"]["intensity"].clip(max=6e4)
    assert quality.level(measured(found)) == "bad"


@pytest.mark.parametrize("end_nm", [505, 515, 522])
def test_direct_curve_that_ends_within_the_emission__gives_no_yield(end_nm):
    found = curves(0.3, 0.7)
    found["direct"] = found["direct"].sel(wavelength=slice(None, end_nm))
    product = measured(found)
    assert quality.level(product) == "bad"
    assert f"ends at {end_nm:g} nm" in reasons(product)
    assert np.isnan(product["quantum_yield_apparent"])


def test_excitation_elsewhere_than_told__is_refused():
    found = curves(0.3, 0.7)
    found["direct"].attrs["excitation_nm"] = 300.0
    product = measured(found)
    assert quality.level(product) == "bad"
    assert "near the 300 nm that are told" in reasons(product)


def test_ratio__to_itself_is_one_and_to_another_is_free_of_the_shared_blank():
    one = measured(curves(0.05, 0.6, seed=9))
    same = measured(curves(0.05, 0.6, seed=9), compared_with=one)
    for end in ("", "_lower", "_upper"):
        assert float(same[f"yield_ratio{end}"]) == pytest.approx(1.0, abs=1e-12)
    faint = curves(0.3, 0.1, seed=10)
    product = measured(faint, compared_with=measured(curves(0.3, 0.6, seed=11)))
    assert holds(product, "yield_ratio", 1 / 6)
    assert product["yield_ratio"].attrs["ratio_of"] == "quantum_yield_apparent"


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


def test_units__tell_photons_from_energy_and_counts_from_both():
    assert photons.kind("photons per count") == "photons"
    assert photons.kind("photons/(s cm² nm)") == "photons"
    assert photons.kind("µW per count") == photons.kind("energy per count") == "energy"
    assert photons.kind("counts") == photons.kind("photon counts") == photons.kind("") == "unknown"
