"""Hold an image against an earlier one of the same place.

The step ``change``: register both, follow each particle, and weigh by what they became fewer.
"""

import numpy as np
import xarray as xr

from nanostitch import intervals, quality
from nanostitch.adf import balance, fates, mechanism
from nanostitch.adf import change_product as product
from nanostitch.adf.registration import Registration, register
from nanostitch.intervals import Number

_OVER_BOUNDS = 1.2
"""How far a fit may leave the rotations and scales searched, as a factor, before it is refused."""
_DISTORTION_PIXELS = 0.1
"""Standard uncertainty of a place by drift and jitter within either scan, which shift, rotation and
scale do not describe [pixel]."""


def measure(
    raw: xr.Dataset,
    particles: xr.Dataset,
    before_raw: xr.Dataset,
    before_particles: xr.Dataset,
    *,
    smoothing_nm: float,
    background_length_nm: float,
    largest_rotation_degree: float,
    largest_scale_error: float,
    least_score: float,
    doubtful_score: float,
    least_overlap: float,
    least_change: float,
    least_probability: float,
    fewest_particles: int,
    bootstrap_draws: int,
    seed: int,
) -> xr.Dataset:
    """Register the image before, say what became of each particle, and by which mechanism.

    Parameters
    ----------
    raw, before_raw
        Images of this and of the earlier acquisition (``intensity`` (y, x)).
    particles, before_particles
        Products of the step ``particles`` of both.
    smoothing_nm, background_length_nm, largest_rotation_degree, largest_scale_error
        See :func:`nanostitch.adf.registration.register`.
    least_score, doubtful_score
        Registration scores below which the images do not show the same place, and below which
        that is doubtful [1].
    least_overlap, least_change
        See :func:`nanostitch.adf.fates.follow`.
    least_probability, fewest_particles
        See :func:`nanostitch.adf.mechanism.decide`.
    bootstrap_draws, seed
        Number of bootstrap draws over bodies and seed of their generator.

    Returns
    -------
    xarray.Dataset
        A product that keeps ``contracts.adf.CHANGE``. Where the images do not show the same
        place nothing is followed: numbers are NaN and the verdict is bad and says why.
    """
    where = register(
        raw["intensity"],
        before_raw["intensity"],
        smoothing_nm=smoothing_nm,
        background_length_nm=background_length_nm,
        largest_rotation_degree=largest_rotation_degree,
        largest_scale_error=largest_scale_error,
    )
    refused = _refused(where, least_score, largest_rotation_degree, largest_scale_error)
    if where is None or refused:
        return product.nothing(where, particles, before_particles, refused)
    where = _with_distortion(where, raw, before_raw)
    found = fates.follow(
        where,
        before_particles,
        particles,
        least_overlap=least_overlap,
        least_change=least_change,
    )
    sums = balance.sums(found, where, before_particles, particles)
    numbers = _transform(where) | balance.shares(found)
    numbers |= balance.ratios(sums, where, bootstrap_draws, seed)
    decision = _decision(
        found,
        sums,
        numbers,
        where,
        before_particles,
        particles,
        least_probability,
        fewest_particles,
    )
    reasons = _doubts(where, doubtful_score, sums, fewest_particles, particles, before_particles)
    return product.assembled(
        where, found, sums, numbers, decision, (before_particles, particles), reasons
    )


def _refused(where: Registration | None, least_score: float, rotation: float, scale: float) -> str:
    if where is None:
        return "an image has no contrast: they cannot be registered"
    if not where.score >= least_score:
        return (
            "the images do not show the same place: they are alike no more than mirror images are "
            f"by chance (registration score {where.score:.1f}, least_score {least_score:g})"
        )
    turned, scaled = abs(np.degrees(where.p[2])), abs(np.expm1(where.p[3]))
    if turned > _OVER_BOUNDS * rotation or scaled > _OVER_BOUNDS * scale:
        return (
            f"the image before is turned by {turned:.2g} degree and scaled by {scaled:.2%}, more "
            "than largest_rotation_degree and largest_scale_error allow"
        )
    return ""


def _doubts(
    where: Registration,
    doubtful_score: float,
    sums: balance.Sums,
    fewest: int,
    *products: xr.Dataset,
) -> dict[str, quality.Level]:
    reasons: dict[str, quality.Level] = {}
    if where.score < doubtful_score:
        reasons[
            f"registration score {where.score:.1f} (doubtful_score {doubtful_score:g}): hardly "
            "anything of the image before is left to register by"
        ] = "doubtful"
    if sums.number_before.sum() < fewest:
        reasons[
            f"only {int(sums.number_before.sum())} particles before could be followed "
            f"(fewest_particles {fewest})"
        ] = "doubtful"
    for name, one in zip(("this image", "the image before"), products, strict=True):
        if quality.level(one) == "bad":
            reasons[f"the particles of {name} are bad"] = "doubtful"
    return reasons


def _with_distortion(where: Registration, raw: xr.Dataset, before_raw: xr.Dataset) -> Registration:
    """Add what distorts the scans: at the quarter of the field for rotation and scale."""
    steps = [float(one["x"][1] - one["x"][0]) for one in (raw, before_raw)]
    beside = _DISTORTION_PIXELS * max(steps)
    turning = beside / (raw.sizes["x"] * steps[0] / 4)
    more = np.diag([beside, beside, turning, turning]) ** 2
    return where._replace(covariance=where.covariance + more)


def _transform(where: Registration) -> dict[str, Number]:
    doubt = intervals.NORMAL_95 * np.sqrt(np.diag(where.covariance))
    low, high = where.p - doubt, where.p + doubt
    values = [(float(a), float(b), float(c)) for a, b, c in zip(where.p, low, high, strict=True)]
    turn = values[2]
    degrees = (float(np.degrees(turn[0])), float(np.degrees(turn[1])), float(np.degrees(turn[2])))
    size = (float(np.exp(values[3][0])), float(np.exp(low[3])), float(np.exp(high[3])))
    return {"shift_y": values[0], "shift_x": values[1], "rotation": degrees, "scale": size}


def _decision(
    found: fates.Followed,
    sums: balance.Sums,
    numbers: dict[str, Number],
    where: Registration,
    before: xr.Dataset,
    after: xr.Dataset,
    least_probability: float,
    fewest_particles: int,
) -> mechanism.Decision:
    fate = found.fate
    merged, vanished = int((fate == fates.MERGED).sum()), int((fate == fates.VANISHED).sum())
    kept = int((fate != fates.UNSEEN).sum()) - merged - vanished
    ratio = numbers["area_ratio"][0]
    doubt = balance.area_doubt(sums, where) * ratio if ratio > 0 else 0.0
    here = (found.after_body > 0) | (found.sources == 0)
    return mechanism.decide(
        before["edge_length"].to_numpy()[fate != fates.UNSEEN] * float(np.exp(where.p[3])),
        after["edge_length"].to_numpy()[here],
        linked=mechanism.Linked(kept, merged, vanished, ratio, doubt),
        least_probability=least_probability,
        fewest_particles=fewest_particles,
    )
