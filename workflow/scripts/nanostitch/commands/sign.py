"""``nanostitch sign``: sign the ledger of a batch, so that strangers can trust its results."""

import argparse
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("sign", help="sign the ledger of a batch with an SSH key")
    parser.add_argument("batch", help="id of the batch, or its results folder")
    parser.add_argument("--key", type=Path, required=True, help="SSH key to sign with")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write the signature and name its file."""
    from nanostitch.provenance.checks import signature

    given = Path(options.batch)
    folder = given if len(given.parts) > 1 else Path("results") / given
    print(f"signed: {signature.sign(folder, options.key)}")
    return 0
