"""``nanostitch show``: print what a raw file or a product holds, and draw it."""

import argparse
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("show", help="print what a raw file or a product holds")
    parser.add_argument("file", type=Path, help="raw file, or product (.nc)")
    parser.add_argument("--png", type=Path, help="also draw it to this PNG file")
    parser.add_argument("--dataset", help="index or title of one dataset to draw")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print the file's content and draw it where a picture was asked for."""
    from nanostitch import show

    print(show.describe(options.file))
    if options.png:
        show.draw(options.file, options.png, options.dataset)
        print(f"drawn: {options.png}")
    return 0
