"""Tables and times that a run leaves beside its products, as they are read back."""

import csv
from pathlib import Path

from nanostitch.quality import LEVELS


def rows(table: Path) -> list[dict[str, str]]:
    """Rows of a tab-separated table with a header; a cell that a short row lacks is empty."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", restval=""))


def verdicts(table: Path) -> dict[str, tuple[str, str]]:
    """Worst verdict of each acquisition that a table lists, with its reasons.

    Empty for a table of something else.
    """
    found: dict[str, tuple[str, str]] = {}
    for row in rows(table):
        if "acquisition" not in row or row.get("verdict") not in LEVELS:
            continue
        before, _ = found.get(row["acquisition"], ("", ""))
        if not before or LEVELS.index(row["verdict"]) > LEVELS.index(before):
            found[row["acquisition"]] = row["verdict"], row.get("reasons", "")
    return found


def benchmarks(folder: Path) -> list[Path]:
    """Files with the times of the jobs of a batch that ended well, sorted.

    Parameters
    ----------
    folder
        Results of the batch, such as ``results/paper``.
    """
    return sorted((folder / "benchmarks").rglob("*.tsv"))


def times(benchmark: Path) -> list[tuple[float, float]]:
    """Wall and processor time of each run of a job [s]; 0 where Snakemake could not take it."""
    return [
        (_seconds(row.get("s", "")), _seconds(row.get("cpu_time", ""))) for row in rows(benchmark)
    ]


def rule(file: Path, folder: Path) -> str:
    """Rule to which a log or benchmark file belongs, given the folder of all of them."""
    return file.relative_to(folder).with_suffix("").parts[0]


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
