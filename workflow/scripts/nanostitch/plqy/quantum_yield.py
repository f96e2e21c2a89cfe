"""Quantum yield from the curves of an integrating sphere, its interval as skew as it is.

Light that a sample absorbs is what is missing from the excitation line, light that it emits what
appears beside it; both are counted in photons, through the spectral response.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from nanostitch.intervals import NONE
from nanostitch.plqy import (
    calibrated,
    curves,
    judgement,
    numbers,
    peak,
    posterior,
    reabsorption,
)
from nanostitch.plqy import sphere as spheres
from nanostitch.plqy.posterior import Draws, Light
from nanostitch.plqy.reabsorption import Reabsorbed
from nanostitch.plqy.sphere import Sphere
from nanostitch.plqy.windows import Values

_TOLD = ("excitation_nm", "excitation_wavelength_nm")
_YIELDS = {"quantum_yield": "corrected_draws", "quantum_yield_apparent": "yield_draws"}


def measure(
    raw: xr.Dataset,
    continued: Sequence[xr.Dataset] = (),
    blank: Sequence[xr.Dataset] = (),
    indirect: Sequence[xr.Dataset] = (),
    response: xr.Dataset | None = None,
    dilute: xr.Dataset | None = None,
    compared_with: xr.Dataset | None = None,
    *,
    excitation_window_nm: Sequence[float] | None,
    emission_window_nm: Sequence[float] | None,
    excitation_half_widths: float,
    emission_half_widths: float,
    dark_level: str,
    corrected_signal: str,
    lamp_drift: float,
    min_absorptance: float,
    min_emission_sigma: float,
    max_blank_excess: float,
    max_match_misfit: float,
    match_shift_nm: float,
    draws: int,
    seed: int,
) -> xr.Dataset:
    """Measure the quantum yield of one sample.

    Parameters
    ----------
    raw
        Direct curve, keeps ``contracts.raw.RAW_PLQY``: the sample in the beam.
    continued
        Further spectra of the same curve, where excitation and emission were recorded apart.
    blank, indirect
        Spectra of the empty sphere, and of the sample beside the beam, in ranges or repeats.
    response
        Correction of the sphere with its detector.
    dilute
        Emission without reabsorption, keeps ``contracts.raw.RAW_PL``.
    compared_with
        Product of this step to which the ratio is wanted.
    excitation_window_nm, ...
        As ``plqy.schema.yaml`` says.

    Returns
    -------
    xarray.Dataset
        Keeps ``contracts.plqy.QUANTUM_YIELD``. Yields are NaN where they must not be used, and the
        verdict says why. A spectrum in absolute units has the yield of its own scale alone.

    Raises
    ------
    BatchError
        If windows overlap or descend, or curves differ in their unit or in how long they counted.

    Notes
    -----
    de Mello, Wittmann and Friend 1997, doi 10.1002/adma.19970090308; reabsorption by Ahn et al.
    2007, Rev. Sci. Instrum. 78, 086105; skew intervals as van Dam et al. 2017, arXiv:1711.06200.
    """
    random = Draws(draws, seed, lamp_drift)
    if calibrated.holds(raw):
        return calibrated.measure(raw, random)
    names = {"blank": blank, "indirect": indirect, "direct": [raw, *continued]}
    parts = {name: curves.parts(some) for name, some in names.items()}
    judgement.refuse_unlike([raw, *continued, *blank, *indirect])
    told = next((float(raw.attrs[name]) for name in _TOLD if name in raw.attrs), None)
    half_widths = excitation_half_widths, emission_half_widths
    first, second = spheres.find_windows(
        parts, told, excitation_window_nm, emission_window_nm, half_widths
    )
    if first is None:
        return numbers.nothing(judgement.no_excitation(told))
    # Without emission its window is empty: the absorptance can still be measured.
    second = second or (np.inf, np.inf)
    unit = str(raw.attrs.get("intensity_unit", ""))
    weighting, raised = judgement.weighting(response, unit, corrected_signal, [*first, *second])
    found = spheres.reduced(parts, (first, second), weighting, dark_level)
    if not found.excitation["direct"].value:
        return numbers.nothing(judgement.no_excitation(told))
    raised |= found.raised
    raised |= judgement.unseen(found, min_emission_sigma)
    light, drawn = found.light(), found.drawn(random)
    raised |= judgement.contradiction(light, drawn, max_blank_excess)
    share = None
    if dilute is None:
        raised |= judgement.NOT_CORRECTED
    elif not judgement.forbidden(raised):
        spectrum = found.emission_spectrum()
        share = reabsorption.fraction(*spectrum, dilute, random, match_shift_nm)
        raised |= judgement.mismatch(share, max_match_misfit)
    values, spread = _yields(light, drawn, share)
    raised |= _absorbs_little(light, drawn, min_absorptance)
    return _product(found, light, drawn, values, spread, raised, compared_with)


def _absorbs_little(light: Light, drawn: Light, smallest: float) -> dict[str, str]:
    """Flags of a sample that absorbs little, by three curves or else by two."""
    value, draws = light.absorptance(), drawn.absorptance()
    if np.isnan(value):
        value, draws = light.absorbed_by_two_curves(), drawn.absorbed_by_two_curves()
    lower, _ = posterior.interval(draws)
    return judgement.low_absorptance(float(value), lower, smallest)


def _yields(
    light: Light, drawn: Light, share: Reabsorbed | None
) -> tuple[dict[str, float], dict[str, Values]]:
    """Each measure and its draws; NaN where curves for it are absent."""
    size = drawn.excitation["direct"].size
    values = {"absorptance": float(light.absorptance())}
    spread = {"absorptance": drawn.absorptance()}
    values["quantum_yield_two_curve"] = float(light.two_curves())
    spread["quantum_yield_two_curve"] = drawn.two_curves()
    if not posterior.interval(drawn.absorbed_by_two_curves())[0] > 0:
        # Its denominator may be none, so that it has no bounds.
        values["quantum_yield_two_curve"] = np.nan
    apparent, its_draws = light.three_curves(), drawn.three_curves()
    if np.isnan(apparent):
        apparent, its_draws = light.two_curves(), drawn.two_curves()
    values["quantum_yield_apparent"] = float(apparent)
    spread["quantum_yield_apparent"] = its_draws
    nothing = np.full(size, np.nan)
    fraction, taken = (np.nan, nothing) if share is None else (share.fraction, share.draws)
    values["reabsorbed_fraction"], spread["reabsorbed_fraction"] = fraction, taken
    values["quantum_yield"] = float(reabsorption.corrected(apparent, np.asarray(fraction)))
    spread["quantum_yield"] = reabsorption.corrected(its_draws, taken)
    return values, spread


def _product(
    found: Sphere,
    light: Light,
    drawn: Light,
    values: dict[str, float],
    spread: dict[str, Values],
    raised: dict[str, str],
    compared_with: xr.Dataset | None,
) -> xr.Dataset:
    lower, _ = posterior.interval(spread["quantum_yield_apparent"])
    if lower > 1 and not judgement.forbidden(raised):
        raised["above_unity"] = (
            f"the yield is above {lower:.0%}: more light is emitted than absorbed, so the curves "
            "do not belong together"
        )
    refused = judgement.forbidden(raised)
    variables: dict[str, xr.DataArray] = {}
    for name, value in values.items():
        is_refused = refused and name != "absorptance"
        variables |= numbers.with_bounds(name, np.nan if is_refused else value, spread[name])
    found_peak = NONE
    if not refused:
        position, height, _ = found.emission_spectrum()
        found_peak = peak.wavelength(position, height)
    variables |= numbers.peak_variables(found_peak)
    variables |= spheres.reduced_variables(found, drawn)
    excess = light.excitation["indirect"] / light.excitation["blank"] - 1
    variables["blank_excess"] = numbers.number(float(excess))
    for name, draws in _YIELDS.items():
        kept = np.full_like(spread[name], np.nan) if refused else spread[name]
        variables[draws] = xr.DataArray(kept, dims="draw", attrs={"units": "1"})
    variables |= _ratio(variables, compared_with)
    return xr.Dataset(variables | judgement.judged(raised))


def _ratio(variables: dict[str, xr.DataArray], other: xr.Dataset | None) -> dict[str, xr.DataArray]:
    """Yield over that of another product: the corrected ones where both have them."""
    if other is None:
        return {}
    for name, draws in _YIELDS.items():
        ratio = float(variables[name] / other.get(name, np.nan))
        same = draws in other and other[draws].size == variables[draws].size
        if np.isfinite(ratio) and same:
            spread = variables[draws].to_numpy() / other[draws].to_numpy()
            found = numbers.with_bounds("yield_ratio", ratio, spread)
            found["yield_ratio"].attrs["ratio_of"] = name
            return found
    return numbers.with_bounds("yield_ratio", np.nan, np.array([np.nan]))
