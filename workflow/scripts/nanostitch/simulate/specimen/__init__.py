"""Specimens: layers of nanocrystals as deposited, and what their storage makes of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from nanostitch.errors import BatchError
from nanostitch.simulate.specimen import heating, layer, ripening, storage, wires
from nanostitch.simulate.specimen import seams as meeting
from nanostitch.simulate.specimen.approach import SLIDING_NM_PER_H, Approach
from nanostitch.simulate.specimen.coalescence import Layer
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

_NO_CRYSTAL = (
    "specimen: no crystal fell on a {} with field_nm {:g}, edge_mean_nm {:g} and "
    "site_occupancy {:g}; raise field_nm or site_occupancy"
)


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
        Decides what storage does. Neighbours, isolated crystals and heat draw from a stream each,
        so that the same draws under a longer storage are the same history, continued.
    arrangement, mechanism, ...
        See ``specimen.schema.yaml``.

    Returns
    -------
    xr.Dataset
        Keeps the contract of specimens; its attributes are the completed environment.

    Raises
    ------
    BatchError
        If no crystal falls on the field.
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
    approach = Approach(float(merging_rate_per_h * sample[0]), ligand_length_nm, gap_decay_nm)
    lived = _lived(known)
    hours = storage.exposure(lived, activation_energy_ev, humidity_efold_percent)
    merging_rng, wires_rng, heating_rng = storage_rng.spawn(3)
    crystals = layer.deposit(recipe, sample_rng)
    if not len(crystals):
        raise BatchError(_NO_CRYSTAL.format(arrangement, field_nm, edge_mean_nm, site_occupancy))
    crystals = replace(crystals, irradiated=_irradiated(crystals, known, field_nm))
    contacts = contacts_of([])
    if mechanism == "ripening":
        quickness = approach.rate_per_h / REFERENCE_RATE_PER_H
        crystals = _ripened(crystals, quickness * hours.total, ligand_length_nm)
    elif mechanism == "coalescence" and arrangement != "dispersion":
        mobility = wires.Mobility(
            diffusion_nm2_per_h, approach.rate_per_h, ligand_length_nm, field_nm
        )
        moving = Layer(crystals, approach, merging_rng)
        path_nm = SLIDING_NM_PER_H * lived["anneal_time_h"]
        _merge(moving, wires.Wires(mobility, wires_rng), hours, path_nm)
        crystals, contacts = _levelled(crystals, moving, approach.slit, hours.total)
    made = _heated(crystals, contacts, known, approach.slit, heating_rng)
    return dataset(made, field_nm, ligand_length_nm, known)


def _lived(known: Mapping[str, Any]) -> dict[str, Any]:
    """The environment as long as crystals live in it: what heat has destroyed merges no more."""
    storage_h = heating.lifetime(known["temperature_c"], known["storage_time_h"])
    anneal_h = heating.lifetime(known["anneal_temperature_c"], known["anneal_time_h"])
    return {**known, "storage_time_h": storage_h, "anneal_time_h": anneal_h}


def _irradiated(crystals: Crystals, known: Mapping[str, Any], field_nm: float) -> Mask:
    """Crystals that electrons hit before storage: all, none, or those in the left half."""
    if known["electron_irradiated"] == "half":
        return crystals.x < field_nm / 2
    return np.full(len(crystals), known["electron_irradiated"] == "yes")


def _ripened(crystals: Crystals, hours: float, keep_nm: float) -> Crystals:
    """Let crystals dissolve in one another; those that electrons hit keep their shells."""
    free = ~crystals.irradiated
    cube = crystals.edge.copy()
    cube[free] = ripening.ripen(crystals.edge[free], ripening.RIPENING_NM2_PER_H * hours)
    edge, height = ripening.fitted(crystals.squares(), cube, keep_nm)
    gone = edge == 0
    return replace(
        crystals,
        edge=edge,
        height=height,
        state=np.where(gone, DISSOLVED, crystals.state),
        fault_offset=np.where(gone, np.nan, crystals.fault_offset * edge / crystals.edge),
    )


def _merge(
    moving: Layer, isolated: wires.Wires, hours: storage.Exposure, anneal_path_nm: float
) -> None:
    """Let neighbours merge and isolated crystals attach, in the order of their exposures.

    Isolated crystals move in storage only, on the water adsorbed there; annealing dries the
    support, on which neighbours slide no farther than ``anneal_path_nm`` while they live.
    """
    for time, chance in isolated.rounds(hours.storage):
        moving.merge(time)
        isolated.attach(moving, time, chance)
    moving.merge(hours.storage)
    moving.limit(anneal_path_nm, hours.storage)
    moving.merge(hours.total)


def _levelled(
    crystals: Crystals, moved: Layer, slit_nm: float, exposure_h: float
) -> tuple[Crystals, Contacts]:
    """Crystals where they have come, in bodies that have evened out their thickness."""
    squares, contacts = moved.squares, moved.contacts
    crystals = replace(crystals, y=squares.y, x=squares.x, angle=squares.angle)
    found = meeting.describe(crystals, contacts, slit_nm)
    bodies = contacts.bodies(len(crystals))
    height = level(crystals.edge, found, contacts, bodies, exposure_h)
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
