"""The derivation id that a figure file carries, wherever it was copied to.

``draw.save`` writes it as ``Keywords`` of a PDF, ``Identifier`` of a PNG and ``dc:identifier``
of an SVG. Only the part of the file that holds metadata is looked at: an id that is merely
printed in a figure does not count.
"""

import re
import struct
from pathlib import Path

_ID = rb"sha256:[0-9a-f]{64}"
_PATTERNS = {
    ".pdf": re.compile(rb"/Keywords\s*\((" + _ID + rb")\)"),
    ".svg": re.compile(rb"<dc:identifier>\s*(" + _ID + rb")\s*</dc:identifier>"),
}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD = struct.Struct(">I4s")
_PNG_CHECKSUM_BYTES = 4


def read(path: Path) -> str | None:
    """Derivation id of the data that a figure shows; None where the file carries none."""
    if path.suffix.lower() == ".png":
        return _of_png(path.read_bytes())
    pattern = _PATTERNS.get(path.suffix.lower())
    found = pattern.search(path.read_bytes()) if pattern else None
    return found[1].decode() if found else None


def _of_png(data: bytes) -> str | None:
    """Id in the text chunk ``Identifier`` (PNG specification, 3rd edition, section 11.3.3)."""
    if not data.startswith(_PNG_SIGNATURE):
        return None
    place = len(_PNG_SIGNATURE)
    while place + _PNG_HEAD.size <= len(data):
        size, kind = _PNG_HEAD.unpack_from(data, place)
        begin = place + _PNG_HEAD.size
        keyword, _, text = data[begin : begin + size].partition(b"\0")
        if kind == b"tEXt" and keyword == b"Identifier" and re.fullmatch(_ID, text):
            return text.decode()
        place = begin + size + _PNG_CHECKSUM_BYTES
    return None
