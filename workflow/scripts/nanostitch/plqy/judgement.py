"""What speaks against a quantum yield: flags and the verdict."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.errors import BatchError
from nanostitch.plqy import photons
from nanostitch.plqy.photons import Weighting
from nanostitch.plqy.posterior import Light
from nanostitch.plqy.reabsorption import Reabsorbed
from nanostitch.plqy.sphere import Sphere, channels
from nanostitch.plqy.windows import SMOOTHED_SHARE, inside, running_mean
from nanostitch.quality import Level

FLAGS = (
    "no_excitation",
    "no_blank",
    "no_indirect",
    "no_response",
    "no_emission",
    "saturated",
    "low_absorptance",
    "absorptance_not_seen",
    "blank_unmatched",
    "above_unity",
    "no_dark_level",
    "not_corrected_for_reabsorption",
    "dilute_mismatch",
    "refused_by_instrument",
    "not_confirmed",
    "absorbed_not_known",
)
FORBIDDING = frozenset(
    {
        "no_excitation",
        "no_blank",
        "no_response",
        "no_emission",
        "saturated",
        "absorptance_not_seen",
        "above_unity",
        "refused_by_instrument",
    }
)
"""Flags with which no yield is given."""
NOT_CORRECTED = {
    "not_corrected_for_reabsorption": "not corrected for reabsorption (no dilute=… is named)"
}
_TIME = "integration_time_s"
BEYOND_NOISE = 2.0
"""Standard deviations from which blank and indirect curve contradict each other."""
MOST_AT_END = 0.3
"""Emission at an end of the record over its maximum, in counts, above which it is cut off: of a
normal line 6 % lie beyond. Real films have up to 0.2 there (1 % in most), by stray light."""
REMARKS = frozenset({"not_corrected_for_reabsorption", "absorbed_not_known"})
"""Flags that only say which of the yields is meant."""


def judged(raised: Mapping[str, str]) -> dict[str, xr.DataArray]:
    """Flags and verdict of a product.

    Parameters
    ----------
    raised
        For each flag that is raised, the sentence that says why.
    """
    flags = quality.flags({name: name in raised for name in FLAGS})
    levels: dict[str, Level] = {why: _level(name) for name, why in raised.items()}
    both = {"yield_quality": flags, "verdict": quality.verdict(levels)}
    return {name: one.assign_attrs(units="1") for name, one in both.items()}


def forbidden(raised: Mapping[str, str]) -> bool:
    """Whether any flag forbids to give a yield."""
    return not FORBIDDING.isdisjoint(raised)


def no_excitation(told_nm: float | None) -> dict[str, str]:
    """Flag of curves without the excitation line."""
    where = "" if told_nm is None else f" near the {told_nm:g} nm that are told"
    return {
        "no_excitation": f"no excitation is found{where} in the direct curve; set "
        "excitation_window_nm, or name the file that has it in references as continued=…"
    }


def refuse_unlike(curves: Sequence[xr.Dataset]) -> None:
    """Refuse curves whose signals do not compare.

    Raises
    ------
    BatchError
        If their units differ, or they are counts of different integration times.
    """
    units = {str(one.attrs["intensity_unit"]) for one in curves if one.attrs.get("intensity_unit")}
    if len(units) > 1:
        raise BatchError(
            f"plqy: the curves are in different units ({', '.join(sorted(units))}); export them "
            "alike, in counts per second where integration times differ"
        )
    times = {float(one.attrs[_TIME]) for one in curves if _TIME in one.attrs}
    if units == {"counts"} and len(times) > 1:
        raise BatchError(
            f"plqy: the curves are counts of different integration times "
            f"({', '.join(f'{time:g}' for time in sorted(times))} s); export them in counts per "
            "second, and tell that in column headings"
        )


def weighting(
    response: xr.Dataset | None, unit: str, signal: str, edges: Sequence[float]
) -> tuple[Weighting, dict[str, str]]:
    """Photons per signal, and why there are none."""
    found = photons.weighting(response, unit, signal)
    if found is None:
        named = "no response is named" if response is None else "the response has no known unit"
        why = (
            f"{named} and the signal is in {unit or 'no unit'}: counts of two colours are no "
            "photons; name response=… in references, or set corrected_signal"
        )
        return Weighting(by_energy=False), {"no_response": why}
    known = np.array([edge for edge in edges if np.isfinite(edge)])
    if found.nodes is not None and (known.min() < found.nodes[0] or known.max() > found.nodes[-1]):
        why = f"the response ends at {found.nodes[0]:g} and {found.nodes[-1]:g} nm, within a window"
        return Weighting(by_energy=False), {"no_response": why}
    if not _is_positive(found, edges):
        why = "the response is 0 or less within a window, where no light can be counted"
        return Weighting(by_energy=False), {"no_response": why}
    return found, {}


def _is_positive(weighting: Weighting, edges: Sequence[float]) -> bool:
    """Whether light makes a signal all over two windows."""
    at = [edge for edge in edges if np.isfinite(edge)]
    if weighting.nodes is not None:
        for window in (edges[:2], edges[2:]):
            at += list(weighting.nodes[inside(weighting.nodes, (window[0], window[1]))])
    return bool((weighting.at(np.array(at)) > 0).all())


def unseen(found: Sphere, min_sigma: float) -> dict[str, str]:
    """Flags of curves that are absent, and of an emission that does not stand out."""
    raised = {}
    if not found.excitation["blank"].value:
        raised["no_blank"] = (
            "no blank is named that has the excitation whole: how much light was sent in is not "
            "known; record the empty sphere and name it in references as blank=…"
        )
    if not (found.excitation["indirect"].value and found.emission["indirect"].value):
        raised["no_indirect"] = (
            "no indirect curve with excitation and emission whole is named: the yield is that of "
            "two curves"
        )
    emitted = found.emission["direct"]
    if found.spectra["direct"] and np.isfinite(found.emission_window).all() and not emitted.value:
        raised["no_emission"] = "the direct curve does not hold the emission whole"
    elif not emitted.total > min_sigma * emitted.total_sd:
        raised["no_emission"] = "no emission stands out from the noise of the direct curve"
    elif why := _cut(found):
        raised["no_emission"] = why
    return raised


def _cut(found: Sphere) -> str:
    """What to say of an emission that goes on where the recorded range ends."""
    at, photons_per_nm, noise = found.emission_spectrum()
    # As recorded: where a detector hardly sees, its dark level weighs more than any emission.
    height, noise = photons_per_nm / found.weighting.at(at), noise / found.weighting.at(at)
    recorded, highest = channels(found.spectra["direct"]), running_mean(height).max()
    last = max(at.size // SMOOTHED_SHARE, 1)
    for end, near in ((0, slice(None, last)), (-1, slice(-last, None))):
        level = float(height[near].mean())
        unsure = BEYOND_NOISE * float(np.sqrt((noise[near] ** 2).sum())) / last
        if at[end] == recorded[end] and level - unsure > MOST_AT_END * highest:
            return (
                f"the direct curve ends at {at[end]:g} nm, where the emission still has "
                f"{level / highest:.0%} of its maximum: record more of it"
            )
    return ""


def contradiction(light: Light, drawn: Light, most: float) -> dict[str, str]:
    """Flag of an indirect curve with more excitation than the blank sent in."""
    excess = float(light.excitation["indirect"] / light.excitation["blank"]) - 1
    spread = float(np.std(drawn.excitation["indirect"] / drawn.excitation["blank"]))
    if excess > most and excess > BEYOND_NOISE * spread:
        return {
            "blank_unmatched": "the sample beside the beam leaves more excitation than the blank "
            "sent in (blank_excess), and the yield is off by as much: scattering or drift; use a "
            "matched blank"
        }
    return {}


def mismatch(share: Reabsorbed | None, most: float) -> dict[str, str]:
    """Flag of a dilute spectrum that is not that of the sample without reabsorption."""
    if share is None:
        return {"dilute_mismatch": "the dilute spectrum does not cover the emission"}
    if share.misfit > most:
        return {
            "dilute_mismatch": f"the red flank of the dilute spectrum differs by {share.misfit:.0%}"
            " from that of the sample: the reabsorbed share is that of other emitters"
        }
    return {}


def low_absorptance(value: float, lower: float, smallest: float) -> dict[str, str]:
    """Flags of a sample that absorbs little, or nothing that can be told from nothing."""
    if np.isnan(value):
        return {}
    if not lower > 0:
        return {
            "absorptance_not_seen": f"an absorptance of {value:.2%} cannot be told from none: the "
            "yield has no upper bound"
        }
    if value < smallest:
        return {
            "low_absorptance": f"the absorptance of {value:.1%} is below {smallest:.0%}: the "
            "interval of the yield is wide and skew"
        }
    return {}


def _level(name: str) -> Level:
    if name in REMARKS:
        return "good"
    return "bad" if name in FORBIDDING else "doubtful"
