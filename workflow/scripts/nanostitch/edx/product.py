"""Assembling the product: everything by its name, dims and unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.edx import detector, formula, judgement, statistics
from nanostitch.edx.fit import Fitted
from nanostitch.edx.kfactor import Factors
from nanostitch.edx.lines import Family
from nanostitch.edx.phases import Fractions
from nanostitch.edx.spectrum import Spectrum
from nanostitch.edx.statistics import Composition, Ratio
from nanostitch.intervals import NORMAL_95

Array = NDArray[np.float64]
Columns = dict[str, tuple[tuple[str, ...], Any, str]]


@dataclass(frozen=True)
class Quantity:
    """Composition, the factors that it rests on, and the analytical total [percent]."""

    composition: Composition | None
    factors: Factors | None
    total: float


@dataclass(frozen=True)
class Parts:
    """All that a product is made of; ``order`` is that of the elements in it."""

    order: Sequence[str]
    used: Mapping[str, str | None]
    families: Sequence[Family]
    fitted: tuple[Spectrum, Fitted] | None
    quantity: Quantity
    mixture: Fractions | None
    phases: Sequence[str]
    lost: Array
    ratios: Sequence[tuple[str, Ratio]]
    beam_energy_kev: float


def assembled(
    parts: Parts, reasons: Mapping[str, quality.Level], largest_absorption: float
) -> xr.Dataset:
    """Product that keeps ``contracts.edx.COMPOSITION``."""
    columns = {
        **_elements(parts),
        **_phases(parts),
        **_lines(parts),
        **_factors(parts),
        **_ratios(parts),
        **_instrument(parts),
        **_channels(parts),
    }
    found = xr.Dataset(
        {name: (dims, values, {"units": units}) for name, (dims, values, units) in columns.items()}
    )
    none = np.zeros(len(parts.families), bool)
    raised = dict.fromkeys(("below_detection_limit", "overlapped", "absorbed"), none)
    if parts.fitted is not None:
        fitted = parts.fitted[1]
        raised = judgement.line_flags(fitted, parts.families, parts.lost, largest_absorption)
    flags = quality.flags({name: xr.DataArray(on, dims="line") for name, on in raised.items()})
    found["quality"] = flags.assign_attrs(units="1")
    verdict = quality.verdict(reasons)
    return found.assign(verdict=verdict.assign_attrs(units="1"))


def _elements(parts: Parts) -> Columns:
    order, composition = list(parts.order), parts.quantity.composition
    size = len(order)
    columns: Columns = {
        "element": (("element",), np.array(order, "U"), "1"),
        "other_element": (("other_element",), np.array(order, "U"), "1"),
        "raw_area_percent": (("element",), _area_percent(parts), "percent"),
        "analytical_total": ((), parts.quantity.total, "percent"),
    }
    square = np.full((size, size), np.nan)
    covariance, log_mean, log_covariance = square, square[0], square
    percents = {"atomic_percent": [square[0]] * 3, "mass_percent": [square[0]] * 3}
    if composition is not None:
        at = [composition.elements.index(symbol) for symbol in order]
        for name, of_mass in (("atomic_percent", False), ("mass_percent", True)):
            percents[name] = [row[at] for row in composition.percent(of_mass)]
        logs = composition.log_ratios()[:, at]
        covariance = np.cov(100 * composition.draws[:, at], rowvar=False).reshape(size, size)
        log_mean, log_covariance = logs.mean(axis=0), np.cov(logs, rowvar=False)
    for name, rows in percents.items():
        for end, row in zip(("", "_lower", "_upper"), rows, strict=True):
            columns[name + end] = (("element",), row, "percent")
    both = ("element", "other_element")
    columns["atomic_percent_covariance"] = (both, covariance, "percent2")
    columns["log_ratio"] = (("element",), log_mean, "1")
    columns["log_ratio_covariance"] = (both, log_covariance.reshape(size, size), "1")
    return columns


def _area_percent(parts: Parts) -> Array:
    areas = np.full(len(parts.order), np.nan)
    if parts.fitted is not None:
        own = {f.line: a for f, a in zip(parts.families, parts.fitted[1].areas, strict=True)}
        for place, symbol in enumerate(parts.order):
            areas[place] = own.get(str(parts.used.get(symbol)), np.nan)
    return np.asarray(100 * areas / np.nansum(areas))


def _phases(parts: Parts) -> Columns:
    mixture = parts.mixture
    none = np.full(len(parts.phases), np.nan)
    # A composition that is no mixture of the phases says nothing of their shares.
    rows, alone = [none] * 3, none
    if mixture is not None and mixture.is_mixture:
        rows, alone = [mixture.mean, mixture.lower, mixture.upper], mixture.upper_alone
    columns: Columns = {
        "phase": (("phase",), np.array(list(parts.phases), "U"), "1"),
        "secondary_phase_limit": (("phase",), alone, "1"),
    }
    for end, row in zip(("", "_lower", "_upper"), rows, strict=True):
        columns[f"phase_fraction{end}"] = (("phase",), row, "1")
    content = [formula.atoms(text) for text in parts.phases]
    atoms = np.array([[c.get(symbol, 0.0) for symbol in parts.order] for c in content])
    whole = np.array([sum(c.values()) for c in content])
    table = 100 * atoms.reshape(len(content), len(parts.order)) / whole[:, None]
    columns["phase_atomic_percent"] = (("phase", "element"), table, "percent")
    return columns


def _lines(parts: Parts) -> Columns:
    names = np.array([family.line for family in parts.families], "U")
    none = np.full(len(names), np.nan)
    areas, limits, covariance = none, none, np.full((len(names), len(names)), np.nan)
    if parts.fitted is not None:
        fitted = parts.fitted[1]
        areas, limits, covariance = fitted.areas, fitted.detection_limits, fitted.covariance
    return {
        "line": (("line",), names, "1"),
        "other_line": (("other_line",), names, "1"),
        "line_element": (("line",), np.array([f.element for f in parts.families], "U"), "1"),
        "line_energy": (("line",), np.array([f.alpha_kev for f in parts.families]), "keV"),
        "line_area": (("line",), areas, "1"),
        "line_area_uncertainty": (("line",), np.sqrt(np.diag(covariance)), "1"),
        "line_area_covariance": (("line", "other_line"), covariance, "1"),
        "detection_limit": (("line",), limits, "1"),
        "absorbed": (("line",), parts.lost, "1"),
    }


def _factors(parts: Parts) -> Columns:
    """Factors relative to the line of the last element, which is what a reader would tell."""
    factors = parts.quantity.factors
    values, spread = (np.full(len(parts.families), np.nan) for _ in range(2))
    sources = [""] * len(parts.families)
    if factors is not None:
        measured = [symbol for symbol in parts.order if parts.used.get(symbol)]
        reference = factors.lines.index(str(parts.used[measured[-1]]))
        covariance = factors.log_covariance
        for place, family in enumerate(parts.families):
            if family.line not in factors.lines:
                continue
            own = factors.lines.index(family.line)
            values[place] = factors.values[own] / factors.values[reference]
            difference = np.zeros(len(factors.lines))
            difference[own] += 1
            difference[reference] -= 1
            spread[place] = values[place] * np.sqrt(difference @ covariance @ difference)
            sources[place] = factors.sources[own]
    return {
        "k_factor": (("line",), values, "1"),
        "k_factor_uncertainty": (("line",), spread, "1"),
        "k_source": (("line",), np.array(sources, "U"), "1"),
    }


def compared(
    fitted: tuple[Spectrum, Fitted] | None,
    used: Mapping[str, str | None],
    other: xr.Dataset | None,
    beam_energy_kev: float,
    margin: float,
) -> list[tuple[str, Ratio]]:
    """Ratio of amounts to those of another product, for each pair of elements.

    NaN where there is no other product, it is of another beam energy, or a line is not detected.
    """
    nothing = Ratio(np.nan, np.nan, np.nan, np.nan, False)
    pairs = statistics.pairs(list(used))
    if fitted is None or other is None or not judgement.alike(beam_energy_kev, other):
        return [(f"{a}/{b}", nothing) for a, b in pairs]
    own = fitted[1]
    here = [family.line for family in own.families]
    there = [str(name) for name in other["line"].values]
    areas, covariance, limits = (
        other[name].to_numpy() for name in ("line_area", "line_area_covariance", "detection_limit")
    )
    seen = {line for line, on in zip(here, own.areas >= own.detection_limits, strict=True) if on}
    seen &= {line for line, on in zip(there, areas >= limits, strict=True) if on}
    found = []
    for a, b in pairs:
        lines = [str(used[a]), str(used[b])]
        ratio = nothing
        if seen >= set(lines):
            mine, theirs = ([names.index(line) for line in lines] for names in (here, there))
            ratio = statistics.ratio_of_ratios(
                (own.areas[mine], own.covariance[np.ix_(mine, mine)]),
                (areas[theirs], covariance[np.ix_(theirs, theirs)]),
                margin,
            )
        found.append((f"{a}/{b}", ratio))
    return found


def _ratios(parts: Parts) -> Columns:
    pairs, ratios = [name for name, _ in parts.ratios], [ratio for _, ratio in parts.ratios]
    dims = ("pair",)
    return {
        "pair": (dims, np.array(pairs, "U"), "1"),
        "amount_ratio": (dims, np.array([r.value for r in ratios]), "1"),
        "amount_ratio_lower": (dims, np.array([r.lower for r in ratios]), "1"),
        "amount_ratio_upper": (dims, np.array([r.upper for r in ratios]), "1"),
        "equivalence_p": (dims, np.array([r.p_different for r in ratios]), "1"),
        "equivalent": (dims, np.array([r.is_equivalent for r in ratios], "i1"), "1"),
    }


def _instrument(parts: Parts) -> Columns:
    offset, gain, spread = np.nan, np.nan, np.full(5, np.nan)
    resolution, tail, misfit = np.nan, np.nan, np.nan
    if parts.fitted is not None:
        fitted = parts.fitted[1]
        offset, gain = 1e3 * fitted.shape.offset_kev, fitted.shape.gain
        spread, tail, misfit = (
            fitted.shape_uncertainty,
            fitted.shape.tail,
            fitted.reduced_chi_square,
        )
        sigma = detector.sigma_kev(detector.MN_KA_KEV, fitted.shape)
        resolution = 1e3 * detector.FWHM_PER_SIGMA * sigma
    columns: Columns = {
        "beam_energy": ((), parts.beam_energy_kev, "keV"),
        "resolution": ((), resolution, "eV"),
        "tail_fraction": ((), tail, "1"),
        "reduced_chi_square": ((), misfit, "1"),
    }
    for name, value, away, units in (
        ("energy_offset", offset, NORMAL_95 * 1e3 * spread[0], "eV"),
        ("energy_gain", gain, NORMAL_95 * spread[1], "1"),
    ):
        columns[name] = ((), value, units)
        columns[f"{name}_lower"] = ((), value - away, units)
        columns[f"{name}_upper"] = ((), value + away, units)
    return columns


def _channels(parts: Parts) -> Columns:
    energy, model, background, residual = (np.empty(0) for _ in range(4))
    if parts.fitted is not None:
        channels, fitted = parts.fitted
        energy, model, background = channels.energy, fitted.model, fitted.background
        residual = (channels.counts - model) / np.sqrt(np.maximum(model, 1))
    return {
        "energy": (("energy",), energy, "keV"),
        "fitted_counts": (("energy",), model, "1"),
        "background_counts": (("energy",), background, "1"),
        "residual": (("energy",), residual, "1"),
    }
