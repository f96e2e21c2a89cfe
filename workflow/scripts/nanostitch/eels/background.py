"""Remove the zero-loss peak below the loss, with its uncertainty and how much it weighs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eels import blocks, tail, thickness
from nanostitch.eels.channels import Array, Mask, resampled, stretch
from nanostitch.eels.noise import Noise
from nanostitch.eels.thickness import Real
from nanostitch.errors import ContractError

Removed = tuple[Array, Array]
"""The removed part and its variance, one region a row."""

_SIGNIFICANT = 5.0
_ROUNDING_EV = 1e-9


@dataclass(frozen=True)
class _Pixels:
    """Numbers of the pixels."""

    tail_fraction: Real
    thickness: Real
    lower: Real
    upper: Real


def remove_zero_loss(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    vacuum: xr.Dataset | None,
    *,
    tail_window_ev: Sequence[float],
    tail_model: tail.TailModel,
    vacuum_scaled_on: Literal["tail_window", "peak"],
) -> xr.Dataset:
    """Remove the zero-loss peak: by a vacuum reference where there is one, else by its tail.

    Parameters
    ----------
    raw
        Recorded spectra, as ``contracts.raw.RAW_EELS`` says; may be opened lazily.
    aligned
        Where their zero-loss peaks lie, as ``contracts.eels.ALIGNED`` says.
    vacuum
        The same of the empty beam. Its sum is put on the channels of ``aligned`` with the counts
        conserved, then scaled.
    tail_window_ev
        From where to where the spectrum holds the tail of the zero-loss peak alone [eV].
    tail_model
        Form of the tail, fitted in the window and continued above it.
    vacuum_scaled_on
        Where the reference is scaled to the spectrum: in the tail window, or on the core of
        the peak (within half its width), which conserves electrons but not a tail that the
        specimen has changed.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.LOSS`` says. Below the tail window a fitted tail is not known: there
        ``loss`` and ``zero_loss`` are NaN, and they are NaN everywhere where the region has no
        zero-loss peak, or one that reaches into the tail window. ``tail_fraction`` compares sums
        over the window of equal width just above the tail window, where the onset is expected;
        the tail of a pixel has the form of that of the whole field, and counts of its own.

    Raises
    ------
    ContractError
        If the tail window does not ascend from above 0 eV.

    Notes
    -----
    What remains of the tail at the gap, not the width of the peak, limits what can be seen:
    Kimoto et al., Micron 36 (2005) 465; Hachtel, Lupini & Idrobo, Sci. Rep. 8 (2018) 5637,
    doi:10.1038/s41598-018-23805-5. Thickness: :func:`thickness.relative_thickness`.
    """
    window = (float(tail_window_ev[0]), float(tail_window_ev[1]))
    if not 0 < window[0] < window[1]:
        raise ContractError(
            f"config.yaml: eels.background.tail_window_ev: {list(window)} does not ascend from"
            " above 0 eV; correct it there or in the parameters of batch.yaml"
        )
    energy, counts = aligned["energy"].to_numpy(), by_region(aligned["counts"])
    counts = np.where(_clear_of_peak(aligned, window)[:, None], counts, np.nan)
    used = _inside(energy, window)
    if vacuum is None:
        tails = tail.fit(counts[:, used], energy[used], tail_model)
        known = np.where(energy >= window[0] - _ROUNDING_EV, energy, np.nan)
        removed = tails.at(known), tails.variance(known)
    else:
        removed = _scaled(aligned, vacuum, used if vacuum_scaled_on == "tail_window" else None)
    above = _inside(energy, _weighed(window))
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = removed[0][:, above].sum(axis=1) / counts[:, above].sum(axis=1)
        share = float(removed[0][0, above].sum() / removed[0][0, used].sum())
    pixels = _pixels(raw, aligned, window, share)
    model = tail_model if vacuum is None else "vacuum"
    return _dataset(aligned, removed, fraction, pixels, model, window)


def by_region(spectra: xr.DataArray) -> Array:
    """Spectra of the regions, one a row."""
    return np.asarray(spectra.transpose("region", "energy").to_numpy().astype(float))


def region_noise(aligned: xr.Dataset, region: int) -> Noise:
    """Noise of a channel of the sum of a region."""
    spread = float(aligned["region_gain_spread"][region])
    noise = replace(pixel_noise(aligned), gain_spread=spread)
    return noise.summed(int(aligned["spectra"][region]))


def pixel_noise(aligned: xr.Dataset) -> Noise:
    """Noise of a channel of a pixel."""
    names = ("noise_factor", "gain_spread")
    return Noise(float(aligned["read_noise"]) ** 2, *(float(aligned[name]) for name in names))


def _weighed(window: tuple[float, float]) -> tuple[float, float]:
    """Where tail and loss are weighed against each other [eV]."""
    return window[1], 2 * window[1] - window[0]


def _inside(energy: Array, window: tuple[float, float]) -> slice:
    """Channels of a window, ends included whatever the rounding of their energies."""
    return stretch(energy, (window[0] - _ROUNDING_EV, window[1] + _ROUNDING_EV))


def _clear_of_peak(aligned: xr.Dataset, window: tuple[float, float]) -> Mask:
    """Regions whose zero-loss peak ends below the tail window."""
    return np.asarray(window[0] >= aligned["region_zlp_fwhm"].to_numpy())


def _scaled(aligned: xr.Dataset, vacuum: xr.Dataset, used: slice | None) -> Removed:
    """Vacuum reference on the channels of the regions, times its most likely scale.

    NaN where the reference itself has no counts that stand out where it is scaled.
    """
    energy, counts = aligned["energy"].to_numpy(), by_region(aligned["counts"])
    reference = resampled(
        by_region(vacuum["counts"])[:1], vacuum["energy"].to_numpy(), energy, np.zeros(1)
    )[0]
    on_peak = used is None
    if used is None:
        half = float(vacuum["region_zlp_fwhm"][0]) / 2
        used = stretch(energy, (-half, half))
    with np.errstate(invalid="ignore", divide="ignore"):
        total, wanted = reference[used].sum(), counts[:, used].sum(axis=1)
        factor = float(vacuum["noise_factor"])
        seen = on_peak or total > _SIGNIFICANT**2 * factor
        scale = (wanted / total if seen else np.full_like(wanted, np.nan))[:, None]
        relative = (1 / wanted + 1 / total)[:, None]
        variance = (scale * reference) ** 2 * np.abs(relative) + scale**2 * np.abs(reference)
        return scale * reference, factor * variance


def _pixels(
    raw: xr.Dataset, aligned: xr.Dataset, window: tuple[float, float], share: float
) -> _Pixels:
    """Tail and thickness of every pixel; ``share`` is the tail above the window over that in it."""
    number = aligned["zlp_offset"].size
    pooled, energy = by_region(aligned["counts"])[0], aligned["energy"].to_numpy()
    # One number stands for all pixels: of a large map each copy counts.
    unknown = np.broadcast_to(np.nan, number)
    if not np.isfinite(pooled).all():
        return _Pixels(unknown, unknown, unknown, unknown)
    axis = blocks.axis_of(raw, aligned)
    windows = [_inside(axis, ends) for ends in (window, _weighed(window))]
    parts = thickness.separation(np.interp(axis, energy, pooled), axis, window)
    # Where the axis is too short for a thickness, no other channel need be read.
    further = thickness.stretches(axis, parts) if thickness.reaches(axis) else []
    sums = blocks.sums(raw, aligned, [*windows, *further])
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = share * sums[0]
        fraction /= sums[1]
    if not further:
        return _Pixels(fraction, unknown, unknown, unknown)
    thick = thickness.of_sums(sums[2:], axis, parts, float(aligned["noise_factor"]))
    return _Pixels(fraction, thick.value, thick.lower, thick.upper)


def _dataset(
    aligned: xr.Dataset,
    removed: Removed,
    fraction: Array,
    pixels: _Pixels,
    model: str,
    window: tuple[float, float],
) -> xr.Dataset:
    counts = aligned["counts"].astype(float)
    zero = counts.copy(data=removed[0])
    seen = np.maximum(by_region(aligned["counts"]), removed[0])
    noise = [region_noise(aligned, k).variance(level) for k, level in enumerate(seen)]
    deviation = counts.copy(data=np.sqrt(np.array(noise) + removed[1]))
    said = {"tail_model": model, "tail_window_ev": list(window)}
    region = aligned["region_zlp_fwhm"].copy(data=fraction)
    pixel = aligned["zlp_offset"]

    def per_pixel(values: Real, **attrs: object) -> xr.DataArray:
        return pixel.copy(data=values.reshape(pixel.shape)).assign_attrs(units="1", **attrs)

    weighed = list(_weighed(window))
    return xr.Dataset(
        {
            "loss": (counts - zero).assign_attrs(units="1"),
            "loss_uncertainty": deviation.assign_attrs(units="1"),
            "zero_loss": zero.assign_attrs(units="1", **said),
            "region_tail_fraction": region.assign_attrs(units="1", window_ev=weighed),
            "tail_fraction": per_pixel(pixels.tail_fraction, window_ev=weighed),
            "relative_thickness": per_pixel(pixels.thickness),
            "relative_thickness_lower": per_pixel(pixels.lower),
            "relative_thickness_upper": per_pixel(pixels.upper),
            "verdict": quality.verdict(_reasons(aligned, fraction, pixels, window)).assign_attrs(
                units="1"
            ),
        }
    )


def _reasons(
    aligned: xr.Dataset, fraction: Array, pixels: _Pixels, window: tuple[float, float]
) -> dict[str, quality.Level]:
    reasons: dict[str, quality.Level] = {}
    if quality.level(aligned) != "good":
        reasons[str(aligned["verdict"].attrs["reasons"])] = quality.level(aligned)
    located = np.isfinite(aligned["region_zlp_fwhm"].to_numpy())
    unknown = int((located & ~np.isfinite(fraction)).sum())
    if unknown:
        text = f"no zero-loss tail in {list(window)} eV in {unknown} of {fraction.size} regions"
        if not _clear_of_peak(aligned, window)[located].all():
            text += ", for the zero-loss peak is wider than the window's low edge"
        reasons[text] = "bad" if unknown == located.sum() else "doubtful"
    if located.any() and not np.isfinite(pixels.thickness).any():
        reasons[thickness.SHORT] = "good"
    return reasons
