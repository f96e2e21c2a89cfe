"""Contract of lattices, domains and zone axes in an image that resolves atomic columns."""

from nanostitch.contracts import VERDICT, Contract, Var, with_interval
from nanostitch.contracts.raw import RAW_IMAGE

_DOMAIN = ("domain",)
_WINDOW = ("window_y", "window_x")
_PAIR = ("pair",)
_REFLECTION = ("reflection",)
LATTICE: Contract = {
    "domain_label": Var(
        ("y", "x"),
        "1",
        "Number of the domain, a connected region of one lattice; 0 where none is seen.",
        "i4",
    ),
    "domain": Var(_DOMAIN, "1", "Number of the domain in domain_label.", "i4"),
    "domain_y": Var(_DOMAIN, "nm", "Centre of its area along y."),
    "domain_x": Var(_DOMAIN, "nm", "Centre of its area along x."),
    "domain_area": Var(_DOMAIN, "nm2", "Its area."),
    "g1_y": Var(
        _DOMAIN,
        "nm-1",
        "Shorter vector of the reduced basis of its reflections, along y.",
        ancillary=("g1_uncertainty",),
    ),
    "g1_x": Var(_DOMAIN, "nm-1", "The same along x.", ancillary=("g1_uncertainty",)),
    "g2_y": Var(
        _DOMAIN,
        "nm-1",
        "Longer vector of that basis, along y; every reflection is a sum of multiples of both.",
        ancillary=("g2_uncertainty",),
    ),
    "g2_x": Var(_DOMAIN, "nm-1", "The same along x.", ancillary=("g2_uncertainty",)),
    "g1_uncertainty": Var(_DOMAIN, "nm-1", "Standard uncertainty of each component of g1."),
    "g2_uncertainty": Var(_DOMAIN, "nm-1", "Standard uncertainty of each component of g2."),
    **with_interval(
        "domain_orientation",
        Var(
            _DOMAIN,
            "degree",
            "In-plane direction, from x towards y: of [100], [001] and of [100] projected in the "
            "zones [001], [110] and [111] of a cubic lattice, else of g1.",
            ancillary=("orientation_period",),
        ),
    ),
    "orientation_period": Var(
        _DOMAIN, "degree", "Rotation about the beam that leaves the projected lattice as it is."
    ),
    "zone_axis": Var(
        _DOMAIN,
        "1",
        "Crystal direction along the beam, of cubic and pseudo-cubic lattices: 0 [001], 1 [110], "
        "2 [111]; -1 unknown or another.",
        "i1",
    ),
    "zone_name": Var(_DOMAIN, "1", "Direction along the beam in the cell of phase.", "U"),
    "phase": Var(_DOMAIN, "1", "Phase whose reflections fit best; -1 unknown.", "i1"),
    "index_score": Var(
        _DOMAIN, "1", "Probability of phase and zone axis among all others and among no lattice."
    ),
    "index_residual": Var(
        _DOMAIN, "1", "Misfit of lengths and angle of g1 and g2, apart from a common scale."
    ),
    "runner_up": Var(_DOMAIN, "1", "Phase and zone axis that fit next best.", "U"),
    "runner_up_score": Var(_DOMAIN, "1", "Probability of runner_up."),
    "reflection_domain": Var(_REFLECTION, "1", "Domain of the reflection.", "i4"),
    "reflection_y": Var(_REFLECTION, "nm-1", "Its place in reciprocal space, along y."),
    "reflection_x": Var(_REFLECTION, "nm-1", "Its place in reciprocal space, along x."),
    "reflection_uncertainty": Var(
        _REFLECTION, "nm-1", "Standard uncertainty of each of its components."
    ),
    "reflection_strength": Var(
        _REFLECTION, "1", "Its power over the noise (median) at the same distance from 0."
    ),
    "reflection_first": Var(_REFLECTION, "1", "Multiple of g1 in it.", "i1"),
    "reflection_second": Var(_REFLECTION, "1", "Multiple of g2 in it.", "i1"),
    "pair_first": Var(_PAIR, "1", "Domain, of two that meet.", "i4"),
    "pair_second": Var(_PAIR, "1", "The other domain, of higher number.", "i4"),
    "pair_length": Var(_PAIR, "nm", "Length along which they meet."),
    **with_interval(
        "misorientation",
        Var(
            _PAIR,
            "degree",
            "In-plane rotation between both lattices, the smallest of those that the symmetry of "
            "the projected lattice leaves alike; NaN for two zone axes.",
        ),
    ),
    "window_y": Var(("window_y",), "nm", "Middle of the window along y."),
    "window_x": Var(("window_x",), "nm", "Middle of the window along x."),
    "visibility": Var(
        _WINDOW,
        "1",
        "Power of the strongest reflection in the window over the noise (median) at its distance "
        "from 0.",
    ),
    "local_orientation": Var(
        _WINDOW, "degree", "As domain_orientation, of the window; NaN outside domains."
    ),
    **with_interval(
        "lattice_parameter",
        Var((), "nm", "Pseudo-cubic, area-weighted mean, on the stated scale of the image."),
    ),
    **with_interval(
        "scale_error",
        Var(
            (),
            "1",
            "True over stated pixel size, less 1, by the lattice of the told material; NaN where "
            "none is told or seen. To correct, multiply lengths by 1 + scale_error.",
        ),
    ),
    **with_interval("scale_error_y", Var((), "1", "The same of lengths along y.")),
    **with_interval("scale_error_x", Var((), "1", "The same of lengths along x.")),
    **with_interval(
        "scale_shear",
        Var((), "degree", "True angle between the axes x and y of the image, less 90 degree."),
    ),
    "explained_power": Var(
        (), "1", "Share of the power of the image's reflections that lies in the domains."
    ),
    "y": RAW_IMAGE["y"],
    "x": RAW_IMAGE["x"],
    **VERDICT,
}
