"""Marks on images: what is drawn where, and what is said where there is nothing to draw."""

import image_panels as made
import numpy as np
import pytest
from figure_trees import by_gid, misplaced, panel_axes, texts
from matplotlib.patches import Rectangle
from scan_panels import image, one_panel, panel_a, spectrum

from nanostitch import draw
from nanostitch.draw import micrograph, outlines
from nanostitch.errors import BatchError


def shown(tree):
    figure = draw.figure(tree)
    return figure, panel_axes(figure, "a")


def enclosed(y, x):
    """Area within each of several closed lines that NaN separates."""
    areas = []
    for part in np.split(np.arange(y.size), np.flatnonzero(np.isnan(y))):
        part = part[np.isfinite(y[part])]
        cross = x[part][:-1] * y[part][1:] - x[part][1:] * y[part][:-1]
        areas.append(abs(cross.sum()) / 2)
    return np.array(areas)


@pytest.mark.parametrize("period", [0.4, 0.59])
def test_fft__has_its_peaks_where_the_lattice_has_its_frequencies(period):
    data = panel_a(one_panel("image", fft=True), [made.raw(period_nm=period)])
    power = data["fourier_power"]
    away = np.hypot(power["fourier_y"], power["fourier_x"])
    strongest = power.where(away > 0.5 / period)
    at = np.unravel_index(int(np.nanargmax(strongest.values)), strongest.shape)
    step = float(power["fourier_x"].diff("fourier_x")[0])
    places = [abs(float(power[dim][n])) for dim, n in zip(power.dims, at, strict=True)]
    assert max(places) == pytest.approx(1 / period, abs=step)
    assert min(places) == pytest.approx(0, abs=step)


def test_fft__goes_no_further_than_the_pixels_resolve():
    data = panel_a(one_panel("image", fft=True, fft_limit_per_nm=50.0), [made.raw()])
    assert float(abs(data["fourier_x"]).max()) <= 0.5 / made.PIXEL_NM + 1e-9
    data = panel_a(one_panel("image", fft=True, fft_limit_per_nm=3.0), [made.raw()])
    assert 2.5 < float(abs(data["fourier_x"]).max()) <= 3.0
    assert data["fourier_x"].attrs["units"] == "nm-1"


def test_fft__is_drawn_inside_the_image_with_a_bar_of_its_length():
    tree = draw.collect(one_panel("image", fft=True), [made.raw()])
    figure, axes = shown(tree)
    (inset,) = axes.child_axes
    figure.draw_without_rendering()
    box, frame = inset.get_window_extent(), axes.get_window_extent()
    assert frame.x0 < box.x0 < box.x1 < frame.x1
    assert frame.y0 < box.y0 < box.y1 < frame.y1
    assert box.width == pytest.approx(box.height, rel=1e-6)
    length = tree["a"]["fourier_scale_bar"].item()
    assert f"{length:g} nm⁻¹" in {text.get_text() for text in texts(figure)}
    (bar,) = (p for p in inset.findobj(Rectangle) if p.get_width() == length)
    shown_length = bar.get_window_extent().width / box.width
    span = np.diff(inset.get_xlim())[0]
    assert shown_length * span == pytest.approx(length, rel=1e-6)


def test_window__cuts_the_image_at_the_places_asked_for():
    data = panel_a(one_panel("image", window_nm=[2.0, 6.0, 1.0, 3.0]), [made.raw()])
    left, right, bottom, top = micrograph.edges(data)
    half = made.PIXEL_NM
    np.testing.assert_allclose([left, right, top, bottom], [2, 6, 1, 3], atol=half)
    full = made.raw()["intensity"].sel(y=slice(1, 3), x=slice(2, 6))
    assert float(data["intensity"].mean()) == pytest.approx(float(full.mean()), rel=1e-6)


def test_window__outside_the_image_is_refused_with_the_extent():
    with pytest.raises(BatchError, match="reaches from x 0"):
        panel_a(one_panel("image", window_nm=[100, 120, 0, 1]), [made.raw()])


def test_outlines__by_units_enclose_what_holds_as_many_crystals():
    places = [(1, 1), (1, 4), (4, 1), (4, 4), (6.5, 6.5)]
    products = [made.raw("image_1"), made.particles(places, units=[1, 1, 2, 5, 12])]
    data = panel_a(one_panel("image", outlines=True, outline_colours="units"), products)
    assert data["class_particles"].values.tolist() == [2, 1, 1, 1]
    y, x = data["outline_y"].values, data["outline_x"].values
    of = data["outline_class"].values[np.r_[True, np.isnan(y)[:-1]]]
    assert sorted(of) == [0, 0, 1, 2, 3]
    np.testing.assert_allclose(enclosed(y, x), 0.9**2, rtol=0.02)
    declared = one_panel("image", outlines=True, outline_colours="units")
    figure, axes = shown(draw.collect(declared, products))
    for number, line in enumerate(by_gid(axes, "outlines")):
        drawn = np.isfinite(line.get_xdata()) & np.isfinite(line.get_ydata())
        own = (data["outline_class"].values == number) & np.isfinite(x)
        np.testing.assert_array_equal(drawn, own)
    said = {text.get_text() for text in texts(figure)}
    assert {"1 crystal (n\xa0=\xa02)", "10 or more crystals (n\xa0=\xa01)"} <= said


def test_outlines__looks_differ_in_more_than_colour():
    looks = [(width, dashes) for _, width, dashes in outlines.LOOKS]
    assert len(set(map(str, looks))) == len(looks)


def test_outlines__by_flags_name_the_first_flag_of_each_particle():
    cut = made.particles([(1, 1), (4, 4), (6, 6)], touches_border=[1, 0, 0])
    products = [made.raw("image_1"), cut]
    data = panel_a(one_panel("image", outlines=True, outline_colours="flags"), products)
    assert data["class_label"].values.tolist() == ["no flag", "touches border"]
    assert data["class_particles"].values.tolist() == [2, 1]


def test_regions__lie_where_the_sheet_tells_them_in_the_colours_of_their_spectra():
    names = ["left", "right"]
    raw = made.raw("atoms", told="left=0:3; right=4:7,2:6")
    figure = {
        "title": "Both",
        "panels": [
            {"kind": "image", "select": {}, "regions": names},
            {"kind": "spectra", "select": {}, "regions": names},
        ],
    }
    tree = draw.collect(figure, [raw, *spectrum(regions=("all", *names))])
    data = tree["a"]
    boxes = np.stack([data[f"region_{side}"].values for side in ("left", "right", "top", "bottom")])
    half = made.PIXEL_NM / 2
    whole = made.SIDE * made.PIXEL_NM - half
    np.testing.assert_allclose(boxes.T, [[0, 3, -half, whole], [4, 7, 2, 6]])
    names_of_spectra = tree["b"]["acquisition"].values
    ranks = dict(zip(names_of_spectra, tree["b"]["condition_rank"].values, strict=True))
    assert [ranks[f"spectrum_1 {n}"] for n in names] == data["region_rank"].values.tolist()
    said = {text.get_text() for text in texts(draw.figure(tree))}
    assert set(names) <= said


def test_regions__not_told_are_said_not_drawn():
    data = panel_a(one_panel("image", regions=["hole", "all"]), [made.raw(told="left=0:3")])
    assert data["region_name"].values.tolist() == ["all"]
    assert data.attrs["notes"] == "no region hole, only all, left"


def test_defects__are_pointed_at_from_both_sides_and_stay_free():
    tree = draw.collect(one_panel("image", defects=True), [made.raw(), made.columns()])
    figure, axes = shown(tree)
    arrows = [note for note in axes.texts if note.get_gid() == "defect"]
    tips = np.array([note.xy for note in arrows])
    tails = np.array([note.xyann for note in arrows])
    middle = np.array([4.0, 2.0])
    np.testing.assert_allclose(tips.mean(axis=0), middle)
    np.testing.assert_allclose(tails.mean(axis=0), middle)
    assert (np.linalg.norm(tails - middle, axis=1) > np.linalg.norm(tips - middle, axis=1)).all()
    np.testing.assert_allclose(tips[:, 1], 2.0)  # the normal runs along x
    assert any("line defect (n" in text.get_text() for text in texts(figure))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (made.columns(0), "no line defect found in 42\xa0nm² of crystal"),
        (
            made.columns(0, reasons={"pixels of 0.3 nm do not resolve a lattice": "bad"}),
            "no line defect sought (pixels of 0.3 nm do not resolve a lattice)",
        ),
        (made.columns(1, reasons={"drift": "doubtful"}), "doubtful (drift)"),
    ],
)
def test_defects__that_are_none_or_unsure_are_said(columns, words):
    data = panel_a(one_panel("image", defects=True), [made.raw(), columns])
    assert data.attrs["notes"] == words
    draw.figure(draw.collect(one_panel("image", defects=True), [made.raw(), columns]))


def test_bright__is_ringed_without_being_covered():
    raw, particles = image()
    columns = {"bright_y": [12.0], "bright_x": [20.0], "bright_diameter": [4.0]}
    particles = particles.assign({k: ("bright", np.array(v)) for k, v in columns.items()})
    figure, axes = shown(draw.collect(one_panel("image", bright=True), [raw, particles]))
    (ring,) = by_gid(axes, "bright")
    assert ring.center == (20.0, 12.0)
    assert ring.radius > 2.0
    assert not ring.get_fill()
    assert "bright particle, 4.0\xa0nm (n\xa0=\xa01)" in {t.get_text() for t in texts(figure)}


def test_bright__not_looked_for_is_said():
    data = panel_a(one_panel("image", bright=True), image())
    assert data.attrs["notes"] == "bright particles were not looked for"


def test_domains__are_outlined_and_lettered_with_their_orientation():
    lattice = made.lattice(angles=(10.04, 79.96), zones=(0, 1), periods=(90.0, 180.0))
    tree = draw.collect(one_panel("image", domains=True), [made.raw(), lattice])
    data = tree["a"].to_dataset()
    label = lattice["domain_label"].values
    true = [(label == n).sum() * made.PIXEL_NM**2 for n in (1, 2)]
    found = enclosed(data["domain_contour_y"].values, data["domain_contour_x"].values)
    np.testing.assert_allclose(found, true, rtol=0.02)
    figure, _ = shown(tree)
    assert {"10.0°", "80.0° [110]"} <= {text.get_text() for text in texts(figure)}


def test_domains__of_an_image_without_a_lattice_say_why():
    bad = made.lattice((), (), (), reasons={"pixels of 0.3 nm do not resolve a lattice": "bad"})
    for kind, options in (("image", {"domains": True}), ("domains", {})):
        tree = draw.collect(one_panel(kind, **options), [made.raw(), bad])
        assert "pixels of 0.3 nm do not resolve a lattice" in tree["a"].attrs["notes"]
        draw.figure(tree)


@pytest.mark.parametrize("width", ["single", "double"])
def test_image__with_every_mark_keeps_texts_apart(width):
    places = [(1, 1), (1, 4), (4, 1), (4, 4), (6.5, 6.5)]
    dots = {"bright_y": [2.0], "bright_x": [6.0], "bright_diameter": [0.5]}
    particles = made.particles(places, units=[1, 1, 2, 5, 12], acquisition="atoms")
    particles = particles.assign({k: ("bright", np.array(v)) for k, v in dots.items()})
    raw = made.raw(told="upper=0:8,0:2; lower=0:8,6:8")
    lattice = made.lattice((10.0, 20.0, 35.0), (0, 0, 1), (90.0, 90.0, 180.0))
    products = [raw, particles, lattice, made.columns(2)]
    marks = dict.fromkeys(("outlines", "fft", "domains", "defects", "bright"), True)
    panel = {"kind": "image", "select": {}, "outline_colours": "units", **marks}
    panel["regions"] = ["upper", "lower", "middle"]
    declared = {"title": "T", "width": width, "columns": 2, "panels": [panel, panel]}
    figure = draw.figure(draw.collect(declared, products))
    assert not misplaced(figure)
    assert {text.get_size() for text in texts(figure)} == {7.0, 8.0}
