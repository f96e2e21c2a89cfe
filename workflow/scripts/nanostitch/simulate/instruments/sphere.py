"""An integrating sphere with monochromatic xenon light and a CCD: quantum yield of a film.

Three spectra make a measurement: the empty sphere (``blank``), the film in it but off the beam
(``indirect``) and the film in the beam (``direct``), each over the excitation line and the
emission. The fourth, ``response``, is the factor that turns counts into photons.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch.simulate.instruments import ensemble as optics
from nanostitch.simulate.instruments.ensemble import Values
from nanostitch.simulate.recording import Columns

RESPONSE_PEAK_NM, RESPONSE_WIDTH_NM = 580.0, 210.0
"""Barium sulphate, grating and silicon together: best in the yellow, half of it at 400 nm."""
SECOND_PASSES = 1.0
"""Passes through the film, in units of the straight one, that emission makes on its way out: half
a film from where it starts, twice as long for being oblique."""


@dataclass(frozen=True)
class Film:
    """A film in the sphere.

    ``absorptance`` is the share of a beam that one pass absorbs, ``absorbed_diffuse`` that of the
    light which the sphere has scattered; ``emission`` [1/nm] is what leaves the film per photon
    absorbed, ``quantum_yield_apparent`` its area, ``reabsorbed`` the share of emitted photons that
    the film absorbs again.
    """

    absorptance: float
    absorbed_diffuse: float
    emission: Values
    quantum_yield: float
    quantum_yield_apparent: float
    reabsorbed: float


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    role: str,
    excitation_nm: float,
    excitation_width_nm: float,
    start_nm: float,
    stop_nm: float,
    step_nm: float,
    layers: float,
    absorptance: float | None,
    self_absorption: bool,
    indirect_share: float,
    excitation_counts: float,
    lamp_drift: float,
    ccd_offset: float,
    read_noise: float,
    calibration_noise: float,
) -> tuple[Columns, xr.Dataset]:
    """Take one of the four spectra.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``; the blank and the response do not depend on it.
    rng
        Lamp, photons, read-out and calibration, of this spectrum alone.
    role, excitation_nm, ...
        As ``instruments/sphere.schema.yaml`` says.

    Returns
    -------
    Columns
        ``wavelength_nm`` and ``counts``, or ``correction`` for the response: photons are counts,
        less the offset, times correction.
    xarray.Dataset
        ``quantum_yield`` of the crystals, ``quantum_yield_apparent`` of the film that reabsorbs,
        ``absorptance``, ``reabsorbed_fraction``, the same for each role; attribute ``role``.

    Raises
    ------
    BatchError
        If the scan has no three points.
    """
    wavelength = optics.wavelengths(start_nm, stop_nm, step_nm)
    film = film_of(
        optics.of(specimen),
        wavelength,
        excitation_nm=excitation_nm,
        layers=layers,
        absorptance=absorptance,
        self_absorption=self_absorption,
        indirect_share=indirect_share,
    )
    if role == "response":
        scatter = 1 + calibration_noise * rng.normal(size=wavelength.size)
        values = {"correction": correction(wavelength) * scatter}
    else:
        line = excitation_line(wavelength, excitation_nm, excitation_width_nm)
        lamp = excitation_counts * correction(np.array(excitation_nm)) * step_nm
        lamp *= 1 + lamp_drift * rng.normal()
        counts = rng.poisson(lamp * photons(film, line, role) / correction(wavelength))
        offset = ccd_offset + read_noise * rng.normal(size=wavelength.size)
        values = {"counts": np.round(counts + offset)}
    columns = Columns(
        {"wavelength_nm": wavelength} | values, {"role": role, "excitation_nm": excitation_nm}
    )
    return columns, _truth(film).assign_attrs(role=role)


def film_of(
    sample: optics.Ensemble,
    wavelength: Values,
    *,
    excitation_nm: float,
    layers: float,
    absorptance: float | None,
    self_absorption: bool,
    indirect_share: float,
) -> Film:
    """Film of the specimen's layers, as thick as ``absorptance`` asks unless that is None.

    Notes
    -----
    A photon reabsorbed is emitted again with the same quantum yield q and spectrum, so that of
    the fraction a reabsorbed each time, q (1 - a) / (1 - q a) is left in the end (Ahn et al. 2007,
    Rev. Sci. Instrum.).
    """
    at_excitation = float(optics.absorption(sample, np.array(excitation_nm)))
    density = float(optics.film_optical_density(sample, np.array(excitation_nm), layers))
    if absorptance is not None and at_excitation > 0:
        density = -float(np.log10(1 - absorptance))
    light = optics.emission(sample, wavelength, excitation_nm)
    internal = optics.quantum_yield(sample, excitation_nm)
    escape = np.ones(wavelength.size)
    if self_absorption and at_excitation > 0:
        own = density * optics.absorption(sample, wavelength) / at_excitation
        escape = 10 ** (-own * SECOND_PASSES)
    whole = light.sum()
    reabsorbed = float(1 - (light * escape).sum() / whole) if whole > 0 else 0.0
    recycled = 1 / (1 - internal * reabsorbed)
    absorbed = float(1 - 10**-density)
    return Film(
        absorptance=absorbed,
        absorbed_diffuse=indirect_share * absorbed,
        emission=light * escape * recycled,
        quantum_yield=internal,
        quantum_yield_apparent=internal * (1 - reabsorbed) * recycled,
        reabsorbed=reabsorbed,
    )


def photons(film: Film, line: Values, role: str) -> Values:
    """Photons per nm in the sphere for each one of the lamp, noise-free.

    Parameters
    ----------
    line
        Spectrum of the lamp's light, of area 1 [1/nm].
    role
        ``blank``, ``indirect`` or ``direct``.

    Notes
    -----
    With A absorbed by a pass of the beam and m of the diffuse light, 1, 1 - m and (1 - A)(1 - m)
    of the excitation are left and 0, m and A + (1 - A) m have been absorbed (de Mello, Wittmann
    and Friend 1997, doi 10.1002/adma.19970090308).
    """
    by_beam = film.absorptance if role == "direct" else 0.0
    by_sphere = 0.0 if role == "blank" else film.absorbed_diffuse
    left = (1 - by_beam) * (1 - by_sphere)
    return left * line + (1 - left) * film.emission


def excitation_line(wavelength: Values, centre_nm: float, width_nm: float) -> Values:
    """Gaussian of area 1 and given full width at half maximum [1/nm]."""
    sigma = width_nm / np.sqrt(8 * np.log(2))
    line = np.exp(-0.5 * ((wavelength - centre_nm) / sigma) ** 2)
    return np.asarray(line / (sigma * np.sqrt(2 * np.pi)))


def correction(wavelength: Values) -> Values:
    """Photons per count, 1 where the system responds best."""
    return np.asarray(np.exp(((wavelength - RESPONSE_PEAK_NM) / RESPONSE_WIDTH_NM) ** 2))


def _truth(film: Film) -> xr.Dataset:
    number = optics.scalar
    return xr.Dataset(
        {
            "quantum_yield": number(
                film.quantum_yield, "1", "Photons emitted per photon absorbed, by the crystals"
            ),
            "quantum_yield_apparent": number(
                film.quantum_yield_apparent, "1", "The same for the film with its reabsorption"
            ),
            "absorptance": number(film.absorptance, "1", "Share of the beam absorbed in one pass"),
            "reabsorbed_fraction": number(
                film.reabsorbed, "1", "Share of emitted photons that the film absorbs again"
            ),
        }
    )
