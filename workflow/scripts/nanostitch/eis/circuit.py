"""Validity of one impedance spectrum, its equivalent circuit, and the film behind it."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eis import bounds, film, fit, kramers_kronig, product, ranking
from nanostitch.eis.bounds import Bounded
from nanostitch.eis.fit import Data
from nanostitch.eis.kramers_kronig import Validity
from nanostitch.eis.product import Outcome
from nanostitch.iv.intervals import Interval, ratio

Reasons = dict[str, quality.Level]


def measure(
    raw: xr.Dataset,
    direct_current: xr.Dataset | None,
    *,
    fewest_frequencies: int,
    elements_per_decade: float,
    rejected_significance: float,
    doubtful_significance: float,
    rejected_misfit: float,
    doubtful_misfit: float,
    unusable_misfit: float,
    circuits: Sequence[str],
    criterion_margin: float,
    starts: int,
    largest_chi_square: float,
    largest_noise: float,
    agreement_margin: float,
    seed: int,
) -> xr.Dataset:
    """Test a spectrum for validity, then fit and rank equivalent circuits.

    Parameters
    ----------
    raw
        Keeps ``contracts.raw.RAW_EIS``; told geometry as attributes; ``time`` (frequency) [s] at
        the end of each measurement, where known.
    direct_current
        ``conductance.nc`` of the same film.
    fewest_frequencies, elements_per_decade, rejected_significance, doubtful_significance
        See the schema ``eis``.
    rejected_misfit, doubtful_misfit, unusable_misfit, circuits, criterion_margin, starts
        See the schema ``eis``.
    largest_chi_square, largest_noise, agreement_margin, seed
        See the schema ``eis``.

    Returns
    -------
    xarray.Dataset
        Keeps ``contracts.eis.CIRCUIT``. A spectrum that is refused has no circuit.
    """
    spectrum = product.read(raw)
    if spectrum.frequency.size < fewest_frequencies:
        few = f"{spectrum.frequency.size} frequencies, {fewest_frequencies} are needed"
        return product.dataset(raw, Outcome(reasons={few: "bad"}))
    validity = kramers_kronig.test(spectrum.frequency, spectrum.impedance, elements_per_decade)
    modulus = np.abs(validity.chain.impedance)
    deviation = modulus * validity.noise.relative(modulus)
    data = Data(spectrum.frequency, spectrum.impedance, deviation)
    fits = ranking.ranked(circuits, data, starts, seed)
    best = bounds.bounded(fit.polished(ranking.chosen(fits, criterion_margin), data), data)
    numbers, reasons = film.measure(best, spectrum.time)
    significance = rejected_significance, doubtful_significance
    misfits = rejected_misfit, doubtful_misfit, unusable_misfit
    breach = _breach(validity, numbers, significance, misfits)
    if "bad" in breach.values():
        kept = film.NONE | {"drift_fraction": numbers["drift_fraction"]}
        return product.dataset(raw, Outcome(validity, numbers=kept, reasons=breach))
    reasons |= breach | _misfit(best, largest_chi_square) | _noisy(validity, largest_noise)
    agreement = _agreement(numbers, direct_current)
    reasons |= _disagreement(agreement, agreement_margin)
    return product.dataset(raw, Outcome(validity, fits, best, numbers, agreement, reasons))


def _breach(
    validity: Validity,
    numbers: Mapping[str, Interval],
    significance: tuple[float, float],
    misfit: tuple[float, float, float],
) -> Reasons:
    """How the spectrum breaks the Kramers-Kronig relations, to be refused or to be doubted."""
    breaks = [
        validity.p_value < p and validity.misfit >= m
        for p, m in zip(significance, misfit[:2], strict=True)
    ]
    breaks[0] |= validity.misfit >= misfit[2]
    if not any(breaks):
        return {}
    change, low, high = numbers["drift_fraction"]
    why = "the film drifted, was not linear, or the instrument erred"
    if low > 0 or high < 0:
        why = f"the film's resistance drifted by {100 * change:.0f} %"
        why += f" ({100 * low:.0f} to {100 * high:.0f} %)"
    text = f"breaks the Kramers-Kronig relations by {100 * validity.misfit:.2g} % of the modulus"
    return {f"{text} (p = {validity.p_value:.1g}): {why}": "bad" if breaks[0] else "doubtful"}


def _misfit(best: Bounded, largest: float) -> Reasons:
    """Whether even the chosen circuit leaves more than noise."""
    chi_square = best.found.squares / bounds.freedom(best.found, best.data)
    if chi_square <= largest:
        return {}
    return {f"no circuit follows to within the noise (chi-square {chi_square:.1f})": "doubtful"}


def _noisy(validity: Validity, largest: float) -> Reasons:
    """Whether noise hides breaches and arcs."""
    share = float(np.median(np.abs(validity.residual)))
    if share <= largest:
        return {}
    return {f"noise of {100 * share:.0f} % of the modulus hides breaches and arcs": "doubtful"}


def _agreement(numbers: Mapping[str, Interval], direct: xr.Dataset | None) -> Interval | None:
    """Conductance at low frequency over that by direct current; None without the latter."""
    if direct is None:
        return None
    value, low, high = (float(direct[f"conductance{end}"]) for end in ("", "_lower", "_upper"))
    alternating = ratio((1.0, 1.0, 1.0), numbers["direct_current_resistance"])
    return ratio(alternating, (value, low, high))


def _disagreement(agreement: Interval | None, margin: float) -> Reasons:
    if agreement is None:
        return {}
    value, low, high = agreement
    if np.isnan(value):
        return {"no conductance by direct current to compare with": "doubtful"}
    if low <= 1 + margin and high >= 1 - margin:
        return {}
    text = f"conducts {value:.2g} times ({low:.2g} to {high:.2g}) what direct current shows"
    return {text: "doubtful"}
