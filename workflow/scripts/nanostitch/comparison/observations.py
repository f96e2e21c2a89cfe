"""One number from each product: what a comparison stands on, and what it leaves out and why."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.adf import population
from nanostitch.errors import ContractError
from nanostitch.intervals import NONE, NORMAL_95, Number

Values = NDArray[np.float64]

Objects = Literal["mean", "largest", "smallest", "sum", "distinct"]
SURE = 0.95
"""Probability from which a label counts as known."""


class Group(NamedTuple):
    """A group of products: its label, where in them its number is, and its place in a trend."""

    label: str
    where: Mapping[str, str | float]
    at: float | None = None


class Observation(NamedTuple):
    """What one product says of a measure.

    ``value`` with its 95 % interval, NaN where there is none; ``objects`` how many pixels or
    particles it is the mean of; ``why_not`` is empty where a comparison may use it.
    """

    acquisition: str
    sample: str
    group: int
    value: float
    lower: float
    upper: float
    objects: int
    verdict: int
    why_not: str


def read(
    product: xr.Dataset,
    group: int,
    *,
    variable: str,
    where: Mapping[str, str | float],
    usable: Sequence[quality.Level],
    objects: Objects = "mean",
    sure: str | None = None,
) -> Observation:
    """Read one number of a product.

    Parameters
    ----------
    product
        Any product with a verdict.
    group
        Number of the group that it belongs to.
    variable
        Name of the measure. One with objects (particles, pixels) gives the mean of those that
        count.
    where
        Label of each further dim, such as ``{"estimator": "onset_fit"}``.
    usable
        Verdicts that a comparison may use.
    objects
        Of a measure with objects, what is meant of them. The largest and the smallest have the
        interval of that object, from ``<variable>_uncertainty`` where the product has it; labels
        below zero are unknown and are not distinct.
    sure
        Of ``distinct``: name of the probability of each label.

    Raises
    ------
    ContractError
        If the product has no such variable, dim or label.
    """
    if _selected(product, variable, where).dims == ("particle",):
        product = product.isel(particle=np.flatnonzero(population.counted(product)))
    found = _selected(product, variable, where)
    if found.ndim == 0:
        ends = (_selected(product, f"{variable}{end}", where) for end in ("_lower", "_upper"))
        value, lower, upper = (float(one) for one in (found, *ends))
    elif objects == "distinct":
        probability = None if sure is None else _selected(product, sure, where).values
        value, lower, upper = _distinct(found.values, probability)
    else:
        uncertainty = _selected(product, f"{variable}_uncertainty", where).values
        value, lower, upper = _of_objects(found.values, uncertainty, objects)
    return Observation(
        acquisition=str(product.attrs["acquisition"]),
        sample=str(product.attrs["sample"]),
        group=group,
        value=value,
        lower=lower,
        upper=upper,
        objects=int(np.isfinite(found.values).sum()),
        verdict=int(product["verdict"]),
        why_not=_why_not(product, value, usable),
    )


def _of_objects(values: Values, uncertainty: Values, objects: Objects) -> Number:
    """One number of many objects; of a single one also its interval."""
    known = np.isfinite(values)
    if not known.any():
        return NONE
    if objects in ("mean", "sum"):
        return float(getattr(values[known], objects)()), np.nan, np.nan
    place = int(np.nanargmax(values) if objects == "largest" else np.nanargmin(values))
    value = float(values.flat[place])
    own = float(uncertainty.flat[place]) if uncertainty.shape == values.shape else np.nan
    return value, value - NORMAL_95 * own, value + NORMAL_95 * own


def _distinct(labels: Values, probability: Values | None) -> Number:
    """How many different labels there are: those that are sure, and at most all."""
    known = labels >= 0
    if not known.any():
        return NONE
    most = float(np.unique(labels[known]).size)
    if probability is None:
        return most, np.nan, np.nan
    certain = float(np.unique(labels[known & (probability >= SURE)]).size)
    return certain, certain, most


def _selected(product: xr.Dataset, variable: str, where: Mapping[str, str | float]) -> xr.DataArray:
    """The variable where each label is; bounds that it has not are NaN."""
    if variable not in product and variable.endswith(("_lower", "_upper", "_uncertainty")):
        return xr.DataArray(np.nan)
    acquisition = product.attrs.get("acquisition", "a product")
    if variable not in product:
        raise ContractError(f"{acquisition}: has no variable {variable}; it has {_names(product)}")
    found = product[variable]
    for dim, label in where.items():
        if dim not in found.coords or dim not in found.dims:
            dims = ", ".join(map(str, found.dims)) or "none"
            raise ContractError(f"{acquisition}: {variable} has no labelled dim {dim}, but {dims}")
        if label not in found[dim].values:
            known = ", ".join(map(str, found[dim].values))
            raise ContractError(f"{acquisition}: {dim} of {variable} has no {label}, but {known}")
        found = found.sel({dim: label})
    return found


def _names(product: xr.Dataset) -> str:
    return ", ".join(sorted(map(str, product.data_vars)))


def _why_not(product: xr.Dataset, value: float, usable: Sequence[quality.Level]) -> str:
    """Why a comparison leaves a product out; empty where it does not."""
    if product.attrs.get("use") == "no":
        return f"left out by the sheet: {product.attrs.get('note', '')}"
    level, reasons = quality.level(product), product["verdict"].attrs.get("reasons", "")
    if level not in usable:
        return f"{level}: {reasons}"
    if np.isnan(value):
        return f"no number: {reasons}" if reasons else "no number"
    return ""
