"""Square-root onsets as the spectrometer shows them: through the measured zero-loss peak."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from nanostitch.eels.channels import Array, within

_GRID_PER_FWHM = 25
_KERNEL_PER_FWHM = 40
_KERNEL_REACH_FWHM = 3.0


@dataclass(frozen=True)
class Templates:
    """Onsets seen through the zero-loss peak, for every gap on the grid (gap, channel).

    ``squares`` holds root * root, root * curved and curved * curved, which every fit needs.
    """

    energy: Array
    gaps: Array
    root: Array
    curved: Array
    squares: tuple[Array, Array, Array]

    def within(self, window_ev: tuple[float, float]) -> "Templates":
        """The channels of a window; nothing is copied."""
        first = int(np.searchsorted(self.energy, window_ev[0], side="left"))
        used = slice(first, int(np.searchsorted(self.energy, window_ev[1], side="right")))
        a, b, c = (part[:, used] for part in self.squares)
        root, curved = self.root[:, used], self.curved[:, used]
        return Templates(self.energy[used], self.gaps, root, curved, (a, b, c))


def templates(
    spectrum: Array, energy: Array, fwhm: float, gap_range_ev: tuple[float, float], start_ev: float
) -> Templates:
    """Onsets for every gap of the range, convolved with the peak of an aligned spectrum.

    Parameters
    ----------
    spectrum, energy
        Counts with the zero-loss peak at 0 eV, and the channels' centres [eV].
    fwhm
        Full width of the zero-loss peak at half maximum [eV].
    gap_range_ev
        Where the gap is looked for [eV].
    start_ev
        Where the first fit begins [eV].
    """
    low, high = gap_range_ev
    gaps = np.linspace(low, high, max(8, int(np.ceil((high - low) / fwhm * _GRID_PER_FWHM))))
    reach = min(_KERNEL_REACH_FWHM * fwhm, start_ev / 2)
    kernel, step = _kernel(spectrum, energy, reach, fwhm)
    fitted = energy[within(energy, (start_ev, high))]
    above = fitted[None, :] - gaps[:, None]
    grids = [_convolved(power, kernel, step, high - low) for power in (0.5, 1.5)]
    root, curved = (np.interp(above, at, values, left=0.0) for at, values in grids)
    squares = root * root, root * curved, curved * curved
    return Templates(fitted, gaps, root, curved, squares)


def _kernel(spectrum: Array, energy: Array, reach: float, fwhm: float) -> tuple[Array, float]:
    """Zero-loss peak of unit sum on an odd number of fine channels, and their width [eV]."""
    half = int(np.ceil(reach / fwhm * _KERNEL_PER_FWHM))
    fine = reach / half * np.arange(-half, half + 1)
    peak = np.maximum(CubicSpline(energy, spectrum, extrapolate=False)(fine), 0.0)
    peak = np.nan_to_num(peak)
    return peak / peak.sum(), reach / half


def _convolved(power: float, kernel: Array, step: float, span: float) -> tuple[Array, Array]:
    """(E - Eg)^power seen through the kernel, on a fine grid of E - Eg."""
    half = kernel.size // 2
    above = step * np.arange(-2 * half, int(np.ceil(span / step)) + 2 * half + 1)
    # Means over the fine channels: the root has no slope at its foot to sample.
    high, low = (np.maximum(above + side * step / 2, 0.0) ** (power + 1) for side in (1, -1))
    means = np.asarray((high - low) / (power + 1) / step)
    return np.asarray(above[half:-half]), np.convolve(means, kernel, mode="valid")
