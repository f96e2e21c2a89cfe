"""Contract of ``emission.nc``."""

from nanostitch.contracts import VERDICT, Contract, Var, axis, with_interval

_SPECTRUM = ("wavelength",)
_QUALITY = ("emission_quality",)

EMISSION: Contract = {
    **axis("wavelength", "nm", "Wavelength as the instrument states it; rising."),
    "energy": Var(_SPECTRUM, "eV", "Photon energy of the same points; falling."),
    "intensity": Var(
        _SPECTRUM,
        "1",
        "Emission per nm in the unit of the raw file: divided by the lamp's course, background "
        "subtracted.",
        ancillary=("intensity_uncertainty",),
    ),
    "intensity_uncertainty": Var(_SPECTRUM, "1", "Standard uncertainty of intensity: noise."),
    "background": Var(_SPECTRUM, "1", "Background that was subtracted."),
    "intensity_per_energy": Var(
        _SPECTRUM,
        "nm eV-1",
        "Emission per eV: intensity times the Jacobian.",
        ancillary=("intensity_per_energy_uncertainty",),
    ),
    "intensity_per_energy_uncertainty": Var(
        _SPECTRUM, "nm eV-1", "Its standard uncertainty: variances take the Jacobian squared."
    ),
    "artefact": Var(
        _SPECTRUM,
        "1",
        "1 where excitation, a Raman line or a second order of them may stand.",
        "i1",
    ),
    **with_interval(
        "peak_wavelength", Var((), "nm", "Maximum of the emission per nm.", ancillary=_QUALITY)
    ),
    **with_interval(
        "peak_energy", Var((), "eV", "Maximum of the emission per eV.", ancillary=_QUALITY)
    ),
    **with_interval(
        "peak_energy_without_jacobian",
        Var((), "eV", "Photon energy of peak_wavelength, as papers often quote it."),
    ),
    "highest_point": Var(
        (),
        "nm",
        "Wavelength of the highest point as recorded, as instruments quote it: noise decides it "
        "where the top is flat.",
    ),
    **with_interval(
        "centroid_energy", Var((), "eV", "Mean energy of the emission.", ancillary=_QUALITY)
    ),
    **with_interval(
        "fwhm",
        Var((), "eV", "Full width at half maximum of the emission per eV.", ancillary=_QUALITY),
    ),
    **with_interval(
        "fwhm_wavelength",
        Var((), "nm", "Full width at half maximum per nm, as recorded: with the band pass."),
    ),
    **with_interval(
        "asymmetry",
        Var(
            (),
            "1",
            "Half width at half maximum on the high-energy side less that on the other, over "
            "their sum; per eV.",
        ),
    ),
    "definition": Var(("definition",), "1", "Which edge less which energy of the emission.", "U"),
    "other_definition": Var(("other_definition",), "1", "The same names.", "U"),
    **with_interval("stokes_shift", Var(("definition",), "eV", "Stokes shift by each definition.")),
    "stokes_covariance": Var(
        ("definition", "other_definition"), "eV2", "Covariance of the Stokes shifts."
    ),
    "emission_quality": Var((), "1", "What limits or forbids the use of these numbers.", "u2"),
    **VERDICT,
}
