"""Second step of figures: ink that shows the collected numbers, fits the page and repeats."""

import re
import xml.etree.ElementTree as ElementTree
import zlib
from functools import cache
from io import BytesIO

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.offsetbox import AnchoredOffsetbox
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from nanostitch import draw
from nanostitch.draw import lettering, page, style

LONG = "Stored for one week in the dark at 20 °C and 60 % relative humidity, $then annealed"


def described(values, dims, long_name, units):
    return (dims, values, {"long_name": long_name, "units": units})


def image_node(shape=(60, 90), pixel=(0.5, 0.5), label="Fresh"):
    y, x = (np.arange(n) * p for n, p in zip(shape, pixel, strict=True))
    ramp = np.add.outer(np.arange(shape[0]), np.arange(shape[1])).astype("f4")
    bar = style.round_number(0.3 * shape[1] * pixel[1])
    return xr.Dataset(
        {
            "intensity": described(ramp, ("y", "x"), "Detector signal", "1"),
            "contrast": described(np.array([1.0, 100.0]), "limit", "Contrast", "1"),
            "scale_bar": described(bar, (), "Scale bar", "nm"),
            "pixel_height": described(pixel[0], (), "Pixel height", "nm"),
            "pixel_width": described(pixel[1], (), "Pixel width", "nm"),
            "outline_y": described(np.array([1.0, 9, 9, 1]), "vertex", "Outline", "nm"),
            "outline_x": described(np.array([2.0, 2, 8, 2]), "vertex", "Outline", "nm"),
        },
        {"y": described(y, "y", "y", "nm"), "x": described(x, "x", "x", "nm")},
        {"kind": "image", "condition_label": label},
    )


def condition_variables(labels, number, dim="acquisition"):
    ranks = [n % len(labels) for n in range(number)]
    return {
        "condition_label": (dim, [labels[rank] for rank in ranks], {"long_name": "Condition"}),
        "condition_rank": described(ranks, dim, "Rank", "1"),
    }


def spectra_node(number=2, labels=("Fresh", "Merged"), gap_in_data=False):
    energy = np.tile(np.linspace(1.5, 4.0, 251), (number, 1))
    gaps = 2.3 + 0.02 * np.arange(number)
    height = np.sqrt(np.clip(energy - gaps[:, None], 0, None))
    if gap_in_data:
        height[:, 100:140] = np.nan
    main, slope = ("acquisition", "channel"), ("acquisition", "derivative_channel")
    return xr.Dataset(
        {
            "energy": described(energy, main, "Energy loss", "eV"),
            "intensity": described(height, main, "Normalised loss", "1"),
            "intensity_uncertainty": described(0.05 + 0 * height, main, "Uncertainty", "1"),
            "derivative_energy": described(energy[:, :-1], slope, "Energy loss", "eV"),
            "derivative": described(np.diff(height) * 100, slope, "Derivative", "eV-1"),
            "energy_window": described(np.array([1.5, 4.0]), "limit", "Energies drawn", "eV"),
            "zlp_fwhm": described(np.full(number, 50.0), "acquisition", "Width", "meV"),
            "band_gap": described(gaps, "acquisition", "Band gap", "eV"),
            "band_gap_lower": described(gaps - 0.02, "acquisition", "Lower", "eV"),
            "band_gap_upper": described(gaps + 0.02, "acquisition", "Upper", "eV"),
            **condition_variables(labels, number),
        },
        {"acquisition": [f"spectrum_{n}" for n in range(number)]},
        {"kind": "spectra", "notes": ""},
    )


def band_gap_node(number=3, labels=("Fresh", "Merged"), name="spectrum"):
    gaps = np.add.outer(2.3 + 0.02 * np.arange(number), [0.0, 0.03])
    status = np.zeros((number, 2), "i1")
    gaps[-1, 1], status[-1, 1], status[0, 0] = np.nan, 2, 1
    both = ("acquisition", "estimator")
    node = xr.Dataset(
        {
            "band_gap": described(gaps, both, "Band gap", "eV"),
            "band_gap_lower": described(gaps - 0.02, both, "Lower", "eV"),
            "band_gap_upper": described(gaps + 0.03, both, "Upper", "eV"),
            "status": described(status, both, "Status", "1"),
            **condition_variables(labels, number),
        },
        {
            "acquisition": [f"{name}_{n}" for n in range(number)],
            "estimator": ["onset_fit", "derivative"],
        },
        {"kind": "band_gap", "notes": f"refused (resolution too coarse): {name}_9 derivative"},
    )
    return node.sortby("condition_rank")


def histogram_node(labels=("Fresh", "Merged")):
    number = len(labels)
    share = np.array([[0.0, 40, 60, 0, 0], [0, 0, 10, 60, 30]])[np.arange(number) % 2]
    means = 8.0 + np.arange(number)
    return xr.Dataset(
        {
            "share": described(share, ("group", "bin"), "Share of particles", "percent"),
            "bin_edge": described(np.arange(5.0, 11.0), "edge", "Edge length", "nm"),
            "size_mean": described(means, "group", "Mean", "nm"),
            "size_mean_lower": described(means - 0.2, "group", "Lower", "nm"),
            "size_mean_upper": described(means + 0.2, "group", "Upper", "nm"),
            "size_sd": described(np.full(number, 1.2), "group", "SD", "nm"),
            "particles": described(np.full(number, 432), "group", "Particles", "1"),
            "images": described(np.full(number, 3), "group", "Images", "1"),
            **condition_variables(labels, number, "group"),
        },
        attrs={"kind": "size_histogram", "notes": "left out (flat image): image_7"},
    )


def tree_of(*nodes, width="double", columns=2, simulated=0):
    columns = min(columns, len(nodes))
    cell = style.WIDTH_MM[width] / columns
    letters = {
        f"/{letter}": node.assign_attrs(letter=letter, width_mm=cell)
        for letter, node in zip("abcdefghijkl", nodes, strict=False)
    }
    attrs = {"title": "Test figure", "simulated": simulated, "width": width, "columns": columns}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **letters})


def all_kinds(**options):
    return tree_of(image_node(), spectra_node(), band_gap_node(), histogram_node(), **options)


AWKWARD = {
    "all kinds": all_kinds(),
    "long labels": tree_of(
        image_node(label=LONG),
        spectra_node(labels=(LONG, LONG + " twice")),
        band_gap_node(labels=(LONG, LONG + " twice"), name="a_name_without_any_space_in_it_at_all"),
        histogram_node(labels=(LONG, LONG + " twice")),
        simulated=1,
    ),
    "single column": all_kinds(width="single", columns=1, simulated=1),
    "twelve acquisitions": tree_of(
        spectra_node(12, labels=tuple("abcdefg")), band_gap_node(12, labels=tuple("abcdefg"))
    ),
    "one acquisition": tree_of(spectra_node(1), band_gap_node(1)),
    "nothing usable": tree_of(
        spectra_node(2).isel(acquisition=slice(0)), histogram_node().isel(group=slice(0))
    ),
    "holes in the data": tree_of(spectra_node(2, gap_in_data=True)),
    "images": tree_of(
        image_node((3, 4)),
        image_node((10, 400), label=LONG),
        image_node((400, 20)),
        image_node((40, 160), pixel=(4.0, 1.0)),
        image_node((50, 50), pixel=(60.0, 60.0)),
        columns=3,
    ),
}


@cache
def drawn(name):
    return draw.figure(AWKWARD[name])


def texts(figure):
    """Every text that is visible, with its box in pixels."""
    figure.draw_without_rendering()
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1}
                hidden |= {tick.label2}
    found = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    return {t: t.get_window_extent() for t in found if t not in hidden}


def panel_axes(figure, letter):
    return next(axes for axes in figure.axes if axes.get_gid() == letter)


@pytest.mark.parametrize("name", AWKWARD)
def test_figure__keeps_every_text_on_the_page_and_apart(name):
    figure = drawn(name)
    boxes = texts(figure)
    frame = figure.bbox.padded(1)
    for text, box in boxes.items():
        inside = (
            frame.x0 <= box.x0 <= box.x1 <= frame.x1 and frame.y0 <= box.y0 <= box.y1 <= frame.y1
        )
        assert inside, text.get_text()
    items = list(boxes.items())
    for n, (text, box) in enumerate(items):
        for other, second in items[n + 1 :]:
            common = Bbox.intersection(box, second)
            overlap = common is not None and min(common.width, common.height) > 1.5
            assert not overlap, (text.get_text(), other.get_text())


@pytest.mark.parametrize("name", AWKWARD)
def test_figure__has_the_width_of_its_column_and_room_for_data(name):
    tree = AWKWARD[name]
    figure = drawn(name)
    width_mm, height_mm = 25.4 * figure.get_size_inches()
    assert width_mm == pytest.approx({"single": 85, "double": 178}[tree.attrs["width"]])
    for letter, node in tree.children.items():
        box = panel_axes(figure, letter).get_window_extent()
        wide, tall = (
            box.width / figure.bbox.width * width_mm,
            box.height / figure.bbox.height * height_mm,
        )
        if node.attrs["kind"] != "image":
            assert wide > 0.5 * node.attrs["width_mm"]
            assert tall > 8


def test_figure__letters_stand_top_left_outside_the_axes():
    figure = drawn("all kinds")
    boxes = {t.get_text(): (t, box) for t, box in texts(figure).items()}
    for letter in "abcd":
        text, box = boxes[letter]
        axes = panel_axes(figure, letter).get_window_extent()
        assert text.get_weight() == "bold"
        assert box.y0 >= axes.y1
        assert box.x0 <= axes.x0 + 1


def test_figure__labels_carry_units():
    figure = drawn("all kinds")
    labels = {axes.get_xlabel() for axes in figure.axes} | {
        axes.get_ylabel() for axes in figure.axes
    }
    assert labels == {
        "",
        "Energy loss (eV)",
        "Normalised loss",
        "Derivative (eV⁻¹)",
        "Band gap (eV)",
        "Edge length (nm)",
        "Share of particles (%)",
    }


def test_figure__type_is_readable():
    assert {text.get_size() for text in texts(drawn("all kinds"))} == {7.0, 8.0}


@pytest.mark.parametrize("simulated", [0, 1])
def test_figure__says_simulated_if_and_only_if_it_is(simulated):
    figure = draw.figure(all_kinds(simulated=simulated))
    said = [t for t in texts(figure) if t.get_text() == page.SIMULATED]
    assert len(said) == simulated
    for text in said:
        box = text.get_window_extent()
        assert not any(axes.get_tightbbox().overlaps(box) for axes in figure.axes)


def test_figure__prints_every_remark():
    printed = " ".join(t.get_text() for t in texts(drawn("all kinds")))
    assert "c: refused (resolution too coarse): spectrum_9 derivative" in printed
    assert "d: left out (flat image): image_7" in printed


def test_spectra__draws_the_numbers_of_the_tree():
    node = spectra_node()
    figure = draw.figure(tree_of(node))
    main, gaps, slope = figure.axes
    for n in range(2):
        one = node.isel(acquisition=n)
        np.testing.assert_array_equal(main.lines[n].get_xdata(), one["energy"])
        np.testing.assert_array_equal(main.lines[n].get_ydata(), one["intensity"])
        np.testing.assert_array_equal(slope.lines[n].get_ydata(), one["derivative"])
        ends, middle = gaps.lines[2 * n : 2 * n + 2]
        bounds = [one["band_gap_lower"].item(), one["band_gap_upper"].item()]
        np.testing.assert_array_equal(ends.get_xdata(), bounds)
        assert middle.get_xdata()[0] == one["band_gap"].item()
    shade = main.collections[0].get_paths()[0].vertices
    one = node.isel(acquisition=0)
    edges = np.concatenate([one["intensity"] + s * one["intensity_uncertainty"] for s in (-1, 1)])
    assert set(np.round(edges, 9)) <= set(np.round(shade[:, 1], 9))
    assert main.get_xlim() == slope.get_xlim() == gaps.get_xlim() == (1.5, 4.0)


def test_spectra__conditions_differ_in_colour_and_in_line():
    main = draw.figure(tree_of(spectra_node())).axes[0]
    first, second = main.lines[:2]
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_band_gap__draws_every_row_or_says_that_it_is_refused():
    node = band_gap_node()
    axes = draw.figure(tree_of(node)).axes[0]
    drawn = {line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1}
    assert drawn == set(node["band_gap"].values[np.isfinite(node["band_gap"].values)])
    refused = [t for t in axes.texts if t.get_text() == "× derivative refused"]
    assert len(refused) == 1
    hollow = [line for line in axes.lines if to_hex(line.get_markerfacecolor()) == "#ffffff"]
    assert [line.get_xdata()[0] for line in hollow] == [2.3]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(node["acquisition"].values)


def test_size_histogram__draws_the_bins_and_means_of_the_tree():
    node = histogram_node()
    axes = draw.figure(tree_of(node)).axes[0]
    np.testing.assert_array_equal(axes.patches[1].get_data().values, [40, 60])
    np.testing.assert_array_equal(axes.patches[1].get_data().edges, [6, 7, 8])
    means = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert means == node["size_mean"].values.tolist()


@pytest.mark.parametrize("name", ["all kinds", "images"])
def test_image__is_drawn_to_scale_with_a_bar_of_its_length(name):
    tree = AWKWARD[name]
    figure = drawn(name)
    figure.draw_without_rendering()
    for letter, node in tree.children.items():
        if node.attrs["kind"] != "image":
            continue
        axes = panel_axes(figure, letter)
        box = axes.get_window_extent()
        wide = node.sizes["x"] * node["pixel_width"].item()
        tall = node.sizes["y"] * node["pixel_height"].item()
        assert box.height / box.width == pytest.approx(tall / wide, rel=1e-6)
        (anchored,) = axes.findobj(AnchoredOffsetbox)
        (bar,) = anchored.findobj(Rectangle)
        length = bar.get_window_extent().width / box.width * wide
        assert length == pytest.approx(node["scale_bar"].item(), rel=1e-6)
        (label,) = (t.get_text() for t in anchored.findobj(Text))
        number, unit = label.split()
        assert float(number) * {"nm": 1, "µm": 1000}[unit] == node["scale_bar"].item()


def test_image__shows_the_pixels_of_the_tree_in_place():
    node = image_node(pixel=(2.0, 0.5))
    axes = draw.figure(tree_of(node)).axes[0]
    (shown,) = axes.findobj(AxesImage)
    np.testing.assert_array_equal(shown.get_array(), node["intensity"])
    assert shown.get_clim() == (1.0, 100.0)
    assert shown.get_extent() == [-0.25, 44.75, 119.0, -1.0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), node["outline_x"])


def saved(figure, folder):
    folder.mkdir()
    paths = {suffix: folder / f"figure.{suffix}" for suffix in ("pdf", "svg", "png")}
    draw.save(figure, paths, "urn:test:42")
    return {suffix: path.read_bytes() for suffix, path in paths.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The bytes of one saved figure by suffix."""
    return saved(drawn("all kinds"), tmp_path_factory.mktemp("saved") / "first")


def test_save__gives_the_same_bytes_twice(files, tmp_path):
    assert saved(drawn("all kinds"), tmp_path / "again") == files


def test_save__gives_the_same_bytes_for_anyone_from_the_file_of_the_tree(files, tmp_path):
    all_kinds().to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        tree = file.load()
    settings = {"lines.linewidth": 9, "font.size": 20, "svg.hashsalt": "x", "pdf.fonttype": 3}
    with matplotlib.rc_context(settings):
        assert saved(draw.figure(tree), tmp_path / "redrawn") == files


def test_save__embeds_fonts_as_text_and_the_identifier_in_pdf(files):
    pdf = files["pdf"]
    assert b"/FontFile2" in pdf
    assert b"/ToUnicode" in pdf
    assert b"/Type3" not in pdf
    assert b"urn:test:42" in pdf
    assert b"CreationDate" not in pdf
    pages = [zlib.decompress(s) for s in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", pdf, re.S)]
    assert any(b"Tj" in content or b"TJ" in content for content in pages)


def test_save__keeps_text_and_the_identifier_in_svg(files):
    root = ElementTree.fromstring(files["svg"])
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Energy loss (eV)", "a", "b", "c", "d"} <= words
    (identifier,) = root.iter("{http://purl.org/dc/elements/1.1/}identifier")
    assert identifier.text == "urn:test:42"
    assert not list(root.iter("{http://purl.org/dc/elements/1.1/}date"))


def test_save__keeps_the_identifier_and_resolution_in_png(files):
    with Image.open(BytesIO(files["png"])) as png:
        assert png.info["Identifier"] == "urn:test:42"
        assert png.info["dpi"][0] == pytest.approx(300, abs=0.1)
        assert png.size[0] == pytest.approx(178 / 25.4 * 300, abs=1)


def test_save__refuses_an_unknown_format(tmp_path):
    with pytest.raises(ValueError, match="jpg"):
        draw.save(draw.figure(tree_of(image_node())), {"jpg": tmp_path / "a.jpg"}, "id")


@pytest.mark.parametrize("width_mm", [5.0, 20.0, 60.0])
def test_wrapped__loses_no_letter_and_fits(width_mm):
    lines = lettering.wrapped(LONG, width_mm).split("\n")
    assert "".join(lines).replace(" ", "") == LONG.replace(" ", "")
    assert all(lettering.line_mm(line) <= width_mm for line in lines)


def test_colours__of_more_conditions_than_the_palette_has_stay_apart():
    found = [style.colour(rank) for rank in range(2 * len(style.COLOURS))]
    assert len(set(found)) == len(found)
    assert [name.lower() for name in found[: len(style.COLOURS)]] == [
        name.lower() for name in style.COLOURS
    ]
