"""Write the raw file that a simulated instrument would have written, and the truth behind it."""

from pathlib import Path
from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.specimen import SPECIMEN
from nanostitch.contracts.truth import TRUTH
from nanostitch.simulate.record import record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
plan = store.read_plan(snakemake.input.acquisition)
specimen = store.read(snakemake.input.specimen, SPECIMEN)
asked = {key: plan[key] for key in ("seed", "instrument", "writer", "settings")}
acquisition = snakemake.wildcards.acquisition
truth = record(Path(snakemake.output.raw), specimen, acquisition=acquisition, **asked)
store.write_simulated(truth, TRUTH[plan["instrument"]], job=snakemake, about=plan["about"])
