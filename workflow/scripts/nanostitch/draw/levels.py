"""Levels of a comparison, particle, image and sample: what is pooled and how well it is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage, stats

from nanostitch import intervals, quality
from nanostitch.adf import border, population
from nanostitch.draw import lettering, micrograph, style
from nanostitch.draw.selection import Panel, Products, about, by_condition, grouped

Values = NDArray[np.float64]

AXIS_LABEL_MM = 11.0
"""Width that the labels of the vertical axis take."""
OF_ONE_SAMPLE = " (of a single sample: between its images)"
"""What an interval of one sample stands on."""


@dataclass(frozen=True)
class Group:
    """The images of one condition: products of particles in the order of the panel."""

    rank: int
    label: str
    images: tuple[xr.Dataset, ...]

    @property
    def samples(self) -> list[str]:
        """Sample of each image."""
        return [str(image.attrs["sample"]) for image in self.images]


def groups(
    panel: Panel, products: Products, lacking: Callable[[xr.Dataset], str]
) -> tuple[list[Group], list[str]]:
    """Images of each condition that may be used, and a remark for each that may not or hardly.

    Parameters
    ----------
    lacking
        Says why an image that is not bad cannot be used; empty if it can.
    """
    found: dict[int, list[xr.Dataset]] = {}
    labels: dict[int, str] = {}
    remarks: list[tuple[str, str]] = []
    for name, by_name in by_condition(panel, products):
        image = by_name["particles"]
        rank = panel.rank(about(by_name)["condition"])
        labels[rank] = str(about(by_name)["condition_label"])
        reasons = str(image["verdict"].attrs["reasons"])
        bad = (reasons or "verdict bad") if quality.level(image) == "bad" else ""
        if why := bad or lacking(image):
            remarks.append((f"left out ({why})", name))
            continue
        found.setdefault(rank, []).append(image)
        if quality.level(image) == "doubtful":
            remarks.append((f"doubtful ({reasons})", name))
    made = [Group(rank, labels[rank], tuple(images)) for rank, images in found.items()]
    return made, grouped(remarks)


def whole(image: xr.Dataset, quantity: str) -> Values:
    """Values of the particles that the statistics of the image are of."""
    values: Values = image[quantity].values.astype("f8")[population.counted(image)]
    return values


def weights(image: xr.Dataset) -> Values:
    """For how many each particle stands that the statistics of the image are of.

    The border cuts large particles more often; whole ones make up for it by their weights
    (:func:`nanostitch.adf.border.whole`).
    """
    label = image["particle_label"].transpose("y", "x")
    step = micrograph.steps(label)
    boxes = ndimage.find_objects(label.values)
    sides = np.zeros((4, int(population.counted(image).sum())))
    for place, number in enumerate(image["particle"].values[population.counted(image)]):
        box = boxes[number - 1] if 0 < number <= len(boxes) else None
        if box is not None:
            along = [(side.start, side.stop) for side in box]
            sides[:, place] = [
                *(0.5 * (start + stop) for start, stop in along),
                *(stop - start for start, stop in along),
            ]
    sides *= np.array([step["y"], step["x"]] * 2)[:, np.newaxis]
    field = border.Box(0.0, label.sizes["y"] * step["y"], 0.0, label.sizes["x"] * step["x"])
    whole = border.whole(*sides, field=field, part=field)
    weight = np.ones(sides.shape[1])
    weight[whole.inside] = whole.weight
    return weight


def half_width(mean: Values, weight: Values, sample: Sequence[str]) -> float:
    """Half the 95 % interval of the weighted mean over the images of a condition.

    It is that of cluster sampling (ratio estimator with Student's t; Cochran, Sampling
    Techniques, 1977). Clusters are the samples, whose images are alike; with one sample its
    images, and the interval then knows nothing of other samples. NaN for a single image.

    Parameters
    ----------
    mean, weight
        Mean and weight of each image.
    sample
        Sample of each image.
    """
    names = list(dict.fromkeys(sample))
    cluster = [names.index(name) for name in sample] if len(names) > 1 else range(len(sample))
    share = weight / weight.sum()
    away = np.bincount(list(cluster), weights=share * (mean - share @ mean))
    if away.size < 2:
        return math.nan
    variance = away.size / (away.size - 1) * float(np.sum(away**2))
    return float(stats.t.ppf(0.975, away.size - 1)) * math.sqrt(variance)


def mean_of_numbers(
    number: Values, sample: Sequence[str], bounds: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float, float]:
    """Mean of a number over the images of a condition with its 95 % interval.

    The interval is the wider of two: by the scatter between samples (:func:`half_width`), and by
    the images' own intervals, which hold however well two samples happen to agree.

    Parameters
    ----------
    number
        Value, lower and upper bound of each image, shape (image, 3).
    sample
        Sample of each image.
    bounds
        Least and most that the number can be; its interval stays within
        (:func:`nanostitch.intervals.bounded`).
    """
    value, low, high = number.T
    mean, between = float(value.mean()), half_width(value, np.ones(value.size), sample)
    _, least, most = intervals.bounded(mean, between, between, *bounds)
    below, above = (
        float(np.fmax(math.sqrt(float(np.sum(own**2))) / value.size, scatter))
        for own, scatter in ((value - low, mean - least), (high - value, most - mean))
    )
    return mean, max(mean - below, bounds[0]), min(mean + above, bounds[1])


def counted(number: int, word: str) -> str:
    r"""Write a number with its noun.

    >>> counted(1, "image"), counted(3, "sample")
    ('1\xa0image', '3\xa0samples')
    """
    return f"{number}\xa0{word}{'s' * (number != 1)}"


def numbers(particles: int, images: int, samples: int) -> str:
    """Write how many there are at each level."""
    below = f"{counted(particles, 'particle')} in {counted(images, 'image')}"
    return f"{below} of {counted(samples, 'sample')}"


def inner_mm(data: xr.Dataset) -> float:
    """Width of the axes of a panel of levels [mm]."""
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM


def height_mm(data: xr.Dataset, aspect: float, key: Sequence[str], ticks: Sequence[str]) -> float:
    """Height of a panel of levels with its key and the lines of its ticks [mm]."""
    lines = max((text.count("\n") for text in ticks), default=0) + 1
    height = aspect * float(data.attrs["width_mm"])
    return height + lettering.height_mm(list(key), inner_mm(data)) + style.LINE_MM * lines
