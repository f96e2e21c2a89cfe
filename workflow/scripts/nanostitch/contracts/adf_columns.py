"""Contract of atomic columns, line defects and the ligand shell."""

from nanostitch.contracts import VERDICT, Contract, Var, with_interval

_COLUMN = ("column",)
_DEFECT = ("defect",)
_BLOCK = ("block",)


def _refined(name: str, units: str, meaning: str) -> Contract:
    """One fitted number of each atomic column with its standard uncertainty."""
    error = f"{name}_uncertainty"
    return {
        name: Var(_COLUMN, units, meaning, ancillary=(error, "column_quality")),
        error: Var(_COLUMN, units, f"Standard uncertainty of {name}."),
    }


COLUMNS: Contract = {
    "column": Var(_COLUMN, "1", "Number of the atomic column, from 1, by rows.", "i4"),
    **_refined("column_y", "nm", "Centre of the column along y."),
    **_refined("column_x", "nm", "Centre of the column along x."),
    **_refined("column_amplitude", "1", "Its height over the background, in detector units."),
    **_refined(
        "column_width",
        "nm",
        "Standard deviation of its Gaussian; of an elongated one, root of the mean square.",
    ),
    "column_background": Var(_COLUMN, "1", "Signal under the column, in detector units."),
    "column_domain": Var(_COLUMN, "1", "Domain of the column in lattice.nc, 0 outside.", "i4"),
    "column_quality": Var(_COLUMN, "1", "What is wrong with this column.", "u2"),
    **with_interval(
        "column_count",
        Var((), "1", "Atomic columns in the image; the interval holds those missed or spurious."),
    ),
    "column_elongation_y": Var(
        ("domain",),
        "nm",
        "Extra spread of the columns of a domain along the direction in which they are elongated "
        "(leaning columns of a tilted crystal, astigmatism), along y: standard deviation.",
    ),
    "column_elongation_x": Var(("domain",), "nm", "The same along x, 0 or positive."),
    "domain": Var(("domain",), "1", "Number of the domain in lattice.nc.", "i4"),
    "defect": Var(_DEFECT, "1", "Number of the line defect, from 1.", "i4"),
    "defect_y": Var(_DEFECT, "nm", "Middle of the line along y.", ancillary=("defect_quality",)),
    "defect_x": Var(_DEFECT, "nm", "Middle of the line along x.", ancillary=("defect_quality",)),
    "defect_position_uncertainty": Var(
        _DEFECT, "nm", "Standard uncertainty of the middle along the normal."
    ),
    "defect_normal": Var(
        _DEFECT, "degree", "Direction of its normal, from x towards y, 0 to below 180."
    ),
    "defect_length": Var(_DEFECT, "nm", "Length along which the lattice jumps."),
    "defect_length_uncertainty": Var(_DEFECT, "nm", "Standard uncertainty of defect_length."),
    "defect_domain": Var(_DEFECT, "1", "Domain of the defect in lattice.nc.", "i4"),
    **with_interval(
        "defect_shift_y",
        Var(
            _DEFECT,
            "nm",
            "By how much the lattice on the side that the normal points to is displaced, along y; "
            "the shortest of all vectors that differ by a period of the projected lattice.",
        ),
    ),
    **with_interval("defect_shift_x", Var(_DEFECT, "nm", "The same along x.")),
    **with_interval(
        "defect_shift_along",
        Var(
            _DEFECT,
            "1",
            "Part of the displacement parallel to the line, as a share of the lattice period.",
        ),
    ),
    **with_interval(
        "defect_shift_across",
        Var(
            _DEFECT,
            "1",
            "Part of the displacement along the normal, as a share of the distance of the "
            "lattice planes parallel to the line.",
        ),
    ),
    "defect_probability": Var(
        _DEFECT,
        "1",
        "Probability that it is a defect, lower limit: one less the false ones that the searched "
        "area may hold, at least 0; NaN where the threshold is lower than what was simulated.",
    ),
    "defect_quality": Var(_DEFECT, "1", "What is to be minded of this defect.", "u2"),
    "defect_searched_area": Var((), "nm2", "Area of the domains that were searched for defects."),
    "defect_false_rate": Var(
        (), "nm-2", "False defects per searched area, upper limit (95 %) by simulation."
    ),
    **with_interval("defect_density", Var((), "nm-1", "Length of line defects per searched area.")),
    "shell_y": Var(_BLOCK, "nm", "Middle of a stretch of the perimeter along y."),
    "shell_x": Var(_BLOCK, "nm", "Middle of a stretch of the perimeter along x."),
    "shell_angle": Var(
        _BLOCK, "degree", "Direction out of the crystal's centre, from x towards y, 0 to 360."
    ),
    "shell_block_thickness": Var(
        _BLOCK,
        "nm",
        "Thickness of the ligand shell along this stretch; NaN where none ends in view.",
    ),
    **with_interval(
        "shell_thickness",
        Var((), "nm", "Median thickness of the ligand shell; interval by blocks of the perimeter."),
    ),
    "shell_contrast_to_noise": Var(
        (), "1", "Signal of the shell over the support, in standard deviations of one pixel."
    ),
    **VERDICT,
}
