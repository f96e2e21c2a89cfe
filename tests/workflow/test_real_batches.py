"""The batches on real instrument files, run whole and held against their known answers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from labelled_boxes import f1_score

PROJECT = Path(__file__).parents[2]
BATCHES = sorted((PROJECT / "tests" / "batches").iterdir())


@pytest.fixture(scope="module")
def results(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All real batches, run from nothing by one command into an empty folder."""
    if realdata.resolve() != (PROJECT.parent / "shared" / "realdata").resolve():
        pytest.skip("the batches name ../shared/realdata, and the real files lie elsewhere")
    folder = tmp_path_factory.mktemp("real")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(folder)]
    command += ["--snakefile", str(PROJECT / "Snakefile")]
    command += ["--workflow-profile", str(PROJECT / "workflow" / "profiles" / "default")]
    command += ["--configfile", str(PROJECT / "config" / "config.yaml")]
    command += ["--config", "batches=" + ",".join(map(str, BATCHES))]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "workflow" / "scripts")}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return folder / "results"


def product(results: Path, name: str) -> xr.Dataset:
    return xr.load_dataset(results / name, decode_times=False)


def gaps(results: Path, batch: str, acquisition: str) -> pd.DataFrame:
    table = pd.read_csv(results / batch / "tables" / "band_gap.tsv", sep="\t")
    return table[table["acquisition"] == acquisition].set_index("estimator")


def test_diamond__zero_loss_peak_and_derivative_are_where_they_are_known_to_be(results):
    aligned = product(results, "diamond/eels/summed/aligned.nc")
    assert float(aligned["zlp_offset"]) == pytest.approx(0.029, abs=0.005)
    assert float(aligned["zlp_fwhm"]) == pytest.approx(0.295, abs=0.005)
    found = product(results, "diamond/eels/summed/band_gap.nc")
    assert float(found["loss_inflection"]) == pytest.approx(6.98, abs=0.1)
    assert float(found["loss_inflection_lower"]) < 6.98 < float(found["loss_inflection_upper"])


@pytest.mark.parametrize(
    ("batch", "acquisition"),
    [
        ("diamond", "no_background"),
        ("diamond", "deconvolved"),
        ("boron_nitride", "nanotube"),
        ("boron_nitride", "multi"),
        ("tio2", "core_loss"),
    ],
)
def test_spectra_without_zero_loss_peak__are_readable_but_refused(results, batch, acquisition):
    raw = product(results, f"{batch}/eels/{acquisition}/raw.nc")
    assert float(raw["counts"].max()) > 0
    aligned = product(results, f"{batch}/eels/{acquisition}/aligned.nc")
    assert bool(aligned["zlp_offset"].isnull().all())
    assert int(aligned["verdict"]) == 2
    assert "no zero-loss peak" in aligned["verdict"].attrs["reasons"]
    table = gaps(results, batch, acquisition)
    assert table["band_gap_ev"].isna().all()
    assert table["flags"].str.contains("no_zero_loss_peak").all()


def test_tio2__every_spectrum_is_aligned_to_a_tenth_of_a_channel(results):
    aligned = product(results, "tio2/eels/series/aligned.nc")
    assert float(aligned["zlp_offset"].mean()) == pytest.approx(-4.794, abs=0.03)
    assert float(aligned["zlp_offset"].std()) == pytest.approx(0.140, abs=0.01)
    assert float(aligned["zlp_fwhm"].median()) == pytest.approx(1.52, abs=0.05)
    core = aligned["counts"].sel(energy=slice(-0.7, 0.7)).to_numpy()
    energy = aligned["energy"].sel(energy=slice(-0.7, 0.7)).to_numpy()
    for spectrum in core:
        curvature, slope, _ = np.polyfit(energy, np.log(spectrum), 2)
        assert -slope / (2 * curvature) == pytest.approx(0, abs=0.03)  # top of a Gaussian


def test_tio2__single_spectra_have_their_known_zero_loss_peaks(results):
    # The second is known from lines between 0.2 eV channels below the highest of them: too wide.
    known = (("sum", 0.025, 1.53, 0.03), ("cold_feg", -0.292, 0.716, 0.08))
    for name, offset, fwhm, share in known:
        aligned = product(results, f"tio2/eels/{name}/aligned.nc")
        assert float(aligned["zlp_offset"]) == pytest.approx(offset, abs=0.03)
        assert float(aligned["zlp_fwhm"]) == pytest.approx(fwhm, rel=share)


def test_ws2__widths_are_known_and_no_gap_is_nonsense_with_a_narrow_interval(results):
    for number in range(1, 14):
        name = f"vacuum_{number}" if number <= 3 else f"position_{number}"
        fwhm = float(product(results, f"ws2/eels/{name}/aligned.nc")["zlp_fwhm"])
        assert 0.079 < fwhm < 0.0965, name
    table = pd.read_csv(results / "ws2" / "tables" / "band_gap.tsv", sep="\t")
    assert (table["verdict"] != "good").all()
    empty = table[table["acquisition"].str.startswith("vacuum")]
    assert set(empty["acquisition"]) == {"vacuum_2", "vacuum_3"}  # the first is the reference
    assert empty["band_gap_ev"].isna().all()
    # Tails of the specimen are 2 to 8 times those of the vacuum: nobody can know the gap to 0.1 eV.
    found = table[table["band_gap_ev"].notna()]
    assert (found["upper_95_ev"] - found["lower_95_ev"] > 0.1).all()
    # From the indirect gap of bulk WS2 (1.3 eV) to the exciton of a monolayer (2.1 eV).
    assert ((found["lower_95_ev"] < 2.1) & (found["upper_95_ev"] > 1.3)).all()


def test_srtio3__both_formats_give_the_same_and_the_gap_is_refused_as_too_coarse(results):
    one, two = (product(results, f"srtio3/eels/low_loss_{x}/aligned.nc") for x in ("dm3", "msa"))
    for aligned in (one, two):
        assert float(aligned["zlp_offset"]) == pytest.approx(-4.228, abs=0.03)
        assert float(aligned["zlp_fwhm"]) == pytest.approx(1.26, abs=0.02)
    a, b = one["counts"].to_numpy().astype(float), two["counts"].to_numpy()
    assert np.corrcoef(a, b)[0, 1] > 0.999999
    assert a.max() / b.max() == pytest.approx(161375 / 23053, rel=0.01)
    for name in ("low_loss_dm3", "low_loss_msa"):
        table = gaps(results, "srtio3", name)
        assert table["flags"].str.contains("resolution_too_coarse").all()
        assert table["band_gap_ev"].isna().all()


@pytest.mark.parametrize(
    ("name", "shape", "y_nm", "x_nm"),
    [
        ("cdte", (512, 512), 0.0163883, 0.0163883),
        ("si", (512, 512), 0.0163883, 0.0163883),
        ("sto", (1024, 1024), 0.0100127, 0.0100127),
        ("berkeley", (1024, 1024), 0.0122465, 0.0122465),
        ("nonsquare_dm3", (64, 128), 0.2, 1.0),
        ("nonsquare_dm4", (64, 128), 0.2, 1.0),
        ("velox", (512, 512), 5.30241, 5.30241),
        ("velox_haadf", (128, 128), 87.3708, 87.3708),
    ],
)
def test_stem_images__have_their_own_pixel_size(results, name, shape, y_nm, x_nm):
    raw = product(results, f"stem_images/adf/{name}/raw.nc")
    assert raw["intensity"].shape == shape
    assert float(raw["y"].diff("y").mean()) == pytest.approx(y_nm, rel=1e-5)
    assert float(raw["x"].diff("x").mean()) == pytest.approx(x_nm, rel=1e-5)


@pytest.mark.parametrize(
    ("product_name", "image", "least"),
    [
        ("particle_images/adf/ptc", "PtC3", 0.85),
        ("particle_images/adf/cu", "Cu_silica3", 0.8),
        ("dark_particles/adf/pt_carbon", "Pt_carbon2", 0.8),
    ],
)
def test_particles__of_labelled_images_are_found_one_by_one(
    results, realdata, product_name, image, least
):
    found = product(results, f"{product_name}/particles.nc")
    field = float(found["x"][1] - found["x"][0]) * found.sizes["x"]
    label = realdata / "segmentation" / "ardagen_stem" / "labels" / f"{image}.txt"
    boxes = np.loadtxt(label)[:, 1:] * field  # centre x, y, width, height; images are square
    assert f1_score(found, boxes) >= least


def test_particles__of_the_labelled_image_with_a_frame_are_found(results, realdata):
    found = product(results, "particle_images/adf/ptco/particles.nc")
    pixel = float(found["x"][1] - found["x"][0])
    label = realdata / "segmentation" / "ardagen_stem" / "labels" / "PtCo.txt"
    boxes = np.loadtxt(label)[:, 1:] * 640 * pixel  # centre x, y, width, height
    assert f1_score(found, boxes) >= 0.8


def test_particles__of_images_without_scale_carry_what_was_told(results):
    raw = product(results, "particle_images/adf/ptco/raw.nc")
    assert '"pixel_size_nm"' in raw.attrs["told"]


def test_every_batch__ends_in_figures_and_tables(results):
    for batch in BATCHES:
        made = {path.suffix for path in (results / batch.name / "figures").iterdir()}
        assert {".nc", ".pdf", ".png", ".svg"} <= made
        assert list((results / batch.name / "tables").glob("*.tsv"))


def test_sphere__repeats_and_gaas_have_their_known_yields(results):
    stored = (0.9347, 0.9090, 0.9263, 0.9301, 0.9017, 0.9044)
    for number, known in enumerate(stored, 1):
        found = product(results, f"sphere/plqy/repeat_{number}_direct/quantum_yield.nc")
        assert float(found["quantum_yield_apparent"]) == pytest.approx(known, abs=0.005)
        assert int(found["verdict"]) == 1  # the blank is not matched
    gaas = product(results, "sphere/plqy/gaas/quantum_yield.nc")
    assert float(gaas["quantum_yield_incident"]) == pytest.approx(0.009693, rel=5e-3)
    assert float(gaas["emission_peak_energy"]) == pytest.approx(1.424, abs=1e-3)
    refused = product(results, "sphere/plqy/background/quantum_yield.nc")
    assert int(refused["verdict"]) == 2
    assert np.isnan(refused["quantum_yield_incident"])


def test_k412__certified_elements_above_5_percent_are_within_5_percent(results):
    certified = {"Mg": 11.6567, "Si": 21.1982, "Ca": 10.899, "Fe": 7.7742, "O": 42.758}
    for number in range(5):
        found = product(results, f"k412/edx/spot_{number}/composition.nc")
        assert int(found["verdict"]) == 0
        for symbol, percent in certified.items():
            value = float(found["mass_percent"].sel(element=symbol))
            assert value == pytest.approx(percent, rel=0.05)
    for name in ("mgo", "al2o3", "sio2", "caf2", "fe"):
        standard = product(results, f"k412/edx/{name}/composition.nc")
        assert int(standard["verdict"]) == 2  # it has no standards itself
        assert bool(standard["mass_percent"].isnull().all())


@pytest.mark.parametrize(
    ("number", "series", "film", "capacitance"),
    [(1, 29.1, 46.7, 10.4e-6), (2, 150.4, 502.4, 31.2e-9), (3, 1507, 4630, 20.2e-9)],
)
def test_dummy_circuits__are_found_without_a_guess(results, number, series, film, capacitance):
    known = {"series_resistance": series, "film_resistance": film, "capacitance": capacitance}
    for repeat in (1, 2):
        found = product(results, f"dummy_circuits/eis/circuit_{number}_{repeat}/circuit.nc")
        for name, true in known.items():
            assert float(found[name]) == pytest.approx(true, rel=0.01)


def test_gamry__drifts_and_is_refused(results):
    found = product(results, "dummy_circuits/eis/gamry/circuit.nc")
    assert int(found["verdict"]) == 2
    assert "Kramers-Kronig" in found["verdict"].attrs["reasons"]


def test_keithley__gives_its_printed_digits(results):
    found = product(results, "keithley/iv/b_rev/conductance.nc")
    assert float(found["short_circuit_current_density"]) == pytest.approx(-21.9905, abs=5e-5)
    assert float(found["open_circuit_voltage"]) == pytest.approx(1.21276, abs=5e-6)
    assert 100 * float(found["fill_factor"]) == pytest.approx(79.949, abs=5e-4)
