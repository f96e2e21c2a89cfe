"""Panel kind of measured absorption edges."""

from collections.abc import Mapping

from nanostitch.draw.kind import Kind, choice, pair

EDGE_KINDS: Mapping[str, Kind] = {
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
}
