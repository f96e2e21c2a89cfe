"""Pictures (png, jpg, bmp, gif): grey values without any scale."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from .model import Axis, Signal


def read(path: Path) -> list[Signal]:
    """Grey values of a picture, dims ``(y, x)``.

    Raises
    ------
    FormatError
        If the picture is damaged, or in colours: a colour scale is no measured signal.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            plain = picture.convert("RGBA") if picture.mode in ("P", "PA", "1") else picture
            values = np.asarray(plain)
    except Exception as error:  # whatever a damaged file makes the library stumble over
        raise FormatError(f"{path}: damaged picture ({error})") from error
    nothing = float("nan")
    grey = _grey(path, values)
    axes = tuple(
        Axis(name, size, nothing, nothing, "", False)
        for name, size in zip("yx", grey.shape, strict=True)
    )
    return [Signal(grey, axes, path.stem, "")]


def _grey(path: Path, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.ndim == 2:
        return values
    colours = values[..., :3] if values.shape[-1] > 2 else values[..., :1]
    if (colours != colours[..., :1]).any():
        raise FormatError(
            f"{path}: a colour picture; export the grey values of the detector instead"
        )
    return np.ascontiguousarray(colours[..., 0])
