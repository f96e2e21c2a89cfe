"""Panel kinds of quantum yields."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, choice

YIELD_KINDS: Mapping[str, Kind] = {
    "quantum_yield": Kind(
        technique="plqy",
        products=("quantum_yield",),
        products_if={},
        options={
            "yield": choice(
                "Which yield is drawn: the apparent one, which every triple of curves has, the one "
                "corrected for reabsorption, or that per photon sent in, by an instrument's own "
                "absolute scale.",
                "apparent",
                "corrected",
                "incident",
            ),
        },
    ),
}
