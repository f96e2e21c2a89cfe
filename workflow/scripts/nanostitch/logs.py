"""What a job says while it runs, and how it says why it failed."""

import logging
import sys
from types import TracebackType

from nanostitch.errors import NanostitchError


def log_to(path: str) -> None:
    """Send log records, warnings and the end of the job to a file and to standard error.

    An error that the user can mend is logged as its message alone; any other keeps its
    traceback, because it is a defect.
    """
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    handlers: list[logging.Handler] = [file, logging.StreamHandler()]
    logging.basicConfig(level=logging.INFO, handlers=handlers, format="%(levelname)s: %(message)s")
    logging.captureWarnings(True)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    sys.excepthook = _log_error


def _log_error(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if isinstance(error, NanostitchError):
        logging.error("%s", error)
    else:
        logging.critical("defect in nanostitch", exc_info=(kind, error, traceback))
