"""Numbers in words: which of them have no number of a product behind them."""

import re
from collections.abc import Collection, Iterable, Iterator

import numpy as np
import xarray as xr

_NUMBER = re.compile(r"(?<![A-Za-z_\d.])[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
MOST = 5000
"""Numbers of a variable above which it is an image or a spectrum, which no caption quotes."""
CONVENTIONS = ("95 %", "95\xa0%", "p < 0.001")
"""What a caption says of how intervals and p values are written."""


def unsourced(text: str, numbers: Iterable[float], labels: Collection[str]) -> list[str]:
    """Numbers in a text that are none of those known, rounded as they are written.

    Parameters
    ----------
    text
        A caption or a title.
    numbers
        Every number that may be stated.
    labels
        Texts that may hold numbers by themselves: conditions, samples, questions, units.
    """
    said = {label for label in labels if any(letter.isalpha() for letter in label)}
    for label in sorted({*said, *CONVENTIONS}, key=len, reverse=True):
        text = text.replace(label, " ")
    known = np.array([*numbers], dtype=float)
    known = known[np.isfinite(known)]
    return [found for found in _NUMBER.findall(text) if not _known(found, known)]


def of_panel(node: xr.Dataset, labels: Collection[str]) -> list[str]:
    """Numbers of the caption of a collected panel that are in none of its variables."""
    own = [*labels, *_texts(node)]
    return unsourced(str(node.attrs["caption"]), _numbers(node), own)


def _known(written: str, known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    plain = written.replace("−", "-")
    value = float(plain)
    if "e" in plain:
        return bool(np.isclose(known, value, rtol=1e-2).any())
    decimals = len(plain.partition(".")[2])
    # Half a unit of the last digit, or of the third significant one of a large number.
    digits = len(plain.partition(".")[0].lstrip("+-"))
    step = 0.5 * 10.0 ** max(-decimals, (digits - 3) if decimals == 0 else -decimals)
    return bool((np.abs(known - value) <= step * (1 + 1e-6)).any())


def _numbers(node: xr.Dataset) -> Iterator[float]:
    for variable in node.variables.values():
        if variable.dtype.kind in "fiu" and variable.size <= MOST:
            yield from np.asarray(variable.values, dtype=float).ravel()


def _texts(node: xr.Dataset) -> Iterator[str]:
    for variable in node.variables.values():
        if variable.dtype.kind in "OUT" and variable.size <= MOST:
            yield from map(str, variable.values.ravel())
    yield from (str(value) for value in node.attrs.get("acquisitions", "").split())
    yield str(node.attrs.get("title", ""))
