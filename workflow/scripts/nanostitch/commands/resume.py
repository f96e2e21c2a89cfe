"""``nanostitch resume``: end what a killed run left behind, so that the next may continue it."""

import argparse
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("resume", help="end the processes and jobs of a killed run")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="where it was started")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print what was ended."""
    from nanostitch.cluster import runs

    if not runs.end_orphans(options.folder, say=print):
        print("nothing of a killed run is left")
    return 0
