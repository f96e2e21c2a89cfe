"""What a run leaves behind of itself: who ran what on what, chained to the runs before it."""

from nanostitch.cluster import runs
from nanostitch.provenance import closing

closing.name_run(is_new=workflow.is_main_process)


envvars:
    "NANOSTITCH_RUN",


onstart:
    runs.begin(workflow.executor_plugin.name)
    closing.begin(plan, is_recorded=not workflow.touch)


onsuccess:
    runs.end()
    closing.end(plan, "completed")


onerror:
    runs.end()
    closing.end(plan, "failed")
