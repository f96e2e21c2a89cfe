"""``nanostitch report``: one offline page of what a run made, and from what."""

import argparse
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("report", help="make the page of a batch, finished or not")
    parser.add_argument("batch", help="its id, or its folder of results")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write the page and say where it lies and how large it is."""
    from nanostitch import report

    folder = Path(options.batch)
    if not (folder / "plan").is_dir():
        folder = Path("results", folder.name)
    page = report.make(folder)
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB, opens from disk in any browser")
    return 0
