"""The tamper table: what is done to a finished run, and that verify says what was done.

``docs/verify.md`` shows the messages.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import netCDF4
import pytest

GAP = "eels/eels_1/band_gap.nc"
RECORDS = "provenance/records"
LEDGER = "provenance/ledger.jsonl"


def keeping_date(path: Path, change: Callable[[Path], object]) -> None:
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def edit_value(project):
    def change(path):
        with netCDF4.Dataset(path, "a") as file:
            file["band_gap"][...] = file["band_gap"][...] + 0.01

    keeping_date(project.result(GAP), change)


def edit_attribute(project):
    def change(path):
        with netCDF4.Dataset(path, "a") as file:
            file["band_gap"].units = "J"

    keeping_date(project.result(GAP), change)


def edit_history(project):
    def change(path):
        with netCDF4.Dataset(path, "a") as file:
            file.history = "measured by hand"

    keeping_date(project.result(GAP), change)


def swap_raw(project):
    raw = project.folder / project.batch / "raw"
    first, second = (raw / f"eels_{n} [µ].dm4" for n in (1, 2))
    contents = [path.read_bytes() for path in (second, first)]
    for path, content in zip((first, second), contents, strict=True):
        keeping_date(path, lambda path, content=content: path.write_bytes(content))


def delete_raw(project):
    (project.folder / project.batch / "raw" / "adf_1 [µ].dm4").unlink()


def change_parameter(project):
    project.edit("config/config.yaml", "gap_range_ev: [2.1, 3.0]", "gap_range_ev: [2.1, 2.9]")


def change_sheet(project):
    project.edit(f"{project.batch}/samples.tsv", "grid1\tCsPbBr3\tC", "grid1\tCsPbI3\tC")


def edit_module(project):
    path = project.folder / "workflow/scripts/nanostitch/eels/band_gap.py"
    keeping_date(path, lambda path: path.write_text(path.read_text("utf-8") + "\n_EXTRA = 1\n"))


def change_lock(project):
    path = project.folder / "envs" / "lock.txt"
    path.write_text(path.read_text("utf-8") + "# another\n", "utf-8")


def record_of(project, path: str) -> Path:
    kept = json.loads(project.result(f"provenance/outputs/{path}.json").read_text("utf-8"))
    return project.result(f"{RECORDS}/{kept['record']}.json")


def edit_record(project):
    path = record_of(project, GAP)
    path.write_text(path.read_text("utf-8").replace("2.1", "2.2"), "utf-8")


def delete_record(project):
    record_of(project, GAP).unlink()


def edit_last_line(project):
    path = project.result(LEDGER)
    path.write_text(path.read_text("utf-8").replace('"completed"', '"failed"'), "utf-8")


def delete_product(project):
    project.result(GAP).unlink()


def add_product(project):
    shutil.copy(project.result(GAP), project.result("eels/eels_1/better_gap.nc"))


TABLE = {
    edit_value: ("altered data", GAP, "values, or attributes that say what they mean"),
    edit_attribute: ("altered data", GAP, "values, or attributes that say what they mean"),
    edit_history: ("altered metadata", GAP, "values are as job"),
    delete_product: ("missing", GAP, "a job made it and it is gone"),
    add_product: ("unrecorded", "better_gap.nc", "no job recorded"),
    swap_raw: ("swapped", "eels_1 [µ].dm4", "holds the bytes that were eels_2 [µ].dm4"),
    delete_raw: ("missing", "adf_1 [µ].dm4", "is not there"),
    change_parameter: ("stale", GAP, "parameter gap_range_ev: [2.1, 3.0] → [2.1, 2.9]"),
    change_sheet: ("stale", "_1/raw.nc and 2 more", "material: CsPbBr3 → CsPbI3"),
    edit_module: ("stale", GAP, "code of rule band_gap"),
    change_lock: ("stale", "results/series/", "locked versions of libraries"),
    edit_record: ("forged", RECORDS, "was altered"),
    delete_record: ("missing", RECORDS, "is absent"),
    edit_last_line: ("forged", LEDGER, "the last line is not the one"),
}
"""By what is done: the kind of problem, the end of the file, and what is said of it."""


@pytest.mark.slow
@pytest.mark.parametrize("tamper", TABLE, ids=lambda tamper: tamper.__name__)
def test_tampering__is_named_in_a_line(project, tamper):
    tamper(project)
    done = project.nanostitch("verify")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    what, file, said = TABLE[tamper]
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{what}: ")]
    assert any(file in line and said in line for line in lines), done.stderr


def test_verify__needs_nothing_that_snakemake_keeps(project):
    assert project.nanostitch("verify").returncode == 0
    shutil.rmtree(project.folder / ".snakemake")
    done = project.nanostitch("verify")
    assert done.returncode == 0, done.stderr
    assert "4 raw files: fine" in done.stdout
    assert not (project.folder / ".snakemake").exists()  # nothing is written


def test_panel__is_traced_to_the_raw_files_that_it_shows(project):
    figure = "results/series/figures/figure_1"
    for panel, technique in (("a", "eels"), ("b", "adf")):
        done = project.nanostitch("trace", "--json", f"{figure}.pdf#{panel}")
        links = json.loads(done.stdout)["links"]
        raw = {Path(one["path"]).name for one in links if one["kind"] == "raw"}
        assert raw == {f"{technique}_{number} [µ].dm4" for number in (1, 2)}


def test_rerun__makes_the_same_bytes_elsewhere(project):
    aligned = "results/series/eels/eels_1/aligned.nc"
    done = project.nanostitch("verify", "--rerun", aligned)
    assert done.returncode == 0, done.stderr
    assert "made again: 1 of 1 files with the same bytes" in done.stdout
