"""Sums over blocks of pixels, and back to pixels by interpolation."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]


def block_sum(values: Single | Mask | Array, block: NDArray[np.int_]) -> Array:
    """Sums over blocks of so many pixels along y and x; the last ones may hold fewer."""
    rows, columns = (
        np.arange(0, size, step) for size, step in zip(values.shape, block, strict=True)
    )
    along = np.add.reduceat(values, rows, axis=0, dtype=np.float64)
    return np.asarray(np.add.reduceat(along, columns, axis=1))


def enlarged(
    coarse: Array, shape: tuple[int, ...], block: NDArray[np.int_] | None = None
) -> Single:
    """Bilinear interpolation from the centres of blocks to pixels, constant beyond them."""
    steps = np.array(shape) / np.array(coarse.shape) if block is None else block
    rows, columns = (
        _interpolation(size, few, step)
        for size, few, step in zip(shape, coarse.shape, steps, strict=True)
    )
    along = columns @ coarse.T.astype(np.float32)
    fine: Single = rows @ np.ascontiguousarray(along.T)
    return fine


def _interpolation(size: int, few: int, step: float) -> sparse.csr_array:
    """Matrix from values at the centres of blocks to the pixels of one axis."""
    at = np.clip((np.arange(size) + 0.5) / step - 0.5, 0, few - 1)
    left = np.minimum(at.astype(int), max(few - 2, 0))
    share = (at - left).astype(np.float32)
    pixel = np.arange(size)
    entries = (
        np.concatenate([1 - share, share]),
        (
            np.concatenate([pixel, pixel]),
            np.concatenate([left, np.minimum(left + 1, few - 1)]),
        ),
    )
    return sparse.csr_array(entries, shape=(size, few))
