"""The paper batch speaks to every panel that the paper claims something with."""

from pathlib import Path

import pytest

from nanostitch import batch

PAPER = Path(__file__).parents[2] / "config" / "batches" / "paper"
PANELS = [
    *("1a", "1b", "2a", "2b", "2c", "2d", "3c", "4a", "4b", "4c", "5a", "5b", "5c", "5e", "6b"),
    *("7a", "7b", "7c", "8a", "8b", "9", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"),
]
"""Panels 3a, 3b and 6a show where spectra come from and claim nothing."""


@pytest.fixture(scope="module")
def claims() -> dict:
    return batch.load(PAPER, raw_files_exist=False).claims


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel__has_a_claim(claims, panel):
    assert any(f"Figure {panel}" in claim["source"] for claim in claims.values())


def test_what_is_unclear_in_the_paper__is_said(claims):
    words = {
        "irradiation_heating": "caption",
        "size_spread": "standard deviation",
        "cooling": "No figure",
        "direct_and_alternating": "no figure",
        "acceleration": "voltage",
        "shift": "two regions",
        "structure_preserved": "Two claims",
        "metal": "beam alone",
        "merging_area": "ripening",
    }
    for name, word in words.items():
        assert word in claims[name]["note"] + claims[name].get("not_tested", ""), name
