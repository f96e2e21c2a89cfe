"""A job that starts from the loaded process is still one of its own: code, environment, end."""

import json
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from nanostitch import warm


@pytest.fixture(scope="module")
def server():
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(warm.SCRIPTS))
    patch.setattr(warm, "_COMMAND", _without_libraries())
    started = warm.Server()
    yield started
    started.close()
    patch.undo()


def _without_libraries() -> str:
    """The command of a server that loads nothing: how jobs are run does not depend on it."""
    return (
        "import sys; sys.path.append(sys.argv[1]); from nanostitch import warm_server;"
        " warm_server.LIBRARIES = (); warm_server.main(int(sys.argv[2]))"
    )


def run(server, tmp_path, source, environment=None):
    path = tmp_path / f"job{abs(hash(source))}.py"
    path.write_text(source, "utf-8")
    return server.run(str(path), environment or {}, None)


@pytest.mark.parametrize(
    ("source", "exit_code"),
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("1 / 0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_run__returns_how_the_script_ended(server, tmp_path, source, exit_code):
    assert run(server, tmp_path, source) == exit_code


def test_run__a_job_sees_nothing_of_another(server, tmp_path):
    assert (
        run(server, tmp_path, "import sys; sys.left = 1; import os; os.environ['LEFT'] = '1'") == 0
    )
    source = "import sys, os; raise SystemExit(hasattr(sys, 'left') or 'LEFT' in os.environ)"
    assert run(server, tmp_path, source) == 0


def test_run__what_is_to_happen_at_the_end_of_a_process_happens(server, tmp_path):
    done = tmp_path / "done"
    source = f"import atexit, pathlib; atexit.register(pathlib.Path({str(done)!r}).touch); 1 / 0"
    assert run(server, tmp_path, source) == 1
    assert done.exists()


def test_run__the_hook_for_uncaught_errors_is_asked(server, tmp_path):
    said = tmp_path / "said"
    source = (
        "import sys, pathlib\n"
        f"sys.excepthook = lambda *error: pathlib.Path({str(said)!r}).write_text(str(error[1]))\n"
        "raise ValueError('why')\n"
    )
    assert run(server, tmp_path, source) == 1
    assert said.read_text() == "why"


def test_run__threads_and_temporary_folder_are_those_of_the_job(server, tmp_path):
    source = (
        "import os, tempfile\n"
        f"is_there = tempfile.gettempdir() == {str(tmp_path)!r}\n"
        "raise SystemExit(not (is_there and os.environ['OMP_NUM_THREADS'] == '1'))\n"
    )
    assert run(server, tmp_path, source, {"TMPDIR": str(tmp_path)}) == 0


def test_run__the_package_is_not_loaded_before_the_job_does(server, tmp_path):
    source = "import sys; raise SystemExit(any(n.startswith('nanostitch.') for n in sys.modules))"
    assert run(server, tmp_path, source) == 0


def test_run__jobs_run_side_by_side(server, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    source = (
        "import pathlib, time\nmine, other = map(pathlib.Path, {names})\nmine.touch()\n"
        "until = time.monotonic() + 20\n"
        "while not other.exists() and time.monotonic() < until: time.sleep(0.01)\n"
        "raise SystemExit(not other.exists())\n"
    )
    codes = []
    names = ((str(first), str(second)), (str(second), str(first)))
    threads = [
        threading.Thread(
            target=lambda n=n: codes.append(run(server, tmp_path, source.format(names=n)))
        )
        for n in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0]


def test_run__a_server_that_cannot_start_loses_the_job_before_it_began(monkeypatch, tmp_path):
    monkeypatch.setattr(warm, "_COMMAND", "raise SystemExit")
    lost = warm.Server()
    with pytest.raises(warm.Lost):
        run(lost, tmp_path, "")
    with pytest.raises(warm.Lost):
        run(lost, tmp_path, "")


def test_run__a_job_that_cannot_be_forked_is_lost_before_it_began(monkeypatch, tmp_path):
    refuse = "import os\ndef fork():\n    raise BlockingIOError\nos.fork = fork\n"
    monkeypatch.setattr(warm, "_COMMAND", refuse + _without_libraries())
    monkeypatch.setenv("PYTHONPATH", str(warm.SCRIPTS))
    own = warm.Server()
    for _ in range(2):
        with pytest.raises(warm.Lost):
            run(own, tmp_path, "")
    assert own._process.poll() is None
    own.close()


def test_run__a_job_whose_server_died_has_failed_and_writes_no_more(monkeypatch, tmp_path):
    monkeypatch.setattr(warm, "_COMMAND", _without_libraries())
    monkeypatch.setenv("PYTHONPATH", str(warm.SCRIPTS))
    own, told = warm.Server(), tmp_path / "pid"
    source = (
        f"import os, pathlib, time\npathlib.Path({str(told)!r}).write_text(str(os.getpid()))\n"
        f"os.kill(os.getppid(), {int(signal.SIGKILL)})\ntime.sleep(60)\n"
    )
    assert run(own, tmp_path, source) == 1
    until = time.monotonic() + 10
    while _is_alive(int(told.read_text())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_alive(int(told.read_text()))
    own.close()


def test_run__a_job_for_which_nobody_waits_any_more_is_not_begun(server, tmp_path):
    done, script = tmp_path / "done", tmp_path / "left.py"
    script.write_text(f"open({str(done)!r}, 'w')")
    assert run(server, tmp_path, "") == 0
    ours, theirs = socket.socketpair()
    ours.sendall(json.dumps({"script": str(script), "environment": {}}).encode() + b"\n")
    ours.close()
    with theirs:
        server._hand_over(theirs)
    assert run(server, tmp_path, "import time; time.sleep(0.5)") == 0
    assert not done.exists()


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_server__ends_with_the_run(monkeypatch):
    monkeypatch.setattr(warm, "_COMMAND", _without_libraries())
    monkeypatch.setenv("PYTHONPATH", str(warm.SCRIPTS))
    control, process = warm._started()
    control.close()
    assert process.wait(timeout=30) == 0


def test_close__waits_for_the_process_and_may_find_none(server, tmp_path, monkeypatch):
    warm.Server().close()
    monkeypatch.setattr(warm, "_COMMAND", _without_libraries())
    own = warm.Server()
    assert run(own, tmp_path, "") == 0
    own.close()
    assert own._process.returncode == 0


@pytest.mark.parametrize(
    "special",
    [{"threads": 2}, {"conda_env": "env"}, {"container_img": "image"}, {"env_modules": "module"}],
)
def test_execute_script__what_asks_for_more_starts_plainly(monkeypatch, special):
    plainly = []
    monkeypatch.setattr(
        warm.script.PythonScript, "execute_script", lambda self, *a: plainly.append(a)
    )
    job = warm.WarmScript.__new__(warm.WarmScript)
    usual = {"threads": 1, **dict.fromkeys(warm._NEEDS)}
    vars(job).update(usual | special)
    job.execute_script("job.py")
    assert plainly == [("job.py", False)]


@pytest.fixture
def plainly(monkeypatch):
    """How Snakemake starts scripts by itself, which it does again after the test."""
    monkeypatch.delenv(warm.SWITCH, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(warm.script, "PythonScript", warm._PLAINLY)
    return warm._PLAINLY


def test_install__scripts_of_the_run_start_warm(plainly):
    warm.install(is_run=True)
    assert warm.script.PythonScript is warm.WarmScript


def test_install__scripts_of_a_job_and_of_whoever_says_so_start_plainly(plainly, monkeypatch):
    warm.install(is_run=False)
    monkeypatch.setenv(warm.SWITCH, "0")
    warm.install(is_run=True)
    assert warm.script.PythonScript is plainly


@pytest.mark.parametrize("other", [object, type("Other", (), {"__init__": lambda self, job: None})])
def test_install__scripts_of_a_snakemake_that_is_not_known_start_plainly(
    plainly, monkeypatch, other
):
    monkeypatch.setattr(warm, "_PLAINLY", other)
    warm.install(is_run=True)
    assert warm.script.PythonScript is plainly


def test_install__without_a_way_to_measure_scripts_start_plainly(plainly, monkeypatch):
    monkeypatch.delattr(warm.benchmark, "benchmarked")
    warm.install(is_run=True)
    assert warm.script.PythonScript is plainly
