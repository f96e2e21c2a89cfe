"""Flags of a band gap, and the sentences that they become in the verdict."""

from collections.abc import Mapping
from functools import reduce

import numpy as np

from nanostitch import quality
from nanostitch.eels.channels import Mask

ESTIMATORS = ("onset_fit", "derivative", "linear")
"""How a gap is read from a spectrum, the primary one first."""
KNOWN = ("no_zero_loss_peak", "range_not_covered", "resolution_too_coarse", "tail_too_high")
"""Flags that forbid a gap before one is looked for."""
FORBIDDING = (*KNOWN, "no_onset", "at_range_edge")
"""Flags under which there is no gap."""
LIMITING = ("poor_fit", "peak_width_differs")
"""Flags under which the gap is doubtful."""
BEAM = ("cerenkov", "cerenkov_possible", "surface_losses")
"""Flags of losses near the gap that are not the bulk's; their own sentences weigh them."""
NAMES = (*FORBIDDING, *LIMITING, *BEAM)
_OF_SPECTRUM = (*KNOWN, "peak_width_differs", *BEAM)
"""Flags that no estimator has to itself: one row stands for all."""


def blank(spectra: int) -> dict[str, Mask]:
    """No flag raised: (estimator, spectrum) each, of one row where it holds for every estimator."""
    rows = {name: 1 if name in _OF_SPECTRUM else len(ESTIMATORS) for name in NAMES}
    return {name: np.zeros((number, spectra), dtype=bool) for name, number in rows.items()}


def forbidden(flags: Mapping[str, Mask]) -> Mask:
    """Where there is no gap (estimator, spectrum)."""
    return reduce(np.logical_or, (flags[name] for name in FORBIDDING))


def reasons(flags: Mapping[str, Mask], what: str) -> dict[str, quality.Level]:
    """Sentences for a verdict: what is wrong in how many spectra, and how much it weighs.

    Parameters
    ----------
    flags
        For each name (estimator, spectrum).
    what
        What the spectra are: pixels or regions.
    """
    found: dict[str, quality.Level] = {}
    without = forbidden(flags)
    total = without.shape[1]
    for name in (*FORBIDDING, *LIMITING):
        number = int(flags[name][0].sum())
        if number and name != "no_zero_loss_peak":  # which the loss has said
            text = f"{name.replace('_', ' ')} in {number} of {total} {what}"
            bad = name in FORBIDDING and without[0].all()
            found[text] = "bad" if bad else "doubtful"
        for row, estimator in enumerate(ESTIMATORS[1:], 1):
            own = flags[name][min(row, len(flags[name]) - 1)]
            alone = int((own & ~flags[name][0]).sum())
            if alone:  # a remark: the primary estimator stands
                found[f"{estimator}: {name.replace('_', ' ')} in {alone} of {total} {what}"] = (
                    "good"
                )
    return found
