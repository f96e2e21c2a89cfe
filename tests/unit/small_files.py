"""Small files of each format that can be written here, whole ones for the tests to damage."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rsciio.hspy import file_writer as write_hspy
from rsciio.msa import file_writer as write_msa
from rsciio.ripple import file_writer as write_rpl
from rsciio.tiff import file_writer as write_tiff
from rsciio.zspy import file_writer as write_zspy
from written_signals import axis, bare_signal

SECONDS = 5.0
"""In which any damaged file ends."""


def image() -> dict[str, Any]:
    axes = [axis("y", 16, 0.2, 0.0, "nm", False), axis("x", 24, 0.2, 0.0, "nm", False)]
    return bare_signal(np.arange(16 * 24, dtype="u2").reshape(16, 24), axes, "image")


def mrc_bytes(shape: tuple[int, int, int]) -> bytes:
    header = bytearray(1024)
    header[:16] = np.array([*shape, 2], dtype="<u4").tobytes()
    header[208:212] = b"MAP "
    return bytes(header) + np.arange(16 * 24, dtype="<f4").tobytes()


def subjects(folder: Path) -> Iterator[Path]:
    """One small file of each format that can be written here."""
    write_hspy(str(folder / "a.hspy"), image())
    write_zspy(str(folder / "zspy"), image())
    with zipfile.ZipFile(folder / "a.zspy", "w") as archive:
        for file in sorted((folder / "zspy").rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder / "zspy").as_posix())
    write_tiff(str(folder / "a.tif"), image())
    write_rpl(str(folder / "a.rpl"), image())
    spectrum = image() | {"data": np.arange(24.0), "axes": image()["axes"][1:]}
    write_msa(str(folder / "a.msa"), spectrum)
    (folder / "a.mrc").write_bytes(mrc_bytes((24, 16, 1)))
    (folder / "a.txt").write_text("".join(f"{i / 10}\t{i}\n" for i in range(50)))
    buffer = io.BytesIO()
    Image.fromarray(image()["data"].astype("u1")).save(buffer, "jpeg")
    (folder / "a.jpg").write_bytes(buffer.getvalue())
    yield from sorted(path for path in folder.iterdir() if path.is_file())
