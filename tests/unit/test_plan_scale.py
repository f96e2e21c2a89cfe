"""Planning grows with the number of acquisitions and no faster: counted, not timed."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from nanostitch import batch, code, plan_files, sheets
from nanostitch.errors import BatchError
from nanostitch.plan import Plan
from nanostitch.provenance.digests import Stat, fingerprint

BATCH = """\
title: Many spectra
creator: {name: N. N.}
licence: CC0-1.0
"""


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Plans a batch of so many spectra; returns the plan and how often parts of it were called."""
    monkeypatch.chdir(tmp_path)
    config = {
        key: value
        for key, value in yaml.safe_load(
            (plan_files.PROJECT / "config" / "config.yaml").read_text("utf-8")
        ).items()
        if key != "batches"
    }

    def make(count: int) -> tuple[Plan, Counter[str]]:
        folder = Path(f"n{count}")
        (folder / "raw").mkdir(parents=True, exist_ok=True)
        (folder / "batch.yaml").write_text(BATCH)
        (folder / "conditions.tsv").write_text("condition\tlabel\nfresh\tfresh\n")
        (folder / "samples.tsv").write_text("sample\tmaterial\tsubstrate\ngrid1\tCsPbBr3\tC\n")
        rows = ["acquisition\tsample\tcondition\ttechnique\tfile"]
        for number in range(count):
            (folder / "raw" / f"{number}.msa").write_text(str(number))
            rows.append(f"a{number}\tgrid1\tfresh\teels\t{number}.msa")
        (folder / "acquisitions.tsv").write_text("\n".join(rows))
        return _counted(monkeypatch, lambda: _plan(config, folder))

    return make


def _plan(config, folder):
    plan = Plan({**config, "batches": [str(folder)]}, cache=Path("cache") / "digests.json")
    plan.write()
    return plan


def _counted(monkeypatch, action):
    calls: Counter[str] = Counter()

    def counting(name, function):
        def counted(*arguments, **named):
            calls[name] += 1
            return function(*arguments, **named)

        return counted

    with monkeypatch.context() as patch:
        for place, name in ((batch, "_references"), (plan_files, "acquisition")):
            patch.setattr(place, name, counting(name, getattr(place, name)))
        patch.setattr(code.ast, "parse", counting("parse", code.ast.parse))
        found = action()
    return found, calls


def test_write__calls_grow_in_proportion(planned):
    few, many = planned(40)[1], planned(160)[1]
    assert many["acquisition"] == 4 * few["acquisition"] == 160
    assert many["_references"] == 4 * few["_references"]


def forget() -> None:
    """As in another process, which has only what was kept."""
    code._known.clear()
    code._module.cache_clear()


def test_write__sources_are_parsed_once_and_then_remembered(planned):
    forget()
    assert planned(2)[1]["parse"] > 0
    forget()
    assert planned(2)[1]["parse"] == 0


def test_recall__what_another_reader_kept_is_not_trusted(planned, monkeypatch):
    planned(2)
    forget()
    monkeypatch.setattr(code, "_reader", lambda: "another Python")
    assert planned(2)[1]["parse"] > 0


def test_write__removes_plans_of_what_is_declared_no_more_and_nothing_else(planned):
    planned(2)
    folder = Path("results", "n2")
    stale = [folder / "plan" / f"{one}.json" for one in ("figures/figure_9", "tables/old", "old")]
    strange = [
        folder / "plan" / "acquisitions" / ".a0.host.1.ab.partial.json",
        folder / "plan" / "notes.txt",
        folder / "figures" / "figure_9.json",
        Path("results", "other", "plan", "figures", "figure_9.json"),
    ]
    for path in [*stale, *strange]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    before = _files(Path("results"))
    planned(2)
    assert _files(Path("results")) == {p: s for p, s in before.items() if p not in stale}


def _files(folder: Path) -> dict[Path, Stat]:
    return {path: fingerprint(path) for path in folder.rglob("*") if path.is_file()}


def test_ids__patterns_do_not_grow_with_the_sheet(planned):
    plan = planned(50)[0]
    for key in ("acquisition", "sample", "condition"):
        pattern = plan.ids(key)
        assert len(pattern) < 40
        assert re.fullmatch(pattern, "a49")
        assert not re.fullmatch(pattern, "../a49")
        assert pattern == sheets.ID_PATTERN


def test_acquisition__an_id_that_no_sheet_has_is_named(planned):
    plan = planned(2)[0]
    wildcards = type("Wildcards", (), {"batch": "n2", "acquisition": "typo"})
    with pytest.raises(BatchError, match="n2 has no acquisition typo"):
        plan.raw_files(wildcards)
