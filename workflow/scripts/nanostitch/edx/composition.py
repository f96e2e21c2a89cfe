"""From the X-ray spectrum of one acquisition to its composition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from nanostitch.edx import (
    bulk,
    formula,
    judgement,
    kfactor,
    lines,
    measured,
    product,
    spectrum,
    statistics,
)
from nanostitch.edx.bulk import Geometry
from nanostitch.edx.fit import Fitted
from nanostitch.edx.judgement import Reasons
from nanostitch.edx.kfactor import Factors, Standard, Told
from nanostitch.edx.lines import Family
from nanostitch.edx.measured import Options
from nanostitch.edx.phases import fractions
from nanostitch.edx.product import Quantity
from nanostitch.edx.spectrum import Spectrum
from nanostitch.edx.statistics import Composition
from nanostitch.errors import BatchError

Bound = Mapping[str, Mapping[str, float]]
"""For each element, atoms of others that go with each of its atoms."""


@dataclass(frozen=True)
class _Source:
    """Where mass per count comes from."""

    specimen: str
    told: Told
    standards: Sequence[xr.Dataset]
    artefacts: Sequence[str]
    bound: Bound
    options: Options
    stoichiometry_uncertainty: float


def measure(
    raw: xr.Dataset,
    standards: Sequence[xr.Dataset],
    compared_with: xr.Dataset | None,
    *,
    elements: Sequence[str],
    artefacts: Sequence[str],
    quantified_lines: Mapping[str, str],
    fit_window_kev: Sequence[float],
    background_degree: int,
    detector_window: str,
    crystal_mm: float,
    specimen: str,
    k_factors: Told,
    oxides: Sequence[str],
    phases: Sequence[str],
    stoichiometry_uncertainty: float,
    lowest_overvoltage: float,
    mass_thickness_ug_per_cm2: float | None,
    largest_absorption: float,
    largest_misfit: float,
    equivalence_margin: float,
    draws: int,
    seed: int,
) -> xr.Dataset:
    """Fit the lines of an X-ray spectrum and turn their areas into a composition.

    A map is summed to one spectrum. Bremsstrahlung, all line families, pile-up and the detector
    are fitted jointly; each element is quantified by one alpha line, whose k-factor is told, comes
    from standards, or else from first principles with its large uncertainty. Nothing depends on
    the order in which elements or standards are named but the order of the product.

    Parameters
    ----------
    raw, standards
        Keep ``contracts.raw.RAW_EDX``; standards carry the attribute ``known_composition``.
    compared_with
        Product of this step for another spectrum taken alike, or None.
    elements, artefacts, quantified_lines, fit_window_kev, background_degree, detector_window, \
crystal_mm, specimen, k_factors, oxides, phases, stoichiometry_uncertainty, lowest_overvoltage, \
mass_thickness_ug_per_cm2, largest_absorption, largest_misfit, equivalence_margin, draws, seed
        See the schema ``edx``.

    Returns
    -------
    xarray.Dataset
        Keeps ``contracts.edx.COMPOSITION``. What could not be measured is NaN, and the verdict
        says why.

    Raises
    ------
    BatchError
        If settings name what does not exist, or a standard does not fit the spectrum.
    """
    low, high = map(float, fit_window_kev)
    options = Options((low, high), background_degree, detector_window, crystal_mm)
    known = _disjoint(elements, artefacts)
    bound = _bound(oxides, known)
    families = measured.line_families(raw, [*known, *artefacts], options)
    beam = float(raw.attrs["beam_energy_kev"])
    used = {
        symbol: lines.quantified(symbol, families, quantified_lines, beam, lowest_overvoltage)
        for symbol in known
    }
    fitted, reasons = _fitted(raw, [*known, *artefacts], options, used, largest_misfit)
    reasons = reasons or judgement.lacking(used, fitted, options.window_kev)
    quantity = Quantity(None, None, np.nan)
    if fitted is not None and not reasons:
        own = [family for family in families if family.line in used.values()]
        source = _Source(
            specimen, k_factors, standards, artefacts, bound, options, stoichiometry_uncertainty
        )
        fitted, quantity, reasons = _quantify(raw, fitted, own, source, (draws, seed))
    mixture = None
    if quantity.composition is not None:
        mixture = fractions(quantity.composition, phases, stoichiometry_uncertainty)
    lost = judgement.absorbed(families, quantity.composition, raw, mass_thickness_ug_per_cm2)
    ratios = product.compared(fitted, used, compared_with, beam, equivalence_margin)
    order = [*known, *dict.fromkeys(o for symbol in known for o in bound.get(symbol, {}))]
    parts = product.Parts(
        order, used, families, fitted, quantity, mixture, list(phases), lost, ratios, beam
    )
    reasons |= judgement.doubts(parts, largest_misfit, largest_absorption)
    reasons |= judgement.of_comparison(ratios, beam, compared_with)
    reasons |= judgement.of_record(raw, mass_thickness_ug_per_cm2)
    return product.assembled(parts, reasons, largest_absorption)


def _fitted(
    raw: xr.Dataset,
    symbols: Sequence[str],
    options: Options,
    used: Mapping[str, str | None],
    largest_misfit: float,
) -> tuple[tuple[Spectrum, Fitted] | None, Reasons]:
    """Fit, and why it says nothing; areas that must not be used are NaN."""
    fitted = measured.fitted(raw, symbols, options)
    if fitted is None:
        return None, dict.fromkeys(spectrum.flaws(raw), "bad")
    channels, found = fitted
    reasons = judgement.misfit(channels, found, used, largest_misfit)
    if reasons:
        nothing = {
            name: np.full_like(getattr(found, name), np.nan)
            for name in ("areas", "covariance", "detection_limits")
        }
        found = replace(found, **nothing)
    return (channels, found), reasons


def _quantify(
    raw: xr.Dataset,
    fitted: tuple[Spectrum, Fitted],
    families: Sequence[Family],
    source: _Source,
    draws_and_seed: tuple[int, int],
) -> tuple[tuple[Spectrum, Fitted], Quantity, Reasons]:
    """Composition by the best source of k-factors there is; families come by name.

    A bulk specimen is fitted once more with the steps that its own absorption has.
    """
    standards = _standards(raw, fitted[1], source)
    factors, total, reasons = _factors(raw, fitted[1], families, source, standards)
    if factors is None:
        return fitted, Quantity(None, None, total), reasons
    found = _composed(fitted[1], factors, source, draws_and_seed)
    if source.specimen == "bulk":
        symbols = [family.element for family in fitted[1].families]
        fitted = measured.fitted(raw, symbols, source.options, found.mass_fractions()) or fitted
        factors, total, reasons = _factors(raw, fitted[1], families, source, standards)
        assert factors is not None
        found = _composed(fitted[1], factors, source, draws_and_seed)
    return fitted, Quantity(found, factors, total), reasons


def _composed(
    fitted: Fitted, factors: Factors, source: _Source, draws_and_seed: tuple[int, int]
) -> Composition:
    places = [n for n, family in enumerate(fitted.families) if family.line in factors.lines]
    areas, covariance = fitted.areas[places], fitted.covariance[np.ix_(places, places)]
    draws, seed = draws_and_seed
    random = np.random.default_rng(seed)
    is_absolute = source.specimen == "bulk"
    return statistics.compose(areas, covariance, factors, source.bound, random, draws, is_absolute)


def _factors(
    raw: xr.Dataset,
    fitted: Fitted,
    families: Sequence[Family],
    source: _Source,
    standards: Sequence[Standard],
) -> tuple[Factors | None, float, Reasons]:
    """Mass per count of each line, analytical total [percent], and what there is to say."""
    names = [family.line for family in families]
    beam = float(raw.attrs["beam_energy_kev"])
    if source.specimen == "bulk":
        return _bulk_factors(raw, fitted, families, source, standards)
    told = kfactor.told(names, source.told)
    if told is not None:
        return told, np.nan, {}
    reasons: Reasons = {}
    if source.told:
        missing = ", ".join(name for name in names if name not in source.told)
        reasons[f"told k-factors are not used, for {missing} has none"] = "doubtful"
    found = kfactor.from_thin_standards(names, standards, source.stoichiometry_uncertainty)
    if found is None and standards:
        reasons["standards do not connect the k-factors of all lines"] = "doubtful"
    if found is None:
        window, crystal = source.options.detector_window, source.options.crystal_mm
        found = kfactor.computed(families, beam, window, crystal)
        reasons |= judgement.of_computed(found, beam)
    return found, np.nan, reasons


def _bulk_factors(
    raw: xr.Dataset,
    fitted: Fitted,
    families: Sequence[Family],
    source: _Source,
    standards: Sequence[Standard],
) -> tuple[Factors | None, float, Reasons]:
    """Factors of a bulk specimen, which absolute k-ratios to standards give."""
    charge, elevation = measured.dose(raw), spectrum.elevation_deg(raw)
    reasons = judgement.of_bulk(charge, elevation, standards, families)
    if reasons or charge is None or elevation is None:
        return None, np.nan, reasons
    geometry = Geometry(float(raw.attrs["beam_energy_kev"]), elevation)
    areas = measured.areas_by_line(fitted)
    found = bulk.corrected(families, areas, charge, standards, source.bound, geometry)
    if found is None:
        return None, np.nan, {"no line of the specimen has counts": "bad"}
    return found.factors, 100 * found.total, judgement.of_total(100 * found.total)


def _standards(raw: xr.Dataset, fitted: Fitted, source: _Source) -> list[Standard]:
    beam, is_bulk = float(raw.attrs["beam_energy_kev"]), source.specimen == "bulk"
    found = [
        measured.standard(one, source.artefacts, source.options, fitted, beam, is_bulk)
        for one in sorted(source.standards, key=lambda one: str(one.attrs["acquisition"]))
    ]
    return [one for one in found if one is not None]


def _disjoint(elements: Sequence[str], artefacts: Sequence[str]) -> list[str]:
    both = sorted(set(elements) & set(artefacts))
    if both:
        raise BatchError(
            f"edx: elements and artefacts both name {both}; an element counts in the composition "
            "or not"
        )
    return list(elements)


def _bound(oxides: Sequence[str], known: Sequence[str]) -> Bound:
    """Atoms of unmeasured elements per atom of the measured one in each formula."""
    bound: dict[str, dict[str, float]] = {}
    for text in oxides:
        atoms = formula.atoms(text)
        own = [symbol for symbol in atoms if symbol in known]
        if len(own) != 1 or own[0] in bound:
            raise BatchError(
                f"edx: oxides names {text!r}; each must hold just one of the elements measured "
                f"({', '.join(known)}), and each of those at most once"
            )
        metal = own[0]
        bound[metal] = {o: n / atoms[metal] for o, n in atoms.items() if o != metal}
    return bound
