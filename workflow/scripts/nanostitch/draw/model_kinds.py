"""Panel kinds that set measured spectra beside models: confinement, dielectric function."""

from collections.abc import Mapping

from nanostitch.draw.gap_kinds import ESTIMATORS, REGIONS
from nanostitch.draw.kind import Kind, Schema, choice, number, pair

_LENGTHS: Schema = {
    "type": "array",
    "default": [],
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["condition", "length_nm"],
        "properties": {
            "condition": {
                "type": "string",
                "minLength": 1,
                "description": "Condition whose gaps are placed.",
            },
            "length_nm": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Its crystals' edge or thickness [nm], such as size_mean of its "
                "images.",
            },
            "sd_nm": {
                "type": "number",
                "minimum": 0,
                "default": 0,
                "description": "Standard deviation of that [nm], drawn as a horizontal bar.",
            },
        },
    },
    "description": "Lengths at which the gaps of a condition are drawn as points. A condition "
    "without one is drawn as a horizontal band: its gap alone says which lengths fit.",
}


CRYSTAL: Mapping[str, Schema] = {
    "bulk_gap_ev": number(
        "Gap of the bulk crystal [eV]; 2.32 eV for CsPbBr3 is what the paper states.",
        2.32,
        exclusiveMinimum=0,
    ),
    "bulk_gap_uncertainty_ev": number(
        "Standard uncertainty of that [eV], part of the interval of a length or gap by the model. "
        "Bulk CsPbBr3 is reported from 2.25 to 2.40 eV, by method and temperature.",
        0.03,
        minimum=0,
    ),
    "reduced_mass": number(
        "Reduced mass of electron and hole [electron masses]; 0.126 for CsPbBr3 by "
        "magneto-optics (Yang et al. 2017).",
        0.126,
        exclusiveMinimum=0,
    ),
    "size_spread": number(
        "Standard deviation of the sizes over their mean, over which a model is averaged, "
        "weighted by volume; 0.15 is what 8.1 nm with 1.2 nm is.",
        0.15,
        minimum=0,
        maximum=0.3,
    ),
}
"""What a model of confinement must be told of the crystals."""

MODEL_KINDS: Mapping[str, Kind] = {
    "confinement": Kind(
        technique="eels",
        products=("band_gap",),
        products_if={},
        options={
            "regions": REGIONS,
            "estimator": choice(
                "Which gap is drawn. The fit of the onset needs no correction for resolution.",
                *ESTIMATORS,
            ),
            "lengths": _LENGTHS,
            "length_window_nm": pair(
                "First and last length drawn [nm]. From where effective masses begin to fail to "
                "where confinement is lost in the uncertainty of the bulk gap.",
                [5.0, 20.0],
                exclusiveMinimum=0,
            ),
            **CRYSTAL,
            "permittivity": number(
                "Relative permittivity of the Coulomb term. 7.3 for CsPbBr3 at the energy of its "
                "exciton (Yang et al. 2017); 4.96, its optical one, makes the term half as large "
                "again.",
                7.3,
                minimum=1,
            ),
        },
    ),
    "dielectric": Kind(
        technique="eels",
        products=("dielectric",),
        products_if={},
        options={
            "regions": REGIONS,
            "energy_window_ev": pair(
                "First and last energy drawn [eV]. Below the gap there is nothing to see, above "
                "30 eV the permittivity of most solids is near 1.",
                [1.0, 30.0],
                minimum=0,
            ),
        },
    ),
}
