"""What was found wrong with results: one line each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was written.

    ``what`` is one of: altered data, altered metadata, altered, missing, unrecorded, forged,
    unlisted record, swapped, stale, other result.
    """

    what: str
    file: str
    said: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.file}: {self.said}; {self.remedy}"


@dataclass(frozen=True)
class Verdict:
    """Outcome of a check: problems, what could not be checked, and how much was."""

    problems: tuple[Finding, ...]
    notes: tuple[str, ...]
    files: int
    records: int
    raw: int
