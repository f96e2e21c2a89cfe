"""Scores against products whose distance from the truth is planted."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, scoring
from nanostitch.contracts.score import SCORE

WHO = {
    "technique": "adf",
    "acquisition": "a",
    "sample": "grid1",
    "condition": "fresh",
    "condition_label": "Fresh",
}


def with_interval(name, values, half_width, units, dims=()):
    """A measure with symmetric bounds."""
    values = np.asarray(values, float)
    ends = {"": values, "_lower": values - half_width, "_upper": values + half_width}
    return {f"{name}{end}": (dims, array, {"units": units}) for end, array in ends.items()}


def product(verdict=0, **variables):
    return xr.Dataset(variables, attrs=WHO).assign(verdict=np.int8(verdict))


def truth(**variables):
    return xr.Dataset(variables)


def test_score__pairs_each_number_that_has_an_interval_with_its_truth():
    measured = product(
        **with_interval("size_mean", 8.0, 0.2, "nm"),
        **with_interval("coverage", 0.5, 0.1, "1"),
        particle_count=((), 7.0, {"units": "1"}),
    )
    true = truth(
        size_mean=((), 8.1, {"units": "nm"}),
        coverage=((), 0.7, {"units": "1"}),
        particle_count=((), 7.0, {"units": "1"}),
    )
    found = contracts.check(scoring.score([measured], [true]), SCORE, "score")
    assert list(found["measure"].values) == ["size_mean", "coverage"]
    assert list(found["held"].values) == [1, 0]
    assert list(found["unit"].values) == ["nm", "1"]
    np.testing.assert_allclose(found["recovered"] - found["true"], [-0.1, -0.2])


def test_score__gives_a_row_for_each_pixel_and_estimator_and_none_for_vacuum():
    gaps = np.array([[2.40, 2.45, 2.50], [2.41, 2.46, np.nan]])
    measured = product(**with_interval("band_gap", gaps, 0.02, "eV", ("estimator", "x")))
    measured = measured.assign_coords(estimator=["onset_fit", "derivative"], x=[0.0, 1.0, 2.0])
    true = truth(band_gap=(("x",), [2.41, np.nan, 2.60], {"units": "eV"}))
    true = true.assign_coords(x=[1e-9, 1.0 + 1e-9, 2.0])
    found = scoring.score([measured], [true])
    rows = list(
        zip(found["estimator"].values, found["true"].values, found["held"].values, strict=True)
    )
    assert rows == [
        ("onset_fit", 2.41, 1),
        ("onset_fit", 2.60, 0),
        ("derivative", 2.41, 1),
        ("derivative", 2.60, 0),
    ]
    assert np.isnan(found["recovered"].values[-1])  # refused, so it cannot hold the truth


def test_score__keeps_the_verdict_and_whose_it_is():
    measured = product(verdict=1, **with_interval("size_mean", 8.0, 0.2, "nm"))
    found = scoring.score([measured], [truth(size_mean=((), 8.1, {"units": "nm"}))])
    assert int(found["verdict"][0]) == 1
    assert {name: str(found[name].values[0]) for name in WHO} == WHO


def test_score__refuses_a_truth_in_another_unit():
    measured = product(**with_interval("size_mean", 8.0, 0.2, "nm"))
    with pytest.raises(ValueError, match="unit"):
        scoring.score([measured], [truth(size_mean=((), 81.0, {"units": "angstrom"}))])


def test_score__of_nothing_is_an_empty_table_that_keeps_its_contract():
    assert contracts.check(scoring.score([], []), SCORE, "score").sizes["row"] == 0


def test_score__pairs_elements_by_name_not_by_order():
    measured = product(
        **with_interval("atomic_percent", [60.0, 20.5, 19.5], 1.0, "percent", ("element",))
    ).assign_coords(element=["Br", "Cs", "Pb"])
    true = truth(atomic_percent=(("element",), [20.0, 20.0, 60.0], {"units": "percent"}))
    found = scoring.score([measured], [true.assign_coords(element=["Cs", "Pb", "Br"])])
    assert list(found["estimator"].values) == ["Br", "Cs", "Pb"]
    assert list(found["true"].values) == [60.0, 20.0, 20.0]
