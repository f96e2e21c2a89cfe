"""A run from nothing: targets, records, reports, the same bytes anywhere."""

import hashlib

import pytest
from projects import digests

from nanostitch import store
from nanostitch.provenance import records


def test_run__makes_products_tables_and_figures(finished):
    for name in (
        "eels/eels_1/raw.nc",
        "eels/eels_1/aligned.nc",
        "eels/eels_1/loss.nc",
        "eels/eels_1/band_gap.nc",
        "adf/adf_2/particles.nc",
        "tables/band_gap.tsv",
        "tables/particles.tsv",
        "figures/figure_1.nc",
        "figures/figure_1.pdf",
        "figures/figure_1.png",
        "figures/figure_1.svg",
    ):
        assert finished.result(name).stat().st_size > 0, name
    assert not list(finished.folder.rglob("*.partial*"))


def test_both_snakefiles__give_the_same_jobs(new_project):
    made = new_project("clone")
    planned = made.planned()
    assert planned["ingest"] == 4
    assert planned == made.planned(snakefile="workflow/Snakefile")


@pytest.mark.slow
def test_two_runs__are_byte_identical_on_one_core_or_two_in_any_folder(finished, new_project):
    other = new_project("elsewhere")
    other.snakemake("--cores", "1")
    assert digests(other) == digests(finished)
    assert decided(other) == decided(finished)


def decided(project) -> dict[str, object]:
    """Everything in the records of a run but who made what when, by the files made."""
    kept = records.read(project.result(""))
    told = ("rule", "wildcards", "derivation_id", "outputs", "hygiene", "status", "environment")
    return {str(one["outputs"]): {key: one[key] for key in told} for one in kept}


def test_products__carry_their_derivation_back_to_raw_bytes(finished):
    raw = finished.folder / "batches/series/raw/eels_1 [µ].dm4"
    found = []
    name = "eels/eels_1/band_gap.nc"
    while name:
        derivation = store.provenance_of(str(finished.result(name)))
        inputs = {i["role"]: i for i in derivation["inputs"]}
        found.append(derivation["rule"])
        parent = inputs.get("loss") or inputs.get("aligned") or inputs["raw"]
        assert parent["sha256"]
        name = parent["name"].removeprefix("results/series/") if "derivation_id" in parent else ""
    assert found == ["band_gap", "remove_zero_loss", "align", "ingest"]
    assert parent["sha256"] == hashlib.sha256(raw.read_bytes()).hexdigest()
    assert str(finished.folder) not in str(derivation)


def test_report__is_made(project):
    project.snakemake("--report", "report.html")
    text = (project.folder / "report.html").read_text("utf-8")
    assert "figure_1" in text


def test_bad_batch__stops_before_any_job_with_every_problem(project):
    project.edit("batches/series/acquisitions.tsv", "grid2", "grid 2")
    done = project.try_snakemake()
    assert done.returncode != 0
    assert "acquisitions.tsv" in done.stdout
    assert "grid 2" in done.stdout
    assert "Traceback" not in done.stdout


def test_unreadable_raw_file__stops_its_own_acquisition_alone(project):
    raw = project.folder / "batches/series/raw/adf_1 [µ].dm4"
    raw.write_bytes(raw.read_bytes()[:3000])
    project.edit("config/config.yaml", "[1.4, 2.1]", "[1.4, 2.0]")
    done = project.try_snakemake()
    assert done.returncode != 0
    log = project.result("logs/ingest/adf/adf_1.log").read_text("utf-8")
    assert "adf_1 [µ].dm4" in log
    assert "Traceback" not in log
    assert project.result("adf/adf_2/particles.nc").is_file()
    derivation = store.provenance_of(str(project.result("eels/eels_1/loss.nc")))
    assert derivation["plan"]["step"]["settings"]["tail_window_ev"] == [1.4, 2.0]


def test_told_checksum__must_be_that_of_the_raw_file(project):
    sheet = "batches/series/acquisitions.tsv"
    project.edit(sheet, "\tfile\n", "\tfile\tsha256\n")
    project.edit(sheet, "adf_1 [µ].dm4", f"adf_1 [µ].dm4\t{'0' * 64}")
    done = project.try_snakemake("--dry-run")
    assert done.returncode != 0
    assert "column sha256" in done.stdout


def test_windows_that_do_not_ascend_or_overlap__stop_before_any_job(project):
    project.edit("config/config.yaml", "[1.4, 2.1]", "[2.1, 1.4]")
    assert "must ascend" in project.try_snakemake().stdout
    project.edit("config/config.yaml", "[2.1, 1.4]", "[1.4, 2.4]")
    assert "must end before" in project.try_snakemake().stdout
