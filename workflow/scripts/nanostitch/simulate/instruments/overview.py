"""ADF-STEM images of a layer of nanocrystals, too coarse for atoms: number, size, merging.

Intensity follows projected thickness and atomic number; near a zone axis crystals are brighter.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import scanning, scattering, support
from nanostitch.simulate.instruments.scanning import Frame
from nanostitch.simulate.instruments.scattering import Optics
from nanostitch.simulate.instruments.stage import aim
from nanostitch.simulate.projection import CRYSTAL, EMPTY_SHELL, project
from nanostitch.simulate.recording import Recording

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_ROUNDING = 1e-9
"""Relative error of a view's side, which is a product, where it equals the field."""


class _Bodies(NamedTuple):
    """Merged bodies in view, one element each: lengths in nm, sides of their boxes in pixels."""

    body: Ints
    area: Floats
    centroid_y: Floats
    centroid_x: Floats
    height: Floats
    width: Floats
    cut: NDArray[np.bool_]


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    look_at: str,
    place_y_nm: float | None,
    place_x_nm: float | None,
    pixels: int,
    pixel_size_nm: float,
    scan_scale_error: float,
    beam_energy_kev: float,
    convergence_mrad: float,
    inner_mrad: float,
    outer_mrad: float,
    probe_fwhm_nm: float,
    defocus_nm: float,
    dwell_us: float,
    dose_e_per_nm2: float,
    drift_nm_per_min: float,
    line_jitter_nm: float,
    line_noise: float,
    readout_noise_e: float,
    detector_offset_counts: float,
    carbon_nm: float | None,
) -> tuple[Recording, xr.Dataset]:
    """Record one image; the schema says what the settings are.

    Returns
    -------
    tuple
        The image ``(y, x)`` and its truth, named like the analysis names it.

    Raises
    ------
    BatchError
        If there is nothing on the specimen of what it is to look at, the view is larger than its
        field, or the specimen drifts out of view.
    """
    optics = Optics(
        beam_energy_kev, convergence_mrad, inner_mrad, outer_mrad, probe_fwhm_nm, defocus_nm
    )
    detector = scanning.Detector(
        dose_e_per_nm2, dwell_us, line_noise, readout_noise_e, detector_offset_counts
    )
    side = pixels * pixel_size_nm
    seen = scanning.frame(
        aim(specimen, look_at, side, rng, place_y_nm=place_y_nm, place_x_nm=place_x_nm),
        rng,
        pixels=pixels,
        pixel_size_nm=pixel_size_nm,
        dwell_us=dwell_us,
        drift_nm_per_min=drift_nm_per_min,
        line_jitter_nm=line_jitter_nm,
        scan_scale_error=scan_scale_error,
    )
    _check_field(specimen, seen)
    projected = project(specimen, *seen.grid())
    share = scattered(projected, specimen, optics, carbon_nm, rng)
    sample = str(specimen.attrs.get("sample", ""))
    recording = scanning.expose(
        seen.scan(share), seen, rng, optics=optics, detector=detector, sample=sample
    )
    known = scanning.truth(seen, detector)
    return recording, known.merge(_population(specimen, projected, seen))


def _check_field(specimen: xr.Dataset, seen: Frame) -> None:
    """Refuse a view that a layer does not fill, whose number and coverage would be too low.

    A cluster is all there is: around it the film is empty, in the field and beyond.

    Raises
    ------
    BatchError
        If the view is larger than the field and crystals lie at the border of the field.
    """
    field = float(specimen["field"])
    place = np.concatenate([specimen[name].to_numpy() for name in ("centre_y", "centre_x")])
    spacing = specimen["initial_edge"].to_numpy() + 2 * float(specimen["ligand_length"])
    at_border = bool((np.minimum(place, field - place) < np.tile(spacing, 2)).any())
    if at_border and seen.side_nm > field * (1 + _ROUNDING):
        raise BatchError(
            f"pixels: {seen.pixels} of {seen.step_nm:.4g} nm are a view of {seen.side_nm:.4g} nm, "
            f"larger than the field of {field:.4g} nm that was grown of sample "
            f"{specimen.attrs.get('sample')!r}, beside which there would be nothing; give fewer or "
            "smaller pixels (pixels, pixel_size_nm), or grow the sample's field_nm larger"
        )


def scattered(
    projected: xr.Dataset,
    specimen: xr.Dataset,
    optics: Optics,
    carbon_nm: float | None,
    rng: np.random.Generator,
) -> Floats:
    """Share of the beam on the detector, dims ``(y, x)``, blurred by the probe.

    Parameters
    ----------
    projected
        Result of :func:`nanostitch.simulate.projection.project`.
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    optics
        Probe and detector.
    carbon_nm
        Thickness of the film [nm]; by the substrate where it is None.
    rng
        Draws the unevenness of the film and the grain of what is amorphous.
    """
    brightness = scattering.channelling(
        *(specimen[name].to_numpy() for name in ("zone_axis", "tilt_y", "tilt_x"))
    )
    crystal = _grown(projected["crystal"].to_numpy())
    of_pixel = np.where(crystal >= 0, brightness[crystal], 1.0) if brightness.size else 1.0
    dense = scattering.perovskite_per_nm(optics) * projected["thickness"].to_numpy() * of_pixel
    metal = scattering.per_nm({"Pb": scattering.LEAD_PER_NM3}, optics)
    dense += metal * projected["metal"].to_numpy()
    y, x = (projected[name].to_numpy() for name in ("y", "x"))
    step, blur = float(y[1] - y[0]), optics.blur_nm
    mean = support.thickness_nm(str(specimen.attrs.get("substrate", "")), carbon_nm)
    film = support.film(y, x, mean, rng)
    atoms = scattering.amorphous(film, projected["ligand"].to_numpy())
    smooth = [
        ndimage.gaussian_filter(layer, blur / step, mode="nearest") for layer in (dense, atoms)
    ]
    carbon = scattering.cross_section_nm2("C", optics)
    grain = support.grain(smooth[1], blur, step, rng)
    return np.asarray(-np.expm1(-(smooth[0] + carbon * grain)))


def _grown(crystal: Ints) -> Ints:
    """Crystal of each pixel, the pixels that an edge cuts included."""
    return np.where(crystal >= 0, crystal, ndimage.maximum_filter(crystal, size=3))


def _population(specimen: xr.Dataset, projected: xr.Dataset, seen: Frame) -> xr.Dataset:
    """Bodies in view and their statistics, by the definitions of ``contracts/adf.py``.

    A particle is one merged body, however narrow the gap to the next. Sizes, density and merged
    fraction are of whole particles, weighted by the inverse of the chance that one of their
    bounding box lies wholly in the view (Miles and Lantuejoul, as in ISO 13322-1).
    """
    found, label = _bodies(specimen, projected, seen)
    whole = ~found.cut
    room = (seen.pixels - found.height) * (seen.pixels - found.width)
    weight = np.divide(seen.pixels**2, room, out=np.ones(room.shape), where=room > 0)[whole]
    alive = specimen["state"].to_numpy() == CRYSTAL
    members = np.bincount(specimen["particle"].to_numpy()[alive], minlength=1)
    units = members[found.body].astype(np.int32)
    edge = np.sqrt(found.area)
    mean, sd = _weighted(edge[whole], weight)
    merged = np.average(units[whole] > 1, weights=weight) if weight.size else np.nan
    area = seen.side_nm**2
    row = ("particle",)
    stated = seen.stated_nm
    number = np.arange(1, edge.size + 1, dtype=np.int32)
    return scanning.described(
        {
            "particle_label": (("y", "x"), label, "1", "Number of the particle, 0 outside"),
            "particle": (row, number, "1", "Number of the particle in particle_label"),
            "area": (row, found.area, "nm2", "Projected area, of cut ones what is in view"),
            "edge_length": (row, edge, "nm", "Edge of the square of equal area"),
            "centroid_y": (row, found.centroid_y * stated, "nm", "Centre along y in the image"),
            "centroid_x": (row, found.centroid_x * stated, "nm", "Centre along x in the image"),
            "units": (row, units, "1", "How many crystals the body holds"),
            "touches_border": (row, found.cut.astype("i1"), "1", "1 where the image cuts it"),
            "number_density": ((), weight.sum() / area, "nm-2", "Particles per area"),
            "coverage": ((), found.area.sum() / area, "1", "Share of the view that they cover"),
            "merged_fraction": ((), merged, "1", "Share of whole particles with units > 1"),
            "size_mean": ((), mean, "nm", "Mean edge_length of whole particles"),
            "size_sd": ((), sd, "nm", "Standard deviation of edge_length"),
        }
    ).merge(_others(specimen, seen))


def _bodies(specimen: xr.Dataset, projected: xr.Dataset, seen: Frame) -> tuple[_Bodies, Ints]:
    """Merged bodies in view, and which of them, from 1, each pixel is of."""
    particle = np.append(specimen["particle"].to_numpy(), -1)
    body = particle[_grown(projected["crystal"].to_numpy())]
    whole_cover = projected["cover"].to_numpy()
    near = seen.scan(body, order=0)
    cover = np.clip(seen.scan(whole_cover, order=1), 0.0, 1.0)
    shown = np.setdiff1d(near[cover >= 0.5], [-1])
    number = np.zeros(int(particle.max()) + 2, np.int32)
    number[shown] = np.arange(1, shown.size + 1)
    near = number[near]
    label = np.where(cover >= 0.5, near, np.int32(0))
    cut = np.zeros(shown.size + 1, bool)
    cut[np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])] = True
    boxes = ndimage.find_objects(label)
    sides = np.array([[side.stop - side.start for side in box] for box in boxes]).reshape(-1, 2)
    amount, y, x = (_sums(near, cover * by, shown.size) for by in (1, *np.indices(cover.shape)))
    entire = _sums(number[body], whole_cover, shown.size)
    area = seen.step_nm**2 * np.where(cut[1:], amount, entire)
    height, width = sides.T
    return _Bodies(shown, area, y / amount, x / amount, height, width, cut[1:]), label


def _sums(label: Ints, values: Floats, count: int) -> Floats:
    """Sum over each label from 1."""
    return np.asarray(np.bincount(label.ravel(), values.ravel(), count + 1)[1:], np.float64)


def _weighted(size: Floats, weight: Floats) -> tuple[float, float]:
    """Mean and unbiased standard deviation with reliability weights."""
    if not size.size:
        return np.nan, np.nan
    mean = float(np.average(size, weights=weight))
    free = weight.sum() - (weight**2).sum() / weight.sum()
    sd = np.sqrt((weight * (size - mean) ** 2).sum() / free) if free > 0 else np.nan
    return mean, float(sd)


def _others(specimen: xr.Dataset, seen: Frame) -> xr.Dataset:
    """Crystals, empty shells and metal in view."""
    y, x = (specimen[name].to_numpy() for name in ("centre_y", "centre_x"))
    held = seen.holds(*seen.place(y, x))
    state = specimen["state"].to_numpy()
    names = ("metal_y", "metal_x", "metal_diameter")
    metal_y, metal_x, diameter = (specimen[name].to_numpy() for name in names)
    metal_y, metal_x = seen.place(metal_y, metal_x)
    shown = seen.holds(metal_y, metal_x)
    crystals = int((held & (state == CRYSTAL)).sum())
    shells = int((held & (state == EMPTY_SHELL)).sum())
    row = ("metal",)
    return scanning.described(
        {
            "crystal_count": ((), crystals, "1", "Crystals whose centre is in view"),
            "empty_shell_count": ((), shells, "1", "Empty ligand shells centred in view"),
            "metal_y": (row, metal_y[shown], "nm", "Centre of a metal particle in the image"),
            "metal_x": (row, metal_x[shown], "nm", "Centre of a metal particle in the image"),
            "metal_diameter": (row, diameter[shown], "nm", "Diameter of a metal particle"),
        }
    )
