"""What a campaign costs beside its science: planning, dry run, a run with nothing to do, jobs.

Run ``python tests/benchmarks/bench_campaign.py --counts 100 1000 5000 --jobs 28``. CPU seconds
(user and system) of the whole command are printed, since wall times depend on what else runs, with
the exponent of growth from one count to the next (1: linear). ``plan`` is what the Snakefile does
on its second reading, without Snakemake; ``dry`` ``snakemake --dry-run`` from nothing; ``nothing``
the same once all products are there (as empty files). With ``--jobs`` so many acquisitions are run
as well, with jobs started plainly and warm: CPU seconds an acquisition.
"""

import argparse
import math
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import campaigns

from nanostitch import run_files

_PLAN = """
import sys, time, yaml
from pathlib import Path
from nanostitch.plan import Plan
config = yaml.safe_load(Path("config/config.yaml").read_text("utf-8")) | {"batches": sys.argv[1]}
begun = time.process_time()
plan = Plan(config, cache=Path(".snakemake/nanostitch/digests.json"))
plan.write()
targets = plan.targets
print(time.process_time() - begun)
if "--touch" in sys.argv:
    for target in map(Path, targets):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
"""


def cpu_seconds(folder: Path, batch: str, *arguments: str, warm: bool = True) -> float:
    """CPU time of one run of Snakemake with all its jobs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = campaigns.snakemake(folder, batch, *arguments, warm=warm)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def plan_seconds(folder: Path, batch: str, *arguments: str) -> float:
    """CPU time of reading and planning a batch, as the Snakefile does."""
    command = [sys.executable, "-c", _PLAN, batch, *arguments]
    environment = campaigns.environment(folder)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def planned(folder: Path, count: int) -> list[float]:
    """Seconds of planning, of a dry run and of a run with nothing to do."""
    batch = f"batches/n{count}"
    campaigns.write(folder / batch, count)
    plan_seconds(folder, batch)  # raw files are hashed and sources parsed once
    took = [plan_seconds(folder, batch), cpu_seconds(folder, batch, "--dry-run", "--quiet", "all")]
    plan_seconds(folder, batch, "--touch")
    return [*took, cpu_seconds(folder, batch, "--dry-run", "--quiet", "all", "--", "all")]


def run(folder: Path, count: int, warm: bool) -> tuple[float, float]:
    """CPU seconds an acquisition of a whole run, and of its jobs as their benchmark files tell."""
    name = f"run{count}{'warm' if warm else 'plain'}"
    campaigns.write(folder / "batches" / name, count)
    total = cpu_seconds(folder, f"batches/{name}", "--quiet", "all", warm=warm)
    files = run_files.benchmarks(folder / "results" / name)
    jobs = sum(cpu for path in files for _, cpu in run_files.times(path))
    return total / count, jobs / count


def main() -> None:
    """Print one line for each count, then one for each way to start jobs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--jobs", type=int, default=0)
    options = parser.parse_args()
    names = ("plan", "dry", "nothing")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "clone"
        campaigns.clone(folder)
        print(f"{'count':>6}" + "".join(f"{name + '_s':>11}{'exponent':>10}" for name in names))
        last: tuple[int, list[float]] | None = None
        for count in options.counts:
            took = planned(folder, count)
            line = f"{count:6d}"
            for column, seconds in enumerate(took):
                growth = math.nan
                if last is not None:
                    growth = math.log(seconds / last[1][column]) / math.log(count / last[0])
                line += f"{seconds:11.2f}{growth:10.2f}"
            print(line, flush=True)
            last = count, took
        for warm in (False, True) if options.jobs else ():
            total, jobs = run(folder, options.jobs, warm)
            print(f"{'warm' if warm else 'plain'}: {total:.2f} s an acquisition, jobs {jobs:.2f} s")


if __name__ == "__main__":
    main()
