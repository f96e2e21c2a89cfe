"""Panel kinds that draw the answers of comparisons: effects, trends, one gap by several ways."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, Schema, switch
from nanostitch.draw.model_kinds import CRYSTAL

MOST_ROWS = 12
"""Comparisons in one panel: more do not fit a page."""


def _ids(description: str, most: int) -> Schema:
    return {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "uniqueItems": True,
        "minItems": 1,
        "maxItems": most,
        "description": description,
    }


_OFFSET: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "value_ev", "uncertainty_ev"],
    "properties": {
        "name": {
            "type": "string",
            "minLength": 1,
            "description": "What it is, such as Stokes shift; an offset of one name in two rows is "
            "one and the same error in both.",
        },
        "value_ev": {"type": "number", "description": "What is added to the measured energy [eV]."},
        "uncertainty_ev": {
            "type": "number",
            "minimum": 0,
            "description": "Its standard uncertainty [eV].",
        },
    },
}
_ROWS: Schema = {
    "type": "array",
    "minItems": 2,
    "maxItems": MOST_ROWS,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["comparison", "label"],
        "properties": {
            "comparison": {
                "type": "string",
                "minLength": 1,
                "description": "Comparison whose group means are drawn: an energy, or a size that "
                "the model of confinement turns into one. All rows have the same groups.",
            },
            "label": {"type": "string", "minLength": 1, "description": "What the row is called."},
            "offsets": {
                "type": "array",
                "default": [],
                "items": _OFFSET,
                "description": "What is known to lie between this energy and the band gap.",
            },
        },
    },
    "description": "One row for each way to the gap.",
}


def _kind(options: Mapping[str, Schema]) -> Kind:
    return Kind(technique="", products=(), products_if={}, options=options)


COMPARISON_KINDS: Mapping[str, Kind] = {
    "effects": _kind(
        {
            "comparisons": _ids(
                "Comparisons of one unit, or ratios, in the order drawn; every contrast is a row.",
                MOST_ROWS,
            ),
        }
    ),
    "trend": _kind(
        {
            "comparisons": _ids("The comparison, whose question is trend.", 1),
            "log_axis": switch(
                "Draw the column that the trend goes along by its logarithm, such as times from "
                "hours to days. The fit stays a line of the column itself.",
                False,
            ),
        }
    ),
    "gap_by_technique": _kind({"rows": _ROWS, **CRYSTAL}),
}
