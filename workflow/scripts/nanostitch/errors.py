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


class FetchError(NanostitchError):
    """A raw file cannot be brought from where the sheet says, or is another one there."""


class DiskError(NanostitchError):
    """A result cannot be written where it belongs."""


class ContractError(NanostitchError):
    """A product breaks the contract that its readers rely on."""


class ClusterError(NanostitchError):
    """A cluster does not answer, or the processes of a run cannot be told or ended."""
