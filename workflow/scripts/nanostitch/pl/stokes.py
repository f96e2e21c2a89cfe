"""Stokes shift between an absorption and an emission spectrum, by every definition in use."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.intervals import NONE, Number

Values = NDArray[np.float64]

DEFINITIONS: Mapping[str, tuple[str, str]] = {
    "exciton_to_peak": ("exciton_energy", "peak_energy"),
    "exciton_to_centroid": ("exciton_energy", "centroid_energy"),
    "inflection_to_peak": ("edge_inflection", "peak_energy"),
    "edge_to_peak": ("edge_energy", "peak_energy"),
}
"""Which edge less which energy of the emission each definition is."""
_EMISSION = ("peak_energy", "centroid_energy")


def shifts(
    edge: xr.Dataset | None, numbers: Mapping[str, Number], covariance: Values
) -> tuple[Values, Values]:
    """Stokes shifts with the ends of their intervals, and their covariance.

    Parameters
    ----------
    edge
        As ``contracts.absorption.EDGE`` says; None where no absorption spectrum is named.
    numbers
        Peak and centroid of the emission [eV].
    covariance
        Of peak and centroid [eV2].

    Returns
    -------
    tuple of numpy.ndarray
        (definition, 3) in eV and (definition, definition) in eV2, NaN without an edge.

    Notes
    -----
    Two spectra have independent errors, so that one-sided widths add in quadrature; definitions
    share edges and peaks, which their covariance says. Which edge is meant makes more than any
    error does: published Stokes shifts of CsPbBr3 count from the first exciton (Brennan et al.,
    J. Am. Chem. Soc. 139 (2017) 12201).
    """
    size = len(DEFINITIONS)
    if edge is None:
        return np.tile(NONE, (size, 1)), np.full((size, size), np.nan)
    found = np.array([_shift(_number(edge, a), numbers[b]) for a, b in DEFINITIONS.values()])
    names = [str(name) for name in edge["edge_definition"].to_numpy()]
    ends = [*names, *_EMISSION]
    both = np.zeros((len(ends), len(ends)))
    both[: len(names), : len(names)] = edge["edge_covariance"].to_numpy()
    both[len(names) :, len(names) :] = covariance
    signs = np.array(
        [[(end == a) - (end == b) for end in ends] for a, b in DEFINITIONS.values()], dtype=float
    )
    return found, signs @ both @ signs.T


def _number(edge: xr.Dataset, name: str) -> Number:
    value, low, high = (float(edge[f"{name}{end}"]) for end in ("", "_lower", "_upper"))
    return value, low, high


def _shift(edge: Number, emission: Number) -> Number:
    value = edge[0] - emission[0]
    below = float(np.hypot(edge[0] - edge[1], emission[2] - emission[0]))
    above = float(np.hypot(edge[2] - edge[0], emission[0] - emission[1]))
    return value, value - below, value + above
