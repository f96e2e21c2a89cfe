"""Contract of a simulated specimen: every crystal and seam of a layer after its storage.

Truth, not measurement: no analysis reads it.
"""

from nanostitch.contracts import Contract, Var

_CRYSTAL = ("crystal",)
_SEAM = ("seam",)
_METAL = ("metal",)

SPECIMEN: Contract = {
    "initial_edge": Var(_CRYSTAL, "nm", "Edge of the cube as synthesised."),
    "edge": Var(_CRYSTAL, "nm", "Edge in the plane after storage; 0 once dissolved."),
    "height": Var(_CRYSTAL, "nm", "Thickness along the beam after storage."),
    "centre_y": Var(_CRYSTAL, "nm", "Centre along y after storage."),
    "centre_x": Var(_CRYSTAL, "nm", "Centre along x after storage."),
    "angle": Var(_CRYSTAL, "degree", "In-plane rotation of the edges, from x towards y."),
    "zone_axis": Var(_CRYSTAL, "1", "Crystal direction along the beam.", "i1"),
    "tilt_y": Var(_CRYSTAL, "degree", "Tilt of the zone axis from the beam towards y."),
    "tilt_x": Var(_CRYSTAL, "degree", "Tilt of the zone axis from the beam towards x."),
    "particle": Var(_CRYSTAL, "1", "Number of the merged body, from 0.", "i4"),
    "domain": Var(_CRYSTAL, "1", "Number of the superlattice domain as deposited.", "i4"),
    "irradiated": Var(_CRYSTAL, "1", "1 where electrons arrested the ligands first.", "i1"),
    "state": Var(_CRYSTAL, "1", "What became of the crystal.", "i1"),
    "extent_along": Var(_CRYSTAL, "nm", "Length of the body through the crystal along angle."),
    "extent_across": Var(_CRYSTAL, "nm", "Length of the body through it across angle."),
    "band_gap": Var(_CRYSTAL, "eV", "Gap by confinement in extents and height; NaN if gone."),
    "fault_offset": Var(_CRYSTAL, "nm", "Planar fault, distance from the centre; NaN: none."),
    "fault_across": Var(_CRYSTAL, "1", "1 if its normal is across angle, else along.", "i1"),
    "seam_first": Var(_SEAM, "1", "Index of the first crystal.", "i4"),
    "seam_second": Var(_SEAM, "1", "Index of the second crystal.", "i4"),
    "seam_y": Var(_SEAM, "nm", "Middle of the seam along y."),
    "seam_x": Var(_SEAM, "nm", "Middle of the seam along x."),
    "seam_normal": Var(_SEAM, "degree", "Direction from first to second, from x towards y."),
    "seam_length": Var(_SEAM, "nm", "Length of the seam in the plane."),
    "seam_gap": Var(_SEAM, "nm", "Gap between the facets that a neck bridges."),
    "seam_misorientation": Var(_SEAM, "degree", "In-plane misorientation, 0 to 45."),
    "seam_tilt": Var(_SEAM, "degree", "Angle between the zone axes of equal kind."),
    "seam_class": Var(_SEAM, "1", "How the lattices meet.", "i1"),
    "metal_y": Var(_METAL, "nm", "Centre of a metal particle along y."),
    "metal_x": Var(_METAL, "nm", "Centre of a metal particle along x."),
    "metal_diameter": Var(_METAL, "nm", "Diameter of a metal particle."),
    "field": Var((), "nm", "Side of the square field that the specimen covers, from 0."),
    "ligand_length": Var((), "nm", "Thickness of the ligand shell of one crystal."),
}
