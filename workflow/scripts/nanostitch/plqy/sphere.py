"""Three curves of an integrating sphere reduced to light: what was sent in, left and emitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from nanostitch.errors import BatchError
from nanostitch.plqy import curves, windows
from nanostitch.plqy.curves import Amount, Recorded
from nanostitch.plqy.photons import Weighting
from nanostitch.plqy.posterior import Draws, Light
from nanostitch.plqy.windows import Part, Values, Window

CURVES = ("blank", "indirect", "direct")


@dataclass(frozen=True)
class Sphere:
    """Reduced curves by name; ``raised`` has a sentence for each flag that they raise."""

    excitation_window: Window
    emission_window: Window
    spectra: Mapping[str, list[Recorded]]
    weighting: Weighting
    gain: float
    excitation: Mapping[str, Amount]
    emission: Mapping[str, Amount]
    raised: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """Curve whose excitation is the unit: the blank, or the first that there is."""
        return next(name for name in CURVES if self.excitation[name].value)

    def light(self) -> Light:
        """Photons as recorded."""
        return Light(
            {name: np.asarray(one.total) for name, one in self.excitation.items()},
            {name: np.asarray(one.total) for name, one in self.emission.items()},
        )

    def drawn(self, random: Draws) -> Light:
        """Photons that may have been there."""
        return Light(
            {name: random.amounts(one, 0) for name, one in self.excitation.items()},
            {name: random.amounts(one, 1) for name, one in self.emission.items()},
        )

    def emission_spectrum(self) -> tuple[Values, Values, Values]:
        """Emission of the direct curve without the blank's: nm, photons per nm and their noise."""
        at = channels(self.spectra["direct"])
        at = at[windows.inside(at, self.emission_window)]
        height = curves.spectrum(self.spectra["direct"], self.weighting, at)
        blank = curves.spectrum(self.spectra["blank"], self.weighting, at)
        light = self.light().excitation
        left = float(light["direct"] / light["blank"])
        height = height - np.where(np.isfinite(blank), left * blank, 0.0)
        weight = self.weighting.at(at)
        variance = max((one.noise_variance for one in self.spectra["direct"]), default=0.0)
        counts = np.maximum(windows.running_mean(height), 0.0) / weight
        return at, height, weight * np.sqrt(variance + self.gain * counts)


def channels(spectra: Sequence[Recorded]) -> Values:
    """Wavelengths of all spectra, rising, each once [nm]."""
    return np.unique(np.concatenate([one.wavelength for one in spectra] or [np.array([])]))


def find_windows(
    parts: Mapping[str, Sequence[Part]],
    told_nm: float | None,
    excitation_window: Sequence[float] | None,
    emission_window: Sequence[float] | None,
    half_widths: tuple[float, float],
) -> tuple[Window | None, Window | None]:
    """Windows of excitation and emission, as set or as found; None where nothing is found.

    Parameters
    ----------
    parts
        Spectra of each curve as recorded.
    told_nm
        Wavelength of the excitation [nm], where it is known.
    excitation_window, emission_window
        Windows that were set [nm].
    half_widths
        Reach of a window that is found to each side, in full widths at half maximum.

    Raises
    ------
    BatchError
        If a window that was set descends, or both overlap.
    """
    _refuse_bad(excitation_window, emission_window)
    lit = next((parts[name] for name in CURVES if parts[name]), [])
    first: Window | None = None
    if excitation_window is not None:
        first = (float(excitation_window[0]), float(excitation_window[1]))
    elif line := windows.excitation(lit, told_nm):
        first = _recorded_part(line.window(half_widths[0]), lit)
    if emission_window is not None:
        return first, (float(emission_window[0]), float(emission_window[1]))
    if first is None:
        return None, None
    emission = windows.emission(_without_blank(parts), first[1])
    if emission is None:
        return first, None
    low, high = _recorded_part(emission.window(half_widths[1]), parts["direct"])
    return first, (max(low, np.nextafter(first[1], np.inf)), high)


def reduced(
    parts: Mapping[str, Sequence[Part]],
    found: tuple[Window, Window],
    weighting: Weighting,
    dark_level: str,
) -> Sphere:
    """Subtract dark levels, estimate noise, and count photons in both windows.

    Parameters
    ----------
    parts
        Spectra of each curve as recorded.
    found
        Windows of excitation and emission [nm].
    weighting
        Photons per signal.
    dark_level
        ``estimated`` or ``subtracted``.
    """
    spectra = {
        name: [curves.recorded(part, found, dark_level) for part in some]
        for name, some in parts.items()
    }
    first, second = found
    gain = curves.counting_gain([*spectra["direct"], *spectra["indirect"]], second)
    every = [one for some in spectra.values() for one in some]
    amounts = []
    for window in found:
        widest = max((curves.span(one, window) for one in every), default=0.0)
        amounts.append(
            {n: curves.amount(some, window, weighting, gain, widest) for n, some in spectra.items()}
        )
    raised = {}
    if any(one.is_flat_topped for one in every):
        raised["saturated"] = "the detector is saturated: the top of a curve is flat"
    if any(np.isnan(one.dark_sd) for one in every):
        raised["no_dark_level"] = (
            "a spectrum has no channels without light to tell its dark level, and none was "
            "subtracted; record more on both sides, or set dark_level"
        )
    return Sphere(first, second, spectra, weighting, gain, amounts[0], amounts[1], raised)


def _refuse_bad(excitation: Sequence[float] | None, emission: Sequence[float] | None) -> None:
    for name, one in (("excitation_window_nm", excitation), ("emission_window_nm", emission)):
        if one is not None and not one[0] < one[1]:
            raise BatchError(f"plqy: {name} is {list(one)}; the second must be the larger")
    if excitation is None or emission is None:
        return
    if emission[0] <= excitation[1] and excitation[0] <= emission[1]:
        raise BatchError(
            f"plqy: excitation_window_nm {list(excitation)} and emission_window_nm "
            f"{list(emission)} overlap; light would count twice"
        )


def reduced_variables(sphere: Sphere, light: Light) -> dict[str, xr.DataArray]:
    """What the reduction found, as variables of the product."""
    unit = float(sphere.light().excitation[sphere.reference])
    at = channels([one for some in sphere.spectra.values() for one in some])
    spectrum = [curves.spectrum(sphere.spectra[name], sphere.weighting, at) for name in CURVES]
    first = {name: sphere.spectra[name][0] for name in CURVES if sphere.spectra[name]}
    level = [first[name].dark if name in first else np.nan for name in CURVES]
    noise = [first[name].noise_variance ** 0.5 if name in first else np.nan for name in CURVES]
    names = xr.DataArray(list(CURVES), dims="curve", attrs={"units": "1"})
    wavelength = xr.DataArray(at, dims="wavelength", attrs={"units": "nm"})
    edge = xr.DataArray(["start", "end"], dims="edge", attrs={"units": "1"})
    relative = {"units": "1", "relative_to": sphere.reference}

    def curve(values: Sequence[float], **attrs: str) -> xr.DataArray:
        return xr.DataArray(np.asarray(values, float), {"curve": names}, ("curve",), attrs=attrs)

    def window(values: Window) -> xr.DataArray:
        return xr.DataArray(np.array(values), {"edge": edge}, ("edge",), attrs={"units": "nm"})

    amounts = {"excitation": sphere.excitation, "emission": sphere.emission}
    drawn = {"excitation": light.excitation, "emission": light.emission}
    found: dict[str, xr.DataArray] = {}
    for name, some in amounts.items():
        totals = [some[one].total / unit for one in CURVES]
        sds = [float(np.std(drawn[name][one])) / unit for one in CURVES]
        found[f"{name}_photons"] = curve(totals, **relative)
        found[f"{name}_photons_uncertainty"] = curve(sds, units="1")
    return found | {
        "dark_level": curve(level, units="1"),
        "dark_noise": curve(noise, units="1"),
        "counting_gain": xr.DataArray(sphere.gain, attrs={"units": "1"}),
        "excitation_window": window(sphere.excitation_window),
        "emission_window": window(sphere.emission_window),
        "photon_spectrum": xr.DataArray(
            np.array(spectrum) / unit,
            {"curve": names, "wavelength": wavelength},
            ("curve", "wavelength"),
            attrs={"units": "nm-1", "relative_to": sphere.reference},
        ),
    }


def _recorded_part(window: Window, some: Sequence[Part]) -> Window:
    """What of a window was recorded, so that a response need not reach beyond."""
    low, high = window
    return max(low, min(one.wavelength[0] for one in some)), min(
        high, max(one.wavelength[-1] for one in some)
    )


def _without_blank(parts: Mapping[str, Sequence[Part]]) -> list[Part]:
    """Direct curve less the blank where both have the same channels: no foot of the excitation."""
    found = []
    for part in parts["direct"]:
        same = (one for one in parts["blank"] if np.array_equal(one.wavelength, part.wavelength))
        blank = next(same, None)
        signal = part.signal if blank is None else part.signal - blank.signal
        found.append(Part(part.wavelength, signal))
    return found
