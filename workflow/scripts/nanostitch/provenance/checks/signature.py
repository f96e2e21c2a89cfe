"""Signatures of ledgers, made and checked by ``ssh-keygen -Y``.

The signature is over the ledger alone: its lines hold the digests of all records, and these
those of all files.
"""

import shutil
import subprocess
from pathlib import Path

from nanostitch.atomic import write_text
from nanostitch.errors import ContractError
from nanostitch.provenance import ledger

NAMESPACE = "nanostitch"
"""What ``ssh-keygen`` binds a signature to, so that none made for another purpose passes."""


def path_of(folder: Path) -> Path:
    """Signature of a batch's ledger, given its results folder."""
    path = ledger.path_of(folder)
    return path.with_name(f"{path.name}.sig")


def sign(folder: Path, key: Path) -> Path:
    """Sign the ledger of a batch.

    Parameters
    ----------
    folder
        Results folder of the batch, such as ``results/paper``.
    key
        SSH key: a private one, or a public one that an agent holds the private part of.

    Returns
    -------
    pathlib.Path
        The signature, beside the ledger.

    Raises
    ------
    ContractError
        If there is no ledger, no ``ssh-keygen``, or the key cannot sign.
    """
    file = ledger.path_of(folder)
    if not file.is_file():
        raise ContractError(f"{file}: no such ledger; run the workflow on the batch first")
    done = _keygen("-Y", "sign", "-f", str(key), "-n", NAMESPACE, data=file.read_bytes())
    if done.returncode or not done.stdout:
        raise ContractError(f"{key}: cannot sign ({_said(done)}); give a private SSH key")
    write_text(path_of(folder), done.stdout.decode())
    return path_of(folder)


def signer(folder: Path, allowed_signers: Path | None) -> tuple[str, int]:
    """Who signed a ledger, and how many of its first lines.

    Lines that runs appended after the signature was made are not signed by it.

    Parameters
    ----------
    allowed_signers
        File of trusted keys as ``ssh-keygen`` has them, one ``NAME KEY`` a line. Without it, a
        signature by any key is good.

    Returns
    -------
    tuple
        Name of the signer (empty without ``allowed_signers``) and number of signed lines, 0
        where the signature fits no beginning of the ledger.

    Raises
    ------
    ContractError
        If there is no ``ssh-keygen`` or the file of trusted keys cannot be read.
    """
    if allowed_signers is not None and not allowed_signers.is_file():
        raise ContractError(f"{allowed_signers}: no such file; name the file of allowed signers")
    signature = str(path_of(folder))
    lines = ledger.path_of(folder).read_bytes().splitlines(keepends=True)
    if allowed_signers is None:
        asked: dict[str, tuple[str, ...]] = {"": ("check-novalidate",)}
    else:
        trusted = str(allowed_signers)
        found = _keygen("-Y", "find-principals", "-f", trusted, "-s", signature)
        names = found.stdout.decode().splitlines() if found.returncode == 0 else []
        asked = {name: ("verify", "-f", trusted, "-I", name) for name in names}
    for number in range(len(lines), 0, -1):
        for name, question in asked.items():
            options = ("-n", NAMESPACE, "-s", signature)
            if not _keygen("-Y", *question, *options, data=b"".join(lines[:number])).returncode:
                return name, number
    return "", 0


def _keygen(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise ContractError("ssh-keygen: not found; install OpenSSH to sign and check signatures")
    return subprocess.run([program, *arguments], input=data, capture_output=True, check=False)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return " ".join(done.stderr.decode(errors="replace").split())
