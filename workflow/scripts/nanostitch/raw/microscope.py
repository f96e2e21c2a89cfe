"""Formats that RosettaSciIO reads: its plug-ins are called directly, one format at a time."""

import contextlib
import importlib
import logging
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.errors import FormatError, NanostitchError

from . import guard, memory, metadata
from .companions import companions
from .model import Axis, Signal
from .units import ev_per, tidy

# Format: plug-in, and the suffix under which the plug-in knows the format where it looks at it.
_PLUGINS: dict[str, tuple[str, str]] = {
    "dm": ("digitalmicrograph", ""),
    "emd": ("emd", ""),
    "hspy": ("hspy", ""),
    "zspy": ("zspy", ""),
    "nexus": ("nexus", ""),
    "tiff": ("tiff", ""),
    "mrc": ("mrc", ""),
    "ser": ("tia", ".ser"),
    "emi": ("tia", ".emi"),
    "bcf": ("bruker", ".bcf"),
    "spx": ("bruker", ".spx"),
    "spc": ("edax", ".spc"),
    "spd": ("edax", ".spd"),
    "asw": ("jeol", ".asw"),
    "pts": ("jeol", ".pts"),
    "img": ("jeol", ".img"),
    "map": ("jeol", ".map"),
    "eds": ("jeol", ".eds"),
    "rpl": ("ripple", ".rpl"),
    "labspec": ("jobinyvon", ".xml"),
    "hamamatsu": ("hamamatsu", ""),
}
# Its compiled part reads and writes out of bounds where a file is damaged.
_CRASHING = {"bcf"}
REHEARSAL = "import sys, importlib; importlib.import_module(sys.argv[1]).file_reader(sys.argv[2])"
"""Program of the process that reads such a file first."""
_REHEARSAL_SECONDS = 1800
_LOST_TAG = "invalid value offset"
_PHOTOMETRIC, _MIN_IS_WHITE = "PhotometricInterpretation", 0
_STORED = (
    "the TIFF is marked MINISWHITE (small values shown bright): the stored values are kept, not "
    "inverted"
)
_LOGGERS = ("rsciio", "tifffile")
# Berkeley EMD keeps SI units and has no mapping of its own.
_BERKELEY: dict[str, tuple[str, Callable[[Any], Any] | None]] = {
    "microscope.high tension": ("Acquisition_instrument.TEM.beam_energy", lambda v: v / 1e3),
    "microscope.convergence angle": (
        "Acquisition_instrument.TEM.convergence_angle",
        lambda v: v * 1e3,
    ),
    "microscope.dwell time": ("Acquisition_instrument.TEM.dwell_time", None),
    "microscope.name": ("Acquisition_instrument.TEM.microscope", None),
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "nexus": {"nxdata_only": True},
    # The plug-in's own choice, 8 bits, ends at 254 counts in a channel.
    "pts": {"SI_dtype": np.uint16},
    "asw": {"SI_dtype": np.uint16},
}


def read(path: Path, format_name: str) -> tuple[list[Signal], list[str]]:
    """Datasets of a file, and what its library complained of.

    Raises
    ------
    FormatError
        If the library cannot read the file, whatever it raises.
    """
    plugin, suffix = _PLUGINS[format_name]
    complaints: list[str] = []
    with _collected(complaints, path), _staged(path, suffix) as readable:
        try:
            with memory.bounded(path):
                found = _found(path, format_name, readable)
                signals = [_signal(path, item, complaints) for item in found if "data" in item]
            if plugin == "tia":
                signals = [_origin_in_nm(signal) for signal in signals]
        except NanostitchError:
            raise
        except ModuleNotFoundError as error:
            raise FormatError(
                f"{path}: {format_name} files are read with the package {error.name}, which is "
                "not installed; install it or export the data in another format"
            ) from error
        except Exception as error:  # whatever a damaged file makes the library stumble over
            reason = _without_paths(f"{type(error).__name__}: {error}", path)
            raise FormatError(f"{path}: cannot be read as {format_name} ({reason})") from error
    if any(_LOST_TAG in complaint for complaint in complaints):
        raise FormatError(f"{path}: a tag of this TIFF lies outside the file; is it truncated?")
    return [frame for signal in signals for frame in _frames(signal)], complaints


def _found(path: Path, format_name: str, readable: Path) -> list[dict[str, Any]]:
    """What the library finds in a file that was checked."""
    guard.check(path, format_name)
    if format_name in _CRASHING:
        _rehearse(path, format_name, readable)
    reader = importlib.import_module(f"rsciio.{_PLUGINS[format_name][0]}").file_reader
    found: list[dict[str, Any]] = reader(str(readable), **_OPTIONS.get(format_name, {}))
    return found


def _rehearse(path: Path, format_name: str, readable: Path) -> None:
    """Read the file once in a process of its own, which a damaged file may kill."""
    plugin = f"rsciio.{_PLUGINS[format_name][0]}"
    command = [sys.executable, "-c", REHEARSAL, plugin, str(readable)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_REHEARSAL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FormatError(f"{path}: reading it as {format_name} does not end") from error
    if done.returncode < 0:
        raise FormatError(f"{path}: damaged {format_name} file (its reader crashes on it)")


@contextlib.contextmanager
def _staged(path: Path, suffix: str) -> Iterator[Path]:
    """Give the file a name that its plug-in can work with.

    Some plug-ins choose by suffix and look for neighbours with a glob pattern, which brackets
    in a name break. They are given links with plain names in a temporary folder.
    """
    plain = path.suffix.lower() == suffix and not set("[]*?") & set(str(path))
    if not suffix or plain:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        for source in (path, *companions(path)):
            tail = source.name.removeprefix(path.stem)
            name = f"raw{suffix}" if source == path else f"raw{tail}"
            _link(source.resolve(), Path(folder) / name)
        yield Path(folder) / f"raw{suffix}"


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:  # a system without symbolic links
        shutil.copyfile(source, target)


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def _collected(complaints: list[str], path: Path) -> Iterator[None]:
    """Collect what the library warns of or logs, instead of letting it print."""
    importlib.import_module("rsciio")
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    messages: list[str] = []
    for logger in loggers:
        logger.handlers, logger.propagate = [_Collector(messages)], False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
        messages += [str(item.message) for item in caught]
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
    complaints += [_without_paths(message, path) for message in messages]


def _without_paths(message: str, path: Path) -> str:
    for folder in (str(path.resolve().parent), str(path.parent)):
        if len(folder) > 1:
            message = message.replace(folder + "/", "")
    return " ".join(message.split())


def _signal(path: Path, item: Mapping[str, Any], complaints: list[str]) -> Signal:
    tree = dict(item.get("metadata") or {})
    original = item.get("original_metadata") or {}
    mapping = (item.get("mapping") or {}) | (_BERKELEY if "EMD_version" in original else {})
    complaints += metadata.apply_mapping(tree, original, mapping)
    if metadata.number(original.get(_PHOTOMETRIC)) == _MIN_IS_WHITE:
        complaints.append(_STORED)
    data = np.asarray(item["data"])
    _check_sizes(path, data.shape, item["axes"], original)
    axes = tuple(_axis(axis, size) for axis, size in zip(item["axes"], data.shape, strict=True))
    general, signal = tree.get("General") or {}, tree.get("Signal") or {}
    return Signal(
        data=data,
        axes=axes,
        title=str(general.get("title") or ""),
        signal_type=str(signal.get("signal_type") or ""),
        metadata=metadata.flat(tree),
        original=original,
    )


def _check_sizes(
    path: Path,
    shape: tuple[int, ...],
    axes: Sequence[Mapping[str, Any]],
    original: Mapping[str, Any],
) -> None:
    """Refuse data shorter than the header states: the file was truncated."""
    stated = tuple(int(axis["size"]) for axis in axes if axis.get("size") is not None)
    channels = metadata.number(metadata.lookup(original, "spc_header.numPts"))
    if channels is not None:
        stated = (*stated[:-1], int(channels))
    if len(stated) == len(shape) and stated != shape:
        raise FormatError(f"{path}: states shape {stated}, holds {shape}; is it truncated?")


def _axis(axis: Mapping[str, Any], size: int) -> Axis:
    values = axis.get("axis")
    return Axis(
        name=str(axis.get("name") or ""),
        size=int(size),
        scale=float(axis.get("scale", np.nan)),
        offset=float(axis.get("offset", np.nan)),
        units=tidy(axis.get("units")),
        navigate=bool(axis.get("navigate")),
        values=None if values is None else np.asarray(values, dtype=float),
    )


def _origin_in_nm(signal: Signal) -> Signal:
    """TIA axes whose origin the library left in metres when it put their scale into nm.

    TIA puts the origin near the middle of the scan: it is no millionth of a pixel.
    """
    axes = tuple(
        replace(axis, offset=axis.offset * 1e9)
        if axis.units == "nm" and 0 < abs(axis.offset) < 1e-6 * abs(axis.scale)
        else axis
        for axis in signal.axes
    )
    return replace(signal, axes=axes)


def _frames(signal: Signal) -> Iterator[Signal]:
    """Each image of a stack as a dataset of its own; anything else, spectrum images too, whole."""
    navigate = [axis.navigate for axis in signal.axes]
    spectral = any(ev_per(axis.units) is not None for axis in signal.axes)
    if navigate != [True, False, False] or spectral:
        yield signal
        return
    for index, frame in enumerate(signal.data):
        title = f"{signal.title} [{index}]".strip()
        yield Signal(
            frame, signal.axes[1:], title, signal.signal_type, signal.metadata, signal.original
        )
