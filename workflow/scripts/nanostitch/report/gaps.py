"""Spectra for the linked view: each place of a scan and each region, with its band gap."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality, store
from nanostitch.contracts.eels import ALIGNED
from nanostitch.contracts.raw import RAW_EELS
from nanostitch.report.collect import Contents, Json
from nanostitch.report.views import finite, of_acquisitions

BELOW_EV, ABOVE_EV = 0.9, 1.1
"""Part of the spectrum around the median gap that is shown [eV]."""
MOST_PLACES = 400
"""Of a larger map, every second, third … row and column is shown."""
MOST_CHANNELS = 240
_DIGITS = 4
_GAPS = ("band_gap", "band_gap_lower", "band_gap_upper")


def views(contents: Contents) -> list[Json]:
    """One entry for each energy-loss acquisition with a gap, in the order of the ids."""
    return of_acquisitions(contents, "eels", ("raw", "aligned", "loss", "band_gap"), _view)


def _view(folder: Path) -> Json:
    gaps = store.read_product(str(folder / "band_gap.nc"))
    loss = store.read_product(str(folder / "loss.nc"))
    estimator = str(gaps["estimator"].values[0])
    first = gaps.sel(estimator=estimator)
    middle = _middle(first)
    energy = loss["energy"].to_numpy()
    shown = energy[(energy >= middle - BELOW_EV) & (energy <= middle + ABOVE_EV)]
    shown = shown[:: max(1, -(-shown.size // MOST_CHANNELS))]
    places = list(_regions(first, loss, shown))
    scan = [dim for dim in ("y", "x") if dim in first["band_gap"].dims]
    said = ""
    if scan:
        positions, said = _positions(folder, first, shown)
        places += positions
    return {
        "estimator": estimator.replace("_", " "),
        "dims": scan,
        "energy": _rounded(shown),
        "places": places,
        "said": said,
        "verdict": quality.level(gaps),
    }


def _middle(gaps: xr.Dataset) -> float:
    """Median gap; the middle of the usual range where there is none [eV]."""
    values = gaps["band_gap"].to_numpy().ravel()
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float(gaps["energy"].median())


def _regions(gaps: xr.Dataset, loss: xr.Dataset, energy: NDArray[np.float64]) -> Iterator[Json]:
    for region in map(str, gaps["region"].values):
        here, spectrum = gaps.sel(region=region), loss.sel(region=region)
        yield {
            "name": "whole field" if region == "all" else f"region {region}",
            "of": "loss without its zero-loss peak",
            "gap": _rounded([here[f"region_{end}"].item() for end in _GAPS]),
            "flags": quality.words(here["region_quality"]).replace("_", " "),
            "values": _rounded(np.interp(energy, loss["energy"], spectrum["loss"])),
            "model": _rounded(np.interp(energy, gaps["energy"], here["onset_model"])),
        }


def _positions(
    folder: Path, gaps: xr.Dataset, energy: NDArray[np.float64]
) -> tuple[list[Json], str]:
    """Places of a scan with the counts of each, its zero-loss peak moved to 0 eV."""
    scan = [str(dim) for dim in ("y", "x") if dim in gaps["band_gap"].dims]
    count = gaps["band_gap"].size
    stride = 1
    while count / stride ** len(scan) > MOST_PLACES:
        stride += 1
    every = {dim: slice(None, None, stride) for dim in scan}
    with store.open_lazily(str(folder / "aligned.nc"), ALIGNED) as aligned:
        offset = aligned["zlp_offset"].isel(every).to_numpy()
    with store.open_lazily(str(folder / "raw.nc"), RAW_EELS) as raw:
        axis = raw["energy"].to_numpy()
        ends = energy[0] + np.nanmin(offset), energy[-1] + np.nanmax(offset)
        first, last = np.searchsorted(axis, ends)
        window = slice(max(int(first) - 1, 0), int(last) + 1)
        counts = raw["counts"].transpose(..., "energy").isel({**every, "energy": window}).to_numpy()
    axis, here = axis[window], gaps.isel(every)
    places = []
    for index in np.ndindex(offset.shape):
        at = dict(zip(scan, index, strict=True))
        one = here.isel(at)
        places.append(
            {
                "name": ", ".join(f"{d} = {float(here[d][at[d]]):.4g} nm" for d in scan),
                "of": "counts of this place",
                "gap": _rounded([one[end].item() for end in _GAPS]),
                "flags": quality.words(one["band_gap_quality"]).replace("_", " "),
                "values": _rounded(np.interp(energy, axis - offset[index], counts[index])),
                "model": [],
                **{d: round(float(here[d][at[d]]), _DIGITS) for d in scan},
            }
        )
    said = f"{len(places)} of {count} places" if stride > 1 else f"all {count} places"
    return places, said


def _rounded(values: object) -> list[float | None]:
    """Numbers to four digits."""
    numbers = np.asarray(values, dtype=float).tolist()
    return finite(float(f"{number:.{_DIGITS}g}") for number in numbers)
