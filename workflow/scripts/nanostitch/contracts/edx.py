"""Contract of ``composition.nc``."""

from nanostitch.contracts import VERDICT, Contract, Var, axis, with_interval

_ELEMENT, _LINE, _PHASE, _PAIR = ("element",), ("line",), ("phase",), ("pair",)
_CHANNEL = ("energy",)

COMPOSITION: Contract = {
    **with_interval(
        "atomic_percent",
        Var(_ELEMENT, "percent", "Share in the atoms of the elements named, by k-factors."),
    ),
    **with_interval(
        "mass_percent",
        Var(
            _ELEMENT,
            "percent",
            "Share in the mass. Of a thin film, of the elements named, together 100; of a bulk "
            "specimen absolute and not normalised.",
        ),
    ),
    "atomic_percent_covariance": Var(
        ("element", "other_element"), "percent2", "Covariance of atomic_percent."
    ),
    "log_ratio": Var(
        _ELEMENT, "1", "Logarithm of the atomic share over the geometric mean of all shares."
    ),
    "log_ratio_covariance": Var(("element", "other_element"), "1", "Covariance of log_ratio."),
    "raw_area_percent": Var(
        _ELEMENT,
        "percent",
        "Raw area ratio: share of an element's quantified line in the areas of all of them, "
        "without k-factors. It is no composition. NaN for an element without a line.",
    ),
    "analytical_total": Var(
        (),
        "percent",
        "Sum of all mass fractions before they are normalised, of a bulk specimen with standards; "
        "100 where nothing was forgotten.",
    ),
    **with_interval(
        "phase_fraction",
        Var(
            _PHASE,
            "1",
            "Share of a phase in the atoms, of those mixtures of the phases named that the "
            "composition allows; where the lower bound is 0, the upper one is an upper limit.",
        ),
    ),
    "secondary_phase_limit": Var(
        _PHASE,
        "1",
        "Upper limit (95 %) of the share of a phase in the atoms if it is the only one beside the "
        "first; NaN for the first, and where such a mixture does not fit.",
    ),
    "phase_atomic_percent": Var(
        ("phase", "element"), "percent", "Share of an element in the atoms of a phase's formula."
    ),
    "line_area": Var(
        _LINE,
        "1",
        "Counts in the peak of the alpha line of a family and in its tail; the other lines of the "
        "family are fitted with it.",
        ancillary=("line_area_uncertainty", "quality"),
    ),
    "line_area_uncertainty": Var(_LINE, "1", "Standard uncertainty of line_area."),
    "line_area_covariance": Var(("line", "other_line"), "1", "Covariance of line_area."),
    "detection_limit": Var(_LINE, "1", "Counts that would be found with 95 % probability."),
    "line_energy": Var(_LINE, "keV", "Energy of the alpha line (FFAST, NIST)."),
    "line_element": Var(_LINE, "1", "Element that the line is of.", "U"),
    "k_factor": Var(
        _LINE,
        "1",
        "Mass per count of a line over that of the line whose k-factor is 1: the last one in the "
        "order of elements. NaN where the line is not quantified.",
        ancillary=("k_factor_uncertainty",),
    ),
    "k_factor_uncertainty": Var(
        _LINE,
        "1",
        "Standard uncertainty of k_factor, with that of the line whose k-factor is 1 in it.",
    ),
    "k_source": Var(_LINE, "1", "Whence the k-factor comes; empty where it is not used.", "U"),
    "absorbed": Var(
        _LINE, "1", "Share of the line absorbed in the specimen of the declared mass thickness."
    ),
    "quality": Var(_LINE, "1", "What is wrong with a line.", "u2"),
    **with_interval(
        "amount_ratio",
        Var(
            _PAIR,
            "1",
            "Amount of the first element over that of the second, over the same in the spectrum "
            "compared with; k-factors cancel. NaN where a line is not detected in either.",
        ),
    ),
    "equivalence_p": Var(
        _PAIR,
        "1",
        "Larger p-value of the two one-sided tests of amount_ratio against the margin; below "
        "0.05 the two compositions are equivalent in this ratio.",
    ),
    "equivalent": Var(
        _PAIR, "1", "1 where amount_ratio is equivalent to 1 within the margin at 5 %.", "i1"
    ),
    "beam_energy": Var((), "keV", "Energy of the beam's electrons, which k-factors depend on."),
    **with_interval("energy_offset", Var((), "eV", "Energy that the axis states at 0.")),
    **with_interval(
        "energy_gain",
        Var((), "1", "Energy that the axis states, less its offset, over the true."),
    ),
    "resolution": Var((), "eV", "Full width at half maximum of a peak at Mn Ka (5.895 keV)."),
    "tail_fraction": Var((), "1", "Share of a peak's counts that lost part of their charge."),
    "reduced_chi_square": Var(
        (), "1", "Misfit of the model per degree of freedom; 1 where it describes all but noise."
    ),
    "fitted_counts": Var(_CHANNEL, "1", "Counts of the fitted model."),
    "background_counts": Var(_CHANNEL, "1", "Counts of the fitted bremsstrahlung."),
    "residual": Var(_CHANNEL, "1", "Counts less the model, over its standard deviation."),
    **axis("energy", "keV", "Photon energy as the axis of the file states it, in the fit window."),
    "element": Var(_ELEMENT, "1", "Symbol of the element.", "U"),
    "other_element": Var(("other_element",), "1", "Symbol of the element.", "U"),
    "line": Var(_LINE, "1", "Element and line, such as Br_Ka.", "U"),
    "other_line": Var(("other_line",), "1", "Element and line, such as Br_Ka.", "U"),
    "phase": Var(_PHASE, "1", "Formula of the phase.", "U"),
    "pair": Var(_PAIR, "1", "Two elements, such as Cs/Pb.", "U"),
    **VERDICT,
}
