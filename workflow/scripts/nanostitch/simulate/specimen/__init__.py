"""Specimens: layers of nanocrystals as deposited, and what their storage makes of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from nanostitch.simulate.specimen import coalescence, heating, layer, ripening, storage, wires
from nanostitch.simulate.specimen import seams as meeting
from nanostitch.simulate.specimen.crystals import (
    CRYSTAL,
    DISSOLVED,
    EMPTY_SHELL,
    Contacts,
    Crystals,
    Mask,
    contacts_of,
)
from nanostitch.simulate.specimen.table import Made, dataset
from nanostitch.simulate.specimen.thickness import level

REFERENCE_RATE_PER_H = 4.5e-3
"""Rate of merging to which the ripening constant belongs [1/h]: ripening, too, goes through the
ligand shell, and quickens with it."""


def grow(
    environment: Mapping[str, Any],
    sample_rng: np.random.Generator,
    storage_rng: np.random.Generator,
    *,
    arrangement: str,
    mechanism: str,
    field_nm: float,
    edge_mean_nm: float,
    edge_sd_nm: float,
    ligand_length_nm: float,
    site_occupancy: float,
    domain_size_nm: float,
    position_jitter_nm: float,
    angle_jitter_deg: float,
    other_axis_share: float,
    tilt_sd_deg: float,
    fault_share: float,
    cluster_size: int,
    merging_rate_per_h: float,
    activation_energy_ev: float,
    humidity_efold_percent: float,
    gap_decay_nm: float,
    diffusion_nm2_per_h: float,
    sample_rate_sd: float,
    sample_edge_sd_nm: float,
    sample_occupancy_sd: float,
) -> xr.Dataset:
    """Grow one specimen: one sample after its storage.

    Parameters
    ----------
    environment
        What the sample went through, by the names of the conditions' sheet, with ``sample``,
        ``condition`` and ``substrate``. What it leaves open is room conditions (a dry one in
        any other atmosphere than air), no annealing and no irradiation.
    sample_rng
        Decides the layer as deposited and how this sample deviates from others: the same draws
        under two conditions are the same crystals before storage.
    storage_rng
        Decides what storage does.
    arrangement, mechanism, ...
        See ``specimen.schema.yaml``.

    Returns
    -------
    xr.Dataset
        Keeps the contract of specimens; its attributes are the completed environment.
    """
    known = storage.told(environment)
    sample = np.exp(sample_rate_sd * sample_rng.normal()), *sample_rng.normal(size=2)
    recipe = layer.Recipe(
        arrangement=arrangement,
        field_nm=field_nm,
        edge_mean_nm=float(max(edge_mean_nm + sample_edge_sd_nm * sample[1], edge_mean_nm / 2)),
        edge_sd_nm=edge_sd_nm,
        ligand_length_nm=ligand_length_nm,
        site_occupancy=float(np.clip(site_occupancy * (1 + sample_occupancy_sd * sample[2]), 0, 1)),
        domain_size_nm=domain_size_nm,
        position_jitter_nm=position_jitter_nm,
        angle_jitter_deg=angle_jitter_deg,
        other_axis_share=other_axis_share,
        tilt_sd_deg=tilt_sd_deg,
        fault_share=fault_share,
        cluster_size=cluster_size,
    )
    rate_per_h = float(merging_rate_per_h * sample[0])
    hours = storage.exposure(known, activation_energy_ev, humidity_efold_percent)
    approach = coalescence.Approach(rate_per_h, ligand_length_nm, gap_decay_nm)
    crystals = layer.deposit(recipe, sample_rng)
    crystals = replace(crystals, irradiated=_irradiated(crystals, known, field_nm))
    contacts = contacts_of([])
    if mechanism == "ripening":
        rate = ripening.RIPENING_NM2_PER_H * rate_per_h / REFERENCE_RATE_PER_H
        crystals = _ripened(crystals, rate * hours.total, ligand_length_nm)
    elif mechanism == "coalescence" and arrangement != "dispersion":
        mobility = wires.Mobility(diffusion_nm2_per_h, rate_per_h, ligand_length_nm, field_nm)
        crystals, contacts = _merged(crystals, hours, approach, mobility, storage_rng)
    made = _heated(crystals, contacts, known, approach.slit, storage_rng)
    return dataset(made, field_nm, ligand_length_nm, known)


def _irradiated(crystals: Crystals, known: Mapping[str, Any], field_nm: float) -> Mask:
    """Crystals that electrons hit before storage: all, none, or those in the left half."""
    if known["electron_irradiated"] == "half":
        return crystals.x < field_nm / 2
    return np.full(len(crystals), known["electron_irradiated"] == "yes")


def _ripened(crystals: Crystals, growth_nm2: float, keep_nm: float) -> Crystals:
    """Let crystals dissolve in one another; those that electrons hit keep their shells."""
    free = ~crystals.irradiated
    cube = crystals.edge.copy()
    cube[free] = ripening.ripen(crystals.edge[free], growth_nm2)
    edge, height = ripening.fitted(crystals.squares(), cube, keep_nm)
    gone = edge == 0
    return replace(
        crystals,
        edge=edge,
        height=height,
        state=np.where(gone, DISSOLVED, crystals.state),
        fault_offset=np.where(gone, np.nan, crystals.fault_offset * edge / crystals.edge),
    )


def _merged(
    crystals: Crystals,
    hours: storage.Exposure,
    approach: coalescence.Approach,
    mobility: wires.Mobility,
    rng: np.random.Generator,
) -> tuple[Crystals, Contacts]:
    """Let neighbours merge, then isolated crystals attach, and bodies even out.

    Neighbours first, because they need no diffusion. Isolated crystals move in storage only, on
    the water adsorbed there; annealing dries the support.
    """
    squares, contacts = coalescence.merge(crystals, hours.total, approach, rng)
    crystals = replace(crystals, y=squares.y, x=squares.x, angle=squares.angle)
    squares, later = wires.attach(crystals, contacts, hours.storage, mobility, rng)
    crystals = replace(crystals, y=squares.y, x=squares.x, angle=squares.angle)
    contacts = contacts.followed_by(later)
    found = meeting.describe(crystals, contacts, approach.slit)
    bodies = contacts.bodies(len(crystals))
    height = level(crystals.edge, found, contacts, bodies, hours.total)
    return replace(crystals, height=height), contacts


def _heated(
    crystals: Crystals,
    contacts: Contacts,
    known: Mapping[str, Any],
    slit_nm: float,
    rng: np.random.Generator,
) -> Made:
    """Destroy what heat destroys, and describe what is left.

    Bodies are what hangs together in one state: a hole may part a body, and an empty shell goes
    around as much as it went around before.
    """
    stages = [
        (known["temperature_c"], known["storage_time_h"]),
        (known["anneal_temperature_c"], known["anneal_time_h"]),
    ]
    gone = heating.destroyed(len(crystals), stages, rng) & (crystals.state == CRYSTAL)
    metal = heating.metal(crystals, gone, rng)
    crystals = replace(
        crystals,
        state=np.where(gone, EMPTY_SHELL, crystals.state),
        fault_offset=np.where(gone, np.nan, crystals.fault_offset),
    )
    alike = contacts.among(gone[contacts.first] == gone[contacts.second])
    alive = alike.among(~gone[alike.first])
    seams = meeting.describe(crystals, alive, slit_nm)
    return Made(crystals, alike.bodies(len(crystals)), seams, metal)
