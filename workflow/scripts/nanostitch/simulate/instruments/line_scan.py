"""Low-loss EELS spectra along a line across a seam between crystals."""

import numpy as np
import xarray as xr

from nanostitch.simulate.instruments import loss, probe, scanning, spectrometer, support
from nanostitch.simulate.instruments.dielectric import Onset
from nanostitch.simulate.instruments.stage import across
from nanostitch.simulate.recording import Axis, Recording

SEAMS = ("anywhere", "seamless", "tilt", "boundary", "zone_axis")
"""What ``look_at`` finds that has a seam in its middle."""

_AIM_NM = 0.7
"""Standard deviation by which an operator misses the middle of a seam."""
_SURVEY_MARGIN = 1.5
"""Side of the survey image over the length of the line."""


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    look_at: str,
    points: int,
    length_nm: float,
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
    drift_per_point_ev: float,
    gain_spread: float,
    read_noise_counts: float,
    spike_rate: float,
) -> tuple[Recording, xr.Dataset]:
    """Record one line scan; the schema says what the settings are.

    Returns
    -------
    tuple
        Counts (x, energy) with a survey image, and truths along ``x``: ``band_gap``,
        ``loss_inflection``, ``zlp_offset`` [eV], ``thickness``, ``scan_y``, ``scan_x`` (on the
        specimen) [nm], ``relative_thickness``; scalars ``seam_position`` [nm along the line, NaN
        where ``look_at`` is no seam], ``zlp_fwhm`` [eV], ``zero_loss_counts``, ``spikes``.

    Raises
    ------
    BatchError
        If the specimen has nothing of what it is to look at.
    """
    middle_y, middle_x, direction = across(specimen, look_at, rng)
    missed = float(rng.normal(0, _AIM_NM))
    along = np.linspace(0, length_nm, points)
    away = along - length_nm / 2 + missed
    y = middle_y + away * np.sin(np.radians(direction))
    x = middle_x + away * np.cos(np.radians(direction))
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
    carbon = support.thickness_nm(str(specimen.attrs.get("substrate", "")), carbon_nm)
    met = probe.meet(specimen, y, x, beam, probe.Matter(onset, carbon))
    drift = spectrometer.drift(points, drift_ev, drift_per_point_ev, rng)
    expected = np.concatenate(list(device.expected(met, drift, zero_loss_counts)))
    counts, spikes = device.detect(expected, zero_loss_counts, rng)
    about = device.metadata(zero_loss_counts, str(specimen.attrs.get("sample", "")))
    image = probe.survey(specimen, (middle_y, middle_x), _SURVEY_MARGIN * length_nm, carbon, rng)
    known = spectrometer.truth(met, beam, zero_loss_counts)
    known |= spectrometer.camera_truth(("x",), drift, zero_loss_fwhm_ev, spikes)
    known |= spectrometer.place_truth(("x",), y, x)
    seam = length_nm / 2 - missed if look_at in SEAMS else np.nan
    known["seam_position"] = ((), seam, "nm", "Where the line crosses the seam")
    axes = (Axis("x", 0.0, length_nm / (points - 1), "nm"), device.axis)
    return Recording(counts, axes, "EELS line scan", about, image), scanning.described(known)
