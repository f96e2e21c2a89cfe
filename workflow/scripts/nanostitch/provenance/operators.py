"""Who runs the workflow, told by choice and never taken from the machine."""

from collections.abc import Mapping

from nanostitch.errors import BatchError

_BASE, _REMAINDERS = 2, 11


def checked(operator: Mapping[str, str] | None) -> dict[str, str | None] | None:
    """The operator that config.yaml names, if any, with a valid ORCID iD or none.

    The last character of an ORCID iD is a check digit after ISO/IEC 7064, MOD 11-2.

    Raises
    ------
    BatchError
        If the ORCID iD was mistyped.
    """
    if operator is None:
        return None
    orcid = operator.get("orcid")
    if orcid is not None and orcid[-1] != _check_digit(orcid):
        raise BatchError(
            f"config.yaml: operator.orcid: found {orcid!r}, whose check digit would be"
            f" {_check_digit(orcid)}; correct it, or leave it out"
        )
    return {"name": operator["name"], "orcid": orcid}


def _check_digit(orcid: str) -> str:
    total = 0
    for digit in orcid.replace("-", "")[:-1]:
        total = (total + int(digit)) * _BASE
    found = (_REMAINDERS + 1 - total % _REMAINDERS) % _REMAINDERS
    return "X" if found == _REMAINDERS - 1 else str(found)
