"""Band gap at a boundary against that beside it, along a line scan.

"No difference" is a result only together with the difference that would have been seen. Losses
are delocalised over several nanometres, so a boundary is seen diluted by what lies around it.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eels import background, blocks, delocalisation, line_contrast, sub_gap
from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.line_contrast import FEWEST_POINTS, Contrast, Line

_FEWEST_FOR_NOISE = 6
_MODELS = ("power_law", "exponential")
NUMBERS = (
    "gap_difference",
    "gap_difference_lower",
    "gap_difference_upper",
    "side_difference",
    "side_difference_lower",
    "side_difference_upper",
    "delocalisation_length",
    "margin",
    "equivalence_p",
    "smallest_effect",
    "smallest_local_effect",
    "sub_gap_excess",
    "sub_gap_excess_lower",
    "sub_gap_excess_upper",
)
_SHARES = ("equivalence_p", "sub_gap_excess", "sub_gap_excess_lower", "sub_gap_excess_upper")


def measure(
    gaps: xr.Dataset,
    raw: xr.Dataset,
    aligned: xr.Dataset,
    *,
    estimator: str,
    margin_ev: float,
    boundary_width_nm: float,
    sub_gap_width_ev: float,
    sub_gap_clearance_fwhm: float,
    sub_gap_start_fractions: Sequence[float],
) -> xr.Dataset:
    """Compare the gap within the delocalisation length of a boundary with that beyond.

    The difference is that of this line: between the mean of the points whose circle of half the
    scattering (diameter L50) holds the boundary, and the mean of the two sides' means. Errors
    that points share cancel; the noise is that of second differences along the line, which hold
    no smooth change of the gap.

    Parameters
    ----------
    gaps, raw, aligned
        As ``contracts.eels.BAND_GAP``, ``contracts.raw.RAW_EELS`` and ``contracts.eels.ALIGNED``
        say; attributes ``boundary_nm`` and ``beam_energy_kev`` of ``raw``.
    estimator
        Which gap is compared.
    margin_ev
        Largest difference that counts as none [eV].
    boundary_width_nm
        Width of the boundary for which the smallest local effect is stated [nm].
    sub_gap_width_ev, sub_gap_clearance_fwhm, sub_gap_start_fractions
        Window below the gap in which states are looked for: width [eV], distance from the gap in
        widths of the zero-loss peak, and where fits of the tail begin as shares of the gap.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.BOUNDARY`` says. What is not known is NaN, and the verdict says why.

    Notes
    -----
    Equivalence: two one-sided tests, Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657.
    """
    numbers = dict.fromkeys(NUMBERS, np.nan) | {"margin": margin_ev}
    line = _line(gaps, raw, estimator)
    if isinstance(line, str):
        return _dataset(gaps, raw, estimator, numbers, {line: "bad"}, boundary_width_nm)
    numbers["delocalisation_length"] = line.l50_nm
    reasons = _reasons(gaps, line)
    if "bad" not in reasons.values():
        across = line_contrast.contrast(line, [line.near], line.sides)
        numbers |= _tested(line, across, margin_ev, boundary_width_nm)
        numbers |= _states(
            line,
            gaps,
            raw,
            aligned,
            (sub_gap_width_ev, sub_gap_clearance_fwhm),
            sub_gap_start_fractions,
        )
        reasons |= line_contrast.variation(line, across)
    return _dataset(gaps, raw, estimator, numbers, reasons, boundary_width_nm)


def _line(gaps: xr.Dataset, raw: xr.Dataset, estimator: str) -> Line | str:
    """The line, or why there is none."""
    told, beam = (raw.attrs.get(name) for name in ("boundary_nm", "beam_energy_kev"))
    if told is None or str(told) == "":
        return "position of the boundary not told: tell boundary_nm in acquisitions.tsv"
    if beam is None:
        return "beam energy unknown, so is the delocalisation: tell beam_energy_kev"
    shape = {dim: gaps.sizes[dim] for dim in ("y", "x") if dim in gaps.sizes}
    if "x" not in shape or shape.get("y", 1) > 1:
        return "no line scan: a boundary is measured along one line"
    distance, gap, lower, upper = _along(gaps, raw, estimator)
    if not np.isfinite(gap).any():
        return f"no point of the line has a gap ({gaps['verdict'].attrs['reasons']})"
    uncertainty = (upper - lower) / 2
    length = delocalisation.length_nm(float(np.nanmedian(gap)), float(beam))
    return Line(distance, gap, np.where(uncertainty > 0, uncertainty, np.nan), length)


def _along(gaps: xr.Dataset, raw: xr.Dataset, estimator: str) -> tuple[Array, Array, Array, Array]:
    """Distance from the boundary [nm], gap and its bounds [eV] of each point."""
    one = gaps.sel(estimator=estimator)
    x = np.asarray(one["x"].to_numpy(), dtype=float) if "x" in one else np.empty(0)
    told = raw.attrs.get("boundary_nm", np.nan)
    distance = x - float(told if str(told) != "" else np.nan)
    if one["band_gap"].size != x.size:
        nothing = np.full(x.size, np.nan)
        return distance, nothing, nothing, nothing
    gap, lower, upper = (
        np.asarray(one[f"band_gap{end}"].to_numpy(), dtype=float).ravel()
        for end in ("", "_lower", "_upper")
    )
    return distance, gap, lower, upper


def _tested(line: Line, across: Contrast, margin: float, width_nm: float) -> dict[str, float]:
    share = delocalisation.share_of_strip(line.distance, width_nm, line.l50_nm)
    diluted = float(line_contrast.weights(line, [line.near], line.sides) @ share)
    numbers = _bounded("gap_difference", across) | {
        "equivalence_p": across.equivalence_p(margin),
        "smallest_effect": across.smallest,
        "smallest_local_effect": across.smallest / diluted if diluted > 0 else np.nan,
    }
    if len(line.sides) == 2:
        left, right = line.sides
        numbers |= _bounded("side_difference", line_contrast.contrast(line, [right], [left]))
    return numbers


def _bounded(name: str, found: Contrast) -> dict[str, float]:
    return {
        name: found.value,
        f"{name}_lower": found.value - found.side,
        f"{name}_upper": found.value + found.side,
    }


def _states(
    line: Line,
    gaps: xr.Dataset,
    raw: xr.Dataset,
    aligned: xr.Dataset,
    window: tuple[float, float],
    starts: Sequence[float],
) -> dict[str, float]:
    """Signal below the gap at the boundary less that beyond."""
    width, clearance = window
    # The lowest of all estimates: an exciton absorbs below the gap that its continuum has.
    lowest = float(gaps["region_band_gap_lower"].sel(region="all").min())
    fwhm = float(aligned["region_zlp_fwhm"].sel(region="all"))
    begin = tuple(share * lowest for share in starts)
    where = sub_gap.Where(lowest, clearance * fwhm, width, begin)
    beyond = np.asarray(np.any(line.sides, axis=0))
    parts, noise = (line.near, beyond), background.pixel_noise(aligned)
    energy, sums = _sums(raw, aligned, (min(begin), lowest + width), parts)
    variances = (
        noise.summed(int(part.sum())).variance(np.maximum(counts, 1.0))
        for part, counts in zip(parts, sums, strict=True)
    )
    here, there = (
        sub_gap.excess(counts, variance, energy, where, _MODELS)
        for counts, variance in zip(sums, variances, strict=True)
    )
    value, low, high = sub_gap.difference(here, there)
    name = "sub_gap_excess"
    return {name: value, f"{name}_lower": low, f"{name}_upper": high}


def _sums(
    raw: xr.Dataset, aligned: xr.Dataset, window_ev: tuple[float, float], parts: Sequence[Mask]
) -> tuple[Array, Array]:
    """Energy axis [eV] and the summed spectrum of each part of the line (part, channel)."""
    energy, total = np.empty(0), np.zeros((len(parts), 0))
    for block in blocks.pixel_blocks(raw, aligned, window_ev):
        mine = np.array([part[block.first : block.first + len(block.counts)] for part in parts])
        known = np.asarray(np.isfinite(block.counts).all(axis=1))
        found = (mine & known).astype(float) @ np.where(known[:, None], block.counts, 0.0)
        energy, total = block.energy, found if total.size == 0 else total + found
    return energy, total


def _reasons(gaps: xr.Dataset, line: Line) -> dict[str, quality.Level]:
    reasons: dict[str, quality.Level] = {}
    level = quality.level(gaps)
    if level != "good":
        reasons[str(gaps["verdict"].attrs["reasons"])] = level
    if line.near.sum() < FEWEST_POINTS:
        reasons[f"{line.near.sum()} points with a gap within L50/2 of the boundary"] = "bad"
    if not line.sides:
        reasons["too few points with a gap beyond L50/2 of the boundary"] = "bad"
    elif len(line.sides) == 1:
        reasons["the line reaches beyond the boundary on one side only"] = "doubtful"
    if line.known.sum() < _FEWEST_FOR_NOISE:
        reasons[f"{line.known.sum()} points with a gap do not tell the noise"] = "bad"
    return reasons


def _dataset(
    gaps: xr.Dataset,
    raw: xr.Dataset,
    estimator: str,
    numbers: dict[str, float],
    reasons: dict[str, quality.Level],
    width_nm: float,
) -> xr.Dataset:
    distance, *line = _along(gaps, raw, estimator)
    product = xr.Dataset(coords={"distance": ("distance", distance, {"units": "nm"})})
    for end, values in zip(("", "_lower", "_upper"), line, strict=True):
        product[f"line_gap{end}"] = ("distance", values, {"units": "eV"})
    for name, value in numbers.items():
        units = "1" if name in _SHARES else "nm" if name == "delocalisation_length" else "eV"
        product[name] = ((), float(value), {"units": units})
    product["smallest_local_effect"].attrs["boundary_width_nm"] = width_nm
    product["line_gap"].attrs["estimator"] = estimator
    return product.assign(verdict=quality.verdict(reasons).assign_attrs(units="1"))
