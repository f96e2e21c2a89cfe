"""``nanostitch verify``: whether results are still what was made from what is there."""

import argparse
import sys
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("verify", help="check that results are what was made, and current")
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders (default: results/*)"
    )
    parser.add_argument(
        "--rerun", action="store_true", help="also make them again elsewhere and compare"
    )
    parser.add_argument(
        "--allowed-signers", type=Path, metavar="FILE", help="keys whose signature is trusted"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print one line for each problem, then how much was checked."""
    from nanostitch.provenance.checks import verify

    failed = False
    for state, paths in verify.batches(options.paths):
        verdict = verify.verify(state, paths, options.allowed_signers)
        problems, notes = list(verdict.problems), list(verdict.notes)
        if options.rerun:
            from nanostitch.provenance.checks import rerun

            again = rerun.compare(state, paths)
            problems += again.problems
            notes += again.notes
        for problem in problems:
            print(problem, file=sys.stderr)
        for note in notes:
            print(f"note: {note}")
        counts = f"{verdict.files} files, {verdict.records} records, {verdict.raw} raw files"
        print(f"{state.batch}: {counts}: {f'{len(problems)} problems' if problems else 'fine'}")
        failed |= bool(problems)
    return int(failed)
