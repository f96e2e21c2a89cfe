"""Which parts of an image touch, over what length, and how high the signal stays between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf.squares import outlines
from nanostitch.adf.squares.fragments import Binned

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_NECK = 0.9
"""A neck narrower than this share of the narrower of two parts that are no squares parts them."""
_DIP = 0.1
"""So does a dip deeper than this share of their signal; it exceeds their inner variation."""
_STAIRCASE = 4 / np.pi
"""Sides of bins along a straight line, over its length: the mean over all directions."""


class Contacts(NamedTuple):
    """Pairs of parts that share sides of bins."""

    pairs: Labels
    """(pair, 2): indices of the parts, from 0."""
    sides: Labels
    """How many sides of bins they share."""
    saddle: Array
    """Mean signal along those sides."""


def contacts(image: Binned, parts: Labels) -> Contacts:
    """Every pair of parts that touch.

    Parameters
    ----------
    image
        Binned image.
    parts
        Number of the part of each bin, 0 outside.
    """
    count = int(parts.max(initial=0))
    codes, heights = [], []
    for ahead, behind in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        meet = (parts[ahead] != parts[behind]) & (parts[ahead] > 0) & (parts[behind] > 0)
        one, other = parts[ahead][meet].astype(np.int64), parts[behind][meet].astype(np.int64)
        codes.append((np.minimum(one, other) - 1) * count + np.maximum(one, other) - 1)
        heights.append(0.5 * (image.smooth[ahead][meet] + image.smooth[behind][meet]))
    each, where = np.unique(np.concatenate(codes), return_inverse=True)
    sides = np.bincount(where, minlength=each.size)
    saddle = np.bincount(where, np.concatenate(heights), each.size) / np.maximum(sides, 1)
    pairs = np.stack(np.divmod(each, max(count, 1)), axis=1)
    return Contacts(pairs.astype(np.int32), sides.astype(np.int32), saddle)


def continuous(image: Binned, parts: Labels, touching: Contacts) -> Mask:
    """Whether two parts go over into one another: no neck and no dip.

    That is how round and irregular particles are told apart, whose sides a rectangle misses.

    Parameters
    ----------
    image, parts
        See :func:`contacts`.
    touching
        Result of :func:`contacts`.
    """
    first, second = touching.pairs.T
    inside = outlines.members(parts, image.spacing)
    narrow = outlines.rectangles(*inside, image.spacing)[:, 2:4].min(axis=1)
    plateau = np.asarray(ndimage.median(image.smooth, parts, np.arange(1, len(narrow) + 1)))
    neck = touching.sides * float(np.sqrt(np.prod(image.spacing))) / _STAIRCASE
    wide = neck > _NECK * np.minimum(narrow[first], narrow[second])
    level = np.minimum(plateau[first], plateau[second])
    return np.asarray(wide & (touching.saddle > (1 - _DIP) * level))
