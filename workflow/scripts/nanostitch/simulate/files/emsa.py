"""EMSA/MAS spectra (ISO 22029), as microscopes export them; the same bytes for the same data."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Recording

_DATE, _TIME = "15-JUN-2018", "12:00"
"""A constant, so that bytes repeat."""
_KEYWORDS: Mapping[str, tuple[str, float]] = {
    "beam_energy_kev": ("BEAMKV", 1.0),
    "probe_current_na": ("PROBECUR", 1.0),
    "magnification": ("MAGCAM", 1.0),
    "convergence_mrad": ("CONVANGLE", 1.0),
    "collection_mrad": ("COLLANGLE", 1.0),
    "exposure_s": ("INTEGTIME", 1e3),
    "dwell_us": ("DWELLTIME", 1e-3),
    "live_time_s": ("LIVETIME", 1.0),
    "real_time_s": ("REALTIME", 1.0),
    "elevation_deg": ("ELEVANGLE", 1.0),
    "azimuth_deg": ("AZIMANGLE", 1.0),
    "solid_angle_sr": ("SOLIDANGLE", 1.0),
}
"""Keyword of the standard for a setting, and how many of its units one of ours is."""
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "EELS": ("ELS", "Energy loss", "XY"),
    "X-ray": ("EDS", "X-ray energy", "Y"),
    "EDS": ("EDS", "X-ray energy", "Y"),
}
"""Type of signal, label of the axis and layout, by how the recording's signal starts: DM repeats
the energy of each channel, X-ray analysers do not."""
_KEY_WIDTH = 12
_DIGITS = 12


def write(path: Path, recording: Recording) -> None:
    """Write one spectrum.

    Parameters
    ----------
    path
        File to write, whole or not at all.
    recording
        Counts with one axis of energy, in the unit that the file is to have. ``signal`` is the
        title; one that starts with ``EELS`` makes it a loss spectrum, with ``X-ray`` or ``EDS`` an
        X-ray spectrum. Settings that the standard has a keyword for are written under it, others
        as keywords of a maker (``##``).

    Raises
    ------
    ValueError
        If the recording is no single spectrum of these kinds.
    """
    kind = next((kind for kind in _KINDS if recording.signal.startswith(kind)), None)
    if kind is None or recording.data.ndim != 1 or len(recording.axes) != 1:
        raise ValueError(
            f"{recording.signal}: data of shape {recording.data.shape}; an EMSA/MAS file takes one "
            f"spectrum whose signal starts with {', '.join(_KINDS)}"
        )
    lines = [*_header(recording, *_KINDS[kind]), *_data(recording, _KINDS[kind][2])]
    text = "".join(f"{line}\r\n" for line in [*lines, _line("ENDOFDATA", "")])
    with replacing(path) as partial:
        partial.write_bytes(text.encode("ascii", "replace"))


def _header(recording: Recording, kind: str, label: str, layout: str) -> Iterator[str]:
    (axis,) = recording.axes
    yield _line("FORMAT", "EMSA/MAS Spectral Data File")
    yield _line("VERSION", "1.0")
    yield _line("TITLE", recording.signal)
    yield _line("DATE", _DATE)
    yield _line("TIME", _TIME)
    yield _line("OWNER", "nanostitch simulation")
    yield _line("NPOINTS", str(recording.data.size))
    yield _line("NCOLUMNS", "1")
    yield _line("XUNITS", axis.units)
    yield _line("YUNITS", "counts")
    yield _line("DATATYPE", layout)
    yield _line("XPERCHAN", _number(axis.step))
    yield _line("OFFSET", _number(axis.start))
    yield _line("SIGNALTYPE", kind)
    yield _line("XLABEL", label)
    yield _line("YLABEL", "Intensity")
    for name, value in recording.metadata.items():
        if isinstance(value, str) or name not in _KEYWORDS:
            text = value if isinstance(value, str) else _number(value)
            yield _line(f"#{name.upper()}", " ".join(text.split()))
        else:
            keyword, factor = _KEYWORDS[name]
            yield _line(keyword, _number(value * factor))
    yield _line("SPECTRUM", "Spectral Data Starts Here")


def _data(recording: Recording, layout: str) -> Iterator[str]:
    (axis,) = recording.axes
    counts = [_number(float(count)) for count in recording.data]
    if layout == "Y":
        return iter(counts)
    positions = axis.start + axis.step * np.arange(len(counts))
    pairs = zip(positions, counts, strict=True)
    return (f"{_number(float(position))}, {count}" for position, count in pairs)


def _line(keyword: str, value: str) -> str:
    return f"#{keyword:<{_KEY_WIDTH}}: {value}"


def _number(value: float) -> str:
    return f"{value:.{_DIGITS}g}"
