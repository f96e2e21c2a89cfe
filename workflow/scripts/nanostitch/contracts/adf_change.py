"""Contract of an image held against an earlier one of the same place."""

from nanostitch.contracts import VERDICT, Contract, Var, with_interval

_BEFORE = ("before",)
_BODY = ("body",)
_MECHANISM = ("mechanism",)
CHANGE: Contract = {
    **with_interval(
        "shift_y",
        Var((), "nm", "Where the middle of the image before lies from that of this one, along y."),
    ),
    **with_interval("shift_x", Var((), "nm", "The same along x.")),
    **with_interval(
        "rotation", Var((), "degree", "By which the image before is turned, from x towards y.")
    ),
    **with_interval(
        "scale", Var((), "1", "By which lengths in the image before are multiplied here.")
    ),
    "registration_score": Var(
        (),
        "1",
        "Correlation of both images over that with its mirror images and quarter turns, in "
        "standard deviations of these.",
    ),
    "registered_by": Var((), "1", "What was correlated: 0 signal, 1 its outlines.", "i1"),
    "common_area": Var((), "nm2", "Area of this image that the one before shows too."),
    "before": Var(_BEFORE, "1", "Number of the particle in the product before.", "i4"),
    "before_y": Var(_BEFORE, "nm", "Where its centre lies in this image, along y."),
    "before_x": Var(_BEFORE, "nm", "Where its centre lies in this image, along x."),
    "fate": Var(
        _BEFORE,
        "1",
        "What became of it: 0 kept, 1 grown, 2 shrunk, 3 merged, 4 split, 5 vanished, 6 unseen.",
        "i1",
    ),
    "becomes": Var(_BEFORE, "1", "Number of the particle here that holds most of it.", "i4"),
    "before_body": Var(_BEFORE, "1", "Body that it went into, 0 none.", "i4"),
    "particle": Var(("particle",), "1", "Number of the particle in this image.", "i4"),
    "sources": Var(
        ("particle",), "1", "Particles before that it holds; 0 new, -1 unseen before.", "i4"
    ),
    "particle_body": Var(("particle",), "1", "Body that it is of, 0 none.", "i4"),
    "body": Var(_BODY, "1", "Number of a body: particles before and here that overlap.", "i4"),
    "body_sources": Var(_BODY, "1", "Particles before that went into it.", "i4"),
    "body_parts": Var(_BODY, "1", "Particles here that it consists of.", "i4"),
    **with_interval(
        "body_area_ratio", Var(_BODY, "1", "Projected area here over that before, as scaled.")
    ),
    "displacement_y": Var(
        _BODY, "nm", "Of its centre of area, along y.", ancillary=("displacement_uncertainty",)
    ),
    "displacement_x": Var(
        _BODY, "nm", "Of its centre of area, along x.", ancillary=("displacement_uncertainty",)
    ),
    "displacement_uncertainty": Var(
        _BODY, "nm", "Standard uncertainty along each axis, by outlines and registration."
    ),
    "number_before": Var((), "1", "Particles before that were followed.", "i4"),
    "number_after": Var((), "1", "Particles here in the place of these, or new.", "i4"),
    **with_interval("kept_fraction", Var((), "1", "Share of particles before still single.")),
    **with_interval("joined_fraction", Var((), "1", "Share of particles before that merged.")),
    **with_interval("vanished_fraction", Var((), "1", "Share of particles before now gone.")),
    **with_interval("area_ratio", Var((), "1", "Area of all particles followed over that before.")),
    **with_interval(
        "size_change", Var((), "nm", "Mean edge of the particles here less that of those before.")
    ),
    "mechanism": Var(_MECHANISM, "1", "unchanged, coalescence, ripening (Ostwald) or loss.", "U"),
    "mechanism_probability": Var(
        _MECHANISM, "1", "Probability of the mechanism among these, by sizes and fates."
    ),
    "decided_mechanism": Var(
        (),
        "1",
        "0 undecided, 1 unchanged, 2 coalescence, 3 Ostwald ripening, 4 loss.",
        "i1",
        ("mechanism_probability",),
    ),
    **VERDICT,
}
