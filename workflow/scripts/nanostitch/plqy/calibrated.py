"""Yield of a spectrum in absolute units: photons emitted per photon that the laser sends in."""

import re

import numpy as np
import xarray as xr
from scipy import constants

from nanostitch.intervals import NONE
from nanostitch.plqy import judgement, numbers, peak
from nanostitch.plqy.curves import steps
from nanostitch.plqy.posterior import Draws
from nanostitch.plqy.windows import Values

PRINTED = 0.005
"""Half of the last digit that such a file prints of the facts about its laser."""
MAX_LEVEL_AT_END = 0.1
"""Height at an end of the emission, as a share of its maximum, from which the end is no foot: what
is cut there is a background, not an emission."""
_ABSOLUTE = re.compile(r"photons\s*/\s*\(s\s*cm")
_PER_CM2 = 1e-3 / constants.e
"""Photons per s and cm2 that make a current of 1 mA/cm2."""
_FACTS = (
    "stated_photocurrent_ma_per_cm2",
    "stated_laser_suns",
    "stated_laser_external_quantum_efficiency",
)
_STATED, _CONFIDENCE = "stated_quantum_yield_percent", "stated_confidence"
_STREAM = 4


def holds(raw: xr.Dataset) -> bool:
    """Whether the intensity is a flux of photons per area, not a signal."""
    return bool(_ABSOLUTE.search(str(raw.attrs.get("intensity_unit", ""))))


def measure(raw: xr.Dataset, random: Draws) -> xr.Dataset:
    """Measure the yield of a calibrated spectrum, and hold it against what the file states.

    Parameters
    ----------
    raw
        Spectrum whose ``intensity`` is in photons/(s cm2 nm), with what the file states about
        laser and yield as attributes.
    random
        How errors are drawn.

    Returns
    -------
    xarray.Dataset
        Keeps ``contracts.plqy.QUANTUM_YIELD``; photons absorbed are not known, so the yields per
        absorbed photon are NaN.

    Notes
    -----
    The laser sends in as many photons as make the photocurrent, times the suns that the file
    states, over the external quantum efficiency at its wavelength. All three are printed with
    few digits, and that is the interval.
    """
    position = raw["wavelength"].to_numpy().astype(float)
    height = np.nan_to_num(raw["intensity"].to_numpy().astype(float))
    raised = _flags(raw, height)
    refused = judgement.forbidden(raised)
    product = numbers.nothing({})
    value, draws = _per_photon_sent(raw, float(steps(position) @ height), random)
    if np.isnan(value) and not refused:
        raised["not_confirmed"] = (
            "the laser's strength is not stated, or printed as 0: only the stated yield is given"
        )
    variables = numbers.with_bounds("quantum_yield_incident", np.nan if refused else value, draws)
    stated = float(raw.attrs.get(_STATED, np.nan)) / 100
    variables["quantum_yield_stated"] = numbers.number(np.nan if refused else stated)
    lower, upper = (float(variables[f"quantum_yield_incident_{end}"]) for end in ("lower", "upper"))
    if not refused and (stated < lower or stated > upper):
        raised["not_confirmed"] = (
            f"the file states a yield of {stated:.3%}, but its spectrum gives {value:.3%} "
            f"({lower:.3%} to {upper:.3%})"
        )
    found = NONE if refused else peak.wavelength(position, height)
    variables |= numbers.peak_variables(found)
    return product.assign(variables | judgement.judged(raised))


def _flags(raw: xr.Dataset, height: Values) -> dict[str, str]:
    raised = {
        "absorbed_not_known": "yields are per photon sent in: how many are absorbed is not stated"
    }
    seen = np.flatnonzero(height > 0)
    if not seen.size:
        return raised | {"no_emission": "the spectrum holds no emission"}
    if raw.attrs.get(_CONFIDENCE) == 0:
        raised["refused_by_instrument"] = (
            "the instrument states a confidence of 0: it takes its own numbers for background"
        )
    ends = height[[seen[0], seen[-1]]] / height.max()
    if ends.max() > MAX_LEVEL_AT_END:
        raised["no_emission"] = (
            f"the emission ends at {ends.max():.0%} of its maximum instead of at its foot: it is a "
            "background that was cut, not an emission"
        )
    return raised


def _per_photon_sent(raw: xr.Dataset, emitted: float, random: Draws) -> tuple[float, Values]:
    """Yield and its draws, by the facts as printed; NaN where one is absent or printed as 0."""
    stated = [float(raw.attrs.get(name, np.nan)) for name in _FACTS]
    nothing = np.nan, np.full(random.size, np.nan)
    if not min(stated) > PRINTED:
        return nothing
    uniform = np.random.default_rng([random.seed, _STREAM]).uniform(-1, 1, (3, random.size))
    current, suns, efficiency = np.array(stated)[:, None] + PRINTED * uniform
    value = emitted * stated[2] / (stated[0] * stated[1] * _PER_CM2)
    return value, np.asarray(emitted * efficiency / (current * suns * _PER_CM2))
