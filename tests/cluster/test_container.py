"""The container holds the lock and the project, and nothing besides."""

import re
import runpy
from pathlib import Path

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "envs" / "Containerfile").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Instruction and argument, continued lines joined, in order."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
    lines = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name, argument) for name, argument in lines]


def test_every_instruction__is_one_that_builders_know():
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "CMD"}
    assert {name for name, _ in instructions()} <= known
    assert [name for name, _ in instructions()].index("FROM") == 0


def test_packages__come_from_the_hashed_lock_alone():
    runs = [argument for name, argument in instructions() if name == "RUN"]
    installs = [step for run in runs for step in run.split(" && ") if " install " in step]
    locked, own = installs
    assert "--require-hashes" in locked
    assert locked.endswith("-r envs/lock.txt")
    assert {"--no-deps", "--no-index", "--no-build-isolation"} <= set(own.split())
    assert own.endswith("--editable .")
    fetchers = re.compile(r"\b(apt|apt-get|apk|curl|wget|conda|mamba|npm|git clone|uv)\b")
    assert not fetchers.search(" ".join(runs))
    assert not [argument for name, argument in instructions() if name == "ADD"]


def test_python__is_that_of_the_conda_environment():
    version = runpy.run_path(str(PROJECT / "envs" / "generate.py"))["PYTHON"]
    assert instructions()[0][1].startswith(f"python:{version}-")


def test_what_is_copied__is_there_and_all_that_a_run_needs():
    copied = [argument.split()[:-1] for name, argument in instructions() if name == "COPY"]
    names = {name for names in copied for name in names}
    assert all((PROJECT / name).exists() for name in names)
    assert {"Snakefile", "workflow", "config", "envs", "pyproject.toml"} <= names
