"""Errors that a user can act on.

Each message names the file, the field, the value found and the remedy. The command line and
the job log print the message alone; anything else that is raised is a defect of nanostitch and
keeps its traceback.
"""


class NanostitchError(Exception):
    """Base of every error that its reader can mend."""


class BatchError(NanostitchError):
    """A batch folder (sheets, batch.yaml) or config.yaml does not say what it must."""


class FormatError(NanostitchError):
    """A raw file is not of a format that can be read, or is damaged."""


class CalibrationError(NanostitchError):
    """A raw file lacks a scale, a unit or a beam energy, and no sheet tells it."""


class ContractError(NanostitchError):
    """A product breaks the contract that its readers rely on."""
