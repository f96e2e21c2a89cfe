"""Tables that people open in a spreadsheet: one row for each number that a batch measured."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from nanostitch import quality
from nanostitch.adf import population, region_statistics
from nanostitch.comparison.family import holm

WHO = ("acquisition", "sample", "condition")
IMAGE_MEASURES = (
    *region_statistics.NAMES,
    "largest_body_share",
    "largest_layer_share",
    "void_fraction",
    "void_density",
    "void_diameter",
    "wire_share",
    "psi4",
    "psi4_global",
    "psi4_correlation",
    "superlattice_spacing",
    "ligand_gap",
)


def band_gaps(products: Sequence[xr.Dataset]) -> pd.DataFrame:
    """One row for each acquisition, pixel and estimator: gap and 95 % interval [eV], flags."""
    return pd.DataFrame([row for product in products for row in _gap_rows(product)])


def particles(products: Sequence[xr.Dataset]) -> pd.DataFrame:
    """One row for each image: numbers, statistics with 95 % intervals, verdict.

    ``particles`` are those that size and density stand on, ``objects`` all that were labelled.
    """
    return pd.DataFrame([_image_row(product) for product in products])


def numbers(products: Sequence[xr.Dataset]) -> pd.DataFrame:
    """One row for each number with a 95 % interval, and for each element of those that have dims.

    ``of`` says which element: an X-ray line, a chemical element, a definition.
    """
    return pd.DataFrame([row for product in products for row in _number_rows(product)])


def comparisons(products: Sequence[xr.Dataset]) -> pd.DataFrame:
    """One row for each effect of each comparison; ``p_holm`` is adjusted for all rows."""
    table = pd.DataFrame([row for product in products for row in _effect_rows(product)])
    place = table.columns.to_list().index("p_value") + 1
    table.insert(place, "p_holm", holm(table["p_value"].to_numpy()))
    return table


KINDS: dict[str, Callable[[Sequence[xr.Dataset]], pd.DataFrame]] = {
    "band_gap": band_gaps,
    "particles": particles,
}
"""Tables of a form of their own; the others are of :func:`numbers`."""


def _number_rows(product: xr.Dataset) -> Iterator[dict[str, object]]:
    for name in map(str, product.data_vars):
        if not {f"{name}_lower", f"{name}_upper"} <= set(product.variables):
            continue
        for index in np.ndindex(product[name].shape):
            one = product[name][index]
            yield {
                **_who(product),
                "measure": name,
                "of": " ".join(str(one[d].values) for d in product[name].dims if d in one.coords),
                "unit": product[name].attrs["units"],
                "value": float(one),
                "lower_95": float(product[f"{name}_lower"][index]),
                "upper_95": float(product[f"{name}_upper"][index]),
                **_verdict(product),
            }


def _effect_rows(product: xr.Dataset) -> Iterator[dict[str, object]]:
    answers = str(product["answer"].attrs["flag_meanings"]).split()
    for contrast in product["contrast"].values:
        one = product.sel(contrast=contrast)
        yield {
            "comparison": product.attrs["name"],
            "title": product.attrs["comparison_title"],
            "contrast": str(contrast),
            "unit": product["effect"].attrs["units"],
            "effect": float(one["effect"]),
            "lower_95": float(one["effect_lower"]),
            "upper_95": float(one["effect_upper"]),
            "answer": answers[int(one["answer"])],
            **{name: float(one[name]) for name in _EFFECT_NUMBERS},
            "samples": "; ".join(map(str, product["samples"].values)),
            "acquisitions": "; ".join(map(str, product["acquisitions"].values)),
            "verdict": quality.level(product),
            "reasons": product["verdict"].attrs["reasons"],
            "simulated": bool(product.attrs["simulated"]),
        }


_EFFECT_NUMBERS = (
    "p_value",
    "degrees_of_freedom",
    "hedges_g",
    "cliff_delta",
    "smallest_effect",
    "samples_needed",
)


def _gap_rows(product: xr.Dataset) -> Iterator[dict[str, object]]:
    spatial = [dim for dim in ("y", "x") if dim in product["band_gap"].dims]
    pixels = product.stack(pixel=spatial, create_index=False) if spatial else product
    for index in range(pixels.sizes.get("pixel", 1)):
        one = pixels.isel(pixel=index) if spatial else pixels
        for estimator in one["estimator"].values:
            gap = one.sel(estimator=estimator)
            yield {
                **_who(product),
                "pixel": index,
                "estimator": str(estimator),
                "band_gap_ev": float(gap["band_gap"]),
                "lower_95_ev": float(gap["band_gap_lower"]),
                "upper_95_ev": float(gap["band_gap_upper"]),
                "flags": quality.words(gap["band_gap_quality"]),
                **_verdict(product),
            }


def _image_row(product: xr.Dataset) -> dict[str, object]:
    row: dict[str, object] = {
        **_who(product),
        "particles": int(population.counted(product).sum()),
        "objects": product.sizes["particle"],
    }
    for measure in IMAGE_MEASURES:
        unit = str(product[measure].attrs["units"]).replace("nm-2", "per_nm2")
        name = measure if unit == "1" else f"{measure}_{unit}"
        row[name] = float(product[measure])
        row[f"{name}_lower_95"] = float(product[f"{measure}_lower"])
        row[f"{name}_upper_95"] = float(product[f"{measure}_upper"])
    return row | _verdict(product)


def _who(product: xr.Dataset) -> dict[str, object]:
    return {name: product.attrs[name] for name in WHO}


def _verdict(product: xr.Dataset) -> dict[str, object]:
    return {
        "verdict": quality.level(product),
        "reasons": product["verdict"].attrs["reasons"],
        "simulated": bool(product.attrs["simulated"]),
        "use": product.attrs["use"],
        "note": product.attrs["note"],
    }
