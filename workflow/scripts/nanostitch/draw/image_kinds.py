"""Panel kinds that draw images and what is measured in them."""

from collections.abc import Mapping

from nanostitch.draw.gap_kinds import MOST_REGIONS
from nanostitch.draw.kind import Kind, Schema, choice, pair, switch

CONTRAST = pair(
    "Percentiles of the intensity shown as black and as white [%]. The tails are cut so that a few "
    "hot or dead pixels do not set the contrast.",
    [0.5, 99.5],
    minimum=0,
    maximum=100,
)
WINDOW: Schema = {
    "type": ["array", "null"],
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 4,
    "default": None,
    "description": "Part of the image that is drawn: left, right, top, bottom [nm]; null draws "
    "all of it.",
}
_PARTICLE_NUMBERS = (
    "edge_length",
    "edge_fit",
    "edge_feret",
    "equivalent_diameter",
    "area",
    "aspect_ratio",
    "solidity",
)
_IMAGE_NUMBERS = (
    "merged_fraction",
    "fusing_index",
    "coverage",
    "number_density",
    "size_mean",
    "size_sd",
    "psi4",
    "ligand_gap",
    "superlattice_spacing",
    "largest_layer_share",
    "void_fraction",
    "wire_share",
)

IMAGE_KINDS: Mapping[str, Kind] = {
    "image": Kind(
        technique="adf",
        products=("raw",),
        products_if={
            "outlines": "particles",
            "bright": "particles",
            "domains": "lattice",
            "defects": "columns",
        },
        options={
            "outlines": switch("Draw the outline of every particle, as segmented.", False),
            "outline_colours": choice(
                "What the colours of the outlines show: nothing, how many original crystals a "
                "particle holds, or what is wrong with it.",
                "plain",
                "units",
                "flags",
            ),
            "regions": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "maxItems": MOST_REGIONS,
                "uniqueItems": True,
                "default": [],
                "description": "Parts of the image that are outlined, in the colours that a panel "
                "of spectra gives the same list: names that acquisitions.tsv tells, or all, the "
                "whole image. Spectra of another acquisition share no coordinates with the image.",
            },
            "domains": switch(
                "Draw the outline of every domain with its in-plane orientation.", False
            ),
            "defects": switch("Point arrows at the line defects that were detected.", False),
            "bright": switch("Ring the particles that are denser than the crystals.", False),
            "fft": switch(
                "Show the Fourier transform of what is drawn in the upper right corner.", False
            ),
            "fft_limit_per_nm": {
                "type": "number",
                "exclusiveMinimum": 0,
                "default": 4.0,
                "description": "Half the side of the Fourier transform [nm-1], at most what the "
                "pixels resolve. 4 holds the reflections of a perovskite up to 200 (3.4).",
            },
            "window_nm": WINDOW,
            "contrast_percent": CONTRAST,
        },
    ),
    "size_histogram": Kind(
        technique="adf",
        products=("particles",),
        products_if={},
        options={
            "bin_width_nm": {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "default": None,
                "description": "Width of a bin [nm]; null takes the rule of Freedman and Diaconis, "
                "rounded to 1, 2 or 5 times a power of ten.",
            },
        },
    ),
    "sizes": Kind(
        technique="adf",
        products=("particles",),
        products_if={},
        options={
            "quantity": choice("Which measure of a particle is drawn.", *_PARTICLE_NUMBERS),
            "dots": {
                "type": "integer",
                "minimum": 0,
                "maximum": 5000,
                "default": 600,
                "description": "Most particles of a condition that are drawn as dots; of more, "
                "evenly many along the sizes are. Means are of all. More dots hide each other.",
            },
        },
    ),
    "image_numbers": Kind(
        technique="adf",
        products=("particles",),
        products_if={},
        options={
            "quantity": choice("Which number of an image is drawn.", *_IMAGE_NUMBERS),
            "regions": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "minItems": 1,
                "maxItems": MOST_REGIONS,
                "uniqueItems": True,
                "default": ["all"],
                "description": "Parts of the images that are compared: names that acquisitions.tsv "
                "tells, or all, the whole image.",
            },
        },
    ),
    "domains": Kind(
        technique="adf",
        products=("raw", "lattice"),
        products_if={},
        options={
            "colour_span_degree": {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "default": None,
                "description": "Orientations that the colours span around their mean [degree]; "
                "null spans the period of the lattice in a cycle. Small misorientations need few "
                "degrees.",
            },
            "window_nm": WINDOW,
            "contrast_percent": CONTRAST,
        },
    ),
    "seams": Kind(
        technique="adf",
        products=("raw", "seams"),
        products_if={},
        options={
            "letter": switch(
                "Write misorientation and probability of the class beside each seam.", True
            ),
            "window_nm": WINDOW,
            "contrast_percent": CONTRAST,
        },
    ),
    "change": Kind(
        technique="adf",
        products=("raw", "particles"),
        products_if={},
        products_where=("change",),
        options={"contrast_percent": CONTRAST},
    ),
}
