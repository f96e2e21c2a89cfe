"""Contracts of what is measured in an image."""

from nanostitch.contracts import VERDICT, Contract, Var, with_interval
from nanostitch.contracts.raw import RAW_IMAGE

_PARTICLE = ("particle",)
PARTICLES: Contract = {
    "particle_label": Var(("y", "x"), "1", "Number of the particle, 0 outside.", "i4"),
    "area": Var(_PARTICLE, "nm2", "Projected area."),
    "edge_length": Var(
        _PARTICLE,
        "nm",
        "Edge of the square of equal area; of a rectangle, the geometric mean of its sides.",
        ancillary=("edge_length_uncertainty", "quality"),
    ),
    "edge_length_uncertainty": Var(_PARTICLE, "nm", "Standard uncertainty of edge_length."),
    "equivalent_diameter": Var(_PARTICLE, "nm", "Diameter of the circle of equal area."),
    "aspect_ratio": Var(_PARTICLE, "1", "Long over short side of the minimal rectangle."),
    "solidity": Var(_PARTICLE, "1", "Area over the area of the convex hull."),
    "orientation": Var(_PARTICLE, "degree", "Of the long side, counter-clockwise from x."),
    "centroid_y": Var(_PARTICLE, "nm", "Centre along y."),
    "centroid_x": Var(_PARTICLE, "nm", "Centre along x."),
    "units": Var(_PARTICLE, "1", "How many original crystals it holds, by area.", "i4"),
    "touches_border": Var(_PARTICLE, "1", "1 where the image cuts the particle.", "i1"),
    "quality": Var(_PARTICLE, "1", "What is wrong with this particle.", "u2"),
    "particle": Var(_PARTICLE, "1", "Number of the particle in particle_label.", "i4"),
    **with_interval("number_density", Var((), "nm-2", "Particles per area.")),
    **with_interval("coverage", Var((), "1", "Share of the image that particles cover.")),
    **with_interval("merged_fraction", Var((), "1", "Share of particles with units > 1.")),
    **with_interval("size_mean", Var((), "nm", "Mean edge_length of whole particles.")),
    **with_interval("size_sd", Var((), "nm", "Standard deviation of edge_length.")),
    "y": RAW_IMAGE["y"],
    "x": RAW_IMAGE["x"],
    **VERDICT,
}
