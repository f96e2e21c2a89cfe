"""A number in a caption or title has a product, a claim or a condition behind it."""

import re
from pathlib import Path

import caption_lint
import numpy as np
import pytest
import xarray as xr
from comparison_panels import comparison, figure_of, samples
from scan_panels import image, one_panel

from nanostitch import batch, draw

BATCHES = sorted((Path(__file__).parents[2] / "config" / "batches").glob("*/batch.yaml"))


def test_number_of_the_data__passes_as_it_is_rounded():
    known = [2.4567, -0.0185, 1234.5, 0.95]
    for text in ("2.457", "2.46", "-0.018", "−0.0185", "1234", "0.95"):
        assert not caption_lint.unsourced(f"gap {text} eV", known, []), text


def test_number_of_nothing__fails():
    assert caption_lint.unsourced("gap 2.5 eV and 2.47", [2.4567], []) == ["2.47"]
    assert caption_lint.unsourced("a week at 60 °C", [], ["90 °C, 1 h"]) == ["60"]


def test_number_of_a_label__passes_as_part_of_the_label_alone():
    assert not caption_lint.unsourced("after 90 °C, 1 h; grid1", [], ["90 °C, 1 h", "grid1"])
    assert caption_lint.unsourced("after 90 °C", [], ["90 °C, 1 h"]) == ["90"]
    # A text that is nothing but a digit hides no digits of others.
    assert caption_lint.unsourced("17 nm", [], ["1"]) == ["17"]


def pictures() -> list[xr.Dataset]:
    found = []
    for number, sample in enumerate(("grid1", "grid2", "grid3")):
        one = image(f"fresh_{number}", "fresh", sample=sample)[1]
        ends = {"": 0.21, "_lower": 0.17, "_upper": 0.26}
        found.append(
            one.assign({f"merged_fraction{e}": ((), v + 0.07 * number) for e, v in ends.items()})
        )
    return found


@pytest.mark.parametrize("kind", ["image_numbers", "size_histogram", "sizes"])
def test_caption_of_images__holds_only_numbers_of_its_file(kind):
    node = draw.collect(one_panel(kind), pictures())["a"].to_dataset()
    labels = {"Fresh", "fresh", *(f"grid{number}" for number in (1, 2, 3))}
    assert re.search(r"\d", node.attrs["caption"])
    assert not caption_lint.of_panel(node, labels)


def test_caption_with_a_typed_number__fails():
    node = draw.collect(one_panel("image_numbers"), pictures())["a"].to_dataset()
    node.attrs["caption"] += " Typed: 77.7 %."
    assert caption_lint.of_panel(node, ["Fresh"]) == ["77.7"]


def test_caption_of_comparisons__holds_only_numbers_of_its_file():
    table = {"fresh": samples([2.451, 2.473, 2.462]), "1 week": samples([2.41, 2.44, 2.42])}
    gap = comparison("gap", table)
    node = draw.collect(figure_of("effects", ["gap"]), [gap])["a"].to_dataset()
    assert not caption_lint.of_panel(node, ["1 week", "fresh"])


@pytest.mark.parametrize("path", BATCHES, ids=lambda path: path.parent.name)
def test_titles_of_a_batch__hold_no_number_but_of_its_sheets(path):
    """What is typed in batch.yaml may name a condition, and states no result."""
    found = batch.load(path.parent, raw_files_exist=False)
    rows = [row for a in found.acquisitions.values() for row in (a.condition, a.sample, a.row)]
    cells = " ".join(str(cell) for row in rows for cell in row.values())
    known = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", cells)]
    # "After a day" of a sheet in hours.
    known += [number / 24 for number in known]
    titles = [figure["title"] for figure in found.figures.values()]
    titles += [declared["title"] for declared in found.comparisons.values()]
    wrong = {text: caption_lint.unsourced(text, np.unique(known), []) for text in titles}
    assert not {text: numbers for text, numbers in wrong.items() if numbers}
