"""Shift between two gaps: what both share cancels, what they do not share widens the interval."""

import numpy as np
import pytest
import xarray as xr

from nanostitch.eels import shift
from nanostitch.errors import ContractError

MEMBERS = [f"tail {tail} | {shape}" for tail in "abc" for shape in ("root", "exciton")]
COMMON_EV = np.array([0.0, 0.05, 0.01, 0.06, -0.01, 0.04])
"""By how much each fit errs in every spectrum of the kind."""


def product(gap, noise, weight, region="all", names=MEMBERS):
    shape = (len(names), 1)
    values = {
        "member_gap": np.reshape(gap, shape),
        "member_uncertainty": np.full(shape, noise),
        "member_weight": np.reshape(weight, shape),
    }
    data = xr.Dataset(
        {name: (("member", "region"), value) for name, value in values.items()},
        {"member": list(names), "region": [region], "estimator": ["onset_fit", "derivative"]},
    )
    both = np.array([[np.mean(gap)], [np.nan]])
    data["region_band_gap"] = (("estimator", "region"), both)
    return data


def test_between__what_fits_share_cancels():
    weight = np.full(6, 1 / 6)
    random = np.random.default_rng(2)
    held, width = [], []
    for _ in range(300):
        one, other = random.normal(0, 0.002, 2)
        first = product(2.45 + COMMON_EV + one, 0.002, weight)
        second = product(2.39 + COMMON_EV + other, 0.002, weight)
        found = shift.between(first, second)
        held.append(found.lower <= -0.06 <= found.upper)
        width.append((found.upper - found.lower) / 2)
        assert found.common == pytest.approx(1.0)
    assert 0.91 < np.mean(held) < 0.99
    assert max(width) < 0.01
    assert np.mean(width) == pytest.approx(1.96 * 0.002 * np.sqrt(2), rel=1e-3)


def test_between__fits_preferred_by_one_spectrum_only_widen_the_interval():
    onto_roots = np.array([1, 0, 1, 0, 1, 0]) / 3
    onto_excitons = np.array([0, 1, 0, 1, 0, 1]) / 3
    first = product(2.45 + COMMON_EV, 0.002, onto_roots)
    second = product(2.39 + COMMON_EV, 0.002, onto_excitons)
    apart = shift.between(first, second)
    assert apart.common == 0.0
    every = [b - a for a in COMMON_EV[::2] for b in COMMON_EV[1::2]]
    assert apart.lower < -0.06 + min(every) + 0.001
    assert apart.upper > -0.06 + max(every) - 0.001


def test_between__is_antisymmetric_and_zero_with_itself():
    weight = np.array([0.4, 0.1, 0.2, 0.1, 0.1, 0.1])
    first = product(2.45 + COMMON_EV, 0.002, weight)
    second = product(2.39 + COMMON_EV, 0.003, weight[::-1])
    there, back = shift.between(first, second), shift.between(second, first)
    assert there.value == pytest.approx(-back.value)
    assert there.lower == pytest.approx(-back.upper)
    assert shift.between(first, first).value == pytest.approx(0.0)


def test_between__the_order_of_fits_does_not_matter():
    weight = np.array([0.4, 0.1, 0.2, 0.1, 0.1, 0.1])
    first = product(2.45 + COMMON_EV, 0.002, weight)
    second = product(2.39 + COMMON_EV, 0.002, weight)
    shuffled = second.isel(member=[3, 1, 5, 0, 2, 4])
    one, other = shift.between(first, second), shift.between(first, shuffled)
    assert (one.value, one.lower, one.upper) == pytest.approx(
        (other.value, other.lower, other.upper)
    )


def test_between__a_refused_gap_has_no_shift():
    weight = np.full(6, 1 / 6)
    first = product(2.45 + COMMON_EV, 0.002, weight)
    refused = first.assign(region_band_gap=first["region_band_gap"] * np.nan)
    assert np.isnan(shift.between(first, refused).value)
    assert np.isnan(shift.between(first, product([np.nan] * 6, 0.002, weight)).upper)


def test_between__names_the_regions_there_are():
    weight = np.full(6, 1 / 6)
    first = product(2.45 + COMMON_EV, 0.002, weight)
    left = product(2.39 + COMMON_EV, 0.002, weight, region="left")
    assert shift.between(first, left, "all", "left").value == pytest.approx(-0.06)
    with pytest.raises(ContractError, match="right"):
        shift.between(first, left, "right", "left")


def inflections(value, counting, instrument):
    """Product with an inflection that the instrument moves by as much as its interval says."""
    low, high = value - counting - max(instrument, 0), value + counting - min(instrument, 0)
    ends = {"": value, "_lower": low, "_upper": high}
    variables = {f"region_inflection{end}": ("region", [at]) for end, at in ends.items()}
    return xr.Dataset(variables, {"region": ["all"]})


@pytest.mark.parametrize("instrument", [0.023, -0.013])
def test_between__what_the_instrument_does_to_an_inflection_cancels(instrument):
    found = shift.between(
        inflections(2.45, 0.003, instrument), inflections(2.39, 0.004, instrument), of="inflection"
    )
    assert found.value == pytest.approx(-0.06)
    assert found.upper - found.value == pytest.approx(0.005)
    assert found.value - found.lower == pytest.approx(0.005)


def test_between__inflections_through_unequal_instruments_are_less_certain():
    found = shift.between(
        inflections(2.45, 0.003, 0.023), inflections(2.39, 0.004, 0.033), of="inflection"
    )
    assert found.upper - found.value == pytest.approx(0.015)
