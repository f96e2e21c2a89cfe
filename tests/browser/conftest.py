"""A real browser on a page of a small batch; nothing here may reach a network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import report_batches

from nanostitch import report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="session")
def browser() -> Iterator["sync_api.Browser"]:
    """Headless Chromium as the system has it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on PATH; Debian has it as the package chromium")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if is_root else []
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def report_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a batch with two images, a line scan, a map, a figure and a claim."""
    return report.make(report_batches.make(tmp_path_factory.mktemp("browser")))
