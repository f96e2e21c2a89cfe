"""Quality that travels with the data: CF flag variables and a verdict for each product.

A flag names what is wrong with one datum, a verdict says what a comparison may do with the
whole product: use it (good), use it with a remark (doubtful) or leave it out (bad).
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import xarray as xr

Level = Literal["good", "doubtful", "bad"]
LEVELS: tuple[Level, ...] = ("good", "doubtful", "bad")


def flags(raised: Mapping[str, xr.DataArray | bool]) -> xr.DataArray:
    """Pack named conditions into one CF bit field, in the order given.

    Parameters
    ----------
    raised
        For each flag's name (lower case, no spaces) where it is raised: boolean arrays that
        broadcast against each other, or one boolean for all data.

    Returns
    -------
    xarray.DataArray
        Unsigned bit field with the CF attributes ``flag_masks`` and ``flag_meanings``.
    """
    masks = np.array([1 << bit for bit in range(len(raised))], dtype="u2")
    packed = xr.DataArray(np.uint16(0))
    for mask, where in zip(masks, raised.values(), strict=True):
        packed = packed | xr.DataArray(where).astype("u2") * mask
    return packed.astype("u2").assign_attrs(flag_masks=masks, flag_meanings=" ".join(raised))


def raised(field: xr.DataArray, name: str) -> xr.DataArray:
    """Where the flag ``name`` of a CF bit field is set (boolean, dims of ``field``).

    Raises
    ------
    KeyError
        If the field has no flag of that name.
    """
    meanings = str(field.attrs["flag_meanings"]).split()
    if name not in meanings:
        raise KeyError(f"no flag {name!r} among {meanings}")
    mask = np.atleast_1d(field.attrs["flag_masks"])[meanings.index(name)]
    found: xr.DataArray = (field & mask) != 0
    return found


def verdict(reasons: Mapping[str, Level]) -> xr.DataArray:
    """Sum up a product: the worst level among the reasons, which are kept as text.

    Parameters
    ----------
    reasons
        For each sentence that says what is wrong, how much it weighs; empty for good data.
    """
    worst = max((LEVELS.index(level) for level in reasons.values()), default=0)
    return xr.DataArray(
        np.int8(worst),
        attrs={
            "flag_values": np.arange(len(LEVELS), dtype="i1"),
            "flag_meanings": " ".join(LEVELS),
            "reasons": "; ".join(reasons),
        },
    )


def level(product: xr.Dataset) -> Level:
    """Verdict of a product as a word."""
    return LEVELS[int(product["verdict"])]


def words(field: xr.DataArray) -> str:
    """Names of the flags that one datum (a scalar of a CF bit field) raises, comma-separated."""
    meanings = str(field.attrs["flag_meanings"]).split()
    masks = np.atleast_1d(field.attrs["flag_masks"])
    return ", ".join(m for m, mask in zip(meanings, masks, strict=True) if int(field) & int(mask))
