"""A throw-away Slurm on this machine: munge, a controller and a few virtual nodes.

Everything lies in one folder and listens on loopback; neither systemd, cgroups nor root is
needed. There is no accounting database, as on many small clusters. Beside the tests::

    python tests/cluster/slurm.py up FOLDER      # prints the line that a shell needs to use it
    python tests/cluster/slurm.py down FOLDER
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

COMMANDS = ("sbatch", "srun", "slurmctld", "slurmd", "munged", "munge")
START_SECONDS = 60.0
STOP_SECONDS = 5.0
MARK = "NANOSTITCH_TEST_NODE"
MEMORY_MB = 6000
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.s
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
EnforcePartLimits=ALL
ReturnToService=2
SlurmdTimeout={node_timeout}
KillWait=5
MinJobAge=3600
AccountingStorageType=accounting_storage/none
PartitionName=main Nodes=ALL Default=YES MaxTime=02:00:00 DefaultTime=10 DefMemPerCPU=512
"""


class Slurm:
    """One cluster, named by its folder; the path must be short, as it holds a socket."""

    def __init__(self, folder: Path, nodes: int = 2, cpus: int = 2, node_timeout: int = 10) -> None:
        self.folder = folder
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.cpus = cpus
        self.node_timeout = node_timeout
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs in its environment to speak to this cluster."""
        return os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": _path()}

    def start(self) -> None:
        """Start all daemons and wait until each node is idle."""
        (self.folder / "state").mkdir(parents=True, mode=0o700)
        (self.folder / "slurm.conf").write_text(self._configuration())
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(1024))
        own = [f"--{name}={self.folder}/munge.{end}" for name, end in _MUNGE_FILES.items()]
        self._spawn("munged", ["munged", "--foreground", "--force", *own])
        socket_option = ["--socket", str(self.folder / "munge.s")]
        self.wait("munge", lambda: self.run("munge", "-n", *socket_option).returncode == 0)
        self.start_controller()
        for node in self.nodes:
            self.start_node(node)
        self.wait("idle nodes", lambda: self.states() == ["idle"] * len(self.nodes))

    def start_controller(self) -> None:
        """Start slurmctld, which remembers its jobs if it ran before."""
        self._spawn("slurmctld", ["slurmctld", "-D"])
        self.wait("the controller", lambda: "UP" in self.run("scontrol", "ping").stdout)

    def start_node(self, node: str) -> None:
        """Start the slurmd of a node."""
        (self.folder / f"spool.{node}").mkdir(exist_ok=True)
        self._spawn(node, ["slurmd", "-D", "-N", node], {MARK: f"{self.folder}/{node}"})

    def states(self) -> list[str]:
        """State of each node."""
        return self.run("sinfo", "-h", "-N", "-o", "%t").stdout.split()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Slurm."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=START_SECONDS
        )

    def queue(self) -> list[str]:
        """Jobs that wait or run."""
        return self.run("squeue", "-h", "-o", "%A %j %T").stdout.splitlines()

    def kill(self, name: str) -> None:
        """End a daemon at once, as a crash does; its job steps live on."""
        _end(*self._recorded()[name], patience=0.0)

    def crash(self, node: str) -> None:
        """End a node with everything that runs on it."""
        self.kill(node)
        for pid, started in self._steps(node):
            _end(pid, started, patience=0.0)

    def stop(self) -> None:
        """End the jobs, then the daemons, then the steps whose controller was gone."""
        self.run("scancel", "--state=RUNNING")
        self.run("scancel", "--state=PENDING")
        for name, (pid, started) in reversed(self._recorded().items()):
            _end(pid, started, patience=STOP_SECONDS)
            if name in self._children:
                self._children.pop(name).wait()
        for node in self.nodes:
            for pid, started in self._steps(node):
                _end(pid, started, patience=STOP_SECONDS)

    def wait(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until something is so; fails with the end of the logs if it takes too long."""
        end = time.monotonic() + START_SECONDS
        while not ready():
            if time.monotonic() > end:
                logs = [path.read_text("utf-8", "replace") for path in self.folder.glob("*.log")]
                raise TimeoutError(f"waited for {what}\n" + "\n".join(log[-2000:] for log in logs))
            time.sleep(0.2)

    def _configuration(self) -> str:
        ports = _free_ports(1 + len(self.nodes))
        host = socket.gethostname().split(".")[0]
        text = CONFIGURATION.format(
            host=host,
            port=ports[0],
            user=_user(),
            folder=self.folder,
            node_timeout=self.node_timeout,
        )
        for node, port in zip(self.nodes, ports[1:], strict=True):
            text += f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
            text += f"CPUs={self.cpus} RealMemory={MEMORY_MB}\n"
        return text

    def _spawn(self, name: str, command: list[str], marks: dict[str, str] | None = None) -> None:
        with (self.folder / f"{name}.out").open("ab") as log:
            child = subprocess.Popen(
                command,
                env=self.environment | (marks or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children[name] = child
        recorded = self._recorded() | {name: (child.pid, _started(child.pid))}
        (self.folder / "daemons.json").write_text(json.dumps(recorded))

    def _recorded(self) -> dict[str, tuple[int, int]]:
        path = self.folder / "daemons.json"
        read = json.loads(path.read_text()) if path.is_file() else {}
        return {name: (pid, started) for name, (pid, started) in read.items()}

    def _steps(self, node: str) -> list[tuple[int, int]]:
        """Step managers of a node and what descends from them."""
        mark = f"{MARK}={self.folder}/{node}".encode()
        parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
        found = {pid for pid in parents if mark in _environ(pid).split(b"\0")}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return [(pid, _started(pid)) for pid in found]


_MUNGE_FILES = {
    "socket": "s",
    "key-file": "key",
    "pid-file": "pid",
    "log-file": "log",
    "seed-file": "seed",
}


def missing() -> str:
    """Why there can be no cluster here, or nothing."""
    absent = [name for name in COMMANDS if shutil.which(name, path=_path()) is None]
    return f"not installed: {', '.join(absent)} (Debian: slurm-wlm, munge)" if absent else ""


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _stat(pid: int) -> list[str]:
    """Fields of a live process from its state on; none of a zombie, which nobody may reap."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] == "Z" else fields


def _started(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _end(pid: int, started: int, patience: float) -> None:
    """End a process, unless its number belongs to another by now."""
    end = time.monotonic() + patience
    sign = signal.SIGTERM if patience else signal.SIGKILL
    while started and _started(pid) == started:
        os.kill(pid, sign)
        time.sleep(0.1)
        if time.monotonic() > end:
            sign = signal.SIGKILL


if __name__ == "__main__":
    action, place = sys.argv[1:]
    cluster = Slurm(Path(place).resolve())
    if action == "up":
        cluster.start()
        sys.stdout.write(f"export SLURM_CONF={cluster.folder}/slurm.conf\n")
    else:
        cluster.stop()
        shutil.rmtree(cluster.folder)
