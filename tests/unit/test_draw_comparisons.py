"""Panels of comparisons: effects, trends, and one gap by several techniques."""

import re

import numpy as np
import pytest
from comparison_panels import comparison, figure_of, panel_a, samples, spread
from figure_trees import misplaced, panel_axes, texts

from nanostitch import draw
from nanostitch.draw import captions, kinds
from nanostitch.eels import confinement
from nanostitch.errors import BatchError

FRESH, WEEK = samples([2.45, 2.47, 2.46]), samples([2.41, 2.44, 2.42])


def words(figure):
    return " ".join(" ".join(t.get_text() for t in texts(figure)).replace("\xa0", " ").split())


def test_effects__are_those_of_the_comparison_with_n_at_each_level():
    gap = comparison("gap", {"fresh": FRESH, "1 week": WEEK})
    tree = draw.collect(figure_of("effects", ["gap"]), [gap])
    data = panel_a(tree)
    for end in ("", "_lower", "_upper"):
        assert data[f"effect{end}"].item() == pytest.approx(1e3 * gap[f"effect{end}"].item())
    figure = draw.figure(tree)
    said = words(figure)
    assert "What gap asks: 1 week against fresh" in said
    assert "1 week 3 samples, 3 acquisitions; fresh 3 samples, 3 acquisitions" in said
    assert "Difference (meV)" in said
    assert not misplaced(figure)
    text = captions.figure(tree)
    assert "3 samples" in text.replace("\xa0", " ")
    ends = [data[f"effect{end}"].item() for end in ("", "_lower", "_upper")]
    assert captions.rounded(*ends) in text
    assert tree.attrs["simulated"] == 1


def test_effects__of_one_sample_are_described_and_say_that_they_are_not_tested():
    gap = comparison("gap", {"fresh": samples([2.45]), "1 week": samples([2.41], "t")})
    tree = draw.collect(figure_of("effects", ["gap"]), [gap])
    said = words(draw.figure(tree))
    assert "described, not tested" in said
    assert np.isnan(panel_a(tree)["effect_lower"].item())
    axes = panel_axes(draw.figure(tree), "a")
    (mark,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert mark.get_markerfacecolor() == "white"


def test_effects__draw_the_margin_of_an_equivalence_on_both_sides():
    table = {"fresh": samples([1.0, 1.1, 1.05]), "1 week": samples([1.02, 1.1, 1.04])}
    same = comparison("same", table, unit="1", question="equivalence", scale="ratio", margin=1.25)
    tree = draw.collect(figure_of("effects", ["same"]), [same])
    axes = panel_axes(draw.figure(tree), "a")
    (band,) = axes.collections
    ends = band.get_paths()[0].get_extents()
    assert (ends.x0, ends.x1) == pytest.approx((0.8, 1.25))
    assert axes.get_xscale() == "log"
    assert "Margin that does not matter" in words(draw.figure(tree))


def test_effects__of_shares_are_percentage_points():
    fresh, week = samples([0.1, 0.12, 0.15]), samples([0.5, 0.55, 0.6])
    share = comparison("share", {"a": fresh, "b": week}, unit="1", variable="merged_fraction")
    tree = draw.collect(figure_of("effects", ["share"]), [share])
    assert panel_a(tree)["effect"].item() == pytest.approx(42.67, abs=0.01)
    assert "Difference (percentage points)" in words(draw.figure(tree))


def test_effects__of_two_units_are_refused_with_both_named():
    gap = comparison("gap", {"fresh": FRESH, "1 week": WEEK})
    size = comparison("size", {"fresh": FRESH, "1 week": WEEK}, unit="nm", variable="size_mean")
    with pytest.raises(BatchError, match=r"meV.*nm"):
        draw.collect(figure_of("effects", ["gap", "size"]), [gap, size])
    with pytest.raises(BatchError, match="missing"):
        draw.collect(figure_of("effects", ["missing"]), [gap])


def trend(question="trend", scale="linear", **more):
    groups = {"dry": samples(spread(0.1)), "mid": samples(spread(0.3, seed=1), "t")}
    groups["wet"] = samples(spread(0.5, seed=2), "u")
    at = [20.0, 40.0, 60.0]
    name, variable = more.pop("name", "humidity"), more.pop("variable", "coverage")
    return comparison(
        name, groups, unit="1", at=at, variable=variable, question=question, scale=scale
    )


def test_trend__is_the_line_of_least_squares_through_samples_with_its_known_band():
    made = trend()
    data = panel_a(draw.collect(figure_of("trend", ["humidity"]), [made]))
    x, y = data["at"].values, data["value"].values
    slope, height = np.polyfit(x, y, 1)
    np.testing.assert_allclose(data["line"], height + slope * data["along"], rtol=1e-6)
    # Band of ordinary least squares, Student's t with n - 2.
    left = y - height - slope * x
    sd = np.sqrt(left @ left / 7)
    leverage = 1 / 9 + (data["along"].values - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    half = 2.364624 * sd * np.sqrt(leverage)
    np.testing.assert_allclose(data["line_upper"] - data["line"], half, rtol=1e-5)
    np.testing.assert_allclose(data["mean"], [y[x == at].mean() for at in (20, 40, 60)])


def test_trend__says_its_column_its_slope_and_how_many():
    tree = draw.collect(figure_of("trend", ["humidity"]), [trend()])
    figure = draw.figure(tree)
    said = words(figure)
    assert "Relative humidity (%)" in said
    assert "Coverage (%)" in said
    assert "Acquisition (9 of 9 samples)" in said
    assert "higher" in said
    assert not misplaced(figure)
    assert "20\xa0% (n = 3 samples, 3 acquisitions)" in captions.figure(tree)


@pytest.mark.parametrize(
    ("scale", "variable", "slope"),
    [
        ("linear", "psi4_mean", r"slope \S+ \[\S+, \S+\] per % of"),
        ("ratio", "psi4_mean", "slope factor "),
    ],
)
def test_trend__of_a_number_without_a_unit_has_a_slope_per_unit_of_its_column(
    scale, variable, slope
):
    made = trend(scale=scale, variable=variable)
    tree = draw.collect(figure_of("trend", ["humidity"]), [made])
    text = captions.figure(tree)
    assert re.search(slope, text)
    assert "per % of relative humidity, higher" in text


def test_trend__on_a_logarithmic_axis_keeps_texts_apart():
    made = trend(scale="ratio")
    figure = draw.figure(draw.collect(figure_of("trend", ["humidity"], log_axis=True), [made]))
    assert panel_axes(figure, "a").get_xscale() == "log"
    assert panel_axes(figure, "a").get_yscale() == "log"
    assert not misplaced(figure)


def test_trend_and_effects__refuse_each_others_questions():
    with pytest.raises(BatchError, match="kind trend"):
        draw.collect(figure_of("effects", ["humidity"]), [trend()])
    gap = comparison("gap", {"fresh": FRESH, "1 week": WEEK})
    with pytest.raises(BatchError, match="kind effects"):
        draw.collect(figure_of("trend", ["gap"]), [gap])


ROWS = [
    {"comparison": "loss", "label": "Loss spectra"},
    {
        "comparison": "edge",
        "label": "Absorption",
        "offsets": [{"name": "exciton binding", "value_ev": 0.05, "uncertainty_ev": 0.01}],
    },
    {
        "comparison": "peak",
        "label": "Emission",
        "offsets": [
            {"name": "exciton binding", "value_ev": 0.05, "uncertainty_ev": 0.01},
            {"name": "Stokes shift", "value_ev": 0.04, "uncertainty_ev": 0.01},
        ],
    },
    {"comparison": "size", "label": "Size in images"},
]


def twice(values):
    """The same numbers in both conditions, of other samples."""
    return {"fresh": samples(values), "1 week": samples(values, "t")}


def techniques(gap=2.46, shift=0.0):
    """Four techniques that see one gap, displaced by what is known to lie between."""
    crystal = confinement.Semiconductor(2.32, 0.126)
    edge = confinement.length_nm(gap, "cube", crystal, 0.15)
    means = {"loss": gap + shift, "edge": gap - 0.05, "peak": gap - 0.09}
    made = [comparison(name, twice([m - 0.01, m, m + 0.01])) for name, m in means.items()]
    size = twice([edge - 0.2, edge, edge + 0.2])
    return [*made, comparison("size", size, unit="nm", variable="size_mean")]


def test_gap_by_technique__agrees_where_all_see_one_gap():
    tree = draw.collect(figure_of("gap_by_technique", rows=ROWS), techniques())
    data = panel_a(tree).isel(condition=0)
    np.testing.assert_allclose(data["gap"], 2.46, atol=1e-3)
    assert data["common"].item() == pytest.approx(2.46, abs=1e-3)
    assert abs(data["pull"]).max() < 0.1
    assert data["p_value"].item() > 0.9
    np.testing.assert_allclose(data["measured"][:3], [2.46, 2.41, 2.37], atol=1e-3)


def test_gap_by_technique__shows_a_technique_that_does_not_agree():
    tree = draw.collect(figure_of("gap_by_technique", rows=ROWS), techniques(shift=0.2))
    data = panel_a(tree).isel(condition=0)
    assert data["p_value"].item() < 0.001
    assert int(np.argmax(abs(data["pull"].values))) == 0


def test_gap_by_technique__states_what_was_added_and_draws_the_measured_energy():
    tree = draw.collect(figure_of("gap_by_technique", rows=ROWS), techniques())
    figure = draw.figure(tree)
    said = words(figure)
    for text in ("exciton binding +50 ± 10 meV", "Stokes shift +40 ± 10 meV", "degrees of freedom"):
        assert text in said
    axes = panel_axes(figure, "a")
    drawn = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "|"]
    assert min(abs(at - 2.41) for at in drawn) < 1e-3
    assert not misplaced(figure)


def test_gap_by_technique__refuses_other_groups_and_units():
    made = techniques()
    other = comparison("edge", {"old": samples([2.4, 2.41]), "new": samples([2.4, 2.41])})
    with pytest.raises(BatchError, match="compare the same"):
        draw.collect(figure_of("gap_by_technique", rows=ROWS[:2]), [made[0], other])
    share = comparison("edge", twice([0.4, 0.5]), unit="1")
    with pytest.raises(BatchError, match="an energy in eV or a size in nm"):
        draw.collect(figure_of("gap_by_technique", rows=ROWS[:2]), [made[0], share])


def test_gap_by_technique__refuses_one_offset_of_two_uncertainties():
    other = {"name": "exciton binding", "value_ev": 0.05, "uncertainty_ev": 0.02}
    rows = [ROWS[1], {**ROWS[2], "offsets": [other]}]
    with pytest.raises(BatchError, match="'exciton binding' has the uncertainties 0.01 and 0.02"):
        draw.collect(figure_of("gap_by_technique", rows=rows), techniques())


def test_kinds__of_comparisons_name_them_and_no_others_do():
    assert kinds.compared({"kind": "effects", "comparisons": ["a", "b"]}) == ("a", "b")
    rows = [{"comparison": "a"}, {"comparison": "b"}, {"comparison": "a"}]
    assert kinds.compared({"kind": "gap_by_technique", "rows": rows}) == ("a", "b")
    assert kinds.compared({"kind": "image", "select": {}}) == ()
