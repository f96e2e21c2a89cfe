"""Low-loss EELS spectrum averaged over a region of the layer.

The beam scans the region; its spectra are aligned and added up before they are stored, so the file
holds one spectrum whose zero-loss peak lies where the drift of the day has put it.
"""

import numpy as np
import xarray as xr

from nanostitch.simulate.instruments import loss, probe, scanning, spectrometer, support
from nanostitch.simulate.instruments.dielectric import Onset
from nanostitch.simulate.instruments.stage import aim
from nanostitch.simulate.recording import Recording

_RASTER = 12
"""Positions along each side of the region; closer than the reach of a loss up to 100 nm."""


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    look_at: str,
    place_y_nm: float | None,
    place_x_nm: float | None,
    region_nm: float,
    onset: Onset,
    carbon_nm: float | None,
    beam_energy_kev: float,
    convergence_mrad: float,
    collection_mrad: float,
    zero_loss_counts: float,
    zero_loss_fwhm_ev: float,
    dispersion_ev: float,
    channels: int,
    drift_ev: float,
    gain_spread: float,
    read_noise_counts: float,
    spike_rate: float,
) -> tuple[Recording, xr.Dataset]:
    """Record one averaged spectrum; the schema says what the settings are.

    Returns
    -------
    tuple
        Counts (energy) with a survey image of the region, and scalar truths: ``band_gap``,
        ``loss_inflection``, ``zlp_offset``, ``zlp_fwhm`` [eV], ``thickness``, ``scan_y``,
        ``scan_x`` (middle of the region on the specimen) [nm], ``relative_thickness``,
        ``zero_loss_counts`` and ``spikes``.

    Raises
    ------
    BatchError
        If the specimen has nothing of what it is to look at.
    """
    centre = aim(specimen, look_at, region_nm, rng, place_y_nm=place_y_nm, place_x_nm=place_x_nm)
    beam = loss.Beam(beam_energy_kev, collection_mrad)
    device = spectrometer.Spectrometer(
        beam,
        convergence_mrad,
        zero_loss_fwhm_ev,
        dispersion_ev,
        channels,
        gain_spread,
        read_noise_counts,
        spike_rate,
    )
    offsets = region_nm * ((np.arange(_RASTER) + 0.5) / _RASTER - 0.5)
    y, x = (place.ravel() for place in np.meshgrid(centre[0] + offsets, centre[1] + offsets))
    carbon = support.thickness_nm(str(specimen.attrs.get("substrate", "")), carbon_nm)
    met = probe.meet(specimen, y, x, beam, probe.Matter(onset, carbon))
    drift = float(rng.normal(0, drift_ev))
    every = device.expected(met, np.full(y.size, drift), zero_loss_counts)
    expected = np.concatenate(list(every)).mean(axis=0)
    counts, spikes = device.detect(expected, zero_loss_counts, rng)
    about = device.metadata(zero_loss_counts, str(specimen.attrs.get("sample", "")))
    image = probe.survey(specimen, centre, region_nm, carbon, rng)
    known = spectrometer.truth(probe.averaged(met), beam, zero_loss_counts)
    known |= spectrometer.camera_truth((), drift, zero_loss_fwhm_ev, spikes)
    known |= spectrometer.place_truth((), *centre)
    recording = Recording(counts, (device.axis,), "EELS spectrum", about, image)
    return recording, scanning.described(known)
