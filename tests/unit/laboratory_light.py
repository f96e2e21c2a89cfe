"""Films and colloids of the laboratory, for tests of its light."""

import re

import numpy as np
from specimens import square_layer

from nanostitch import schema
from nanostitch.simulate.files import fluorolog, perkin_elmer, sphere_ccd
from nanostitch.simulate.instruments import fluorometer, spectrophotometer, sphere

MODULES = {
    "spectrophotometer": (spectrophotometer, perkin_elmer),
    "fluorometer": (fluorometer, fluorolog),
    "sphere": (sphere, sphere_ccd),
}


def record(name, specimen, seed=0, **own):
    settings = schema.with_defaults(own, schema.load(f"instruments/{name}"))
    return MODULES[name][0].record(specimen, np.random.default_rng(seed), **settings)


def layer(seed=0, rows=30, columns=30, mean=8.1, sd=1.2, along=None, across=None, **environment):
    """A layer of cubes of random edges, their bodies as long as told where they have merged."""
    edge = np.clip(np.random.default_rng(seed).normal(mean, sd, rows * columns), 4, None)
    extents = [np.full(edge.size, long) if long else edge for long in (along, across)]
    gap = 2.32 + 2.9842 * sum(1 / length**2 for length in (*extents, edge))
    crystals = {"initial_edge": edge, "edge": edge, "height": edge, "extent_along": extents[0]}
    crystals |= {"extent_across": extents[1], "band_gap": gap}
    made = square_layer(rows, columns, edge=mean).assign_attrs(environment)
    return made.assign({name: made[name].copy(data=values) for name, values in crystals.items()})


def dead(specimen):
    return specimen.assign(state=specimen["state"] + np.int8(1))


def kind(line):
    """What a line of a header is: its marker, or the kind of its content."""
    if line.startswith(("#", "PE UV")):
        return line
    shapes = (("nothing", r"\s*"), ("integer", r"\s*-?\d+"), ("decimal", r"-?\d+\.\d{6}"))
    shapes += (("date", r"\d\d/\d\d/\d\d"), ("time", r"\d\d:\d\d:\d\d\.\d\d"))
    return next((name for name, shape in shapes if re.fullmatch(shape, line)), "text")
