"""``nanostitch crate``: pack a batch with its provenance, to deposit or to run elsewhere."""

import argparse
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("crate", help="pack a finished batch with its provenance")
    parser.add_argument("batch", type=Path, help="batch folder")
    parser.add_argument("--output", type=Path, help="zip to write (default: BATCH.crate.zip)")
    parser.add_argument(
        "--without-raw",
        action="store_true",
        help="leave measured raw files out",
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write the crate and say what is in it."""
    from nanostitch import batch as batches
    from nanostitch.provenance import crate

    batch = batches.load(options.batch)
    target = options.output or Path(f"{batch.id}.crate.zip")
    packed = crate.build(batch, target, with_raw=not options.without_raw)
    counted = f"{packed.files} files, {packed.raw_files} of them raw; {packed.jobs} recorded jobs"
    print(f"{target}: {counted}")
    return 0
