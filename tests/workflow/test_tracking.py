"""What decides a number is noticed when it changes, and nothing reruns for nothing."""

import os
import shutil

import pytest

from nanostitch import store

DRAWING = {"figure_data": 1, "figure": 1}
SPECTRA = {"remove_zero_loss": 2, "band_gap": 2, "table": 1, **DRAWING}


def test_second_run__has_nothing_to_do(project):
    assert "Nothing to be done" in project.snakemake()


def test_editing_a_science_module__reruns_exactly_the_jobs_that_use_it(project):
    with (project.folder / "workflow/scripts/nanostitch/adf/particles.py").open("a") as file:
        file.write("\nNEW = 1\n")
    assert project.planned() == {"particles": 2, "table": 1, **DRAWING}


def test_editing_a_module_behind_a_module__reruns_the_jobs_that_reach_it(project):
    with (project.folder / "workflow/scripts/nanostitch/eels/background.py").open("a") as file:
        file.write("\nNEW = 1\n")
    planned = project.planned()
    assert planned["remove_zero_loss"] == 2
    assert not {"ingest", "align", "particles"} & set(planned)


def test_editing_a_script__reruns_its_rule(project):
    with (project.folder / "workflow/scripts/align.py").open("a") as file:
        file.write("\nNEW = 1\n")
    assert project.planned() == {"align": 2, **SPECTRA}


def test_editing_a_script_with_its_date_restored__is_noticed(project):
    script = project.folder / "workflow/scripts/align.py"
    before = script.stat()
    project.edit("workflow/scripts/align.py", "align(raw, ", "align(raw.copy(), ")
    os.utime(script, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.planned()["align"] == 2


@pytest.mark.parametrize("name", ["adf/particles.py", "eels/zero_loss.py", "raw/__init__.py"])
def test_editing_a_docstring_or_comment__reruns_nothing(project, name):
    path = project.folder / "workflow/scripts/nanostitch" / name
    text = path.read_text("utf-8")
    path.write_text(text.replace('"""', '"""Other words. ', 1) + "\n# a remark\n", "utf-8")
    assert project.planned() == {}


def test_touching_everything__reruns_nothing(project):
    for path in (project.folder / "workflow").rglob("*.py"):
        path.touch()
    for path in (project.folder / "batches" / "series" / "raw").iterdir():
        path.touch()
    assert project.planned() == {}


def test_swapped_parameters__are_noticed(project):
    batch, contrasts = (
        "batches/series/batch.yaml",
        "{{detection_contrast: {}, doubtful_contrast: {}}}",
    )
    with (project.folder / batch).open("a") as file:
        file.write(f"parameters: {{adf: {{particles: {contrasts.format(5, 9)}}}}}\n")
    project.snakemake()
    project.edit(batch, contrasts.format(5, 9), contrasts.format(9, 5))
    assert project.planned() == {"particles": 2, "table": 1, "methods": 1, **DRAWING}


def test_changed_parameter__reruns_what_depends_on_it(project):
    project.edit("config/config.yaml", "[1.4, 2.1]", "[1.4, 2.0]")
    assert project.planned() == {**SPECTRA, "methods": 1}


def test_batch_parameters__override_the_configuration_and_are_noticed(project):
    with (project.folder / "batches/series/batch.yaml").open("a") as file:
        file.write("parameters: {eels: {background: {tail_window_ev: [1.4, 2.0]}}}\n")
    assert project.planned() == {**SPECTRA, "methods": 1}


def test_config_change_after_snakemake_records_were_deleted__is_noticed(project):
    shutil.rmtree(project.folder / ".snakemake")
    assert project.planned() == {}
    project.edit("config/config.yaml", "[1.4, 2.1]", "[1.4, 2.0]")
    assert project.planned() == {**SPECTRA, "methods": 1}


def test_replaced_raw_file_with_an_old_date__is_noticed(project):
    raw = project.folder / "batches/series/raw"
    old, new = raw / "eels_1 [µ].dm4", raw / "eels_2 [µ].dm4"
    before = old.stat()
    assert before.st_size == new.stat().st_size
    old.write_bytes(new.read_bytes())
    os.utime(old, ns=(before.st_atime_ns, before.st_mtime_ns - 10**15))
    planned = project.planned()
    assert planned["ingest"] == 1
    assert planned["align"] == 1


def test_editing_a_sheet__reruns_the_acquisition_that_it_describes(project):
    project.edit("batches/series/acquisitions.tsv", "\tfile\n", "\tfile\tbeam_energy_kev\n")
    project.edit("batches/series/acquisitions.tsv", "eels_1 [µ].dm4", "eels_1 [µ].dm4\t80")
    assert project.planned() == {
        "ingest": 1,
        "align": 1,
        "remove_zero_loss": 1,
        "band_gap": 1,
        "table": 1,
        **DRAWING,
    }


def test_adding_an_acquisition__leaves_the_products_of_others_alone(project):
    raw = project.folder / "batches/series/raw"
    shutil.copy(raw / "adf_2 [µ].dm4", raw / "adf_3.dm4")
    with (project.folder / "batches/series/acquisitions.tsv").open("a") as file:
        file.write("adf_3\tgrid2\tfresh\tadf\tadf_3.dm4\n")
    kept = project.result("adf/adf_2/particles.nc")
    before = kept.read_bytes(), kept.stat().st_mtime_ns
    steps = ("ingest", "particles", "lattice", "columns", "seams", "methods")
    assert project.planned() == {**dict.fromkeys(steps, 1), "table": 4, **DRAWING}
    project.snakemake()
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == before
    assert project.result("adf/adf_3/particles.nc").is_file()


def test_removing_an_acquisition_after_the_records_were_deleted__is_noticed(project):
    shutil.rmtree(project.folder / ".snakemake")
    sheet = project.folder / "batches/series/acquisitions.tsv"
    lines = sheet.read_text("utf-8").splitlines(keepends=True)
    sheet.write_text("".join(line for line in lines if not line.startswith("adf_2")), "utf-8")
    assert project.planned() == {"table": 4, "methods": 1, **DRAWING}


def test_a_changed_lock__reruns_everything(project):
    with (project.folder / "envs/lock.txt").open("a") as file:
        file.write("# another\n")
    assert project.planned()["ingest"] == 4


def test_an_acquisition_left_out_with_a_note__leaves_pooled_panels_and_stays_in_the_table(project):
    sheet = "batches/series/acquisitions.tsv"
    project.edit(sheet, "\tfile\n", "\tfile\tuse\tnote\n")
    project.edit(sheet, "adf_2 [µ].dm4", "adf_2 [µ].dm4\tno\tout of focus")
    project.snakemake()
    table = project.result("tables/particles.tsv").read_text("utf-8")
    assert "out of focus" in table
    shown = store.read_tree(str(project.result("figures/figure_1.nc")))
    assert "adf_2" not in str(shown["b"].to_dataset().to_dict())
    assert "adf_1" in str(shown["b"].to_dataset().to_dict())


def test_changing_a_figure__redraws_that_figure_alone(project):
    project.edit("batches/series/batch.yaml", "title: Gaps and sizes", "title: Sizes and gaps")
    assert project.planned() == DRAWING
