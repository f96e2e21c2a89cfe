"""Contracts of the truth behind simulated raw files, by instrument.

A variable that the analysis measures has the name, dims and unit of the product that measures
it; the rule ``score`` pairs them by name.
"""

from nanostitch.contracts import Contract, Var

_IMAGE = ("y", "x")
_PARTICLE = ("particle",)
_CRYSTAL = ("crystal",)
_SEAM = ("seam",)
_METAL = ("metal",)
_PIXEL = ("...",)

_VIEW: Contract = {
    "y": Var(("y",), "nm", "Distance along the slow scan."),
    "x": Var(("x",), "nm", "Distance along the fast scan."),
    "drift_y": Var(("y",), "nm", "Displacement of the specimen along y."),
    "drift_x": Var(("y",), "nm", "Displacement of the specimen along x."),
    "view_y": Var((), "nm", "Middle of the view on the specimen, y."),
    "view_x": Var((), "nm", "Middle of the view on the specimen, x."),
    "pixel_size": Var((), "nm", "True pixel size."),
    "dose": Var((), "nm-2", "Electrons per area."),
}
OVERVIEW: Contract = {
    **_VIEW,
    "particle_label": Var(_IMAGE, "1", "Number of the particle, 0 outside.", "i4"),
    "particle": Var(_PARTICLE, "1", "Number of the particle in particle_label.", "i4"),
    "area": Var(_PARTICLE, "nm2", "Projected area, of cut ones what is in view."),
    "edge_length": Var(_PARTICLE, "nm", "Edge of the square of equal area."),
    "centroid_y": Var(_PARTICLE, "nm", "Centre along y in the image."),
    "centroid_x": Var(_PARTICLE, "nm", "Centre along x in the image."),
    "units": Var(_PARTICLE, "1", "How many crystals the body holds.", "i4"),
    "touches_border": Var(_PARTICLE, "1", "1 where the image cuts it.", "i1"),
    "number_density": Var((), "nm-2", "Particles per area."),
    "coverage": Var((), "1", "Share of the view that they cover."),
    "merged_fraction": Var((), "1", "Share of whole particles with units > 1."),
    "size_mean": Var((), "nm", "Mean edge_length of whole particles."),
    "size_sd": Var((), "nm", "Standard deviation of edge_length."),
    "crystal_count": Var((), "1", "Crystals whose centre is in view.", "i4"),
    "empty_shell_count": Var((), "1", "Empty ligand shells centred in view.", "i4"),
    "metal_y": Var(_METAL, "nm", "Centre of a metal particle in the image."),
    "metal_x": Var(_METAL, "nm", "Centre of a metal particle in the image."),
    "metal_diameter": Var(_METAL, "nm", "Diameter of a metal particle."),
}
ATOMIC: Contract = {
    **_VIEW,
    "angle": Var(_CRYSTAL, "degree", "In-plane rotation, from x towards y."),
    "zone_axis": Var(
        _CRYSTAL, "1", "Crystal direction along the beam: 0 [001], 1 [110], 2 [111].", "i1"
    ),
    "tilt_y": Var(_CRYSTAL, "degree", "Tilt of the zone axis from the beam towards y."),
    "tilt_x": Var(_CRYSTAL, "degree", "Tilt of the zone axis from the beam towards x."),
    "edge": Var(_CRYSTAL, "nm", "Edge in the plane."),
    "height": Var(_CRYSTAL, "nm", "Thickness along the beam."),
    "crystal_label": Var(_IMAGE, "1", "Number of the crystal, 0 outside.", "i4"),
    "crystal": Var(_CRYSTAL, "1", "Number of the crystal in crystal_label.", "i4"),
    "particle": Var(_CRYSTAL, "1", "Number of its merged body.", "i4"),
    "centre_y": Var(_CRYSTAL, "nm", "Centre along y in the image."),
    "centre_x": Var(_CRYSTAL, "nm", "Centre along x in the image."),
    "fault": Var(_CRYSTAL, "1", "1 with a planar fault.", "i1"),
    "fault_y": Var(_CRYSTAL, "nm", "A point on the fault along y in the image."),
    "fault_x": Var(_CRYSTAL, "nm", "A point on the fault along x in the image."),
    "fault_normal": Var(_CRYSTAL, "degree", "Direction of its normal, x towards y."),
    "seam_normal": Var(_SEAM, "degree", "Direction from first to second, from x towards y."),
    "seam_length": Var(_SEAM, "nm", "Length in the plane."),
    "seam_misorientation": Var(_SEAM, "degree", "In-plane misorientation."),
    "seam_tilt": Var(_SEAM, "degree", "Angle between the zone axes."),
    "seam_class": Var(_SEAM, "1", "How the lattices meet: 0 seamless, 1 tilt, 2 boundary.", "i1"),
    "seam_translation": Var(_SEAM, "nm", "By how much the lattices miss each other."),
    "seam_first": Var(_SEAM, "1", "Number of the first crystal, 0 not seen.", "i4"),
    "seam_second": Var(_SEAM, "1", "Number of the second crystal, 0 not seen.", "i4"),
    "seam_y": Var(_SEAM, "nm", "Middle along y in the image."),
    "seam_x": Var(_SEAM, "nm", "Middle along x in the image."),
    "column_count": Var((), "1", "Atomic columns in view.", "i4"),
    "lattice_parameter": Var((), "nm", "Pseudo-cubic, of CsPbBr3."),
    "scale_error": Var((), "1", "True over stated pixel size, less 1."),
}
_ZERO_LOSS: Contract = {
    "zlp_offset": Var(_PIXEL, "eV", "Position of the zero-loss peak on the raw axis."),
    "zlp_fwhm": Var((), "eV", "Full width of the zero-loss peak at half maximum."),
    "spikes": Var((), "1", "Spikes by X-rays and cosmic rays.", "i4"),
    "zero_loss_counts": Var((), "1", "Electrons in the zero-loss peak, mean."),
}
LOW_LOSS: Contract = {
    **_ZERO_LOSS,
    "band_gap": Var(_PIXEL, "eV", "Start of the continuum, mean over the crystal met."),
    "confinement_gap": Var(_PIXEL, "eV", "Gap by confinement, mean over the crystal met."),
    "loss_inflection": Var(_PIXEL, "eV", "Steepest rise of single scattering at the edge."),
    "thickness": Var(_PIXEL, "nm", "Mean thickness of crystal met."),
    "relative_thickness": Var(_PIXEL, "1", "Mean number of losses of an electron."),
    "scan_y": Var(_PIXEL, "nm", "Position of the beam on the specimen along y."),
    "scan_x": Var(_PIXEL, "nm", "Position of the beam on the specimen along x."),
}
XRAY: Contract = {
    "atomic_percent": Var(("element",), "percent", "Share of Cs, Pb, Br."),
    "phase_fraction": Var(("phase",), "1", "Share of a phase in the atoms."),
    "line_area": Var(("line",), "1", "Expected counts in the peak of a line and its tail."),
    "k_factor": Var(
        ("line",),
        "1",
        "Cliff-Lorimer factor by weight: relative to Br_Ka: weights go as k times area.",
    ),
    "line_energy": Var(("line",), "keV", "Energy of a line."),
    "energy_offset": Var((), "eV", "Energy that the axis states at 0."),
    "energy_gain": Var((), "1", "Energy that the axis states, less its offset, over the true."),
    "element": Var(("element",), "1", "Symbol of the element.", "U"),
    "phase": Var(("phase",), "1", "Formula of the phase.", "U"),
    "line": Var(("line",), "1", "Element and line, as Br_Ka.", "U"),
}
ABSORPTION: Contract = {
    "edge_energy": Var((), "eV", "Start of the continuum, mean over the volume."),
    "exciton_energy": Var((), "eV", "First exciton, mean over the volume."),
    "edge_inflection": Var((), "eV", "Steepest rise of the absorption edge."),
    "optical_density": Var((), "1", "Absorbance of the crystals at 400 nm."),
}
EMISSION: Contract = {
    "peak_wavelength": Var((), "nm", "Maximum of the emission per nm."),
    "peak_energy": Var((), "eV", "Maximum of the emission per eV."),
    "centroid_energy": Var((), "eV", "Mean energy of the emission."),
    "fwhm": Var((), "eV", "Full width at half maximum of the emission per eV."),
    "quantum_yield": Var((), "1", "Photons emitted per photon absorbed."),
}
QUANTUM_YIELD: Contract = {
    "quantum_yield": Var((), "1", "Photons emitted per photon absorbed, by the crystals."),
    "quantum_yield_apparent": Var((), "1", "The same for the film with its reabsorption."),
    "absorptance": Var((), "1", "Share of the beam absorbed in one pass."),
    "reabsorbed_fraction": Var((), "1", "Share of emitted photons that the film absorbs again."),
}
CURRENT: Contract = {
    "conductance": Var((), "S", "Conductance at 0 V, after ions have followed."),
    "sheet_conductance": Var((), "S", "Sheet conductance, per square."),
    "cell_constant": Var(
        (), "1", "Conductance over sheet conductance: width over length of all gaps in parallel."
    ),
    "offset_current": Var((), "A", "Current that the meter reads without any."),
    "capacitance": Var((), "F", "Capacitance of the electrodes."),
    "hysteresis_current": Var(
        (), "A", "Current at 0 V of the upward less that of the downward sweep."
    ),
    "hysteresis_index": Var((), "1", "Area between both sweeps over the sum of their areas."),
}
IMPEDANCE: Contract = {
    "series_resistance": Var((), "ohm", "Leads and fingers."),
    "film_resistance": Var(
        (), "ohm", "Layer: one over its conductance for direct current, at the start."
    ),
    "cpe_coefficient": Var(
        (), "S", "Admittance of the constant phase element at 1 radian per second."
    ),
    "cpe_exponent": Var((), "1", "Exponent of the constant phase element."),
    "capacitance": Var((), "F", "Of the electrodes, by the peak of the arc (Hsu & Mansfeld)."),
    "cell_constant": Var(
        (), "1", "Conductance over sheet conductance: width over length of all gaps in parallel."
    ),
    "drift_fraction": Var((), "1", "Change of the layer's resistance in the spectrum."),
}
TRUTH: dict[str, Contract] = {
    "overview": OVERVIEW,
    "atomic": ATOMIC,
    "spectrum": LOW_LOSS,
    "line_scan": LOW_LOSS
    | {"seam_position": Var((), "nm", "Seam along the scan, from its start.")},
    "spectrum_image": LOW_LOSS,
    "vacuum": _ZERO_LOSS,
    "xray": XRAY,
    "spectrophotometer": ABSORPTION,
    "fluorometer": EMISSION,
    "sphere": QUANTUM_YIELD,
    "source_meter": CURRENT,
    "impedance": IMPEDANCE,
}
