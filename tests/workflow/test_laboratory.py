"""The virtual laboratory in the workflow: one small file of every instrument, and its truth."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import lvm_read
import numpy as np
import pandas as pd
import pytest
import rsciio.digitalmicrograph
import rsciio.msa
import xarray as xr
from projects import Project, clone

from nanostitch import batch, laboratory, store
from nanostitch.simulate.registry import INSTRUMENTS

TINY = "config/batches/tiny"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The batch ``tiny``, run from nothing. Not to be changed."""
    made = clone(tmp_path_factory.mktemp("laboratory") / "clone", TINY)
    made.snakemake()
    return made


@pytest.fixture
def copy(tiny: Project, tmp_path: Path) -> Project:
    """A copy of the finished run, dates kept, that a test may change."""
    shutil.copytree(tiny.folder, tmp_path / "copy", symlinks=True)
    return Project(tmp_path / "copy", TINY)


@pytest.fixture(scope="module")
def acquisitions(tiny: Project) -> dict[str, batch.Acquisition]:
    return batch.load(tiny.folder / TINY).acquisitions


def files(project: Project, folder: str) -> dict[str, str]:
    """SHA-256 of every file below a folder of the results, by its name."""
    root = project.result(folder)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def truth(project: Project, name: str) -> xr.Dataset:
    return xr.load_dataset(project.result(f"simulated/{name}.truth.nc"), decode_times=False)


def raw(project: Project, technique: str, name: str) -> xr.Dataset:
    return xr.load_dataset(project.result(f"{technique}/{name}/raw.nc"), decode_times=False)


def settings(project: Project, a: batch.Acquisition) -> dict[str, object]:
    lab = batch.load(project.folder / TINY).simulate
    return laboratory.settings(lab, a.id, a.technique)


def test_every_instrument__writes_a_file_that_the_raw_door_reads_and_a_truth(tiny, acquisitions):
    lab = batch.load(tiny.folder / TINY).simulate
    used = {laboratory.instrument(lab, a.id, a.technique) for a in acquisitions.values()}
    assert used == set(INSTRUMENTS)
    for a in acquisitions.values():
        product = raw(tiny, a.technique, a.id)
        assert product.attrs["simulated"] == 1
        assert product.attrs["told"] == "{}", "the file says everything itself"
        assert truth(tiny, a.path.name).attrs["acquisition"] == a.id


def test_two_runs_of_a_seed__are_byte_identical_on_one_core_or_two(tiny, tmp_path):
    other = clone(tmp_path / "elsewhere µ", TINY)
    other.snakemake("--cores", "1", "--until", "simulate")
    assert files(other, "simulated") == files(tiny, "simulated")
    other.edit(f"{TINY}/batch.yaml", "seed: 1", "seed: 2")
    other.snakemake("--until", "simulate")
    again = files(other, "simulated")
    assert again.keys() == files(tiny, "simulated").keys()
    changed = {name for name, digest in files(tiny, "simulated").items() if again[name] != digest}
    assert changed == again.keys()


@pytest.mark.parametrize("name", ["overview", "atomic"])
def test_images__are_opened_by_rosettasciio_with_the_pixels_that_were_set(tiny, acquisitions, name):
    found = opened(tiny, f"{name}.dm4")
    wanted = settings(tiny, acquisitions[name])
    assert [axis["scale"] for axis in found["axes"]] == pytest.approx([wanted["pixel_size_nm"]] * 2)
    assert [axis["units"] for axis in found["axes"]] == ["nm", "nm"]
    assert found["data"].shape == (wanted["pixels"],) * 2


@pytest.mark.parametrize(
    "file",
    ["spectrum.dm4", "vacuum.dm4", "line_scan.dm4", "spectrum_image.dm4", "merged.msa"],
)
def test_low_loss_spectra__are_opened_by_rosettasciio_with_the_axis_that_was_set(
    tiny, acquisitions, file
):
    found = opened(tiny, file)
    wanted = settings(tiny, acquisitions[file.partition(".")[0]])
    (energy,) = [axis for axis in found["axes"] if axis["units"] == "eV"]
    assert energy["scale"] == pytest.approx(wanted["dispersion_ev"])
    assert energy["size"] == wanted["channels"]
    peak = np.moveaxis(found["data"], energy["index_in_array"], -1).argmax(-1)
    offset = truth(tiny, file)["zlp_offset"].to_numpy()
    position = energy["offset"] + energy["scale"] * peak
    np.testing.assert_allclose(position, offset, atol=2 * wanted["dispersion_ev"])


def test_x_ray_spectra__are_opened_by_rosettasciio_with_their_axis_and_beam(tiny, acquisitions):
    found = opened(tiny, "xray.msa")
    wanted = settings(tiny, acquisitions["xray"])
    assert found["metadata"]["Signal"]["signal_type"] == "EDS_TEM"
    microscope = found["metadata"]["Acquisition_instrument"]["TEM"]
    assert microscope["beam_energy"] == wanted["beam_energy_kev"]
    (energy,) = found["axes"]
    assert energy["units"] == "keV"
    assert energy["scale"] == pytest.approx(wanted["channel_ev"] / 1e3)
    bromine = found["data"][round((11.92 - energy["offset"]) / energy["scale"]) + np.arange(-5, 6)]
    assert bromine.max() > 10 * np.median(found["data"][1200:])


def opened(project: Project, file: str) -> dict[str, Any]:
    reader = rsciio.msa if file.endswith(".msa") else rsciio.digitalmicrograph
    found: dict[str, Any] = reader.file_reader(str(project.result(f"simulated/{file}")))[0]
    return found


def test_lvm__is_opened_by_lvm_read_and_is_the_product(tiny):
    path = tiny.result("simulated/current.lvm")
    found = lvm_read.read(str(path), read_from_pickle=False, dump_file=False)[0]
    product = raw(tiny, "iv", "current")
    np.testing.assert_allclose(found["data"][:, 1:3].T, [product["voltage"], product["current"]])
    assert not list(path.parent.glob("*.pkl"))


def test_tables__are_opened_by_pandas_and_are_the_products(tiny):
    current = raw(tiny, "iv", "current_week")
    path = tiny.result("simulated/current_week.csv")
    lines = path.read_text("utf-8").splitlines()
    (header,) = [number for number, line in enumerate(lines) if "Voltage (V)" in line]
    table = pd.read_csv(path, skiprows=header)
    np.testing.assert_allclose(table["Voltage (V)"], current["voltage"])
    np.testing.assert_allclose(table["Current (A)"], current["current"])
    impedance = raw(tiny, "eis", "impedance")
    table = pd.read_csv(tiny.result("simulated/impedance.txt"), sep=";")
    table = table.sort_values("Frequency (Hz)")
    np.testing.assert_allclose(table["Frequency (Hz)"], impedance["frequency"])
    np.testing.assert_allclose(-table["-Z'' (Ω)"], impedance["impedance_imag"])


def test_truth__names_what_the_products_measure(tiny):
    overview, spectrum = truth(tiny, "overview.dm4"), truth(tiny, "spectrum.dm4")
    assert {"size_mean", "number_density", "coverage", "merged_fraction"} <= set(overview)
    aligned = xr.load_dataset(tiny.result("eels/spectrum/aligned.nc"), decode_times=False)
    assert float(aligned["zlp_offset"]) == pytest.approx(float(spectrum["zlp_offset"]), abs=1e-3)
    assert float(aligned["zlp_fwhm"]) == pytest.approx(float(spectrum["zlp_fwhm"]), rel=0.05)


def test_specimens__are_shared_by_the_acquisitions_of_a_condition(tiny):
    assert set(files(tiny, "simulated/specimens")) == {"grid1.fresh.nc", "grid1.week.nc"}
    fresh, week = (
        xr.load_dataset(tiny.result(f"simulated/specimens/grid1.{condition}.nc"))
        for condition in ("fresh", "week")
    )
    np.testing.assert_array_equal(fresh["initial_edge"], week["initial_edge"])
    assert fresh.sizes["seam"] == 0
    assert week.sizes["seam"] > 0


def test_score__holds_products_against_truths_and_is_drawn(tiny):
    table = pd.read_csv(tiny.result("tables/recovery.tsv"), sep="\t")
    size = table[(table["measure"] == "size_mean") & (table["acquisition"] == "overview")].iloc[0]
    assert size["true"] == pytest.approx(float(truth(tiny, "overview.dm4")["size_mean"]))
    pixels = table[(table["acquisition"] == "spectrum_image") & (table["estimator"] == "onset_fit")]
    assert len(pixels) == 16
    product = xr.load_dataset(tiny.result("adf/overview/particles.nc"), decode_times=False)
    assert size["recovered"] == pytest.approx(float(product["size_mean"]))
    for technique in table["technique"].unique():
        for suffix in ("pdf", "png", "svg", "nc"):
            assert tiny.result(f"score/{technique}_recovery.{suffix}").stat().st_size > 0


def test_an_instrument_setting__records_its_own_acquisition_again(copy):
    copy.edit(f"{TINY}/batch.yaml", "indirect: {role: indirect}", "indirect: {role: blank}")
    planned = copy.planned()
    assert {rule: planned[rule] for rule in ("simulate", "ingest")} == {"simulate": 1, "ingest": 1}
    assert "specimen" not in planned


def test_a_storage_condition__grows_its_own_specimens_again(copy, acquisitions):
    looking = [a for a in acquisitions.values() if a.condition["condition"] == "week"]
    copy.edit(f"{TINY}/conditions.tsv", "168", "169")
    planned = copy.planned()
    assert planned["specimen"] == 1
    assert planned["simulate"] == len(looking)


def test_the_code_of_one_instrument__records_its_own_acquisitions_again(copy):
    module = "workflow/scripts/nanostitch/simulate/instruments/fluorometer.py"
    copy.edit(module, "HALF_PATH_CM = 0.5\n", "HALF_PATH_CM = 0.51\n")
    assert copy.planned()["simulate"] == 1


def test_sealed_truth__is_in_the_derivation_of_the_score_alone(tiny):
    secrets = ("truth", "specimens/")
    readers = set()
    for path in tiny.result("").rglob("*.nc"):
        inputs = json.dumps(store.provenance_of(str(path)).get("inputs", []))
        if any(secret in inputs for secret in secrets):
            readers.add(path.relative_to(tiny.result("")).parts[0])
    assert readers == {"score", "simulated"}  # recordings look at specimens
    score = store.provenance_of(str(tiny.result("score/score.nc")))
    # Of 18 acquisitions five only serve others: vacuum, solvent, blank, indirect, response.
    assert len({i["name"] for i in score["inputs"] if "truth" in i["name"]}) == 13
