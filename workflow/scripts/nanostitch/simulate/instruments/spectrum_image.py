"""Low-loss EELS spectrum image: a spectrum in every pixel of a square of the layer."""

import numpy as np
import xarray as xr

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import loss, probe, scanning, spectrometer, support
from nanostitch.simulate.instruments.dielectric import Onset
from nanostitch.simulate.instruments.stage import aim
from nanostitch.simulate.recording import Axis, Recording

_SURVEY_MARGIN = 1.5
"""Side of the survey image over that of the spectrum image."""
_MOST_COUNTS = 2**26
"""Largest file: 268 MB, of which reading and writing hold several copies."""


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    look_at: str,
    place_y_nm: float | None,
    place_x_nm: float | None,
    pixels: int,
    step_nm: float,
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
    """Record one spectrum image; the schema says what the settings are.

    Returns
    -------
    tuple
        Counts (y, x, energy) with a survey image, and truths (y, x): ``band_gap``,
        ``loss_inflection``, ``zlp_offset`` [eV], ``thickness``, ``scan_y``, ``scan_x`` (on the
        specimen) [nm], ``relative_thickness``; scalars ``zlp_fwhm`` [eV], ``zero_loss_counts``,
        ``spikes``.

    Raises
    ------
    BatchError
        If the specimen has nothing of what it is to look at, or the image is too large.
    """
    _check_size(pixels, channels)
    side = pixels * step_nm
    centre = aim(specimen, look_at, side, rng, place_y_nm=place_y_nm, place_x_nm=place_x_nm)
    offsets = step_nm * (np.arange(pixels) - (pixels - 1) / 2)
    grid = np.meshgrid(centre[0] + offsets, centre[1] + offsets, indexing="ij")
    y, x = (place.ravel() for place in grid)
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
    drift = spectrometer.drift(y.size, drift_ev, drift_per_point_ev, rng)
    batches = device.expected(met, drift, zero_loss_counts)
    counts, spikes = device.detect_all(batches, y.size, zero_loss_counts, rng)
    counts = counts.reshape(pixels, pixels, channels)
    about = device.metadata(zero_loss_counts, str(specimen.attrs.get("sample", "")))
    image = probe.survey(specimen, centre, _SURVEY_MARGIN * side, carbon, rng)
    known = spectrometer.truth(met, beam, zero_loss_counts)
    known |= spectrometer.camera_truth(("x",), drift, zero_loss_fwhm_ev, spikes)
    known |= spectrometer.place_truth(("x",), y, x)
    axes = (Axis("y", 0.0, step_nm, "nm"), Axis("x", 0.0, step_nm, "nm"), device.axis)
    recording = Recording(counts, axes, "EELS spectrum image", about, image)
    return recording, scanning.described(spectrometer.on_pixels(known, pixels))


def _check_size(pixels: int, channels: int) -> None:
    """Refuse an image that would not fit into memory.

    Raises
    ------
    BatchError
        If it has more than :data:`_MOST_COUNTS` counts.
    """
    if pixels**2 * channels > _MOST_COUNTS:
        raise BatchError(
            f"pixels: {pixels} x {pixels} spectra of channels: {channels} are "
            f"{pixels**2 * channels / 1e6:.0f} million counts, more than the "
            f"{_MOST_COUNTS / 1e6:.0f} million of the largest file; take pixels <= "
            f"{int((_MOST_COUNTS / channels) ** 0.5)} or channels <= {_MOST_COUNTS // pixels**2}"
        )
