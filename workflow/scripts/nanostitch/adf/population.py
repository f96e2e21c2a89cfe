"""Number, sizes and merging of the particles in a field, each with a 95 % interval.

Intervals are of the layer that the field is a sample of: they hold how the particles of one
image attract, repel and order each other, by :mod:`nanostitch.adf.scatter`. What samples and
images of one condition differ by is left to the comparison, which knows several.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.adf import border, scatter
from nanostitch.adf.border import Box
from nanostitch.intervals import NONE, Number

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_REACH = 0.5
"""Share of a side of the field from which a cut body counts as reaching across it: whole ones of
that size are met less often than cut ones, so that weights no longer make up for them."""
_TOLERATED = 0.05
"""Share of the summed edges in bodies that reach across up to which the mean edge is given: what
they could shift it by is then of the order of its usual interval."""
_FEWEST_OF_A_KIND = 10
"""Particles, merged or not, below which their arrangement tells nothing of how they scatter."""


class Sample(NamedTuple):
    """The particles of a part of a field.

    ``size`` [nm] and ``units`` are of the whole ones, one element each, in the order of
    ``whole``; ``reaching`` holds the edges [nm] of those that the border cuts and that reach
    across the part.
    """

    size: Array
    units: Array
    whole: border.Whole
    reaching: Array
    part: Box
    waves: scatter.Waves

    def variance(self, part: Array) -> float:
        """Variance of the sum of what each whole particle contributes."""
        place = self.whole.place_y, self.whole.place_x
        return float(scatter.variance(part, *place, self.waves))


def counted(found: xr.Dataset) -> Mask:
    """For each particle, whether sizes and density are of it: whole and not too small.

    Parameters
    ----------
    found
        Particles with ``touches_border`` and ``quality``.
    """
    small = quality.raised(found["quality"], "too_small").to_numpy()
    return np.asarray(~small & (found["touches_border"].to_numpy() == 0))


def sample(table: xr.Dataset, count: Mask, *, field: Box, part: Box) -> Sample:
    """Particles of a part of a field.

    Parameters
    ----------
    table
        Particles with ``edge_length``, ``units``, ``touches_border`` and their bounding boxes:
        ``middle_y``, ``middle_x``, ``height``, ``width`` [nm].
    count
        Which of them are counted, see :func:`counted`.
    field, part
        The field, and the part of it.
    """
    of = table.isel(particle=count)
    names = ("middle_y", "middle_x", "height", "width")
    whole = border.whole(*(of[name].to_numpy() for name in names), field=field, part=part)
    cut = table.isel(particle=table["touches_border"].to_numpy() == 1)
    high, wide = cut["height"].to_numpy(), cut["width"].to_numpy()
    reaching = (high > _REACH * part.height) | (wide > _REACH * part.width)
    reaching &= (cut["middle_y"] + high / 2 > part.top).to_numpy()
    reaching &= (cut["middle_y"] - high / 2 < part.bottom).to_numpy()
    reaching &= (cut["middle_x"] + wide / 2 > part.left).to_numpy()
    reaching &= (cut["middle_x"] - wide / 2 < part.right).to_numpy()
    return Sample(
        of["edge_length"].to_numpy()[whole.inside],
        of["units"].to_numpy()[whole.inside].astype(float),
        whole,
        cut["edge_length"].to_numpy()[reaching],
        part,
        scatter.waves(part.height, part.width, float(whole.weight.sum())),
    )


def number_density(found: Sample, *, seen_nm2: float) -> Number:
    """Particles per nm², whole ones with their border weights.

    A body that reaches across the field may be one more: the upper bound holds it.

    Parameters
    ----------
    found
        Particles.
    seen_nm2
        Area that could be seen [nm²].
    """
    weight = found.whole.weight
    total = float(weight.sum())
    variance = found.variance(weight)
    independent = total**2 / variance if total else 0.0
    lower, upper = scatter.count_interval(total, independent)
    scale = total if total else 1.0
    more = found.reaching.size
    return total / seen_nm2, lower * scale / seen_nm2, (upper * scale + more) / seen_nm2


def coverage(covered: Mask, seen: Mask, of: scatter.Waves, *, particles_nm2: float) -> Number:
    """Share of the pixels seen that particles cover.

    Parameters
    ----------
    covered, seen
        Which pixels particles cover, and which were seen, dims ``(y, x)``.
    of
        Waves.
    particles_nm2
        Number of the smallest particles that would fill the area seen: where nothing is found,
        so many trials failed.
    """
    total = int(seen.sum())
    if not total:
        return NONE
    share = float((covered & seen).sum() / total)
    variance = scatter.variance_of_field(seen * (covered - share) / total, of)
    uneven = 0 < share < 1 and variance > 0
    independent = share * (1 - share) / variance if uneven else particles_nm2
    return scatter.share_interval(share, independent)


def merged_fraction(found: Sample) -> Number:
    """Share of the particles that hold more than one original crystal.

    Bodies that reach across the field are merged ones that weights do not make up for: each may
    be one more, and the upper bound holds them.
    """
    weight = found.whole.weight
    if not weight.size:
        return np.nan, 0.0, 1.0
    merged = found.units > 1
    share = float(weight[merged].sum() / weight.sum())
    independent = float(weight.sum() ** 2 / (weight**2).sum())
    if min(merged.sum(), (~merged).sum()) >= _FEWEST_OF_A_KIND:
        variance = found.variance(weight * (merged - share) / weight.sum())
        independent = share * (1 - share) / variance if variance else independent
    value, lower, upper = scatter.share_interval(share, independent)
    more = found.reaching.size / (weight.sum() + found.reaching.size)
    return value, lower, upper + (1 - upper) * more


def fusing_index(found: Sample, *, crystals: float) -> Number:
    """Share of the particles that merging has used up: 1 less particles over their crystals.

    Both are of the whole particles with their weights. Where bodies reach across the field, all
    crystals that the field shows are counted instead, and these bodies as one particle each at
    most.

    Parameters
    ----------
    found
        Particles.
    crystals
        Original crystals in the part of the field, by the area that particles cover.
    """
    weight, units = found.whole.weight, found.units
    held = float((weight * units).sum())
    if found.reaching.size:
        least, value, most = (
            max(1 - (bodies + more) / max(crystals, bodies + more), 0.0)
            for bodies, more in zip(_bodies_bounds(found), (found.reaching.size, 0, 0), strict=True)
        )
        return value, least, most
    if not held:
        return NONE
    share = 1 - float(weight.sum()) / held
    if (units > 1).sum() < _FEWEST_OF_A_KIND:
        return scatter.share_interval(share, held)
    variance = found.variance(weight * (1 - (1 - share) * units) / held)
    return scatter.share_interval(share, share * (1 - share) / variance if variance else held)


def _bodies_bounds(found: Sample) -> tuple[float, float, float]:
    """Most, likely and fewest bodies by the weights of the whole ones."""
    value, lower, upper = number_density(found._replace(reaching=np.empty(0)), seen_nm2=1.0)
    return upper, value, lower


def size_mean(found: Sample) -> Number:
    """Mean edge of the whole particles [nm], with border weights.

    Where bodies reach across the field the mean is not known, and that of the whole ones is
    its lower bound.
    """
    if not found.size.size:
        return NONE
    weight = found.whole.weight / found.whole.weight.sum()
    mean = float((weight * found.size).sum())
    error = np.sqrt(found.variance(weight * (found.size - mean)))
    if found.size.size < 3:
        error = np.nan
    value, lower, upper = scatter.log_interval(mean, error / mean)
    return (np.nan, lower, np.nan) if lacks_large_bodies(found) else (value, lower, upper)


def size_sd(found: Sample) -> Number:
    """Standard deviation of the edges of the whole particles [nm], with border weights.

    The scatter of the measurement is part of it. For bodies that reach across the field see
    :func:`size_mean`.
    """
    weight = found.whole.weight
    total = float(weight.sum())
    free = total - float((weight**2).sum()) / total if total else 0.0
    if not free > 0:
        return NONE
    deviation = found.size - float((weight * found.size).sum()) / total
    variance = float((weight * deviation**2).sum()) / free
    if found.size.size < 3 or variance <= 0:
        return float(np.sqrt(variance)), np.nan, np.nan
    error = np.sqrt(found.variance(weight * (deviation**2 / variance - 1) / total)) / 2
    value, lower, upper = scatter.reciprocal_interval(float(np.sqrt(variance)), error)
    return (np.nan, lower, np.nan) if lacks_large_bodies(found) else (value, lower, upper)


def lacks_large_bodies(found: Sample) -> bool:
    """Whether bodies that reach across the field would shift the mean edge noticeably."""
    reaching = float(found.reaching.sum())
    all_edges = reaching + float((found.whole.weight * found.size).sum())
    return reaching > _TOLERATED * all_edges
