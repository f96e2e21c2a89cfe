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

RAW = {"adf": RAW_IMAGE, "eels": RAW_EELS, "edx": RAW_EDX}
"""By technique."""
