"""Seams between two cubes that were drawn with a known one."""

import time
from dataclasses import replace

import bicrystals
import numpy as np
import pytest
import xarray as xr
from bicrystals import Seam

from nanostitch import quality, schema
from nanostitch.adf import seams
from nanostitch.adf.junction import classes, meeting, sides
from nanostitch.contracts import check
from nanostitch.contracts.adf_seams import SEAMS

SETTINGS = schema.with_defaults({}, schema.load("adf"))["seams"]
SEAMLESS, TILT, BOUNDARY = 0, 1, 2


def measured(seam: Seam, *, apart: bool, seed: int = 3) -> xr.Dataset:
    return seams.measure(
        bicrystals.image(seam, seed), bicrystals.lattice(seam, apart=apart), **SETTINGS
    )


def at_middle(found: xr.Dataset, seam: Seam) -> xr.Dataset:
    """The seam found nearest to the one drawn."""
    y, x, _ = bicrystals.middle(seam)
    away = np.hypot(found["seam_y"] - y, found["seam_x"] - x).to_numpy()
    assert float(away.min()) < 1.0
    return found.isel(seam=int(away.argmin()))


@pytest.mark.parametrize(
    ("seam", "apart", "kind"),
    [
        (Seam(), False, SEAMLESS),
        (Seam(misorientation=2.0), True, SEAMLESS),
        (Seam(misorientation=6.0), True, BOUNDARY),
        (Seam(translation=0.2), False, BOUNDARY),
        (Seam(lean_second=(0.5, 0.0)), False, TILT),
        (Seam(other_zone=True), True, BOUNDARY),
    ],
    ids=["one lattice", "slightly turned", "turned", "displaced", "leaning", "zone"],
)
def test_class__is_that_of_the_seam_drawn(seam, apart, kind):
    one = at_middle(measured(seam, apart=apart), seam)
    assert int(one["seam_class"]) == kind
    assert float(one["probability"].sum()) == pytest.approx(1.0)


def test_product__keeps_its_contract():
    check(measured(Seam(), apart=False), SEAMS, "seams")


@pytest.mark.parametrize("turn", [0.5, 3.0, 7.0])
def test_misorientation__lies_within_its_interval_and_a_third_of_a_degree(turn):
    seam = Seam(misorientation=turn)
    one = at_middle(measured(seam, apart=True), seam)
    assert float(one["misorientation"]) == pytest.approx(turn, abs=0.3)
    assert float(one["misorientation_lower"]) <= turn <= float(one["misorientation_upper"])


@pytest.mark.parametrize("miss", [0.0, 0.12, 0.25])
def test_translation__lies_within_its_interval(miss):
    seam = Seam(translation=miss)
    one = at_middle(measured(seam, apart=False), seam)
    assert float(one["translation_lower"]) <= miss <= float(one["translation_upper"])


def test_translation__is_not_feigned_by_columns_that_lean():
    seam = Seam(lean_first=(0.1, -0.1), lean_second=(0.45, 0.1))
    one = at_middle(measured(seam, apart=False), seam)
    assert float(one["translation"]) < 0.03


def test_lean__holds_the_difference_of_both_sides():
    seam = Seam(lean_second=(0.3, 0.1))
    one = at_middle(measured(seam, apart=False), seam)
    assert float(one["lean_lower"]) <= np.hypot(0.3, 0.1) <= float(one["lean_upper"])


def test_missing_planes__are_those_of_a_low_angle_boundary():
    seam = Seam(misorientation=6.0, offset=0.0)
    one = at_middle(measured(seam, apart=True), seam)
    # Read and Shockley: one dislocation every b / theta.
    expected = np.radians(6.0) * float(one["seam_length"]) / bicrystals.PERIOD_NM
    assert float(one["missing_planes"]) == round(expected)
    assert float(one["coherence"]) < 0.8


def test_limits__grow_as_the_dose_falls():
    seam = Seam()
    much = at_middle(measured(seam, apart=False), seam)
    little = at_middle(measured(replace(seam, dose=2e4), apart=False), seam)
    for name in ("misorientation_limit", "translation_limit"):
        assert float(little[name]) > float(much[name])


def test_seam__turned_image_gives_the_turned_seam():
    seam = Seam(misorientation=3.0)
    one = at_middle(measured(seam, apart=True), seam)
    raw, lattice = bicrystals.image(seam, 3), bicrystals.lattice(seam, apart=True)
    flipped = raw.assign(intensity=raw["intensity"].transpose("x", "y").rename(x="y", y="x"))
    names = {f"g{i}_{a}": lattice[f"g{i}_{b}"] for i in (1, 2) for a, b in ("yx", "xy")}
    label = lattice["domain_label"].transpose("x", "y").rename(x="y", y="x")
    found = seams.measure(
        flipped, lattice.assign(**names, domain_label=(("y", "x"), label.values)), **SETTINGS
    )
    away = np.hypot(
        found["seam_y"] - float(one["seam_x"]), found["seam_x"] - float(one["seam_y"])
    ).to_numpy()
    other = found.isel(seam=int(away.argmin()))
    assert float(away.min()) < 0.3
    assert float(other["misorientation"]) == pytest.approx(float(one["misorientation"]), abs=0.05)


def test_same_input__same_bytes():
    first, second = (measured(Seam(), apart=False) for _ in range(2))
    xr.testing.assert_identical(first, second)


def test_no_domain__bad_with_reason_at_once():
    seam = Seam()
    lattice = bicrystals.lattice(seam, apart=False).isel(domain=slice(0))
    lattice["verdict"] = quality.verdict({"pixels of 0.3 nm do not resolve a lattice": "bad"})
    start = time.perf_counter()
    found = seams.measure(bicrystals.image(seam, 0), lattice, **SETTINGS)
    check(found, SEAMS, "seams")
    assert found.sizes["seam"] == 0
    assert quality.level(found) == "bad"
    assert "0.3 nm" in found["verdict"].attrs["reasons"]
    assert time.perf_counter() - start < 5.0


def test_counts__are_the_sum_of_probabilities():
    share = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    found = classes.counted(share)
    assert np.allclose(found[:, 0], share.sum(axis=0))
    assert (found[:, 1] <= found[:, 0]).all()
    assert (found[:, 0] <= found[:, 2]).all()


def test_same__another_basis_of_the_lattice_is_the_same_lattice():
    basis = np.array([[0.0, 1.7], [1.7, 0.0]])
    turned = sides.turned(np.array([[1, 1], [0, 1]]) @ basis, np.radians(5.0))
    change = meeting.same(basis, turned)
    assert change is not None
    back = sides.turned(change @ turned, -np.radians(5.0))
    assert abs(abs(np.linalg.det(back)) - np.linalg.det(basis) * -1) < 1e-9
    assert meeting.same(basis, np.array([[0.0, 1.7], [2.4, 0.0]])) is None
