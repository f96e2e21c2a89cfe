"""PerkinElmer UV WinLab ASCII (``.asc``): a header by line number, then a block of data.

The layout is that of files of a LAMBDA 950 and 1050: 75 lines whose meaning is their position,
``#HDR``, ``#GR`` (unit, ordinate, scale, offset, first position, step, number of points, digits,
maximum, minimum), ``#DATA`` (position, value), wavelengths descending, lines ended by CR LF.
"""

from pathlib import Path

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Columns

_DATE, _TIME = "18/01/01", "12:00:00.00"
_ORDINATES = {"absorbance": "A", "transmittance_percent": "%T"}
_NOTHING = " "


def write(path: Path, columns: Columns) -> None:
    """Write one spectrum.

    Parameters
    ----------
    path
        File to write; its name does not enter the bytes.
    columns
        ``wavelength_nm``, evenly spaced and descending, and ``absorbance`` or
        ``transmittance_percent``; metadata ``title`` and ``slit_nm``.
    """
    name = next(name for name in columns.values if name in _ORDINATES)
    wavelength, values = columns.values["wavelength_nm"], columns.values[name]
    graph = [
        "#GR",
        "nm",
        _ORDINATES[name],
        "1.0",
        "0.0",
        f"{wavelength[0]:.6f}",
        f"{wavelength[1] - wavelength[0]:.6f}",
        str(wavelength.size),
        "8",
        f"{values.max():.6f}",
        f"{values.min():.6f}",
    ]
    data = [f"{x:.6f}\t{y:.6f}" for x, y in zip(wavelength, values, strict=True)]
    lines = [*_header(columns, float(wavelength[-1])), "#HDR", "-1", "-1", *graph, "#DATA", *data]
    with replacing(path) as partial:
        partial.write_bytes("".join(f"{line}\r\n" for line in lines).encode("ascii", "replace"))


def _header(columns: Columns, last_nm: float) -> list[str]:
    """Lines 1 to 75: who, when, instrument, monochromator, detectors, accessories."""
    slit = f"860.8/{float(columns.metadata['slit_nm']):g}"
    gain = "3350/servo"
    return [
        "PE UV       SUBTECH     SPECTRUM    ASCII       PEDS        4.00        ",
        "   -1",
        f"{columns.metadata['title']}.Sample.Raw.asc",
        *(_DATE, _TIME, _DATE, _TIME),
        *("nanostitch", "simulated", f"{last_nm:.6f}", "1"),
        *("Lambda 950", "950N0000000", "simulated LAMBDA 950", ""),
        *("0", "0", f"{gain} {slit}", "0", "0"),
        *("UV/VIS", "1", "1", "1", "RBeamAtt,SBeamAtt,uv/vis/nir detector"),
        *("0", "0", "0", "0", "Program", "Program"),
        *(f"{gain} {slit}", "3350/0.2 860.8/0.2", "3350/0.2 860.8/0.2", "0", "1"),
        *(_NOTHING, _NOTHING, _NOTHING, "0", _NOTHING),
        *("860.8", "319.2", "860.8", "Front", "100", "on", "S:100 R:100"),
        *("0", "0", "0", "0", _NOTHING, "0", _NOTHING, _NOTHING, _NOTHING, "0"),
        *(_NOTHING, _NOTHING, "0", "0", "0", "0", "0"),
        *(_NOTHING, _NOTHING, _NOTHING, _NOTHING, "0", "0", "", "", "0", "0"),
    ]
