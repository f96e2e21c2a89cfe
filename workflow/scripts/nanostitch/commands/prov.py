"""``nanostitch prov``: what made a batch, as a W3C PROV document."""

import argparse
import sys
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("prov", help="print what made a batch as W3C PROV")
    parser.add_argument("batch", type=Path, help="batch folder")
    parser.add_argument("--format", choices=("json", "provn"), default="json", help="default: json")
    parser.add_argument("--output", type=Path, help="file to write instead")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print or write the document."""
    from nanostitch import batch as batches
    from nanostitch.atomic import write_text
    from nanostitch.provenance import prov_export
    from nanostitch.provenance.crate import state

    batch = batches.load(options.batch, raw_files_exist=False)
    made = state.read(Path("results", batch.id))
    text = prov_export.text(prov_export.document(made, batch.about["creator"]), options.format)
    if options.output:
        write_text(options.output, text)
    else:
        sys.stdout.write(text)
    return 0
