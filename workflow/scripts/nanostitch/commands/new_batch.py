"""``nanostitch new-batch``: draft the sheets for a folder of raw files."""

import argparse
import sys
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("new-batch", help="draft the sheets for a folder of raw files")
    parser.add_argument("raw_dir", type=Path, help="folder of raw files")
    parser.add_argument("--output", type=Path, help="batch folder to make (default: RAW_DIR-batch)")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write the batch folder and name the files that were left out."""
    from nanostitch import survey

    folder = options.output or options.raw_dir.with_name(f"{options.raw_dir.resolve().name}-batch")
    left_out = survey.draft(options.raw_dir, folder)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    print(f"{folder}: drafted; name samples and conditions, then: nanostitch check {folder}")
    return 0
