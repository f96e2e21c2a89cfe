"""Spectra of pixels, some rows of the scan at a time: a map never lies in memory as a whole."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.eels.channels import Array, width_ev

PIXELS = 2048
"""Spectra in a block: a strip of chunks across a map, as its file holds them."""
_CHUNK_ROWS = 16
"""Rows of a map that lie in the same chunks of its file."""


@dataclass(frozen=True)
class Block:
    """Spectra of neighbouring pixels on one energy axis.

    Attributes
    ----------
    first
        Number of the first pixel, counted along x, then y; the others follow it.
    counts
        Recorded counts, moved by whole channels, with spikes replaced; dims (pixel, channel).
        NaN in pixels that cannot be placed on the axis.
    energy
        Centres of the channels, multiples of the dispersion [eV].
    shift_ev
        Where the zero-loss peak of each pixel lies on that axis, within half a channel [eV]; NaN
        where there is none or where it lies too far from those of the others.
    """

    first: int
    counts: Array
    energy: Array
    shift_ev: Array


@dataclass(frozen=True)
class RawBlock:
    """Spectra as recorded, dims (pixel, channel), and the number of the first of their pixels."""

    first: int
    counts: NDArray[Any]


def pixel_blocks(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    window_ev: tuple[float, float],
    *,
    pixels: int = PIXELS,
) -> Iterator[Block]:
    """Pixel spectra around their zero-loss peak, in blocks, moved by whole channels.

    No spectrum is resampled: noise stays that of independent counts. What is read at ``e`` on
    the axis of a block lies ``e - shift_ev`` above the zero-loss peak of the pixel.

    Parameters
    ----------
    raw
        As ``contracts.raw.RAW_EELS`` says, in memory or opened lazily: then a block reads no more
        than its own rows and channels, while the one before it is worked upon.
    aligned
        What :func:`nanostitch.eels.zero_loss.align` made of it.
    window_ev
        First and last energy that is asked for [eV]; channels that ``aligned`` does not cover
        are left out.
    pixels
        About how many spectra a block holds.

    Yields
    ------
    Block
        In the order of the pixels.
    """
    width = width_ev(aligned)
    offset = aligned["zlp_offset"].to_numpy().ravel().astype(float)
    offset = np.where(usable(aligned), offset, np.nan)
    at = (offset - float(raw["energy"][0])) / width_ev(raw)
    nearest = np.where(np.isfinite(at), np.rint(at), 0).astype(int)
    covered = aligned["energy"].to_numpy()[[0, -1]] / width
    first = int(np.ceil(max(window_ev[0] / width, covered[0]) - _SLACK))
    last = int(np.floor(min(window_ev[1] / width, covered[1]) + _SLACK))
    if np.isfinite(at).any():
        recorded = nearest[np.isfinite(at)]
        first = max(first, -int(recorded.min()))
        last = min(last, raw.sizes["energy"] - 1 - int(recorded.max()))
    energy = width * np.arange(first, last + 1)
    spikes = [aligned[f"spike_{name}"].to_numpy() for name in ("pixel", "channel", "replacement")]

    def channels(rows: slice) -> slice:
        known = nearest[rows][np.isfinite(at[rows])]
        low, high = (int(known.min()), int(known.max())) if known.size else (-first, -first)
        return slice(low + first, max(high + last + 1, low + first))

    for rows, found in _read(raw["counts"], pixels, channels):
        shift = (at[rows] - nearest[rows]) * width
        counts = _moved(found, nearest[rows] + first - channels(rows).start, shift, energy.size)
        _despike(counts, rows.start, nearest + first, spikes)
        yield Block(rows.start, counts, np.asarray(energy), shift)


def raw_blocks(raw: xr.Dataset, *, pixels: int = PIXELS) -> Iterator[RawBlock]:
    """Pixel spectra as they were recorded, in blocks.

    Parameters
    ----------
    raw
        As ``contracts.raw.RAW_EELS`` says, in memory or opened lazily.
    pixels
        About how many spectra a block holds.
    """
    everything = slice(0, raw.sizes["energy"])
    for rows, found in _read(raw["counts"], pixels, lambda rows: everything):
        yield RawBlock(rows.start, found)


def first_of(raw: xr.Dataset) -> RawBlock:
    """The first of :func:`raw_blocks`, without reading ahead."""
    counts = raw["counts"].transpose("y", "x", "energy", missing_dims="ignore")
    low, high = _cuts(counts, PIXELS)[0]
    found = (counts[low:high] if counts.ndim > 1 else counts).to_numpy()
    return RawBlock(0, found.reshape(-1, raw.sizes["energy"]))


def usable(aligned: xr.Dataset) -> NDArray[np.bool_]:
    """Pixels (flat) whose zero-loss peak is known and near enough to those of the others."""
    far = quality.raised(aligned["zlp_quality"], "far_shifted").to_numpy().ravel()
    return np.asarray(np.isfinite(aligned["zlp_offset"].to_numpy().ravel()) & ~far)


_SLACK = 1e-6
"""Share of a channel by which an axis may miss the end of a window, for rounding."""


def _read(
    counts: xr.DataArray, pixels: int, channels: Callable[[slice], slice]
) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Pixels of each block and their spectra; the next block is read meanwhile."""
    counts = counts.transpose("y", "x", "energy", missing_dims="ignore")
    inner = int(np.prod(counts.shape[1:-1]))
    cuts = _cuts(counts, pixels)

    def load(low: int, high: int) -> tuple[slice, NDArray[Any]]:
        rows = slice(low * inner, high * inner)
        wanted = counts[..., channels(rows)]
        found = (wanted[low:high] if counts.ndim > 1 else wanted).to_numpy()
        return rows, found.reshape(rows.stop - rows.start, -1)

    with ThreadPoolExecutor(1) as reader:
        ahead: Future[tuple[slice, NDArray[Any]]] = reader.submit(load, *cuts[0])
        for following in [*cuts[1:], None]:
            done = ahead.result()
            if following is not None:
                ahead = reader.submit(load, *following)
            yield done


def _cuts(counts: xr.DataArray, pixels: int) -> list[tuple[int, int]]:
    """First and last line (of a map, row; of a line scan, pixel) of each block."""
    lines = int(np.prod(counts.shape[:-1][:1]))
    step = max(pixels // int(np.prod(counts.shape[1:-1])), 1)
    if counts.ndim == 3 and step > _CHUNK_ROWS:
        step -= step % _CHUNK_ROWS
    return [(low, min(low + step, lines)) for low in range(0, lines, step)]


def _moved(found: NDArray[Any], starts: NDArray[np.int_], shift: Array, channels: int) -> Array:
    """Spectra from the channel where each starts; NaN where the shift is not known."""
    counts = np.empty((len(found), channels))
    for row, start in enumerate(starts.tolist()):
        counts[row] = found[row, start : start + channels] if np.isfinite(shift[row]) else np.nan
    return counts


def _despike(
    counts: Array, begin: int, starts: NDArray[np.int_], spikes: list[NDArray[Any]]
) -> None:
    """Replace, in place, the spikes of the pixels from ``begin``; channels begin at ``starts``."""
    low, high = np.searchsorted(spikes[0], [begin, begin + len(counts)])
    pixel, channel, replacement = (values[low:high] for values in spikes)
    row, column = pixel - begin, channel - starts[pixel]
    inside = (column >= 0) & (column < counts.shape[1])
    inside[inside] = np.isfinite(counts[row[inside], column[inside]])
    counts[row[inside], column[inside]] = replacement[inside]
