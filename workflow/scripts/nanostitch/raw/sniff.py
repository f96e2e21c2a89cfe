"""Which format a file has: by its content, and by its name only where a format has no mark."""

import codecs
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from nanostitch.errors import FormatError

from . import formats, marks

SUPPORTED = (
    "Gatan dm3/dm4, Velox and Berkeley emd, TIA emi/ser, EMSA/MAS msa, HyperSpy hspy/zspy, "
    "NeXus nxs, Bruker bcf/spx, EDAX spc/spd, JEOL asw/pts/img/map/eds, Ripple rpl, MRC, "
    "Hamamatsu img, tif, png, jpg, bmp; tables as text: "
    + ", ".join(one.vendor for one in formats.FORMATS)
    + ", any whose headings name its columns and their units, and one or two columns of numbers"
)

_HEAD_BYTES = 4096
_MAGIC = (
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"BM", "image"),
    (b"AAMVHFSS", "bcf"),
    (b"II\x97\x01", "ser"),
    (b"JK\x00\x02", "emi"),
    (b"MAPSPECTRA_DATA", "spd"),
    (b"\x30\x01\x00\x00PTTDFILE", "pts"),
    (b"\x34\x00\x00\x00", "jeol-image"),
    (b"PK\x03\x04", "zip"),
    (b"TDSm", "tdms"),
)
_ARCHIVES = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-zip"),
    (b"Rar!", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_CLOSED = (
    (
        (),
        (".nox",),
        "is a procedure of NOVA, whose format is not public; open it there, select the FRA or the "
        "sweep, and export it (Export ASCII data) with Frequency, Z', -Z'' or WE(1).Potential, "
        "WE(1).Current and Time as .txt",
    ),
    (
        (b"BIO-LOGIC MODULAR FILE",),
        (".mpr",),
        "is a BioLogic binary file, whose format is not public; open it in EC-Lab and export it "
        "(Experiment, Export as text) as .mpt with freq/Hz, Re(Z)/Ohm and -Im(Z)/Ohm",
    ),
    (
        (b"CPYA", b"CPYUA"),
        (".opj", ".opju"),
        "is an Origin project, as FluorEssence saves them, whose format is not public; open it "
        "there, select the worksheet of the spectrum with its long names and units, and export it "
        "(File, Export, ASCII) as .dat or .csv",
    ),
)
"""Marks and suffixes of formats that only their vendor reads, and how to export from them."""
_TEXT_SUFFIXES = {"", ".txt", ".csv", ".tsv", ".dat", ".asc", ".xy", ".prn"}
_EDAX_SPC_VERSIONS = (b"\xf6\x28\x1c\x3f", b"\x33\x33\x33\x3f")  # 0.61 and 0.70 as float32
_MRC_HEADER_BYTES = 1024


def format_of(path: Path) -> str:
    """Name of the format of a raw file.

    Raises
    ------
    FormatError
        If there is no such file, it is empty, an archive, or of a format without reader.
    """
    if path.is_dir():
        return _format_of_folder(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise FormatError(f"{path}: cannot be opened ({error.strerror})") from error
    if not head:
        raise FormatError(f"{path}: the file is empty; copy it again from the instrument")
    _refuse_archive(path, head)
    _refuse_closed(path, head)
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return _refine(path, name)
    found = _digital_micrograph(head) or _by_header(path, head) or _text(path, head)
    if found is None:
        raise FormatError(
            f"{path}: the content is of no format that can be read. Supported: {SUPPORTED}"
        )
    return found


def _format_of_folder(path: Path) -> str:
    if (path / ".zgroup").is_file():
        return "zspy"
    if (path / "zarr.json").is_file():
        raise FormatError(f"{path}: zarr version 3 cannot be read; save it as hspy")
    raise FormatError(f"{path}: is a folder; name a file (or a zspy folder) in it")


def _refuse_archive(path: Path, head: bytes) -> None:
    kind = next((name for magic, name in _ARCHIVES if head.startswith(magic)), None)
    if kind is None and head[257:262] == b"ustar":
        kind = "tar"
    if kind is not None:
        raise FormatError(f"{path}: is a {kind} archive; unpack it and name the file inside")


def _refuse_closed(path: Path, head: bytes) -> None:
    for beginnings, suffixes, recipe in _CLOSED:
        if head.startswith(beginnings) or path.suffix.lower() in suffixes:
            raise FormatError(f"{path}: {recipe}")


def _refine(path: Path, name: str) -> str:
    """Tell apart the formats that share a container."""
    if name == "hdf5":
        return _hdf5(path)
    if name == "zip":
        return _zip(path)
    if name == "jeol-image":
        return "map" if path.suffix.lower() == ".map" else "img"
    return name


def _hdf5(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            attrs, groups = dict(file.attrs), set(file)
    except Exception as error:  # whatever a damaged file makes the library stumble over
        raise FormatError(f"{path}: damaged HDF5 file ({error})") from error
    return _hdf5_flavour(path, attrs, groups)


def _hdf5_flavour(path: Path, attrs: Mapping[str, object], groups: set[str]) -> str:
    if "_NCProperties" in attrs:
        raise FormatError(f"{path}: is a netCDF file, not a raw file of an instrument")
    if str(attrs.get("file_format", "")).lower() == "hyperspy" or "Experiments" in groups:
        return "hspy"
    if {"Data", "Version"} <= groups or "version_major" in attrs:
        return "emd"
    if "NX_class" in attrs or "NeXus_version" in attrs or path.suffix.lower() == ".nxs":
        return "nexus"
    raise FormatError(
        f"{path}: an HDF5 file that is neither HyperSpy, Velox, Berkeley EMD nor NeXus "
        f"(its groups: {', '.join(sorted(groups)) or 'none'})"
    )


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except Exception as error:  # zipfile raises half a dozen kinds on damaged archives
        raise FormatError(f"{path}: damaged zip archive ({error})") from error
    if ".zgroup" in names:
        return "zspy"
    raise FormatError(f"{path}: is a zip archive; unpack it and name the file inside")


def _digital_micrograph(head: bytes) -> str | None:
    version = int.from_bytes(head[:4], "big")
    at = {3: 8, 4: 12}.get(version)
    if at is None or int.from_bytes(head[at : at + 4], "big") not in (0, 1):
        return None
    return "dm"


def _by_header(path: Path, head: bytes) -> str | None:
    """Tell the formats whose mark is weak by mark and suffix together."""
    suffix = path.suffix.lower()
    if suffix == ".spc" and head[:4] in _EDAX_SPC_VERSIONS:
        return "spc"
    if head.startswith(marks.PERKIN_ELMER):
        return "perkin-elmer-sp"
    if marks.is_galactic(head):
        return "galactic-spc"
    if b"Analysis Station" in head[:256] and suffix == ".asw":
        return "asw"
    if suffix == ".eds" and head[:2] == b"\x02\x00":
        return "eds"
    if head.startswith(b"IM") and head[64:65] == b"[":  # mark, then a comment in sections
        return "hamamatsu"
    is_mrc = head[208:212] == b"MAP " or suffix in {".mrc", ".ali"}
    if is_mrc and len(head) >= _MRC_HEADER_BYTES and b"\x00" in head:
        return "mrc"
    if b"\x00" in head[:_MRC_HEADER_BYTES] and suffix == ".spc":
        raise FormatError(
            f"{path}: .spc, but neither by EDAX nor by Galactic (by Shimadzu?); export it as text"
        )
    return None


def _text(path: Path, head: bytes) -> str | None:
    text = decoded(head, whole=len(head) < _HEAD_BYTES)
    if text is None:
        return None
    upper = text[:1024].upper()
    if "#FORMAT" in upper and "EMSA/MAS" in upper:
        return "msa"
    if marks.LABSPEC in text:
        return "labspec-xml"
    if "<TRTSpectrum" in text:
        return "spx"
    if re.search(r"^\s*record-by\t", text, re.MULTILINE):
        return "rpl"
    declared = formats.by_mark(text)
    if declared is not None:
        return declared.name
    if path.suffix.lower() not in _TEXT_SUFFIXES:
        raise FormatError(
            f"{path}: named {path.suffix}, but its content is plain text of no known format; "
            "is it damaged or misnamed?"
        )
    return "text"


def decoded(head: bytes, whole: bool = True) -> str | None:
    """Text of a file's bytes (UTF-8, UTF-16 with mark, Latin-1); None where they are no text.

    Where they are not the ``whole`` file, a character that their end cuts in two is left out.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace")
    if re.search(rb"[\x00-\x08\x0e-\x1b]", head):
        return None
    try:
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8-sig")(), translate=True
        )
        return decoder.decode(head, final=whole)
    except UnicodeDecodeError:
        return head.decode("latin-1")
