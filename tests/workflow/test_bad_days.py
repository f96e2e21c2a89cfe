"""Bad days of a run: each ends well, with the same bytes, or in one clear error.

Every test takes a copy of the finished small batch, removes some products and runs again while
something goes wrong. Those marked ``soak`` are the long versions.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import PROJECT, Project, digests

REMOVED = ("eels/eels_1/aligned.nc", "adf/adf_1/particles.nc", "eels/eels_2/loss.nc")
"""Products that are taken away before a run."""
WANTED = (
    "results/series/eels/eels_1/aligned.nc",
    "results/series/eels/eels_2/loss.nc",
    "results/series/adf/adf_1/particles.nc",
)
"""What a run is asked for: a few short jobs bring these and those above back."""
CACHES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR")
"""Variables that lead libraries to where they keep what they made."""
DRAWN = ("results/series/tables/particles.tsv", "results/series/figures/figure_1.svg")
LATER = time.time() + 10 * 365 * 86_400
YEAR_S = 365 * 86_400


def without(project: Project, *names: str) -> Project:
    for name in names or REMOVED:
        project.result(name).unlink()
    return project


def left_over(project: Project) -> list[Path]:
    return [path for path in project.folder.rglob("*") if ".partial" in path.name]


def kill(run: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def wait_for(condition: Callable[[], bool], run: "subprocess.Popen[str]") -> None:
    """Wait until something is so, as long as the run goes on."""
    while not condition() and run.poll() is None:
        time.sleep(0.02)


def wait_for_lock(project: Project, run: "subprocess.Popen[str]") -> None:
    """Wait until a run holds the folder."""
    locks = project.folder / ".snakemake" / "locks"
    wait_for(lambda: any(locks.glob("*")), run)


def killed_and_run_again(
    project: Project, expected: dict[str, str], seconds: float, wanted: tuple[str, ...] = WANTED
) -> None:
    """Kill a run some time after its first job began, and hold what the next one makes."""
    logs = project.result("logs")
    shutil.rmtree(logs, ignore_errors=True)
    run = project.start("--cores", "1", *wanted)
    wait_for(lambda: any(logs.rglob("*.log")), run)
    time.sleep(seconds)
    kill(run)
    project.snakemake("--unlock")
    project.snakemake(*wanted)
    assert digests(project) == expected
    assert not left_over(project)
    assert project.planned(*wanted) == {}


@pytest.mark.parametrize("seconds", [0.3, 4.0])
def test_killed_run__completes_with_the_same_bytes(project, finished, seconds):
    killed_and_run_again(without(project), digests(finished), seconds)


@pytest.mark.soak
def test_run_killed_twenty_times__completes_with_the_same_bytes(project, finished):
    rng = random.Random(9)
    for _ in range(20):
        shutil.rmtree(project.folder / "results" / "series" / "adf")
        without(project, "eels/eels_1/raw.nc", "figures/figure_1.nc")
        killed_and_run_again(project, digests(finished), rng.uniform(0, 30), wanted=("all",))


def test_killed_run__tells_the_next_one_how_to_go_on(project):
    run = without(project).start("--cores", "1", *WANTED)
    wait_for_lock(project, run)
    kill(run)
    said = project.try_snakemake(*WANTED).stdout
    assert "lock" in said.lower()
    assert "--unlock" in said or "make resume" in said
    assert "Traceback" not in said


def test_second_run_in_one_folder__is_told_so_and_harms_nothing(project, finished):
    run = without(project).start("--cores", "1", *WANTED)
    wait_for_lock(project, run)
    second = project.try_snakemake(*WANTED)
    printed, _ = run.communicate()
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout
    assert "Traceback" not in second.stdout
    assert run.returncode == 0, printed
    assert digests(project) == digests(finished)


def test_raw_files_that_change_or_vanish_during_a_run__are_named(project):
    raw = project.folder / "batches" / "series" / "raw"
    wanted = ("adf/adf_1/raw.nc", "adf/adf_2/raw.nc", "eels/eels_1/raw.nc")
    without(project, *wanted)
    shutil.rmtree(project.result("logs"))
    run = project.start("--cores", "1", *(f"results/series/{name}" for name in wanted))
    wait_for_lock(project, run)
    changed, vanished = raw / "adf_2 [µ].dm4", raw / "adf_1 [µ].dm4"
    changed.write_bytes(changed.read_bytes() + b"more")
    vanished.unlink()
    printed, _ = run.communicate()
    assert run.returncode != 0
    logs = "".join(path.read_text("utf-8") for path in project.result("logs").rglob("*.log"))
    assert "Traceback" not in printed + logs
    assert "adf_2 [µ].dm4: sha256 is" in logs
    assert "adf_1 [µ].dm4" in printed + logs
    assert project.result("eels/eels_1/raw.nc").is_file()
    assert not project.result("adf/adf_2/raw.nc").exists()


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """A small disk of its own in memory in place of a folder, whose content moves to it."""
    aside = folder.with_name(".aside")
    folder.rename(aside)
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user may not mount a disk ({done.stderr.strip()})")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()
        aside.rename(folder)


def test_full_disk__is_one_clear_error_and_the_next_run_completes(project, finished):
    expected = digests(finished)
    folder = without(project).result("adf/adf_1")
    with disk(folder, "size=300k"):
        (folder / "filler").write_bytes(b"x" * (shutil.disk_usage(folder).free))
        done = project.try_snakemake(*WANTED)
        assert done.returncode != 0
        log = project.result("logs/particles/adf_1.log").read_text("utf-8")
        assert "no space is left on its disk" in log + done.stdout
        assert "Traceback" not in log
        assert not [path for path in folder.iterdir() if "particles" in path.name]
    project.snakemake(*WANTED)
    assert digests(project) == expected


def test_read_only_results__are_one_clear_error(project):
    project.edit("config/config.yaml", "[1.4, 2.1]", "[1.4, 2.0]")
    folder = project.folder / "results"
    with disk(folder, "size=100m"):
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        done = project.try_snakemake(*WANTED)
    assert done.returncode != 0
    assert "cannot be written" in done.stdout
    assert "Traceback" not in done.stdout


def test_clock_that_was_wrong__costs_one_run_at_most(project, finished):
    for path in (project.folder / "batches").rglob("*"):
        os.utime(path, (LATER, LATER))
    for name in ("eels/eels_1/raw.nc", "adf/adf_1/raw.nc"):
        os.utime(project.result(name), (LATER, LATER))
    os.utime(project.result("eels/eels_2/loss.nc"), (YEAR_S, YEAR_S))
    project.snakemake(*WANTED)
    assert digests(project) == digests(finished)
    assert project.planned(*WANTED) == {}


def drawn(project: Project) -> None:
    """Make some products, a table and the figure anew, and nothing that stands on them."""
    without(project, "adf/adf_1/particles.nc", "figures/figure_1.svg", "tables/particles.tsv")
    project.snakemake(*DRAWN)


def german(folder: Path) -> dict[str, str]:
    """A locale that writes 1,5, made in a folder."""
    made = folder / "de_DE.UTF-8"
    if shutil.which("localedef") is None:
        pytest.skip("localedef is not installed: no locale with a decimal comma can be made")
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(made)]
    done = subprocess.run(command, capture_output=True, check=False)
    if not made.is_dir():
        pytest.skip(f"no locale with a decimal comma can be made: {done.stderr.decode()}")
    return {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}


def test_decimal_comma_and_no_home__change_no_byte(project, finished, tmp_path, monkeypatch):
    for name, value in german(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    drawn(project)
    assert digests(project) == digests(finished)


def test_bare_locale_and_caches_that_cannot_be_written__change_no_byte(
    project, finished, monkeypatch, tmp_path
):
    monkeypatch.setenv("LC_ALL", "POSIX")
    for name in CACHES:
        monkeypatch.setenv(name, "/proc/none")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # as make does: the workflow engine's own
    drawn(project)
    assert digests(project) == digests(finished)


def environment(folder: Path) -> None:
    """A virtual environment in a folder, whose packages are those of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
    (place,) = folder.glob("lib/python*/site-packages")
    (place / "shared.pth").write_text(f"{packages}\n")
    starter = folder / "bin" / "snakemake"
    starter.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m snakemake "$@"\n')
    starter.chmod(0o755)


def test_make__runs_in_a_folder_with_spaces_and_umlauts_without_caches(finished, tmp_path):
    folder = tmp_path / "meine Daten µ" / "nano stitch"
    shutil.copytree(finished.folder, folder, symlinks=True)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy2(PROJECT / name, folder)
    project = without(Project(folder), "figures/figure_1.svg", "tables/particles.tsv")
    environment(folder / ".venv")
    (folder / ".venv" / "ready").touch()
    hostile = {"LC_ALL": "C", **dict.fromkeys(CACHES, "/proc/none")}
    done = subprocess.run(
        ["make", "figures", "CORES=1", f"BATCH={project.batch}"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | hostile,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert digests(project) == digests(finished)


@pytest.mark.soak
def test_make_env__sets_up_in_a_folder_with_spaces_and_umlauts(tmp_path):
    folder = tmp_path / "meine Daten µ" / "nano stitch"
    folder.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(PROJECT / name, folder)
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("envs", "workflow"):
        shutil.copytree(PROJECT / name, folder / name, ignore=left_out)
    for locale in ("C", "C.UTF-8"):
        subprocess.run(["make", "env"], cwd=folder, env=os.environ | {"LC_ALL": locale}, check=True)
        for command in ("nanostitch", "snakemake", "pytest"):
            subprocess.run(
                [folder / ".venv" / "bin" / command, "--version"],
                env=os.environ | {"LC_ALL": locale},
                check=True,
            )
