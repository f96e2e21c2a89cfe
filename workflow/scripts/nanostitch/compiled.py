"""Loops in machine code, compiled once and kept beside the source.

A compiled function holds copies of those that it calls, of other modules too, and numba looks only
at the file of its own. So what is kept lies in a folder named by the digest of all of them.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

PACKAGE = Path(__file__).parent
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_SEVERAL_AT_A_TIME = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy"}
"""What lets a sum be taken in parts: any order, and no look at each divisor. Nothing here lets NaN
or infinity be taken for absent."""


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function of numbers and arrays; it runs without holding other threads up.

    Sums keep their order, so that results are the same bytes on one core and on many. Where no
    folder can be written to, nothing is kept and each process compiles anew.
    """
    return _compiled(function, {})


def compiled_sums(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile likewise a function that is mostly sums over channels.

    They are taken in as many parts as the machine works on at a time, in the same way on each
    run and however many threads there are; machines of another kind may round differently.
    """
    return _compiled(function, _SEVERAL_AT_A_TIME)


def _folder() -> Path:
    """Folder of what was compiled from these very sources."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if b"nanostitch.compiled" in source:
            digest.update(source)
    return PACKAGE / "__pycache__" / f"compiled-{digest.hexdigest()[:16]}"


_config: Any = numba.config
if not _config.CACHE_DIR:
    _config.CACHE_DIR = str(_folder())


def _compiled(
    function: Callable[_Arguments, _Result], options: dict[str, Any]
) -> Callable[_Arguments, _Result]:
    try:
        found = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:
        found = numba.njit(nogil=True, **options)(function)
    return cast(Callable[_Arguments, _Result], found)
