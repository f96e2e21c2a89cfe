"""Quantum yield of each nanocrystal, from what merging, light and heat have done to it.

An exciton recombines radiatively at the rate kr or is lost at knr. Losses add up, each stated as
a share of kr, so that the quantum yield is 1/(1 + knr/kr).
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.simulate.specimen.storage import thermal_factor

FRESH_LOSS = 3 / 7
"""knr/kr as synthesised: quantum yield 0.7, amid the 50 to 90 % of Gomez et al. 2018."""
SEAM_LOSS = 0.6
"""knr/kr per seamless seam and crystal of a body: a layer merged for a week in air has half a seam
a crystal, a third of them no seamless ones, and merging alone costs it a third of its yield."""
SEAM_WEIGHTS = (1.0, 2.0, 4.0)
"""Seamless, tilted, boundary: the more the lattices disagree, the more bonds dangle."""
PHOTO_LOSS_PER_HOUR = 0.037
"""knr/kr per hour of light in air of 50 % humidity: with the merging of that week it lowers the
quantum yield six times within 168 h, as Gomez et al. 2018 found."""
HUMIDITY_PERCENT = 50.0
"""Humidity that doubles the photo-oxidation of dry air. Oxygen and light together are what it
takes; moisture speeds it up, and is harmless in the dark (Huang et al. 2017, doi
10.1021/acsami.6b14423)."""
THERMAL_LOSS = 1.0
"""knr/kr after an hour at 90 degree C: quantum yield 0.7 falls to 0.4, a visible decrease by mild
heating. It grows with the root of time, as defects that diffuse in from the surface do."""
THERMAL_REFERENCE_C = 90.0
ACTIVATION_EV = 1.6
"""Activation energy of that diffusion: with it a week at room temperature (a loss of 0.04) is
negligible beside an hour at 90 degree C, as a week in the dark was (Gomez et al. 2018)."""


def quantum_yield(specimen: xr.Dataset) -> NDArray[np.float64]:
    """Photons emitted per exciton of each crystal (crystal); 0 for destroyed and dissolved ones.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``; its environment in the attributes.
    """
    loss = FRESH_LOSS + _seam_loss(specimen) + _photo_loss(specimen) + _thermal_loss(specimen)
    intact = specimen["state"].to_numpy() == 0
    return np.asarray(np.where(intact, 1 / (1 + loss), 0.0))


def _seam_loss(specimen: xr.Dataset) -> NDArray[np.float64]:
    """Loss by the seams of the whole body, shared by its crystals: excitons wander within it."""
    body = specimen["particle"].to_numpy()
    crystals = np.bincount(body)
    weight = np.asarray(SEAM_WEIGHTS)[specimen["seam_class"].to_numpy()]
    seams = np.bincount(body[specimen["seam_first"].to_numpy()], weight, crystals.size)
    per_crystal = seams / np.maximum(crystals, 1)
    return np.asarray(SEAM_LOSS * per_crystal[body])


def _photo_loss(specimen: xr.Dataset) -> float:
    """Loss by photo-oxidation, linear in the hours: each leaves as many traps as the one before."""
    about = specimen.attrs
    if about["illumination"] == "dark" or about["atmosphere"] != "air":
        return 0.0
    moisture = (1 + float(about["relative_humidity_percent"]) / HUMIDITY_PERCENT) / 2
    return PHOTO_LOSS_PER_HOUR * moisture * float(about["storage_time_h"])


def _thermal_loss(specimen: xr.Dataset) -> float:
    """Loss by heat in store and in the anneal, by Arrhenius' law."""
    about = specimen.attrs
    spans = (
        (about["temperature_c"], about["storage_time_h"]),
        (about["anneal_temperature_c"], about["anneal_time_h"]),
    )
    hours_at_reference = sum(
        thermal_factor(float(at), THERMAL_REFERENCE_C, ACTIVATION_EV) * float(hours)
        for at, hours in spans
    )
    return float(THERMAL_LOSS * np.sqrt(hours_at_reference))
