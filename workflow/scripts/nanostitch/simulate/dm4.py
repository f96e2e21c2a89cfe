"""DM4 files as DigitalMicrograph would write them, the same bytes for the same data."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from nion.data import Calibration, DataAndMetadata
from nionswift_plugin.DM_IO import dm3_image_utils
from numpy.typing import NDArray

from nanostitch.atomic import replacing

_RECORDED = datetime(2018, 1, 1, 12, 0, 0)


@dataclass(frozen=True)
class Axis:
    """One calibrated axis of a recording."""

    start: float
    step: float
    units: str


@dataclass(frozen=True)
class Recording:
    """What a detector wrote: an image (y, x) or a spectrum (energy) with its calibration."""

    data: NDArray[np.int32]
    axes: tuple[Axis, ...]
    signal: str
    beam_energy_kev: float


def write(path: Path, recording: Recording) -> None:
    """Write one recording; the acquisition date is a constant, so that bytes repeat."""
    is_spectrum = recording.data.ndim == 1
    content = DataAndMetadata.new_data_and_metadata(
        recording.data,
        dimensional_calibrations=[
            Calibration.Calibration(axis.start, axis.step, axis.units) for axis in recording.axes
        ],
        data_descriptor=DataAndMetadata.DataDescriptor(False, 0, 1 if is_spectrum else 2),
        metadata=_tags(recording),
        timestamp=_RECORDED,
    )
    with replacing(path) as partial, partial.open("wb") as file:
        dm3_image_utils.save_image(content, file, 4)


def _tags(recording: Recording) -> dict[str, dict[str, object]]:
    return {
        "Microscope Info": {
            "Voltage": recording.beam_energy_kev * 1e3,
            "Microscope": "nanostitch simulation",
            "Illumination Mode": "STEM NANOPROBE",
            "Operation Mode": "SCANNING",
        },
        "Meta Data": {"Signal": recording.signal},
    }
