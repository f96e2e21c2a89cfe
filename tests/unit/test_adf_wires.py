"""Wires that are drawn with known length, width and curl."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, quality
from nanostitch.adf import wires
from nanostitch.contracts.adf import PARTICLES

SHAPE = (260, 320)
CONTRACT = {name: var for name, var in PARTICLES.items() if name.split("_")[0] == "wire"}


def image(*shapes, step=(1.0, 1.0)):
    """Labelled image and table of shapes, each a function of y and x [nm] that says where it is."""
    y, x = np.indices(SHAPE) * np.array(step)[:, None, None]
    label = np.zeros(SHAPE, "i4")
    for number, inside in enumerate(shapes, start=1):
        label[inside(y, x)] = number
    area = np.bincount(label.ravel(), minlength=len(shapes) + 1)[1:] * step[0] * step[1]
    edge = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])
    cut = np.isin(np.arange(1, len(shapes) + 1), edge)
    coords = {n: (n, np.arange(k) * s) for n, k, s in zip("yx", SHAPE, step, strict=True)}
    return xr.DataArray(label, coords, ("y", "x")), xr.Dataset(
        {"area": ("particle", area), "touches_border": ("particle", cut.astype("i1"))}
    )


def bar(y0, x0, length, width, angle):
    def inside(y, x):
        along = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
        across = (y - y0) * np.cos(angle) - (x - x0) * np.sin(angle)
        return (np.abs(along) < length / 2) & (np.abs(across) < width / 2)

    return inside


def found(*shapes, step=(1.0, 1.0), least=5.0):
    return wires.find(*image(*shapes, step=step), least_aspect_ratio=least, unit_edge_nm=8.0)


@pytest.mark.parametrize("angle", [0.0, 0.1, 0.4, np.pi / 4, 1.3, 2.5])
@pytest.mark.parametrize("width", [6.4, 9.7])
def test_a_straight_wire__has_its_length_and_width(angle, width):
    one = found(bar(130.2, 160.7, 130, width, angle)).isel(wire=0)
    assert float(one["wire_length"]) == pytest.approx(130, abs=1.5)
    # a row of pixels more or less, where the wire runs along rows or along their diagonal
    assert float(one["wire_width"]) == pytest.approx(width, abs=0.71)
    assert float(one["wire_tortuosity"]) == pytest.approx(1.0, abs=0.005)
    assert abs(float(one["wire_length"]) - 130) < 3 * float(one["wire_length_uncertainty"])
    assert abs(float(one["wire_width"]) - width) < 3 * float(one["wire_width_uncertainty"])


def test_half_a_ring__is_as_long_as_its_arc():
    one = found(lambda y, x: (np.abs(np.hypot(y - 130, x - 160) - 90) < 4) & (x > 160)).isel(wire=0)
    assert float(one["wire_length"]) == pytest.approx(np.pi * 90, rel=0.01)
    assert float(one["wire_tortuosity"]) == pytest.approx(np.pi / 2, rel=0.015)
    assert float(one["wire_width"]) == pytest.approx(8, abs=0.2)


def test_oblong_pixels__do_not_matter():
    one = found(bar(65, 160, 110, 8, 0.5), step=(0.5, 1.0)).isel(wire=0)
    assert float(one["wire_length"]) == pytest.approx(110, abs=1.5)
    assert float(one["wire_width"]) == pytest.approx(8, abs=0.3)


def test_rough_sides__do_not_lengthen_a_wire():
    """Crystals in a row, each turned and offset a little, as a grown wire consists of them."""
    rng = np.random.default_rng(0)
    rows = [
        bar(130 + rng.normal(0, 0.6), 40.5 + 8 * k, 9, 8 + rng.normal(0, 0.8), rng.normal(0, 0.1))
        for k in range(28)
    ]
    one = found(lambda y, x: np.any([row(y, x) for row in rows], axis=0)).isel(wire=0)
    assert float(one["wire_length"]) == pytest.approx(8 * 27 + 9, rel=0.02)
    assert float(one["wire_width"]) == pytest.approx(8, abs=0.5)
    assert float(one["wire_tortuosity"]) < 1.02
    assert float(one["wire_width_sd"]) > 0.3


def test_what_leaves_the_image__says_so():
    flags = found(bar(60, 160, 130, 8, 0.0), bar(180, 300, 130, 8, 0.2))["wire_quality"]
    assert quality.raised(flags, "leaves_image").values.tolist() == [False, True]


def test_what_is_no_wire__is_left_out():
    cross = bar(100, 100, 120, 8, 0.2), bar(100, 100, 120, 8, 1.7)
    shapes = (
        lambda y, x: np.any([one(y, x) for one in cross], axis=0),
        bar(200, 60, 34, 8, 0.3),
        bar(200, 150, 30, 30, 0.3),
        bar(200, 250, 60, 8, 0.3),
    )
    assert found(*shapes)["wire"].values.tolist() == [4]


def test_a_side_branch__is_flagged():
    trunk, branch = bar(130, 160, 160, 8, 0.0), bar(148, 160, 30, 8, np.pi / 2)
    flags = found(lambda y, x: trunk(y, x) | branch(y, x))["wire_quality"]
    assert quality.raised(flags, "branched").values.tolist() == [True]


def test_a_wire_of_two_pixels__has_no_middle():
    assert found(bar(130.5, 160, 130, 1.9, 0.0)).sizes["wire"] == 0


@pytest.mark.parametrize("shapes", [(), (bar(130, 160, 120, 8, 0.2),)])
def test_wires__keep_the_contract(shapes):
    contracts.check(
        found(*shapes), {k: v for k, v in CONTRACT.items() if k[:10] != "wire_share"}, ""
    )
