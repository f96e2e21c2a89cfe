"""Fixtures that unit tests share."""

import contextlib
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _finished_batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which a small batch was recorded. Tests take ``recorded_batch``."""
    import recorded_batches  # its libraries take seconds to load, and few tests need them

    folder = tmp_path_factory.mktemp("finished")
    with contextlib.chdir(folder):
        recorded_batches.make()
    return folder


@pytest.fixture
def recorded_batch(_finished_batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of a small recorded batch in the working folder, which a test may change."""
    shutil.copytree(_finished_batch, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
