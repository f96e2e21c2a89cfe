"""What speaks against a composition: reasons of its verdict, flags of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.edx import elements
from nanostitch.edx.detector import sigma_kev
from nanostitch.edx.fit import Fitted
from nanostitch.edx.kfactor import Factors, Standard
from nanostitch.edx.lines import Family
from nanostitch.edx.spectrum import Spectrum, elevation_deg, summed
from nanostitch.edx.statistics import Composition, Ratio

if TYPE_CHECKING:
    from nanostitch.edx.product import Parts

Array = NDArray[np.float64]
Reasons = dict[str, quality.Level]

CORRELATED = 0.7
"""Correlation of two areas from which on neither is known without the other."""
SAME_BEAM = 0.01
"""Relative difference of beam energies above which k-factors are not the same."""
MOST_MISSED = 0.3
"""Counts that the model misses beyond noise, over those in peaks, from which on the fit says
nothing of the elements named: less than 0.05 where all are named, 0.15 where copper of the grid is
not, more than 0.4 where the axis or the elements are wrong. Likewise within the core of one peak:
0.01 where it is that of its line, 0.9 where the Ti K peak is taken for Cs L."""
CORE = 2.0
"""Standard deviations of a peak to either side within which it must have the form of its line."""
_TOTAL_BETWEEN = (95.0, 105.0)
"""Analytical total of a bulk specimen in which nothing was forgotten [percent]."""


def lacking(
    used: Mapping[str, str | None],
    fitted: tuple[Spectrum, Fitted] | None,
    window_kev: tuple[float, float],
) -> Reasons:
    """Why there can be no composition of a spectrum that is fitted well; empty where there can."""
    if fitted is None:
        return {f"too few counts between {window_kev[0]:g} and {window_kev[1]:g} keV": "bad"}
    none = [symbol for symbol, line in used.items() if line is None]
    if none:
        return {
            f"no line of {', '.join(none)} within {window_kev[0]:g} to {window_kev[1]:g} keV is "
            "excited well enough by the beam": "bad"
        }
    found = fitted[1]
    lines = [family.line for family in found.families]
    seen = found.areas >= found.detection_limits
    if not any(seen[lines.index(line)] for line in used.values() if line is not None):
        return {f"nothing of {', '.join(used)} is detected": "bad"}
    return {}


def misfit(
    spectrum: Spectrum, fitted: Fitted, used: Mapping[str, str | None], largest_misfit: float
) -> Reasons:
    """Why a fit says nothing; empty where it does."""
    if not fitted.settled:
        return {"the fit of the spectrum did not settle": "bad"}
    if fitted.reduced_chi_square <= largest_misfit:
        return {}
    noise = np.sqrt(2 / np.pi * fitted.model)  # mean deviation of counted events
    missed = np.abs(spectrum.counts - fitted.model) - noise
    peaks = (fitted.model - fitted.background).clip(0)
    if missed.sum() > MOST_MISSED * peaks.sum():
        return {
            f"the model misses the spectrum (by {missed.sum() / peaks.sum():.0%} of its peaks): "
            "elements are missing, or the energy axis is wrong": "bad"
        }
    wrong = []
    seen = fitted.areas >= fitted.detection_limits
    for family, is_seen in zip(fitted.families, seen, strict=True):
        at = fitted.shape.offset_kev + fitted.shape.gain * family.alpha_kev
        reach = CORE * sigma_kev(family.alpha_kev, fitted.shape)
        core = np.abs(spectrum.energy - at) < reach
        is_wrong = missed[core].sum() > MOST_MISSED * peaks[core].sum()
        if is_seen and is_wrong and family.line in used.values():
            wrong.append(family.line)
    if wrong:
        return {
            f"what lies at {', '.join(wrong)} has another energy or width: it is another element, "
            "which must be named": "bad"
        }
    return {}


def of_computed(factors: Factors | None, beam_energy_kev: float) -> Reasons:
    """What to say of k-factors from first principles."""
    if factors is None:
        return {
            f"no k-factors: none is told, no standards are named, and at {beam_energy_kev:g} keV "
            "(below 60 keV) none can be computed": "bad"
        }
    spread = [
        f"{line} {100 * s:.0f} %" for line, s in zip(factors.lines, _spread(factors), strict=True)
    ]
    return {
        f"k-factors are computed from first principles (uncertain by {', '.join(spread)}); tell "
        "k_factors or name standards to narrow the intervals": "good"
    }


def _spread(factors: Factors) -> Array:
    return np.asarray(np.sqrt(np.diag(factors.log_covariance)))


def of_bulk(
    charge: float | None,
    elevation: float | None,
    standards: Sequence[Standard],
    families: Sequence[Family],
) -> Reasons:
    """Why a bulk specimen cannot be quantified; empty where it can."""
    reasons: Reasons = {}
    if charge is None or any(not np.isfinite(s.dose) for s in standards):
        reasons["no beam current or live time: intensities do not compare with standards"] = "bad"
    if elevation is None:
        reasons["no elevation angle of the detector: absorption is unknown"] = "bad"
    lacks = [
        family.element
        for family in families
        if not any(s.areas.get(family.line, 0) > 0 for s in standards)
    ]
    if lacks:
        reasons[f"a bulk specimen needs standards, and {', '.join(lacks)} has none"] = "bad"
    return reasons


def of_total(percent: float) -> Reasons:
    """Whether all mass of a bulk specimen is accounted for."""
    if _TOTAL_BETWEEN[0] <= percent <= _TOTAL_BETWEEN[1]:
        return {}
    return {
        f"mass fractions add up to {percent:.1f} %: an element is missing, or the specimen was "
        "not measured like its standards": "doubtful"
    }


def of_record(raw: xr.Dataset, mass_thickness_ug_per_cm2: float | None) -> Reasons:
    """What the record of a spectrum leaves open."""
    reasons: Reasons = {}
    if (summed(raw) % 1).any():
        reasons["counts are no whole numbers: scaled or smoothed ones have other noise"] = (
            "doubtful"
        )
    if mass_thickness_ug_per_cm2 is not None and elevation_deg(raw) is None:
        reasons["absorption is not judged: the elevation angle of the detector is not told"] = (
            "doubtful"
        )
    return reasons


def alike(beam_energy_kev: float, other: xr.Dataset) -> bool:
    """Whether another product is of the same beam energy, so that k-factors cancel."""
    return abs(float(other["beam_energy"]) / beam_energy_kev - 1) <= SAME_BEAM


def of_comparison(
    ratios: Sequence[tuple[str, Ratio]], beam_energy_kev: float, other: xr.Dataset | None
) -> Reasons:
    """Why there is no ratio to the spectrum compared with."""
    lost = [pair for pair, ratio in ratios if np.isnan(ratio.value)]
    if other is None or not lost:
        return {}
    if not alike(beam_energy_kev, other):
        there = float(other["beam_energy"])
        return {
            f"no ratio to the spectrum compared with: its beam has {there:g} keV, this one "
            f"{beam_energy_kev:g} keV, and k-factors do not cancel": "doubtful"
        }
    return {
        f"{', '.join(lost)}: no ratio to the spectrum compared with, for a line is not detected "
        "in both": "doubtful"
    }


def absorbed(
    families: Sequence[Family],
    composition: Composition | None,
    raw: xr.Dataset,
    mass_thickness_ug_per_cm2: float | None,
) -> Array:
    """Share of each line that a film of a mass thickness absorbs; NaN where that is not known.

    Notes
    -----
    Ionisations are even over the depth of a thin film, so that of photons with an absorption
    chi x mass thickness = d the share 1 - (1 - exp(-d))/d is lost (Goldstein, Costley, Lorimer &
    Reed, Scanning Electron Microsc. 1977/I, 315).
    """
    elevation = elevation_deg(raw)
    if composition is None or mass_thickness_ug_per_cm2 is None or elevation is None:
        return np.full(len(families), np.nan)
    energy = np.array([family.alpha_kev for family in families])
    path = mass_thickness_ug_per_cm2 * 1e-6 / np.sin(np.radians(elevation))
    depth = elements.mixture_absorption(composition.mass_fractions(), energy) * path
    return np.asarray(1 + np.expm1(-depth) / depth)


def doubts(parts: Parts, largest_misfit: float, largest_absorption: float) -> Reasons:
    """What a reader must know of the numbers that there are."""
    reasons: Reasons = {}
    if parts.fitted is None or parts.quantity.composition is None:
        return reasons
    fitted = parts.fitted[1]
    used = [line for line in parts.used.values() if line is not None]
    raised = line_flags(fitted, parts.families, parts.lost, largest_absorption)
    words = {
        "below_detection_limit": "not detected, so that its amount is an upper limit",
        "overlapped": "not told apart from another line",
        "absorbed": "absorbed by more than the thin-film criterion allows",
    }
    for name, text in words.items():
        where = [f.line for f, on in zip(parts.families, raised[name], strict=True) if on]
        own = [line for line in where if line in used]
        if own:
            reasons[f"{', '.join(own)}: {text}"] = "doubtful"
    if fitted.reduced_chi_square > largest_misfit:
        reasons[
            f"the model misses the spectrum (reduced chi-square {fitted.reduced_chi_square:.1f}); "
            "intervals are widened for it, a missing element would still bias them"
        ] = "doubtful"
    if parts.mixture is not None and not parts.mixture.is_mixture:
        reasons[f"the composition is no mixture of {', '.join(parts.phases)}"] = "doubtful"
    return reasons


def line_flags(
    fitted: Fitted, families: Sequence[Family], lost: Array, largest_absorption: float
) -> dict[str, NDArray[np.bool_]]:
    """Where each flag of a line is raised, dims (line,)."""
    spread = np.sqrt(np.diag(fitted.covariance))
    correlation = np.abs(fitted.covariance / spread / spread[:, None]) - np.eye(len(families))
    return {
        "below_detection_limit": fitted.areas < fitted.detection_limits,
        "overlapped": correlation.max(axis=1) > CORRELATED,
        "absorbed": np.nan_to_num(lost) > largest_absorption,
    }
