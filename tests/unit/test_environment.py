"""The lock and the conda environment follow pyproject.toml, and set-up fails clearly."""

import importlib.util
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "envs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lock__was_made_from_the_declared_dependencies(generate):
    first = (PROJECT / "envs" / "lock.txt").read_text().splitlines(keepends=True)[0]
    declared = generate.header((PROJECT / "pyproject.toml").read_text())
    assert first == declared, "dependencies changed: run 'make lock'"


def test_lock__pins_every_declared_dependency_with_hashes(generate):
    lock = (PROJECT / "envs" / "lock.txt").read_text()
    pins = generate.pins(lock)
    assert len(pins) == lock.count("==") - sum(str(p.marker or "").count("==") for p in pins)
    assert lock.count("--hash=sha256:") >= len(pins)
    for text in generate.declared((PROJECT / "pyproject.toml").read_text()):
        wanted = generate.Requirement(text)
        found = [p for p in pins if p.name.lower() == wanted.name.lower()]
        assert found, f"{text} is not in the lock: run 'make lock'"
        for pin in found:
            version = next(iter(pin.specifier)).version
            assert wanted.specifier.contains(version), f"{pin} breaks {text}: run 'make lock'"


def test_conda_environment__is_the_lock(generate):
    made = generate.conda_environment((PROJECT / "envs" / "lock.txt").read_text())
    assert (PROJECT / "envs" / "nanostitch.yaml").read_text() == made, "run 'make lock'"


def test_setup__refuses_an_old_python_in_one_sentence(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac\n')
    old.chmod(0o755)
    (tmp_path / "envs").mkdir()
    script = tmp_path / "envs" / "setup.sh"
    script.write_bytes((PROJECT / "envs" / "setup.sh").read_bytes())
    done = subprocess.run(
        ["bash", str(script)], env=os.environ | {"PYTHON": str(old)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()
