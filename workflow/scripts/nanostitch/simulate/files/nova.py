"""ASCII export of impedance by NOVA 2.1, the program of Autolab instruments."""

from pathlib import Path

import numpy as np

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Columns

_NAMES = (
    "Index",
    "Frequency (Hz)",
    "Z' (Ω)",
    "-Z'' (Ω)",
    "Z (Ω)",
    "-Phase (°)",
    "Time (s)",
)
_DIGITS = 15
_MARKS = {"point": ".", "comma": ","}


def write(path: Path, recording: Columns) -> None:
    """Write a spectrum; ``decimal_separator`` in its metadata is ``point`` or ``comma``.

    Parameters
    ----------
    path
        File to write.
    recording
        Columns ``frequency_hz``, ``impedance_real_ohm``, ``impedance_imag_ohm`` and ``time_s``.
    """
    mark = _MARKS[str(recording.metadata.get("decimal_separator", "point"))]
    values = recording.values
    whole = values["impedance_real_ohm"] + 1j * values["impedance_imag_ohm"]
    columns = (
        values["frequency_hz"],
        whole.real,
        -whole.imag,
        np.abs(whole),
        -np.degrees(np.angle(whole)),
        values["time_s"],
    )
    rows = [
        ";".join([str(number), *(_number(value, mark) for value in row)])
        for number, row in enumerate(zip(*columns, strict=True), 1)
    ]
    with replacing(path) as partial:
        text = "".join(line + "\r\n" for line in [";".join(_NAMES), *rows])
        partial.write_bytes(text.encode("utf-8"))


def _number(value: float, mark: str) -> str:
    return f"{value:.{_DIGITS}G}".replace(".", mark)
