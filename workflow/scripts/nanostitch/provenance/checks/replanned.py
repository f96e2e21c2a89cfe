"""What a run would be planned with now, held against what products were made with.

Nothing is written: the plan is made afresh in memory from configuration, sheets, code and lock
as they are now, with the arguments of the run that was last recorded.
"""

import argparse
import contextlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from nanostitch import documents
from nanostitch.errors import NanostitchError
from nanostitch.provenance import derivation
from nanostitch.provenance.checks.recorded import Recorded
from nanostitch.provenance.records import Record

CONFIG = Path("config/config.yaml")
_PLAN_OF_ROLE = {
    "acquisition": "acquisitions/{acquisition}",
    "comparison": "comparisons/{comparison}",
    "figure": "figures/{figure}",
    "table": "tables/{table}",
    "specimen": "specimens/{sample}.{condition}",
    "claims": "ledger",
    "source": "fetched/{acquisition}",
    "batch": "batch",
}
"""Plan file that a rule takes as its input of a name; ``step`` is named like the rule."""
_NAMES = {
    "code_sha256": "code",
    "lock_sha256": "locked versions of libraries",
    "format": "format of products",
}
_SETTINGS = ("settings", "seed", "instrument", "writer", "condition")
_SHEETS = ("about", "told", "references", "dataset", "technique", "conditions")


def plan_file(record: Mapping[str, Any], role: str) -> str:
    """Name of the plan file that a job had as its input ``role``, without ``.json``."""
    rule = str(record["rule"])
    if role == "step":
        return rule
    if rule == "simulate":
        return f"simulated/{record['wildcards']['acquisition']}"
    return _PLAN_OF_ROLE[role].format(**record["wildcards"])


class Replanned:
    """The plan of a batch as it would be now.

    Parameters
    ----------
    state
        What was recorded of the batch.
    """

    def __init__(self, state: Recorded) -> None:
        self._state = state
        self.reason = ""
        with contextlib.chdir(state.root):
            try:
                self._plan, self.files = self._planned()
            except (NanostitchError, OSError) as error:
                self._plan, self.files = None, {}
                self.reason = " ".join(str(error).split())

    def _planned(self) -> tuple[Any, dict[str, dict[str, Any]]]:
        from nanostitch.plan import Plan

        config, batch = _config(self._state.arguments), self._state.batch
        plan = Plan(config, cache=Path(".snakemake/nanostitch/digests.json"))
        if batch not in plan.batches:
            raise NanostitchError(f"config.yaml names no batch {batch}")
        files = plan.files(plan.batches[batch])
        return plan, {name: json.loads(json.dumps(content)) for name, content in files}

    @cached_property
    def raw_folders(self) -> dict[str, Path]:
        """Folder of the raw file of each acquisition."""
        if self._plan is None:
            return {}
        found = self._plan.batches[self._state.batch].acquisitions
        return {name: self._state.root / a.path.parent for name, a in found.items()}

    def changes(self, record: Record) -> list[str]:
        """What decided a job and is not now as it was then."""
        said: list[str] = []
        for role, then in (record["derivation"] or {"plan": {}})["plan"].items():
            now = self.files.get(plan_file(record, role))
            if now is None:
                said.append(f"{plan_file(record, role)} is no longer planned")
            else:
                said += differences(then, now)
        code = _NAMES["code_sha256"]
        return [f"{one} of rule {record['rule']}" if one == code else one for one in said]


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two states of a plan file, each as ``name: old → new``.

    Digests of raw files are left to the check of their bytes.
    """
    flat_then, flat_now = (_named(one) for one in (then, now))
    said = []
    for key in sorted(flat_then.keys() | flat_now.keys()):
        old, new = flat_then.get(key), flat_now.get(key)
        if old != new and not key.startswith("raw."):
            said.append(_change(key, old, new))
    return list(dict.fromkeys(said))


def configuration_arguments(arguments: Sequence[str]) -> list[str]:
    """Those arguments of snakemake that decide its configuration."""
    given = _given(arguments)
    named = (("--config", given.config), ("--configfile", given.configfile))
    return [word for option, values in named if values for word in (option, *values)]


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", "-C", nargs="+", default=[])
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    return parser.parse_known_args(list(arguments))[0]


def _config(arguments: Sequence[str]) -> dict[str, Any]:
    """Configuration of a run, as snakemake merges it from files and arguments."""
    import yaml
    from snakemake.utils import update_config

    given = _given(arguments)
    config: dict[str, Any] = {}
    for path in (CONFIG, *map(Path, given.configfile)):
        update_config(config, documents.read_yaml(path))
    for text in given.config:
        name, _, value = text.partition("=")
        update_config(config, {name: yaml.safe_load(value)})
    return config


def _named(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a plan file by their names; an empty group has none."""
    return {name: value for name, value in derivation.flat(plan) if value != {}}


def _change(key: str, old: Any, new: Any) -> str:
    """One change, named as its user knows it."""
    first, _, rest = key.partition(".")
    if first in _NAMES:
        return _NAMES[first]
    if first in _SETTINGS:
        return f"parameter {rest or first}: {_short(old)} → {_short(new)}"
    if first in _SHEETS:
        return f"sheet or batch.yaml, {rest or first}: {_short(old)} → {_short(new)}"
    if first == "versions":
        return f"version of {rest}: {_short(old)} → {_short(new)}"
    return f"declaration, {key}: {_short(old)} → {_short(new)}"


_LONGEST = 60
"""Letters of a value that are shown."""


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
