"""The methods paragraph says what was asked, and nothing of what was not."""

import copy
from pathlib import Path

import pytest

from nanostitch import batch, methods_page, plan_files, schema

PAPER = Path(__file__).parents[2] / "config" / "batches" / "paper"


@pytest.fixture(scope="module")
def whole() -> dict:
    settings = schema.with_defaults({}, schema.load("config"))
    return plan_files.whole(batch.load(PAPER, raw_files_exist=False), settings)


def test_page__says_numbers_versions_and_that_raw_files_were_simulated(whole):
    text = methods_page.page(whole)
    assert f"{whole['counts']['samples']} samples" in text
    assert f"numpy {whole['versions']['numpy']}" in text
    assert "simulated (seed 2018)" in text
    assert "simulated" not in methods_page.page({**whole, "simulated": False})


@pytest.mark.parametrize(
    ("technique", "module", "key", "value", "said"),
    [
        ("eels", "band_gap", "derivative_window_ev", 0.37, "0.37 eV"),
        ("eels", "boundary", "margin_ev", 0.045, "45 meV"),
        ("adf", "particles", "unit_edge_nm", 11.5, "11.5 nm edge"),
        ("edx", "composition", "elements", ["Zn", "Se"], "amounts of Zn, Se"),
        ("plqy", "quantum_yield", "lamp_drift", 0.012, "1.2 %"),
        ("eis", "circuit", "rejected_significance", 0.007, "p = 0.007"),
    ],
)
def test_setting__stands_in_the_text(whole, technique, module, key, value, said):
    changed = copy.deepcopy(whole)
    changed["settings"][technique][module][key] = value
    assert said in methods_page.page(changed)
    assert said not in methods_page.page(whole)


def test_technique_that_a_batch_has_not__is_not_described(whole):
    alone = {**whole, "settings": {"iv": whole["settings"]["iv"]}, "comparisons": 0}
    text = methods_page.page(alone)
    assert "**Currents**" in text
    assert text.count("**") == 4  # with the sentence on simulated files
