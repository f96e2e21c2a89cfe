"""Which dataset of a file is meant: the one asked for, or the only one that fits."""

from dataclasses import dataclass
from typing import Any

from nanostitch.errors import FormatError

from . import columns, lines
from .metadata import count
from .model import Axis, RawFile, Signal
from .units import ev_per, is_reciprocal, nm_per

TECHNIQUES = ("adf", "eels", "edx", *columns.TECHNIQUES)
_WANTED = {
    "adf": "a two-dimensional image",
    "eels": "an energy-loss spectrum, line scan or map",
    "edx": "an X-ray spectrum, line scan or map",
    "absorption": "an absorbance or a transmittance along wavelength",
    "pl": "an intensity along wavelength",
    "plqy": "an intensity along wavelength",
    "iv": "a voltage and a current",
    "eis": "an impedance along frequency",
}

_LISTED = 20
"""Datasets that an error names; a stack of thousands would bury what it says."""


@dataclass(frozen=True)
class Content:
    """Light description of one dataset of a raw file.

    ``axes`` gives name, size, scale and units of each; ``techniques`` those that the dataset
    could be, the likeliest first; ``columns`` the headings of one that is part of a table.
    """

    index: int
    title: str
    shape: tuple[int, ...]
    dtype: str
    axes: tuple[dict[str, Any], ...]
    signal_type: str
    techniques: tuple[str, ...]
    format: str
    metadata: dict[str, Any]
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line: index, title, shape, type, axes and columns."""
        axes = ", ".join(
            f"{axis['name'] or '?'}={axis['size']}{_step(axis['scale'])} {axis['units']}".rstrip()
            for axis in self.axes
        )
        table = "".join(f"; {text}" for text in self.columns)
        return f"[{self.index}] {self.title!r} {self.shape} {self.dtype} ({axes}{table})"


def _step(scale: float) -> str:
    return "" if scale != scale else f"@{scale:g}"


def describe(file: RawFile) -> list[Content]:
    """Describe every dataset of a file."""
    return [
        Content(
            index=index,
            title=signal.title,
            shape=signal.data.shape,
            dtype=str(signal.data.dtype),
            axes=tuple(
                {"name": a.name, "size": a.size, "scale": a.scale, "units": a.units}
                for a in signal.axes
            ),
            signal_type=signal.signal_type,
            techniques=tuple(name for name in TECHNIQUES if fits(signal, name)),
            format=file.format,
            metadata=dict(signal.metadata),
            columns=tuple(signal.original["columns"] if signal.techniques is not None else ()),
        )
        for index, signal in enumerate(file.signals)
    ]


def pick(file: RawFile, technique: str, dataset: str | None) -> Signal:
    """Dataset of the file that is asked for, or the only one that fits the technique.

    Raises
    ------
    FormatError
        If there is no such dataset, several fit, or none does; the message lists them all.
    """
    asked = dataset is not None and dataset.strip() != ""
    found = _asked(file, str(dataset).strip()) if asked else list(file.signals)
    fitting = [signal for signal in found if fits(signal, technique)]
    if len(fitting) == 1:
        return fitting[0]
    listing = "\n  ".join(_listing(file))
    why_not = _why_not(found, technique)
    named = f"dataset {lines.quoted(str(dataset))}"
    if asked and len(found) != 1:
        problem = f"{named} is {'ambiguous' if found else 'not there'}"
    elif asked and not fitting:
        problem = f"{named} is not {_WANTED[technique]} ({technique}){why_not}"
    elif fitting:
        problem = f"{len(fitting)} datasets could be {technique}; name one in column dataset"
    else:
        problem = f"no dataset is {_WANTED[technique]} ({technique}){why_not}"
    raise FormatError(f"{file.path}: {problem}. The file holds:\n  {listing}")


def _listing(file: RawFile) -> list[str]:
    """Every dataset in a line, or the first of very many."""
    shown = [str(content) for content in describe(file)]
    rest = len(shown) - _LISTED
    return shown if rest <= 0 else [*shown[:_LISTED], f"and {rest} more (nanostitch show)"]


def _asked(file: RawFile, dataset: str) -> list[Signal]:
    titled = [signal for signal in file.signals if signal.title == dataset]
    index = count(dataset)
    if titled or index is None or index >= len(file.signals):
        return titled
    return [file.signals[index]]


def _why_not(signals: list[Signal], technique: str) -> str:
    spectra = technique in columns.TECHNIQUES
    if not spectra and any(is_reciprocal(a.units) for signal in signals for a in signal.axes):
        return ": a diffraction pattern is no image"
    if spectra:
        example = columns.TECHNIQUES[technique].example
        return (
            "; what its columns are, and their units, can be told in column headings of "
            f"acquisitions.tsv, such as: {example}"
        )
    return ""


def fits(signal: Signal, technique: str) -> bool:
    """Whether shape, units and signal type of a dataset allow it to be of this technique."""
    if signal.data.size == 0 or signal.data.dtype.kind not in "iufb":
        return False
    if signal.techniques is not None or technique in columns.TECHNIQUES:
        return technique in (signal.techniques or ())
    if technique == "adf":
        return _is_image(signal)
    other = ("EDS",) if technique == "eels" else ("EELS", "CL")
    at = energy_axis(signal)
    return at is not None and signal.axes[at].size > 1 and not signal.signal_type.startswith(other)


def _is_image(signal: Signal) -> bool:
    lengths = all(not axis.units or nm_per(axis.units) is not None for axis in signal.axes)
    spectral = signal.signal_type.startswith(("EELS", "EDS", "CL"))
    extended = all(size > 1 for size in signal.data.shape)
    return signal.data.ndim == 2 and lengths and extended and not spectral


def energy_axis(signal: Signal) -> int | None:
    """Index of the axis that is the energy; None where the dataset is no spectrum.

    Images and spectra may both lack units: one dimension alone is taken for an energy, two
    or three only where an axis says so by unit, by name or by being the only signal axis of
    a dataset that declares itself a spectrum.
    """
    axes = signal.axes
    stated = [i for i, axis in enumerate(axes) if ev_per(axis.units) is not None]
    if len(stated) == 1:
        return stated[0] if len(axes) <= 3 else None
    if stated or any(is_reciprocal(axis.units) for axis in axes):
        return None
    if len(axes) == 1:
        return None if nm_per(axes[0].units) is not None else 0
    free = [i for i, axis in enumerate(axes) if not axis.navigate and not axis.units]
    declared = signal.signal_type.startswith(("EELS", "EDS"))
    candidates = [i for i in free if declared or _named_energy(axes[i])]
    return candidates[0] if len(candidates) == 1 and len(axes) <= 3 else None


def _named_energy(axis: Axis) -> bool:
    return "energy" in axis.name.lower()
