"""Contract of the ledger of claims."""

from nanostitch.contracts import VERDICT, Contract, Var

_CLAIM = ("claim",)


def _of_claims(meaning: str, dtype: str = "U") -> Var:
    return Var(_CLAIM, "1", meaning, dtype)


CLAIMS: Contract = {
    "claim": _of_claims("Id of the claim."),
    "says": _of_claims("What is claimed."),
    "source": _of_claims("Where it is claimed."),
    "figure": _of_claims("Figure of the batch that shows it."),
    "panel": _of_claims("Letter of the panel."),
    "value": _of_claims("What was measured, in the unit of the row.", "f8"),
    "value_lower": _of_claims("Lower bound (95 %) of what was measured.", "f8"),
    "value_upper": _of_claims("Upper bound (95 %) of what was measured.", "f8"),
    "unit": _of_claims("Unit of the numbers of the row."),
    "samples": _of_claims("Samples behind it.", "i4"),
    "acquisitions": _of_claims("Acquisitions behind it.", "i4"),
    "objects": _of_claims("Particles or pixels behind it.", "i4"),
    "answer": _of_claims("Answer of the comparison."),
    "expected_answer": _of_claims("Answer that is claimed, with its margin; empty where none is."),
    "expected": _of_claims("Number that is claimed; NaN where none is.", "f8"),
    "expected_lower": _of_claims("Least that keeps the claim.", "f8"),
    "expected_upper": _of_claims("Most that keeps the claim.", "f8"),
    "outcome": _of_claims("How the claim and the measurement stand.", "i1"),
    "why": _of_claims("Why."),
    "note": _of_claims("What is unclear in the claim."),
    **VERDICT,
}
"""Every claim of a batch against its measurement."""
