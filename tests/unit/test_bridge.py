"""A HyperSpy signal survives the way through a Dataset and a netCDF file unchanged."""

import tempfile
from pathlib import Path
from typing import Any

import hyperspy.api as hs
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nanostitch import bridge
from nanostitch.errors import FormatError

_NAMES = st.text("abcdefgxyzµ Å", min_size=1, max_size=8).filter(lambda t: t.strip() == t)
_FINITE = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-6)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.text(max_size=8)
    | hnp.arrays(st.sampled_from([np.int32, np.float64]), hnp.array_shapes(max_dims=2, max_side=3))
)
_TREES = st.dictionaries(
    _NAMES,
    st.recursive(
        _LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(_NAMES, inner, min_size=1, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=3,
)
_DTYPES = ["u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", "?", ">f4"]


@st.composite
def signals(draw: st.DrawFn) -> Any:
    """Signal of any kind, axes, type of data, metadata and variance."""
    kind = draw(st.sampled_from([hs.signals.BaseSignal, hs.signals.Signal1D, hs.signals.Signal2D]))
    ndim = draw(st.integers(2 if kind is hs.signals.Signal2D else 1, 4))
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=ndim, max_size=ndim)))
    data = draw(hnp.arrays(draw(st.sampled_from(_DTYPES)), shape))
    signal = kind(data)
    for axis in signal.axes_manager._axes:
        if draw(st.booleans()):
            axis.name = draw(_NAMES)
            axis.units = draw(st.sampled_from(["nm", "eV", "1/Å", "µm"]))
        axis.offset = draw(_FINITE)
        axis.scale = draw(_FINITE.filter(bool))
    if draw(st.booleans()):
        axis = draw(st.sampled_from(list(signal.axes_manager._axes)))
        axis.convert_to_non_uniform_axis()
    signal.original_metadata.add_dictionary(draw(_TREES))
    signal.metadata.add_dictionary({"Sample": {"extra": draw(_TREES)}})
    signal.metadata.General.title = draw(st.text("abc µ", max_size=5))
    if draw(st.booleans()) and data.dtype.kind == "f":
        signal.set_noise_variance(signal.deepcopy())
    return signal


def through_a_file(signal: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signal.nc"
        bridge.from_hyperspy(signal).to_netcdf(path, engine="netcdf4")
        with xr.open_dataset(path, engine="netcdf4") as dataset:
            return bridge.to_hyperspy(dataset.load())


def same(left: Any, right: Any) -> bool:
    """Equal values of equal types, NaN equal to itself."""
    if isinstance(left, dict):
        return set(left) == set(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        pairs = zip(left, right, strict=True)
        return type(left) is type(right) and all(same(one, other) for one, other in pairs)
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(
            left, right, equal_nan=left.dtype.kind in "fc"
        )
    if isinstance(left, float):
        return isinstance(right, float) and (left == right or (left != left and right != right))
    return type(left) is type(right) and left == right


def axes_of(signal: Any) -> list[dict[str, Any]]:
    return [axis.get_axis_dictionary() for axis in signal.axes_manager._axes]


@given(signals())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_bridge__gives_back_the_same_signal(signal: Any) -> None:
    again = through_a_file(signal)

    assert type(again) is type(signal)
    assert same(signal.data, again.data)
    assert same(axes_of(signal), axes_of(again))
    assert same(signal.metadata.as_dictionary(), again.metadata.as_dictionary())
    assert same(signal.original_metadata.as_dictionary(), again.original_metadata.as_dictionary())


def test_bridge__keeps_the_signal_type_of_an_extension() -> None:
    signal = hs.signals.Signal1D(np.arange(12.0).reshape(3, 4))
    signal.set_signal_type("EELS")

    again = through_a_file(signal)

    assert type(again).__name__ == "EELSSpectrum"
    assert again.axes_manager.navigation_shape == (3,)


def test_bridge__computes_a_lazy_signal() -> None:
    signal = hs.signals.Signal1D(np.arange(12.0).reshape(3, 4))

    again = through_a_file(signal.as_lazy())

    np.testing.assert_array_equal(again.data, signal.data)


def test_bridge__refuses_what_no_file_can_hold() -> None:
    signal = hs.signals.Signal1D(np.zeros(3))
    signal.metadata.set_item("Sample.thing", object())

    with pytest.raises(FormatError, match=r"metadata\.Sample\.thing"):
        bridge.from_hyperspy(signal)


def test_to_hyperspy__labels_a_map_by_its_coordinates() -> None:
    energy = np.linspace(-2, 8, 11)
    dataset = xr.Dataset(
        {"counts": (("y", "x", "energy"), np.zeros((2, 3, 11)))},
        {
            "x": ("x", [0.0, 0.5, 1.0], {"units": "nm"}),
            "energy": ("energy", energy, {"units": "eV"}),
        },
        {"signal_type": "EELS", "beam_energy_kev": 200.0},
    )

    signal = bridge.to_hyperspy(dataset)

    assert signal.axes_manager.navigation_shape == (3, 2)
    axis = signal.axes_manager.signal_axes[0]
    assert (axis.name, axis.units, axis.scale, axis.offset) == ("energy", "eV", 1.0, -2.0)
    assert signal.metadata.Acquisition_instrument.TEM.beam_energy == 200.0


def test_to_hyperspy__keeps_uneven_positions() -> None:
    positions = np.array([1.0, 2.0, 4.0, 8.0])
    dataset = xr.Dataset({"counts": ("energy", np.ones(4))}, {"energy": positions})

    signal = bridge.to_hyperspy(dataset)

    np.testing.assert_array_equal(signal.axes_manager[0].axis, positions)
