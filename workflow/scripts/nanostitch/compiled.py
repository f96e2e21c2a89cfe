"""Loops over spectra in machine code, compiled once and kept beside the source."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function of numbers and arrays; it runs without holding other threads up.

    Sums keep their order, so that results are the same bytes on one core and on many. Where no
    folder can be written to, nothing is kept and each process compiles anew.
    """
    try:
        found = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        found = numba.njit(nogil=True)(function)
    return cast(Callable[_Arguments, _Result], found)
