"""Images and maps as the formats' own writers take them, and files of them."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

KV = {"beam_energy_kev": 200.0}


def axis(name: str, size: int, scale: float, offset: float, units: str, navigate: bool) -> dict:
    return {
        "_type": "UniformDataAxis",
        "name": name,
        "size": size,
        "scale": scale,
        "offset": offset,
        "units": units,
        "navigate": navigate,
        "is_binned": False,
    }


def bare_signal(
    data: np.ndarray, axes: list[dict], title: str = "", kind: str = ""
) -> dict[str, Any]:
    """What a writer takes, with nothing known of the instrument."""
    return {
        "data": data,
        "axes": axes,
        "metadata": {"General": {"title": title}, "Signal": {"signal_type": kind}},
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "tmp_parameters": {},
        "learning_results": {},
        "models": {},
        "package_info": {"package": "hyperspy", "package_version": "2.5"},
    }


def signal(data: np.ndarray, axes: list[dict], title: str = "", kind: str = "") -> dict[str, Any]:
    """The same of an instrument of 200 kV."""
    content = bare_signal(data, axes, title, kind)
    instrument = {"TEM": {"beam_energy": 200.0, "convergence_angle": 10.0}}
    content["metadata"]["Acquisition_instrument"] = instrument
    content["original_metadata"] = {"Instrument": {"spot": 5, "blob": list(range(1000))}}
    return content


def image_signal() -> dict[str, Any]:
    values = np.arange(12 * 9, dtype="u2").reshape(12, 9)
    axes = [axis("y", 12, 0.2, 1.0, "nm", False), axis("x", 9, 0.1, 0.0, "nm", False)]
    return signal(values, axes, "HAADF")


def map_signal() -> dict[str, Any]:
    values = np.random.default_rng(1).integers(0, 900, (3, 4, 25)).astype("i4")
    axes = [
        axis("y", 3, 2.0, 0.0, "nm", True),
        axis("x", 4, 1.0, 0.0, "nm", True),
        axis("Energy loss", 25, 0.05, -0.4, "eV", False),
    ]
    return signal(values, axes, "map", "EELS")


def write(folder: Path, suffix: str, content: dict[str, Any]) -> Path:
    plugin = {
        "hspy": "hspy",
        "zspy": "zspy",
        "tif": "tiff",
        "rpl": "ripple",
        "emd": "emd",
        "nxs": "nexus",
        "msa": "msa",
    }[suffix]
    path = folder / f"file µ [0].{suffix}"
    importlib.import_module(f"rsciio.{plugin}").file_writer(str(path), content)
    return path
