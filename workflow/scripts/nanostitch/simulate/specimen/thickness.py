"""Thickness of merged bodies: they even out, and pay for the necks they grow."""

import numpy as np

from nanostitch.simulate.specimen.crystals import Contacts, Floats, Ints
from nanostitch.simulate.specimen.seams import Seams

LEVELLING_H = 50.0
"""Time in which a merged body evens out its thickness by all but 1/e [h at reference conditions].

Chosen so that bodies of one week at room still show where the thicker crystals were, as the
contrast of the paper's Figures 2b and 3b does, while films of 90 °C for 1 h and of months are
even."""


def neck_areas(seams: Seams) -> Floats:
    """Area in the plane of the neck of each seam [nm2]."""
    areas: Floats = seams.length * seams.gap
    return areas


def level(edge: Floats, seams: Seams, contacts: Contacts, bodies: Ints, exposure: float) -> Floats:
    """Height of each crystal [nm] such that each body keeps the volume of its cubes.

    The volume of a body is the sum of edge² times height over its crystals and of length times
    gap times the mean height of both crystals over its seams. Heights relax from those of the
    cubes towards one common height, by the mean age of the body's seams; a common factor then
    restores the volume.

    Parameters
    ----------
    edge
        Edge of each cube [nm].
    seams, contacts
        The seams in the order of their contacts.
    bodies
        Number of the body of each crystal.
    exposure
        Present exposure [h at reference conditions].
    """
    count = int(bodies.max(initial=-1)) + 1
    home = bodies[seams.first]
    neck = neck_areas(seams)
    number = np.bincount(home, minlength=count)
    age = np.bincount(home, exposure - contacts.exposure, count) / np.maximum(number, 1)
    evened = -np.expm1(-age / LEVELLING_H)[bodies]
    volume = np.bincount(bodies, edge**3, count)
    area = np.bincount(bodies, edge**2, count)
    shape = (1 - evened) * edge + evened * (volume / area)[bodies]
    raised = np.bincount(bodies, edge**2 * shape, count) + np.bincount(
        home, neck * (shape[seams.first] + shape[seams.second]) / 2, count
    )
    heights: Floats = shape * (volume / raised)[bodies]
    return heights
