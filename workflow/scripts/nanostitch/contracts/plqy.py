"""Contract of ``quantum_yield.nc``."""

from dataclasses import replace

from nanostitch.contracts import VERDICT, Contract, Var, axis, with_interval

_CURVE = ("curve",)


def _optional(contract: Contract) -> Contract:
    return {name: replace(var, optional=True) for name, var in contract.items()}


QUANTUM_YIELD: Contract = {
    **with_interval(
        "quantum_yield",
        Var(
            (),
            "1",
            "Photons emitted per photon absorbed, by the emitters: corrected for reabsorption.",
            ancillary=("yield_quality",),
        ),
    ),
    **with_interval(
        "quantum_yield_apparent",
        Var(
            (),
            "1",
            "Photons that leave the sample per photon absorbed, reabsorption not corrected.",
            ancillary=("yield_quality",),
        ),
    ),
    **with_interval(
        "absorptance",
        Var(
            (),
            "1",
            "Share of the direct beam that the sample absorbs.",
            ancillary=("yield_quality",),
        ),
    ),
    **with_interval(
        "reabsorbed_fraction",
        Var(
            (),
            "1",
            "Share of emitted photons that the sample absorbs again.",
            ancillary=("yield_quality",),
        ),
    ),
    "yield_quality": Var((), "1", "What limits or forbids the use of these yields.", "u2"),
    **with_interval("emission_peak_wavelength", Var((), "nm", "Maximum of the emission per nm.")),
    **with_interval(
        "emission_peak_energy", Var((), "eV", "Photon energy at emission_peak_wavelength.")
    ),
    **_optional(
        {
            **with_interval(
                "quantum_yield_two_curve",
                Var(
                    (),
                    "1",
                    "The apparent yield from blank and direct curve alone, for comparison.",
                ),
            ),
            **with_interval(
                "yield_ratio",
                Var(
                    (),
                    "1",
                    "Yield over that of the acquisition that it is compared with; the attribute "
                    "ratio_of says which yield.",
                ),
            ),
            **with_interval(
                "quantum_yield_incident",
                Var((), "1", "Photons emitted per photon sent in, by the instrument's own scale."),
            ),
            "quantum_yield_stated": Var((), "1", "The same as the instrument's file states it."),
            "blank_excess": Var(
                (), "1", "Excitation in the indirect over that in the blank curve, less 1."
            ),
            "curve": Var(_CURVE, "1", "blank, indirect or direct.", "U"),
            "excitation_photons": Var(
                _CURVE,
                "1",
                "Photons of the excitation line, in units of those of the curve that the "
                "attribute relative_to names: the blank where there is one.",
                ancillary=("excitation_photons_uncertainty",),
            ),
            "excitation_photons_uncertainty": Var(
                _CURVE, "1", "Its standard uncertainty by counting, read-out and light source."
            ),
            "emission_photons": Var(
                _CURVE,
                "1",
                "Photons of the emission, in units of the excitation of the curve that the "
                "attribute relative_to names.",
                ancillary=("emission_photons_uncertainty",),
            ),
            "emission_photons_uncertainty": Var(
                _CURVE, "1", "Its standard uncertainty by counting, read-out and light source."
            ),
            "dark_level": Var(_CURVE, "1", "Signal without light that was subtracted."),
            "dark_noise": Var(_CURVE, "1", "Standard deviation of a channel without light."),
            "counting_gain": Var((), "1", "Variance of counting over signal."),
            "edge": Var(("edge",), "1", "start or end.", "U"),
            "excitation_window": Var(("edge",), "nm", "Where the excitation was counted."),
            "emission_window": Var(("edge",), "nm", "Where the emission was counted."),
            **axis("wavelength", "nm", "Wavelength of the channels of all curves; rising."),
            "photon_spectrum": Var(
                ("curve", "wavelength"),
                "nm-1",
                "Photons per nm, dark level subtracted, in units of the excitation of the blank; "
                "NaN where a curve was not recorded.",
            ),
            "yield_draws": Var(
                ("draw",),
                "1",
                "Posterior draws of quantum_yield_apparent; draws of spectra shared by two "
                "acquisitions are the same in both.",
            ),
            "corrected_draws": Var(("draw",), "1", "Posterior draws of quantum_yield."),
        }
    ),
    **VERDICT,
}
