"""Images of squares before and after, with their particles as the step ``particles`` gives them."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import ndimage

from nanostitch import quality

STEP = 0.3
FIELD = 70.0


class Square(NamedTuple):
    """Centre [nm], sides along y and x before it is turned [nm], angle [rad, from x towards y]."""

    y: float
    x: float
    height: float
    width: float
    angle: float = 0.0
    signal: float = 1.0


def scattered(rng, count=30, field=FIELD, edge=7.0, spread=0.8):
    """Squares on a jittered lattice with vacancies, none of them at the border."""
    along = int((field - 6) / (1.35 * edge))
    sites = rng.permutation(along**2)[:count]
    pitch = field / along
    place = (np.stack(np.divmod(sites, along), axis=1) + 0.5) * pitch
    place += rng.uniform(-0.7, 0.7, place.shape)
    edges = np.clip(rng.normal(edge, spread, len(sites)), 0.6 * edge, 1.15 * edge)
    angles = rng.uniform(-0.25, 0.25, len(sites))
    return [Square(y, x, e, e, a) for (y, x), e, a in zip(place, edges, angles, strict=True)]


def coordinates(field=FIELD, step=STEP):
    axis = np.arange(round(field / step)) * step
    return np.meshgrid(axis, axis, indexing="ij")


def cover(square, y, x):
    """1 inside, 0 outside, smooth over a pixel."""
    c, s = np.cos(square.angle), np.sin(square.angle)
    along = c * (x - square.x) + s * (y - square.y)
    across = -s * (x - square.x) + c * (y - square.y)
    inside = np.minimum(square.width / 2 - np.abs(along), square.height / 2 - np.abs(across))
    return np.clip(inside / STEP + 0.5, 0, 1)


def image(squares, *, seed, blur=0.5, noise=0.05, shells=0.0, field=FIELD, step=STEP):
    """Raw product: squares, or their outlines of so high a signal, blurred, with noise."""
    y, x = coordinates(field, step)
    signal = np.zeros(y.shape)
    for one in squares:
        whole = cover(one, y, x)
        if shells:
            inner = cover(one._replace(height=one.height - 2, width=one.width - 2), y, x)
            whole = shells * (whole - inner)
        signal = np.maximum(signal, one.signal * whole)
    signal = ndimage.gaussian_filter(signal, blur / step)
    signal += np.random.default_rng(seed).normal(0, noise, signal.shape)
    axis = np.arange(len(signal)) * step
    intensity = xr.DataArray(signal, dims=("y", "x"), coords={"y": axis, "x": axis})
    return xr.Dataset({"intensity": intensity})


def particles(squares, field=FIELD, step=STEP):
    """Product of the step ``particles``, of the true outlines."""
    y, x = coordinates(field, step)
    label = np.zeros(y.shape, "i4")
    for number, one in enumerate(squares, start=1):
        label[cover(one, y, x) >= 0.5] = number
    area = np.array([one.height * one.width for one in squares])
    edge_pixels = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])
    row = ("particle",)
    zeros = xr.DataArray(np.zeros(len(squares), bool), dims=row)
    number = np.arange(1, len(squares) + 1, dtype="i4")
    axis = y[:, 0]
    return xr.Dataset(
        {
            "particle_label": (("y", "x"), label),
            "area": (row, area),
            "edge_length": (row, np.sqrt(area)),
            "edge_length_uncertainty": (row, np.full(area.size, 0.05)),
            "centroid_y": (row, np.array([one.y for one in squares])),
            "centroid_x": (row, np.array([one.x for one in squares])),
            "units": (row, np.ones(area.size, "i4")),
            "touches_border": (row, np.isin(number, edge_pixels).astype("i1")),
            "quality": quality.flags({"touches_border": zeros, "too_small": zeros}),
            "verdict": quality.verdict({}),
        },
        coords={"y": axis, "x": axis, "particle": (row, number)},
    )


def moved(squares, shift, degrees=0.0, scale=1.0, field=FIELD, step=STEP):
    """The same squares in an image that is shifted, turned and scaled about its middle."""
    middle = (round(field / step) - 1) * step / 2
    angle = np.radians(degrees)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return [
        one._replace(
            y=middle + shift[0] + c * (one.y - middle) + s * (one.x - middle),
            x=middle + shift[1] + c * (one.x - middle) - s * (one.y - middle),
            height=scale * one.height,
            width=scale * one.width,
            angle=one.angle + angle,
        )
        for one in squares
    ]
