"""Which batches this run works on, and what decides their numbers."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent / "scripts"))

from nanostitch.errors import NanostitchError
from nanostitch.plan import Plan

try:
    plan = Plan(config, cache=Path(".snakemake/nanostitch/digests.json"))
    plan.write()
except NanostitchError as error:
    raise WorkflowError(str(error)) from None


def raw_files(wildcards):
    """Raw files of an acquisition. Those measured are ancient: the plan holds their digests.

    Those that a rule writes are not: a job behind an ancient input that is itself made anew is
    left out of the run, even if its own output is missing.
    """
    files = plan.raw_files(wildcards)
    return files if plan.is_simulated(wildcards) else [ancient(file) for file in files]


wildcard_constraints:
    batch=plan.ids("batch"),
    acquisition=plan.ids("acquisition"),
    figure=plan.ids("figure"),
    table="band_gap|particles",
