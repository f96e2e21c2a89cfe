"""Curves that cannot tell a quantum yield, or not surely, are said to be so."""

import numpy as np
import pytest
from sphere_curves import FACTOR, OFFSET, WAVELENGTH, curves, holds, measured, reasons, response

from nanostitch import quality
from nanostitch.errors import BatchError


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
