"""Contract of ``edge.nc``."""

from nanostitch.contracts import VERDICT, Contract, Var, axis, with_interval

_SPECTRUM = ("energy",)

EDGE: Contract = {
    **axis("energy", "eV", "Photon energy; rising."),
    "wavelength": Var(_SPECTRUM, "nm", "Wavelength of the same points."),
    "absorbance": Var(
        _SPECTRUM,
        "1",
        "Absorbance of the crystals: solvent or substrate and fitted baseline subtracted.",
        ancillary=("absorbance_uncertainty",),
    ),
    "absorbance_uncertainty": Var(
        _SPECTRUM, "1", "Standard uncertainty of absorbance: noise and baseline."
    ),
    "baseline": Var(_SPECTRUM, "1", "Offset, tilt and scatter that were subtracted."),
    "exciton_absorbance": Var(_SPECTRUM, "1", "Part of the best Elliott fit by excitons."),
    "continuum_absorbance": Var(_SPECTRUM, "1", "Part of the best Elliott fit by the continuum."),
    "derivative": Var(
        _SPECTRUM, "eV-1", "First derivative of absorbance, smoothed; its window is an attribute."
    ),
    **with_interval(
        "edge_energy",
        Var(
            (),
            "eV",
            "Start of the continuum (band gap) by the Elliott fit, mean over the volume.",
            ancillary=("edge_quality",),
        ),
    ),
    **with_interval(
        "exciton_energy",
        Var(
            (),
            "eV",
            "First exciton by the Elliott fit, mean over the volume.",
            ancillary=("edge_quality",),
        ),
    ),
    **with_interval(
        "edge_inflection",
        Var((), "eV", "Steepest rise of the absorption edge.", ancillary=("edge_quality",)),
    ),
    **with_interval(
        "binding_energy",
        Var((), "eV", "Edge less exciton by the Elliott fit; its prior is an attribute."),
    ),
    **with_interval(
        "exciton_strength",
        Var((), "1", "Area of the excitons over that of hydrogen-like ones of that binding."),
    ),
    **with_interval(
        "broadening", Var((), "eV", "Full width at half maximum by phonons and spread of sizes.")
    ),
    **with_interval(
        "optical_density",
        Var((), "1", "Absorbance of the crystals at the wavelength that an attribute names."),
    ),
    **with_interval("scatter", Var((), "1", "Scatter in the fitted baseline at 500 nm.")),
    "edge_definition": Var(("edge_definition",), "1", "Name of a variable of this product.", "U"),
    "other_definition": Var(("other_definition",), "1", "The same names.", "U"),
    "edge_covariance": Var(
        ("edge_definition", "other_definition"), "eV2", "Covariance of the three edges."
    ),
    **axis("tauc_exponent", "1", "Power of E - Eg that Tauc's extrapolation assumes."),
    **with_interval(
        "tauc_gap",
        Var(
            ("tauc_exponent",),
            "eV",
            "Tauc's extrapolation, for comparison with the literature only: the edge of "
            "nanocrystals is no power of E - Eg.",
        ),
    ),
    "member": Var(("member",), "1", "Baseline and window of a fit.", "U"),
    "member_edge": Var(("member",), "eV", "Edge energy by each fit of the ensemble."),
    "member_exciton": Var(("member",), "eV", "Exciton energy by each fit of the ensemble."),
    "edge_quality": Var((), "1", "What limits or forbids the use of these numbers.", "u2"),
    **VERDICT,
}
