"""Simulated instruments: raw files for whoever has none, from a specimen whose truth is known.

Nothing here is imported by the analysis, and nothing of the analysis is imported here: a
simulated file goes through the same door as a measured one.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.simulate import dm4, image, spectrum

Recording = Callable[[Mapping[str, Any], Mapping[str, Any], np.random.Generator], dm4.Recording]

_INSTRUMENTS: dict[str, Recording] = {"adf": image.record, "eels": spectrum.record}


def write(
    path: Path,
    about: Mapping[str, Any],
    *,
    seed: int,
    condition: Mapping[str, Any],
    instrument: Mapping[str, Any],
) -> None:
    """Write the DM4 file of one acquisition.

    Parameters
    ----------
    path
        The file to write.
    about
        Identity of the acquisition: ``technique`` (adf or eels) and ``acquisition``, whose id
        gives each file draws of its own.
    seed
        The same seed gives the same bytes.
    condition
        True specimen: ``band_gap_ev``, ``edge_mean_nm``, ``edge_sd_nm``, ``merged_fraction``.
    instrument
        Settings of the instrument, by their names in the schema.
    """
    draw = int.from_bytes(hashlib.sha256(about["acquisition"].encode()).digest()[:8], "big")
    rng = np.random.default_rng([seed, draw])
    dm4.write(path, _INSTRUMENTS[about["technique"]](condition, instrument, rng))
