"""Raw files of the virtual laboratory for tests, one call each."""

from functools import cache
from pathlib import Path

import xarray as xr

from nanostitch import laboratory, schema
from nanostitch.simulate.growth import grow
from nanostitch.simulate.record import record
from nanostitch.simulate.registry import INSTRUMENTS

GRID = {"sample": "grid1", "condition": "fresh", "substrate": "carbon film"}


@cache
def fresh_layer() -> xr.Dataset:
    """A small layer as deposited."""
    settings = schema.with_defaults({"field_nm": 120}, schema.load("specimen"))
    return grow(GRID, {}, seed=7, settings=settings)


def write(path: Path, instrument: str, name: str = "", **settings: object) -> xr.Dataset:
    """Write what an instrument would record of the layer; returns the truth."""
    return record(
        path,
        fresh_layer(),
        seed=7,
        acquisition=name or path.stem,
        instrument=instrument,
        writer=INSTRUMENTS[instrument].writers[path.suffix[1:]],
        settings=schema.with_defaults(settings, laboratory.schema_of(instrument)),
    )
