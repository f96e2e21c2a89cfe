"""Turn the X-ray spectrum of one acquisition into a composition."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts.edx import COMPOSITION
from nanostitch.contracts.raw import RAW_EDX
from nanostitch.edx import composition

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
settings = store.read_plan(snakemake.input.step)["settings"]
raw = store.read(snakemake.input.raw, RAW_EDX)
standards = [store.read(path, RAW_EDX) for path in snakemake.input.standards]
other = store.read_optional(snakemake.input.compared_with, COMPOSITION)
found = composition.measure(raw, standards, other, **settings)
store.write(found, COMPOSITION, job=snakemake, about=raw.attrs)
