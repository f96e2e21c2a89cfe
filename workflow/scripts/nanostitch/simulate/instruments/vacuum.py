"""Zero-loss peak of the empty beam: what spectra are compared with to take its tail away."""

import numpy as np
import xarray as xr

from nanostitch.simulate.instruments import loss, probe, scanning, spectrometer
from nanostitch.simulate.recording import Axis, Recording

_SURVEY_PIXELS = 96
_SURVEY_STEP_NM = 0.3
_STRAY_ELECTRONS = 0.5
"""Electrons that reach the dark-field detector in a pixel without a specimen."""


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
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
    """Record the beam through a hole of the support; the schema says what the settings are.

    Returns
    -------
    tuple
        Counts (energy) with an empty survey image, and scalar truths: ``zlp_offset``,
        ``zlp_fwhm`` [eV], ``zero_loss_counts`` and ``spikes``.
    """
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
    met = probe.in_vacuum()
    drift = float(rng.normal(0, drift_ev))
    expected = next(device.expected(met, np.array([drift]), zero_loss_counts))[0]
    counts, spikes = device.detect(expected, zero_loss_counts, rng)
    about = device.metadata(zero_loss_counts, str(specimen.attrs.get("sample", "")))
    stray = rng.poisson(_STRAY_ELECTRONS, (_SURVEY_PIXELS, _SURVEY_PIXELS)).astype(np.int32)
    axes = (Axis("y", 0.0, _SURVEY_STEP_NM, "nm"), Axis("x", 0.0, _SURVEY_STEP_NM, "nm"))
    image = Recording(stray, axes, "ADF", {"beam_energy_kev": beam_energy_kev})
    known = spectrometer.camera_truth((), drift, zero_loss_fwhm_ev, spikes)
    every = spectrometer.truth(met, beam, zero_loss_counts)
    known["zero_loss_counts"] = every["zero_loss_counts"]
    recording = Recording(counts, (device.axis,), "EELS vacuum", about, image)
    return recording, scanning.described(known)
