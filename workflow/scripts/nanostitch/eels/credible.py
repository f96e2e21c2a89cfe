"""Which peaks are zero-loss peaks: what speaks against each, by the name of a flag."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.peak import CLEAR_FWHM, Peaks
from nanostitch.quality import Level

NARROWEST_CHANNELS = 1.5
"""Least width of a peak: a spike is narrower [channel]."""
_SATURATION_COUNTS = 1000
"""Height from which three equal neighbours are no chance."""

FLAGS = ("no_zero_loss_peak", "clipped_at_axis_edge", "saturated", "too_few_counts", "far_shifted")

Flags = dict[str, Mask]


@dataclass(frozen=True)
class Limits:
    """What is taken for a zero-loss peak, as the settings say."""

    max_offset_ev: float
    max_fwhm_ev: float
    max_gain_level: float
    min_counts: float


def flags(peaks: Peaks, energy: Array, limits: Limits) -> Flags:
    """What is wrong with each peak, all but its distance from the others.

    Parameters
    ----------
    peaks
        In channels.
    energy
        Centres of the channels [eV].
    limits
        What is taken for a zero-loss peak.
    """
    width = (energy[-1] - energy[0]) / (energy.size - 1)
    near = (np.abs(energy[peaks.top]) <= limits.max_offset_ev) & np.isfinite(peaks.centre)
    with np.errstate(invalid="ignore"):
        clipped = near & ~(peaks.centre - CLEAR_FWHM * peaks.fwhm >= -0.5)
        few = near & (peaks.core < limits.min_counts)
        narrow = peaks.fwhm * width <= limits.max_fwhm_ev
        wide = peaks.fwhm >= NARROWEST_CHANNELS
        stays = (np.abs(peaks.centre - peaks.top) <= peaks.fwhm) & np.isfinite(peaks.uncertainty)
        dominant = peaks.gain_level <= limits.max_gain_level
    found = np.asarray(near & narrow & wide & stays & dominant & ~clipped & ~few)
    saturated = found & peaks.flat & (peaks.height >= _SATURATION_COUNTS)
    raised = (~found, clipped, saturated, few, np.zeros(found.shape, bool))
    return dict(zip(FLAGS, map(np.asarray, raised), strict=True))


def far_shifted(centre: Array, found: Mask, farthest: float) -> Mask:
    """Peaks that lie farther than ``farthest`` from the median of those found, in its unit."""
    if not found.any():
        return np.zeros(found.shape, bool)
    with np.errstate(invalid="ignore"):
        away = centre - np.median(centre[found], overwrite_input=True)
        return np.asarray(found & (np.abs(away, out=away) > farthest))


def reasons(flags: Mapping[str, Mask]) -> dict[str, Level]:
    """What limits or forbids the use of the spectra, in words, with its weight."""
    total = flags["no_zero_loss_peak"].size
    count = {name: int(where.sum()) for name, where in flags.items()}
    found: dict[str, Level] = {}
    absent = count["no_zero_loss_peak"]
    if absent:
        names = ("clipped_at_axis_edge", "too_few_counts")
        why = ", ".join(name.replace("_", " ") for name in names if count[name])
        text = f"no zero-loss peak in {absent} of {total} spectra" + f" ({why} in some)" * bool(why)
        found[text] = "bad" if absent == total else "doubtful"
    if count["saturated"]:
        found[f"zero-loss peak saturated in {count['saturated']} of {total} spectra"] = "doubtful"
    far = count["far_shifted"]
    if far:
        found[f"zero-loss peak far from the others' in {far} of {total} spectra, left out"] = (
            "doubtful"
        )
    return found
