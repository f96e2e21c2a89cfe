"""Text of an integrating sphere's CCD (``.txt``): remarks, headings, wavelength and counts."""

from pathlib import Path

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Columns

_HEADINGS = {"counts": "Intensity (counts)", "correction": "Correction factor (photons per count)"}


def write(path: Path, columns: Columns) -> None:
    """Write one spectrum, or the correction that its counts are multiplied with.

    Parameters
    ----------
    path
        File to write.
    columns
        ``wavelength_nm`` and ``counts`` or ``correction``; metadata ``role`` and
        ``excitation_nm``.
    """
    name = next(name for name in columns.values if name in _HEADINGS)
    lines = [
        "# Integrating sphere, 150 W xenon lamp, Solar MSA-130, Hamamatsu CCD (simulated)",
        f"# Spectrum: {columns.metadata['role']}",
        f"# Excitation wavelength (nm): {float(columns.metadata['excitation_nm']):g}",
        f"Wavelength (nm)\t{_HEADINGS[name]}",
    ]
    pairs = zip(columns.values["wavelength_nm"], columns.values[name], strict=True)
    lines += [f"{x:.10g}\t{y:.10g}" for x, y in pairs]
    with replacing(path) as partial:
        partial.write_bytes("".join(f"{line}\r\n" for line in lines).encode("ascii"))
