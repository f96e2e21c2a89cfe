"""Recovered against true: counts that are counted, intervals that hold, rows that are all there."""

import re

import numpy as np
import pytest
import xarray as xr
from figure_trees import saved, texts
from matplotlib.colors import to_hex
from scipy import stats

from nanostitch import contracts
from nanostitch.contracts.score import SCORE
from nanostitch.draw import coverage, page, recovery, recovery_page, recovery_text, style
from nanostitch.errors import ContractError

CONDITIONS = ("fresh", "stored", "merged")
TEXTS = ("measure", "estimator", "acquisition", "sample", "condition", "condition_label", "unit")


def rows(measure="band_gap", true=(2.3, 2.4, 2.5), unit="eV", width=0.02, seed=1, **columns):
    """Rows of one measure, each of its own acquisition, with unbiased normal errors."""
    true = np.asarray(true, "f8")
    number = true.size
    recovered = true + width * np.random.default_rng(seed).normal(size=number)
    names = [CONDITIONS[n % 3] for n in range(number)]
    table = {
        "measure": [measure] * number,
        "estimator": [""] * number,
        "technique": ["eels"] * number,
        "acquisition": [f"acquisition_{n}" for n in range(number)],
        "sample": ["grid_1"] * number,
        "condition": names,
        "condition_label": [name.capitalize() for name in names],
        "unit": [unit] * number,
        "true": true,
        "recovered": recovered,
        "lower": recovered - 1.96 * width,
        "upper": recovered + 1.96 * width,
        "verdict": np.zeros(number, "i1"),
        **columns,
    }
    return xr.Dataset({name: ("row", np.asarray(values)) for name, values in table.items()})


def score(*parts):
    """A score that holds to its contract."""
    whole = xr.concat(parts, "row")
    held = (whole["lower"] <= whole["true"]) & (whole["true"] <= whole["upper"])
    whole["held"] = held.astype("i1")
    for variable in whole.data_vars.values():
        variable.attrs["units"] = "1"
    return contracts.check(whole.assign_attrs(batch="test"), SCORE, "score")


def node(*parts):
    return recovery.collect(score(*parts))["a"].to_dataset()


def axes_of(*parts):
    figure = recovery_page.figure(recovery.collect(score(*parts)))
    figure.draw_without_rendering()
    return figure.axes[0]


def markers(axes):
    """Every drawn row by its marker: (x, y, marker, hollow)."""
    return [
        (x, y, line.get_marker(), to_hex(line.get_markerfacecolor()) == "#ffffff")
        for line in axes.lines
        if line.get_linestyle() == "None"
        for x, y in zip(*line.get_data(), strict=True)
    ]


def said(*parts):
    (statement,) = recovery_text.statements(node(*parts))
    return statement.replace("\xa0", " ")


# Numbers


def test_collect__has_a_panel_a_measure_in_order_of_appearance():
    parts = [rows(name) for name in ("size_mean", "band_gap", "coverage")]
    tree = recovery.collect(score(*parts))
    measures = [tree[letter].attrs["measure"] for letter in tree.children]
    assert list(tree.children) == ["a", "b", "c"]
    assert measures == ["size_mean", "band_gap", "coverage"]
    assert {node.attrs["kind"] for node in tree.children.values()} == {"recovery"}


def test_collect__names_the_measures_that_find_no_place():
    tree = recovery.collect(score(*[rows(f"measure_{n}") for n in range(14)]))
    assert list(tree.children) == list("abcdefghijkl")
    assert tree["l"].attrs["notes"] == "no place for further measures: measure_12, measure_13"


def test_collect__refuses_a_measure_in_two_units():
    with pytest.raises(ContractError, match=r"band_gap: found units \['eV', 'meV'\]"):
        recovery.collect(score(rows(), rows(unit="meV")))


def test_collect__gives_every_number_a_unit_and_survives_the_file(tmp_path):
    tree = recovery.collect(score(rows(), rows("conductance", [1e-9, 2e-9], "S", 1e-10)))
    for child in tree.children.values():
        for name, variable in child.to_dataset().variables.items():
            assert variable.attrs["long_name"], name
            assert variable.dtype.kind != "f" or variable.attrs["units"], name
    tree.to_netcdf(tmp_path / "recovery.nc")
    with xr.open_datatree(tmp_path / "recovery.nc", decode_times=False) as file:
        read = file.load()
    xr.testing.assert_equal(read, tree)
    assert saved(recovery_page.figure(read), tmp_path / "a") == saved(
        recovery_page.figure(tree), tmp_path / "b"
    )


def test_text__states_the_coverage_that_is_counted():
    true = np.linspace(2.2, 2.6, 40)
    table = rows(true=true, width=0.02)
    table["lower"], table["upper"] = table["recovered"] - 0.02, table["recovered"] + 0.02
    inside = int((abs(table["recovered"] - table["true"]) <= 0.02).sum())
    assert 0 < inside < 40
    expected = stats.binomtest(inside, 40).proportion_ci(method="wilson")
    assert said(table).startswith(
        f"{inside} of 40 intervals hold the truth ({100 * inside / 40:.0f} %, 95 % interval of "
        f"that share {100 * expected.low:.0f}–{100 * expected.high:.0f} %); bias "
    )


def test_text__states_bias_with_its_standard_error_and_unit():
    table = rows(true=np.linspace(2.2, 2.6, 25), width=0.02)
    error = (table["recovered"] - table["true"]).values
    found = re.search(r"bias (\S+) ± (\S+) eV", said(table))
    assert found
    bias, standard_error = (float(text.replace("−", "-")) for text in found.groups())
    assert standard_error == pytest.approx(error.std(ddof=1) / 5, rel=0.05)
    assert bias == pytest.approx(error.mean(), abs=0.05 * standard_error + 5e-5)


def test_text__counts_what_is_refused_doubtful_and_bad_and_leaves_bad_out_of_the_rest():
    true = np.linspace(2.2, 2.6, 10)
    table = rows(true=true, verdict=np.array([2, 2, 2, 1, 1, 2, 0, 0, 0, 0], "i1"))
    for name in ("recovered", "lower", "upper"):
        table[name][:3] = np.nan
    table["recovered"][5] = 2.9
    statement = said(table)
    assert "3 refused" in statement
    assert "2 doubtful (hollow)" in statement
    assert "1 bad (×), not counted" in statement
    assert " of 6 intervals" in statement
    usable = table.isel(row=[3, 4, 6, 7, 8, 9])
    assert node(table)["bias"].item() == pytest.approx(
        (usable["recovered"] - usable["true"]).mean().item()
    )


def test_text__judges_each_estimator_by_itself():
    both = [
        rows(estimator=[name] * 3, seed=n) for n, name in enumerate(("onset_fit", "derivative"))
    ]
    both[1]["lower"] = both[1]["upper"]
    first, second = recovery_text.statements(node(*both))
    assert first.startswith("●\xa0onset fit: 3 of 3 intervals")
    assert second.startswith("■\xa0derivative: 0 of 3 intervals")


def test_text__without_any_value_says_what_was_refused():
    table = rows()
    for name in ("recovered", "lower", "upper"):
        table[name][:] = np.nan
    assert said(table) == "no interval to judge; 3 refused"
    axes = axes_of(table)
    assert not markers(axes)
    assert "nothing recovered" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(0.01234, 0.0021, "0.0123 ± 0.0021"), (-3.4e-7, 1.2e-8, "(−3.40 ± 0.12)×10⁻⁷ eV")]
    + [(3196.0, 17172.0, "(0.3 ± 1.7)×10⁴"), (2.5, np.nan, "2.5 eV (standard error not known)")],
)
def test_with_error__keeps_two_digits_of_the_error(value, error, text):
    units = "eV" if "eV" in text else "1"
    assert recovery_text.with_error(value, error, units).replace("\xa0", " ") == text


# Coverage


@pytest.mark.parametrize(("held", "number"), [(0, 5), (5, 5), (18, 20), (95, 100), (1, 1)])
def test_share_held__of_single_rows_is_the_interval_of_wilson(held, number):
    found = coverage.share_held(np.arange(number) < held, np.arange(number))
    expected = stats.binomtest(held, number).proportion_ci(method="wilson")
    assert (found.held, found.intervals, found.groups) == (held, number, number)
    assert found.lower == pytest.approx(100 * expected.low)
    assert found.upper == pytest.approx(100 * expected.high)


def test_mean_variance__of_independent_values_is_that_of_the_textbook():
    values = np.random.default_rng(3).normal(size=30)
    found = coverage.mean_variance(values, np.arange(30))
    assert found == pytest.approx(values.var(ddof=1) / 30)


def test_mean_variance__does_not_fall_when_values_are_repeated_within_their_group():
    values = np.random.default_rng(4).normal(size=12)
    once = coverage.mean_variance(values, np.arange(12))
    often = coverage.mean_variance(np.repeat(values, 50), np.repeat(np.arange(12), 50))
    assert often == pytest.approx(once)
    assert np.isnan(coverage.mean_variance(values, np.zeros(12, int)))


def test_share_held__of_pixels_that_err_together_covers_their_share():
    rng = np.random.default_rng(5)
    hits = narrow = 0
    for _ in range(300):
        chance = rng.beta(7, 3, 12)  # of each acquisition; 0.7 on average
        held = rng.random((12, 40)) < chance[:, None]
        found = coverage.share_held(held.ravel(), np.repeat(np.arange(12), 40))
        hits += found.lower <= 70 <= found.upper
        low, high = coverage.wilson(held.mean(), held.size)
        narrow += low <= 0.7 <= high
    assert hits >= 0.9 * 300
    assert narrow < 0.6 * 300


# Ink


def test_panel__draws_every_row_at_its_truth_with_its_interval():
    table = rows(true=np.linspace(2.2, 2.6, 9))
    axes = axes_of(table)
    drawn = sorted((x, y) for x, y, _, _ in markers(axes))
    expected = sorted(zip(table["true"].values, table["recovered"].values, strict=True))
    np.testing.assert_allclose(drawn, expected)
    (bars,) = axes.collections
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, np.stack([table["lower"], table["upper"]], axis=-1))
    assert axes.get_xlabel() == "True (eV)"
    assert axes.get_ylabel() == "Recovered (eV)"
    assert "Band gap (eV)" in [text.get_text() for text in axes.texts]


def test_panel__identity_is_the_diagonal_of_a_square():
    axes = axes_of(rows())
    (identity,) = [line for line in axes.lines if line.get_linestyle() == "-"]
    np.testing.assert_array_equal(identity.get_xdata(), identity.get_ydata())
    assert axes.get_xlim() == axes.get_ylim() == tuple(identity.get_xdata())
    np.testing.assert_array_equal(axes.get_xticks(), axes.get_yticks())
    box = axes.get_window_extent()
    assert box.width == pytest.approx(box.height, rel=1e-6)


def test_panel__marks_verdicts_and_estimators():
    verdict = np.array([0, 1, 2], "i1")
    drawn = markers(axes_of(*[rows(estimator=[e] * 3, verdict=verdict) for e in ("one", "two")]))
    looks = sorted((marker, hollow) for _, _, marker, hollow in drawn)
    assert looks == sorted(
        [("o", False), ("o", True), ("s", False), ("s", True)] + [("x", False)] * 2
    )


def test_panel__equal_truths_stand_beside_each_other_in_their_order():
    table = rows(true=[20.0] * 7, unit="percent", width=0.5)
    axes = axes_of(table)
    drawn = sorted((x, y) for x, y, _, _ in markers(axes))
    np.testing.assert_array_equal([x for x, _ in drawn], np.arange(1, 8))
    np.testing.assert_array_equal([y for _, y in drawn], table["recovered"])
    truth = axes.collections[0].get_segments()
    np.testing.assert_allclose(np.array(truth)[:, :, 1], 20.0)
    assert truth[0][0][0] < 1
    assert truth[-1][1][0] > 7


def test_panel__ties_are_spread_around_their_truth_and_pass_no_other():
    true = np.repeat([2.30, 2.31, 2.5], [4, 3, 1])
    data = node(rows(true=true))
    position = data["position"].values
    for value in np.unique(true):
        tied = position[true == value]
        assert tied.mean() == pytest.approx(value)
        assert (np.diff(tied) > 0).all()
    assert position[true == 2.30].max() < position[true == 2.31].min()


def test_panel__truths_over_decades_have_logarithmic_axes_and_a_relative_bias():
    true = 10.0 ** np.linspace(-11, -8, 12)
    table = rows("conductance", true, "S", 0.0)
    table["recovered"] = 1.1 * table["true"]
    table["lower"], table["upper"] = 0.9 * table["recovered"], 1.2 * table["recovered"]
    axes = axes_of(table)
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "relative bias 10 ± 0 %" in said(table)
    drawn = sorted((x, y) for x, y, _, _ in markers(axes))
    np.testing.assert_allclose(np.array(drawn) * 1e-9, np.stack([true, 1.1 * true], axis=-1))
    assert axes.get_xlabel() == "True (nS)"


def test_panel__one_wild_interval_does_not_squeeze_the_rest_but_is_counted():
    table = rows(true=np.linspace(2.2, 2.6, 9))
    table["upper"][4] = 50.0
    axes = axes_of(table)
    assert axes.get_ylim()[1] < 5
    assert "1 beyond the axes" in said(table)
    table["recovered"][4] = 3.5
    assert axes_of(table).get_ylim()[1] > 3.5


def test_colours__are_those_of_the_conditions_and_explained_once():
    only_merged = rows("size_mean").isel(row=[2])
    tree = recovery.collect(
        score(rows().isel(row=[0, 1]), only_merged, rows("coverage")), CONDITIONS
    )
    keys = [tree[letter]["key_label"].values.tolist() for letter in "abc"]
    assert keys == [["Fresh", "Stored"], ["Merged"], []]
    axes = recovery_page.figure(tree).axes[1]
    (point,) = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert to_hex(point.get_color()) == style.colour(2).lower()
    assert to_hex(axes.get_legend().legend_handles[0].get_color()) == style.colour(2).lower()


LONG = "Stored for one week in the dark at 20 °C and 60 % relative humidity, then annealed"


def awkward(number):
    refused = rows("quantum_yield", [0.1, 0.2], "1")
    for name in ("recovered", "lower", "upper"):
        refused[name][:] = np.nan
    pixels = rows("zlp_offset", np.repeat([0.1, 0.2], 600), "eV", 0.001)
    pixels["acquisition"] = ("row", np.repeat(["map_1", "map_2"], 600))
    parts = [
        rows(true=np.repeat([2.3, 2.4, 2.5], 6), estimator=["onset_fit", "derivative"] * 9),
        rows("size_mean", [8.1] * 5, "nm", 0.2, condition_label=[LONG + str(n) for n in range(5)]),
        refused,
        rows("number_density", [0.003, 0.008, 0.0121], "nm-2", 1e-4),
        rows("conductance", 10.0 ** np.linspace(-11, -8, 6), "S", 1e-12),
        rows("onset_slope", [2e5, 5e5, 8.7e5], "eV-1", 1e4),
        pixels,
        rows("peak", [2.4], "eV"),
        rows("a_measure_whose_name_is_rather_long_for_its_panel", [0.1, 0.9], "1"),
        rows("coverage", [0.1, 0.5], "1", 1e-7),
        rows("temperature", [-196.0, 20.0, 260.0], "degC", 5.0),
        rows("capacitance", [1e-12, 8e-12], "F", 1e-13),
    ]
    return recovery_page.figure(recovery.collect(score(*parts[:number])))


@pytest.mark.parametrize("number", [1, 2, 12])
def test_page__keeps_every_text_inside_and_apart(number):
    figure = awkward(number)
    assert 25.4 * figure.get_size_inches()[0] == pytest.approx(85 if number == 1 else 178)
    boxes = texts(figure)
    frame = figure.bbox.padded(1)
    items = list(boxes.items())
    for n, (text, box) in enumerate(items):
        assert frame.x0 <= box.x0, text.get_text()
        assert box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0, text.get_text()
        assert box.y1 <= frame.y1, text.get_text()
        for other, second in items[n + 1 :]:
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            tall = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert min(wide, tall) <= 1.5, (text.get_text(), other.get_text())
    assert page.SIMULATED in [text.get_text() for text in boxes]
    assert {text.get_size() for text in boxes} == {7.0, 8.0}


def test_score_of_no_row__is_an_empty_page():
    tree = recovery.collect(score(rows()).isel(row=slice(0)))
    assert not tree.children
