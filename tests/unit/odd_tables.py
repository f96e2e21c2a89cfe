"""Short tables for readers, whose numbers are known, to be made odd by the tests."""

from pathlib import Path

import numpy as np
import xarray as xr

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW

POINTS = 9
AXIS = 400.0 + np.arange(POINTS)
VALUES = 1.5 + np.arange(POINTS) ** 2
PL = "Wavelength (nm)\tCounts\n"
EIS = "f (Hz)\tZ' (ohm)\tZ'' (ohm)\n"
IV = "voltage (V)\tcurrent (A)\n"
AS_SOON_AS = 5.0  # seconds; what was quadratic took more


def rows(*columns: np.ndarray, delimiter: str = "\t") -> str:
    return "".join(
        delimiter.join(f"{cell:.6g}" for cell in row) + "\n" for row in zip(*columns, strict=True)
    )


TABLE = PL + rows(AXIS, VALUES)
ONE = PL + rows(AXIS[:3], VALUES[:3])


def read(
    folder: Path,
    text: str | bytes,
    technique: str,
    name: str = "curve.txt",
    dataset: str | None = None,
    **told: str,
) -> xr.Dataset:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return contracts.check(raw.read(path, technique, told, dataset), RAW[technique], name)


def same(dataset: xr.Dataset, **truth: np.ndarray) -> None:
    for name, array in truth.items():
        np.testing.assert_allclose(dataset[name], array, rtol=1e-12, err_msg=name)


def lvm(
    samples: str = str(POINTS),
    names: str = "X_Value\tVoltage\tCurrent\tComment",
    decimal: str = ".",
    separator: str = "Tab",
    x0: str = "0.0",
    body: str | None = None,
) -> str:
    head = f"LabVIEW Measurement\nSeparator\t{separator}\nDecimal_Separator\t{decimal}\n"
    # No cells of X, whose column is the first: it is computed.
    tags = f"Samples\t{samples}\t{samples}\nY_Unit_Label\tV\tA\nX0\t{x0}\t{x0}\nDelta_X\t1\t1\n"
    cells = rows(AXIS, VALUES) if body is None else body
    cells = "".join(f"\t{line}\n" for line in cells.splitlines())
    mark = "***End_of_Header***\n"
    return head + mark + "\n" + tags + mark + names + "\n" + cells
