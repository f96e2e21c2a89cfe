"""Contracts of ``raw.nc``: what the raw door hands over."""

from nanostitch.contracts import PLANE, Contract, Var, axis

_SPECTRUM = ("...", "energy")

RAW_IMAGE: Contract = {
    "intensity": Var(("y", "x"), "1", "Detector signal as stored in the raw file.", "any"),
    "y": Var(("y",), "nm", "Distance along the slow scan direction."),
    "x": Var(("x",), "nm", "Distance along the fast scan direction."),
}
RAW_EELS: Contract = {
    "counts": Var(_SPECTRUM, "1", "Electron-loss spectrum as stored in the raw file.", "any"),
    **axis("energy", "eV", "Energy loss as the spectrometer's axis states it."),
    **PLANE,
}
RAW_EDX: Contract = {
    "counts": Var(_SPECTRUM, "1", "X-ray counts as stored in the raw file.", "any"),
    **axis("energy", "keV", "X-ray photon energy."),
    **PLANE,
}

_WAVELENGTH = axis("wavelength", "nm", "Wavelength as the instrument states it; rising.")
_INTENSITY = (
    "Detector signal as stored in the raw file, proportional to detected counts per point of the "
    "axis; the attribute intensity_unit of the file says in which unit."
)
RAW_ABSORPTION: Contract = {
    "absorbance": Var(
        ("wavelength",),
        "1",
        "Decadic absorbance, -log10 of the transmittance; this or transmittance.",
        optional=True,
    ),
    "transmittance": Var(
        ("wavelength",), "1", "Transmitted fraction; this or absorbance.", optional=True
    ),
    **_WAVELENGTH,
}
RAW_PL: Contract = {
    "intensity": Var(("wavelength",), "1", _INTENSITY),
    "reference": Var(
        ("wavelength",),
        "1",
        "Signal of the monitor of the excitation light, as stored; unit in reference_unit.",
        optional=True,
    ),
    **_WAVELENGTH,
}
RAW_PLQY: Contract = {"intensity": Var(("wavelength",), "1", _INTENSITY), **_WAVELENGTH}
RAW_IV: Contract = {
    "voltage": Var(("point",), "V", "Voltage across the sample, in the order of the sweep."),
    "current": Var(("point",), "A", "Current through the sample."),
    "time": Var(("point",), "s", "Time since the start, where the file has it.", optional=True),
}
RAW_EIS: Contract = {
    "impedance_real": Var(("frequency",), "ohm", "Real part of the impedance."),
    "impedance_imag": Var(
        ("frequency",), "ohm", "Imaginary part of the impedance: negative where capacitive."
    ),
    "time": Var(
        ("frequency",), "s", "When each frequency was done, where the file has it.", optional=True
    ),
    **axis("frequency", "Hz", "Frequency of the alternating voltage; rising."),
}

RAW = {
    "adf": RAW_IMAGE,
    "eels": RAW_EELS,
    "edx": RAW_EDX,
    "absorption": RAW_ABSORPTION,
    "pl": RAW_PL,
    "plqy": RAW_PLQY,
    "iv": RAW_IV,
    "eis": RAW_EIS,
}
"""By technique."""
