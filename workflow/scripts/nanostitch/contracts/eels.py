"""Contracts of the steps from a spectrum to a band gap."""

from nanostitch.contracts import PLANE, VERDICT, Contract, Var, axis, with_interval

_SPECTRUM = ("...", "energy")
_PIXEL = ("...",)
_GAP = ("estimator", "...")

ALIGNED: Contract = {
    "counts": Var(_SPECTRUM, "1", "Spectrum with its zero-loss peak at 0 eV.", "any"),
    "zlp_offset": Var(
        _PIXEL,
        "eV",
        "Position of the zero-loss peak on the raw axis; NaN where there is none.",
        ancillary=("zlp_offset_uncertainty", "zlp_quality"),
    ),
    "zlp_offset_uncertainty": Var(_PIXEL, "eV", "Standard uncertainty of zlp_offset."),
    "zlp_fwhm": Var(_PIXEL, "eV", "Full width of the zero-loss peak at half its maximum."),
    "zlp_quality": Var(_PIXEL, "1", "What is wrong with the zero-loss peak.", "u2"),
    **axis("energy", "eV", "Energy loss, zero at the zero-loss peak."),
    **PLANE,
    **VERDICT,
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
    "tail_fraction": Var(
        _PIXEL, "1", "Removed part over the whole signal just above the tail window."
    ),
    **axis("energy", "eV", "Energy loss, zero at the zero-loss peak."),
    **PLANE,
    **VERDICT,
}
BAND_GAP: Contract = {
    **with_interval(
        "band_gap",
        Var(_GAP, "eV", "Band gap by each estimator.", ancillary=("band_gap_quality",)),
    ),
    "band_gap_quality": Var(_GAP, "1", "What limits or forbids the use of this gap.", "u2"),
    "estimator": Var(("estimator",), "1", "How the gap was read from the spectrum.", "U"),
    "derivative": Var(
        _SPECTRUM, "eV-1", "First derivative of the loss, the window is an attribute."
    ),
    "onset_model": Var(_SPECTRUM, "1", "Fitted onset (with its tail) by the best member."),
    **axis("energy", "eV", "Energy loss, zero at the zero-loss peak."),
    **PLANE,
    **VERDICT,
}
