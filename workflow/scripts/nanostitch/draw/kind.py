"""What a panel kind declares of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One panel kind.

    ``products`` are needed always, those of ``products_if`` when the option of that name is on;
    those of ``products_where`` are used of the acquisitions that have them. ``options`` are JSON
    schemas by the option's name. A kind that draws comparisons has no technique and selects no
    acquisitions: its options name them.
    """

    technique: str
    products: tuple[str, ...]
    products_if: Mapping[str, str]
    options: Mapping[str, Schema]
    products_where: tuple[str, ...] = ()

    @property
    def of_comparisons(self) -> bool:
        """Whether it draws comparisons."""
        return not self.technique


def number(description: str, default: float, **bounds: float) -> Schema:
    """Schema of one number."""
    return {"type": "number", **bounds, "default": default, "description": description}


def pair(description: str, default: list[float], **bounds: float) -> Schema:
    """Schema of two numbers, such as the ends of a window."""
    return {
        "type": "array",
        "items": {"type": "number", **bounds},
        "minItems": 2,
        "maxItems": 2,
        "default": default,
        "description": description,
    }


def choice(description: str, default: str, *others: str) -> Schema:
    """Schema of one word out of several."""
    return {
        "type": "string",
        "enum": [default, *others],
        "default": default,
        "description": description,
    }


def switch(description: str, default: bool) -> Schema:
    """Schema of what is on or off."""
    return {"type": "boolean", "default": default, "description": description}
