"""Which vendors' tables are known by their content, and what a vendor's format leaves unsaid.

A format is a declaration: a mark that its beginning has, where its rows start, what its headings
are, which units it fixes without writing them, which lines state metadata. Tables of no declared
format are read as :data:`GENERIC`, by their headings alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import luqy


@dataclass(frozen=True)
class Format:
    """One text format whose rows are the points of a curve.

    ``rows_after`` matches the line after which the rows begin; where it is None they begin below
    the line that names the columns. ``columns`` finds in the preamble what the columns are, and
    ``headings`` names them with it; ``spelling`` maps what it finds to what it means. ``units``
    are those that the vendor's format has where it writes none. ``points`` finds how many rows
    the file says it has, which with ``planned`` was written before the run. Each of ``demands`` is
    searched in the preamble; its text says why a file without it is refused. ``lines`` maps line
    numbers to attributes, ``fields`` headings of preamble lines to an attribute and its unit.
    """

    name: str
    vendor: str
    mark: re.Pattern[str] | None = None
    rows_after: re.Pattern[str] | None = None
    columns: re.Pattern[str] | None = None
    headings: tuple[str, ...] = ()
    spelling: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    points: re.Pattern[str] | None = None
    planned: bool = False
    demands: tuple[tuple[re.Pattern[str], str], ...] = ()
    lines: Mapping[int, str] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def _line(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


_IMPEDANCE_SI = {
    "frequency": "Hz",
    "impedance_real": "ohm",
    "impedance_imag": "ohm",
    "modulus": "ohm",
    "phase": "degree",
}
_SPECTRUM = {"wavelength": "nm"}

_NO_REFLECTANCE = (
    "it holds a reflectance (%R), which is no measure of what is absorbed without the"
    " transmittance; export absorbance or %T"
)

GENERIC = Format(name="table", vendor="")
LABVIEW = Format(
    name="lvm",
    vendor="LabVIEW Measurement",
    mark=re.compile(r"\ALabVIEW Measurement\b"),
)
FORMATS = (
    LABVIEW,
    Format(name="perkin-elmer-sp", vendor="PerkinElmer block files (sp)"),
    Format(name="galactic-spc", vendor="Galactic spc"),
    Format(name="labspec-xml", vendor="Horiba LabSpec xml"),
    Format(
        name="perkin-elmer-csv",
        vendor="PerkinElmer UV WinLab csv",
        mark=re.compile(r'\A"?nm"?[,;\t] ?"?%?[ATR]"?[ \t]*\r?\n'),
        columns=re.compile(r'\A"?(nm)"?[,;\t] ?"?(%?[ATR])"?'),
        headings=("wavelength ({})", "{}"),
        spelling={"A": "absorbance", "T": "transmittance (1)"},
        demands=((re.compile(r'\A"?nm"?[,;\t] ?"?%?[AT]'), _NO_REFLECTANCE),),
    ),
    Format(
        name="perkin-elmer-asc",
        vendor="PerkinElmer UV WinLab ASCII",
        mark=re.compile(r"\APE UV\s+SUBTECH\s+SPECTRUM\s+ASCII\s+PEDS"),
        rows_after=_line(r"^#DATA\s*$"),
        # After #GR: units of abscissa and ordinate, factor and offset of the ordinate, first
        # position, step, number of points, digits, largest and smallest ordinate.
        columns=_line(r"^#GR\n(.*)\n(.*)$"),
        headings=("wavelength ({})", "{}"),
        spelling={"A": "absorbance", "T": "transmittance (1)"},
        points=_line(r"^#GR\n(?:.*\n){6}[ \t]*(\S*)[ \t]*$"),
        demands=(
            (
                _line(r"^#GR\n.*\n.*\n\s*1(?:[.,]0*)?\s*\n\s*-?0(?:[.,]0*)?\s*$"),
                "it must state ordinate factor 1 and offset 0, for what others would do to the"
                " stored values is not documented; export it again unscaled",
            ),
            (_line(r"^#GR\n.*\n(?!\s*%?R\s*$)"), _NO_REFLECTANCE),
        ),
        lines={3: "sample_name", 4: "acquisition_date", 8: "operator", 12: "instrument"},
    ),
    Format(
        name="edinburgh-csv",
        vendor="Edinburgh Instruments",
        mark=re.compile(r"\ALabels[,;\t].*\r?\n+Type[,;\t]"),
        columns=_line(r"^Xaxis[,;\t]([^,;\t\n]*).*\nYaxis[,;\t]([^,;\t\n]*)"),
        headings=("{}", "{}"),
        units=_SPECTRUM,
        demands=(
            (_line(r"^Type[,;\t]Emission Scan\b"), "only emission scans are spectra of emission"),
        ),
        fields={
            "fixed/offset": ("excitation_wavelength_nm", "nm"),
            "fixed/offset slit": ("excitation_slit_nm", "nm"),
            "scan slit": ("emission_slit_nm", "nm"),
            "dwell time": ("integration_time_s", "s"),
        },
    ),
    Format(
        name="nova-ascii",
        vendor="Metrohm Autolab NOVA",
        mark=re.compile(r"\A\W*(?:Index\W+)?Frequency \(Hz\)\W*[\t;,]\W*Z' \("),
        units=_IMPEDANCE_SI,
    ),
    Format(
        name="zplot",
        vendor="Scribner ZPlot and Autolab Z60W",
        mark=re.compile(r'\A"?(?:ZPLOT2 ASCII|ZPlotW Data File|Z60W Data File)'),
        units=_IMPEDANCE_SI,
        points=_line(r"^[ \t]*Data Points:[ \t]*(\S*)[ \t]*$"),
        planned=True,
    ),
    Format(
        name="biologic-mpt",
        vendor="BioLogic EC-Lab",
        mark=re.compile(r"\AEC-Lab ASCII FILE"),
    ),
    Format(
        name="gamry-dta",
        vendor="Gamry Framework",
        mark=re.compile(r"\AEXPLAIN\s+TAG\s"),
        units=_IMPEDANCE_SI,
    ),
    Format(
        name="powersuite",
        vendor="Princeton Applied Research PowerSuite",
        mark=re.compile(r"\AFrequency\t ?Zre\t ?Zimg\s"),
        units=_IMPEDANCE_SI,
    ),
    Format(name="tdms", vendor="LabVIEW tdms"),
    Format(
        name="fra-dfr",
        vendor="Eco Chemie FRA (dfr)",
        mark=re.compile(r"\A\s*VERSION8\.0\s", re.IGNORECASE),
    ),
    Format(
        name="versastudio-par",
        vendor="Princeton Applied Research VersaStudio (par)",
        mark=re.compile(r"\A<Application>\s+Name=VersaStudio\b"),
        units=_IMPEDANCE_SI,
    ),
    Format(
        name="solar-simulator",
        vendor="Keithley solar simulators (HZB)",
        mark=re.compile(r"\A(?:Keithley, SerialNo|Date\t.*\r?\nLocation\tHYDIRIS)"),
    ),
    *(Format(**one) for one in luqy.FORMATS),
)
"""In the order in which a file is held against their marks."""

FIELDS: Mapping[str, tuple[str, str]] = {
    "excitation wavelength": ("excitation_wavelength_nm", "light"),
    "excitation": ("excitation_wavelength_nm", "light"),
    "ex wavelength": ("excitation_wavelength_nm", "light"),
    "excitation slit": ("excitation_slit_nm", "light"),
    "emission slit": ("emission_slit_nm", "light"),
    "integration time": ("integration_time_s", "s"),
    "exposure time": ("integration_time_s", "s"),
    "exposure": ("integration_time_s", "s"),
    "dwell time": ("integration_time_s", "s"),
    "sweep rate": ("sweep_rate_v_per_s", "V/s"),
    "scan rate": ("sweep_rate_v_per_s", "V/s"),
    "compliance": ("compliance_a", "A"),
    "current limit": ("compliance_a", "A"),
    "ac amplitude": ("ac_amplitude_v", "V"),
    "amplitude": ("ac_amplitude_v", "V"),
    "dc bias": ("dc_bias_v", "V"),
    "bias voltage": ("dc_bias_v", "V"),
    "active area": ("active_area_cm2", "cm2"),
    "intensity": ("irradiance_w_per_m2", "W/m2"),
    "power density": ("irradiance_w_per_m2", "W/m2"),
    "init e": ("dc_bias_v", "V"),
    "settling time": ("settling_time_s", "s"),
    "date": ("acquisition_date", ""),
    "sample": ("sample_name", ""),
    "instrument": ("instrument", ""),
    "instrument model": ("instrument", ""),
    "model": ("instrument", ""),
    "setup": ("instrument", ""),
}
"""Headings of preamble lines, in lower case without unit: attribute and kind of its unit."""


def by_mark(text: str) -> Format | None:
    """Declared format whose mark the beginning of a file has; None where there is none."""
    text = text.lstrip("\ufeff")
    return next((one for one in FORMATS if one.mark and one.mark.search(text)), None)


def by_name(name: str) -> Format | None:
    """Declared format of this name; None where there is none."""
    return next((one for one in FORMATS if one.name == name), None)
