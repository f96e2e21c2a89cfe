"""How long the script of each rule takes until its first statement, started plainly and warm.

Run ``python tests/benchmarks/bench_startup.py --repeats 3``. Each script is cut before it begins
its job; what is left are its imports. CPU seconds (user and system) of its process up to there are
printed, the least of the repeats: plainly by starting Python, warm in a fork of the process with
the libraries (see ``nanostitch.warm``), whose own start is paid once a run and told below.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from nanostitch import warm

_BEGIN = "store.begin("
_PREAMBLE = """\
from snakemake.logging import logger
from snakemake.iocontainers import Snakemake
"""
"""What Snakemake puts before a script."""
_TOLD = """
import pathlib, resource
used = resource.getrusage(resource.RUSAGE_SELF)
pathlib.Path({path!r}).write_text(str(used.ru_utime + used.ru_stime))
"""


def imports_of(script: Path, told: Path) -> str:
    """The script up to where its job begins, which then tells the CPU time it took [s]."""
    head, _, _ = script.read_text("utf-8").partition(_BEGIN)
    return _PREAMBLE + head + _TOLD.format(path=str(told))


def main() -> None:
    """Print one line for each script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(warm.SCRIPTS)
    server = warm.Server()
    rows: list[tuple[str, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        told, path = Path(folder) / "told", Path(folder) / "script.py"
        for script in sorted(warm.SCRIPTS.glob("*.py")):
            path.write_text(imports_of(script, told), "utf-8")
            plain, warmed = [], []
            for _ in range(options.repeats):
                subprocess.run([sys.executable, str(path)], check=True)
                plain.append(float(told.read_text()))
                assert server.run(str(path), {}, None) == 0
                warmed.append(float(told.read_text()))
            rows.append((script.stem, min(plain), min(warmed)))
    print(f"{'script':<20}{'plain_s':>9}{'warm_s':>9}{'ratio':>8}")
    for name, plainly, warmly in rows:
        print(f"{name:<20}{plainly:9.2f}{warmly:9.3f}{plainly / warmly:8.1f}")
    plainly, warmly = (median(row[column] for row in rows) for column in (1, 2))
    print(f"{'median':<20}{plainly:9.2f}{warmly:9.3f}{plainly / warmly:8.1f}")


if __name__ == "__main__":
    main()
