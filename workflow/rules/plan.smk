"""Which batches this run works on, and what decides their numbers."""

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent / "scripts"))

# Snakemake starts scripts by a command line in which it does not quote its own interpreter.
sys.executable = shlex.quote(sys.executable)

from nanostitch import warm
from nanostitch.errors import NanostitchError
from nanostitch.plan import Plan
from nanostitch.resources import Needs

try:
    plan = Plan(config, cache=Path(".snakemake/nanostitch/digests.json"))
    plan.write()
except NanostitchError as error:
    raise WorkflowError(str(error)) from None

needs = Needs(plan.raw_files)
warm.install(is_run=workflow.is_main_process)


wildcard_constraints:
    batch=plan.ids("batch"),
    sample=plan.ids("sample"),
    condition=plan.ids("condition"),
    acquisition=plan.ids("acquisition"),
    figure=plan.ids("figure"),
    comparison=plan.ids("comparison"),
    table=plan.ids("table"),
    technique=plan.ids("technique"),
    suffix="[a-z0-9]+",
