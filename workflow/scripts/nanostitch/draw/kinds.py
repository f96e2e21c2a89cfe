"""The library of panel kinds: what each needs and how a batch may set it.

This registry loads nothing heavy, so that a batch can be validated and planned at once. The
schema holds the default and the reason of every option.
"""

from collections.abc import Mapping
from typing import Any

from nanostitch.draw.comparison_kinds import COMPARISON_KINDS
from nanostitch.draw.curve_kinds import CURVE_KINDS
from nanostitch.draw.gap_kinds import GAP_KINDS
from nanostitch.draw.image_kinds import IMAGE_KINDS
from nanostitch.draw.kind import Kind, Schema
from nanostitch.draw.model_kinds import MODEL_KINDS
from nanostitch.draw.number_kinds import NUMBER_KINDS
from nanostitch.draw.variants import VARIANTS

MOST_PANELS = 12
_ID_OR_IDS: Schema = {
    "type": ["string", "array"],
    "minLength": 1,
    "minItems": 1,
    "uniqueItems": True,
    "items": {"type": "string", "minLength": 1},
}


KINDS: Mapping[str, Kind] = {
    **IMAGE_KINDS,
    **GAP_KINDS,
    **CURVE_KINDS,
    **MODEL_KINDS,
    **NUMBER_KINDS,
    **COMPARISON_KINDS,
}


def needs(panel: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Technique of a declared panel and the products it needs of each acquisition.

    The panel must satisfy its schema; options that it leaves out have their defaults.
    """
    kind = KINDS[panel["kind"]]
    asked = [
        product
        for option, product in kind.products_if.items()
        if panel.get(option, kind.options[option]["default"])
    ]
    return kind.technique, tuple(dict.fromkeys([*kind.products, *asked]))


def compared(panel: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the comparisons that a declared panel draws; none for one of acquisitions."""
    if not KINDS[panel["kind"]].of_comparisons:
        return ()
    rows = [row["comparison"] for row in panel.get("rows", [])]
    return tuple(dict.fromkeys([*panel.get("comparisons", []), *rows]))


def also(panel: Mapping[str, Any]) -> tuple[str, ...]:
    """Products that a declared panel uses of those acquisitions that have them."""
    return KINDS[panel["kind"]].products_where


def schema() -> Schema:
    """JSON schema (draft 2020-12) of the declaration of one figure."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "panels"],
        "properties": {
            "title": {
                "type": "string",
                "minLength": 1,
                "description": "What the figure shows, for its caption and metadata.",
            },
            "width": {
                "type": "string",
                "enum": ["single", "double"],
                "default": "double",
                "description": "Width in print: of one column of the journal, or of two.",
            },
            "style": {
                "type": "string",
                "enum": list(VARIANTS),
                "default": "default",
                "description": "Journal whose widths, type and panel letters are used; "
                "docs/methods/figures.md lists them.",
            },
            "columns": {
                "type": ["integer", "null"],
                "minimum": 1,
                "maximum": 4,
                "default": None,
                "description": "Panels side by side; null follows from their number.",
            },
            "panels": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_PANELS,
                "items": _any_panel_schema(),
                "description": "Panels a, b, c, … in reading order.",
            },
        },
    }


def panel_schema(kind: str) -> Schema:
    """JSON schema (draft 2020-12) of one panel of a kind."""
    wanted = {
        "technique": "Technique, or a list of them.",
        "acquisition": "Id of an acquisition, or a list of them.",
        "sample": "Id of a sample, or a list of them.",
        "condition": "Id of a condition, or a list of them.",
    }
    if KINDS[kind].of_comparisons:
        options = KINDS[kind].options
        return {
            "type": "object",
            "additionalProperties": False,
            "required": ["kind", *(name for name in ("comparisons", "rows") if name in options)],
            "properties": {"kind": {"const": kind, "description": "Panel kind."}, **options},
        }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind", "select"],
        "properties": {
            "kind": {"const": kind, "description": "Panel kind."},
            "select": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    key: {**_ID_OR_IDS, "description": text} for key, text in wanted.items()
                },
                "description": "Which acquisitions: all that match every given key; {} takes all.",
            },
            **KINDS[kind].options,
        },
    }


def _any_panel_schema() -> Schema:
    """Tell what a panel of any kind must satisfy.

    It chooses by ``kind`` instead of ``oneOf``: a validator then names the wrong key of the kind
    that was meant, not that nothing matched.
    """
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"type": "string", "enum": list(KINDS), "description": "Panel kind."},
        },
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": panel_schema(kind),
            }
            for kind in KINDS
        ],
    }
