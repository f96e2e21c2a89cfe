"""Regions of a scan or image, told in nm."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import regions
from nanostitch.errors import CalibrationError


def field(ny: int = 4, nx: int = 6, step: float = 2.0) -> xr.DataArray:
    coords = {
        dim: (dim, step * np.arange(float(n)), {"units": "nm"})
        for dim, n in zip("yx", (ny, nx), strict=True)
    }
    return xr.DataArray(np.zeros((ny, nx)), coords, ("y", "x"))


def test_parse__gives_the_ranges_of_each_name():
    told = regions.parse("left=0:12; right=20:32,5:20;top=-1.5:1e1")
    assert told == {
        "left": ((0.0, 12.0),),
        "right": ((20.0, 32.0), (5.0, 20.0)),
        "top": ((-1.5, 10.0),),
    }
    assert regions.parse("") == {}


def test_masks__hold_the_pixels_whose_centres_lie_inside():
    found = regions.masks("left=0:4; dot=6:10,1:4", field())
    assert found["region"].values.tolist() == ["all", "left", "dot"]
    assert found.dims == ("region", "y", "x")
    assert found.sel(region="all").all()
    expected = np.zeros((4, 6), bool)
    expected[:, :3] = True
    np.testing.assert_array_equal(found.sel(region="left"), expected)
    expected = np.zeros((4, 6), bool)
    expected[1:3, 3:] = True
    np.testing.assert_array_equal(found.sel(region="dot"), expected)


def test_masks__of_adjoining_halves_add_up_to_all():
    found = regions.masks("a=0:5; b=5:10", field())
    assert (found.sel(region="a") ^ found.sel(region="b")).all()


def test_masks__of_a_line_and_of_a_point():
    line = field().isel(y=0, drop=True)
    assert regions.masks("a=0:4", line).sel(region="a").values.tolist() == [1, 1, 1, 0, 0, 0]
    assert regions.masks("", line[0].drop_vars("x")).shape == (1,)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("left", "not name=from:to"),
        ("left=1", "not name=from:to"),
        ("left=a:b", "not name=from:to"),
        ("left=1:2:3", "not name=from:to"),
        ("left=5:1", "does not rise"),
        ("left=nan:1", "does not rise"),
        ("left=0:1,0:1,0:1", "3 ranges"),
        ("left=0:1; left=1:2", "taken"),
        ("all=0:1", "taken"),
        ("=0:1", "empty"),
        ("left=100:200", "holds no pixel; the field is x 0:10, y 0:6"),
    ],
)
def test_wrong_regions__are_errors_that_name_the_column(told, says):
    with pytest.raises(CalibrationError, match=f"column regions.*{says}"):
        regions.masks(told, field())


def test_region__along_an_axis_that_is_absent_or_not_in_nm_is_an_error():
    with pytest.raises(CalibrationError, match="range along y, but"):
        regions.masks("a=0:4,0:4", field().isel(y=0, drop=True))
    with pytest.raises(CalibrationError, match="pixel_size_nm"):
        regions.masks("a=0:4", field().drop_vars("x"))
