"""Scanning a probe over a drifting specimen, and the detector that counts what is scattered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments.scattering import Optics
from nanostitch.simulate.recording import Axis, Recording

Floats = NDArray[np.float64]
Place = tuple[float, float]

_MARGIN = 16
"""Pixels around the view: what blurs into it and what the drift brings."""
_LARGEST_MARGIN = 0.5
"""Of the view, beyond which the operator would stop: in one frame half of it or more would pass,
and the grid that holds it all would have over four times its pixels."""
_WANDER = 0.3
"""How much the velocity of the drift varies, relative to its mean: an estimate."""
_WANDER_TIME = 0.25
"""Time over which it does, relative to that of a frame."""
_BRIGHTEST = 40000.0
"""Counts that the operator lets the brightest of the image have: two thirds of 16 bits."""
_BRIGHT_SHARE = 0.999
_FULL_SCALE = 65535
_ITERATIONS = 5
"""To find a place in an image; drift is slow, so that each gains two digits or more."""
_ELEMENTARY_CHARGE_C = 1.602177e-19


@dataclass(frozen=True)
class Frame:
    """Where the probe was while one square image was scanned, line by line.

    ``top``, ``left`` [nm] are where the first pixel lies on the specimen without drift; the pixel
    size is the true one (``step_nm``) and the one that the file states (``stated_nm``). The
    specimen has moved by ``drift_y``, ``drift_x`` [nm] in each line, 0 in the middle of the frame;
    the probe strays by ``jitter_y``, ``jitter_x`` [nm].
    """

    top: float
    left: float
    step_nm: float
    stated_nm: float
    drift_y: Floats
    drift_x: Floats
    jitter_y: Floats
    jitter_x: Floats

    @property
    def pixels(self) -> int:
        """Pixels along each side."""
        return self.drift_y.size

    @property
    def side_nm(self) -> float:
        """True side of the view [nm]."""
        return self.pixels * self.step_nm

    @property
    def drift_nm(self) -> float:
        """Farthest that the specimen is from where it is in the middle of the frame [nm]."""
        return float(sum(np.abs(shift).max() for shift in (self.drift_y, self.drift_x)))

    @property
    def jitter_nm(self) -> float:
        """Farthest that the probe strays [nm]."""
        return float(sum(np.abs(shift).max() for shift in (self.jitter_y, self.jitter_x)))

    def _margin(self) -> int:
        return _MARGIN + int(np.ceil((self.drift_nm + self.jitter_nm) / self.step_nm))

    def grid(self) -> tuple[Floats, Floats]:
        """Positions (y, x) on the specimen of an undistorted, larger view [nm]."""
        margin = self._margin()
        steps = np.asarray(self.step_nm * np.arange(-margin, self.pixels + margin), np.float64)
        return self.top + steps, self.left + steps

    def scan(self, image: NDArray[Any], order: int = 3) -> NDArray[Any]:
        """What is seen of an image on :meth:`grid` where the probe was; splines of an order."""
        rows = np.arange(self.pixels) + (self.jitter_y - self.drift_y) / self.step_nm
        shift = (self.jitter_x - self.drift_x) / self.step_nm
        columns = np.arange(self.pixels) + shift[:, None]
        where = np.stack(np.broadcast_arrays(rows[:, None], columns)) + self._margin()
        seen: NDArray[Any] = ndimage.map_coordinates(image, where, order=order, mode="nearest")
        return seen

    def place(self, y: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Where places (y, x) on the specimen are in the image [nm, as the file states]."""
        lines = self.step_nm * np.arange(self.pixels)
        position = np.asarray(y, float) - self.top
        for _ in range(_ITERATIONS):
            drift = np.interp(position, lines, self.drift_y)
            position = np.asarray(y, float) - self.top + drift
        across = np.asarray(x, float) - self.left + np.interp(position, lines, self.drift_x)
        stretch = self.stated_nm / self.step_nm
        return position * stretch, across * stretch

    def holds(self, y: Floats, x: Floats) -> NDArray[np.bool_]:
        """Whether places given in the image, as :meth:`place` has them, lie in it."""
        end = self.stated_nm * (self.pixels - 0.5)
        begin = -0.5 * self.stated_nm
        return np.asarray((y >= begin) & (y <= end) & (x >= begin) & (x <= end))


def frame(
    centre: Place,
    rng: np.random.Generator,
    *,
    pixels: int,
    pixel_size_nm: float,
    dwell_us: float,
    drift_nm_per_min: float,
    line_jitter_nm: float,
    scan_scale_error: float,
) -> Frame:
    """Scan a square frame.

    Parameters
    ----------
    centre
        Middle (y, x) of the view on the specimen [nm].
    rng
        Draws drift and jitter.
    pixels, pixel_size_nm
        Pixels along each side and their size as the microscope states it [nm].
    dwell_us
        Time on each pixel [us]; with it the drift distorts the image. No time is lost between
        lines.
    drift_nm_per_min
        Mean velocity of the drift [nm/min], in a random direction.
    line_jitter_nm
        Standard deviation by which whole lines are displaced, along and across [nm].
    scan_scale_error
        True over stated pixel size, less 1.

    Raises
    ------
    BatchError
        If the drift or the jitter takes the specimen out of view.
    """
    step = pixel_size_nm * (1 + scan_scale_error)
    minutes = pixels**2 * dwell_us * 1e-6 / 60
    direction = rng.uniform(0, 2 * np.pi)
    noise = ndimage.gaussian_filter1d(
        rng.standard_normal((2, pixels)), _WANDER_TIME * pixels, axis=1, mode="reflect"
    ) * np.sqrt(2 * np.sqrt(np.pi) * _WANDER_TIME * pixels)
    mean = np.array([[np.sin(direction)], [np.cos(direction)]])
    drift = np.cumsum(drift_nm_per_min * (mean + _WANDER * noise) * minutes / pixels, axis=1)
    drift -= drift[:, [pixels // 2]]
    jitter = line_jitter_nm * rng.standard_normal((2, pixels))
    first = step * (pixels - 1) / 2
    seen = Frame(centre[0] - first, centre[1] - first, step, pixel_size_nm, *drift, *jitter)
    _steady(seen, dwell_us, drift_nm_per_min, line_jitter_nm)
    return seen


def _steady(seen: Frame, dwell_us: float, drift_nm_per_min: float, line_jitter_nm: float) -> None:
    """Refuse a frame in which the specimen leaves the view.

    Raises
    ------
    BatchError
        If it does.
    """
    room = _LARGEST_MARGIN * seen.side_nm
    if seen.jitter_nm > room / 2:
        raise BatchError(
            f"line_jitter_nm: {line_jitter_nm:g} displaces lines by up to {seen.jitter_nm:.3g} nm "
            f"in a view of {seen.side_nm:.4g} nm; give at most "
            f"{_floored(line_jitter_nm * room / 2 / seen.jitter_nm)}, or a larger view (pixels, "
            "pixel_size_nm)"
        )
    if seen.drift_nm > room - seen.jitter_nm:
        share = (room - seen.jitter_nm) / seen.drift_nm
        raise BatchError(
            f"drift_nm_per_min: {drift_nm_per_min:g} with dwell_us: {dwell_us:g} moves the "
            f"specimen by up to {seen.drift_nm:.3g} nm from the middle of a view of "
            f"{seen.side_nm:.4g} nm, more than half of it; give drift_nm_per_min of at most "
            f"{_floored(drift_nm_per_min * share)}, or dwell_us of at most "
            f"{_floored(dwell_us * share)}, or a larger view (pixel_size_nm)"
        )


def _floored(value: float) -> str:
    """Value with two digits, rounded down."""
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return f"{np.floor(value / unit) * unit:.2g}"


@dataclass(frozen=True)
class Detector:
    """Dose and noise of a recording.

    Dose [e/nm2]; time on each pixel [us]; relative noise of the emission from line to line;
    noise of the electronics [detected electrons]; counts without a beam.
    """

    dose_e_per_nm2: float
    dwell_us: float
    line_noise: float
    readout_noise_e: float
    offset_counts: float

    def count(
        self, share: Floats, pixel_size_nm: float, rng: np.random.Generator
    ) -> NDArray[np.uint16]:
        """Counts for the share of the beam on the detector, dims ``(y, x)``.

        The operator has set the gain so that the image fills two thirds of the range.
        """
        emission = 1 + self.line_noise * rng.standard_normal((share.shape[0], 1))
        electrons = self.dose_e_per_nm2 * pixel_size_nm**2
        expected = electrons * np.maximum(share, 0.0) * np.maximum(emission, 0.0)
        arrived = rng.poisson(expected) + self.readout_noise_e * rng.standard_normal(share.shape)
        bright = max(float(np.quantile(expected, _BRIGHT_SHARE)), 1.0)
        counts = self.offset_counts + (_BRIGHTEST - self.offset_counts) / bright * arrived
        return np.clip(np.rint(counts), 0, _FULL_SCALE).astype(np.uint16)


def expose(
    share: Floats,
    seen: Frame,
    rng: np.random.Generator,
    *,
    optics: Optics,
    detector: Detector,
    sample: str,
) -> Recording:
    """Image with what the microscope notes of it.

    Parameters
    ----------
    share
        Share of the beam on the detector where the probe was, dims ``(y, x)``.
    seen
        How it was scanned.
    rng
        Draws the noise.
    optics, detector
        What scatters and counts.
    sample
        Name of the sample, for the operator's note.
    """
    charge_c = detector.dose_e_per_nm2 * seen.step_nm**2 * _ELEMENTARY_CHARGE_C
    noted: dict[str, float | str] = {
        "beam_energy_kev": optics.beam_energy_kev,
        "convergence_mrad": optics.convergence_mrad,
        "inner_mrad": optics.inner_mrad,
        "outer_mrad": optics.outer_mrad,
        "probe_fwhm_nm": optics.probe_fwhm_nm,
        "dwell_us": detector.dwell_us,
        "dose_e_per_nm2": detector.dose_e_per_nm2,
        "probe_current_na": charge_c / (detector.dwell_us * 1e-6) * 1e9,
        "field_of_view_um": seen.pixels * seen.stated_nm * 1e-3,
        "specimen": sample,
    }
    counts = detector.count(share, seen.step_nm, rng)
    axes = tuple(Axis(name, 0.0, seen.stated_nm, "nm") for name in ("y", "x"))
    return Recording(counts, axes, "HAADF", noted)


def described(values: Mapping[str, tuple[Any, ...]]) -> xr.Dataset:
    """Dataset of truths given as dims, values, unit and long name."""
    return xr.Dataset(
        {
            name: (dims, data, {"units": units, "long_name": meaning})
            for name, (dims, data, units, meaning) in values.items()
        }
    )


def truth(seen: Frame, detector: Detector) -> xr.Dataset:
    """Where and how an image was taken; positions in it as the file states them."""
    pixels = np.arange(seen.pixels)
    middle = seen.step_nm * (seen.pixels - 1) / 2
    return described(
        {
            "y": (("y",), seen.stated_nm * pixels, "nm", "Distance along the slow scan"),
            "x": (("x",), seen.stated_nm * pixels, "nm", "Distance along the fast scan"),
            "drift_y": (("y",), seen.drift_y, "nm", "Displacement of the specimen along y"),
            "drift_x": (("y",), seen.drift_x, "nm", "Displacement of the specimen along x"),
            "view_y": ((), seen.top + middle, "nm", "Middle of the view on the specimen, y"),
            "view_x": ((), seen.left + middle, "nm", "Middle of the view on the specimen, x"),
            "pixel_size": ((), seen.step_nm, "nm", "True pixel size"),
            "dose": ((), float(detector.dose_e_per_nm2), "nm-2", "Electrons per area"),
        }
    )
