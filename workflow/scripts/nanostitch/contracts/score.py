"""Contract of results held against the truth behind simulated raw files."""

from nanostitch.contracts import Contract, Var

_ROW = ("row",)

SCORE: Contract = {
    "measure": Var(_ROW, "1", "Name of the measured number.", "U"),
    "technique": Var(_ROW, "1", "Technique that measured it.", "U"),
    "estimator": Var(
        _ROW, "1", "How, or of which element or line, where a measure has several.", "U"
    ),
    "acquisition": Var(_ROW, "1", "Acquisition that it was measured on.", "U"),
    "sample": Var(_ROW, "1", "Sample of the acquisition.", "U"),
    "condition": Var(_ROW, "1", "Condition of the acquisition.", "U"),
    "condition_label": Var(_ROW, "1", "What figures call the condition.", "U"),
    "unit": Var(_ROW, "1", "Unit of the next four.", "U"),
    "true": Var(_ROW, "1", "Truth behind the raw file, in unit."),
    "recovered": Var(_ROW, "1", "Measured value, in unit; NaN where refused."),
    "lower": Var(_ROW, "1", "Lower bound of its 95 % interval, in unit."),
    "upper": Var(_ROW, "1", "Upper bound of its 95 % interval, in unit."),
    "held": Var(_ROW, "1", "1 where the interval holds the truth.", "i1"),
    "verdict": Var(_ROW, "1", "Whether a comparison may use the product.", "i1"),
}
