"""Horiba FluorEssence text export (``.dat``): the columns of its worksheet, three rows of names.

Each signal stands beside a wavelength column of its own, as in the worksheet; the rows above the
numbers are short name, long name and unit; tabs between, lines ended by CR LF.
"""

from pathlib import Path

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Columns

_SIGNALS = {
    "s1c_cps": ("S1c", "S1c", "CPS"),
    "r1c_ua": ("R1c", "R1c", "MicroAmps"),
    "s1c_per_r1c": ("S1cR1c", "S1c / R1c", "CPS / MicroAmps"),
}
_AXES = "ABC"


def write(path: Path, columns: Columns) -> None:
    """Write one emission scan.

    Parameters
    ----------
    path
        File to write.
    columns
        ``wavelength_nm`` and the signals ``s1c_cps``, ``r1c_ua``, ``s1c_per_r1c``.
    """
    wavelength = [f"{position:.10g}" for position in columns.values["wavelength_nm"]]
    sheet = []
    for axis, (name, titles) in zip(_AXES, _SIGNALS.items(), strict=True):
        sheet.append([axis, "Wavelength", "nm", *wavelength])
        sheet.append([*titles, *(f"{value:.10g}" for value in columns.values[name])])
    lines = ["\t".join(cells) for cells in zip(*sheet, strict=True)]
    with replacing(path) as partial:
        partial.write_bytes("".join(f"{line}\r\n" for line in lines).encode("ascii"))
