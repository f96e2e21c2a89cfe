"""Which fits of an onset are defensible: shapes, tails, windows and what is known before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nanostitch.eels import onset_shape, tail
from nanostitch.eels.channels import Array, stretch
from nanostitch.eels.noise import Noise
from nanostitch.eels.onset_model import Prior, Setting

EnsembleTail = Literal["power_law", "exponential", "vacuum"]

# Typical exponent of a far tail: that of a Lorentzian. Prior standard deviations of the exponent,
# of what that of a vacuum reference may be off by, and of the tail's bend (an exponential against
# a power law of exponent 2 is a bend of 1).
_EXPONENT, _EXPONENT_SD, _REFERENCE_SD, _BEND_SD = 2.0, 2.0, 1.0, 0.5
# How far the exponent of one pixel may differ from that of all; that of a single spectrum may not,
# for it is the common one.
_PIXEL_EXPONENT_SD, _FIXED = 0.5, 1e-4
# Share of its mean below which a vacuum reference is not taken to fall: it is noise there.
_LEAST_REFERENCE = 1e-3


@dataclass(frozen=True)
class Choices:
    """Which fits are made; see the schema for the meaning of each field."""

    gap_range_ev: tuple[float, float]
    tail_models: Sequence[EnsembleTail]
    fit_start_fractions: Sequence[float]
    fit_end_fractions: Sequence[float]
    onset_shapes: Mapping[onset_shape.Name, float]
    onset_curvature_per_ev: float
    exciton_binding_ev: tuple[float, float]
    broadening_ev: tuple[float, float]

    @property
    def starts_ev(self) -> list[float]:
        """Where fits begin [eV], ascending."""
        return sorted(share * self.gap_range_ev[0] for share in self.fit_start_fractions)

    @property
    def window_ev(self) -> tuple[float, float]:
        """From where to where any fit may reach [eV]."""
        return self.starts_ev[0], self.gap_range_ev[1]

    @property
    def middle_ev(self) -> float:
        """Energy at which slope and bend of a tail hold [eV]."""
        return (self.starts_ev[0] + self.gap_range_ev[0]) / 2

    @property
    def families(self) -> list[onset_shape.Family]:
        """Kinds of onset that are possible at all."""
        known = onset_shape.families(self.exciton_binding_ev, self.broadening_ev)
        return [known[name] for name, prior in self.onset_shapes.items() if prior > 0]

    def names(self, shape: str, model: str) -> list[str]:
        """Names of the fits of a shape and a tail, in the order of their windows.

        A window is named by the settings that make it, so that equal fits of two spectra have
        equal names.
        """
        return [
            f"{shape}, {model}, from {first:g}, to {last:g}"
            for first in sorted(self.fit_start_fractions)
            for last in sorted(self.fit_end_fractions)
        ]


@dataclass(frozen=True)
class Evidence:
    """What the spectra of a set are read from.

    ``counts`` (spectrum, channel) on ``energy``, from the first start to the end of the range;
    ``vacuum`` a reference there, or none; ``grid`` the fine grid with the zero-loss peak, of full
    width ``fwhm``; ``noise`` of a channel of one spectrum.
    """

    counts: Array
    energy: Array
    vacuum: Array | None
    grid: onset_shape.Grid
    fwhm: float
    noise: Noise

    @property
    def level(self) -> float:
        """Mean counts of the vacuum reference, which scale it to one."""
        return 1.0 if self.vacuum is None else max(float(self.vacuum.mean()), _LEAST_REFERENCE)


def evidence(
    counts: Array,
    energy: Array,
    vacuum: Array | None,
    peak: tuple[Array, Array, float],
    noise: Noise,
    choices: Choices,
) -> Evidence:
    """Cut a set of spectra to the channels of its fits.

    Parameters
    ----------
    counts, energy
        Spectra, one a row, and their channels [eV].
    vacuum
        Reference in the same channels; none where there is none.
    peak
        Counts and energies of the spectrum whose zero-loss peak is the instrument's, and its full
        width at half maximum [eV].
    noise
        Noise of a channel of one of the spectra.
    choices
        Which fits are made.
    """
    used = stretch(energy, choices.window_ev)
    grid = onset_shape.grid(*peak, choices.gap_range_ev, choices.starts_ev[0])
    reference = None if vacuum is None else vacuum[used]
    return Evidence(counts[:, used], energy[used], reference, grid, peak[2], noise)


def tails(seen: Evidence, choices: Choices) -> list[EnsembleTail]:
    """Tail models that can be fitted: a vacuum reference may be absent."""
    known = [name for name in choices.tail_models if name != "vacuum" or seen.vacuum is not None]
    return known or ["power_law"]


def form(
    model: str, energy: Array, middle_ev: float, vacuum: Array | None, level: float
) -> tail.Shape:
    """Form of a tail in channels above 0 eV, with a vacuum reference over its mean ``level``."""
    if model == "exponential":
        return tail.shape("exponential", energy, middle_ev)
    reference = None
    if model == "vacuum" and vacuum is not None:
        reference = np.maximum(vacuum / level, _LEAST_REFERENCE)
    return tail.shape("power_law", energy, middle_ev, reference)


def setting(seen: Evidence, choices: Choices, family: onset_shape.Family, model: str) -> Setting:
    """What a fit of a shape and a tail needs beside the counts."""
    shape = form(model, seen.energy, choices.middle_ev, seen.vacuum, seen.level)
    exponent = (0.0, _REFERENCE_SD) if model == "vacuum" else (_EXPONENT, _EXPONENT_SD)
    bend, own = choices.onset_curvature_per_ev, family.parameters
    mean = np.array([exponent[0], 0.0, 0.0, 0.0, *(p.mean for p in own)])
    deviation = np.array([exponent[1], _BEND_SD, bend, bend**2, *(p.deviation for p in own)])
    prior = Prior(mean, deviation, np.zeros_like(mean))
    free = _PIXEL_EXPONENT_SD if len(seen.counts) > 1 else _FIXED
    return Setting(
        seen.energy,
        seen.grid,
        family,
        shape,
        prior,
        seen.fwhm,
        choices.gap_range_ev,
        free,
        seen.noise,
    )
