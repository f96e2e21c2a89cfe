"""Complex impedance from the columns that a file has, held against each other."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_TOLERANCE = 0.05
"""Of the modulus: well above rounding (four digits, a tenth of a degree), below any other unit."""
_CLEARLY_BETTER = 4.0
"""Times closer, in summed squares, at which the other sign of the imaginary part must be meant."""


def combine(columns: Mapping[str, Numbers]) -> npt.NDArray[np.complex128]:
    """Impedance Z [ohm] from its parts, or from modulus [ohm] and phase [degree]."""
    if "impedance_real" in columns:
        z = columns["impedance_real"].astype(complex)
        z.imag = columns["impedance_imag"]  # a product with 1j would spoil both where one is inf
        return z
    return _polar(columns["modulus"], np.radians(columns["phase"]))


def contradiction(columns: Mapping[str, Numbers], z: npt.NDArray[np.complex128]) -> str:
    """How modulus or phase of a file contradict its Z' and Z''; empty where they do not.

    Parameters
    ----------
    columns
        Columns of the file, ``modulus`` [ohm] and ``phase`` [degree] where it has them.
    z
        Impedance from its parts [ohm].
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        phase = np.radians(columns["phase"]) if "phase" in columns else np.angle(z)
        other = _polar(columns.get("modulus", np.abs(z)), phase)
        off = np.abs(other - z) / np.abs(z)
        as_stated, mirrored = np.nansum(np.abs(other - [z, z.conj()]) ** 2, axis=1)
    if _CLEARLY_BETTER * mirrored < as_stated:
        return "its phase has the opposite sign of Z''"
    if not np.any(off > _TOLERANCE):
        return ""
    at = int(np.nanargmax(off))
    return (
        f"modulus and phase make Z = {other[at]:.4g} ohm at point {at + 1}, where Z' and Z'' make "
        f"{z[at]:.4g} ohm"
    )


def _polar(modulus: Numbers, phase: Numbers) -> npt.NDArray[np.complex128]:
    return np.asarray(modulus * np.exp(1j * phase), complex)
