"""By what the beginning of a file of spectra is known, for formats whose readers are elsewhere."""

import struct

PERKIN_ELMER = b"PEPE"
LABSPEC = "<LSX_Data"
NEW, OLD = 0x4B, 0x4D
"""Second byte of Galactic's files: little-endian since 1996, and that of Lab Calc before."""
HEADER = struct.Struct("<BBBbIddI3B")
"""Of a new file: flags, version, experiment, exponent, points, first and last position, number of
spectra, codes of the axes."""
OLD_HEADER = struct.Struct("<BBh3f2B")
"""Of an old file: flags, version, exponent, points, first and last position, codes."""
_SHORTEST = 256


def is_galactic(head: bytes) -> bool:
    """Whether a file begins like one of Galactic's: its version, and plausible numbers.

    The version is a single byte, so that the numbers of points and of spectra, and the codes of
    both axes, must be possible too; texts have no byte 0.
    """
    if len(head) < _SHORTEST or head[1] not in (NEW, OLD) or 0 not in head[:_SHORTEST]:
        return False
    if head[1] == OLD:
        _, _, _, points, first, last, x, y = OLD_HEADER.unpack_from(head)
        return bool(
            points == points and 1 <= points < 2**24 and x < 32 and first != last and y < 140
        )
    _, _, _, _, count, first, last, spectra, x, y, _ = HEADER.unpack_from(head)
    return bool(count < 2**28 and spectra < 2**20 and x < 32 and y < 140 and first == first)
