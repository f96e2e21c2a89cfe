"""Captions, written from what a figure plots: never typed.

Each panel says what it shows, of which conditions, how many samples and acquisitions stand behind
it, and the numbers that it plots with their intervals.
"""

import html
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from nanostitch import intervals
from nanostitch.comparison import effect
from nanostitch.comparison.product import ENDS
from nanostitch.draw import si, style

Who = tuple[str, str, str]
"""Acquisition, sample and label of the condition."""

SHOWN: Mapping[str, tuple[str, str]] = {
    "image": ("annular dark-field image", "image"),
    "size_histogram": ("distribution of edge lengths", "image"),
    "sizes": ("edge lengths by particle, image and sample", "image"),
    "image_numbers": ("a number of each image", "image"),
    "domains": ("domains of one lattice orientation", "image"),
    "seams": ("seams between crystals", "image"),
    "change": ("the same place before and after", "image"),
    "spectra": ("low-loss spectra with their first derivatives", "acquisition"),
    "band_gap": ("band gaps by three estimators", "acquisition"),
    "gap_line": ("band gap along a line across a boundary", "line scan"),
    "window_sweep": ("band gap against the window of the derivative", "acquisition"),
    "gap_map": ("map of the band gap", "map"),
    "xray_spectrum": ("X-ray spectra", "spectrum"),
    "absorption": ("absorption spectra", "spectrum"),
    "emission": ("emission spectra", "spectrum"),
    "sphere": ("curves of the integrating sphere", "curve"),
    "current_voltage": ("current against voltage", "sweep"),
    "nyquist": ("impedance in the complex plane", "spectrum"),
    "confinement": ("band gap against size", "acquisition"),
    "dielectric": ("loss and dielectric function", "acquisition"),
    "edge": ("absorption edges", "spectrum"),
    "quantum_yield": ("quantum yields", "measurement"),
    "composition": ("composition", "spectrum"),
    "conductance": ("conductance", "sweep"),
    "bode": ("residuals of the Kramers-Kronig test", "spectrum"),
    "effects": ("effects of comparisons", "comparison"),
    "trend": ("trend", "comparison"),
    "gap_by_technique": ("one band gap by several techniques", "comparison"),
}
"""By kind, what a panel shows, and one of what it is made of."""

LIMITS: Mapping[str, tuple[float, float]] = {
    "yield": (0.0, 100.0),
    "value": (0.0, math.inf),
    "atomic_percent": (0.0, 100.0),
}
"""Least and most that a stated number can be, in its unit, where its name in a panel is not that
of a measure (:func:`nanostitch.intervals.bounds`)."""

NUMBERS: Mapping[str, Mapping[str, str]] = {
    "absorption": {"mark": ""},
    "band_gap": {"band_gap": "onset fit"},
    "composition": {"atomic_percent": ""},
    "conductance": {"value": "conductance"},
    "edge": {"mark": ""},
    "emission": {"mark": ""},
    "gap_line": {"gap_difference": "boundary less its surroundings"},
    "image_numbers": {"mean": ""},
    "quantum_yield": {"yield": "yield"},
    "size_histogram": {"size_mean": "mean edge"},
    "sizes": {"mean": "mean of samples"},
}
"""Variables with bounds that a caption states, with their words; without any, those of the data."""
ROWS = ("acquisition", "group", "column_number")
"""Dims along which a panel has a number for each condition or acquisition."""
LABELS = {"column_number": "column_label"}
"""Names of the conditions along such a dim, where they are not ``condition_label``."""
_NOT_DRAWN = ("left out (", "not drawn (")
"""How remarks on what a panel does not draw begin; the ids that one concerns end it."""
_PLURALS = {"spectrum": "spectra"}


class Stated(NamedTuple):
    """A number that a caption states: what, of which condition, with its interval and unit."""

    word: str
    label: str
    value: float
    lower: float
    upper: float
    unit: str


def panel(node: xr.Dataset, kind: str, who: Sequence[Who]) -> str:
    """One sentence on a panel.

    Parameters
    ----------
    node
        What the panel plots.
    kind
        Its kind.
    who
        Acquisitions behind it.
    """
    shown, one = SHOWN[kind]
    groups = {
        label: [w for w in who if w[2] == label] for label in dict.fromkeys(w[2] for w in who)
    }
    made_of = "; ".join(f"{label} ({_count(some, one)})" for label, some in groups.items())
    by_word: dict[str, list[Stated]] = {}
    for number in _numbers(node, kind, who):
        by_word.setdefault(number.word, []).append(number)
    said = "; ".join(_written(word, some) for word, some in by_word.items())
    return f"{shown}: {made_of}" + (f". {said[0].upper()}{said[1:]}" if said else "") + "."


def stated(node: xr.Dataset, kind: str, who: Sequence[Who]) -> xr.Dataset:
    """Every number of a panel's sentence, so that its file holds what its caption says.

    Returns
    -------
    xarray.Dataset
        Dims (statement,): ``stated`` with bounds, ``stated_of`` (what, of which condition) and
        ``stated_unit``. Counts have no bounds.
    """
    found = [*_counts(who), *_numbers(node, kind, who)]
    dim, numbers = "statement", ("value", "lower", "upper")
    columns = {name: np.array([getattr(one, name) for one in found], "f8") for name in numbers}
    of = np.array([f"{one.word}, {one.label}" for one in found], object)
    unit = np.array([one.unit for one in found], object)
    return xr.Dataset(
        {
            "stated": (dim, columns["value"], style.described("Stated in the caption", "1")),
            "stated_lower": (dim, columns["lower"], style.described("Lower 95 % bound", "1")),
            "stated_upper": (dim, columns["upper"], style.described("Upper 95 % bound", "1")),
            "stated_of": (dim, of, {"long_name": "What it is"}),
            "stated_unit": (dim, unit, {"long_name": "Its unit"}),
        }
    )


def shown(node: xr.Dataset, who: Sequence[Who], references: Collection[str] = ()) -> list[Who]:
    """Acquisitions that a panel draws, without those that only serve them as references.

    Those that its remarks name as left out or not drawn are none of them.
    """
    notes = str(node.attrs.get("notes", "")).splitlines()
    remarks = [line for line in notes if line.startswith(_NOT_DRAWN)]
    without = {name.strip() for line in remarks for name in line.rpartition(":")[2].split(";")}
    kept = [one for one in who if one[0] not in without | set(references)]
    return kept or list(who)


def compared(kind: str, said: Sequence[str]) -> str:
    """One sentence on a panel that draws comparisons, from its own words on each row."""
    return f"{SHOWN[kind][0]}: {'. '.join(said)}."


def figure(tree: xr.DataTree) -> str:
    """Markdown of a whole caption, in which what a person wrote is no HTML."""
    lines = [f"**{tree.attrs['title']}.**"]
    for letter, node in sorted(tree.children.items()):
        text = str(node.attrs["caption"])
        lines.append(f"({letter}) {text[0].upper()}{text[1:]}{_scale_bar(node.to_dataset())}")
    lines.append("Intervals hold 95 %; of several samples, their scatter and what they share.")
    if tree.attrs["simulated"]:
        lines.append("The raw data were simulated.")
    return html.escape(" ".join(lines), quote=False) + "\n"


def rounded(value: float, low: float, high: float) -> str:
    """Number with its interval, to two digits of the interval's half width."""
    half = (high - low) / 2
    if not (math.isfinite(half) and half > 0):
        return f"{value:.3g}"
    digits = max(1 - math.floor(math.log10(half)), 0)
    if abs(value) >= 1e4 or (value and abs(value) < 1e-3):
        return f"{value:.3g} [{low:.3g}, {high:.3g}]"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _count(some: Sequence[Who], one: str) -> str:
    samples = len({sample for _, sample, _ in some})
    many = _PLURALS.get(one, f"{one}s")
    if len(some) == 1:
        return f"sample {some[0][1]}"
    return f"n = {samples} sample{'s' * (samples > 1)}, {len(some)} {many}"


def _counts(who: Sequence[Who]) -> Iterator[Stated]:
    for label in dict.fromkeys(w[2] for w in who):
        some = [w for w in who if w[2] == label]
        for word, count in (("samples", len({w[1] for w in some})), ("acquisitions", len(some))):
            yield Stated(word, label, float(count), math.nan, math.nan, "1")


def _numbers(node: xr.Dataset, kind: str, who: Sequence[Who]) -> Iterator[Stated]:
    sample_of = {acquisition: sample for acquisition, sample, _ in who}
    for name, word in NUMBERS.get(kind, {}).items():
        if name not in node or not {f"{name}_lower", f"{name}_upper"} <= set(node.variables):
            continue
        unit = str(node[name].attrs.get("units", "1"))
        limits = LIMITS.get(name) or intervals.bounds(name)
        for each, ends in _quantities(node, name, word):
            dim = next((d for d in ROWS if d in ends[0].dims), None)
            values = np.array([e.values for e in ends], dtype=float)
            for label, number in _by_condition(node, dim, values, sample_of, limits):
                yield Stated(each, label, *number, unit)


def _quantities(node: xr.Dataset, name: str, word: str) -> Iterator[tuple[str, list[xr.DataArray]]]:
    """A number with its ends, apart for each element or each mark of an edge."""
    ends = [node[f"{name}{end}"] for end in ENDS]
    kinds = [str(d) for d in node[name].dims if d not in ROWS]
    if not kinds or word:
        # Of several estimators the first is the primary one.
        first = [end.isel(dict.fromkeys(kinds, 0)) for end in ends]
        described = node["value"] if "column_label" in node else node[name]
        yield word or str(described.attrs["long_name"]), first
        return
    (kind,) = kinds
    words = node.attrs["rows"].split("|") if kind == "row" else node[kind].values.tolist()
    for number, one in enumerate(words):
        yield str(one), [end.isel({kind: number}) for end in ends]


def _written(word: str, some: Sequence[Stated]) -> str:
    """One quantity of every condition, with its unit once."""
    parts = [
        f"{one.label} {rounded(one.value, one.lower, one.upper)}".strip()
        if math.isfinite(one.value)
        else f"{one.label} none"
        for one in some
    ]
    unit = some[0].unit
    return f"{word} {'; '.join(parts)}" + ("" if unit == "1" else f" {si.spoken(unit)}")


def _by_condition(
    node: xr.Dataset,
    dim: str | None,
    values: np.ndarray[Any, Any],
    sample_of: Mapping[str, str],
    limits: tuple[float, float],
) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Number of each condition: of several samples their mean, of one its own."""
    if dim is None:
        yield "", (float(values[0]), float(values[1]), float(values[2]))
        return
    labels = node[LABELS.get(dim, "condition_label")].values.tolist()
    names = node["acquisition"].values.tolist() if dim == "acquisition" else labels
    for label in dict.fromkeys(labels):
        here = [i for i, one in enumerate(labels) if one == label and np.isfinite(values[0, i])]
        samples: dict[str, list[float]] = {}
        for i in here:
            samples.setdefault(sample_of.get(names[i], names[i]), []).append(float(values[0, i]))
        if not here:
            yield label, intervals.NONE
        elif len(samples) == 1:
            value, low, high = values[:, here[0]].tolist()
            yield label, (value, low, high)
        else:
            each = np.array([np.mean(some) for some in samples.values()])
            own = values[:, here]
            yield label, effect.absolute(each, own[0] - own[1], own[2] - own[0], limits)


def _scale_bar(node: xr.Dataset) -> str:
    if "scale_bar" not in node:
        return ""
    bar = node["scale_bar"]
    return f" Scale bar: {float(bar):g} {bar.attrs.get('units', 'nm')}."
