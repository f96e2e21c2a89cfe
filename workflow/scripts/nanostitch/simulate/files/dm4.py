"""DM4 files, tagged as DigitalMicrograph tags them; the same bytes for the same recording.

A spectrum image is kept with its energy axis slowest and comes before the survey image.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from nionswift_plugin.DM_IO import dm3_image_utils, parse_dm3
from numpy.typing import NDArray

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Axis, Recording

Tags = dict[str, Any]

_DM4 = 4
_DATE, _TIME = "6/15/2018", "12:00:00 PM"
"""A constant, so that bytes repeat; the month cannot be taken for the day."""
_SPECTRA = ("EELS", "X-ray")
_STORED = ("int16", "uint16", "int32", "float32")
_SAVED = "nanostitch simulation"


class _Place(NamedTuple):
    """Where DigitalMicrograph keeps a setting, and how many of its units one of ours is."""

    tags: tuple[str, ...]
    factor: float = 1.0


_PLACES: Mapping[str, _Place] = {
    "beam_energy_kev": _Place(("Microscope Info", "Voltage"), 1e3),
    "magnification": _Place(("Microscope Info", "Indicated Magnification")),
    "camera_length_mm": _Place(("Microscope Info", "STEM Camera Length")),
    "probe_current_na": _Place(("Microscope Info", "Probe Current (nA)")),
    "probe_fwhm_nm": _Place(("Microscope Info", "Probe Size (nm)")),
    "field_of_view_um": _Place(("Microscope Info", "Field of View (µm)")),
    "microscope": _Place(("Microscope Info", "Name")),
    "specimen": _Place(("Session Info", "Specimen")),
    "dwell_us": _Place(("DigiScan", "Sample Time")),
    "convergence_mrad": _Place(
        ("EELS", "Experimental Conditions", "Convergence semi-angle (mrad)")
    ),
    "collection_mrad": _Place(("EELS", "Experimental Conditions", "Collection semi-angle (mrad)")),
    "exposure_s": _Place(("EELS", "Acquisition", "Exposure (s)")),
    "frames": _Place(("EELS", "Acquisition", "Number of frames")),
    "aperture_mm": _Place(("EELS Spectrometer", "Aperture (mm)")),
    "spectrometer": _Place(("EELS Spectrometer", "Instrument name")),
}
_OTHER = "Acquisition Settings"
"""Group of the settings that DigitalMicrograph has no tag for, under our names."""


def write(path: Path, recording: Recording) -> None:
    """Write a recording, and the survey image that belongs to it, as a DM4 file.

    Parameters
    ----------
    path
        File to write, whole or not at all.
    recording
        Image ``(y, x)``, spectrum ``(energy)``, line scan ``(x, energy)`` or spectrum image
        ``(y, x, energy)`` of type int16, uint16, int32 or float32. ``signal`` is the title of the
        dataset; one that starts with ``EELS`` or ``X-ray`` makes it a spectrum of that kind.
        ``electrons_per_count`` in the metadata calibrates the intensity; names without a tag of
        their own are kept in the group ``Acquisition Settings``.

    Raises
    ------
    ValueError
        If the type of the data is none of these, or axes and data do not fit.
    """
    recordings = [recording] if recording.survey is None else [recording, recording.survey]
    images = [_image(item) for item in recordings]
    tree: Tags = {
        "ApplicationBounds": (0, 0, 1024, 1280),
        "DocumentObjectList": [_display(item, index) for index, item in enumerate(recordings)],
        "DocumentTags": {},
        "HasWindowPosition": False,
        "Image Behavior": {"ViewDisplayID": 8},
        "ImageList": images,
        "ImageSourceList": [_source(item, index) for index, item in enumerate(recordings)],
        "InImageMode": True,
    }
    with replacing(path) as partial, partial.open("wb") as file:
        parse_dm3.dm_write_header(file, _DM4, tree)


def _kind(recording: Recording) -> str:
    """``EELS``, ``X-ray`` or nothing."""
    return next((kind for kind in _SPECTRA if recording.signal.startswith(kind)), "")


def _image(recording: Recording) -> Tags:
    """One entry of the list of images."""
    data, axes = recording.data, list(recording.axes)
    if data.dtype.name not in _STORED or data.ndim != len(axes):
        raise ValueError(
            f"{recording.signal}: {data.dtype.name} data of shape {data.shape} with {len(axes)} "
            f"axes; a DM4 file takes {', '.join(_STORED)} with an axis for each dimension"
        )
    if data.ndim == 3 and _kind(recording):
        data, axes = np.moveaxis(data, -1, 0), [axes[-1], *axes[:-1]]
    content = dm3_image_utils.ndarray_to_imagedatadict(np.ascontiguousarray(data))
    content["Calibrations"] = {
        "Brightness": _brightness(recording),
        "Dimension": [_dimension(axis) for axis in reversed(axes)],
        "DisplayCalibratedUnits": True,
    }
    return {
        "ImageData": content,
        "ImageTags": _tags(recording),
        "Name": recording.signal,
        "UniqueID": _identity(data),
    }


def _dimension(axis: Axis) -> Tags:
    """Calibration of an axis; DigitalMicrograph counts its origin in elements."""
    return {
        "Origin": -float(axis.start) / float(axis.step),
        "Scale": float(axis.step),
        "Units": axis.units,
    }


def _brightness(recording: Recording) -> Tags:
    electrons = recording.metadata.get("electrons_per_count")
    if electrons is None:
        return {"Origin": 0.0, "Scale": 1.0, "Units": ""}
    return {"Origin": 0.0, "Scale": float(electrons), "Units": "e-"}


def _identity(data: NDArray[Any]) -> list[int]:
    """Four numbers that tell this image from others: a digest of its data."""
    digest = hashlib.sha256(np.ascontiguousarray(data).tobytes()).digest()
    words = (int.from_bytes(digest[4 * word : 4 * word + 4], "little") for word in range(4))
    return [word & 0x7FFFFFFF for word in words]


def _tags(recording: Recording) -> Tags:
    """What DigitalMicrograph notes of the microscope, the scan and the detector."""
    tags: Tags = {
        "DataBar": {"Acquisition Date": _DATE, "Acquisition Time": _TIME},
        "GMS Version": {"Created": _SAVED, "Saved": _SAVED},
        "Microscope Info": {
            "Illumination Mode": "STEM NANOPROBE",
            "Name": _SAVED,
            "Operation Mode": "SCANNING",
        },
    }
    for name, value in recording.metadata.items():
        place = _PLACES.get(name, _Place((_OTHER, name)))
        group = tags
        for key in place.tags[:-1]:
            group = group.setdefault(key, {})
        group[place.tags[-1]] = value if isinstance(value, str) else float(value) * place.factor
    kind = _kind(recording)
    if kind:
        _tag_spectrum(tags, recording, kind)
    else:
        tags["Meta Data"] = {"Format": "Image", "Signal": recording.signal}
    return tags


def _tag_spectrum(tags: Tags, recording: Recording, kind: str) -> None:
    scanned = recording.data.ndim > 1
    mode = "Parallel dispersive" if kind == "EELS" else "Parallel"
    layout = "Spectrum image" if scanned else "Spectrum"
    tags["Meta Data"] = {"Acquisition Mode": mode, "Format": layout, "Signal": kind}
    started = {"Date": _DATE, "Start time": _TIME}
    tags.setdefault(kind if kind == "EELS" else "EDS", {}).setdefault("Acquisition", {}).update(
        started
    )
    if kind == "EELS":
        energy = recording.axes[-1]
        tags.setdefault("EELS Spectrometer", {})["Dispersion (eV/ch)"] = float(energy.step)
    if not scanned:
        return
    height, width = (1, *recording.data.shape[:-1])[-2:]
    tags["SI"] = {
        "Acquisition": started
        | {
            "SI Application Mode": {"Name": "2D Array" if recording.data.ndim > 2 else "LineScan"},
            "Spatial Sampling": {"Height (pixels)": height, "Width (pixels)": width},
        }
    }


def _display(recording: Recording, index: int) -> Tags:
    """How a document shows an image: 20 is a picture, 23 the cursor of a spectrum image."""
    display: Tags = {"AnnotationType": 20, "ImageSource": index}
    if recording.data.ndim == 3:
        cursor = {"AnnotationType": 23, "Name": "SICursor", "Rectangle": (0, 0, 1, 1)}
        display |= {"AnnotationGroupList": [cursor], "ImageDisplayType": 1}
    elif recording.data.ndim == 1:
        display["ImageDisplayType"] = 3
    return display


def _source(recording: Recording, index: int) -> Tags:
    """Which image of the list a document shows; of a cube, the sum over some layers."""
    source: Tags = {"ClassName": "ImageSource:Simple", "Id": [index], "ImageRef": index}
    if recording.data.ndim == 3:
        layers = {"Do Sum": True, "LayerEnd": 0, "LayerStart": 0, "Summed Dimension": 2}
        source |= {"ClassName": "ImageSource:Summed", **layers}
    return source
