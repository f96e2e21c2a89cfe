"""The commands of ``nanostitch``, one a module: its arguments and what it prints.

Each module has ``add_to(commands)``, which declares the command, and the function that runs it
and returns the exit code. What a command needs is imported when it runs, so that the others
start at once.
"""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command adds its parser: what ``ArgumentParser.add_subparsers`` returns."""
