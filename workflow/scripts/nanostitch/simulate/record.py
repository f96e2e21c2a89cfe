"""Recording a raw file: an instrument looks at a specimen, a writer writes what it saw.

Instrument and writer are loaded by name, so that the code of one decides no file of another.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from nanostitch.simulate.draws import generator

FOLDER = Path(__file__).parent


def record(
    path: Path,
    specimen: xr.Dataset,
    *,
    seed: int,
    acquisition: str,
    instrument: str,
    writer: str,
    settings: Mapping[str, Any],
) -> xr.Dataset:
    """Write the raw file of one acquisition.

    Parameters
    ----------
    path
        File to write.
    specimen
        What :func:`nanostitch.simulate.growth.grow` returned.
    seed, acquisition
        Together they decide every random draw of the instrument.
    instrument, writer
        Names of a module of ``instruments`` and of one of ``files``.
    settings
        By their names in ``instruments/{instrument}.schema.yaml``.

    Returns
    -------
    xarray.Dataset
        The truth behind the file, its variables named like those of the products that measure
        them.

    Raises
    ------
    BatchError
        If the instrument is to look at what the specimen has not.
    """
    device = importlib.import_module(f"nanostitch.simulate.instruments.{instrument}")
    file = importlib.import_module(f"nanostitch.simulate.files.{writer}")
    truth: xr.Dataset
    recording, truth = device.record(specimen, generator(seed, "record", acquisition), **settings)
    file.write(path, recording)
    return truth


def modules(instrument: str, writer: str) -> tuple[Path, Path]:
    """Files of the code that decides a raw file."""
    return FOLDER / "instruments" / f"{instrument}.py", FOLDER / "files" / f"{writer}.py"
