"""Remove the zero-loss peak below the loss, with its uncertainty and how much it weighs."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eels import tail, zero_loss
from nanostitch.eels.channels import Array, Mask, resampled, rows, within
from nanostitch.errors import ContractError

Removed = tuple[Array, Array]
"""The removed part and its variance, one spectrum a row."""


_SIGNIFICANT = 5.0


def remove_zero_loss(
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
    aligned
        Spectra with their zero-loss peak at 0 eV, as ``contracts.eels.ALIGNED`` says.
    vacuum
        Spectra of the empty beam, likewise; their pixels are added up. Put on the channels of
        ``aligned`` with the counts conserved, then scaled.
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
        ``loss`` and ``zero_loss`` are NaN, and they are NaN everywhere where the spectrum has
        no zero-loss peak, or one that reaches into the tail window. ``tail_fraction`` compares
        sums over the window of equal width just above the tail window, where the onset is
        expected.

    Raises
    ------
    ContractError
        If the tail window does not ascend from above 0 eV.

    Notes
    -----
    What remains of the tail at the gap, not the width of the peak, limits what can be seen:
    Kimoto et al., Micron 36 (2005) 465; Hachtel, Lupini & Idrobo, Sci. Rep. 8 (2018) 5637,
    doi:10.1038/s41598-018-23805-5.
    """
    energy, counts = aligned["energy"].to_numpy(), rows(aligned["counts"])
    window = (float(tail_window_ev[0]), float(tail_window_ev[1]))
    if not 0 < window[0] < window[1]:
        raise ContractError(
            f"config.yaml: eels.background.tail_window_ev: {list(window)} does not ascend from"
            " above 0 eV; correct it there or in the parameters of batch.yaml"
        )
    counts = np.where(_clear_of_peak(aligned, window)[:, None], counts, np.nan)
    used = within(energy, window)
    if vacuum is None:
        tails = tail.fit(counts[:, used], energy[used], tail_model)
        known = np.where(energy >= window[0], energy, np.nan)
        removed = tails.at(known), tails.variance(known)
    else:
        removed = _scaled(aligned, vacuum, used if vacuum_scaled_on == "tail_window" else None)
    seen = energy >= window[0]
    noise = tail.local_dispersion(counts[:, seen], counts[:, seen], tail.UNCORRELATED_CHANNELS)
    above = within(energy, (window[1], 2 * window[1] - window[0]))
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = removed[0][:, above].sum(axis=1) / counts[:, above].sum(axis=1)
    model = tail_model if vacuum is None else "vacuum"
    return _dataset(aligned, removed, noise, fraction, model, window)


def _clear_of_peak(aligned: xr.Dataset, window: tuple[float, float]) -> Mask:
    """Spectra whose zero-loss peak ends below the tail window."""
    return np.asarray(window[0] >= aligned["zlp_fwhm"].to_numpy().ravel())


def _scaled(aligned: xr.Dataset, vacuum: xr.Dataset, used: Mask | None) -> Removed:
    """Vacuum reference on the channels of the spectra, times its most likely scale.

    NaN where the reference itself has no counts that stand out where it is scaled.
    """
    energy, counts = aligned["energy"].to_numpy(), rows(aligned["counts"])
    pooled = zero_loss.average(vacuum)
    reference = resampled(rows(pooled["counts"]), pooled["energy"].to_numpy(), energy, np.zeros(1))[
        0
    ]
    on_peak = used is None
    if used is None:
        used = np.abs(energy) <= float(pooled["zlp_fwhm"]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        total, wanted = reference[used].sum(), counts[:, used].sum(axis=1)
        there = reference[used]
        gain = float(tail.local_dispersion(there, there, tail.UNCORRELATED_CHANNELS))
        seen = on_peak or (gain > 0 and total > _SIGNIFICANT**2 * gain)
        scale = (wanted / total if seen else np.full_like(wanted, np.nan))[:, None]
        relative = (1 / wanted + 1 / total)[:, None]
        variance = (scale * reference) ** 2 * np.abs(relative) + scale**2 * np.abs(reference)
        return scale * reference, variance


def _dataset(
    aligned: xr.Dataset,
    removed: Removed,
    noise: Array,
    fraction: Array,
    model: str,
    window: tuple[float, float],
) -> xr.Dataset:
    counts = aligned["counts"].astype(float)
    zero = counts.copy(data=removed[0].reshape(counts.shape))
    electrons = np.maximum(np.maximum(rows(aligned["counts"]), removed[0]), 0.0)
    deviation = np.sqrt(noise[:, None] * electrons + removed[1]).reshape(counts.shape)
    said = {"tail_model": model, "tail_window_ev": list(window)}
    pixels = counts.isel(energy=0, drop=True)
    weighed = [window[1], 2 * window[1] - window[0]]
    return xr.Dataset(
        {
            "loss": (counts - zero).assign_attrs(units="1"),
            "loss_uncertainty": counts.copy(data=deviation).assign_attrs(units="1"),
            "zero_loss": zero.assign_attrs(units="1", **said),
            "tail_fraction": pixels.copy(data=fraction.reshape(pixels.shape)).assign_attrs(
                units="1", window_ev=weighed
            ),
            "verdict": quality.verdict(_reasons(aligned, fraction, window)).assign_attrs(units="1"),
        }
    )


def _reasons(
    aligned: xr.Dataset, fraction: Array, window: tuple[float, float]
) -> dict[str, quality.Level]:
    reasons: dict[str, quality.Level] = {}
    if quality.level(aligned) != "good":
        reasons[str(aligned["verdict"].attrs["reasons"])] = quality.level(aligned)
    located = np.isfinite(aligned["zlp_offset"].to_numpy().ravel())
    unknown = int((located & ~np.isfinite(fraction)).sum())
    if unknown:
        text = f"no zero-loss tail in {list(window)} eV in {unknown} of {fraction.size} spectra"
        if not _clear_of_peak(aligned, window)[located].all():
            text += ", for the zero-loss peak is wider than the window's low edge"
        reasons[text] = "bad" if unknown == located.sum() else "doubtful"
    return reasons
