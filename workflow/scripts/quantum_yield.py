"""Measure the quantum yield from the curves of an integrating sphere."""

from typing import TYPE_CHECKING

from nanostitch import store
from nanostitch.contracts import plqy, raw
from nanostitch.plqy import quantum_yield

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

store.begin(snakemake)
given = snakemake.input
direct = store.read(given.raw, raw.RAW_PLQY)
ranges = (given.continued, given.blank, given.indirect)
curves = [[store.read(path, raw.RAW_PLQY) for path in paths] for paths in ranges]
roles = {"response": raw.RAW_PLQY, "dilute": raw.RAW_PL, "compared_with": plqy.QUANTUM_YIELD}
others = [store.read_optional(getattr(given, role), kept) for role, kept in roles.items()]
found = quantum_yield.measure(direct, *curves, *others, **store.read_plan(given.step)["settings"])
store.write(found, plqy.QUANTUM_YIELD, job=snakemake, about=direct.attrs)
