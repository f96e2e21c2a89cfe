"""Ligand shell: its made thickness comes back; where none ends in view there is none."""

import numpy as np
import pytest
from crystal_images import crystal

from nanostitch import contracts, schema
from nanostitch.adf import columns, shell
from nanostitch.contracts.adf_columns import COLUMNS

SETTINGS = schema.with_defaults({}, schema.load("adf"))["columns"]


def measured(**made):
    told = {"pixels": 460, "edge": 8.0, "shell": 3.0, "support": 6.0} | made
    raw, lattice, _ = crystal(np.random.default_rng(7), **told)
    return contracts.check(columns.measure(raw, lattice, **SETTINGS), COLUMNS, "columns")


@pytest.mark.parametrize("thickness", [0.9, 1.25, 2.0])
def test_shell__has_the_thickness_that_was_made(thickness):
    product = measured(shell_nm=thickness)
    low, high = (float(product[f"shell_thickness_{end}"]) for end in ("lower", "upper"))
    assert low <= thickness <= high
    assert high - low < 0.5
    assert float(product["shell_contrast_to_noise"]) == pytest.approx(3 / np.sqrt(6), rel=0.3)


def test_blocks__lie_around_the_crystal():
    product = measured()
    y, x = (product[f"shell_{axis}"] - 0.02 * 460 for axis in "yx")
    angle = np.degrees(np.arctan2(y, x)) % 360
    away = (angle - product["shell_angle"] + 180) % 360 - 180
    assert (np.abs(away) < SETTINGS["shell_block_degree"]).all()
    assert product.sizes["block"] == 12


def test_bare_crystal__has_no_shell_and_says_so():
    product = measured(shell=0.0)
    assert np.isnan(product["shell_thickness"])
    assert "ligand shell" in product["verdict"].attrs["reasons"]


def test_shell_wider_than_the_view__has_no_thickness():
    product = measured(shell_nm=20.0)
    assert np.isnan(product["shell_thickness"])


def test_thickness__needs_several_stretches():
    known = np.array([1.2, 1.3, np.nan, np.nan])
    blocks = shell.Blocks(*np.zeros((3, 4)), known, known)
    number, why = shell.thickness(blocks, edge_nm=0.15, draws=100, seed=0)
    assert np.isnan(number).all()
    assert "2 of 4" in why
