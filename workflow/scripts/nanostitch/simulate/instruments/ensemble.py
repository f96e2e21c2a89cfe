"""Emission and absorption of an ensemble of nanocrystals, summed over the crystals of a specimen.

Each intact crystal has three energies. Its gap is that of the specimen, from confinement. Its
emission lies below by the attraction of electron and hole, less the repulsion of both by their
images beyond the surface. Its first exciton absorbs above the emission by the Stokes shift. The
two Coulomb terms and the shift fall as 1/L with the effective length L: the edge of the cube of
the same confinement, so that a cube, a platelet and a wire of any length lie on one curve that
ends at the bulk exciton.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import recombination

Values = NDArray[np.float64]

EV_NM = 1239.841984
"""Photon energy times wavelength, hc/e [eV nm], of the constants fixed by the SI."""
BULK_GAP_EV = 2.32
"""Gap of bulk CsPbBr3 (Gomez et al. 2018), from which the specimen counts its confinement."""
CUBE_CONFINEMENT_EV_NM2 = 3 * 2.9842
"""Confinement of a cube of 1 nm, h2/(8 mu) for three edges, reduced mass 0.126 m0."""
PERMITTIVITY = 7.3
"""Relative permittivity of CsPbBr3 at exciton frequencies, with which an exciton of reduced mass
0.126 m0 is bound by the measured 33 meV (Yang et al. 2017, ACS Energy Lett.)."""
COULOMB_EV_NM = 3.05 * 1.439964 / PERMITTIVITY
"""Attraction of electron and hole in the ground state of a cube, 3.05 e2/(4 pi eps0 eps L): 74 meV
at 8.1 nm."""
BULK_BINDING_EV = 13.605693 * 0.126 / PERMITTIVITY**2
"""Rydberg of the bulk exciton, 32 meV, to which the attraction tends in large bodies."""
POLARIZATION_EV_NM = 0.136
"""Image charges, 17 meV at 8.1 nm: the series of Brus (1984, J. Chem. Phys.) for a sphere of the
cube's volume in ligands and toluene of permittivity 2.2."""
STOKES_EV_NM = 0.29
"""Stokes shift, 36 meV at 8.1 nm: through 82 meV at 4 nm and 20 meV at 13 nm of Brennan et al.
(2017, J. Am. Chem. Soc.)."""
HOMOGENEOUS_FWHM_EV = 0.072
"""Width of one crystal's line at room temperature, by phonons: 70 meV at 7.5 nm, 73 meV at 8.7 nm
in a lead bromide (Commun. Phys. 2023, doi 10.1038/s42005-023-01459-8, table 2). A Gaussian of this
width that phonons of 22 degree C make goes with a Stokes shift of sigma^2/kT = 37 meV, as it is."""
STEP_PER_NM = 0.0044
"""Absorption coefficient [1/nm] where the continuum starts, and ..."""
RISE_FROM_EV, RISE_PER_EV2 = 2.43, 2.2
"""... its growth 1 + 2.2 (E - 2.43)^2 to the ultraviolet, where size no longer matters. Both fit
the extinction of melt-grown CsPbBr3, 300 to 490 nm, to 10 %; 2.43 eV is its exciton plus the
Rydberg (Brennan et al. 2024, doi 10.1557/s43579-024-00576-x)."""
HIGHER_EXCITONS = 0.202
"""Weight of all higher excitons in units of the first: sum of 1/n^3 from n = 2 (Elliott 1957)."""
REFERENCE_NM = 400.0
"""Where optical densities are quoted: absorption no longer depends on size there (Maes et al.
2018, doi 10.1021/acs.jpclett.8b01065)."""
_SIGMA = HOMOGENEOUS_FWHM_EV / np.sqrt(8 * np.log(2))
_BIN_EV = 1e-3  # far below the homogeneous width
_INTACT, _DESTROYED = 0, 1
_TRUTH_EV = np.arange(1.8, 3.4, 5e-4)


@dataclass(frozen=True)
class Ensemble:
    """Intact crystals of a specimen.

    Energies in eV, volumes in nm3, quantum yields from 0 to 1, one value a crystal; ``thickness``
    is the volume of the cubes that they grew from per area of the specimen [nm]: merging keeps
    it, with a part in the necks between crystals, and ripening hands it on.
    """

    band_gap: Values
    emission_energy: Values
    exciton_energy: Values
    volume: Values
    quantum_yield: Values
    thickness: float

    def mean(self, values: Values) -> float:
        """Volume-weighted mean over the crystals; NaN if none is left."""
        return float(np.average(values, weights=self.volume)) if self.volume.size else np.nan


def of(specimen: xr.Dataset) -> Ensemble:
    """Ensemble of the intact crystals of a specimen, which keeps its contract.

    Notes
    -----
    The attraction is the quartic mean of that in a cube of the effective length and that of the
    bulk exciton: within 1 meV of the former at 8 nm, of the latter beyond 40 nm, smooth between.
    """
    gap = specimen["band_gap"].to_numpy().astype(float)
    volume = (specimen["edge"] ** 2 * specimen["height"]).to_numpy().astype(float)
    cubes = (specimen["initial_edge"] ** 3).where(specimen["state"] != _DESTROYED, 0)
    intact = (specimen["state"].to_numpy() == _INTACT) & np.isfinite(gap) & (volume > 0)
    gap, volume = gap[intact], volume[intact]
    length = np.sqrt(CUBE_CONFINEMENT_EV_NM2 / np.maximum(gap - BULK_GAP_EV, 1e-9))
    attraction = ((COULOMB_EV_NM / length) ** 4 + BULK_BINDING_EV**4) ** 0.25
    emission = gap - attraction + POLARIZATION_EV_NM / length
    return Ensemble(
        band_gap=gap,
        emission_energy=emission,
        exciton_energy=emission + STOKES_EV_NM / length,
        volume=volume,
        quantum_yield=recombination.quantum_yield(specimen)[intact],
        thickness=float(cubes.sum() / specimen["field"] ** 2) if intact.any() else 0.0,
    )


def absorption(ensemble: Ensemble, wavelength: Values) -> Values:
    """Absorption coefficient of the crystals, weighted by volume [1/nm].

    Parameters
    ----------
    wavelength
        Any shape [nm].

    Notes
    -----
    Elliott's spectrum (1957, Phys. Rev.): a step at the gap and below it the exciton, whose area
    is twice the Rydberg times the step; every part broadened by the homogeneous line.
    """
    energy = EV_NM / np.asarray(wavelength, dtype=float)
    if not ensemble.volume.size:
        return np.zeros(energy.shape)
    share = ensemble.volume / ensemble.volume.sum()
    gap, at_gap = _binned(ensemble.band_gap, share)
    exciton, at_exciton = _binned(ensemble.exciton_energy, share)
    shape = (_step(energy[..., None] - gap) @ at_gap) * _rise(energy)
    shape += _first_exciton(energy[..., None] - exciton) @ at_exciton
    return np.asarray(STEP_PER_NM * shape)


def film_optical_density(ensemble: Ensemble, wavelength: Values, layers: float) -> Values:
    """Decadic absorbance of a film of so many layers like the specimen, without reflection."""
    depth = ensemble.thickness * layers
    return np.asarray(absorption(ensemble, wavelength) * depth / np.log(10))


def colloid_optical_density(ensemble: Ensemble, wavelength: Values, at_reference: float) -> Values:
    """Decadic absorbance of a dispersion, given that at :data:`REFERENCE_NM`."""
    reference = absorption(ensemble, np.array(REFERENCE_NM))
    return np.asarray(
        absorption(ensemble, wavelength) * at_reference / np.maximum(reference, 1e-99)
    )


def emission(ensemble: Ensemble, wavelength: Values, excitation_nm: float) -> Values:
    """Photons emitted per photon absorbed and per nm; its area is the quantum yield.

    Notes
    -----
    Per nm it is hc/lambda^2 times that per eV (Mooney and Kambhampati 2013, J. Phys. Chem. Lett.).
    """
    wavelength = np.asarray(wavelength, dtype=float)
    per_ev = emission_per_ev(ensemble, EV_NM / wavelength, excitation_nm)
    return np.asarray(per_ev * EV_NM / wavelength**2)


def emission_per_ev(ensemble: Ensemble, energy: Values, excitation_nm: float) -> Values:
    """Photons emitted per photon absorbed and per eV, at photon energies [eV] of any shape.

    No energy moves between crystals: each emits what it absorbs times its quantum yield.
    """
    energy = np.asarray(energy, dtype=float)
    absorbed = _absorbed(ensemble, excitation_nm)
    if not absorbed.sum() > 0:
        return np.zeros(energy.shape)
    weight = absorbed * ensemble.quantum_yield / absorbed.sum()
    centre, share = _binned(ensemble.emission_energy, weight)
    return np.asarray(_line(energy[..., None] - centre) @ share)


def quantum_yield(ensemble: Ensemble, excitation_nm: float) -> float:
    """Photons emitted per photon absorbed: the absorption-weighted mean; 0 without crystals."""
    absorbed = _absorbed(ensemble, excitation_nm)
    total = float(absorbed.sum())
    return float(absorbed @ ensemble.quantum_yield) / total if total > 0 else 0.0


def emission_truth(ensemble: Ensemble, excitation_nm: float) -> dict[str, xr.DataArray]:
    """Peak, centroid, width and quantum yield of the emission as it leaves the crystals."""
    per_ev = emission_per_ev(ensemble, _TRUTH_EV, excitation_nm)
    values = dict.fromkeys(("wavelength", "peak", "centroid", "fwhm"), np.nan)
    if per_ev.any():
        values = {
            "wavelength": EV_NM / _summit(_TRUTH_EV, per_ev * _TRUTH_EV**2),
            "peak": _summit(_TRUTH_EV, per_ev),
            "centroid": float(np.average(_TRUTH_EV, weights=per_ev)),
            "fwhm": _full_width(_TRUTH_EV, per_ev),
        }
    return {
        "peak_wavelength": scalar(values["wavelength"], "nm", "Maximum of the emission per nm"),
        "peak_energy": scalar(values["peak"], "eV", "Maximum of the emission per eV"),
        "centroid_energy": scalar(values["centroid"], "eV", "Mean energy of the emission"),
        "fwhm": scalar(values["fwhm"], "eV", "Full width at half maximum of the emission per eV"),
        "quantum_yield": scalar(quantum_yield(ensemble, excitation_nm), "1", "Photons out over in"),
    }


def _full_width(energy: Values, line: Values) -> float:
    """Distance of the outermost crossings of half the maximum, between the grid's points."""
    half = line.max() / 2
    first, last = np.flatnonzero(line >= half)[[0, -1]]
    rise, fall = [first - 1, first], [last + 1, last]
    low, high = (np.interp(half, line[ends], energy[ends]) for ends in (rise, fall))
    return float(high - low)


def edge_truth(ensemble: Ensemble) -> dict[str, xr.DataArray]:
    """Where the absorption of the crystals starts, by three definitions."""
    exciton = ensemble.mean(ensemble.exciton_energy)
    inflection = np.nan
    if np.isfinite(exciton):
        energy = np.arange(exciton - 0.3, exciton, 5e-4)
        inflection = _summit(energy, np.gradient(absorption(ensemble, EV_NM / energy), energy))
    return {
        "edge_energy": scalar(ensemble.mean(ensemble.band_gap), "eV", "Start of the continuum"),
        "exciton_energy": scalar(exciton, "eV", "First exciton, mean over the volume"),
        "edge_inflection": scalar(inflection, "eV", "Steepest rise of the absorption edge"),
    }


def scalar(value: float, units: str, long_name: str) -> xr.DataArray:
    """One number of a truth, with its unit and meaning."""
    return xr.DataArray(float(value), attrs={"units": units, "long_name": long_name})


def wavelengths(start_nm: float, stop_nm: float, step_nm: float) -> Values:
    """Positions of a scan, ends included.

    Raises
    ------
    BatchError
        If the scan ends before its third point.
    """
    count = int(np.floor((stop_nm - start_nm) / step_nm + 1e-6)) + 1
    if count < 3:
        raise BatchError(f"a scan from {start_nm} to {stop_nm} nm by {step_nm} nm has no 3 points")
    return np.asarray(start_nm + step_nm * np.arange(count), dtype=float)


def bandpass(values: Values, step_nm: float, width_nm: float) -> Values:
    """What a monochromator of equal slits passes: a triangle of the given half width [nm].

    The ends continue as they are; the area is kept but for them.
    """
    reach = int(np.ceil(width_nm / step_nm))
    distance = step_nm * np.abs(np.arange(-reach, reach + 1))
    kernel = np.maximum(1 - distance / max(width_nm, step_nm), 0)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def _absorbed(ensemble: Ensemble, excitation_nm: float) -> Values:
    """Light absorbed by each crystal, in common units."""
    energy = EV_NM / excitation_nm
    shape = _step(energy - ensemble.band_gap) * _rise(np.array(energy))
    shape += _first_exciton(energy - ensemble.exciton_energy)
    return np.asarray(ensemble.volume * shape)


def _line(offset: Values) -> Values:
    return np.asarray(np.exp(-0.5 * (offset / _SIGMA) ** 2) / (_SIGMA * np.sqrt(2 * np.pi)))


def _first_exciton(offset: Values) -> Values:
    return 2 * BULK_BINDING_EV * _line(offset)


def _step(offset: Values) -> Values:
    """Start of the continuum and the higher excitons just below it, broadened."""
    higher = HIGHER_EXCITONS * 2 * BULK_BINDING_EV * _line(offset)
    return np.asarray(ndtr(offset / _SIGMA) + higher)


def _rise(energy: Values) -> Values:
    """Growth of the continuum to the ultraviolet; slow, so that no line broadens it."""
    return np.asarray(1 + RISE_PER_EV2 * np.maximum(energy - RISE_FROM_EV, 0) ** 2)


def _binned(energy: Values, weight: Values) -> tuple[Values, Values]:
    """Weights on a fine grid, shared between its neighbours so that their mean energy stays."""
    position = energy / _BIN_EV
    below = np.floor(position).astype(int)
    upper, first = position - below, int(below.min())
    size = int(below.max()) - first + 2
    lower = np.bincount(below - first, weight * (1 - upper), size)
    grid = np.asarray(lower + np.bincount(below - first + 1, weight * upper, size), dtype=float)
    return np.asarray(_BIN_EV * (first + np.arange(size))), grid


def _summit(position: Values, values: Values) -> float:
    """Vertex of the parabola through the highest value and its neighbours."""
    top = int(np.clip(values.argmax(), 1, values.size - 2))
    left, middle, right = values[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend else 0.0
    return float(position[top] + shift * (position[1] - position[0]))
