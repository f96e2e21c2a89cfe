"""Growing a specimen: a sample as deposited, then what its storage did."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from nanostitch.simulate import specimen
from nanostitch.simulate.draws import generator


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
        under every condition, and what merges them is drawn alike: a longer storage is the same
        history, continued.
    condition
        Storage and treatment, by the columns of conditions.tsv; what it leaves open is completed
        by :func:`nanostitch.simulate.specimen.storage.told`.
    seed
        The same seed gives the same specimen.
    settings
        By their names in ``specimen.schema.yaml``.

    Returns
    -------
    xarray.Dataset
        As ``contracts/specimen.py`` says; the environment is in the attributes.
    """
    names = {name: about[name] for name in ("sample", "condition", "substrate")}
    return specimen.grow(
        {**condition, **names},
        generator(seed, "sample", names["sample"]),
        generator(seed, "storage", names["sample"]),
        **settings,
    )
