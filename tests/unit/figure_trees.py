"""Plotted data of figures, made by hand, and what a drawn figure shows, for tests."""

from functools import cache

import numpy as np
import xarray as xr
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from nanostitch import draw
from nanostitch.draw import style

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
            "samples": described(np.full(number, 2), "group", "Samples", "1"),
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


def saved(figure, folder):
    folder.mkdir()
    paths = {suffix: folder / f"figure.{suffix}" for suffix in ("pdf", "svg", "png")}
    draw.save(figure, paths, "urn:test:42")
    return {suffix: path.read_bytes() for suffix, path in paths.items()}


def misplaced(figure):
    """Texts of a figure that leave the page or lie on each other."""
    boxes = texts(figure)
    frame = figure.bbox.padded(1)
    found = [
        text.get_text()
        for text, box in boxes.items()
        if not (
            frame.x0 <= box.x0 <= box.x1 <= frame.x1 and frame.y0 <= box.y0 <= box.y1 <= frame.y1
        )
    ]
    items = list(boxes.items())
    for n, (text, box) in enumerate(items):
        for other, second in items[n + 1 :]:
            common = Bbox.intersection(box, second)
            if common is not None and min(common.width, common.height) > 1.5:
                found.append((text.get_text(), other.get_text()))
    return found


def by_gid(axes, gid):
    """Artists of axes that carry a name."""
    return axes.findobj(match=lambda artist: artist.get_gid() == gid)
