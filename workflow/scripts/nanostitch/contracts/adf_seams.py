"""Contract of seams between crystals."""

from nanostitch.contracts import VERDICT, Contract, Var, with_interval

_ACROSS = ("seam",)
_CLASS = ("class",)
SEAMS: Contract = {
    "seam_y": Var(_ACROSS, "nm", "Middle of the seam along y.", ancillary=("quality",)),
    "seam_x": Var(_ACROSS, "nm", "Middle of the seam along x.", ancillary=("quality",)),
    "seam_normal": Var(
        _ACROSS, "degree", "Direction from the first to the second side, from x towards y."
    ),
    "seam_length": Var(_ACROSS, "nm", "Length of the seam in view."),
    "first": Var(_ACROSS, "1", "Domain (lattice.nc) of the side against the normal, 0 none.", "i4"),
    "second": Var(
        _ACROSS,
        "1",
        "Domain of the side that the normal points to; that of first inside one domain.",
        "i4",
    ),
    **with_interval(
        "misorientation",
        Var(
            _ACROSS,
            "degree",
            "In-plane rotation between both lattices, the smallest of those that the symmetry of "
            "the projected lattice leaves alike; NaN where the two projections differ.",
        ),
    ),
    **with_interval(
        "translation",
        Var(
            _ACROSS,
            "nm",
            "By how much both lattices, each continued, miss each other in the middle of the seam, "
            "modulo the lattice; NaN where it has no meaning: above the misorientation at which "
            "they part, and between different projections.",
        ),
    ),
    **with_interval(
        "lean",
        Var(
            _ACROSS,
            "nm",
            "By how much more the columns of one side lean, over the thickness, than those of the "
            "other: thickness times angle between the zone axes. A projection does not tell "
            "towards which end a column leans: the bounds hold both answers.",
        ),
    ),
    "coherence": Var(
        _ACROSS,
        "1",
        "Modulus of the mean of exp(i phase difference) of both continued lattices along the "
        "seam, mean of the reflections: 1 where planes run through, 0 where they lose step.",
    ),
    "amplitude_dip": Var(
        _ACROSS,
        "1",
        "Loss of Bragg amplitude on the seam, over the mean of both sides: 0 where planes run "
        "through.",
    ),
    "missing_planes": Var(
        _ACROSS,
        "1",
        "Lattice planes that end at the seam, which needs as many dislocations: closure of a "
        "circuit along both sides, rounded; NaN between different projections.",
    ),
    "seam_class": Var(
        _ACROSS,
        "1",
        "How the lattices meet: 0 seamless, 1 tilt, 2 boundary, -1 not told.",
        "i1",
        ("probability", "quality"),
    ),
    "probability": Var(
        ("seam", "class"), "1", "Probability of each class, given that there is a seam."
    ),
    "misorientation_limit": Var(
        _ACROSS,
        "degree",
        "Smallest misorientation that would have been told from none here, 19 times in 20.",
    ),
    "translation_limit": Var(
        _ACROSS, "nm", "Smallest translation that would have been told from none here, likewise."
    ),
    "evidence": Var(
        _ACROSS,
        "1",
        "Natural logarithm of the odds that two crystals meet here: step of signal, amplitudes or "
        "lattice across the line, against what lines elsewhere in crystals show.",
    ),
    "quality": Var(_ACROSS, "1", "What is to be minded of this seam.", "u2"),
    "class": Var(_CLASS, "1", "Name of the class.", "U"),
    **with_interval("seamless_count", Var((), "1", "Seams in view across which one lattice runs.")),
    **with_interval("tilt_count", Var((), "1", "Seams in view that only a tilt marks.")),
    **with_interval("boundary_count", Var((), "1", "Seams in view that are grain boundaries.")),
    **VERDICT,
}
