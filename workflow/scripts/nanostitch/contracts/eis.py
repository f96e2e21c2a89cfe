"""Contract of ``circuit.nc``."""

from nanostitch.contracts import VERDICT, Contract, Var, axis, with_interval

_FREQUENCY = ("frequency",)
_CANDIDATE = ("candidate",)
_PARAMETER = ("parameter",)


def _optional(contract: Contract) -> Contract:
    return {
        name: Var(one.dims, one.units, one.meaning, one.dtype, one.ancillary, optional=True)
        for name, one in contract.items()
    }


CIRCUIT: Contract = {
    **with_interval(
        "series_resistance",
        Var((), "ohm", "What is in series with the film: leads, fingers, smaller arcs."),
    ),
    **with_interval("film_resistance", Var((), "ohm", "Film: the arc of the largest resistance.")),
    **with_interval(
        "cpe_coefficient",
        Var((), "S", "Admittance of its constant phase element at 1 radian per second."),
    ),
    **with_interval("cpe_exponent", Var((), "1", "Exponent of its constant phase element.")),
    **with_interval(
        "capacitance", Var((), "F", "Of the film and its electrodes, by the peak of the arc.")
    ),
    **with_interval("peak_frequency", Var((), "Hz", "Frequency at which its arc peaks.")),
    **with_interval(
        "direct_current_resistance",
        Var((), "ohm", "Resistance of the whole circuit to a direct current."),
    ),
    **with_interval(
        "drift_fraction",
        Var((), "1", "Change of the film's resistance in the spectrum; NaN without times."),
    ),
    **_optional(
        {
            **with_interval(
                "conductance_ratio",
                Var((), "1", "Conductance at low frequency over that by direct current."),
            ),
            "cell_constant": Var(
                (),
                "1",
                "Conductance over sheet conductance: width over length of all gaps in parallel.",
            ),
            **with_interval("sheet_conductance", Var((), "S", "Sheet conductance, per square.")),
        }
    ),
    "kk_p": Var((), "1", "Probability that a valid spectrum's residuals are so alike."),
    "kk_misfit": Var(
        (), "1", "What neighbouring residuals of the Kramers-Kronig test share, over the modulus."
    ),
    "kk_mu": Var((), "1", "Share of resistances of the chain that are not negative; low: overfit."),
    "kk_elements": Var((), "1", "Time constants of the chain."),
    "noise_share": Var((), "1", "Noise over the modulus, both parts together."),
    "noise_per_ohm": Var(
        (), "ohm-1", "The same over the square of the modulus: noise current over amplitude."
    ),
    **axis("frequency", "Hz", "Frequency of the alternating voltage; rising."),
    "kk_residual_real": Var(_FREQUENCY, "1", "Real residual of the chain over the modulus."),
    "kk_residual_imag": Var(_FREQUENCY, "1", "Imaginary residual of the chain over the modulus."),
    "model_real": Var(
        _FREQUENCY, "ohm", "Real impedance of the chosen circuit, which its attribute names."
    ),
    "model_imag": Var(_FREQUENCY, "ohm", "Imaginary impedance of the chosen circuit."),
    "candidate": Var(_CANDIDATE, "1", "Equivalent circuits tried, the most supported first.", "U"),
    "candidate_aicc": Var(_CANDIDATE, "1", "Corrected information criterion; less is better."),
    "candidate_parameters": Var(_CANDIDATE, "1", "How many parameters it has.", "i4"),
    "parameter": Var(
        _PARAMETER, "1", "Element of the chosen circuit, its parameter and its unit.", "U"
    ),
    **with_interval(
        "parameter_value", Var(_PARAMETER, "1", "Its value in the unit that it names.")
    ),
    **VERDICT,
}
