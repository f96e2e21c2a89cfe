"""``nanostitch check``: validate a batch and open each of its raw files."""

import argparse
import sys
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("check", help="validate a batch and open each of its raw files")
    parser.add_argument("batch", type=Path, help="batch folder")
    parser.add_argument("--sheets-only", action="store_true", help="do not open the raw files")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print every problem of the batch."""
    from nanostitch import survey

    problems = survey.check(options.batch, open_raw_files=not options.sheets_only)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{options.batch}: fine")
    return int(bool(problems))
