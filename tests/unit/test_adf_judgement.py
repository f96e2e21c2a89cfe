"""Hot pixels: those added are found, and neither noise nor edges are taken for them."""

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from nanostitch.adf import judgement

SIDE = 400


def plane(values):
    return xr.DataArray(values, dims=("y", "x"))


def test_hot_share__is_the_share_that_was_added():
    rng = np.random.default_rng(4)
    values = rng.normal(100.0, 5.0, (SIDE, SIDE))
    values[2::40, 3::40] += 200.0
    assert judgement.hot_share(plane(values)) == pytest.approx(100 / SIDE**2)


@pytest.mark.parametrize("support", [0.0, 0.3, 2.0, 10.0, 1000.0])
def test_hot_share__counting_noise_is_not_hot(support):
    """Not even that of few crystals a hundred times brighter than what they lie on."""
    mean = np.full((SIDE, SIDE), support)
    mean[50:90, 50:90] = 100 * support + 3
    values = np.random.default_rng(5).poisson(mean)
    assert judgement.hot_share(plane(values)) < 1e-5


def test_hot_share__edges_without_noise_are_not_hot():
    values = np.zeros((SIDE, SIDE))
    values[50:90, 50:90] = 1.0
    assert judgement.hot_share(plane(values)) == 0
    assert judgement.hot_share(plane(ndimage.gaussian_filter(values, 1.5))) == 0
