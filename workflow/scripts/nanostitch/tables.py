"""Tables that people open in a spreadsheet: one row for each number that a batch measured."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from nanostitch import quality
from nanostitch.adf import population

WHO = ("acquisition", "sample", "condition")
IMAGE_MEASURES = ("number_density", "coverage", "merged_fraction", "size_mean", "size_sd")


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


KINDS: dict[str, Callable[[Sequence[xr.Dataset]], pd.DataFrame]] = {
    "band_gap": band_gaps,
    "particles": particles,
    **dict.fromkeys(
        ("composition", "edge", "emission", "quantum_yield", "conductance", "circuit"), numbers
    ),
}


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
