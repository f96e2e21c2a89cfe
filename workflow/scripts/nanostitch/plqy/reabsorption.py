"""Light that the sample takes back: correction by a spectrum that was not reabsorbed."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.plqy import windows
from nanostitch.plqy.photons import scatter
from nanostitch.plqy.posterior import Draws
from nanostitch.plqy.windows import Values

MATCH_LEVELS = ((0.02, 0.15), (0.03, 0.2), (0.05, 0.3))
"""Heights of the red flank, as shares of the maximum, over which both spectra are brought to the
same height. The film absorbs the less the further to the red, and the signal is the weaker: no
choice can be defended alone, so each draw takes one of them."""
SHIFTS = np.linspace(-4.0, 4.0, 33)
"""Shifts between both wavelength axes, in standard uncertainties, between which is interpolated."""
COVERED = 0.98
"""Share of the emission that the spectrum without reabsorption must cover."""
STREAM = (3,)
"""Random numbers of the match."""
FEWEST_MATCHED = 4
"""Channels of the flank below which no height can be compared."""


@dataclass(frozen=True)
class Reabsorbed:
    """Share of emitted photons that the sample absorbs again, its draws, and how well it is known.

    ``misfit`` is the root mean square of what differs on the flank over the height there.
    """

    fraction: float
    draws: Values
    misfit: float


def fraction(
    wavelength: Values,
    photons: Values,
    photons_sd: Values,
    dilute: xr.Dataset,
    random: Draws,
    shift_nm: float,
) -> Reabsorbed | None:
    """Reabsorbed share, by the area missing beside the red flank.

    Parameters
    ----------
    wavelength, photons, photons_sd
        Emission of the sample in photons per nm and its noise, by channel [nm].
    dilute
        Emission without reabsorption, ``intensity`` (wavelength), in any unit of photons.
    random
        How errors are drawn.
    shift_nm
        Standard uncertainty of one wavelength axis against the other [nm]. A flank is steep: it
        decides the scale.

    Returns
    -------
    Reabsorbed or None
        None where the spectra do not overlap on a flank.

    Notes
    -----
    Ahn, Al-Kaysi, Mueller, Wentz and Bardeen 2007, Rev. Sci. Instrum. 78, 086105: scaled to the
    same red flank, where the sample does not absorb, the areas stand as 1 - a to 1.
    """
    position = dilute["wavelength"].to_numpy().astype(float)
    height = dilute["intensity"].to_numpy().astype(float)
    known = np.isfinite(height)
    margin = np.abs(SHIFTS).max() * shift_nm
    seen = windows.inside(wavelength, (position[known][0] + margin, position[known][-1] - margin))
    if not photons[seen].sum() > COVERED * photons.sum() > 0:
        return None
    at, here, noise = wavelength[seen], photons[seen], photons_sd[seen]
    rough = scatter(height[known])
    height_sd = float(np.sqrt(np.mean(rough**2))) if rough.size else 0.0
    moved = [np.interp(at - shift, position[known], height[known]) for shift in shift_nm * SHIFTS]
    middle = moved[SHIFTS.size // 2]
    parts = [_Flank.of(levels, here, noise, middle, height_sd) for levels in MATCH_LEVELS]
    flanks = [part for part in parts if part is not None]
    if not flanks:
        return None
    chosen, axis = random.choices(len(flanks)), random.normal(*STREAM, 0)
    shares = np.array([[flank.share(here, free) for free in moved] for flank in flanks])
    drawn = np.array([np.interp(axis, SHIFTS, row) for row in shares])
    sds = np.array([flank.sd for flank in flanks])
    spread = drawn[chosen, np.arange(chosen.size)] + sds[chosen] * random.normal(*STREAM, 1)
    value = float(shares[:, SHIFTS.size // 2].mean())
    return Reabsorbed(value, spread, max(flank.misfit for flank in flanks))


def corrected(apparent: Values, share: Values) -> Values:
    """Quantum yield without reabsorption: y / (1 - a + a y) (Ahn et al. 2007)."""
    return np.asarray(apparent / (1 - share + share * apparent))


@dataclass(frozen=True)
class _Flank:
    """Channels of the red flank, the noise of the share that they give, and the misfit there."""

    where: NDArray[np.bool_]
    sd: float
    misfit: float

    @classmethod
    def of(
        cls,
        levels: tuple[float, float],
        photons: Values,
        noise: Values,
        free: Values,
        free_sd: float,
    ) -> "_Flank | None":
        """Flank between two levels; None where it has too few channels."""
        smooth = windows.running_mean(photons)
        top = int(smooth.argmax())
        level = smooth / smooth[top]
        where = np.arange(photons.size) > top
        where &= (level >= levels[0]) & (level <= levels[1])
        if where.sum() < FEWEST_MATCHED or not free[where].sum() > 0:
            return None
        here, there = photons[where], free[where]
        scale = float(here.sum() / there.sum())
        relative = np.sqrt(
            (noise[where] ** 2).sum() / here.sum() ** 2
            + (noise**2).sum() / photons.sum() ** 2
            + free_sd**2 * (where.sum() / there.sum() ** 2 + free.size / free.sum() ** 2)
        )
        misfit = float(np.sqrt(np.mean((here - scale * there) ** 2)) / here.mean())
        left = float(photons.sum()) / (scale * float(free.sum()))
        return cls(where, float(left * relative), misfit)

    def share(self, photons: Values, free: Values) -> float:
        """Share of the emission that is missing beside this flank."""
        scale = float(photons[self.where].sum() / free[self.where].sum())
        return 1 - float(photons.sum()) / (scale * float(free.sum()))
