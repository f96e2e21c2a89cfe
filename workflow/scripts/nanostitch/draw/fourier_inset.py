"""Inset of a micrograph: its Fourier transform with a reciprocal scale bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import micrograph, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from nanostitch.draw.selection import Panel

SHARE = 0.38
"""Side of the inset over the shorter side of the printed image."""
BAR_SHARE = 0.4
"""Longest reciprocal scale bar over the side of the inset."""
BLACK_PERCENT, WHITE_PERCENT = 50.0, 99.8
"""Percentiles of the logarithmic power shown as black, where noise lies, and as white."""
MARGIN = 0.02
"""Distance of the inset from the edges of the image, over the side of the image."""


def collect(panel: Panel, intensity: xr.DataArray) -> xr.Dataset:
    """Transform the part of an image that the panel shows.

    A Hann window takes the cross that the edges of the image would write. The power is averaged
    over blocks to what print resolves, and shown by its logarithm.

    Returns
    -------
    xarray.Dataset
        ``fourier_power`` (fourier_y, fourier_x) in powers of ten, ``fourier_contrast`` (limit),
        the axes ``fourier_y`` and ``fourier_x`` and ``fourier_scale_bar`` [nm-1].
    """
    image = micrograph.windowed(panel, intensity)
    step = micrograph.steps(image)
    values = np.nan_to_num(image.values.astype("f8") - float(image.mean()))
    window = np.multiply.outer(*(np.hanning(size + 2)[1:-1] for size in image.shape))
    power = np.fft.fftshift(np.abs(np.fft.fft2(values * window)) ** 2)
    axes = [
        np.fft.fftshift(np.fft.fftfreq(size, step[dim]))
        for dim, size in zip(("y", "x"), image.shape, strict=True)
    ]
    limit = min(float(panel.options["fft_limit_per_nm"]), *(-axis[0] for axis in axes))
    inside = [np.flatnonzero(np.abs(axis) <= limit) for axis in axes]
    found = xr.DataArray(
        power[np.ix_(*inside)],
        {f"fourier_{dim}": axis[at] for dim, axis, at in zip("yx", axes, inside, strict=True)},
        ("fourier_y", "fourier_x"),
    )
    return _described(_reduced(found, panel.width_mm))


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the transform in the upper right corner of the image, with its own scale bar."""
    tall, wide = micrograph.extent(data)
    side = SHARE * min(tall, wide)
    free = MARGIN * min(tall, wide)
    box = (1 - (side + free) / wide, 1 - (side + free) / tall, side / wide, side / tall)
    inset = axes.inset_axes(box)
    inset.set_gid("fourier")
    y, x = data["fourier_y"].values, data["fourier_x"].values
    (left, right), (top, bottom) = _ends(x), _ends(y)
    low, high = map(float, data["fourier_contrast"])
    look: dict[str, Any] = {"cmap": "gray", "vmin": low, "vmax": high, "aspect": "auto"}
    inset.imshow(
        data["fourier_power"].values, extent=(left, right, bottom, top), origin="upper", **look
    )
    inset.set_xticks([])
    inset.set_yticks([])
    inset.spines[:].set_visible(True)
    inset.spines[:].set_color("white")
    _draw_bar(data, inset)


def _draw_bar(data: xr.Dataset, inset: Axes) -> None:
    from matplotlib.offsetbox import AnchoredOffsetbox, AuxTransformBox, TextArea, VPacker
    from matplotlib.patches import Rectangle

    length = float(data["fourier_scale_bar"])
    bar = AuxTransformBox(inset.transData)
    bar.add_artist(Rectangle((0, 0), length, length / 8, color="white", linewidth=0))
    label = TextArea(f"{length:g} nm⁻¹", textprops={"color": "white"})
    child = VPacker(children=[label, bar], align="center", sep=1)
    ground = AnchoredOffsetbox(loc="lower left", child=child, pad=0.15, borderpad=0, frameon=True)
    ground.patch.set(facecolor="black", alpha=0.7, linewidth=0)
    inset.add_artist(ground)


def _reduced(power: xr.DataArray, width_mm: float) -> xr.DataArray:
    dots = max(1, style.printed_pixels(SHARE * width_mm))
    blocks = {str(dim): max(1, math.floor(size / dots)) for dim, size in power.sizes.items()}
    return power.coarsen(blocks, boundary="trim").mean()


def _described(power: xr.DataArray) -> xr.Dataset:
    floor = max(float(power.max()) * 1e-12, np.finfo("f8").tiny)
    logarithm = power.copy(data=np.log10(np.maximum(power.values, floor)).astype("f4"))
    low, high = np.percentile(logarithm.values, (BLACK_PERCENT, WHITE_PERCENT))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    text = "Power of the Fourier transform, in powers of ten"
    span = float(power["fourier_x"][-1] - power["fourier_x"][0])
    bar = style.round_number(BAR_SHARE * span)
    data = xr.Dataset({"fourier_power": logarithm.assign_attrs(style.described(text, "1"))})
    for dim in ("fourier_y", "fourier_x"):
        name = f"Spatial frequency along {dim[-1]}"
        data[dim].attrs = style.described(name, "nm-1")
    ends = np.array([low, high], "f8")
    data["fourier_contrast"] = ("limit", ends, style.described("Power as black and white", "1"))
    data["fourier_scale_bar"] = ((), bar, style.described("Reciprocal scale bar", "nm-1"))
    return data


def _ends(axis: NDArray[np.float64]) -> tuple[float, float]:
    half = 0.5 * (axis[-1] - axis[0]) / (len(axis) - 1)
    return float(axis[0] - half), float(axis[-1] + half)
