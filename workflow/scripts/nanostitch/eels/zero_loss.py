"""Find the zero-loss peak of every spectrum and put it at 0 eV, or refuse."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eels.channels import Array, Mask, resampled, rows, width_ev

SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))

# A lower value would take a cosmic-ray spike, one channel wide, for a peak.
_NARROWEST_CHANNELS = 1.5
# Free axis that must lie on the gain side of the centre, so that a slope is not taken for a peak.
_CLEAR_FWHM = 1.5
_ITERATIONS = 100
# Expected number of chance ties among three neighbours is below 1e-4 from here on.
_SATURATION_COUNTS = 1000


@dataclass(frozen=True)
class Peaks:
    """Zero-loss peaks, one entry a spectrum [eV]; what is wrong with each by flag name."""

    centre: Array
    uncertainty: Array
    fwhm: Array
    flags: dict[str, Mask]

    @property
    def found(self) -> Mask:
        """Where there is a peak that can be trusted."""
        return ~self.flags["no_zero_loss_peak"]


def align(
    counts: xr.DataArray,
    *,
    max_offset_ev: float,
    max_fwhm_ev: float,
    max_gain_level: float,
    min_counts: float,
) -> xr.Dataset:
    """Put the zero-loss peak of every spectrum at 0 eV.

    The centre is the centroid under a Gaussian window that is centred on itself and has the
    peak's own width: it follows the core of the peak, not its tail. An asymmetric peak has no
    unique centre; this one lies between the midpoint of the half-maximum crossings and the
    centroid, which differ by less than a tenth of a channel in well-sampled peaks.

    A single spectrum keeps its channels and has its axis shifted. Several spectra are put on
    the channels around multiples of the dispersion that all of them cover; see
    :func:`nanostitch.eels.channels.resampled` for what that does to the noise.

    Parameters
    ----------
    counts
        Spectra, dims ``([y,] [x,] energy)``; coordinate ``energy`` in eV. Uncertainties hold
        where a count is an electron.
    max_offset_ev
        Largest distance of a zero-loss peak from 0 eV on the raw axis [eV].
    max_fwhm_ev
        Largest full width at half maximum of a zero-loss peak [eV].
    max_gain_level
        Largest level on the gain side of the peak, as a share of its height.
    min_counts
        Fewest counts in the core of the peak.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.ALIGNED`` says. A spectrum without a credible zero-loss peak raises the
        flag ``no_zero_loss_peak``; its counts, offset and width are NaN.

    Raises
    ------
    CalibrationError
        If the energy axis is not one of evenly spaced channels in eV.

    Notes
    -----
    Windowed centroid: as XWIN_IMAGE of SExtractor (Bertin & Arnouts, Astron. Astrophys. Suppl.
    117 (1996) 393, doi:10.1051/aas:1996164, and its manual). Of a Gaussian peak of N counts its
    standard uncertainty is 1.24 times the best possible, sigma / sqrt(N).
    """
    width_ev(counts)
    counts = counts.transpose("y", "x", "energy", missing_dims="ignore")
    energy = counts["energy"].to_numpy().astype(float)
    peaks = _find(rows(counts), energy, max_offset_ev, max_fwhm_ev, max_gain_level, min_counts)
    return _dataset(_at_zero(counts, peaks), peaks, _reasons(peaks))


def average(aligned: xr.Dataset) -> xr.Dataset:
    """One spectrum of all pixels that have a zero-loss peak, which keeps counting statistics.

    Counts are added, not divided by the number of pixels, so that a count stays an electron.

    Parameters
    ----------
    aligned
        As ``contracts.eels.ALIGNED`` says.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.ALIGNED`` says, without spatial dims. ``zlp_offset`` is the mean over
        the pixels, ``zlp_fwhm`` that of the summed peak; flags are those that any used pixel
        raises.
    """
    found = np.isfinite(aligned["zlp_offset"].to_numpy().ravel())
    names = str(aligned["zlp_quality"].attrs["flag_meanings"]).split()
    flags = {n: quality.raised(aligned["zlp_quality"], n).to_numpy().ravel() for n in names}
    flags = {name: np.array([where[found].any()]) for name, where in flags.items()}
    flags["no_zero_loss_peak"] = np.array([not found.any()])
    total = np.full((1, aligned.sizes["energy"]), np.nan)
    centre, uncertainty, fwhm = (np.array([np.nan]) for _ in range(3))
    if found.any():
        total = rows(aligned["counts"])[found].sum(axis=0, keepdims=True)
        left, right = _crossings(total, aligned["energy"].to_numpy())
        centre, fwhm = aligned["zlp_offset"].mean().to_numpy()[None], right - left
        noise = aligned["zlp_offset_uncertainty"].to_numpy()
        uncertainty = np.sqrt(np.nansum(noise**2, keepdims=True).ravel()) / found.sum()
    pooled = xr.DataArray(total[0], {"energy": aligned["energy"]}, ("energy",))
    peaks = Peaks(centre, uncertainty, fwhm, flags)
    return _dataset(pooled, peaks, {}).assign(verdict=aligned["verdict"])


def _find(
    spectra: Array,
    energy: Array,
    max_offset_ev: float,
    max_fwhm_ev: float,
    max_gain_level: float,
    min_counts: float,
) -> Peaks:
    complete = np.asarray(np.isfinite(spectra).all(axis=1))
    spectra = np.where(complete[:, None], spectra, 0.0)
    top = energy[spectra.argmax(axis=1)]
    left, right = _crossings(spectra, energy)
    fwhm = right - left
    width = energy[1] - energy[0]
    centre, uncertainty = _windowed_centroid(spectra, energy, top, fwhm * SIGMA_PER_FWHM)
    core = np.abs(energy - centre[:, None]) <= fwhm[:, None]
    near = np.asarray(complete & (np.abs(top) <= max_offset_ev) & (spectra.max(axis=1) > 0))
    with np.errstate(invalid="ignore"):
        clipped = near & ~(centre - _CLEAR_FWHM * fwhm >= energy[0] - width / 2)
        few = near & ~((spectra * core).sum(axis=1) >= min_counts)
        narrow = (fwhm <= max_fwhm_ev) & (fwhm >= _NARROWEST_CHANNELS * width)
        stays = (np.abs(centre - top) <= fwhm) & np.isfinite(uncertainty)
    dominant = _gain_level(spectra, energy, centre, fwhm) <= max_gain_level
    found = np.asarray(near & narrow & stays & dominant & ~clipped & ~few)
    flags = {
        "no_zero_loss_peak": ~found,
        "clipped_at_axis_edge": clipped,
        "saturated": found & _flat_top(spectra),
        "too_few_counts": few,
    }
    centre, uncertainty, fwhm = (np.where(found, v, np.nan) for v in (centre, uncertainty, fwhm))
    return Peaks(centre, uncertainty, fwhm, flags)


def _crossings(spectra: Array, energy: Array) -> Array:
    """Where each spectrum falls to half its maximum, on both sides [eV]; NaN where it does not."""
    index = np.arange(energy.size)
    height = spectra.max(axis=1, keepdims=True) / 2
    top = spectra.argmax(axis=1)[:, None]
    low = np.where((spectra < height) & (index < top), index, -1).max(axis=1)
    high = np.where((spectra < height) & (index > top), index, energy.size).min(axis=1)
    inner, outer = np.array([low + 1, high - 1]), np.array([low, high])
    known = (outer >= 0) & (outer < energy.size)
    outer = np.where(known, outer, inner)
    row = np.arange(len(spectra))
    a, b = spectra[row, outer], spectra[row, inner]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (height[:, 0] - a) / (b - a)
        crossing = energy[outer] + share * (energy[inner] - energy[outer])
    return np.where(known, crossing, np.nan)


def _windowed_centroid(
    spectra: Array, energy: Array, start: Array, sigma: Array
) -> tuple[Array, Array]:
    """Centroid under a Gaussian window on itself, and its uncertainty by counting [eV]."""
    sigma = np.where(sigma > 0, sigma, np.nan)[:, None]
    centre = start.astype(float)[:, None]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for _ in range(_ITERATIONS):
            away = energy - centre
            weight = np.exp(-0.5 * (away / sigma) ** 2) * spectra
            # Twice the distance is Newton's step where the peak is as wide as the window.
            step = 2 * (weight * away).sum(axis=1) / weight.sum(axis=1)
            centre = centre + step[:, None]
            if not np.nanmax(np.abs(step), initial=0.0) > 1e-6 * (energy[1] - energy[0]):
                break
        away = energy - centre
        window = np.exp(-0.5 * (away / sigma) ** 2)
        slope = (window * (1 - (away / sigma) ** 2) * spectra).sum(axis=1)
        noise = ((window * away) ** 2 * np.maximum(spectra, 0)).sum(axis=1)
        return centre[:, 0], np.sqrt(noise) / np.where(slope > 0, slope, np.nan)


def _gain_level(spectra: Array, energy: Array, centre: Array, fwhm: Array) -> Array:
    """Median level below the peak, from one and a half widths on, as a share of its height."""
    levels = np.full(len(spectra), np.inf)
    for row, (spectrum, end) in enumerate(zip(spectra, centre - _CLEAR_FWHM * fwhm, strict=True)):
        gain = spectrum[energy <= end]
        if gain.size and spectrum.max() > 0:
            levels[row] = np.median(gain[-_gain_channels(fwhm[row], energy) :]) / spectrum.max()
    return levels


def _gain_channels(fwhm: float, energy: Array) -> int:
    return int(np.ceil(fwhm / (energy[1] - energy[0])))


def _flat_top(spectra: Array) -> Mask:
    """Three neighbours that share the maximum exactly, far above counting noise."""
    height = spectra.max(axis=1, keepdims=True)
    at_top = spectra == height
    flat = (at_top[:, :-2] & at_top[:, 1:-1] & at_top[:, 2:]).any(axis=1)
    return np.asarray(flat & (height[:, 0] >= _SATURATION_COUNTS))


def _at_zero(counts: xr.DataArray, peaks: Peaks) -> xr.DataArray:
    """Counts with their peaks at 0 eV."""
    raw = counts["energy"].to_numpy().astype(float)
    if not peaks.found.any():
        return xr.full_like(counts, np.nan, dtype=float)
    if peaks.found.size == 1:
        return _on(counts, counts.to_numpy(), raw - peaks.centre[0])
    width = (raw[-1] - raw[0]) / (raw.size - 1)
    low = np.nanmax(raw[0] - peaks.centre) / width
    high = np.nanmin(raw[-1] - peaks.centre) / width
    common = width * np.arange(np.ceil(low - 1e-3), np.floor(high + 1e-3) + 1)
    spectra = resampled(rows(counts), raw, common, peaks.centre)
    return _on(counts, spectra.reshape(*counts.shape[:-1], common.size), common)


def _on(counts: xr.DataArray, values: Array, energy: Array) -> xr.DataArray:
    coords = {name: c for name, c in counts.coords.items() if "energy" not in c.dims}
    axis = ("energy", energy, {"units": "eV"})
    return xr.DataArray(values, {**coords, "energy": axis}, counts.dims, attrs=counts.attrs)


def _dataset(counts: xr.DataArray, peaks: Peaks, reasons: dict[str, quality.Level]) -> xr.Dataset:
    pixels = counts.isel(energy=0, drop=True)

    def per_pixel(values: Array | Mask, units: str) -> xr.DataArray:
        shaped = np.asarray(values).reshape(pixels.shape)
        return xr.DataArray(shaped, pixels.coords, pixels.dims, attrs={"units": units})

    flags = quality.flags({name: per_pixel(where, "1") for name, where in peaks.flags.items()})
    return xr.Dataset(
        {
            "counts": counts.assign_attrs(units="1"),
            "zlp_offset": per_pixel(peaks.centre, "eV"),
            "zlp_offset_uncertainty": per_pixel(peaks.uncertainty, "eV"),
            "zlp_fwhm": per_pixel(peaks.fwhm, "eV"),
            "zlp_quality": flags.assign_attrs(units="1"),
            "verdict": quality.verdict(reasons).assign_attrs(units="1"),
        }
    )


def _reasons(peaks: Peaks) -> dict[str, quality.Level]:
    total, absent = peaks.found.size, int((~peaks.found).sum())
    reasons: dict[str, quality.Level] = {}
    if absent:
        why = [
            name.replace("_", " ")
            for name in ("clipped_at_axis_edge", "too_few_counts")
            if peaks.flags[name].any()
        ]
        text = f"no zero-loss peak in {absent} of {total} spectra"
        text += f" ({', '.join(why)} in some)" if why else ""
        reasons[text] = "bad" if absent == total else "doubtful"
    saturated = int(peaks.flags["saturated"].sum())
    if saturated:
        reasons[f"zero-loss peak saturated in {saturated} of {total} spectra"] = "doubtful"
    return reasons
