"""Panel kinds that draw the numbers of ensembles: edge, yield, composition, conductance."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, choice, pair, switch

NUMBER_KINDS: Mapping[str, Kind] = {
    "edge": Kind(
        technique="absorption",
        products=("edge",),
        products_if={},
        options={
            "form": choice(
                "elliott shows the edge above its baseline with the fitted exciton and continuum, "
                "and what the fit leaves; derivative the slope with its maximum; tauc the straight "
                "lines that papers draw, for comparison only.",
                "elliott",
                "derivative",
                "tauc",
            ),
            "energy_window_ev": pair(
                "First and last photon energy drawn [eV]. The default holds the edge of CsPbBr3 "
                "from bulk to crystals of 6 nm.",
                [2.15, 2.75],
                exclusiveMinimum=0,
            ),
        },
    ),
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
