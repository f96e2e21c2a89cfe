"""Made products of groups of samples, for tests of comparisons and claims."""

import xarray as xr

from nanostitch import quality
from nanostitch.comparison.observations import Group

SETTINGS = {
    "variable": "band_gap",
    "question": "difference",
    "scale": "linear",
    "margin": None,
    "usable": ["good", "doubtful"],
    "bootstrap_draws": 2000,
    "seed": 0,
}
TWO = [Group("fresh", {}), Group("week", {})]


def product(
    value: float, sample: str, acquisition: str, verdict: str = "good", use: str = "yes"
) -> xr.Dataset:
    reasons = {} if verdict == "good" else {"a reason": verdict}
    found = xr.Dataset({"verdict": quality.verdict(reasons)})
    found["band_gap"] = ((), value, {"units": "eV"})
    about = {"acquisition": acquisition, "sample": sample, "use": use, "note": "was dropped"}
    return found.assign_attrs(about)


def products(table: dict[str, list[list[float]]]) -> tuple[list[xr.Dataset], list[int]]:
    """Products of a table: for each sample, the acquisitions of each group."""
    found, member = [], []
    for sample, groups in table.items():
        for number, values in enumerate(groups):
            for order, value in enumerate(values):
                found.append(product(value, sample, f"{sample}_{number}_{order}"))
                member.append(number)
    return found, member


def values_of(one: list[float], other: list[float]) -> dict[str, list[list[float]]]:
    """Unpaired samples with one acquisition each."""
    first = {f"a{number}": [[value], []] for number, value in enumerate(one)}
    return first | {f"b{number}": [[], [value]] for number, value in enumerate(other)}
