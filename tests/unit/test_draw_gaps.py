"""Panels of band gaps along lines, over maps and against the smoothing window."""

import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from nanostitch import draw, quality
from nanostitch.errors import BatchError

KINDS = ("gap_line", "window_sweep", "gap_map")
ESTIMATORS = ["onset_fit", "derivative", "linear"]


def about(product, acquisition, condition):
    return {
        "batch": "test",
        "technique": "eels",
        "acquisition": acquisition,
        "sample": "grid_1",
        "condition": condition,
        "condition_label": condition.capitalize(),
        "product": product,
        "simulated": 1,
    }


def line(acquisition="line_1", condition="merged", p=0.004, reasons=None, told=True):
    """A boundary product of a flat line of 24 nm; its last point has no gap."""
    x = np.linspace(-11.7, 12.3, 30) if told else np.full(30, np.nan)
    gap = 2.4 + 0.004 * np.sin(3 * np.arange(30))
    gap[-1] = np.nan
    numbers = {
        "gap_difference": (-0.0024, "eV"),
        "gap_difference_lower": (-0.0069, "eV"),
        "gap_difference_upper": (0.0031, "eV"),
        "delocalisation_length": (8.0, "nm"),
        "margin": (0.03, "eV"),
        "equivalence_p": (p, "1"),
        "smallest_effect": (0.0073, "eV"),
        "smallest_local_effect": (0.0857, "eV"),
    }
    if not told:
        numbers = {n: (0.03 if n == "margin" else np.nan, u) for n, (_, u) in numbers.items()}
    product = xr.Dataset(
        {
            "line_gap": ("distance", gap, {"units": "eV"}),
            "line_gap_lower": ("distance", gap - 0.01, {"units": "eV"}),
            "line_gap_upper": ("distance", gap + 0.012, {"units": "eV"}),
            **{name: ((), value, {"units": unit}) for name, (value, unit) in numbers.items()},
            "verdict": quality.verdict(reasons or {}),
        },
        {"distance": ("distance", x, {"units": "nm"})},
        about("boundary", acquisition, condition),
    )
    product["smallest_local_effect"].attrs["boundary_width_nm"] = 1.2
    return product


def gaps(acquisition="map_1", condition="merged", shape=(24, 32), reasons=None):
    """A band-gap product of a map whose gap rises by 0.1 eV along x, and its sweep."""
    rows, columns = shape
    window = np.array([0.05, 0.11, 0.15, 0.21, 0.31, 0.41])
    gap = np.broadcast_to(np.linspace(2.35, 2.45, columns), shape).copy()
    gap[3:6, 4:9] = np.nan
    three = np.stack([gap, gap + 0.002, gap - 0.01])
    region = np.array([[2.4], [2.402], [2.39]])
    inflection = 2.4 + 0.015 + 0.1 * window
    product = xr.Dataset(
        {
            "band_gap": (("estimator", "y", "x"), three, {"units": "eV"}),
            "band_gap_lower": (("estimator", "y", "x"), three - 0.01, {"units": "eV"}),
            "band_gap_upper": (("estimator", "y", "x"), three + 0.03, {"units": "eV"}),
            "region_band_gap": (("estimator", "region"), region, {"units": "eV"}),
            "region_band_gap_lower": (("estimator", "region"), region - 0.006, {"units": "eV"}),
            "region_band_gap_upper": (("estimator", "region"), region + 0.008, {"units": "eV"}),
            "sweep_inflection": (("region", "sweep_window"), inflection[None], {"units": "eV"}),
            "derivative": (("region", "energy"), np.zeros((1, 3)), {"window_ev": 0.15}),
            "verdict": quality.verdict(reasons or {}),
        },
        {
            "y": ("y", 0.5 * np.arange(rows), {"units": "nm"}),
            "x": ("x", 0.5 * np.arange(columns), {"units": "nm"}),
            "estimator": ESTIMATORS,
            "region": ["all"],
            "sweep_window": ("sweep_window", window, {"units": "eV"}),
        },
        about("band_gap", acquisition, condition),
    )
    for end, shift in (("", 0.0), ("_lower", -0.01), ("_upper", 0.012)):
        corrected = np.full((1, window.size), 2.4 + shift)
        product[f"sweep_gap{end}"] = (("region", "sweep_window"), corrected, {"units": "eV"})
    return product


def tree(kind, products, width="single", **options):
    declaration = {
        "title": "Test",
        "width": width,
        "panels": [{"kind": kind, "select": {}, **options}],
    }
    return draw.collect(declaration, products)


def panel_a(kind, products, **options):
    return tree(kind, products, **options)["a"].to_dataset()


def said(figure):
    """All text of a figure; the margin is written from its lowest line up."""
    texts = sorted(figure.findobj(Text), key=lambda t: -t.get_window_extent().y0)
    return " ".join(" ".join(t.get_text() for t in texts).split())


PRODUCTS = {"gap_line": [line()], "window_sweep": [gaps()], "gap_map": [gaps()]}


@pytest.mark.parametrize("kind", KINDS)
def test_collect__gives_every_number_a_unit_and_survives_the_file(kind, tmp_path):
    found = tree(kind, PRODUCTS[kind])
    for name, variable in found["a"].to_dataset().variables.items():
        assert variable.attrs["long_name"], name
        assert variable.dtype.kind not in "fi" or variable.attrs["units"], name
    found.to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        xr.testing.assert_equal(file.load(), found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", ["single", "double"])
def test_draw__keeps_every_text_on_the_page_and_apart(kind, width):
    figure = draw.figure(tree(kind, PRODUCTS[kind], width))
    figure.draw_without_rendering()
    frame = figure.bbox.padded(1)
    boxes = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            inside = [t for t in axis.get_major_ticks() if low - 1e-9 <= t.get_loc() <= high + 1e-9]
            boxes += [t.label1.get_window_extent() for t in inside if t.label1.get_visible()]
            boxes.append(axis.label.get_window_extent())
        boxes += [text.get_window_extent() for text in axes.texts]
    boxes = [box for box in boxes if box.width > 0 and box.height > 0]
    assert all(frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1) for box in boxes)
    for number, box in enumerate(boxes):
        for other in boxes[number + 1 :]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            tall = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(wide, tall) <= 1.5


def test_gap_line__draws_the_numbers_of_the_product():
    product = line()
    figure = draw.figure(tree("gap_line", [product]))
    axes = figure.axes[0]
    points = {g: next(a for a in axes.lines if a.get_gid() == g) for g in ("near", "beyond")}
    known = product.isel(distance=slice(-1))
    near = np.abs(known["distance"]) <= 4.0
    for gid, part in (("near", near), ("beyond", ~near)):
        shown = known.isel(distance=np.flatnonzero(part))
        np.testing.assert_array_equal(points[gid].get_xdata(), shown["distance"])
        np.testing.assert_array_equal(points[gid].get_ydata(), shown["line_gap"])
    (bar,) = [a for a in axes.lines if a.get_gid() == "delocalisation"]
    assert np.ptp(bar.get_xdata()) == 8.0
    assert "less beyond: −2 meV (95 %: −7 to 3)" in said(figure)
    assert "Equivalent within ±30 meV (p = 0.004)" in said(figure)
    assert "7 meV would have been seen (power 0.8), or 86 meV within a boundary 1.2 nm wide" in (
        said(figure)
    )
    assert "1 of 30 points have no gap: line_1" in said(figure)


def test_gap_line__no_difference_is_not_called_equivalence():
    figure = draw.figure(tree("gap_line", [line(p=0.2)]))
    assert "Not shown to be equivalent within ±30 meV (p = 0.2)" in said(figure)
    assert "Equivalent" not in said(figure)


def test_gap_line__without_a_told_boundary_says_so():
    reason = "position of the boundary not told: tell boundary_nm in acquisitions.tsv"
    figure = draw.figure(tree("gap_line", [line(told=False, reasons={reason: "bad"})]))
    assert "No difference can be stated." in said(figure)
    assert f"bad ({reason}): line_1" in said(figure)
    assert "no gap along the line" in said(figure)


def test_single_panels__show_one_acquisition():
    with pytest.raises(BatchError, match="shows one line scan"):
        tree("gap_line", [line(), line("line_2")])
    with pytest.raises(BatchError, match="shows one spectrum image"):
        tree("gap_map", [gaps(), gaps("map_2")])
    with pytest.raises(BatchError, match="no spectrum image"):
        tree("gap_map", [gaps().isel(y=0)])


def test_window_sweep__draws_raw_and_corrected_over_the_band_of_the_fit():
    product = gaps()
    axes = draw.figure(tree("window_sweep", [product])).axes[0]
    drawn = {tuple(np.round(a.get_ydata(), 9)) for a in axes.lines if len(a.get_xdata()) == 6}
    wanted = {tuple(np.round(product[n].values[0], 9)) for n in ("sweep_inflection", "sweep_gap")}
    assert drawn == wanted
    (chosen,) = {a.get_xdata()[0] for a in axes.lines if len(set(a.get_xdata())) == 1}
    assert chosen == pytest.approx(150.0)
    bands = [p for p in axes.patches if isinstance(p, Rectangle)]
    assert [p.get_height() for p in bands] == [pytest.approx(0.014)]


def test_window_sweep__names_what_it_cannot_draw():
    products = [gaps("bad_1", reasons={"no zero-loss peak": "bad"}), gaps()]
    data = panel_a("window_sweep", products)
    assert list(data["acquisition"].values) == ["map_1"]
    assert data.attrs["notes"] == "not drawn (no zero-loss peak): bad_1"
    data = panel_a("window_sweep", [gaps()], region="left")
    assert data.attrs["notes"] == "not drawn (no region left, only all): map_1"
    assert "no sweep" in said(draw.figure(tree("window_sweep", [gaps()], region="left")))


@pytest.mark.parametrize(("show", "expected"), [("gap", 2.4), ("half_width", 20.0)])
def test_gap_map__shows_the_map_and_counts_every_pixel(show, expected):
    product = gaps()
    data = panel_a("gap_map", [product], show=show)
    refused = int(product["band_gap"].sel(estimator="onset_fit").isnull().sum())
    assert np.isnan(data["shown"]).sum() == refused == 15
    assert np.nanmedian(data["shown"]) == pytest.approx(expected, abs=0.01)
    assert data["pixels"].sum() == 24 * 32 - refused
    assert data.attrs["notes"] == "15 of 768 pixels refused, hatched: map_1"


def test_gap_map__refused_pixels_show_the_hatching_and_the_scale_is_colour_blind_safe():
    figure = draw.figure(tree("gap_map", [gaps()]))
    axes = figure.axes[0]
    (image,) = axes.findobj(AxesImage)
    assert np.ma.getmaskarray(image.get_array()).sum() == 15
    hatched = [p for p in axes.patches if p.get_hatch()]
    assert len(hatched) == 1
    assert hatched[0].get_zorder() < image.get_zorder()
    # Lightness (CIE 1931 luminance) rises along the scale, so grey-scale print keeps the order.
    shades = np.array([to_rgb(image.cmap(v)) for v in np.linspace(0, 1, 32)])
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    assert (np.diff(linear @ [0.2126, 0.7152, 0.0722]) > 0).all()


def test_gap_map__without_any_gap_is_drawn_hatched():
    product = gaps()
    nothing = {n: product[n] * np.nan for n in ("band_gap", "band_gap_lower", "band_gap_upper")}
    found = tree("gap_map", [product.assign(nothing)])
    assert "768 of 768 pixels refused, hatched: map_1" in said(draw.figure(found))


def test_options__are_kept_with_the_numbers():
    data = panel_a("gap_map", [gaps()], histogram=False, estimator="linear")
    assert json.loads(data.attrs["options"])["estimator"] == "linear"
    low = draw.figure(tree("gap_map", [gaps()], histogram=False))
    high = draw.figure(tree("gap_map", [gaps()], histogram=True))
    assert low.get_size_inches()[1] < high.get_size_inches()[1]
