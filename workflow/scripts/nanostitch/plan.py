"""What the Snakefile asks: which files to make from which, and whether what decided them changed.

Snakemake sees a change by modification times and by its own records in ``.snakemake``, and
misses those that neither shows: a swapped raw file with an old date, two parameters that change
places, an edited module, a changed configuration after ``.snakemake`` was deleted. So everything
that decides a number is written into small JSON files under ``results/{batch}/plan`` and
rewritten only when it changes; rules take them as inputs. They are also the record of what was
asked: open one to see the parameters of a step.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from snakemake.io import ancient

from nanostitch import batch as batches
from nanostitch import code, plan_files, products, raw, schema, targets
from nanostitch.atomic import write_text
from nanostitch.batch import Acquisition, Batch
from nanostitch.draw import kinds
from nanostitch.errors import BatchError
from nanostitch.plan_files import PROJECT
from nanostitch.provenance import operators, records
from nanostitch.provenance.digests import Digests
from nanostitch.schema import Problem
from nanostitch.sheets import ID_PATTERN


class Wildcards(Protocol):
    """The wildcards of a job, by name."""

    batch: str
    technique: str
    sample: str
    condition: str
    acquisition: str
    figure: str
    comparison: str
    table: str


class Plan:
    """All batches of one run: their targets, the inputs of their jobs and their plan files.

    Raises
    ------
    BatchError
        If config.yaml or any batch is not valid.
    """

    def __init__(self, config: Mapping[str, Any], cache: Path) -> None:
        self._config = _validated(config)
        folders = [_folder(name) for name in _as_list(self._config.pop("batches"))]
        if not folders:
            raise BatchError("config.yaml: batches: names no batch folder; name at least one")
        loaded = _loaded(folders)
        self.batches = {batch.id: batch for batch in loaded}
        if len(self.batches) < len(loaded):
            names = [batch.id for batch in loaded]
            raise BatchError(f"config.yaml: batches: two of {names} have one name; rename a folder")
        self._figure = self._config.pop("figure")
        self.operator = operators.checked(self._config.pop("operator"))
        self._digests = Digests(cache)
        self._code_cache = cache.with_name("code.json")
        code.recall(self._code_cache)

    @property
    def targets(self) -> list[str]:
        """Every file that a whole run makes for its user."""
        if self._figure is not None:
            return targets.of_figure(self.batches.values(), self._figure)
        return [path for batch in self.batches.values() for path in targets.of_batch(batch)]

    def ids(self, key: str) -> str:
        """Regular expression of the ids that the wildcard ``key`` may take.

        Those that a batch may have thousands of are bounded by the form of an id: every pattern
        would hold all of them, and compiling and trying such patterns takes longer than the rest
        of the planning. :meth:`_acquisition` refuses one that no sheet has.
        """
        if key in ("acquisition", "sample", "condition"):
            return ID_PATTERN
        found = {
            "batch": list(self.batches),
            "comparison": [c for b in self.batches.values() for c in b.comparisons],
            "figure": [f for b in self.batches.values() for f in b.figures],
            "table": [name for names in products.MEASURED.values() for name in names],
            "technique": list(products.MEASURED),
        }[key]
        return "|".join(sorted(set(found))) or "none"

    def specimen(self, wildcards: Wildcards) -> str:
        """The simulated specimen that an acquisition looks at."""
        name = plan_files.specimen_name(self._acquisition(wildcards))
        return f"results/{wildcards.batch}/simulated/specimens/{name}.nc"

    def scored(self, wildcards: Wildcards) -> list[str]:
        """The products of a simulated batch that can be held against their truth."""
        batch = self.batches[wildcards.batch]
        return [products.path(batch, a, product) for a, product in targets.scored(batch)]

    def truths(self, wildcards: Wildcards) -> list[str]:
        """The truth behind each product of :meth:`scored`."""
        return [f"{a.path}.truth.nc" for a, _ in targets.scored(self.batches[wildcards.batch])]

    def raw_files(self, wildcards: Wildcards) -> list[str]:
        """The raw file of an acquisition, then the files that its format needs beside it.

        Those measured are ancient to Snakemake: the plan holds their digests, so their dates say
        nothing. Those that a rule writes are not: a job behind an ancient input that is itself
        made anew is left out of the run, even if its own output is missing.
        """
        a = self._acquisition(wildcards)
        files = [str(a.path), *map(str, raw.companions(a.path))]
        is_made = self.batches[wildcards.batch].simulate is not None or bool(a.url)
        return files if is_made else [ancient(file) for file in files]

    def referenced(self, role: str, product: str) -> Callable[[Wildcards], list[str]]:
        """Input function: a product of the acquisitions that one names in a role, if any."""

        def found(wildcards: Wildcards) -> list[str]:
            batch = self.batches[wildcards.batch]
            others = self._acquisition(wildcards).references.get(role, [])
            return [products.path(batch, batch.acquisitions[other], product) for other in others]

        return found

    def figure_products(self, wildcards: Wildcards) -> list[str]:
        """Every product that the panels of a figure select."""
        panels = _panels(self.batches[wildcards.batch], wildcards.figure)
        return list(dict.fromkeys(path for paths in panels for path in paths))

    def compared(self, wildcards: Wildcards) -> list[str]:
        """The products that a comparison stands on."""
        batch = self.batches[wildcards.batch]
        return targets.compared(batch, batch.comparisons[wildcards.comparison])

    def all_compared(self, wildcards: Wildcards) -> list[str]:
        """Every comparison of a batch."""
        return targets.comparisons(self.batches[wildcards.batch])

    def claimed(self, wildcards: Wildcards) -> list[str]:
        """Comparisons and products that speak to the claims of a batch."""
        return plan_files.claimed(self.batches[wildcards.batch])

    def table_products(self, wildcards: Wildcards) -> list[str]:
        """The products that one table of a batch lists."""
        return self._table_products(self.batches[wildcards.batch], wildcards.table)

    def _table_products(self, batch: Batch, table: str) -> list[str]:
        return [products.path(batch, a, table) for a in products.measured(batch, table)]

    def write(self) -> None:
        """Bring the plan files up to date, touching only those whose content changed.

        Those of what a batch no longer declares are removed: they would read as if it were asked.
        """
        for batch in self.batches.values():
            folder = Path("results", batch.id, "plan")
            planned = set()
            for name, content in self.files(batch):
                path, text = folder / f"{name}.json", records.text(content)
                planned.add(path)
                if not (path.is_file() and path.read_text("utf-8") == text):
                    write_text(path, text)
            # hidden files are those that another process is writing
            for path in set(folder.rglob("[!.]*.json")) - planned:
                path.unlink(missing_ok=True)
        self._digests.save()
        code.keep(self._code_cache)

    def _acquisition(self, wildcards: Wildcards) -> Acquisition:
        known = self.batches[wildcards.batch].acquisitions
        if wildcards.acquisition not in known:
            remedy = "ask for an id of its acquisitions.tsv"
            what = f"{wildcards.batch} has no acquisition {wildcards.acquisition}"
            raise BatchError(f"{what}; {remedy}")
        return known[wildcards.acquisition]

    def files(self, batch: Batch) -> Iterator[tuple[str, dict[str, Any]]]:
        """Name and content of every plan file of a batch, as they should be now."""
        settings = _validated(_merged(self._config, batch.parameters))
        schema.refuse(list(_window_problems(settings, f"config.yaml or {batch.folder}/batch.yaml")))
        yield from plan_files.steps(settings)
        for a in batch.acquisitions.values():
            yield f"acquisitions/{a.id}", plan_files.acquisition(batch, a, self._digests)
            if a.url:
                yield f"fetched/{a.id}", plan_files.fetched(a)
        if batch.simulate is not None:
            yield from plan_files.simulation(batch)
        for name, declared in batch.comparisons.items():
            yield f"comparisons/{name}", plan_files.comparison(batch, name, declared)
        if batch.claims:
            yield "ledger", plan_files.claims(batch)
        yield "batch", plan_files.whole(batch, settings)
        for name, figure in batch.figures.items():
            styled = {**settings["figures"], **figure}
            yield f"figures/{name}", plan_files.figure(batch, styled, _panels(batch, name))
        for table in targets.tables(batch):
            yield f"tables/{table}", {"products": self._table_products(batch, table)}


def _panels(batch: Batch, figure: str) -> list[list[str]]:
    """Every product that each panel of a figure may show."""
    ends = products.ends(batch)
    return [_shown(batch, panel, ends) for panel in batch.figures[figure]["panels"]]


def _shown(
    batch: Batch, panel: Mapping[str, Any], ends: Mapping[str, tuple[str, ...]]
) -> list[str]:
    if compared := kinds.compared(panel):
        return [targets.comparison(batch, name) for name in compared]
    technique, names = kinds.needs(panel)
    found = batch.select(technique, panel["select"], with_left_out=True)
    if "acquisition" not in panel["select"]:
        numbers = set(products.MEASURED[technique]) & set(names)
        found = [a for a in found if numbers <= set(ends[a.id])]
    wanted = [
        products.path(batch, a, name)
        for a in found
        for name in (*names, *(one for one in kinds.also(panel) if one in ends[a.id]))
    ]
    return list(dict.fromkeys(wanted))


def _loaded(folders: list[Path]) -> list[Batch]:
    """Every batch, or one error with the problems of all."""
    loaded, wrong = [], []
    for folder in folders:
        try:
            loaded.append(batches.load(folder))
        except BatchError as error:
            wrong.append(str(error))
    if wrong:
        raise BatchError("\n".join(wrong))
    return loaded


def _validated(config: Mapping[str, Any]) -> dict[str, Any]:
    allowed = schema.load("config")
    schema.refuse(schema.problems(config, allowed, "config/config.yaml"))
    return schema.with_defaults(config, allowed)


def _window_problems(settings: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """What no schema can say of two energies: that they ascend, and which window comes first."""
    tail = settings["eels"]["background"]["tail_window_ev"]
    gap = settings["eels"]["band_gap"]["gap_range_ev"]
    names = {"eels.background.tail_window_ev": tail, "eels.band_gap.gap_range_ev": gap}
    for name, (low, high) in names.items():
        if not low < high:
            yield Problem(file, name, [low, high], "must ascend.")
    if tail[1] > gap[0]:
        remedy = f"must end before eels.band_gap.gap_range_ev begins ({gap[0]} eV)."
        yield Problem(file, "eels.background.tail_window_ev", tail, remedy)


def _as_list(value: str | list[str]) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    return [name.strip() for name in names if name.strip()]


def _folder(name: str) -> Path:
    """A batch folder: relative to where the run is started, else to the project."""
    here = Path(name)
    return here if here.is_dir() or here.is_absolute() else PROJECT / name


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(dict(base))
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else copy.deepcopy(value)
    return merged
