"""``nanostitch portable``: copy a product for readers that lack its compression filter."""

import argparse

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("portable", help="copy a product for readers without its filter")
    parser.add_argument("file", help="product (.nc)")
    parser.add_argument("target", help="copy to write")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write the copy."""
    from nanostitch import store

    store.copy_portable(options.file, options.target)
    print(f"{options.target}: compressed by zlib, which every netCDF-4 reader has")
    return 0
