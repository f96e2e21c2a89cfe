"""Contract of what groups of acquisitions tell."""

from nanostitch.contracts import ANY_UNIT, VERDICT, Contract, Var, with_interval

_CONTRAST, _GROUP, _SEEN = ("contrast",), ("group",), ("seen",)

COMPARISON: Contract = {
    "contrast": Var(_CONTRAST, "1", "Which group against which.", "U"),
    **with_interval(
        "effect", Var(_CONTRAST, ANY_UNIT, "Difference, ratio or slope over means of samples.")
    ),
    **with_interval(
        "mixed_effect",
        Var(_CONTRAST, ANY_UNIT, "The same by a linear mixed model of acquisitions."),
    ),
    **with_interval(
        "bootstrap_effect",
        Var(_CONTRAST, ANY_UNIT, "The same with the error of a bootstrap of samples."),
    ),
    "p_value": Var(_CONTRAST, "1", "Two-sided p value of no effect, of this question alone."),
    "degrees_of_freedom": Var(_CONTRAST, "1", "Of the interval of effect."),
    "hedges_g": Var(_CONTRAST, "1", "Effect over the scatter of samples, corrected for few."),
    "cliff_delta": Var(_CONTRAST, "1", "Share of pairs of samples that rise less that fall."),
    "smallest_effect": Var(_CONTRAST, ANY_UNIT, "Smallest effect seen four times in five."),
    "samples_needed": Var(
        _CONTRAST, "1", "Samples a group to see the margin, else this effect, four times in five."
    ),
    "answer": Var(_CONTRAST, "1", "Answer to the question, in one word.", "i1"),
    "group": Var(_GROUP, "1", "Label of the group.", "U"),
    **with_interval(
        "group_mean", Var(_GROUP, ANY_UNIT, "Mean over samples; of a ratio the geometric.")
    ),
    "samples": Var(_GROUP, "1", "Samples used.", "i4"),
    "acquisitions": Var(_GROUP, "1", "Acquisitions used.", "i4"),
    "objects": Var(_GROUP, "1", "Particles or pixels behind them.", "i4"),
    "group_at": Var(_GROUP, "1", "Value of the column that a trend goes along."),
    "seen_acquisition": Var(_SEEN, "1", "Every acquisition that was looked at.", "U"),
    "seen_sample": Var(_SEEN, "1", "Its sample.", "U"),
    "seen_group": Var(_SEEN, "1", "Number of its group.", "i4"),
    "seen_value": Var(_SEEN, ANY_UNIT, "What it says of the measure."),
    "seen_lower": Var(_SEEN, ANY_UNIT, "Lower bound (95 %) of the same, where it has one."),
    "seen_upper": Var(_SEEN, ANY_UNIT, "Upper bound (95 %) of the same, where it has one."),
    "seen_objects": Var(_SEEN, "1", "Particles or pixels that it is the mean of.", "i4"),
    "seen_verdict": Var(_SEEN, "1", "Verdict of its product: 0 good, 1 doubtful, 2 bad.", "i1"),
    "seen_why_not": Var(_SEEN, "1", "Why it is left out; empty where it is used.", "U"),
    **VERDICT,
}
"""One question about groups of acquisitions."""
