"""What limits or forbids the use of an emission line."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch import photon, quality
from nanostitch.pl.line import Rough
from nanostitch.pl.spectrum import Spectrum

REASONS: Mapping[str, tuple[quality.Level, str]] = {
    "no_emission": ("bad", "no emission stands out from the noise"),
    "too_broad": ("bad", "what stands out is broader than emission of a band edge: a background?"),
    "saturated": ("bad", "the detector was at its end: the top of the line is cut off"),
    "cut_off": ("bad", "the scan ends within the line"),
    "gap": ("bad", "points are missing within the line, or stand too far apart"),
    "buried": ("bad", "excitation, a Raman line or a second order outshines the line"),
    "no_background": ("doubtful", "the scan ends before the emission does: no background known"),
    "cut_foot": ("doubtful", "the scan ends in a foot of the line: no mean energy is known"),
    "second_line": ("doubtful", "a second line stands beside it: width and mean may hold both"),
    "artefact_in_line": ("doubtful", "excitation, a Raman line or a second order lies in the line"),
    "above_linear_range": ("doubtful", "counts beyond the linear range of the detector"),
    "slit_limited": ("doubtful", "the line is no wider than the slit: its width is not known"),
    "lamp_lost": (
        "doubtful",
        "the monitor of the excitation has gaps or zeros: the lamp's course is still in the line",
    ),
    "edge_doubtful": ("good", "Stokes shifts count from an edge that is doubtful itself"),
    "excitation_unknown": (
        "good",
        "no excitation is stated: Raman lines and second orders were not looked for",
    ),
    "reabsorption_unknown": (
        "good",
        "no absorption spectrum tells a density: intervals hold no reabsorption of the emission",
    ),
}
"""Flags in order: how much each weighs, and what it says."""
FORBIDDING = ("no_emission", "too_broad", "saturated", "cut_off", "gap", "buried")
"""Those with which there are no numbers."""
_PER_SECOND = {"cps", "cnt/sec", "counts/s", "counts per second"}
_HALF_REACH = 0.75
"""Distance from the peak, in widths, that a scan must reach on both sides: its half maxima, and
enough beyond them to smooth them."""
_FOOT_REACH = 2.0
"""The same for the mean energy: a Gaussian has fallen to 2^-16 there."""
_WIDEST_STEP = 1 / 3
"""Distance of neighbouring points, in widths of the line, beyond which its top is not known: the
narrowest smoothing window then holds no more than two."""
_OUTSHONE = 2.0
"""Height of an artefact, in heights of the line, from which its wings may be all there is."""
_RIVAL = 0.05
"""Share of the height from which another maximum is a line of its own."""


@dataclass(frozen=True)
class Limits:
    """Settings of ``emission`` beyond which a line is doubted, which says what each is."""

    min_sigma: float
    max_fwhm_ev: float
    linear_cps: float


def flags(
    raw: xr.Dataset, seen: Spectrum, edge: xr.Dataset | None, first: Rough | None, limits: Limits
) -> dict[str, bool]:
    """Flags of a spectrum, as far as they are known before its line is measured.

    Parameters
    ----------
    raw, seen
        Spectrum as recorded, and ready to be measured.
    edge
        Absorption of the sample, if one is named.
    first
        First guess of its line, if there is one.
    limits
        Beyond which a line is doubted.
    """
    found = dict.fromkeys(REASONS, False)
    found["excitation_unknown"] = not np.isfinite(seen.excitation_nm)
    found["reabsorption_unknown"] = edge is None or not float(edge["optical_density"]) > 0
    found["edge_doubtful"] = edge is not None and quality.level(edge) == "doubtful"
    found["no_emission"] = first is None
    if first is None:
        return found
    half = first.fwhm_nm / 2
    width = photon.HC_EV_NM * first.fwhm_nm / (first.peak_nm**2 - half**2)
    found["too_broad"] = width > limits.max_fwhm_ev
    found["saturated"] = seen.saturated
    found["cut_off"] = not first.whole or first.is_cut(seen.wavelength, _HALF_REACH)
    found["gap"] = first.widest_step(seen.wavelength) > _WIDEST_STEP
    found["cut_foot"] = first.is_cut(seen.wavelength, _FOOT_REACH)
    noise = float(np.interp(first.peak_nm, seen.wavelength, seen.noise))
    least = max(_RIVAL * first.height, limits.min_sigma * noise)
    found["second_line"] = first.rival * first.height >= least
    near = seen.artefact & (np.abs(seen.wavelength - first.peak_nm) <= first.fwhm_nm)
    found["artefact_in_line"] = bool(near.any())
    highest = float(seen.intensity[near].max(initial=-np.inf)) - first.level
    found["buried"] = highest > _OUTSHONE * first.height
    per_second = str(raw.attrs.get("intensity_unit", "")).lower() in _PER_SECOND
    found["above_linear_range"] = per_second and float(raw["intensity"].max()) > limits.linear_cps
    found["lamp_lost"] = seen.lamp_lost
    return found
