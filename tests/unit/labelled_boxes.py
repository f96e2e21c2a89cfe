"""When a particle that was found is one that was labelled by a box: the one definition of it."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from nanostitch import quality


def one_to_one(found, boxes):
    """Number of pairs of a box and a particle whose centre lies in it, and of particles counted.

    The most pairs that can be made (bipartite matching); each box and particle is in at most one.
    Boxes are rows of centre x, y, width and height [nm]. Particles flagged too small are no
    particles to the statistics, and so not here.
    """
    counted = found.isel(particle=~quality.raised(found["quality"], "too_small").to_numpy())
    centres = np.stack([counted["centroid_x"], counted["centroid_y"]], axis=1)
    apart = np.abs(centres[None] - boxes[:, None, :2]) < boxes[:, None, 2:4] / 2
    inside = apart.all(-1)
    return int(inside[linear_sum_assignment(~inside)].sum()), len(centres)


def f1_score(found, boxes):
    """Twice the pairs over boxes and particles."""
    pairs, counted = one_to_one(found, boxes)
    return 2 * pairs / (len(boxes) + counted)
