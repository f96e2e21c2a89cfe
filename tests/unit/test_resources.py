"""What jobs ask for grows with attempt and size, and is never below what Snakemake itself takes."""

import pytest

from nanostitch.cluster.preflight import FLOOR_MB
from nanostitch.resources import MARGIN, OVERHEAD_MB, STEP_MB, Needs

MB = 1_000_000


@pytest.fixture
def raw(tmp_path):
    """A raw file of 10 MB, which takes no room."""
    path = tmp_path / "raw.dm4"
    with path.open("wb") as file:
        file.truncate(10 * MB)
    return str(path)


def test_memory__covers_the_peak_with_the_margin_and_snakemake():
    asked = Needs(lambda wildcards: []).memory_mb(340)(None, [], attempt=1)
    assert asked - STEP_MB < OVERHEAD_MB + MARGIN * 340 <= asked
    assert asked % STEP_MB == 0


def test_memory__is_never_below_the_floor():
    assert Needs(lambda wildcards: []).memory_mb(0)(None, [], attempt=1) >= FLOOR_MB


def test_memory_and_minutes__grow_in_proportion_to_the_attempt():
    needs = Needs(lambda wildcards: [])
    assert [needs.minutes(30)(None, [], attempt=n) for n in (1, 2, 3)] == [7, 14, 21]
    first, third = (needs.memory_mb(200)(None, [], attempt=n) for n in (1, 3))
    assert third == 3 * first == 1800


def test_memory_and_minutes__grow_with_the_raw_file_and_with_the_inputs(raw):
    needs = Needs(lambda wildcards: [raw])
    assert needs.memory_mb(200, per_raw_mb=40)(None, [], 1) == 1200
    assert needs.memory_mb(200, per_input_mb=40)(None, [raw, raw], 1) == 1800
    assert needs.memory_mb(200)(None, [raw], 1) == 600
    assert needs.minutes(0, per_raw_mb=6)(None, [], 1) == 9


def test_a_raw_file_that_is_yet_to_be_simulated__counts_as_nothing(raw):
    needs = Needs(lambda wildcards: [raw + ".absent"])
    assert needs.memory_mb(200, per_raw_mb=40)(None, [], 1) == 600
