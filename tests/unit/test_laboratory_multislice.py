"""Simulated lattice images against a multislice one, as docs/multislice.py calculated it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "multislice.py"

MEAN_TOLERANCE = 0.1
"""Screened Rutherford cross-sections are good to about a tenth."""
COLUMN_TOLERANCE = 0.25
"""One number stands for how all kinds of columns lose electrons; six vibrations scatter by 4 %."""


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("multislice", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cells(script):
    return script.images()


def columns(script, image):
    return {name: script.at(image, place) for name, place in script.COLUMNS.items()}


def test_columns__stand_where_multislice_has_them(script, cells):
    for image in (cells.multislice, cells.ours):
        for name in ("Pb-Br", "Cs", "Br"):
            row, column = (round(f * len(image)) for f in script.COLUMNS[name])
            around = np.roll(image, (1 - row, 1 - column), (0, 1))[:3, :3]
            assert around.argmax() == 4, name


def test_columns__have_the_order_and_the_ratios_of_multislice(script, cells):
    truth, ours = columns(script, cells.multislice), columns(script, cells.ours)
    for found in (truth, ours):
        assert found["Pb-Br"] > found["Cs"] > found["Br"] > found["none"]
    for name in ("Cs", "Br"):
        ratio = ours[name] / ours["Pb-Br"]
        assert ratio == pytest.approx(truth[name] / truth["Pb-Br"], rel=COLUMN_TOLERANCE)


def test_signal__is_that_of_multislice_without_a_free_scale(script, cells):
    assert cells.ours.mean() == pytest.approx(cells.multislice.mean(), rel=MEAN_TOLERANCE)
    truth, ours = columns(script, cells.multislice), columns(script, cells.ours)
    for name in ("Pb-Br", "Cs", "Br"):
        assert ours[name] == pytest.approx(truth[name], rel=COLUMN_TOLERANCE)


def test_unit_cell__correlates_better_than_without_the_losses_of_columns(cells):
    def correlation(image):
        return np.corrcoef(image.ravel(), cells.multislice.ravel())[0, 1]

    assert correlation(cells.ours) > 0.97
    assert correlation(cells.ours) > correlation(cells.linear)
