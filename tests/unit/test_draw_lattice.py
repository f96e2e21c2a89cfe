"""Maps of domains and seams: colours that everyone tells apart, and marks in their place."""

import image_panels as made
import numpy as np
import pytest
from figure_trees import by_gid, misplaced, panel_axes, texts
from scan_panels import one_panel, panel_a

from nanostitch import draw
from nanostitch.draw import orientation_colours, seam_map

# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def seen(rgb, vision):
    """CIE L*a*b* (D65) of sRGB colours, as a vision sees them."""
    from skimage.color import rgb2lab

    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(back)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("away", [0.25, 0.5])
def test_orientation_colours__a_quarter_turn_of_the_cycle_apart_are_told_apart(vision, away):
    share = np.linspace(0, 1, 360, endpoint=False)
    first, second = (seen(orientation_colours.of_share(s), vision) for s in (share, share + away))
    # A difference of 2.3 in L*a*b* is just noticed (Mahy et al. 1994); ten times that is plain.
    assert np.linalg.norm(first - second, axis=-1).min() > 23


def test_orientation_colours__close_their_cycle_without_a_step():
    share = np.linspace(0, 1, 1001)
    colours = orientation_colours.of_share(share)
    np.testing.assert_array_equal(colours[0], colours[-1])
    assert abs(np.diff(colours, axis=0)).max() < 0.01
    np.testing.assert_allclose(
        orientation_colours.of_share(share + 3), orientation_colours.of_share(share), atol=1e-9
    )


def test_domain_map__colours_stand_for_shares_of_the_period():
    lattice = made.lattice((9.0, 81.0, 45.0), (0, 0, 1), (90.0, 90.0, 180.0))
    data = panel_a(one_panel("domains"), [made.raw(), lattice])
    np.testing.assert_allclose(data["colour_share"], [0.1, 0.9, 0.25])
    assert data["key_angle"].values.tolist() == [0, 90]


@pytest.mark.parametrize("turn", [0.0, 1.0, 44.0])
def test_domain_map__a_span_is_centred_on_the_circle_not_on_the_numbers(turn):
    angles = np.mod(np.array([88.0, 2.0]) + turn, 90)
    lattice = made.lattice(tuple(angles))
    data = panel_a(one_panel("domains", colour_span_degree=8.0), [made.raw(), lattice])
    np.testing.assert_allclose(data["colour_share"], [0.25, 0.75])
    middle = np.mod(data["key_angle"].mean().item(), 90)
    assert np.mod(middle - turn + 45, 90) == pytest.approx(45)


def test_domain_map__each_printed_pixel_has_the_domain_of_its_place():
    lattice = made.lattice((10.0, 40.0))
    data = panel_a(one_panel("domains", window_nm=[2.0, 6.0, 1.0, 3.0]), [made.raw(), lattice])
    label = lattice["domain_label"].assign_coords(made.axes_of())
    expected = label.sel(y=data["y"], x=data["x"], method="nearest") - 1
    np.testing.assert_array_equal(data["domain_place"], expected)


def test_domain_map__tints_domains_and_leaves_the_rest_grey():
    lattice = made.lattice((22.5, 67.5))  # blue and orange
    tree = draw.collect(one_panel("domains"), [made.raw(), lattice])
    figure = draw.figure(tree)
    tinted = panel_axes(figure, "a").images[-1].get_array()
    place = tree["a"]["domain_place"].values
    assert np.ptp(tinted[place < 0], axis=-1).max() == 0
    assert np.ptp(tinted[place >= 0], axis=-1).min() > 0.1
    said = {text.get_text() for text in texts(figure)}
    assert {"22.5°", "67.5°", "In-plane orientation (°)"} <= said
    assert not misplaced(figure)


def test_domain_map__other_zone_axes_are_hatched_and_named():
    lattice = made.lattice((10.0, 40.0), (0, 1), (90.0, 180.0))
    figure = draw.figure(draw.collect(one_panel("domains"), [made.raw(), lattice]))
    assert "[110]" in {text.get_text() for text in texts(figure)}
    hatches = [c.hatches for c in panel_axes(figure, "a").collections if getattr(c, "hatches", 0)]
    assert ["////"] in hatches


def test_seam_map__draws_each_seam_along_itself_at_its_length_on_both_sides():
    tree = draw.collect(one_panel("seams"), [made.raw(), made.seams()])
    axes = panel_axes(draw.figure(tree), "a")
    lines = by_gid(axes, "seam")
    assert len(lines) == 6
    for number, seam in enumerate(np.repeat([0, 1, 2], 2)):
        x, y = lines[number].get_xdata()[:2], lines[number].get_ydata()[:2]
        assert np.hypot(np.diff(x), np.diff(y))[0] == pytest.approx(3.0)
        assert x.mean() == pytest.approx(4.0)
        np.testing.assert_allclose(y[0], y[1])  # the normal runs along y
        assert abs(y[0] - (1.0 + 2.5 * seam)) > 0
    middles = [np.mean([lines[n].get_ydata()[0], lines[n + 1].get_ydata()[0]]) for n in (0, 2, 4)]
    np.testing.assert_allclose(middles, [1.0, 3.5, 6.0])


def test_seam_map__letters_misorientation_and_probability_and_counts_the_classes():
    figure = draw.figure(draw.collect(one_panel("seams"), [made.raw(), made.seams()]))
    said = {text.get_text() for text in texts(figure)}
    assert {"0.2°, 0.90", "1.4°, 0.90", "9.0°, 0.90"} <= said
    assert {f"{name} (n\xa0=\xa01)" for name in ("seamless", "tilt", "boundary")} <= said
    assert not misplaced(figure)
    plain = draw.figure(draw.collect(one_panel("seams", letter=False), [made.raw(), made.seams()]))
    assert not {text.get_text() for text in texts(plain)} & {"0.2°, 0.90"}


def test_seam_map__classes_differ_in_dashes_and_width_too():
    assert len({str(dashes) for _, _, _, dashes, _ in seam_map.CLASSES}) == 4
    assert len({width for *_, width in seam_map.CLASSES}) == 4


def test_seam_map__a_class_that_is_not_told_has_no_probability():
    seams = made.seams((-1, 0), (np.nan, 0.2))
    data = panel_a(one_panel("seams"), [made.raw(), seams])
    assert np.isnan(data["class_probability"].values[0])
    assert data["seam_text"].values.tolist() == ["two zones", "0.2°, 0.90"]


@pytest.mark.parametrize(
    ("seams", "words"),
    [
        (made.seams((), ()), "no seam found"),
        (made.seams((), (), reasons={"no lattice": "bad"}), "no seam (no lattice)"),
    ],
)
def test_seam_map__says_why_there_is_none(seams, words):
    tree = draw.collect(one_panel("seams"), [made.raw(), seams])
    assert tree["a"].attrs["notes"] == words
    draw.figure(tree)


@pytest.mark.parametrize("kind", ["domains", "seams"])
def test_lattice_panels__survive_the_file(kind, tmp_path):
    import xarray as xr

    products = [made.raw(), made.lattice(), made.seams()]
    tree = draw.collect(one_panel(kind), products)
    tree.to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        read = file.load()
    xr.testing.assert_equal(read, tree)
    draw.figure(read)
