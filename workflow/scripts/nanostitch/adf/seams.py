"""Seams between crystals that meet in one image: where they are and how the lattices continue."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.adf.junction import classes, evidence, report
from nanostitch.adf.junction.candidates import Candidate, candidates
from nanostitch.adf.junction.evidence import Seam
from nanostitch.adf.junction.outline import outline
from nanostitch.adf.junction.sides import Picture

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_COARSEST_NM = 0.1
"""Spacing of the blocks in which an image is looked at [nm], unless its lattice asks finer ones."""
_BLOCKS_A_PERIOD = 5.0
"""Blocks over the period of the shortest wave that is fitted: finer ones tell hardly more."""


def measure(
    raw: xr.Dataset,
    lattice: xr.Dataset,
    *,
    shortest_seam_nm: float,
    longest_seam_nm: float,
    margin_nm: float,
    depth_nm: float,
    least_evidence: float,
    unit_edge_nm: float,
    thickness_spread: float,
    miss_share: float,
    lean_spread_nm: float,
    turn_error_degree: float,
    miss_error_nm: float,
    amplitude_error: float,
    told_probability: float,
) -> xr.Dataset:
    """Find the seams of one image and tell how lattices meet at each.

    Parameters
    ----------
    raw
        Image ``intensity`` (y, x) with axes in nm.
    lattice
        Keeps ``contracts.adf.LATTICE``: domains and their bases.
    shortest_seam_nm, longest_seam_nm, margin_nm, depth_nm, least_evidence
        How seams are looked for; see the schema.
    unit_edge_nm, thickness_spread, miss_share, lean_spread_nm
        What parts the classes; see the schema.
    turn_error_degree, miss_error_nm, amplitude_error, told_probability
        Errors beside the noise, and when a class is told; see the schema.

    Returns
    -------
    xarray.Dataset
        Keeps ``contracts.adf.SEAMS``; without seams and with a bad verdict where no lattice was
        found.
    """
    if not lattice.sizes["domain"]:
        return report.nothing(_why(lattice))
    bases = _bases(lattice)
    image, label = _blocks(raw, lattice, bases)
    bodies = outline(image, label)

    def weigh(candidate: Candidate) -> Seam | None:
        return evidence.weigh(image, bodies, bases, candidate, margin=margin_nm, depth=depth_nm)

    tried = candidates(
        image, label, bodies, bases, shortest=shortest_seam_nm, longest=longest_seam_nm
    )
    weighed = [seam for seam in map(weigh, tried) if seam is not None]
    seams = evidence.choose(weighed, least_evidence, weigh, shortest_seam_nm)
    errors = report.Errors(float(np.radians(turn_error_degree)), miss_error_nm, amplitude_error)
    rows = [
        report.row(
            seam,
            classes.limits(
                seam.first.basis,
                unit_edge_nm=unit_edge_nm,
                miss_share=miss_share,
                thickness_spread=thickness_spread,
            ),
            lean_spread_nm=lean_spread_nm,
            errors=errors,
        )
        for seam in sorted(seams, key=lambda s: (s.candidate.line.y, s.candidate.line.x))
    ]
    return report.product(rows, image, told_probability)


def _why(lattice: xr.Dataset) -> str:
    """Reason why there is no lattice, in the words of the step that looked for it."""
    reasons = str(lattice["verdict"].attrs.get("reasons", "")) if "verdict" in lattice else ""
    return reasons or "no lattice was found in this image, hence no seams"


def _bases(lattice: xr.Dataset) -> dict[int, Floats]:
    """By domain, g1 and g2 as rows (y, x) [nm-1]."""
    rows = np.stack([lattice[name].to_numpy() for name in ("g1_y", "g1_x", "g2_y", "g2_x")], axis=1)
    numbers = lattice["domain"].to_numpy()
    return {int(n): row.reshape(2, 2) for n, row in zip(numbers, rows, strict=True)}


def _blocks(raw: xr.Dataset, lattice: xr.Dataset, bases: dict[int, Floats]) -> tuple[Picture, Ints]:
    """Means over blocks of pixels, as coarse as the lattices allow, and their domains."""
    finest = max(float(np.hypot(*basis.T).max()) for basis in bases.values())
    coarsest = min(_COARSEST_NM, 1 / (_BLOCKS_A_PERIOD * finest))
    values = raw["intensity"].to_numpy()
    axes = [raw[name].to_numpy() for name in ("y", "x")]
    every = [max(1, int(coarsest / (axis[1] - axis[0]))) for axis in axes]
    kept = [n // e for n, e in zip(values.shape, every, strict=True)]
    whole = values[: kept[0] * every[0], : kept[1] * every[1]]
    mean = whole.reshape(kept[0], every[0], kept[1], every[1]).mean(axis=(1, 3))
    y, x = (
        axis[0] + (np.arange(n) * e + (e - 1) / 2) * (axis[1] - axis[0])
        for axis, n, e in zip(axes, kept, every, strict=True)
    )
    label = lattice["domain_label"].to_numpy()
    middle = np.ix_(*(np.arange(n) * e + e // 2 for n, e in zip(kept, every, strict=True)))
    return Picture(mean, y, x), label[middle]
