"""Contract of what sums up the particles of an image: network, order, wires and regions."""

from nanostitch.contracts import Contract, Var, with_interval

_REGION = ("region",)
_REGION_NUMBERS: Contract = {
    "region": Var(
        _REGION,
        "1",
        "Parts of the image as the sheet names them, and both sides of a told boundary.",
        "U",
    ),
    "region_area": Var(_REGION, "nm2", "Area of the region that is in the image."),
    "region_count": Var(_REGION, "1", "Whole particles whose middle lies in the region.", "i4"),
    **with_interval("region_number_density", Var(_REGION, "nm-2", "Particles per area.")),
    **with_interval("region_coverage", Var(_REGION, "1", "Share of it that particles cover.")),
    **with_interval(
        "region_merged_fraction", Var(_REGION, "1", "Share of particles with units > 1.")
    ),
    **with_interval("region_fusing_index", Var(_REGION, "1", "As fusing_index.")),
    **with_interval("region_size_mean", Var(_REGION, "nm", "Mean edge_length, as size_mean.")),
    **with_interval("region_size_sd", Var(_REGION, "nm", "Standard deviation of edge_length.")),
}
_DISTANCE = ("distance",)
_ORDER: Contract = {
    **with_interval(
        "psi4",
        Var(
            (),
            "1",
            "Square order around a crystal, mean modulus: 1 where its neighbours lie in the four "
            "directions of a square, about 0.42 at random.",
        ),
    ),
    **with_interval(
        "psi4_global",
        Var((), "1", "Square order across the image: modulus of the mean, 1 for one domain."),
    ),
    **with_interval(
        "psi4_correlation",
        Var(
            (),
            "1",
            "How far neighbours agree on the direction of the square: 1 in a lattice, 0.2 at "
            "random. Below least_lattice_order there is no lattice to measure.",
        ),
    ),
    **with_interval(
        "superlattice_spacing",
        Var((), "nm", "Distance of next neighbours along the axes of the superlattice."),
    ),
    **with_interval(
        "ligand_gap",
        Var(
            (),
            "nm",
            "Between facets of next neighbours that have not merged: their distance less the mean "
            "of their edges.",
        ),
    ),
    "distance": Var(_DISTANCE, "nm", "Distance between the middles of two crystals."),
    **with_interval(
        "pair_correlation",
        Var(_DISTANCE, "1", "Pair correlation g(r) of the crystals: 1 where they do not matter."),
    ),
}
_WIRE = ("wire",)
_WIRE_UNSURE = ("wire_quality",)
_NETWORK: Contract = {
    **with_interval(
        "largest_body_share", Var((), "1", "Share of the covered area that the largest body has.")
    ),
    **with_interval(
        "largest_layer_share",
        Var((), "1", "The same of bodies that lie within layer_gap_nm of each other, as one."),
    ),
    "body_spans_y": Var((), "1", "1 where one body reaches across the image along y.", "i1"),
    "body_spans_x": Var((), "1", "1 where one body reaches across the image along x.", "i1"),
    "layer_spans_y": Var(
        (), "1", "1 where bodies within layer_gap_nm of each other reach across along y.", "i1"
    ),
    "layer_spans_x": Var((), "1", "The same along x.", "i1"),
    **with_interval(
        "void_fraction", Var((), "1", "Share of the image in voids wider than half a unit_edge_nm.")
    ),
    **with_interval("void_density", Var((), "nm-2", "Such voids per area.")),
    **with_interval(
        "void_diameter", Var((), "nm", "Mean diameter, of circles of equal area, of whole voids.")
    ),
    **with_interval("wire_share", Var((), "1", "Share of the covered area that wires have.")),
    "wire": Var(_WIRE, "1", "Number of the particle that is a wire.", "i4"),
    "wire_length": Var(
        _WIRE,
        "nm",
        "Along its middle, from end to end; a lower bound where it leaves the image.",
        ancillary=("wire_length_uncertainty", *_WIRE_UNSURE),
    ),
    "wire_length_uncertainty": Var(_WIRE, "nm", "Standard uncertainty of wire_length."),
    "wire_width": Var(
        _WIRE,
        "nm",
        "Twice the distance from its middle to its outline, mean along it.",
        ancillary=("wire_width_uncertainty", *_WIRE_UNSURE),
    ),
    "wire_width_uncertainty": Var(_WIRE, "nm", "Standard uncertainty of wire_width."),
    "wire_width_sd": Var(_WIRE, "nm", "Standard deviation of the width along the wire."),
    "wire_aspect_ratio": Var(
        _WIRE,
        "1",
        "Length over width; a lower bound where the wire leaves the image.",
        ancillary=_WIRE_UNSURE,
    ),
    "wire_tortuosity": Var(
        _WIRE, "1", "Length over the straight line between the ends.", ancillary=_WIRE_UNSURE
    ),
    "wire_quality": Var(_WIRE, "1", "What is wrong with this wire.", "u2"),
}
SUMMARY: Contract = {
    **with_interval(
        "fusing_index",
        Var(
            (),
            "1",
            "Share of particles that merging has used up: 1 less particles over the original "
            "crystals that they hold.",
        ),
    ),
    **_NETWORK,
    **_ORDER,
    **_REGION_NUMBERS,
}
