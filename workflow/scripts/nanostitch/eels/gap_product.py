"""Product of the band gap: what was found in regions and pixels, as labelled arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eels import gap_flags, pixel_gap, region_gap
from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.gap_flags import ESTIMATORS
from nanostitch.eels.region_gap import Settings

_ENDS = ("", "_lower", "_upper")
_EV = {"units": "eV"}
Variables = dict[str, object]


@dataclass(frozen=True)
class Results:
    """Regions that could be measured, by number; flags (estimator, spectrum); pixels."""

    regions: dict[int, region_gap.Found]
    flags: dict[str, Mask]
    pixels: pixel_gap.Pixels
    pixel_flags: dict[str, Mask]


def reasons(loss: xr.Dataset, found: Results) -> dict[str, quality.Level]:
    """Sentences for the verdict, with how much each weighs."""
    said: dict[str, quality.Level] = {}
    if quality.level(loss) != "good":
        said[str(loss["verdict"].attrs["reasons"])] = quality.level(loss)
    said |= gap_flags.reasons(found.flags, "regions")
    if found.pixel_flags["no_onset"].shape[1] > 1:
        # A map whose sum has a gap is not bad for its pixels' want of counts.
        for text, level in gap_flags.reasons(found.pixel_flags, "pixels").items():
            said[text] = "good" if level == "good" else "doubtful"
    return said


def dataset(
    aligned: xr.Dataset, found: Results, settings: Settings, said: dict[str, quality.Level]
) -> xr.Dataset:
    """Product as ``contracts.eels.BAND_GAP`` says; it takes the arrays of the pixels over."""
    pixel = aligned["zlp_offset"]
    coords = {str(name): coord for name, coord in pixel.coords.items()} | {
        "energy": aligned["energy"],
        "region": aligned["region"],
        "estimator": ("estimator", np.array(ESTIMATORS), {"units": "1"}),
        "sweep_window": ("sweep_window", np.array([s.width_ev for s in settings.sweep]), _EV),
    }
    verdict = quality.verdict(said).assign_attrs(units="1")
    product: Variables = {
        **_of_pixels(found, pixel),
        **_of_regions(found, settings, aligned["region"].size),
        **_spectra(found, settings, (aligned["region"].size, aligned["energy"].size)),
        **_members(found, settings, aligned["region"].size),
        "verdict": verdict,
    }
    return xr.Dataset(product, coords)


def _of_pixels(found: Results, pixel: xr.DataArray) -> Variables:
    without = gap_flags.forbidden(found.pixel_flags)
    dims = tuple(map(str, pixel.dims))
    product: Variables = {}
    for column, end in enumerate(_ENDS):
        gap, inflection = found.pixels.gap[column], found.pixels.inflection[column]
        # In place: of a large map each copy counts.
        gap[without], inflection[without[1]] = np.nan, np.nan
        gap = gap.reshape(len(ESTIMATORS), *pixel.shape)
        product[f"band_gap{end}"] = (("estimator", *dims), gap, {**_EV, **_bias(found)})
        product[f"loss_inflection{end}"] = (dims, inflection.reshape(pixel.shape), _EV)
    flags = _packed(found.pixel_flags, ("estimator", *dims), pixel.shape)
    return {**product, "band_gap_quality": flags}


def _bias(found: Results) -> dict[str, float]:
    """How far above the gap Park's number lies on average, which is stated as it is [eV]."""
    return {"linear_bias_ev": found.regions[0].offsets[1]} if 0 in found.regions else {}


def _of_regions(found: Results, settings: Settings, number: int) -> Variables:
    gap, inflection = np.full((number, len(ESTIMATORS), 3), np.nan), np.full((number, 3), np.nan)
    swept, limit = np.full((number, 4, len(settings.sweep)), np.nan), np.full(number, np.nan)
    for k, one in found.regions.items():
        gap[k], inflection[k], swept[k] = one.gap, one.inflection, one.sweep
        limit[k] = one.sub_gap_limit
    without = gap_flags.forbidden(found.flags)
    gap[without.T] = np.nan
    inflection[without[1]] = np.nan
    product: Variables = {}
    for column, end in enumerate(_ENDS):
        product[f"region_band_gap{end}"] = (("estimator", "region"), gap[:, :, column].T, _EV)
        product[f"region_inflection{end}"] = ("region", inflection[:, column], _EV)
        product[f"sweep_gap{end}"] = (("region", "sweep_window"), swept[:, 1 + column], _EV)
    said = {"units": "1", "width_ev": settings.sub_gap_width_ev}
    return {
        **product,
        "sweep_inflection": (("region", "sweep_window"), swept[:, 0], _EV),
        "sub_gap_limit": ("region", limit, said),
        "region_quality": _packed(found.flags, ("estimator", "region"), (number,)),
    }


def _spectra(found: Results, settings: Settings, shape: tuple[int, int]) -> Variables:
    model, slope = np.full(shape, np.nan), np.full(shape, np.nan)
    for k, one in found.regions.items():
        model[k], slope[k] = one.model, one.slope
    smooth, dims = settings.smooth, ("region", "energy")
    said = {"units": "eV-1", "window_ev": smooth.width_ev, "order": smooth.order}
    if 0 in found.regions:
        said["offset_ev"] = found.regions[0].offsets[0]
    return {"derivative": (dims, slope, said), "onset_model": (dims, model, {"units": "1"})}


def _members(found: Results, settings: Settings, number: int) -> Variables:
    """Every fit of the ensemble in every region; those that do not matter have no gap."""
    choices = settings.choices
    names = [
        name
        for family in choices.families
        for model in choices.tail_models
        for name in choices.names(family.name, model)
    ]
    at = {name: k for k, name in enumerate(names)}
    values: Array = np.full((3, len(names), number), np.nan)
    for region, one in found.regions.items():
        values[2, :, region] = 0.0
        for member, weight, deviation in zip(
            one.learned.members, one.learned.weights, one.deviations, strict=True
        ):
            values[:, at[member.name], region] = member.state.gap[0], deviation, weight
    dims = ("member", "region")
    return {
        "member": ("member", np.array(names), {"units": "1"}),
        "member_gap": (dims, values[0], _EV),
        "member_uncertainty": (dims, values[1], _EV),
        "member_weight": (dims, values[2], {"units": "1"}),
    }


def _packed(
    flags: Mapping[str, Mask], dims: tuple[str, ...], shape: tuple[int, ...]
) -> xr.DataArray:
    wanted = {
        name: xr.DataArray(
            np.broadcast_to(where.reshape(-1, *shape), (len(ESTIMATORS), *shape)), dims=dims
        )
        for name, where in flags.items()
    }
    return quality.flags(wanted).assign_attrs(units="1")
