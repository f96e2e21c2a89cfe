"""Panel kinds that draw what X-ray spectra say of a composition."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, choice

COMPOSITION_KINDS: Mapping[str, Kind] = {
    "composition": Kind(
        technique="edx",
        products=("composition",),
        products_if={},
        options={
            "form": choice(
                "bars show each element with its 95 % interval; ternary shows three elements as "
                "one point in a triangle with its 95 % region, beside the compounds that could be.",
                "bars",
                "ternary",
            ),
        },
    ),
}
