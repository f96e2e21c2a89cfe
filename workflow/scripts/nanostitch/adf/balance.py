"""Areas and sizes before and after: of each body, and of all that were followed."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from nanostitch import intervals
from nanostitch.adf import fates
from nanostitch.adf.registration import Registration
from nanostitch.intervals import NONE, NORMAL_95, Number

Array = NDArray[np.float64]

_TAIL = 0.025


class Sums(NamedTuple):
    """Of each body, and of each particle without one: areas [nm2], edges [nm] and numbers."""

    area_before: Array
    area_after: Array
    variance_before: Array
    variance_after: Array
    edges_before: Array
    edges_after: Array
    number_before: Array
    number_after: Array


def shares(found: fates.Followed) -> dict[str, Number]:
    """Shares of the particles that were followed, by fate, with Wilson's interval.

    Notes
    -----
    Wilson, J. Am. Stat. Assoc. 22 (1927) 209, doi:10.1080/01621459.1927.10502953.
    """
    fate = found.fate[found.fate != fates.UNSEEN]
    kept = int(np.isin(fate, (fates.KEPT, fates.GROWN, fates.SHRUNK)).sum())
    merged, vanished = ((fate == one).sum() for one in (fates.MERGED, fates.VANISHED))
    counts = {"kept": kept, "joined": int(merged), "vanished": int(vanished)}
    return {f"{name}_fraction": _share(count, fate.size) for name, count in counts.items()}


def sums(found: fates.Followed, where: Registration, before: xr.Dataset, after: xr.Dataset) -> Sums:
    """Bodies first, then those that vanished, then those that are new."""
    scale = float(np.exp(where.p[3]))
    lost = found.fate == fates.VANISHED
    body0 = np.where(lost, found.bodies + np.cumsum(lost), found.before_body)
    new = found.sources == 0
    body1 = np.where(new, found.bodies + lost.sum() + np.cumsum(new), found.after_body)
    count = int(found.bodies + lost.sum() + new.sum())
    of0, of1 = (
        [
            one["area"].to_numpy(),
            fates.area_uncertainty(one) ** 2,
            one["edge_length"].to_numpy(),
            np.ones(one.sizes["particle"]),
        ]
        for one in (before, after)
    )
    a0, v0, e0, n0 = (_of_bodies(body0, values, count) for values in of0)
    a1, v1, e1, n1 = (_of_bodies(body1, values, count) for values in of1)
    return Sums(a0 * scale**2, a1, v0 * scale**4, v1, e0 * scale, e1, n0, n1)


def _of_bodies(body: NDArray[np.int64], values: Array, count: int) -> Array:
    return np.asarray(np.bincount(body, values, count + 1)[1:], dtype=np.float64)


def ratios(of: Sums, where: Registration, draws: int, seed: int) -> dict[str, Number]:
    """Ratio of areas and change of the mean edge, by a bootstrap over bodies."""
    if not of.area_before.sum() > 0:
        return {"area_ratio": NONE, "size_change": NONE}
    count = of.area_before.size
    weight = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (weight @ of.area_after) / (weight @ of.area_before)
        change = (weight @ of.edges_after) / (weight @ of.number_after)
        change -= (weight @ of.edges_before) / (weight @ of.number_before)
    value = float(of.area_after.sum() / of.area_before.sum())
    area = intervals.widened(intervals.summary(ratio, value), area_doubt(of, where) * value)
    area = (area[0], max(area[1], 0.0), area[2])
    if value == 0:
        # No event among so many: the share that 2.5 % of such samples would miss.
        area = (0.0, 0.0, float(1 - _TAIL ** (1 / of.number_before.sum())))
    if not of.number_after.sum():
        return {"area_ratio": area, "size_change": NONE}
    mean = float(of.edges_after.sum() / of.number_after.sum())
    mean -= float(of.edges_before.sum() / of.number_before.sum())
    edge = float(of.edges_before.sum() / of.number_before.sum())
    scaled = edge * float(np.sqrt(where.covariance[3, 3]))
    size = intervals.widened(intervals.summary(change, mean), scaled)
    return {"area_ratio": area, "size_change": size}


def area_doubt(of: Sums, where: Registration) -> float:
    """Relative uncertainty of the ratio of areas by outlines and scale."""
    before = np.sqrt(of.variance_before.sum()) / of.area_before.sum()
    after = np.sqrt(of.variance_after.sum()) / max(float(of.area_after.sum()), 1e-300)
    return float(np.sqrt(before**2 + after**2 + 4 * where.covariance[3, 3]))


def body_ratios(of: Sums, bodies: int, where: Registration) -> tuple[Array, Array, Array]:
    """Ratio of areas of each body with its 95 % interval, which is even in the logarithm."""
    area0, area1 = of.area_before[:bodies], of.area_after[:bodies]
    ratio = area1 / area0
    variance = of.variance_before[:bodies] / area0**2 + of.variance_after[:bodies] / area1**2
    factor = np.exp(NORMAL_95 * np.sqrt(variance + 4 * where.covariance[3, 3]))
    return ratio, ratio / factor, ratio * factor


def _share(count: int, total: int) -> Number:
    if not total:
        return NONE
    interval = stats.binomtest(count, total).proportion_ci(method="wilson")
    return count / total, float(interval.low), float(interval.high)
