"""Kramers-Kronig analysis against permittivities that are known, and the product made of it."""

from importlib import import_module

import numpy as np
import pytest
import xarray as xr
from scipy import constants

from nanostitch import contracts, draw, quality, raw, schema
from nanostitch.contracts.eels import DIELECTRIC
from nanostitch.eels import dielectric, kramers_kronig, zero_loss
from nanostitch.eels.kramers_kronig import Beam

SETTINGS = schema.with_defaults({}, schema.load("eels"))
BEAM = Beam(60.0, 30.0)
STEP = 0.05
FAR = STEP * np.arange(1, 8000)
DRUDE, LORENTZ = (0.0, 15.0, 3.0), (8.0, 15.0, 2.0)


def permittivity(energy: np.ndarray, resonance: float, plasma: float, width: float) -> np.ndarray:
    """Drude (resonance at 0 eV) or Lorentz oscillator."""
    return 1 + plasma**2 / (resonance**2 - energy**2 - 1j * energy * width)


def index(resonance: float, plasma: float) -> float:
    return float(np.inf if resonance == 0 else np.sqrt(1 + (plasma / resonance) ** 2))


def single(energy: np.ndarray, model: tuple[float, ...], thickness_nm: float, electrons: float):
    """Counts of single scattering in the bulk, by the formula of Egerton (2011), equation 4.26."""
    rest = constants.m_e * constants.c**2 / constants.e
    gamma = 1 + 1e3 * BEAM.energy_kev / rest
    twice_kinetic = rest * (1 - gamma**-2)  # m0 v², eV
    angle = energy / (gamma * twice_kinetic)
    loss = (-1 / permittivity(energy, *model)).imag
    bohr_nm = 1e9 * constants.value("Bohr radius")
    per_ev = electrons * thickness_nm / (np.pi * bohr_nm * twice_kinetic) * loss
    step = energy[1] - energy[0]
    return per_ev * np.log1p((1e-3 * BEAM.collection_mrad / angle) ** 2) * step


@pytest.mark.parametrize("model", [DRUDE, LORENTZ], ids=["Drude", "Lorentz"])
def test_permittivity_and_thickness__are_those_that_made_the_spectrum(model):
    counts = single(FAR, model, 20.0, 1e6)[None]
    found = kramers_kronig.permittivity(counts, FAR, np.array([1e6]), BEAM, index(*model[:2]))
    wanted = permittivity(FAR, *model)
    seen = (FAR > 2) & (FAR < 60)
    np.testing.assert_allclose(found.real[0, seen], wanted.real[seen], atol=0.02, rtol=0.01)
    np.testing.assert_allclose(found.imag[0, seen], wanted.imag[seen], atol=0.02, rtol=0.01)
    assert found.thickness_nm[0] == pytest.approx(20.0, rel=2e-3)


def test_end_of_the_axis__does_not_reach_back_through_the_transform():
    """Periodic images would add 0.018 to Re(1/eps) on an axis of 100 eV."""
    counts, energy = single(FAR, LORENTZ, 20.0, 1e6)[None, :2000], FAR[:2000]
    found = kramers_kronig.permittivity(counts, energy, np.array([1e6]), BEAM, index(*LORENTZ[:2]))
    inverse = 1 / (found.real[0] + 1j * found.imag[0])
    assert np.abs(inverse - 1 / permittivity(energy, *LORENTZ))[:1200].max() < 0.002


def test_oscillator_strengths__add_up_to_the_electrons():
    counts = single(FAR, LORENTZ, 20.0, 1e6)[None]
    found = kramers_kronig.permittivity(counts, FAR, np.array([1e6]), BEAM, index(*LORENTZ[:2]))
    plasma = 0.5 * np.pi * LORENTZ[1] ** 2
    loss = found.imag[0] / (found.real[0] ** 2 + found.imag[0] ** 2)
    # All but the share 2/pi * width / end of a tail that falls like E^-3.
    assert (FAR * loss).sum() * STEP == pytest.approx(plasma, rel=0.01)
    assert (FAR * found.imag[0]).sum() * STEP == pytest.approx(plasma, rel=0.01)


def test_thicker_specimen__has_the_same_permittivity():
    counts = np.stack([single(FAR, LORENTZ, nm, 1e6) for nm in (5.0, 50.0)])
    found = kramers_kronig.permittivity(counts, FAR, np.full(2, 1e6), BEAM, 2.1)
    np.testing.assert_allclose(found.imag[0], found.imag[1], rtol=1e-9)
    assert found.thickness_nm[1] == pytest.approx(10 * found.thickness_nm[0])


def test_surface_rounds__take_out_what_surfaces_add():
    eps, nm = permittivity(FAR, *LORENTZ), 20.0
    bulk = single(FAR, LORENTZ, nm, 1e6)
    angular = np.log1p((BEAM.collection_mrad * BEAM.per_mrad_ev / FAR) ** 2)
    at_surface = (-4 / (1 + eps)).imag - (-1 / eps).imag
    scale = bulk / angular / (-1 / eps).imag
    counts = (bulk + scale * at_surface * BEAM.surface_factor(FAR) / nm)[None]
    errors = []
    for rounds in (1, 3, 10):
        args = (np.array([1e6]), BEAM, index(*LORENTZ[:2]), rounds)
        found = kramers_kronig.permittivity(counts, FAR, *args)
        off = found.real[0] + 1j * found.imag[0] - eps
        errors.append((abs(found.thickness_nm[0] - nm), np.sqrt((abs(off[40:800]) ** 2).mean())))
    for more in errors[1:]:  # rounds help, and do not run away
        assert more[0] < 0.3 * errors[0][0]
        assert more[1] < 0.5 * errors[0][1]


def test_threads_blocks_and_single_precision__change_nothing_that_counts():
    counts = np.random.default_rng(1).poisson(
        100 * single(FAR, LORENTZ, 20.0, 1e6), (200, FAR.size)
    )
    args = (FAR, np.full(200, 1e8), BEAM, 2.1)
    one = kramers_kronig.permittivity(counts.astype("f4"), *args)
    two = kramers_kronig.permittivity(counts.astype("f4"), *args, workers=2)
    np.testing.assert_array_equal(one.imag, two.imag)
    exact = kramers_kronig.permittivity(counts.astype(float), *args)
    assert np.abs(one.imag - exact.imag).max() < 1e-3 * np.abs(exact.imag).max()


def exspy_analysis(counts: np.ndarray, offset: float, index: float, rounds: int):
    exspy = import_module("exspy")
    signal = exspy.signals.EELSSpectrum(counts)
    axis = signal.axes_manager[-1]
    axis.scale, axis.offset, axis.units = STEP, offset, "eV"
    signal.set_microscope_parameters(60.0, 25.0, 30.0)
    return signal.kramers_kronig_analysis(zlp=1e6, iterations=rounds, n=index, full_output=True)


def test_exspy__agrees_where_its_axis_is_right():
    energy = FAR[:1999]
    counts = np.random.default_rng(1).poisson(single(energy, LORENTZ, 20.0, 1e6), (3, 1999)) + 0.0
    ours = kramers_kronig.permittivity(counts, energy, np.full(3, 1e6), BEAM, 2.1)
    # eXSpy takes its first positive channel for 0 eV: an empty one there puts the others right.
    # It sums over periodic images: an empty axis of 6.4 keV puts them far away.
    padded = np.concatenate([np.zeros((3, 1)), counts, np.zeros((3, 126_000))], axis=1)
    theirs, more = exspy_analysis(padded, 1e-6 * STEP, 2.1, 1)
    own, other = 1 / (ours.real + 1j * ours.imag), 1 / theirs.data[:, 1:2000]
    near = slice(1200)  # ours is to fourth order in energy over the length of the transform
    assert np.abs(other - own)[:, near].max() < 1e-3
    np.testing.assert_allclose(more["thickness"].data.ravel(), ours.thickness_nm, rtol=1e-3)


# --- the product


def acquisition(
    thickness_nm: float = 25.0, end_ev: float = 100.0, step: float = 0.05, **told: float
) -> tuple[xr.Dataset, xr.Dataset, xr.Dataset]:
    """Raw, aligned and loss of one simulated spectrum with plural scattering."""
    size = 16384
    place = np.arange(round(-4 / step), round(end_ev / step))
    away = (np.arange(size) - size * (np.arange(size) > size // 2)) * step
    loss = single(step * np.arange(1, size // 2), LORENTZ, thickness_nm, 1.0)
    loss *= step * np.arange(1, size // 2) > 4
    around = np.concatenate([[0.0], loss, np.zeros(size // 2)])
    peak = np.exp(-4 * np.log(2) * (away / 0.3) ** 2)
    seen = np.fft.rfft(peak / peak.sum()) * np.exp(np.fft.rfft(around) - loss.sum())
    expected = np.maximum(np.fft.irfft(seen, size)[place % size], 0)
    counts = np.random.default_rng(5).poisson(3e8 * expected)
    axis = ("energy", step * place + 0.013, {"units": "eV"})
    about = {"beam_energy_kev": 60.0, "collection_mrad": 30.0} | told
    data = xr.Dataset({"counts": ("energy", counts, {"units": "1"})}, {"energy": axis}, about)
    data.attrs = {name: value for name, value in about.items() if np.isfinite(value)}
    aligned = zero_loss.align(data, **SETTINGS["zero_loss"])
    removed = xr.full_like(aligned["counts"], np.nan, dtype=float)
    return data, aligned, xr.Dataset({"zero_loss": removed})


def measured(*products: xr.Dataset, **changed: object) -> xr.Dataset:
    settings = SETTINGS["dielectric"] | {"refractive_index": index(*LORENTZ[:2])} | changed
    found = dielectric.measure(*products, **settings)
    return contracts.check(found, DIELECTRIC, "test")


def test_product__recovers_thickness_and_permittivity_behind_plural_scattering():
    found = measured(*acquisition()).isel(region=0)
    assert found["specimen_thickness_lower"] < 25 < found["specimen_thickness_upper"]
    assert float(found["specimen_thickness"]) == pytest.approx(25, rel=0.05)
    seen = found.sel(energy=slice(6, 30))
    wanted = permittivity(seen["energy"].values, *LORENTZ)
    off = seen["permittivity_imag"].values - wanted.imag
    assert np.sqrt(np.mean(off**2)) < 0.05 * wanted.imag.max()
    assert quality.level(found) == "good"


def test_product__sharpens_without_moving_the_peak():
    _, aligned, _ = products = acquisition()
    sharp = measured(*products)["sharpened"].isel(region=0)
    counts = aligned["counts"].isel(region=0)
    assert sharp.max() > 1.5 * counts.max()
    assert abs(float(sharp.idxmax())) < 0.03
    assert float(sharp.sum()) == pytest.approx(float(counts.sum()), rel=1e-3)


@pytest.mark.parametrize(
    ("flag", "how"),
    [
        ("range_too_short", {"end_ev": 9.4}),
        ("beam_unknown", {"collection_mrad": np.nan}),
        ("no_loss", {"thickness_nm": 1e-7}),
        ("plural_scattering", {"thickness_nm": 260.0, "end_ev": 250.0}),
    ],
)
def test_product__refuses_with_the_reason(flag, how):
    found = measured(*acquisition(**how))
    assert quality.raised(found["dielectric_quality"], flag).all()
    assert found["permittivity_imag"].isnull().all()
    assert found["specimen_thickness_upper"].isnull().all()
    assert quality.level(found) == "bad"
    assert dielectric.FORBIDDING[flag] in found["verdict"].attrs["reasons"]


def test_short_axis__keeps_single_scattering():
    long, short = (measured(*acquisition(end_ev=end)).isel(region=0) for end in (100.0, 12.0))
    window = slice(6, 11)
    ours, whole = (p["single_scattering"].sel(energy=window).values for p in (short, long))
    assert np.abs(ours - whole).max() < 6 * np.sqrt(2 * whole.max())  # counting noise of both


@pytest.mark.parametrize("end_ev", [99.0, 8.0])
def test_vacuum_reference_scaled_to_the_tail__is_not_taken_for_the_peak(end_ev):
    data, aligned, loss = acquisition()
    energy, counts = aligned["energy"], aligned["counts"].astype(float)
    # The specimen has raised the tail by a half over what the peak says; losses begin at 4 eV.
    reference = 1.5 * counts.where(energy < 3.0, 0.0).where(energy < end_ev)
    reference.attrs = {"tail_model": "vacuum", "tail_window_ev": np.array([1.4, 2.1])}
    told = measured(data, aligned, xr.Dataset({"zero_loss": reference})).isel(region=0)
    bare = measured(data, aligned, loss).isel(region=0)
    assert float(told["specimen_thickness"]) == pytest.approx(25, rel=0.05)
    window = {"energy": slice(6, 30)}
    np.testing.assert_allclose(
        told["single_scattering"].sel(window), bare["single_scattering"].sel(window), rtol=0.02
    )


def test_gain_of_the_camera__widens_the_interval_of_the_thickness():
    def width(gain: int) -> float:
        data, _, loss = acquisition()
        few = np.random.default_rng(7).poisson(data["counts"] / 1e5)
        amplified = data.assign(counts=data["counts"].copy(data=gain * few))
        aligned = zero_loss.align(amplified, **SETTINGS["zero_loss"])
        name = "region_relative_thickness"
        found = measured(amplified, aligned, loss.reindex_like(aligned["counts"]))
        return float((found[f"{name}_upper"] - found[f"{name}_lower"]).item())

    # The electrons are the same, so is what they tell.
    assert width(30) == pytest.approx(width(1), rel=0.1)


def test_fast_beam__makes_it_doubtful():
    found = measured(*acquisition(beam_energy_kev=200.0))
    assert quality.raised(found["dielectric_quality"], "cerenkov").all()
    assert quality.level(found) == "doubtful"


def test_real_diamond__has_its_permittivity_and_its_edge(realdata):
    told = {"beam_energy_kev": 300.0, "collection_mrad": 25.0}
    path = realdata / "eels_lowloss" / "diamond" / "diamond_Summed Spectra 5 t.dm3"
    data = raw.read(path, "eels", told, None)
    aligned = zero_loss.align(data, **SETTINGS["zero_loss"])
    energy, counts = aligned["energy"].values, aligned["counts"].values[0].astype(float)
    bare = (energy > 2.5) & (energy < 5)
    slope, height = np.polyfit(np.log(energy[bare]), np.log(counts[bare]), 1)
    tail = np.full(energy.size, np.nan)
    tail[energy > 2.5] = np.exp(height) * energy[energy > 2.5] ** slope
    loss = xr.Dataset({"zero_loss": (("region", "energy"), tail[None])}, aligned.coords)
    found = measured(data, aligned, loss, refractive_index=2.4).isel(region=0)
    real, imag = (found[f"permittivity_{part}"] for part in ("real", "imag"))
    assert float(real.sel(energy=1.0, method="nearest")) == pytest.approx(2.4**2, abs=0.5)
    smooth = imag.rolling(energy=9, center=True).mean().sel(energy=slice(2, 9))
    assert 5.5 < float(smooth.differentiate("energy").idxmax()) < 7.5
    assert 15 < float(found["energy"][np.flatnonzero(real.values < 0)].max()) < 33
    assert quality.raised(found["dielectric_quality"], "cerenkov")


def test_panel__draws_both_parts_and_names_what_it_cannot_draw():
    about = {"batch": "t", "technique": "eels", "sample": "g", "product": "dielectric"}
    about |= {"simulated": 1, "condition": "fresh", "condition_label": "Fresh"}
    good, short = (
        measured(*acquisition(end_ev=end)).assign_attrs(about, acquisition=name)
        for end, name in ((100.0, "long"), (9.4, "short"))
    )
    page = {"title": "T", "panels": [{"kind": "dielectric", "select": {}}]}
    tree = draw.collect(page, [good, short])
    data = tree["a"].to_dataset()
    assert data["acquisition"].values.tolist() == ["long"]
    assert "short" in data.attrs["notes"]
    assert "axis ends" in data.attrs["notes"]
    axes = draw.figure(tree).axes[0]
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 2]
    np.testing.assert_array_equal(drawn[1].get_ydata(), data["permittivity_imag"].values[0])
