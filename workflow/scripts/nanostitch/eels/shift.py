"""Difference between the gaps of two spectra, in which what they share cancels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from nanostitch.eels import mixture
from nanostitch.eels.channels import Array
from nanostitch.errors import ContractError

_ENDS = ("", "_lower", "_upper")


@dataclass(frozen=True)
class Shift:
    """Energy of the second spectrum less that of the first, with its 95 % interval [eV].

    ``common`` is the share of the probability that the same fits hold in both spectra.
    """

    value: float
    lower: float
    upper: float
    common: float


def between(
    first: xr.Dataset,
    second: xr.Dataset,
    region: str = "all",
    second_region: str | None = None,
    of: Literal["gap", "inflection"] = "gap",
) -> Shift:
    """Shift between two spectra of their gap, fit by fit, or of the inflection of their edge.

    A fit (model of the tail, window, shape of the onset) errs alike in two spectra of one kind,
    so its error drops out of the difference of the two gaps that it gives. Pairs of fits are
    drawn so that they are equal as often as their probabilities in the two spectra allow, the
    smaller of the two for each fit (maximal coupling); where the spectra prefer different fits,
    the rest is drawn independently and widens the interval.

    The inflection is where the edge rises steepest, whatever its shape: it says by how much an
    edge moves as a whole, without the binding of an exciton that a gap needs. What spectrometer
    and window do to it drops out as far as it is alike in both; the rest is in the interval.

    Parameters
    ----------
    first, second
        As ``contracts.eels.BAND_GAP`` says.
    region, second_region
        Which region of each is compared; the second is named like the first by default.
    of
        What is compared.

    Returns
    -------
    Shift
        NaN where one of the two is not known.

    Raises
    ------
    ContractError
        If a product has no such region.

    Notes
    -----
    Maximal coupling: Lindvall, Lectures on the Coupling Method (1992).
    """
    names = (region, second_region or region)
    pair = [_of_region(*each) for each in zip((first, second), names, strict=True)]
    return _of_inflections(*pair) if of == "inflection" else _of_gaps(*map(_members, pair))


def _of_gaps(one: "_Members", other: "_Members") -> Shift:
    if not (one.weight.sum() > 0 and other.weight.sum() > 0):
        return Shift(np.nan, np.nan, np.nan, np.nan)
    every = sorted({*one.names, *other.names})
    a, b = one.on(every), other.on(every)
    equal = np.minimum(a.weight, b.weight)
    common = float(equal.sum())
    spare = [np.maximum(part.weight - equal, 0.0) for part in (a, b)]
    rest = [part / part.sum() if part.sum() > 0 else part for part in spare]
    weights = np.diag(equal) + (1 - common) * np.multiply.outer(rest[0], rest[1])
    pairs = weights > 0
    shift = (b.gap - a.gap[:, None])[pairs]
    deviation = np.hypot(a.uncertainty[:, None], b.uncertainty)[pairs]
    known = np.maximum(deviation, np.finfo(float).tiny)
    value, lower, upper = mixture.quantiles(shift, known, weights[pairs], (0.5, 0.025, 0.975))
    return Shift(value, lower, upper, common)


def _of_inflections(one: xr.Dataset, other: xr.Dataset) -> Shift:
    """From intervals that are longer on one side, by what the instrument makes there."""
    ends = [[float(part[f"region_inflection{end}"]) for end in _ENDS] for part in (one, other)]
    counting = [min(value - low, high - value) for value, low, high in ends]
    instrument = [high + low - 2 * value for value, low, high in ends]
    value = ends[1][0] - ends[0][0]
    side = float(np.hypot(counting[0], counting[1])) + abs(instrument[1] - instrument[0])
    return Shift(value, value - side, value + side, 1.0 if np.isfinite(value) else np.nan)


@dataclass(frozen=True)
class _Members:
    """Fits of one spectrum: names, gaps [eV], their counting uncertainties, probabilities."""

    names: tuple[str, ...]
    gap: Array
    uncertainty: Array
    weight: Array

    def on(self, names: list[str]) -> "_Members":
        """The same fits among more names; those that are not there have no weight."""
        at = {name: k for k, name in enumerate(self.names)}
        found = np.zeros((3, len(names)))
        for column, name in enumerate(names):
            if name in at:
                k = at[name]
                found[:, column] = self.gap[k], self.uncertainty[k], self.weight[k]
        return _Members(tuple(names), *found)


def _of_region(product: xr.Dataset, region: str) -> xr.Dataset:
    if region not in product["region"].values:
        raise ContractError(
            f"band_gap: region {region!r} is not among {list(map(str, product['region'].values))};"
            " name one of them, or tell it in the column regions of acquisitions.tsv"
        )
    return product.sel(region=region)


def _members(one: xr.Dataset) -> _Members:
    gap, uncertainty, weight = (
        one[f"member_{name}"].to_numpy() for name in ("gap", "uncertainty", "weight")
    )
    refused = bool(one["region_band_gap"].sel(estimator="onset_fit").isnull())
    known = np.isfinite(gap) & np.isfinite(uncertainty) & (weight > 0) & (not refused)
    total = weight[known].sum() if known.any() else 1.0
    names = tuple(str(name) for name in one["member"].values[known])
    return _Members(names, gap[known], uncertainty[known], weight[known] / total)
