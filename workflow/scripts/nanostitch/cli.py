"""The command ``nanostitch``: what Snakemake does not do.

Exit codes: 0 fine, 1 found a problem, 2 misused.
"""

import argparse
import sys

from nanostitch import __version__
from nanostitch.commands import (
    check,
    crate,
    diff,
    new_batch,
    portable,
    preflight,
    prov,
    report,
    resume,
    show,
    sign,
    trace,
    verify,
)
from nanostitch.errors import NanostitchError

COMMANDS = (
    check,
    new_batch,
    show,
    portable,
    preflight,
    resume,
    trace,
    verify,
    diff,
    sign,
    crate,
    prov,
    report,
)
"""The modules of the commands, in the order of the help text."""

_INTERRUPTED = 130
"""Exit code of a program that SIGINT ended, as shells have it."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; print errors that the user can mend as their message alone."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except BrokenPipeError:
        sys.stderr.close()  # the reader, such as head, has enough
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (NanostitchError, OSError) as error:
        if options.debug:
            raise
        print(error, file=sys.stderr)
    except Exception as error:
        if options.debug:
            raise
        print(_defect(error), file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nanostitch", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--debug", action="store_true", help="show where an error arose")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_to(commands)
    return parser


def _defect(error: Exception) -> str:
    kind, message = type(error).__name__, " ".join(str(error).split())
    return (
        f"a defect of nanostitch, not of your data: {kind}: {message}; "
        "nanostitch --debug COMMAND … shows where, please report it"
    )
