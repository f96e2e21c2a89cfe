"""Made comparisons and the panels that draw them, for tests."""

import numpy as np
import xarray as xr
from groups import SETTINGS, product

from nanostitch.comparison import compare
from nanostitch.comparison.observations import Group


def comparison(name, groups, *, unit="eV", at=None, variable="band_gap", **settings):
    """A comparison of groups of samples: by label, the number of each sample.

    Samples of a name in two groups are paired.
    """
    products, member = [], []
    for number, samples in enumerate(groups.values()):
        for sample, value in samples.items():
            one = product(value, sample, f"{name}_{number}_{sample}")
            one = one.rename(band_gap=variable)
            one[variable].attrs["units"] = unit
            products.append(one)
            member.append(number)
    labels = [
        Group(label, {}, None if at is None else at[number]) for number, label in enumerate(groups)
    ]
    asked = {**SETTINGS, "variable": variable, **settings}
    found = compare.compare(products, member, labels, **asked)
    about = {
        "name": name,
        "comparison_title": f"What {name} asks",
        "measure_product": "band_gap",
        "measure_variable": variable,
        "question": asked["question"],
        "scale": asked["scale"],
        "simulated": 1,
        **({"margin": asked["margin"]} if asked["margin"] is not None else {}),
        **({} if at is None else {"along": "relative_humidity_percent"}),
    }
    return found.assign_attrs(about)


def samples(values, prefix="s"):
    return {f"{prefix}{number}": value for number, value in enumerate(values)}


def figure_of(kind, comparisons=None, **options):
    named = {} if comparisons is None else {"comparisons": comparisons}
    return {"title": "Test", "panels": [{"kind": kind, **named, **options}]}


def spread(mean, number=3, sd=0.02, seed=0):
    return (mean + np.random.default_rng(seed).normal(0, sd, number)).tolist()


def panel_a(tree: xr.DataTree) -> xr.Dataset:
    return tree["a"].to_dataset()
