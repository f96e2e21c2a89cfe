"""Band gap: error against the photon limit and HyperSpy, bias and coverage under many truths.

Run ``python tests/benchmarks/bench_band_gap.py --seeds 200 --part accuracy``; parts are accuracy,
coverage, truth, single and shift. The spectra are CsPbBr3-like: a pseudo-Voigt zero-loss peak
with a 3 % Lorentzian tail, an onset between 2.30 and 2.45 eV of about 20 electrons in a channel of
10 meV 0.2 eV above it per million zero-loss electrons. A seed is a pixel of a map (with every
tenth pixel vacuum where said) or, in ``single`` and ``shift``, a spectrum that is measured alone.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline
from scipy.signal import fftconvolve

from nanostitch import schema
from nanostitch.eels import background, band_gap, shift, zero_loss

STEP = 0.01
ENERGY = -0.8 + STEP * np.arange(512)
FINE = 0.0005
STRENGTH = 4.5e-3
GAPS = np.arange(2.24, 2.56, 0.01)
DOSES = (1e5, 1e6, 1e7)
FITTED = (ENERGY >= 1.365) & (ENERGY <= 3.0)
Shape = Callable[[np.ndarray], np.ndarray]


def peak(away: np.ndarray, fwhm: float) -> np.ndarray:
    """Pseudo-Voigt of unit area [1/eV]."""
    gauss = np.exp(-4 * np.log(2) * (away / fwhm) ** 2) * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    return 0.97 * gauss + 0.03 * fwhm / (2 * np.pi) / (away**2 + fwhm**2 / 4)


def power(exponent: float, fade: float = np.inf) -> Shape:
    """(E - Eg)^p that fades over some eV."""

    def shape(x: np.ndarray) -> np.ndarray:
        return np.maximum(x, 0) ** exponent * np.exp(-np.maximum(x, 0) / fade)

    return shape


def urbach(energy: float) -> Shape:
    """Square root that goes over into exp(E/Eu) with one slope."""

    def shape(x: np.ndarray) -> np.ndarray:
        tail = np.sqrt(energy / 2) * np.exp(np.minimum(x / energy - 0.5, 0))
        return np.where(x < energy / 2, tail, np.sqrt(np.maximum(x, energy / 2)))

    return shape


def elliott(binding: float) -> Shape:
    """Exciton lines and enhanced continuum (Elliott 1957), about as strong as the root."""

    def shape(x: np.ndarray) -> np.ndarray:
        root = 2 * np.pi * np.sqrt(binding / np.maximum(x, 1e-9))
        sharp = np.where(x > 0, np.sqrt(binding) / -np.expm1(-root), 0.0)
        for line in range(1, 20):
            at = int(np.abs(x + binding / line**2).argmin())
            sharp[at] += 2 * binding**1.5 / line**3 / (x[1] - x[0])
        return sharp * np.exp(-np.maximum(x, 0) / 4)

    return shape


def blurred(shape: Shape, width: float, secant: bool = False) -> Shape:
    """Seen through a Gaussian (standard deviation) or a hyperbolic secant."""

    def seen(x: np.ndarray) -> np.ndarray:
        away = (x[1] - x[0]) * np.arange(-800, 801)
        kernel = 1 / np.cosh(away / width) if secant else np.exp(-0.5 * (away / width) ** 2)
        return fftconvolve(shape(x), kernel / kernel.sum(), "same")

    return seen


def spectra(shape: Shape | None, fwhm: float) -> Callable[[np.ndarray], np.ndarray]:
    """Electrons in each channel for one in the peak, against the gap."""
    grid = np.arange(-2.0, 6.0, FINE)
    kernel = peak(np.arange(-2.0, 2.0 + FINE / 2, FINE), fwhm) * FINE
    edges = np.append(ENERGY - STEP / 2, ENERGY[-1] + STEP / 2)

    def one(gap: float) -> np.ndarray:
        loss = np.zeros(grid.size) if shape is None else STRENGTH * shape(grid - gap)
        density = fftconvolve(loss, kernel, "same") + peak(grid, fwhm)
        running = np.cumsum(density) * FINE
        return np.diff(np.interp(edges, grid + FINE / 2, running))

    return CubicSpline(GAPS, np.array([one(gap) for gap in GAPS]))


def acquisition(counts: np.ndarray) -> xr.Dataset:
    """Raw spectra as a reader gives them."""
    dims = ("x", "energy")[2 - counts.ndim :]
    axis = ("energy", ENERGY, {"units": "eV"})
    data = xr.DataArray(counts, {"energy": axis}, dims, attrs={"units": "1"})
    return data.to_dataset(name="counts").assign_attrs(beam_energy_kev=60.0)


def measured(counts: np.ndarray, **changed: Any) -> xr.Dataset:
    """Band gaps by the default settings."""
    settings = schema.with_defaults({}, schema.load("eels"))
    raw = acquisition(counts)
    aligned = zero_loss.align(raw, **settings["zero_loss"])
    loss = background.remove_zero_loss(raw, aligned, None, **settings["background"])
    return band_gap.measure(raw, aligned, loss, **{**settings["band_gap"], **changed})


def drawn(
    mean: Callable[[np.ndarray], np.ndarray], dose: float, seeds: int, **detector: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gaps and counts of a map; every tenth pixel is vacuum if ``vacuum`` is told."""
    random = np.random.default_rng([int(dose), seeds])
    gap = random.uniform(2.30, 2.45, seeds)
    expected = mean(gap)
    if detector.get("vacuum"):
        empty = spectra(None, 0.05)(2.4)
        expected[::10], gap[::10] = empty, np.nan
    counts = random.poisson(dose * expected).astype(float)
    spread = detector.get("spread", 0.0)
    kernel = np.array([spread, 1 - 2 * spread, spread])
    counts = np.apply_along_axis(np.convolve, 1, counts, kernel, "same")
    return gap, counts * detector.get("gain", 1.0)


def row(product: xr.Dataset, gap: np.ndarray, estimator: str = "onset_fit") -> str:
    """Given, median error, bias, coverage and median width [%, meV]."""
    one = product.sel(estimator=estimator)
    found, low, high = (np.atleast_1d(one[f"band_gap{e}"]) for e in ("", "_lower", "_upper"))
    crystal, given = np.isfinite(gap), np.isfinite(found)
    both = crystal & given
    error = 1e3 * (found - gap)[both]
    covered = 100 * ((low <= gap) & (high >= gap))[both].mean()
    vacuum = 100 * given[~crystal].mean() if (~crystal).any() else 0.0
    numbers = (np.median(np.abs(error)), error.mean(), covered, 1e3 * np.median((high - low)[both]))
    text = "".join(f"{number:9.2f}" for number in numbers)
    return f"{100 * given[crystal].mean():7.1f}{vacuum:7.1f}{text}"


HEAD = "given  vacuum   med err     bias  covered    width"


def limit(mean: Callable[[np.ndarray], np.ndarray], gap: np.ndarray, dose: float) -> float:
    """Cramer-Rao bound of the median error [meV]: known line shape, amplitude, two tail terms."""
    energy, little = ENERGY[FITTED], 1e-4
    empty = spectra(None, 0.05)(2.4)[FITTED]
    bounds = []
    for one in gap[np.isfinite(gap)][:100]:
        at, up, down = (mean(one + d)[FITTED] for d in (0.0, little, -little))
        columns = [empty, empty * np.log(energy / 1.75), at - empty, (up - down) / 2 / little]
        fisher = dose * np.array([[(a * b / at).sum() for a in columns] for b in columns])
        bounds.append(np.sqrt(np.linalg.inv(fisher)[3, 3]))
    return 0.6745e3 * float(np.mean(bounds))


def hyperspy(counts: np.ndarray, gap: np.ndarray) -> float:
    """Median error of HyperSpy's best of four settings [meV]: power law and square root."""
    import hyperspy.api as hs

    hs.set_log_level("ERROR")
    hs.preferences.General.show_progressbar = False
    errors = []
    for start in (1.4, 1.9):
        for weighted in (False, True):
            used = (start <= ENERGY) & (ENERGY <= 3.0)
            signal = hs.signals.Signal1D(counts[:, used])
            axis = signal.axes_manager[-1]
            axis.offset, axis.scale = float(ENERGY[used][0]), STEP
            if weighted:
                level = np.maximum(
                    np.array([np.convolve(c, np.ones(9) / 9, "same") for c in counts[:, used]]), 0.3
                )
                signal.set_noise_variance(hs.signals.Signal1D(level))
            model = signal.create_model()
            tail = hs.model.components1D.PowerLaw()
            tail.A.value, tail.r.value = float(counts[:, used][:, :20].mean()) * 2, 2.0
            onset = hs.model.components1D.Expression(
                "A*sqrt(where(x>g, x-g, 0.0))", name="onset", A=float(counts.mean()), g=2.38
            )
            model.extend([tail, onset])
            onset.g.bmin, onset.g.bmax = 2.1, 2.9
            model.multifit(bounded=True, show_progressbar=False, iterpath="serpentine")
            errors.append(float(np.median(np.abs(onset.g.map["values"].ravel() - gap))))
    return 1e3 * min(errors)


def accuracy(seeds: int, peer: int) -> None:
    """Pixels of a map against the bound, and HyperSpy on some of them."""
    print(f"accuracy, {seeds} pixels, 50 meV; peer: HyperSpy's best of 4 settings on {peer}")
    print(f"electrons  {HEAD}    bound    ratio     peer  on same")
    mean = spectra(power(0.5), 0.05)
    for dose in DOSES:
        gap, counts = drawn(mean, dose, seeds, vacuum=1.0)
        product, bound = measured(counts), limit(mean, gap, dose)
        fit = product.sel(estimator="onset_fit")["band_gap"].to_numpy()
        error = 1e3 * np.nanmedian(np.abs(fit - gap))
        some = np.flatnonzero(np.isfinite(gap))[:peer]
        other = hyperspy(counts[some], gap[some])
        same = 1e3 * np.nanmedian(np.abs(fit - gap)[some])
        numbers = (bound, error / bound, other, same)
        text = "".join(f"{number:9.2f}" for number in numbers)
        print(f"{dose:9.0e}{row(product, gap)}{text}", flush=True)


def coverage(seeds: int, peer: int) -> None:
    """Maps of every resolution and dose, with a band that bends away over 4 eV."""
    print(f"coverage, {seeds} pixels\nfwhm_meV  electrons  estimator  {HEAD}")
    for fwhm in (0.03, 0.05, 0.1, 0.15):
        mean = spectra(power(0.5, 4.0), fwhm)
        for dose in (*DOSES, 1e8):
            gap, counts = drawn(mean, dose, seeds)
            product = measured(counts)
            for name in product["estimator"].values:
                line = row(product, gap, str(name))
                print(f"{1e3 * fwhm:8.0f}{dose:11.0e}  {name:<11}{line}", flush=True)


TRUTHS: dict[str, Shape] = {
    "square root": power(0.5),
    "fading over 4 eV": power(0.5, 4.0),
    "fading over 1 eV": power(0.5, 1.0),
    "exciton 35, 15 meV": blurred(elliott(0.035), 0.015, secant=True),
    "exciton 20, 10 meV": blurred(elliott(0.020), 0.010, secant=True),
    "exciton 60, 20 meV": blurred(elliott(0.060), 0.020, secant=True),
    "exciton 40, gauss 40": blurred(elliott(0.040), 0.040),
    "urbach 15 meV": urbach(0.015),
    "urbach 30 meV": urbach(0.030),
    "gaps spread 10 meV": blurred(power(0.5), 0.010),
    "gaps spread 40 meV": blurred(power(0.5), 0.040),
    "power 3/2": power(1.5),
    "power 2": power(2.0),
}
DECLARED = {"exciton": {"excitonic": 1.0}, "power 3": {"indirect": 1.0}}


def truth(seeds: int, peer: int) -> None:
    """Bias and coverage under each truth: default shapes, and the right one declared."""
    print(f"truth, {seeds} pixels, 50 meV\n{'truth':<22}electrons  {HEAD}")
    for name, shape in TRUTHS.items():
        mean = spectra(shape, 0.05)
        for dose in (1e6, 1e7):
            gap, counts = drawn(mean, dose, seeds, vacuum=1.0)
            print(f"{name:<22}{dose:9.0e}{row(measured(counts), gap)}", flush=True)
            for start, shapes in DECLARED.items():
                if name.startswith(start):
                    line = row(measured(counts, onset_shapes=shapes), gap)
                    print(f"{'  declared':<22}{dose:9.0e}{line}", flush=True)
    mean = spectra(power(0.5), 0.05)
    for name, detector in (("gain 37.5", {"gain": 37.5}), ("point spread 20 %", {"spread": 0.2})):
        for dose in (1e6, 1e7):
            gap, counts = drawn(mean, dose, seeds, **detector)
            print(f"{name:<22}{dose:9.0e}{row(measured(counts), gap)}", flush=True)


def single(seeds: int, peer: int) -> None:
    """Spectra that are measured alone; the bend of the band is drawn from its prior."""
    print(f"single, {seeds} spectra, 50 meV\n{'truth':<22}electrons  {HEAD}")
    quick = {"sweep_range_ev": [0.14, 0.16], "bootstrap_draws": 40}
    for name in ("square root", "exciton 35, 15 meV", "gaps spread 10 meV"):
        mean = spectra(TRUTHS[name], 0.05)
        for dose in (1e6, 1e7, 1e8, 1e9):
            gap, counts = drawn(mean, dose, seeds)
            found = xr.concat([measured(one, **quick) for one in counts], "x")
            print(f"{name:<22}{dose:9.0e}{row(found, gap)}", flush=True)


def red_shift(seeds: int, peer: int) -> None:
    """60 meV between two averaged spectra of 1e9 electrons."""
    print(f"shift of -60 meV, {seeds} pairs\n{'truth':<22}    bias  covered  half-width")
    for name in ("square root", "exciton 35, 15 meV"):
        mean, random = spectra(TRUTHS[name], 0.05), np.random.default_rng(60)
        found = []
        for _ in range(seeds):
            pair = [measured(random.poisson(1e9 * mean(gap))) for gap in (2.45, 2.39)]
            one = shift.between(*pair)
            found.append([one.value + 0.06, one.lower + 0.06, one.upper + 0.06])
        value, low, high = 1e3 * np.array(found).T
        held = 100 * ((low <= 0) & (high >= 0)).mean()
        print(f"{name:<22}{value.mean():8.2f}{held:9.1f}{np.median(high - low) / 2:12.2f}")


PARTS = {"accuracy": accuracy, "coverage": coverage, "truth": truth, "single": single} | {
    "shift": red_shift
}


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--peer", type=int, default=64, help="pixels that HyperSpy fits")
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    told = parser.parse_args()
    for name, part in PARTS.items():
        if told.part in (name, "all"):
            part(told.seeds, told.peer)


if __name__ == "__main__":
    main()
