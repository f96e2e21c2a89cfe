"""What ``make lock`` writes beside the resolver's output, and what the tests hold it against.

The lock begins with a digest of the dependencies it was made from, so that a changed
``pyproject.toml`` is noticed offline; the conda environment is the lock for one Python.
"""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]
LOCK = PROJECT / "envs" / "lock.txt"
CONDA = PROJECT / "envs" / "nanostitch.yaml"
PYTHON = "3.12"


def declared(pyproject: str) -> list[str]:
    """Requirements that pyproject.toml declares, with those of the extra ``dev``, sorted."""
    project = tomllib.loads(pyproject)["project"]
    return sorted([*project["dependencies"], *project["optional-dependencies"]["dev"]])


def header(pyproject: str) -> str:
    """First line of the lock: what it was made from."""
    digest = hashlib.sha256(json.dumps(declared(pyproject)).encode()).hexdigest()
    return f"# made by 'make lock' from the dependencies in pyproject.toml, sha256 {digest}\n"


def pins(lock: str) -> list[Requirement]:
    """Every pinned requirement of a lock."""
    lines = re.findall(r"^[a-z0-9].*?(?= \\$|$)", lock, flags=re.MULTILINE)
    return [Requirement(line) for line in lines]


def conda_environment(lock: str) -> str:
    """Conda environment that holds the lock's packages for one Python on Linux."""
    place = {
        "python_version": PYTHON,
        "python_full_version": f"{PYTHON}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
    }
    chosen = [pin for pin in pins(lock) if pin.marker is None or pin.marker.evaluate(place)]
    packages = "".join(f"      - {pin.name}{pin.specifier}\n" for pin in chosen)
    return (
        "# made by 'make lock' from envs/lock.txt\n"
        "channels: [conda-forge, nodefaults]\n"
        "dependencies:\n"
        f"  - python ={PYTHON}\n"
        "  - pip\n"
        f"  - pip:\n{packages}"
    )


if __name__ == "__main__":
    resolved = sys.stdin.read()
    LOCK.write_text(header((PROJECT / "pyproject.toml").read_text("utf-8")) + resolved, "utf-8")
    CONDA.write_text(conda_environment(resolved), "utf-8")
