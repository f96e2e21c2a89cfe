"""Pictures as data URIs, small enough to stand in a page."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

KEPT_BYTES = 350_000
"""A figure whose PNG is no larger is embedded as it is."""
FIGURE_PIXELS = 1200
"""Width of the other figures: 170 dpi at 178 mm, the width of two columns."""
IMAGE_PIXELS = 480
"""Longest side of micrographs in the linked view: a pixel of a screen for each."""
CONTRAST_PERCENT = (0.5, 99.5)
"""Percentiles shown as black and white, those of image panels."""
_FIGURE_QUALITY = 82
_IMAGE_QUALITY = 72


@dataclass(frozen=True)
class Picture:
    """A data URI with the size of what it shows; ``said`` tells what was lost."""

    uri: str
    width: int
    height: int
    said: str


def of_figure(path: Path) -> Picture:
    """A figure, downsampled where its PNG is large."""
    with Image.open(path) as picture:
        width, height = picture.size
        if path.stat().st_size <= KEPT_BYTES:
            return Picture(_uri(path.read_bytes(), "png"), width, height, "")
        shown = picture.convert("RGB")
    if width > FIGURE_PIXELS:
        shown = shown.resize((FIGURE_PIXELS, round(height * FIGURE_PIXELS / width)), reducing_gap=2)
    said = f"Shown {shown.width} of {width} pixels wide, as JPEG; the files have all."
    return Picture(_jpeg(shown, _FIGURE_QUALITY), *shown.size, said)


def of_image(intensity: NDArray[np.number]) -> Picture:
    """A micrograph (y, x) between percentiles of its intensity, means over blocks of pixels."""
    height, width = intensity.shape
    low, high = np.percentile(intensity, CONTRAST_PERCENT)
    span = max(float(high) - float(low), np.finfo("f4").tiny)
    grey = np.clip((intensity.astype("f4") - low) / span, 0, 1)
    shown = Image.fromarray((255 * grey).astype("u1"))
    scale = IMAGE_PIXELS / max(height, width)
    if scale < 1:
        size = round(width * scale), round(height * scale)
        shown = shown.resize(size, Image.Resampling.BOX)
    said = f"{shown.width} × {shown.height} of {width} × {height} pixels"
    return Picture(_jpeg(shown, _IMAGE_QUALITY), *shown.size, said)


def _jpeg(picture: Image.Image, quality: int) -> str:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=0)
    return _uri(file.getvalue(), "jpeg")


def _uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
