"""The virtual laboratory: raw files for whoever has none, from specimens whose truth is known.

:func:`grow` makes a specimen and stores it, :func:`record` lets an instrument look at it and
writes the file that the instrument would have written. Nothing here is imported by the analysis,
and nothing of the analysis is imported here: a simulated file goes through the same door as a
measured one.
"""

import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Instrument:
    """One instrument: its technique and, by suffix, the module that writes its files."""

    technique: str
    writers: Mapping[str, str]


_DM4 = {"dm4": "dm4"}
_DM4_OR_EMSA = {"dm4": "dm4", "msa": "emsa"}

INSTRUMENTS: Mapping[str, Instrument] = {
    "overview": Instrument("adf", _DM4),
    "atomic": Instrument("adf", _DM4),
    "spectrum": Instrument("eels", _DM4_OR_EMSA),
    "line_scan": Instrument("eels", _DM4),
    "spectrum_image": Instrument("eels", _DM4),
    "vacuum": Instrument("eels", _DM4_OR_EMSA),
    "xray": Instrument("edx", {"msa": "emsa"}),
    "spectrophotometer": Instrument("absorption", {"asc": "perkin_elmer"}),
    "fluorometer": Instrument("pl", {"dat": "fluorolog"}),
    "sphere": Instrument("plqy", {"txt": "sphere_ccd"}),
    "source_meter": Instrument("iv", {"lvm": "labview", "csv": "keithley"}),
    "impedance": Instrument("eis", {"txt": "nova"}),
}
"""By name, which module and schema share; the first of a technique is its default."""

ENVIRONMENT: Mapping[str, float | str] = {
    "storage_time_h": 0.0,
    "temperature_c": 22.0,
    "anneal_temperature_c": 22.0,
    "anneal_time_h": 0.0,
    "atmosphere": "air",
    "illumination": "dark",
    "electron_irradiated": "no",
}
"""Of a condition that does not say otherwise: fresh, dark, unheated, at room temperature."""

HUMIDITY_PERCENT: Mapping[str, float] = {"air": 50.0}
"""Relative humidity of an atmosphere whose condition tells none; others than air are dry."""


def grow(
    about: Mapping[str, Any],
    condition: Mapping[str, Any],
    *,
    seed: int,
    settings: Mapping[str, Any],
) -> xr.Dataset:
    """Every crystal and seam of one sample after it was stored under one condition.

    Parameters
    ----------
    about
        ``sample``, ``condition`` and ``substrate``. A sample has the same crystals before storage
        under every condition.
    condition
        Storage and treatment, by the columns of conditions.tsv.
    seed
        The same seed gives the same specimen.
    settings
        By their names in ``specimen.schema.yaml``.

    Returns
    -------
    xarray.Dataset
        As ``contracts/specimen.py`` says; the environment is in the attributes.
    """
    from nanostitch.simulate import specimen

    environment = {name: condition.get(name, default) for name, default in ENVIRONMENT.items()}
    dry = HUMIDITY_PERCENT.get(str(environment["atmosphere"]), 0.0)
    environment["relative_humidity_percent"] = condition.get("relative_humidity_percent", dry)
    environment |= {name: about[name] for name in ("sample", "condition", "substrate")}
    sample_rng = _rng(seed, "sample", about["sample"])
    storage_rng = _rng(seed, "storage", about["sample"], about["condition"])
    return specimen.grow(environment, sample_rng, storage_rng, **settings)


def record(
    path: Path,
    specimen: xr.Dataset,
    *,
    seed: int,
    acquisition: str,
    instrument: str,
    settings: Mapping[str, Any],
) -> xr.Dataset:
    """Write the raw file of one acquisition.

    Parameters
    ----------
    path
        File to write; its suffix chooses the format.
    specimen
        What :func:`grow` returned.
    seed, acquisition
        Together they decide every random draw of the instrument.
    instrument
        A name of :data:`INSTRUMENTS`.
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
    device = importlib.import_module(f"{__name__}.instruments.{instrument}")
    format_name = INSTRUMENTS[instrument].writers[path.suffix[1:]]
    writer = importlib.import_module(f"{__name__}.files.{format_name}")
    recording, truth = device.record(specimen, _rng(seed, "record", acquisition), **settings)
    writer.write(path, recording)
    checked: xr.Dataset = truth
    return checked


def modules(instrument: str, suffix: str) -> tuple[Path, Path]:
    """Files of the code that decides a raw file: the instrument's and its writer's."""
    folder = Path(__file__).parent
    writer = INSTRUMENTS[instrument].writers[suffix]
    return folder / "instruments" / f"{instrument}.py", folder / "files" / f"{writer}.py"


def _rng(seed: int, *names: str) -> np.random.Generator:
    """Draws of their own for each purpose, whatever else is drawn and in whatever order."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
