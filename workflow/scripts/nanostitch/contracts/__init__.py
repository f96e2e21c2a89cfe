"""What each product holds: the contract between the step that writes it and those that read it.

A contract maps variable names to :class:`Var`. ``store`` checks it at write and at read, and
writes its text into the file; ``docs/products.md`` is generated from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch.errors import ContractError

SPATIAL = ("y", "x")
ANY_UNIT = "any"
"""Unit of a variable that has that of the measure which it is about."""
_ANY_OF = {"any": "iuf", "U": "UOT"}


@dataclass(frozen=True)
class Var:
    """One variable of a product.

    A leading ``"..."`` in ``dims`` stands for the spatial dims that the acquisition has: none,
    ``x`` or ``y, x``. ``dtype`` is a NumPy kind and size, ``any`` for the numbers of a raw file.
    ``ancillary`` names the variables that qualify this one: uncertainty, bounds of the 95 %
    interval, quality flags.
    """

    dims: tuple[str, ...]
    units: str
    meaning: str
    dtype: str = "f8"
    ancillary: tuple[str, ...] = ()
    optional: bool = False


Contract = dict[str, Var]


def axis(name: str, units: str, meaning: str) -> Contract:
    """One coordinate variable."""
    return {name: Var((name,), units, meaning)}


def with_interval(name: str, var: Var) -> Contract:
    """One variable with the bounds of its 95 % interval."""
    low, high = f"{name}_lower", f"{name}_upper"
    return {
        name: Var(var.dims, var.units, var.meaning, var.dtype, (low, high, *var.ancillary)),
        low: Var(var.dims, var.units, f"Lower bound (95 %) of: {var.meaning}"),
        high: Var(var.dims, var.units, f"Upper bound (95 %) of: {var.meaning}"),
    }


VERDICT: Contract = {
    "verdict": Var((), "1", "Whether a comparison may use this product, with reasons.", "i1")
}
PLANE: Contract = {
    "y": Var(("y",), "nm", "Distance along the slow scan direction.", optional=True),
    "x": Var(("x",), "nm", "Distance along the fast scan direction.", optional=True),
}


def check(dataset: xr.Dataset, contract: Contract, where: str) -> xr.Dataset:
    """Return the dataset if it keeps the contract.

    Raises
    ------
    ContractError
        Naming every breach: absent or surplus variables, wrong dims, units or dtype.
    """
    breaches = [f"{name}: is not in the contract" for name in dataset.variables.keys() - contract]
    for name, var in contract.items():
        if name in dataset.variables:
            breaches += [f"{name}: {breach}" for breach in _breaches(dataset[name], var)]
        elif not var.optional:
            breaches.append(f"{name}: is absent")
    if breaches:
        raise ContractError(f"{where}: breaks its contract: {'; '.join(sorted(breaches))}")
    return dataset


def _breaches(found: xr.DataArray, var: Var) -> Iterator[str]:
    dims = tuple(map(str, found.dims))
    if "..." in var.dims:
        free = tuple(dim for dim in dims if dim in SPATIAL)
        at = var.dims.index("...")
        wanted = (*var.dims[:at], *free, *var.dims[at + 1 :])
    else:
        wanted = var.dims
    if dims != wanted:
        yield f"dims {dims} instead of {wanted}"
    if found.attrs.get("units") != var.units and (
        var.units != ANY_UNIT or "units" not in found.attrs
    ):
        yield f"units {found.attrs.get('units')!r} instead of {var.units!r}"
    kinds = _ANY_OF[var.dtype] if var.dtype in _ANY_OF else np.dtype(var.dtype).kind
    if np.dtype(found.dtype).kind not in kinds:
        yield f"dtype {found.dtype} instead of {var.dtype}"


def explained(dataset: xr.Dataset, contract: Contract) -> xr.Dataset:
    """Copy that carries the contract's meaning in the CF attributes of each variable."""
    product = dataset.copy()
    for name in product.variables:
        var = contract[str(name)]
        attrs = product[name].attrs
        attrs["long_name"] = str(name).replace("_", " ")
        attrs["comment"] = " ".join(filter(None, [var.meaning, attrs.get("comment")]))
        ancillary = [other for other in var.ancillary if other in product]
        if ancillary:
            attrs["ancillary_variables"] = " ".join(ancillary)
        if var.dtype not in ("any", "U") and product[name].dtype != var.dtype:
            product[name] = product[name].astype(var.dtype).assign_attrs(attrs)
    return product
