"""Text of a LuQY Pro: absolute emission of a film or cell, with what the instrument made of it."""

import re
from typing import Any

AS_IT_IS = "fraction"
"""Kind of a number whose unit the name of its attribute repeats: nothing to convert."""
_HEAD = r"Wavelength \(nm\)\tLuminescence flux density \(photons/\(s cm² nm\)\)"
_RAW, _DARK = r"Raw spectrum \(counts\)", r"Dark spectrum \(counts\)"
_FIELDS = {
    "luqy (%)": ("stated_quantum_yield_percent", AS_IT_IS),
    "qfls confidence": ("stated_confidence", AS_IT_IS),
    "ivoc confidence": ("stated_confidence", AS_IT_IS),
    "bandgap (ev)": ("stated_band_gap_ev", AS_IT_IS),
    "jsc (ma/cm2)": ("stated_photocurrent_ma_per_cm2", AS_IT_IS),
    "laser intensity (suns)": ("stated_laser_suns", AS_IT_IS),
    "eqe @ laser wavelength": ("stated_laser_external_quantum_efficiency", AS_IT_IS),
}


def _format(columns: int, more: str) -> dict[str, Any]:
    """Fields of a format with so many columns, ``more`` after flux density and raw spectrum."""
    heading = rf"^(Wavelength \(nm\))\t(Luminescence flux density) .*\t({_RAW}){more}\s*$"
    mark = rf"\A[^\n]*\nLuQY \(%\)\t(?:.*\n)+{_HEAD}\t{_RAW}{more}\s*$"
    return {
        "name": f"luqy-{columns}",
        "vendor": "LuQY Pro",
        "mark": re.compile(mark, re.MULTILINE),
        "rows_after": re.compile(rf"^{_HEAD}", re.MULTILINE),
        "columns": re.compile(heading, re.MULTILINE),
        "headings": ("{}",) * columns,
        "spelling": {"Luminescence flux density": "intensity [photons/(s cm² nm)]"},
        "fields": _FIELDS,
    }


FORMATS = (_format(4, rf"\t({_DARK})"), _format(3, ""))
"""Formats with and without the dark spectrum, as fields of a Format."""
