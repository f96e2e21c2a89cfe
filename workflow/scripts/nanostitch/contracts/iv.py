"""Contract of ``conductance.nc``."""

from nanostitch.contracts import VERDICT, Contract, Var, axis, with_interval

_WINDOW = ("window",)
CONDUCTANCE: Contract = {
    **with_interval(
        "conductance",
        Var((), "S", "Conductance at 0 V that lasts: without charging and slow carriers."),
    ),
    **with_interval("offset_current", Var((), "A", "Current that the meter reads at 0 V.")),
    **with_interval(
        "capacitance", Var((), "F", "Capacitance that charges at once with the voltage.")
    ),
    **with_interval("charging_current", Var((), "A", "Capacitance times sweep rate.")),
    **with_interval(
        "slow_conductance",
        Var(
            (), "S", "Conductance of slow carriers (ions, dielectric absorption) before they rest."
        ),
    ),
    "relaxation_time": Var((), "s", "Most probable time in which slow carriers follow."),
    **with_interval(
        "hysteresis_current",
        Var((), "A", "Current at 0 V of the upward less that of the downward sweep."),
    ),
    **with_interval(
        "hysteresis_index", Var((), "1", "Area between both sweeps over the sum of their areas.")
    ),
    "sweep_rate": Var((), "V s-1", "Sweep rate, the median between points."),
    "noise_current": Var((), "A", "Standard deviation of one reading about the response."),
    "ohmic_limit": Var((), "V", "Largest voltage up to which the response was fitted."),
    **axis("window", "V", "Largest voltage of each window tried, from the widest."),
    "log_slope": Var(
        _WINDOW, "1", "Slope of log current against log voltage at its edge; 1 is ohmic."
    ),
    "ohmic_p": Var(_WINDOW, "1", "Probability that an ohmic film deviates as much."),
    "cell_constant": Var(
        (),
        "1",
        "Conductance over sheet conductance: width over length of all gaps in parallel.",
        optional=True,
    ),
    **{
        name: Var(one.dims, one.units, one.meaning, one.dtype, one.ancillary, optional=True)
        for name, one in {
            **with_interval("sheet_conductance", Var((), "S", "Sheet conductance, per square.")),
            **with_interval("resistivity", Var((), "ohm m", "Resistivity of the film.")),
            **with_interval(
                "conductance_ratio",
                Var((), "1", "Conductance over that of the acquisition compared with."),
            ),
        }.items()
    },
    "short_circuit_current": Var(
        (), "A", "Current at 0 V of an illuminated diode, sign of the file.", optional=True
    ),
    "short_circuit_current_density": Var(
        (), "mA cm-2", "The same per area that the file states.", optional=True
    ),
    "open_circuit_voltage": Var((), "V", "Voltage at which no current flows.", optional=True),
    "fill_factor": Var(
        (),
        "1",
        "Largest power over short-circuit current times open-circuit voltage.",
        optional=True,
    ),
    "power_voltage": Var((), "V", "Voltage of the point of largest power.", optional=True),
    "power_current": Var((), "A", "Current of the point of largest power.", optional=True),
    "power_conversion_efficiency": Var(
        (), "1", "Largest power over that of the light that the file states.", optional=True
    ),
    **VERDICT,
}
