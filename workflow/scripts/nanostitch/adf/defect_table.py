"""Line defects of all domains as variables of a product, with how sure each is."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage, stats

from nanostitch import intervals, quality
from nanostitch.adf import line_defects
from nanostitch.adf.line_defects import Defect
from nanostitch.adf.phase_jump import Crystal

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = dict[str, xr.DataArray]

_FALSE_RATE = 1.9e-4
"""False defects per nm2, upper limit (95 %): none in 15,552 nm2 of simulated crystals without
defects, at 10 to 100 electrons per peak pixel and line jitter up to 0.02 nm (bench_columns)."""
_CALIBRATED_SHIFT = 0.3
"""Threshold (share of a plane distance) at which that holds, and above."""
_SMALLEST_NM = 3.0
"""Side of the smallest domain that is searched: both sides of a line need their depth."""
_FAST_SCAN_DEGREE = 10.0
"""Angle to the fast scan within which a jump of the stage between two lines looks the same."""


def false_rate(least_shift: float) -> float:
    """Upper limit (95 %) of the false defects per nm2; not a number where it was not simulated.

    Parameters
    ----------
    least_shift
        Threshold of the displacement, as a share of a plane distance.
    """
    return _FALSE_RATE if least_shift >= _CALIBRATED_SHIFT else float("nan")


def search(
    image: Array,
    index: Ints,
    bases: Array,
    *,
    spacing: tuple[float, float],
    origin: tuple[float, float],
    least_shift: float,
    shortest_nm: float,
    largest_rotation_degree: float,
) -> tuple[dict[str, xr.DataArray], dict[str, quality.Level]]:
    """Search each domain for line defects.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``, finite.
    index
        Domain of each pixel, from 0; -1 outside.
    bases
        Reflections (domain, 2, 2): rows g1, g2; columns y, x [1/nm].
    spacing, origin
        Pixel size and place of the first pixel along y and x [nm].
    least_shift, shortest_nm, largest_rotation_degree
        See :func:`nanostitch.adf.line_defects.find`.

    Returns
    -------
    tuple
        The variables ``defect_*`` of ``contracts.adf.COLUMNS``, and what is to be said of them.
    """
    found: list[Defect] = []
    domain: list[int] = []
    areas: list[float] = []
    skipped = 0
    for number, box in enumerate(ndimage.find_objects(index + 1)):
        inside = index[box] == number if box else np.zeros((0, 0), bool)
        area = float(inside.sum()) * spacing[0] * spacing[1]
        if area < _SMALLEST_NM**2:
            continue
        corner = [o + side.start * d for o, side, d in zip(origin, box, spacing, strict=True)]
        crystal = Crystal(image[box], inside, spacing, (corner[0], corner[1]), bases[number])
        defects, searched = line_defects.find(
            crystal,
            least_shift=least_shift,
            shortest_nm=shortest_nm,
            largest_rotation_degree=largest_rotation_degree,
        )
        skipped += not searched
        areas += [area] if searched else []
        found += defects
        domain += [number + 1] * len(defects)
    table = _table(found, np.array(domain, np.int64), sum(areas, 0.0), least_shift)
    table |= _density(found, areas)
    why: dict[str, quality.Level] = {}
    if skipped:
        why[f"{skipped} domains are too noisy or too thin to be searched for line defects"] = "good"
    return table, why


def _table(
    found: list[Defect], domain: Ints, area: float, least_shift: float
) -> dict[str, xr.DataArray]:
    shifts = np.array([defect.shift for defect in found]).reshape(-1, 2)
    errors = np.array([defect.shift_error for defect in found]).reshape(-1, 2)
    sure = 1 - min(false_rate(least_shift) * area, 1.0)
    rows: dict[str, Array | Ints] = {
        "defect": np.arange(1, len(found) + 1, dtype="i4"),
        "defect_y": np.array([d.y for d in found]),
        "defect_x": np.array([d.x for d in found]),
        "defect_position_uncertainty": np.array([d.position_error for d in found]),
        "defect_normal": np.array([d.normal for d in found]),
        "defect_length": np.array([d.length for d in found]),
        "defect_length_uncertainty": np.array([d.length_error for d in found]),
        "defect_domain": domain.astype("i4"),
        "defect_probability": np.full(len(found), sure),
    }
    rows |= _bounds("defect_shift_y", shifts[:, 0], errors[:, 0])
    rows |= _bounds("defect_shift_x", shifts[:, 1], errors[:, 1])
    for name in ("along", "across"):
        pairs = np.array([getattr(d, name) for d in found]).reshape(-1, 2)
        rows |= _bounds(f"defect_shift_{name}", pairs[:, 0], pairs[:, 1])
    table = {name: xr.DataArray(data, dims=("defect",)) for name, data in rows.items()}
    table["defect_quality"] = _flags(found)
    table["defect_searched_area"] = xr.DataArray(area)
    table["defect_false_rate"] = xr.DataArray(false_rate(least_shift))
    return table


def _bounds(name: str, value: Array, error: Array) -> dict[str, Array]:
    more = intervals.NORMAL_95 * error
    return {name: value, f"{name}_lower": value - more, f"{name}_upper": value + more}


def _flags(found: list[Defect]) -> xr.DataArray:
    """What is to be minded of each defect."""
    normal = np.array([defect.normal for defect in found])
    raised = {
        "near_edge": np.array([defect.at_edge for defect in found], bool),
        "along_fast_scan": np.abs(normal - 90.0) < _FAST_SCAN_DEGREE,
    }
    return quality.flags({name: xr.DataArray(a, dims=("defect",)) for name, a in raised.items()})


def no_flags() -> xr.DataArray:
    """Flags of no defects."""
    return _flags([])


def _density(found: list[Defect], areas: list[float]) -> dict[str, xr.DataArray]:
    """Length of defects per area; interval by the number of defects (Garwood 1936)."""
    area = sum(areas, 0.0)
    if not area > 0:
        return intervals.variables({"defect_density": intervals.NONE}, {"defect_density": "nm-1"})
    number = len(found)
    usual = (
        float(np.mean([defect.length for defect in found]))
        if found
        else float(np.sqrt(np.mean(areas)))
    )
    low = float(stats.chi2.ppf(0.025, 2 * number) / 2) if number else 0.0
    high = float(stats.chi2.ppf(0.975, 2 * number + 2) / 2)
    density = (usual * number / area, usual * low / area, usual * high / area)
    return intervals.variables({"defect_density": density}, {"defect_density": "nm-1"})
