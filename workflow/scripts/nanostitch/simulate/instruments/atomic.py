"""ADF-STEM images with atomic resolution: lattices, seams, faults.

Columns are points that the probe and the vibration of their atoms blur; see
:func:`nanostitch.simulate.instruments.scattering.seen_by_columns`.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.simulate.instruments import (
    coherence,
    columns,
    scanning,
    scattering,
    structure,
    support,
)
from nanostitch.simulate.instruments.scanning import Frame
from nanostitch.simulate.instruments.scattering import Optics
from nanostitch.simulate.instruments.stage import aim
from nanostitch.simulate.projection import CRYSTAL, project
from nanostitch.simulate.recording import Recording

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


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
        The image ``(y, x)`` and its truth: ``crystal_label`` (y, x), per crystal in view its
        orientation and fault, per seam in view its place in the image, its class as drawn and
        ``seam_translation``, ``lattice_parameter``, ``column_count`` and how the image was scanned.

    Raises
    ------
    BatchError
        If there is nothing on the specimen of what it is to look at, or the specimen drifts out
        of view.
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
    lattices = coherence.lattices(specimen, rng)
    specimen = coherence.labelled(specimen, lattices)
    projected = project(specimen, *seen.grid())
    drawn, faults = columns.draw(specimen, projected, lattices, _brightness(specimen), rng)
    share = scattered(drawn, projected, specimen, optics, carbon_nm, rng)
    sample = str(specimen.attrs.get("sample", ""))
    recording = scanning.expose(
        seen.scan(share), seen, rng, optics=optics, detector=detector, sample=sample
    )
    label = seen.scan(projected["crystal"].to_numpy(), order=0)
    known = scanning.truth(seen, detector)
    known = known.merge(_crystals(specimen, label, faults, seen)).merge(
        _seams(specimen, label, seen)
    )
    return recording, known.merge(_counted(drawn, seen))


def _brightness(specimen: xr.Dataset) -> Floats:
    """Factor on the signal of each crystal, by channelling."""
    names = ("zone_axis", "tilt_y", "tilt_x")
    return scattering.channelling(*(specimen[name].to_numpy() for name in names))


def scattered(
    drawn: columns.Drawn,
    projected: xr.Dataset,
    specimen: xr.Dataset,
    optics: Optics,
    carbon_nm: float | None,
    rng: np.random.Generator,
) -> Floats:
    """Share of the beam on the detector, dims ``(y, x)``, blurred by the probe.

    Parameters
    ----------
    drawn
        Columns as points.
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
    y, x = (projected[name].to_numpy() for name in ("y", "x"))
    step, blur = float(y[1] - y[0]), optics.blur_nm
    crystals = scattering.seen_by_columns(blurred(drawn.atoms, optics, step), step)
    mean = support.thickness_nm(str(specimen.attrs.get("substrate", "")), carbon_nm)
    film = support.film(y, x, mean, rng)
    atoms = scattering.amorphous(film, projected["ligand"].to_numpy())
    smooth = ndimage.gaussian_filter(atoms, blur / step, mode="nearest")
    grain = support.grain(smooth, blur, step, rng)
    carbon = scattering.cross_section_nm2("C", optics)
    return np.asarray(1 - (1 - crystals) * np.exp(-carbon * grain))


def blurred(atoms: columns.Layers, optics: Optics, pixel_size_nm: float) -> Floats:
    """Density of cross-sections [1], blurred by probe and vibration, dims ``(y, x)``."""
    density = np.zeros(next(iter(atoms.values())).shape)
    for element, layer in atoms.items():
        width = np.hypot(optics.blur_nm, structure.VIBRATION_NM[element]) / pixel_size_nm
        spread = ndimage.gaussian_filter(layer, width, mode="nearest")
        density += scattering.cross_section_nm2(element, optics) * spread
    return np.asarray(np.maximum(density, 0.0))


def _crystals(
    specimen: xr.Dataset, label: Ints, faults: list[columns.Fault], seen: Frame
) -> xr.Dataset:
    """Crystals in view; angles are those of the specimen, which drift shears slightly."""
    shown = np.setdiff1d(label, [-1])
    number = np.zeros(specimen.sizes["crystal"] + 1, np.int32)
    number[shown] = np.arange(1, shown.size + 1)
    row = ("crystal",)
    of_crystal = {
        "angle": ("degree", "In-plane rotation, from x towards y"),
        "zone_axis": ("1", "Crystal direction along the beam: 0 [001], 1 [110], 2 [111]"),
        "tilt_y": ("degree", "Tilt of the zone axis from the beam towards y"),
        "tilt_x": ("degree", "Tilt of the zone axis from the beam towards x"),
        "edge": ("nm", "Edge in the plane"),
        "height": ("nm", "Thickness along the beam"),
    }
    found = {
        name: (row, specimen[name].to_numpy()[shown], units, meaning)
        for name, (units, meaning) in of_crystal.items()
    }
    particle = specimen["particle"].to_numpy()[shown]
    fault = np.full((3, number.size), np.nan)
    for item in faults:
        y, x = seen.place(np.array(item.y), np.array(item.x))
        fault[:, item.crystal] = float(y), float(x), item.normal
    fault = fault[:, shown]
    y, x = seen.place(*(specimen[name].to_numpy()[shown] for name in ("centre_y", "centre_x")))
    meaning = "Number of the crystal in crystal_label"
    return scanning.described(
        found
        | {
            "crystal_label": (("y", "x"), number[label], "1", "Number of the crystal, 0 outside"),
            "crystal": (row, number[shown], "1", meaning),
            "particle": (row, particle.astype("i4"), "1", "Number of its merged body"),
            "centre_y": (row, y, "nm", "Centre along y in the image"),
            "centre_x": (row, x, "nm", "Centre along x in the image"),
            "fault": (row, np.isfinite(fault[0]).astype("i1"), "1", "1 with a planar fault"),
            "fault_y": (row, fault[0], "nm", "A point on the fault along y in the image"),
            "fault_x": (row, fault[1], "nm", "A point on the fault along x in the image"),
            "fault_normal": (row, fault[2], "degree", "Direction of its normal, x towards y"),
        }
    )


def _seams(specimen: xr.Dataset, label: Ints, seen: Frame) -> xr.Dataset:
    """Seams whose middle is in view."""
    ends = [specimen[name].to_numpy() for name in ("seam_first", "seam_second")]
    state = specimen["state"].to_numpy()
    y, x = seen.place(specimen["seam_y"].to_numpy(), specimen["seam_x"].to_numpy())
    shown = np.flatnonzero(
        seen.holds(y, x) & (state[ends[0]] == CRYSTAL) & (state[ends[1]] == CRYSTAL)
    )
    number = np.zeros(specimen.sizes["crystal"] + 1, np.int32)
    crystals = np.setdiff1d(label, [-1])
    number[crystals] = np.arange(1, crystals.size + 1)
    row = ("seam",)
    of_seam = {
        "seam_normal": ("degree", "Direction from first to second, from x towards y"),
        "seam_length": ("nm", "Length in the plane"),
        "seam_misorientation": ("degree", "In-plane misorientation"),
        "seam_tilt": ("degree", "Angle between the zone axes"),
        "seam_class": ("1", "How the lattices meet: 0 seamless, 1 tilt, 2 boundary"),
        "seam_translation": ("nm", "By how much the lattices miss each other"),
    }
    found = {
        name: (row, specimen[name].to_numpy()[shown], units, meaning)
        for name, (units, meaning) in of_seam.items()
    }
    numbers = {
        f"seam_{name}": (row, number[end[shown]], "1", f"Number of the {name} crystal, 0 not seen")
        for name, end in zip(("first", "second"), ends, strict=True)
    }
    places = {
        "seam_y": (row, y[shown], "nm", "Middle along y in the image"),
        "seam_x": (row, x[shown], "nm", "Middle along x in the image"),
    }
    return scanning.described(found | numbers | places)


def _counted(drawn: columns.Drawn, seen: Frame) -> xr.Dataset:
    count = int(seen.holds(*seen.place(drawn.place[:, 0], drawn.place[:, 1])).sum())
    scale_error = seen.step_nm / seen.stated_nm - 1
    return scanning.described(
        {
            "column_count": ((), count, "1", "Atomic columns in view"),
            "lattice_parameter": ((), scattering.LATTICE_NM, "nm", "Pseudo-cubic, of CsPbBr3"),
            "scale_error": ((), scale_error, "1", "True over stated pixel size, less 1"),
        }
    )
