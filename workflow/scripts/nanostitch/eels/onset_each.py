"""Fit of onsets of a known shape to many spectra, each on its own, compiled.

The same model and steps as :mod:`nanostitch.eels.onset` takes, without common parameters: for
maps, where that loop is all the time that there is.
"""

from dataclasses import dataclass

import numpy as np

from nanostitch.eels import onset_loops, onset_shape
from nanostitch.eels.channels import Array
from nanostitch.eels.onset_model import GAP, Setting, State

ITERATIONS = 5
"""Enough: after them, 99 of 100 gaps of 1e6 electrons move by less than a tenth of their error."""
_STRIDE_FWHM = 1.0


@dataclass(frozen=True)
class Each:
    """Result of :func:`fit`: states, variances of gap [eV2] and onset, goodness of each.

    ``goodness`` is about the deviance, over its mean under a true model.
    """

    state: State
    alone: Array
    onset_variance: Array
    goodness: Array


def fit(counts: Array, state: State, setting: Setting, iterations: int = ITERATIONS) -> Each:
    """Most likely gap and amplitudes of each spectrum, the common parameters of a state given.

    Parameters
    ----------
    counts
        One spectrum a row.
    state
        Where to begin.
    setting
        Energies, grid, shape and priors.
    iterations
        Steps at most.
    """
    model = _model(state, setting)
    own, alone, onset_variance, goodness = onset_loops.fit_each(
        np.ascontiguousarray(counts), _own(state), *model, iterations, onset_loops.MEANS
    )
    return Each(State(own[:, GAP], own[:, :GAP], state.common), alone, onset_variance, goodness)


def variances(counts: Array, state: State, setting: Setting, steps: int) -> Array:
    """Variance by counting of each gap where a state has it, once amplitudes have given way [eV2].

    Parameters
    ----------
    counts, state, setting
        As for :func:`fit`.
    steps
        Of the amplitudes.
    """
    model = _model(state, setting)
    return onset_loops.pinned(np.ascontiguousarray(counts), _own(state), *model, steps)


def _own(state: State) -> Array:
    return np.column_stack([state.own, state.gap])


def _model(state: State, setting: Setting) -> tuple[Array, Array, Array, Array, Array]:
    """Tail, onset by part of a channel, where its grid begins, noise, limits of the parameters."""
    curves = onset_shape.curves(setting.family, state.common[2:], setting.grid, False)
    shape = setting.tail.values(state.common[:2])
    return (
        np.stack([shape, setting.tail.along]),
        _by_part(np.stack([curves.values, curves.slope]), setting.grid.parts),
        np.array([setting.energy[0] - setting.grid.above[0], setting.grid.step]),
        setting.noise_terms,
        np.array(
            [
                *setting.gap_range_ev,
                _STRIDE_FWHM * setting.fwhm,
                setting.floor / shape.mean(),
                setting.slope_deviation,
            ]
        ),
    )


def _by_part(curves: Array, parts: int) -> Array:
    """Curves (part, curve, channel) in steps of whole channels, from each point of the first."""
    whole = curves[:, : curves.shape[1] // parts * parts].reshape(len(curves), -1, parts)
    return np.ascontiguousarray(whole.transpose(2, 0, 1))
