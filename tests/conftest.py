"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of real instrument files with known answers; tests skip where it is absent."""
    folder = Path(os.environ.get("NANOSTITCH_REALDATA", PROJECT.parent / "shared" / "realdata"))
    if not (folder / "MANIFEST.tsv").is_file():
        pytest.skip(f"no real instrument files at {folder} (set NANOSTITCH_REALDATA)")
    return folder
