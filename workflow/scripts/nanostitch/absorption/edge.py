"""Read edge and exciton from an absorption spectrum, with intervals that hold the choices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.absorption import elliott, ensemble, inflection, product, spectrum
from nanostitch.absorption.baseline import Baseline
from nanostitch.absorption.ensemble import Choices
from nanostitch.absorption.model import Found, Settings
from nanostitch.absorption.spectrum import Spectrum
from nanostitch.errors import ContractError

REASONS: Mapping[str, tuple[quality.Level, str]] = {
    "range_not_covered": ("bad", "the scan does not cover the range where the edge is looked for"),
    "no_edge": ("bad", "no edge stands out from noise and scatter"),
    "no_baseline": ("bad", "too little of the scan lies below the edge to tell the baseline"),
    "band": ("bad", "it absorbs in a band and hardly above it: that is no edge"),
    "jump": (
        "bad",
        "the edge rises between two points: too coarse a scan, or a change of lamp or detector",
    ),
    "several_edges": ("doubtful", "a second edge rises in the range that was searched"),
    "saturated_edge": ("bad", "too little light came through at the edge: stray light decides"),
    "saturated": ("doubtful", "too little light came through above the edge"),
    "poor_fit": ("doubtful", "the edge is not of Elliott's form: edge and exciton are uncertain"),
    "at_range_edge": ("doubtful", "an interval reaches the end of the range that was searched"),
    "no_solvent": ("good", "no solvent or substrate was subtracted, only a smooth baseline"),
}
"""Flags in order: how much each weighs, and what it says."""
_RIVAL = 0.5
"""Share of the edge's prominence in the slope from which another rise is an edge of its own:
higher transitions of nanocrystals stay below."""
_LARGEST_STEP = 0.5
"""Share of the rise that may lie between two points: half of it, and its course is not known."""
_LEAST_CONTINUUM = 0.3
"""Share of the highest absorbance near the edge that must be left above it: excitons of the
thinnest platelets reach three times their continuum."""


def measure(
    raw: xr.Dataset,
    solvent: xr.Dataset | None,
    *,
    edge_range_ev: Sequence[float],
    max_absorbance: float,
    min_edge_sigma: float,
    search_window_ev: float,
    derivative_windows: Sequence[float],
    baseline_below_ev: Sequence[float],
    baseline_to_nm: float,
    baseline_tilt_per_100_nm: float,
    scatter_exponents: Sequence[float],
    fit_above_ev: Sequence[float],
    binding_energy_ev: float,
    binding_energy_factor: float,
    exciton_strength_factor: float,
    model_accuracy: float,
    model_reach_ev: float,
    max_misfit: float,
    tauc_exponents: Sequence[float],
    tauc_from_levels: Sequence[float],
    tauc_to_levels: Sequence[float],
    reference_nm: float,
    wavelength_accuracy_nm: float,
    draws: int,
    seed: int,
) -> xr.Dataset:
    """Measure edge, exciton and optical density of one absorption spectrum.

    Parameters
    ----------
    raw, solvent
        As ``contracts.raw.RAW_ABSORPTION`` says; the second is of the same cuvette or substrate
        without crystals.
    edge_range_ev
        Where the edge is looked for [eV].
    max_absorbance
        Absorbance as recorded beyond which stray light decides.
    min_edge_sigma
        Fewest standard deviations by which the steepest rise must stand out.
    search_window_ev
        Full width of the smoothing window with which the edge is looked for [eV].
    derivative_windows
        Full widths of those of the derivative, in half widths of the rise.
    baseline_below_ev, baseline_to_nm, baseline_tilt_per_100_nm, scatter_exponents
        Baseline: distances below the inflection where it ends [eV], its longest wavelength [nm],
        what the instrument's own may tilt [1/(100 nm)], exponents of scatter.
    fit_above_ev
        Distances above the inflection where Elliott fits end [eV].
    binding_energy_ev, binding_energy_factor, exciton_strength_factor
        What is known of the exciton before: median [eV], factors of one standard deviation.
    model_accuracy, model_reach_ev
        Share of the edge's height by which real edges depart from Elliott's form, and distance
        over which they do so smoothly [eV].
    max_misfit
        Variance of residuals over the expected one beyond which a fit is poor.
    tauc_exponents, tauc_from_levels, tauc_to_levels
        Powers of E - Eg, and shares of the edge's height between which lines are drawn.
    reference_nm
        Wavelength of ``optical_density`` [nm].
    wavelength_accuracy_nm
        Standard uncertainty of the instrument's wavelengths [nm].
    draws, seed
        Random draws behind each interval.

    Returns
    -------
    xarray.Dataset
        As ``contracts.absorption.EDGE`` says; numbers that a flag forbids are NaN.

    Raises
    ------
    ContractError
        If the range of the edge does not ascend.

    Notes
    -----
    Elliott, Phys. Rev. 108 (1957) 1384. Windows and baselines that nobody can choose among count
    alike, and the 95 % intervals are those of all draws together.
    """
    low, high = (float(end) for end in edge_range_ev)
    if not 0 < low < high:
        raise ContractError(
            f"config.yaml: absorption.edge.edge_range_ev: {[low, high]} does not ascend from above"
            " 0 eV; correct it there or in the parameters of batch.yaml"
        )
    prior = elliott.Prior(binding_energy_ev, binding_energy_factor, exciton_strength_factor)
    baseline = (baseline_below_ev, baseline_to_nm, scatter_exponents, baseline_tilt_per_100_nm)
    choices = Choices(*baseline, fit_above_ev, prior, model_accuracy, model_reach_ev)
    look = (max_absorbance, min_edge_sigma, search_window_ev, derivative_windows)
    lines = (tauc_exponents, tauc_from_levels, tauc_to_levels)
    axis = (reference_nm, wavelength_accuracy_nm)
    settings = Settings((low, high), *look, choices, max_misfit, *lines, *axis, draws, seed)
    seen = spectrum.prepare(raw, solvent, max_absorbance)
    random = np.random.default_rng(seed)
    found = _find(seen, solvent is None, settings, random)
    reasons = {
        REASONS[name][1]: REASONS[name][0] for name, is_raised in found.flags.items() if is_raised
    }
    return product.dataset(seen, found, settings, random).assign(
        edge_quality=quality.flags(found.flags).assign_attrs(units="1"),
        verdict=quality.verdict(reasons).assign_attrs(units="1"),
    )


def _find(seen: Spectrum, alone: bool, settings: Settings, random: np.random.Generator) -> Found:
    flags = dict.fromkeys(REASONS, False) | {"no_solvent": alone}
    guess = inflection.guess(seen, settings.range_ev, settings.search_ev, settings.min_sigma)
    nothing = Found(np.nan, np.nan, {}, [], [], flags)
    if guess is None:
        flags["range_not_covered"] = True
        return nothing
    flags["no_edge"] = not guess.significance >= settings.min_sigma
    if flags["no_edge"]:
        return nothing
    choices = settings.choices
    flags["several_edges"] = guess.rival >= _RIVAL
    flags |= _saturation(seen, guess.energy, settings)
    under = ensemble.baselines(seen, guess.energy, choices)
    flags["no_baseline"] = not under
    flags["band"] = bool(under) and _is_band(seen, under, guess.energy, settings)
    flags["jump"] = _is_jump(seen, guess.energy, choices)
    if not under or any(flags[name] for name in ("saturated_edge", "band", "jump")):
        return replace(nothing, under=under)
    value, at = inflection.draws(seen, under, guess, settings.windows, settings.draws, random)
    start = (guess.energy, guess.half_width)
    members = ensemble.fits(seen, under, start, choices, settings.draws, random)
    drawn = ensemble.pooled(members)
    gap = drawn[:, 0] + np.exp(drawn[:, 1])
    by_definition = {"edge_energy": gap, "exciton_energy": drawn[:, 0], "edge_inflection": at}
    flags["poor_fit"] = float(np.median([m.fit.misfit for m in members])) > settings.max_misfit
    low, high = settings.range_ev
    ends = [q for one in by_definition.values() for q in np.quantile(one, [0.025, 0.975])]
    flags["at_range_edge"] = min(ends) < low or max(ends) > high
    return Found(value, guess.half_width, by_definition, members, under, flags)


def _saturation(seen: Spectrum, edge_ev: float, settings: Settings) -> dict[str, bool]:
    """Whether light was lacking where edges are fitted, or only above and at the reference."""
    choices = settings.choices
    dark = seen.energy[seen.saturated & (seen.energy >= edge_ev - max(choices.below_ev))]
    first = float(dark.min(initial=np.inf))
    at_edge = first < edge_ev + min(choices.above_ev)
    above = first < edge_ev + max(choices.above_ev) or seen.is_dark_at(settings.reference_nm)
    return {"saturated_edge": at_edge, "saturated": above and not at_edge}


def _is_band(seen: Spectrum, under: Sequence[Baseline], edge_ev: float, settings: Settings) -> bool:
    """Whether absorbance falls again above the edge, as that of molecules does."""
    end = edge_ev + max(settings.choices.above_ev)
    near, above = seen.between(edge_ev, end), seen.between(end, max(end, settings.range_ev[1]))
    level = np.mean([one.at(seen.wavelength) for one in under], axis=0)
    absorbance = seen.absorbance - level
    if not (near.any() and above.any()):
        return False
    return bool(np.median(absorbance[above]) < _LEAST_CONTINUUM * absorbance[near].max())


def _is_jump(seen: Spectrum, edge_ev: float, choices: Choices) -> bool:
    """Whether two neighbouring points are most of the rise apart."""
    near = seen.between(edge_ev - max(choices.below_ev), edge_ev + max(choices.above_ev))
    absorbance = seen.absorbance[near]
    if absorbance.size < 2:
        return True
    return bool(np.diff(absorbance).max() > _LARGEST_STEP * np.ptp(absorbance))
