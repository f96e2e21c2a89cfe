"""Captions, written from what a figure plots: never typed.

Each panel says what it shows, of which conditions, how many samples and acquisitions stand behind
it, and the numbers that it plots with their intervals.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from nanostitch.comparison import effect

Who = tuple[str, str, str]
"""Acquisition, sample and label of the condition."""

SHOWN: Mapping[str, tuple[str, str]] = {
    "image": ("annular dark-field image", "image"),
    "size_histogram": ("distribution of edge lengths", "image"),
    "sizes": ("edge lengths by particle, image and sample", "image"),
    "image_numbers": ("numbers of single images", "image"),
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
}
"""By kind, what a panel shows, and one of what it is made of."""

NUMBERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "band_gap": (("band_gap", "onset fit"),),
    "quantum_yield": (("yield", "yield"),),
    "conductance": (("value", "conductance"),),
    "edge": (("value", "edge"),),
    "size_histogram": (("size_mean", "mean edge"),),
    "gap_line": (("gap_difference", "boundary less its surroundings"),),
}
"""Variables with bounds that a caption states, with their words."""
_PLURALS = {"spectrum": "spectra"}


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
    said = "; ".join(_numbers(node, kind, {acquisition: rest for acquisition, *rest in who}))
    return f"{shown}: {made_of}" + (f". {said[0].upper()}{said[1:]}" if said else "") + "."


def figure(tree: xr.DataTree) -> str:
    """Markdown of a whole caption."""
    lines = [f"**{tree.attrs['title']}.**"]
    for letter, node in sorted(tree.children.items()):
        text = str(node.attrs["caption"])
        lines.append(f"({letter}) {text[0].upper()}{text[1:]}{_scale_bar(node.to_dataset())}")
    lines.append("Intervals hold 95 %; of several samples, their scatter and what they share.")
    if tree.attrs["simulated"]:
        lines.append("The raw data were simulated.")
    return " ".join(lines) + "\n"


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


def _numbers(node: xr.Dataset, kind: str, who: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, word in NUMBERS.get(kind, ()):
        if name not in node or not {f"{name}_lower", f"{name}_upper"} <= set(node.variables):
            continue
        unit = str(node[name].attrs.get("units", "1"))
        ends = [node[f"{name}{end}"] for end in ("", "_lower", "_upper")]
        # Of several estimators the first is the primary one.
        ends = [e.isel({d: 0 for d in e.dims if d not in ("acquisition", "group")}) for e in ends]
        values = np.array([e.values for e in ends], dtype=float)
        found = "; ".join(_by_condition(node, values, who))
        if found:
            yield f"{word} {found}" + ("" if unit == "1" else f" {unit}")


def _by_condition(
    node: xr.Dataset, values: np.ndarray[Any, Any], who: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    if values.ndim == 1:
        yield rounded(*values.tolist())
        return
    labels = node["condition_label"].values.tolist()
    names = node["acquisition"].values.tolist() if "acquisition" in node else labels
    for label in dict.fromkeys(labels):
        here = [i for i, one in enumerate(labels) if one == label and np.isfinite(values[0, i])]
        samples: dict[str, list[float]] = {}
        for i in here:
            sample = who.get(names[i], (names[i],))[0]
            samples.setdefault(sample, []).append(float(values[0, i]))
        if not here:
            yield f"{label} none"
        elif len(samples) == 1:
            yield f"{label} {rounded(*values[:, here[0]].tolist())}"
        else:
            each = np.array([np.mean(some) for some in samples.values()])
            own = values[:, here]
            yield f"{label} {rounded(*effect.absolute(each, own[0] - own[1], own[2] - own[0]))}"


def _scale_bar(node: xr.Dataset) -> str:
    if "scale_bar" not in node:
        return ""
    bar = node["scale_bar"]
    return f" Scale bar: {float(bar):g} {bar.attrs.get('units', 'nm')}."
