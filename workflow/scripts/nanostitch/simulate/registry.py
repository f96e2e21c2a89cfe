"""Which instruments the virtual laboratory has; planning alone asks."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """One instrument: its technique and, by suffix, the module that writes its files."""

    technique: str
    writers: Mapping[str, str]


_DM4 = {"dm4": "dm4"}
_DM4_OR_EMSA = {"dm4": "dm4", "msa": "emsa"}

INSTRUMENTS: Mapping[str, Instrument] = {
    "overview": Instrument("adf", _DM4),
    "atomic": Instrument("adf", _DM4),
    "spectrum": Instrument("eels", _DM4_OR_EMSA),
    "line_scan": Instrument("eels", _DM4),
    "spectrum_image": Instrument("eels", _DM4),
    "vacuum": Instrument("eels", _DM4_OR_EMSA),
    "xray": Instrument("edx", {"msa": "emsa"}),
    "spectrophotometer": Instrument("absorption", {"asc": "perkin_elmer"}),
    "fluorometer": Instrument("pl", {"dat": "fluorolog"}),
    "sphere": Instrument("plqy", {"txt": "sphere_ccd"}),
    "source_meter": Instrument("iv", {"lvm": "labview", "csv": "keithley"}),
    "impedance": Instrument("eis", {"txt": "nova"}),
}
"""By name, which module and schema share; the first of a technique is its default."""
