"""The paper batch speaks to every panel of the paper and to every point that it leaves open."""

from pathlib import Path

import pytest

from nanostitch import batch

PAPER = Path(__file__).parents[2] / "config" / "batches" / "paper"
ROWS = {
    "1a": ["emission_wavelength", "emission_energy", "emission_narrow", "stokes_shift"],
    "1b": ["stoichiometry_cs", "stoichiometry_pb", "stoichiometry_br", "no_second_phase"],
    "2a": ["size_mean", "size_spread", "superlattice"],
    "2b": ["merging", "merging_number", "merging_area"],
    "2c": ["misorientation"],
    "2d": ["wires"],
    "3a,b": ["spectra_regions"],
    "3c": ["inflection_fresh", "inflection_merged", "shift", "shift_sign", "resolution"],
    "4a": ["line_defects"],
    "4b": ["seamless"],
    "4c": ["boundaries"],
    "5a": ["large_crystal"],
    "5b": ["small_crystal"],
    "5c,d": ["tilt"],
    "5e": ["zone_axes"],
    "5": ["shell"],
    "6a": ["beam_positions"],
    "6b": ["boundary_gap", "boundary_states"],
    "7a": ["irradiation"],
    "7b": ["irradiation_heating"],
    "7c,d": ["heating", "film_continuous"],
    "8a": ["cluster_count"],
    "8b": ["cluster_destroyed", "metal"],
    "9": ["humidity"],
    "S1": ["composition_kept"],
    "S2": ["emission_shift", "edge_shift"],
    "S3": ["yield_falls"],
    "S4": ["yield_light", "yield_inert"],
    "S5": ["conductance_falls", "direct_and_alternating"],
    "S6": ["boundary_gap"],
    "S7": ["yield_heating"],
    "S8": ["cluster_destroyed"],
}
"""Every panel of the paper and its supplement, as the list of its claims names them, with those
that speak to it."""
AMBIGUITIES = {
    1: ("irradiation_heating", "caption"),
    2: ("size_spread", "standard deviation"),
    3: ("cooling", "No figure"),
    4: ("direct_and_alternating", "no figure"),
    5: ("acceleration", "voltage"),
    6: ("shift", "two regions"),
    7: ("structure_preserved", "Two claims"),
    8: ("metal", "beam alone"),
    9: ("irradiation", "the sheet tells"),
    10: ("not_ripening", "Argued, not tested"),
}
"""What the paper leaves open, by its number in that list: the claim that says so, and a word."""
NOT_TESTABLE = {
    *("spectra_regions", "resolution", "beam_positions"),
    *("cooling", "acceleration", "structure_preserved"),
}
"""What no product can speak to; each says why."""


@pytest.fixture(scope="module")
def claims() -> dict:
    return batch.load(PAPER, raw_files_exist=False).claims


@pytest.mark.parametrize("row", ROWS)
def test_every_row__has_its_claims(claims, row):
    for name in ROWS[row]:
        assert name in claims, f"Figure {row} has no claim {name}"
        assert f"Figure {row}" in claims[name]["source"]


@pytest.mark.parametrize("number", AMBIGUITIES)
def test_what_is_unclear_in_the_paper__is_said(claims, number):
    name, word = AMBIGUITIES[number]
    assert word in claims[name]["note"] + claims[name].get("not_tested", "")


def test_every_claim__is_of_a_row_or_an_ambiguity(claims):
    rows = {name for names in ROWS.values() for name in names}
    assert set(claims) == rows | {name for name, _ in AMBIGUITIES.values()}


def test_every_claim__is_held_against_something_or_says_why_not(claims):
    assert {name for name, claim in claims.items() if "measure" not in claim} == NOT_TESTABLE
    assert all(claims[name]["not_tested"] for name in NOT_TESTABLE)
    assert all("expected" in claim for claim in claims.values() if "measure" in claim)
