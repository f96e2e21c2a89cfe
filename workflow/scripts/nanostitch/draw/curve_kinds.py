"""Panel kinds that draw raw spectra and sweeps of ensembles as curves."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, Schema, choice, pair, switch

MOST_LINES = 20
"""X-ray lines that can be named: more do not stand beside each other in a single column."""

_HORIZONTAL = choice(
    "Quantity of the horizontal axis: wavelength as recorded, or photon energy, in which line "
    "shapes and shifts compare between spectral ranges.",
    "wavelength",
    "energy",
)
_LINES: Schema = {
    "type": "array",
    "maxItems": MOST_LINES,
    "default": [],
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["label", "energy_kev"],
        "properties": {
            "label": {
                "type": "string",
                "minLength": 1,
                "maxLength": 16,
                "description": "Name of the line, such as Br Kα.",
            },
            "energy_kev": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Photon energy of the line [keV].",
            },
        },
    },
    "description": "X-ray lines to name above the spectra. None by default: a label states that "
    "an element is there, which is for the author to say.",
}

CURVE_KINDS: Mapping[str, Kind] = {
    "xray_spectrum": Kind(
        technique="edx",
        products=("raw",),
        products_if={"fit": "composition"},
        options={
            "scale": choice(
                "Axis of counts: linear shows areas, which are what is quantified; log shows weak "
                "lines beside strong ones.",
                "linear",
                "log",
            ),
            "energy_window_kev": pair(
                "First and last photon energy drawn [keV]. The default leaves out the detector's "
                "noise peak at zero and holds the lines of Cs, Pb and Br up to Pb L.",
                [0.5, 15.0],
                minimum=0,
            ),
            "lines": _LINES,
            "fit": switch(
                "Draw the fitted model and its bremsstrahlung on the counts, and below them what "
                "the model leaves, in standard deviations. Off by default: a spectrum alone shows "
                "what was recorded.",
                False,
            ),
        },
    ),
    "absorption": Kind(
        technique="absorption",
        products=("raw",),
        products_if={"inflection": "edge"},
        options={
            "axis": _HORIZONTAL,
            "wavelength_window_nm": pair(
                "First and last wavelength drawn [nm], whichever axis is drawn. The default spans "
                "the visible, with the edge of CsPbBr3 near 520 nm.",
                [350.0, 700.0],
                exclusiveMinimum=0,
            ),
            "normalise": switch(
                "Divide each curve by its maximum within the window. Off by default: absorbance "
                "is a quantity of its own, and its height is a result.",
                False,
            ),
            "inflection": switch(
                "Mark the measured inflection of each edge with its 95 % interval, and state it in "
                "the legend. Off by default: references such as a solvent have none.",
                False,
            ),
        },
    ),
    "emission": Kind(
        technique="pl",
        products=("raw",),
        products_if={"peak": "emission"},
        options={
            "axis": _HORIZONTAL,
            "wavelength_window_nm": pair(
                "First and last wavelength drawn [nm], whichever axis is drawn. The default holds "
                "the emission of CsPbBr3 near 520 nm with its feet.",
                [450.0, 650.0],
                exclusiveMinimum=0,
            ),
            "normalise": switch(
                "Divide each curve by its maximum within the window. On by default: counts depend "
                "on slits and alignment, so that only shapes and positions compare.",
                True,
            ),
            "peak": switch(
                "Mark the measured maximum of each spectrum with its 95 % interval, per nm or per "
                "eV as the axis is, and state it in the legend.",
                False,
            ),
        },
    ),
    "sphere": Kind(
        technique="plqy",
        products=("raw",),
        products_if={"integration": "quantum_yield"},
        options={
            "integration": switch(
                "Draw the measurement that the one selected acquisition ends: its blank, indirect "
                "and direct curve in photons, with the windows over which they were counted and "
                "what was absorbed and emitted. Off by default: raw spectra are what was recorded.",
                False,
            ),
            "wavelength_window_nm": pair(
                "First and last wavelength drawn [nm]. The default holds a blue or violet "
                "excitation and the emission, between which light is counted.",
                [350.0, 700.0],
                exclusiveMinimum=0,
            ),
        },
    ),
    "current_voltage": Kind(
        technique="iv",
        products=("raw",),
        products_if={"fit": "conductance"},
        options={
            "fit": switch(
                "Draw the conductance as a line over the ohmic window, with the offset of the "
                "meter. Off by default: raw sweeps are what was recorded.",
                False,
            ),
            "scale": choice(
                "Axis of the current: linear shows slopes, which are conductances; log shows "
                "magnitudes that differ by decades side by side.",
                "linear",
                "log",
            ),
        },
    ),
    "nyquist": Kind(
        technique="eis",
        products=("raw",),
        products_if={"fit": "circuit"},
        options={
            "fit": switch(
                "Draw the chosen equivalent circuit. Off by default: raw spectra are what was "
                "recorded.",
                False,
            ),
            "mark_decades": switch(
                "Mark whole decades of frequency on each curve, which otherwise does not show "
                "frequency.",
                True,
            ),
        },
    ),
}
