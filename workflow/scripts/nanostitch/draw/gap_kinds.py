"""Panel kinds that draw low-loss spectra and the band gaps that are read from them."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, Schema, choice, pair, switch

ESTIMATORS = ("onset_fit", "derivative", "linear")
MOST_REGIONS = 12
"""Regions of one panel: more have no colours that a reader tells apart."""

REGIONS: Schema = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "minItems": 1,
    "maxItems": MOST_REGIONS,
    "uniqueItems": True,
    "default": ["all"],
    "description": "Parts of the field that are drawn, each in a colour of its own: names that "
    "acquisitions.tsv tells, or all, the whole field.",
}
_REGION: Schema = {
    "type": "string",
    "minLength": 1,
    "default": "all",
    "description": "Part of the field that is drawn: one that acquisitions.tsv names, or all, "
    "the whole field.",
}
_ESTIMATOR = choice(
    "Which gap is drawn. The fit of the onset needs no correction for resolution and window.",
    *ESTIMATORS,
)

GAP_KINDS: Mapping[str, Kind] = {
    "spectra": Kind(
        technique="eels",
        products=("aligned", "loss"),
        products_if={"derivative": "band_gap", "band_gap": "band_gap"},
        options={
            "signal": choice(
                "What is drawn: loss has the zero-loss peak removed, counts not.",
                "loss",
                "counts",
            ),
            "regions": REGIONS,
            "energy_window_ev": pair(
                "First and last energy loss drawn [eV]. The default spans the onset of CsPbBr3.",
                [1.5, 4.0],
            ),
            "normalise_fraction": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "default": 0.2,
                "description": "Share of the energy window, at its high end, over which the mean "
                "of every drawn spectrum is 1. The high end carries most signal above the onset.",
            },
            "derivative": switch(
                "Draw the first derivative of the loss below, on the same energies.", True
            ),
            "band_gap": switch("Mark the band gap of each spectrum with its 95 % interval.", True),
            "estimator": choice("Which band gap is marked.", *ESTIMATORS),
        },
    ),
    "band_gap": Kind(
        technique="eels",
        products=("band_gap",),
        products_if={},
        options={
            "estimators": {
                "type": "array",
                "items": {"type": "string", "enum": list(ESTIMATORS)},
                "minItems": 1,
                "uniqueItems": True,
                "default": list(ESTIMATORS),
                "description": "Which estimators of the band gap are drawn, in this order.",
            },
            "regions": REGIONS,
        },
    ),
    "gap_line": Kind(
        technique="eels",
        products=("boundary",),
        products_if={},
        options={
            "state_test": switch(
                "Write the difference, the equivalence test and the smallest effect that would "
                "have been seen below the curve; no difference is a result with them only.",
                True,
            ),
        },
    ),
    "window_sweep": Kind(
        technique="eels",
        products=("band_gap",),
        products_if={},
        options={"region": _REGION},
    ),
    "gap_map": Kind(
        technique="eels",
        products=("band_gap",),
        products_if={},
        options={
            "estimator": _ESTIMATOR,
            "show": choice(
                "What the colours show: the gap, or half the width of its 95 % interval, which "
                "says where the map can be trusted.",
                "gap",
                "half_width",
            ),
            "colour_percent": pair(
                "Percentiles of what is shown at the ends of the colour scale [%]. The tails are "
                "cut so that a few outliers do not take the colours of all others.",
                [2.0, 98.0],
                minimum=0,
                maximum=100,
            ),
            "histogram": switch("Draw the histogram of what is shown below the map.", True),
        },
    ),
}
