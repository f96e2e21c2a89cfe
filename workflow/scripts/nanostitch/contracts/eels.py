"""Contracts of the steps from a spectrum to a band gap.

Numbers are kept for every pixel, spectra for every region: the whole field (``all``) and those
that the sheet names. Pixel spectra stay in ``raw.nc``; ``aligned.nc`` says how to move them and
which channels are spikes, so that no resampling blurs their counting statistics.
"""

from nanostitch.contracts import PLANE, VERDICT, Contract, Var, axis, with_interval

_SPECTRUM = ("region", "energy")
_REGION = ("region",)
_PIXEL = ("...",)
_GAP = ("estimator", "...")
_REGION_GAP = ("estimator", "region")

_AXES: Contract = {
    **axis("energy", "eV", "Energy loss, zero at the zero-loss peak."),
    "region": Var(_REGION, "1", "Part of the field: all, or one that the sheet names.", "U"),
    **PLANE,
    **VERDICT,
}
ALIGNED: Contract = {
    "counts": Var(
        _SPECTRUM,
        "1",
        "Sum of the spectra of a region, without their spikes, each with its zero-loss peak at "
        "0 eV.",
        "any",
    ),
    "spectra": Var(_REGION, "1", "How many spectra were added up.", "i4"),
    "in_region": Var(("region", "..."), "1", "1 where a pixel belongs to the region.", "i1"),
    "region_zlp_fwhm": Var(
        _REGION, "eV", "Full width at half maximum of the zero-loss peak in counts."
    ),
    "region_gain_spread": Var(
        _REGION, "1", "Relative standard deviation of counts beyond their noise: fixed pattern."
    ),
    "noise_factor": Var(
        (), "1", "Variance of a channel of a pixel over its counts: 1 if a count is an electron."
    ),
    "read_noise": Var((), "1", "Standard deviation of a channel of a pixel without any counts."),
    "gain_spread": Var(
        (), "1", "Relative standard deviation by the fixed pattern of the camera, in pixels."
    ),
    "zlp_offset": Var(
        _PIXEL,
        "eV",
        "Position of the zero-loss peak on the raw axis; NaN where there is none.",
        ancillary=("zlp_offset_uncertainty", "zlp_quality"),
    ),
    "zlp_offset_uncertainty": Var(_PIXEL, "eV", "Standard uncertainty of zlp_offset."),
    "zlp_drift": Var(_PIXEL, "eV", "Smooth part of zlp_offset over the scan: drift."),
    "zlp_fwhm": Var(_PIXEL, "eV", "Full width of the zero-loss peak at half its maximum."),
    "zlp_fwtm": Var(_PIXEL, "eV", "Full width of the zero-loss peak at a tenth of its maximum."),
    "zero_loss_counts": Var(_PIXEL, "1", "Counts within three full widths of zlp_offset."),
    "zlp_quality": Var(_PIXEL, "1", "What is wrong with the zero-loss peak.", "u2"),
    "dose": Var(
        _PIXEL,
        "nm-2",
        "Electrons per area, where current and time are told.",
        "f8",
        (),
        optional=True,
    ),
    "spike_count": Var(_PIXEL, "1", "Channels that were spikes and were replaced.", "i4"),
    "spike_pixel": Var(("spike",), "1", "Pixel of each spike, counted along x, then y.", "i4"),
    "spike_channel": Var(("spike",), "1", "Its channel on the raw axis, from 0.", "i4"),
    "spike_replacement": Var(("spike",), "1", "Counts that stand in for those recorded."),
    **_AXES,
}
LOSS: Contract = {
    "loss": Var(
        _SPECTRUM,
        "1",
        "Spectrum with the zero-loss peak removed.",
        ancillary=("loss_uncertainty",),
    ),
    "loss_uncertainty": Var(
        _SPECTRUM, "1", "Standard uncertainty of loss: counting noise, also of the removed part."
    ),
    "zero_loss": Var(_SPECTRUM, "1", "The part that was removed."),
    "region_tail_fraction": Var(
        _REGION, "1", "Removed part over the whole signal just above the tail window."
    ),
    "tail_fraction": Var(_PIXEL, "1", "The same of each pixel."),
    **with_interval(
        "relative_thickness",
        Var(_PIXEL, "1", "Thickness over the mean free path of inelastic scattering (log-ratio)."),
    ),
    **_AXES,
}
BAND_GAP: Contract = {
    **with_interval(
        "band_gap",
        Var(_GAP, "eV", "Band gap by each estimator.", ancillary=("band_gap_quality",)),
    ),
    "band_gap_quality": Var(_GAP, "1", "What limits or forbids the use of this gap.", "u2"),
    **with_interval(
        "region_band_gap",
        Var(_REGION_GAP, "eV", "Band gap of each region.", ancillary=("region_quality",)),
    ),
    "region_quality": Var(_REGION_GAP, "1", "What limits or forbids the use of it.", "u2"),
    **with_interval(
        "loss_inflection",
        Var(_PIXEL, "eV", "Maximum of the smoothed first derivative, as it is."),
    ),
    **with_interval("region_inflection", Var(_REGION, "eV", "The same of each region.")),
    **axis("sweep_window", "eV", "Width of the smoothing window in a sweep."),
    "sweep_inflection": Var(
        ("region", "sweep_window"), "eV", "Inflection of each region by the smoothing window."
    ),
    **with_interval(
        "sweep_gap",
        Var(("region", "sweep_window"), "eV", "Gap from it, corrected for that window."),
    ),
    "member": Var(("member",), "1", "Tail model, window and onset of a fit.", "U"),
    "member_gap": Var(("member", "region"), "eV", "Band gap by each fit of the ensemble."),
    "member_uncertainty": Var(("member", "region"), "eV", "Its standard uncertainty (counting)."),
    "member_weight": Var(("member", "region"), "1", "Its share of the probability."),
    "sub_gap_limit": Var(
        _REGION,
        "1",
        "Upper limit (95 %) of the signal below the gap beyond the tail, as a share of the loss "
        "in a window of equal width above the gap.",
    ),
    "estimator": Var(("estimator",), "1", "How the gap was read from the spectrum.", "U"),
    "derivative": Var(
        _SPECTRUM, "eV-1", "First derivative of the loss, the window is an attribute."
    ),
    "onset_model": Var(_SPECTRUM, "1", "Fitted onset (with its tail) by the best member."),
    **_AXES,
}
DIELECTRIC: Contract = {
    "single_scattering": Var(
        _SPECTRUM, "1", "Loss by single scattering (Fourier-log), zero where no loss is told apart."
    ),
    "sharpened": Var(
        _SPECTRUM, "1", "Counts sharpened (Richardson-Lucy) by the region's own zero-loss peak."
    ),
    "permittivity_real": Var(_SPECTRUM, "1", "Real part of the relative permittivity."),
    "permittivity_imag": Var(_SPECTRUM, "1", "Imaginary part of the relative permittivity."),
    "dielectric_quality": Var(_REGION, "1", "What limits or forbids its use.", "u2"),
    **with_interval(
        "region_relative_thickness",
        Var(_REGION, "1", "Thickness over the mean free path of inelastic scattering (log-ratio)."),
    ),
    **with_interval(
        "specimen_thickness",
        Var(
            _REGION,
            "nm",
            "Thickness of all matter in the beam, support included, as if it were the specimen "
            "(Kramers-Kronig sum rule).",
            ancillary=("dielectric_quality",),
        ),
    ),
    **_AXES,
}
BOUNDARY: Contract = {
    **axis("distance", "nm", "Distance along the line from the boundary."),
    **with_interval("line_gap", Var(("distance",), "eV", "Band gap along the line.")),
    **with_interval(
        "gap_difference",
        Var((), "eV", "Gap within the delocalisation length of the boundary less that beyond."),
    ),
    **with_interval(
        "side_difference", Var((), "eV", "Gap beyond it on the right less that on the left.")
    ),
    "delocalisation_length": Var((), "nm", "Diameter that holds half of the scattering (L50)."),
    "margin": Var((), "eV", "Largest difference that counts as none."),
    "equivalence_p": Var((), "1", "p-value of the test that the difference exceeds the margin."),
    "smallest_effect": Var(
        (), "eV", "Smallest difference that would have been seen with power 0.8."
    ),
    "smallest_local_effect": Var(
        (), "eV", "Smallest change of the gap in a boundary of the width told in its attribute."
    ),
    **with_interval(
        "sub_gap_excess",
        Var(
            (),
            "1",
            "Signal below the gap at the boundary less that beyond, as a share of the "
            "loss above the gap.",
        ),
    ),
    **VERDICT,
}
