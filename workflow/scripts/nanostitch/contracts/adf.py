"""Contracts of what is measured in an image."""

from dataclasses import replace

from nanostitch.contracts import VERDICT, Contract, Var, with_interval
from nanostitch.contracts.adf_summary import SUMMARY
from nanostitch.contracts.raw import RAW_IMAGE

_BRIGHT = ("bright",)
_BRIGHT_DOTS: Contract = {
    "bright_y": Var(_BRIGHT, "nm", "Centre of a bright dot along y.", optional=True),
    "bright_x": Var(_BRIGHT, "nm", "Centre of a bright dot along x.", optional=True),
    "bright_diameter": Var(
        _BRIGHT,
        "nm",
        "Diameter of the sphere that fits the dot best.",
        ancillary=("bright_diameter_uncertainty",),
        optional=True,
    ),
    "bright_diameter_uncertainty": Var(
        _BRIGHT, "nm", "Standard uncertainty of bright_diameter.", optional=True
    ),
    "bright_contrast": Var(
        _BRIGHT,
        "1",
        "Signal of the dot per nm of its diameter, over that of the crystals per nm of their edge; "
        "NaN in an image without crystals.",
        optional=True,
    ),
    "bright_probability": Var(
        _BRIGHT, "1", "Probability that it is a dot denser than the crystals.", optional=True
    ),
    "bright_particle": Var(
        _BRIGHT, "1", "Number of the particle that it sits on, 0 on the support.", "i4", (), True
    ),
    **{
        name: replace(var, optional=True)
        for name, var in with_interval(
            "bright_count", Var((), "1", "Bright dots in the image, denser than its crystals.")
        ).items()
    },
}
_PARTICLE = ("particle",)
_SQUARE = ("square",)
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
    "edge_fit": Var(
        _PARTICLE,
        "nm",
        "Mean of both sides of the fitted square; NaN where the particle is none.",
    ),
    "edge_feret": Var(_PARTICLE, "nm", "Short side of the minimal rectangle."),
    "edge_correction": Var(
        _PARTICLE,
        "nm",
        "Part of edge_length that makes up for what the blur takes of an outline; 0 where a "
        "blurred square was fitted, which needs none.",
    ),
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
    "square_y": Var(_SQUARE, "nm", "Centre of a fitted square along y."),
    "square_x": Var(_SQUARE, "nm", "Centre of a fitted square along x."),
    "square_edge": Var(_SQUARE, "nm", "Its edge, the geometric mean of its sides."),
    "square_angle": Var(_SQUARE, "degree", "Of a side, counter-clockwise from x, below 90."),
    "square_particle": Var(_SQUARE, "1", "Number of the particle that it belongs to.", "i4"),
    **with_interval(
        "blur",
        Var((), "nm", "Standard deviation of the Gaussian that blurs edges, by the fit."),
    ),
    **with_interval("number_density", Var((), "nm-2", "Particles per area.")),
    **with_interval("coverage", Var((), "1", "Share of the image that particles cover.")),
    **with_interval("merged_fraction", Var((), "1", "Share of particles with units > 1.")),
    **with_interval("size_mean", Var((), "nm", "Mean edge_length of whole particles.")),
    **with_interval("size_sd", Var((), "nm", "Standard deviation of edge_length.")),
    **SUMMARY,
    "y": RAW_IMAGE["y"],
    "x": RAW_IMAGE["x"],
    **_BRIGHT_DOTS,
    **VERDICT,
}
