"""Spectra of pixels, some rows of the scan at a time: a map never lies in memory as a whole."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.compiled import compiled, compiled_sums
from nanostitch.eels.channels import Array, Mask, width_ev

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
    wanted: Mask | None = None,
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
    wanted
        Pixels (flat) that are asked for: blocks without any are neither read nor given.

    Yields
    ------
    Block
        In the order of the pixels.
    """
    axis = _axis(raw, aligned, window_ev)
    energy = axis.energy
    for rows, found in _read(raw["counts"], pixels, axis.channels, wanted):
        at, starts = axis.at[rows], axis.within(rows, axis.channels(rows).start)
        shift = (at - np.rint(at)) * axis.width
        counts = _moved(found, starts, np.isfinite(shift), energy.size)
        row, column, value = axis.struck(rows, 0, energy.size)
        inside = np.isfinite(counts[row, column])
        counts[row[inside], column[inside]] = value[inside]
        yield Block(rows.start, counts, energy, shift)


def axis_of(raw: xr.Dataset, aligned: xr.Dataset) -> Array:
    """Axis of the longest of :func:`pixel_blocks` [eV]."""
    return _axis(raw, aligned, (-np.inf, np.inf)).energy


def sums(
    raw: xr.Dataset, aligned: xr.Dataset, ranges: Sequence[slice], *, pixels: int = PIXELS
) -> Array:
    """Counts of every pixel in ranges of channels of :func:`axis_of`, spikes replaced.

    Nothing else of the spectra is needed, so they are added up as they are recorded.

    Parameters
    ----------
    raw, aligned, pixels
        As for :func:`pixel_blocks`.
    ranges
        First channels and those after the last.

    Returns
    -------
    numpy.ndarray
        Dims (range, pixel); NaN in pixels that cannot be placed on the axis.
    """
    axis = _axis(raw, aligned, (-np.inf, np.inf))
    ends = np.array([part.indices(axis.energy.size)[:2] for part in ranges])
    least, most = int(ends.min()), int(ends.max())

    def channels(rows: slice) -> slice:
        whole = axis.channels(rows)
        return slice(whole.start + least, whole.stop - axis.energy.size + most)

    total = np.full((len(ranges), axis.at.size), np.nan)
    for rows, found in _read(raw["counts"], pixels, channels):
        starts = axis.within(rows, channels(rows).start)
        here = _summed(found, starts, np.isfinite(axis.at[rows]), ends)
        row, column, value = axis.struck(rows, least, most)
        more = value - found[row, starts[row] + column]
        for k, (low, high) in enumerate(ends):
            inside = (low <= column) & (column < high)
            np.add.at(here[k], row[inside], more[inside])
        total[:, rows] = here
    return total


@dataclass(frozen=True)
class _Axis:
    """Axis of the blocks of a scan, and where it lies on that of each pixel.

    ``at`` is the place of the zero-loss peak in the recorded channels (pixel,), NaN where it is
    not to be used, ``starts`` the recorded channel in which the axis begins.
    """

    energy: Array
    width: float
    at: Array
    starts: NDArray[np.int32]
    spikes: tuple[NDArray[Any], ...]

    def channels(self, rows: slice) -> slice:
        """Recorded channels that hold the axis of some pixels."""
        starts = self.starts[rows][np.isfinite(self.at[rows])]
        low, high = (int(starts.min()), int(starts.max())) if starts.size else (0, 0)
        return slice(low, high + max(self.energy.size, 1))

    def within(self, rows: slice, first: int) -> NDArray[np.int_]:
        """Where the axis of some pixels begins in the channels read from ``first`` on."""
        return self.starts[rows].astype(int) - first

    def struck(
        self, rows: slice, least: int, most: int
    ) -> tuple[NDArray[np.int_], NDArray[np.int_], Array]:
        """Spikes of some pixels: row, channel of the axis, what stands in for the counts.

        From the channel ``least`` to the one before ``most``.
        """
        low, high = np.searchsorted(self.spikes[0], [rows.start, rows.stop])
        pixel, channel, replacement = (values[low:high] for values in self.spikes)
        column = channel - self.starts[pixel]
        inside = (column >= least) & (column < most) & np.isfinite(self.at[pixel])
        return pixel[inside] - rows.start, column[inside], replacement[inside]


def _axis(raw: xr.Dataset, aligned: xr.Dataset, window_ev: tuple[float, float]) -> _Axis:
    width = width_ev(aligned)
    offset = aligned["zlp_offset"].to_numpy().ravel()
    # In place, small: of a large map each copy counts.
    at = np.where(usable(aligned), offset, np.nan).astype(float, copy=False)
    at -= float(raw["energy"][0])
    at /= width_ev(raw)
    known = np.isfinite(at)
    nearest = np.zeros(at.size, np.int32)
    nearest[known] = np.rint(at[known])
    covered = aligned["energy"].to_numpy()[[0, -1]] / width
    first = int(np.ceil(max(window_ev[0] / width, covered[0]) - _SLACK))
    last = int(np.floor(min(window_ev[1] / width, covered[1]) + _SLACK))
    if known.any():
        recorded = nearest[known]
        first = max(first, -int(recorded.min()))
        last = min(last, raw.sizes["energy"] - 1 - int(recorded.max()))
    energy = width * np.arange(first, last + 1)
    spikes = (aligned[f"spike_{name}"].to_numpy() for name in ("pixel", "channel", "replacement"))
    nearest += first
    return _Axis(np.asarray(energy), width, at, nearest, tuple(spikes))


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


def usable(aligned: xr.Dataset) -> NDArray[np.bool_]:
    """Pixels (flat) whose zero-loss peak is known and near enough to those of the others."""
    far = quality.raised(aligned["zlp_quality"], "far_shifted").to_numpy().ravel()
    return np.asarray(np.isfinite(aligned["zlp_offset"].to_numpy().ravel()) & ~far)


_SLACK = 1e-6
"""Share of a channel by which an axis may miss the end of a window, for rounding."""


def _read(
    counts: xr.DataArray,
    pixels: int,
    channels: Callable[[slice], slice],
    wanted: Mask | None = None,
) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Pixels of each block and their spectra; the next block is read meanwhile."""
    counts = counts.transpose("y", "x", "energy", missing_dims="ignore")
    inner = int(np.prod(counts.shape[1:-1]))
    cuts = _cuts(counts, pixels)
    if wanted is not None:
        cuts = [(a, b) for a, b in cuts if wanted[a * inner : b * inner].any()]
        if not cuts:
            return

    def load(low: int, high: int) -> tuple[slice, NDArray[Any]]:
        rows = slice(low * inner, high * inner)
        wanted = counts[..., channels(rows)]
        found = (wanted[low:high] if counts.ndim > 1 else wanted).to_numpy()
        return rows, np.ascontiguousarray(found.reshape(rows.stop - rows.start, -1))

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


@compiled
def _moved(
    found: NDArray[Any], starts: NDArray[np.int_], known: NDArray[np.bool_], channels: int
) -> Array:
    """Spectra from the channel where each starts; NaN where it is not known."""
    counts = np.empty((len(found), channels))
    for row in range(len(found)):
        if known[row]:
            here = found[row, starts[row] : starts[row] + channels]
            for channel in range(channels):
                counts[row, channel] = here[channel]
        else:
            counts[row] = np.nan
    return counts


@compiled_sums
def _summed(
    found: NDArray[Any], starts: NDArray[np.int_], known: NDArray[np.bool_], ends: NDArray[np.int_]
) -> Array:
    """Sums (range, spectrum) over ranges that begin where each spectrum starts."""
    total = np.full((len(ends), len(found)), np.nan)
    for row in range(len(found)):
        if known[row]:
            for k in range(len(ends)):
                here = found[row, starts[row] + ends[k, 0] : starts[row] + ends[k, 1]]
                value = 0.0
                for channel in range(here.size):
                    value += here[channel]
                total[k, row] = value
    return total
