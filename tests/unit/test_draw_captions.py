"""Captions state what stands in the plotted data, with its interval."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from nanostitch.draw import captions
from nanostitch.draw.kinds import KINDS

WHO = [
    ("a", "grid1", "fresh"),
    ("b", "grid2", "fresh"),
    ("c", "grid2", "fresh"),
    ("d", "grid1", "1 week"),
]


def gaps(values: list[float], half: float = 0.01) -> xr.Dataset:
    names, labels = [w[0] for w in WHO], [w[2] for w in WHO]
    table = np.stack([values, np.full(len(values), 9.0)], axis=1)  # of the second estimator
    found = xr.Dataset(coords={"acquisition": names, "estimator": ["onset_fit", "linear"]})
    for end, away in (("", 0.0), ("_lower", -half), ("_upper", half)):
        found[f"band_gap{end}"] = (("acquisition", "estimator"), table + away, {"units": "eV"})
    return found.assign(condition_label=("acquisition", labels))


def test_every_kind__has_its_words():
    assert set(captions.SHOWN) == set(KINDS)
    assert set(captions.NUMBERS) <= set(KINDS)


def test_numbers__of_several_samples_stand_on_their_scatter_and_of_one_on_its_own():
    text = captions.panel(gaps([2.40, 2.50, 2.54, 2.3875]), "band_gap", WHO)
    assert "fresh (n = 2 samples, 3 acquisitions); 1 week (sample grid1)" in text
    scatter = stats.t.interval(0.95, 1, 2.46, 0.12 / 2)[1] - 2.46
    half = np.hypot(scatter, 0.01)  # what each says of itself may be shared
    assert captions.rounded(2.46, 2.46 - half, 2.46 + half) in text
    assert "1 week 2.3875 [2.3775, 2.3975] eV" in text


def test_what_a_panel_leaves_out__does_not_count():
    node = gaps([2.40, 2.50, 2.54, 2.39]).assign_attrs(
        notes="left out (flat: dark): b; c\nother: d"
    )
    assert [one[0] for one in captions.shown(node, WHO)] == ["a", "d"]
    bad = node.assign_attrs(notes="not drawn (no counts within the window): d")
    assert [one[0] for one in captions.shown(bad, WHO)] == ["a", "b", "c"]
    assert captions.shown(node.assign_attrs(notes=""), WHO) == WHO


def test_references__stand_for_no_sample():
    node = gaps([2.40, 2.50, 2.54, 2.39]).assign_attrs(notes="")
    assert [one[0] for one in captions.shown(node, WHO, ["b"])] == ["a", "c", "d"]
    assert captions.shown(node, WHO, [one[0] for one in WHO]) == WHO


def test_stated_numbers__are_those_of_the_sentence():
    node = gaps([2.40, 2.50, 2.54, 2.3875])
    found = captions.stated(node, "band_gap", WHO)
    text = captions.panel(node, "band_gap", WHO)
    of = found["stated_of"].values.tolist()
    assert found["stated"].values[of.index("samples, fresh")] == 2
    assert found["stated"].values[of.index("acquisitions, fresh")] == 3
    gap = [
        float(found[f"stated{e}"][of.index("onset fit, fresh")]) for e in ("", "_lower", "_upper")
    ]
    assert captions.rounded(*gap) in text


def test_refused_number__is_said():
    text = captions.panel(gaps([2.40, 2.50, 2.54, np.nan]), "band_gap", WHO)
    assert "1 week none" in text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ((2.4567, 2.4467, 2.4667), "2.457 [2.447, 2.467]"),
        ((66.9, 64.9, 68.9), "66.9 [64.9, 68.9]"),
        ((1234.5, 1134.5, 1334.5), "1234 [1134, 1334]"),
        ((2.4567, np.nan, np.nan), "2.46"),
    ],
)
def test_rounding__follows_the_interval(number, text):
    assert captions.rounded(*number) == text


def test_whole_caption__orders_panels_and_says_that_data_were_simulated():
    bar = xr.Dataset({"scale_bar": ((), 20.0, {"units": "nm"})}, attrs={"caption": "an image."})
    curve = xr.Dataset(attrs={"caption": "a curve."})
    root = xr.Dataset(attrs={"title": "Two things", "simulated": 1})
    text = captions.figure(xr.DataTree.from_dict({"/": root, "b": curve, "a": bar}))
    assert text.startswith("**Two things.** (a) An image. Scale bar: 20 nm. (b) A curve.")
    assert text.rstrip().endswith("The raw data were simulated.")
