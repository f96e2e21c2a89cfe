"""The command ``nanostitch``: what Snakemake does not do.

Exit codes: 0 fine, 1 found a problem, 2 misused.
"""

import argparse
import sys
from pathlib import Path

from nanostitch import __version__
from nanostitch.errors import NanostitchError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; print errors that the user can mend as their message alone."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except BrokenPipeError:
        sys.stderr.close()  # the reader, such as head, has enough
    except (NanostitchError, OSError) as error:
        print(error, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nanostitch", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="validate a batch and open each of its raw files")
    check.add_argument("batch", type=Path, help="batch folder")
    check.add_argument("--sheets-only", action="store_true", help="do not open the raw files")
    check.set_defaults(command=_check)

    draft = commands.add_parser("new-batch", help="draft the sheets for a folder of raw files")
    draft.add_argument("raw_dir", type=Path, help="folder of raw files")
    draft.add_argument("--output", type=Path, help="batch folder to make (default: RAW_DIR-batch)")
    draft.set_defaults(command=_new_batch)

    show = commands.add_parser("show", help="print what a raw file or a product holds")
    show.add_argument("file", type=Path, help="raw file, or product (.nc)")
    show.add_argument("--png", type=Path, help="also draw it to this PNG file")
    show.add_argument("--dataset", help="index or title of one dataset to draw")
    show.set_defaults(command=_show)

    portable = commands.add_parser("portable", help="copy a product for readers without its filter")
    portable.add_argument("file", help="product (.nc)")
    portable.add_argument("target", help="copy to write")
    portable.set_defaults(command=_portable)
    return parser


def _check(options: argparse.Namespace) -> int:
    from nanostitch import survey

    problems = survey.check(options.batch, open_raw_files=not options.sheets_only)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{options.batch}: fine")
    return int(bool(problems))


def _new_batch(options: argparse.Namespace) -> int:
    from nanostitch import survey

    folder = options.output or options.raw_dir.with_name(f"{options.raw_dir.resolve().name}-batch")
    left_out = survey.draft(options.raw_dir, folder)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    print(f"{folder}: drafted; name samples and conditions, then: nanostitch check {folder}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from nanostitch import show

    print(show.describe(options.file))
    if options.png:
        show.draw(options.file, options.png, options.dataset)
        print(f"drawn: {options.png}")
    return 0


def _portable(options: argparse.Namespace) -> int:
    from nanostitch import store

    store.copy_portable(options.file, options.target)
    print(f"{options.target}: compressed by zlib, which every netCDF-4 reader has")
    return 0
