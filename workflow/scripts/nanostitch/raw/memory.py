"""A bound on the memory that a file may make its library take.

Most promises are held against the file before a library sees it; this bound is for those that
only the library understands. The system then refuses the allocation, so that nothing is filled.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from nanostitch.errors import FormatError

from .companions import companions

ALWAYS_FINE_BYTES = 8 * 2**30
"""What any file may take: a map of 1000 by 1000 pixels with 4096 channels of 16 bits."""
EXPANSION = 64
"""What a larger file may take beyond that, in multiples of its size."""
_STATM = Path("/proc/self/statm")


@contextlib.contextmanager
def bounded(path: Path) -> Iterator[None]:
    """Within it, more memory than a file of its size can need is refused.

    Raises
    ------
    FormatError
        If reading asked for more.
    """
    allowance = ALWAYS_FINE_BYTES + EXPANSION * sum(
        file.stat().st_size for file in (path, *companions(path)) if file.is_file()
    )
    try:
        with _limited(allowance):
            yield
    except MemoryError as error:
        raise FormatError(
            f"{path}: reading it takes more memory than there is, or than the {allowance >> 20} MiB"
            " that a file of its size can need; is it damaged?"
        ) from error


@contextlib.contextmanager
def _limited(allowance: int) -> Iterator[None]:
    """Limit the address space of this process, where the system can, and lift the limit again."""
    if not _STATM.is_file():
        yield
        return
    import resource  # which systems without such limits lack

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(_STATM.read_text("ascii").split()[0]) * resource.getpagesize()
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([mapped + allowance, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
