"""Panel kinds of conductances and of impedance against frequency."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, choice, switch

CURRENT_KINDS: Mapping[str, Kind] = {
    "conductance": Kind(
        technique="iv",
        products=("conductance",),
        products_if={},
        options={
            "quantity": choice(
                "What is drawn: the conductance measured, the sheet conductance that told "
                "electrodes make of it, or its ratio to the acquisition it is compared with.",
                "conductance",
                "sheet_conductance",
                "conductance_ratio",
            ),
        },
    ),
    "bode": Kind(
        technique="eis",
        products=("raw", "circuit"),
        products_if={},
        options={
            "quantity": choice(
                "What is drawn against frequency: the modulus, the phase, or the residuals of the "
                "Kramers-Kronig test, which show whether the spectrum is one of a steady film.",
                "modulus",
                "phase",
                "residuals",
            ),
            "fit": switch(
                "Draw the chosen equivalent circuit as a line through the points of modulus or "
                "phase.",
                True,
            ),
        },
    ),
}
