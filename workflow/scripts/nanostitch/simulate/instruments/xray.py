"""Energy-dispersive X-ray spectrum of an ensemble of nanocrystals on a grid.

What is seen follows from the specimen: the atoms of its crystals and metal particles, so that
merging changes nothing and what was destroyed no longer counts.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import xray_detector as detector
from nanostitch.simulate.instruments import xray_lines as lines
from nanostitch.simulate.recording import Axis, Recording
from nanostitch.simulate.specimen.crystals import CRYSTAL, held_volumes

Array = NDArray[np.float64]

ELEMENTS = ("Cs", "Pb", "Br")
PHASES = {"CsPbBr3": (1, 1, 3), "Cs4PbBr6": (4, 1, 6), "CsPb2Br5": (1, 2, 5), "Pb": (0, 1, 0)}
"""Atoms of Cs, Pb and Br in a formula unit."""
REFERENCE = "Br_Ka"
"""Line to which k-factors and counts refer."""

_CELL_NM3 = 8.244 * 11.735 * 8.198 / 4 * 1e-3
"""Volume of a formula unit of orthorhombic CsPbBr3 (Stoumpos et al., Cryst. Growth Des. 13 (2013)
2722)."""
_LEAD_NM3 = 0.4951**3 / 4
"""Volume of an atom of fcc lead."""
_BR_NOMINAL = 0.6
_BACKGROUND_OF_SUPPORT = 0.5
"""Share of the bremsstrahlung that grid and carbon make; the rest follows the crystals' atoms."""
_COPPER_L_LEAVES = 0.06
"""Share of Cu L photons, over that of Cu K, that leave a grid bar: they come from the outermost
0.7 micrometre, scattered electrons and hard X-rays excite several. With it Cu La has 0.06 of the
counts of Cu Ka; a real spectrum of FePt on a copper grid at 200 kV has 0.05."""
_NAMES = list(lines.LINES)
_ENERGY = np.array([energy for energy, _ in lines.LINES.values()])


class Matter(NamedTuple):
    """Atoms over those as deposited, share of each phase and element in the atoms."""

    amount: float
    phases: Array
    elements: Array


def matter(
    specimen: xr.Dataset, cs4pbbr6: float, cspb2br5: float, composition_spread: float, draw: Array
) -> Matter:
    """Atoms that a specimen holds.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    cs4pbbr6, cspb2br5
        Shares of the atoms of the crystals that are of a secondary phase.
    composition_spread
        Relative standard deviation of the amount of each element.
    draw
        Standard normal deviates, one an element.
    """
    if cs4pbbr6 + cspb2br5 > 1:
        raise BatchError(
            f"xray: cs4pbbr6_fraction {cs4pbbr6} and cspb2br5_fraction {cspb2br5} exceed 1 together"
        )
    sizes = (specimen[name].to_numpy() for name in ("initial_edge", "edge", "height"))
    volume = held_volumes(*sizes)[specimen["state"].to_numpy() == CRYSTAL]
    per_cell = sum(PHASES["CsPbBr3"])
    bromide = float(volume.sum()) / _CELL_NM3 * per_cell
    lead = float((np.pi / 6 * specimen["metal_diameter"] ** 3).sum()) / _LEAD_NM3
    deposited = float((specimen["initial_edge"] ** 3).sum()) / _CELL_NM3 * per_cell
    atoms = bromide + lead
    if not atoms:
        return Matter(0.0, np.full(len(PHASES), np.nan), np.full(len(ELEMENTS), np.nan))
    crystals = np.array([1 - cs4pbbr6 - cspb2br5, cs4pbbr6, cspb2br5, 0.0])
    phases = (crystals * bromide + np.array([0.0, 0.0, 0.0, 1.0]) * lead) / atoms
    formula = np.array(list(PHASES.values()), float)
    mixed = phases @ (formula / formula.sum(axis=1, keepdims=True))
    mixed = mixed * np.exp(composition_spread * draw)
    return Matter(atoms / deposited, phases, mixed / mixed.sum())


def sensitivities(beam_energy_kev: float) -> Array:
    """Counts in the peak of each line per atom, up to a common factor, dims (line,).

    Ionisation cross-section, fluorescence yield and weight of the line, times the share of its
    photons that the detector counts in the peak.
    """
    photons = np.array(list(lines.photons(beam_energy_kev).values()))
    counted = detector.efficiency(_ENERGY) * (1 - detector.escape(_ENERGY))
    return np.asarray(photons * counted)


def k_factors(sensitivity: Array) -> Array:
    """Cliff-Lorimer factors by weight, relative to :data:`REFERENCE`, dims (line,).

    Notes
    -----
    Cliff & Lorimer, J. Microsc. 103 (1975) 203: weight fractions are as k times the area.
    """
    weight = np.array([lines.ATOMIC_WEIGHT[name.split("_")[0]] for name in _NAMES])
    return np.asarray((weight / sensitivity) / (weight / sensitivity)[_NAMES.index(REFERENCE)])


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    beam_energy_kev: float,
    elevation_deg: float,
    live_time_s: float,
    dead_time_fraction: float,
    energy_start_kev: float,
    channel_ev: float,
    channels: int,
    resolution_ev: float,
    br_ka_counts: float,
    composition_spread: float,
    cs4pbbr6_fraction: float,
    cspb2br5_fraction: float,
    copper_ratio: float,
    carbon_ratio: float,
    oxygen_ratio: float,
    silicon_ratio: float,
    peak_to_background: float,
    tail_fraction: float,
    pile_up_fraction: float,
    zero_peak_counts: float,
    offset_error_ev: float,
    gain_error: float,
) -> tuple[Recording, xr.Dataset]:
    """Record one spectrum; see the schema for the settings.

    Returns
    -------
    tuple
        Counts, one axis in keV; and the truth: ``atomic_percent`` (element), ``phase_fraction``
        (phase, share of the atoms), ``line_area`` (line, expected counts), ``k_factor`` (line, by
        weight relative to Br Ka), ``line_energy`` (line), ``energy_offset`` and ``energy_gain``.

    Raises
    ------
    BatchError
        If the shares of the secondary phases exceed one together.
    """
    offset_draw, gain_draw, *draw = rng.standard_normal(2 + len(ELEMENTS))
    found = matter(
        specimen, cs4pbbr6_fraction, cspb2br5_fraction, composition_spread, np.array(draw)
    )
    offset_kev, gain = offset_draw * offset_error_ev / 1e3, 1 + gain_draw * gain_error
    step = channel_ev / 1e3
    positions = energy_start_kev + step * (np.arange(channels + 1) - 0.5)
    edges = (positions - offset_kev) / gain
    ratios = {"Cu": copper_ratio, "C": carbon_ratio, "O": oxygen_ratio, "Si": silicon_ratio}
    sensitivity = sensitivities(beam_energy_kev)
    areas = br_ka_counts * _relative_areas(found, ratios, sensitivity)
    peaks = detector.peaks(
        areas, _ENERGY, edges, resolution_ev=resolution_ev, tail_fraction=tail_fraction
    )
    at_kev = lines.LINES[REFERENCE][0]
    shape = detector.bremsstrahlung(
        edges, beam_energy_kev=beam_energy_kev, resolution_ev=resolution_ev, at_kev=at_kev
    )
    bright = _BACKGROUND_OF_SUPPORT + (1 - _BACKGROUND_OF_SUPPORT) * found.amount
    background = br_ka_counts / peak_to_background * bright * shape
    zero = round(-energy_start_kev / step)
    expected = detector.pile_up(peaks + background, pile_up_fraction, zero)
    expected = expected + detector.strobe(zero_peak_counts, edges, resolution_ev)
    about: dict[str, float | str] = {
        "beam_energy_kev": beam_energy_kev,
        "live_time_s": live_time_s,
        "real_time_s": live_time_s / (1 - dead_time_fraction),
        "elevation_deg": elevation_deg,
        "microscope": "JEOL JEM-2100F",
        "detector": "SDD, polymer window",
        "specimen": str(specimen.attrs["sample"]),
    }
    axis = Axis("Energy", energy_start_kev, step, "keV")
    recording = Recording(rng.poisson(expected).astype(np.int32), (axis,), "EDS", about)
    kept = areas * (1 - pile_up_fraction)
    return recording, _truth(found, kept, k_factors(sensitivity), offset_kev * 1e3, gain)


def _relative_areas(found: Matter, ratios: dict[str, float], sensitivity: Array) -> Array:
    """Area of each line over that of Br Ka of the layer as deposited."""
    relative = sensitivity / sensitivity[_NAMES.index(REFERENCE)]
    shares = dict(zip(ELEMENTS, np.nan_to_num(found.elements) * found.amount, strict=True))
    areas = np.empty(len(_NAMES))
    for number, name in enumerate(_NAMES):
        element = name.split("_")[0]
        if element in ratios:
            first = _NAMES.index(f"{element}_Ka")
            leaves = _COPPER_L_LEAVES if lines.family(name) == "Cu_L" else 1.0
            areas[number] = leaves * ratios[element] * sensitivity[number] / sensitivity[first]
        else:
            areas[number] = shares[element] / _BR_NOMINAL * relative[number]
    return areas


def _truth(
    found: Matter, areas: Array, k_factor: Array, offset_ev: float, gain: float
) -> xr.Dataset:
    values = {
        "atomic_percent": (("element",), 100 * found.elements, "percent", "Share of Cs, Pb, Br"),
        "phase_fraction": (("phase",), found.phases, "1", "Share of a phase in the atoms"),
        "line_area": (("line",), areas, "1", "Expected counts in the peak of a line and its tail"),
        "k_factor": (
            ("line",),
            k_factor,
            "1",
            "Cliff-Lorimer factor by weight: weight over that of Br is this times the line's area "
            "over that of Br Ka",
        ),
        "line_energy": (("line",), _ENERGY, "keV", "Energy of a line"),
        "energy_offset": ((), offset_ev, "eV", "Energy that the axis states at 0"),
        "energy_gain": (
            (),
            gain,
            "1",
            "Energy that the axis states, less its offset, over the true",
        ),
    }
    names = {
        name: ((name,), list(members), {"units": "1"})
        for name, members in (("element", ELEMENTS), ("phase", PHASES), ("line", _NAMES))
    }
    return xr.Dataset(
        {
            name: (dims, value, {"units": units, "long_name": meaning})
            for name, (dims, value, units, meaning) in values.items()
        },
        coords=names,
    )
