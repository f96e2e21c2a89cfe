"""What a fit of one spectrum says, and what standards say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch.edx import fit, formula, spectrum
from nanostitch.edx.detector import Shape
from nanostitch.edx.fit import Fitted
from nanostitch.edx.judgement import SAME_BEAM
from nanostitch.edx.kfactor import Standard
from nanostitch.edx.lines import Family, families
from nanostitch.edx.spectrum import Spectrum
from nanostitch.errors import BatchError


@dataclass(frozen=True)
class Options:
    """How spectra are fitted: those of the specimen and of its standards alike."""

    window_kev: tuple[float, float]
    degree: int
    detector_window: str
    crystal_mm: float


def fitted(
    raw: xr.Dataset,
    symbols: Sequence[str],
    options: Options,
    bulk_of: Mapping[str, float] | None = None,
    like: Shape | None = None,
) -> tuple[Spectrum, Fitted] | None:
    """Fit the lines of some elements to a spectrum; None where it has flaws or holds too little.

    ``bulk_of`` are mass fractions of a bulk specimen, ``like`` is its detector, where known.
    """
    if spectrum.flaws(raw):
        return None
    channels = spectrum.prepared(
        raw,
        window_kev=options.window_kev,
        degree=options.degree,
        detector_window=options.detector_window,
        crystal_mm=options.crystal_mm,
        bulk_of=bulk_of,
    )
    found = line_families(raw, symbols, options)
    if channels is None or not found:
        return None
    stated = raw.attrs.get("energy_resolution_mnka_ev")
    return channels, fit.joint(
        channels,
        found,
        window=options.detector_window,
        crystal_mm=options.crystal_mm,
        resolution_ev=None if stated is None else float(stated),
        like=like,
    )


def line_families(raw: xr.Dataset, symbols: Sequence[str], options: Options) -> list[Family]:
    """Families of lines that a spectrum can show of some elements."""
    energy = raw["energy"]
    low, high = options.window_kev
    seen = max(low, float(energy[0])), min(high, float(energy[-1]))
    return families(symbols, seen, float(raw.attrs["beam_energy_kev"]))


def standard(
    raw: xr.Dataset,
    artefacts: Sequence[str],
    options: Options,
    specimen: Fitted,
    beam_energy_kev: float,
    is_bulk: bool,
) -> Standard | None:
    """Areas of a standard of told composition; None where its spectrum holds too little.

    ``specimen`` is the fit of the spectrum to quantify, taken with the same detector.

    Raises
    ------
    BatchError
        If its composition is not told, or it was taken with another beam energy.
    """
    name = str(raw.attrs["acquisition"])
    if "known_composition" not in raw.attrs:
        raise BatchError(
            f"{name}: is named as standard, but known_composition of acquisitions.tsv is empty; "
            "tell its formula or its mass percents"
        )
    beam = float(raw.attrs["beam_energy_kev"])
    if abs(beam / beam_energy_kev - 1) > SAME_BEAM:
        raise BatchError(
            f"{name}: beam_energy_kev is {beam:g}, that of the spectrum to quantify "
            f"{beam_energy_kev:g}; a standard must be taken with the same"
        )
    content = formula.mass_fractions(str(raw.attrs["known_composition"]))
    # Pure bulk standards have too few lines to tell the detector from; thin ones have enough.
    known = (content, specimen.shape) if is_bulk else (None, None)
    found = fitted(raw, [*content, *artefacts], options, *known)
    if found is None:
        return None
    areas = areas_by_line(found[1])
    relative = {
        line: float(spread / areas[line])
        for line, spread in uncertainties(found[1]).items()
        if areas[line] > 0
    }
    own = {line: area for line, area in areas.items() if line.split("_")[0] in content}
    return Standard(name, content, own, relative, dose(raw) or np.nan)


def areas_by_line(found: Fitted) -> dict[str, float]:
    """Area of each alpha line by its name."""
    return {f.line: float(a) for f, a in zip(found.families, found.areas, strict=True)}


def uncertainties(found: Fitted) -> Mapping[str, float]:
    """Standard uncertainty of each area by the name of its line."""
    spread = np.sqrt(np.diag(found.covariance))
    return {f.line: float(s) for f, s in zip(found.families, spread, strict=True)}


def dose(raw: xr.Dataset) -> float | None:
    """Charge that made the spectrum [nC]: beam current times live time; None where one is none."""
    current = raw.attrs.get("beam_current_na")
    if "beam_current_pa" in raw.attrs:
        current = float(raw.attrs["beam_current_pa"]) / 1e3
    live = raw.attrs.get("live_time_s")
    charge = np.nan if current is None or live is None else float(current) * float(live)
    return charge if charge > 0 else None
