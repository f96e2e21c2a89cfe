"""The page of a batch: what it tells, that hostile text stays text, and what may be absent."""

import base64
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import report_batches

from nanostitch import cli, report
from nanostitch.errors import BatchError
from nanostitch.provenance import ledger
from nanostitch.report import collect, page, particles, rulegraph, times

HOSTILE = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>'\""


class Page(HTMLParser):
    """What a browser would see: the text, the tags and the embedded documents."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self._inside: str | None = None
        self.feed(path.read_text("utf-8"))
        self.data = json.loads(next(t for a, t in self.scripts if a.get("id") == "data"))
        self.nodes = self.data["graph"]["nodes"]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data):
        if self._inside == "script":
            attrs = self.tags[-1][1]
            if self.scripts and self.scripts[-1][0] is attrs:
                self.scripts[-1] = attrs, self.scripts[-1][1] + data
            else:
                self.scripts.append((attrs, data))
        elif self._inside != "style":
            self.text += data

    def handle_endtag(self, tag):
        self._inside = None


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return report_batches.make(tmp_path_factory.mktemp("report"))


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the results that a test may change."""
    shutil.copytree(finished.parent.parent, tmp_path / "copy")
    return tmp_path / "copy" / "results" / "series"


@pytest.fixture(scope="module")
def shown(finished):
    return Page(report.make(finished))


def behind(nodes, key):
    found, waiting = set(), [key]
    while waiting:
        found.add(one := waiting.pop())
        waiting += nodes[one]["inputs"]
    return found


def test_page__tells_who_what_and_that_all_is_there(shown):
    for told in (report_batches.TITLE, "Ada Nanocrystal", "Measured raw data", "Complete"):
        assert told in shown.text
    assert "What is missing" not in shown.text
    assert "few particles" in shown.text
    assert "The <gap> is 2.4 eV." in shown.text
    assert "Edges of <i>two</i> images." in shown.text
    assert "8.12 [8.00, 8.25]" in shown.text or "8.13 [8.00, 8.25]" in shown.text


def test_every_traced_number__leads_to_the_digest_of_raw_bytes(shown):
    asked = {attrs["data-trace"] for _, attrs in shown.tags if attrs.get("data-trace")}
    buttons = [attrs for tag, attrs in shown.tags if attrs.get("class") == "traced"]
    assert len(buttons) >= 8
    truth = {
        f"{name}.dm4": hashlib.sha256(report_batches.RAW_BYTES + name.encode()).hexdigest()
        for name in ("image_1", "image_2", "line_1", "map_1")
    }
    for key in asked:
        raw = [n for one in behind(shown.nodes, key) if (n := shown.nodes[one])["kind"] == "raw"]
        assert raw
        assert all(node["sha256"] == truth[Path(node["path"]).name] for node in raw)


def test_trace_of_a_panel__names_its_own_files_with_what_the_instrument_told(shown):
    key = next(key for key, node in shown.nodes.items() if node["kind"] == "panel")
    found = {Path(n["path"]).name: n for one in behind(shown.nodes, key) if (n := shown.nodes[one])}
    assert {"image_1.dm4", "image_2.dm4"} <= set(found)
    assert "line_1.dm4" not in found
    assert ["Beam energy (keV)", "60.0"] in found["image_1.dm4"]["facts"]


def test_page__lets_its_own_scripts_run_and_nothing_load(shown):
    policy = next(a["content"] for t, a in shown.tags if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    run = [text for attrs, text in shown.scripts if "type" not in attrs]
    digests = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in run]
    assert re.findall(r"'sha256-([^']+)'", policy) == digests
    for tag, attrs in shown.tags:
        for name in ("src", "href"):
            assert not re.match(r"(https?:)?//", attrs.get(name) or ""), (tag, attrs)


def test_hostile_text__stays_text(tmp_path):
    found = Page(report.make(report_batches.make(tmp_path, title=HOSTILE, note=HOSTILE)))
    assert HOSTILE in found.text
    assert not [attrs for tag, attrs in found.tags if "onerror" in attrs]
    assert len([1 for tag, _ in found.tags if tag == "script"]) == 3


def test_same_results__give_the_same_page(folder):
    first = report.make(folder).read_bytes()
    assert report.make(folder).read_bytes() == first


def test_page__is_no_larger_than_its_pictures_and_its_library(finished):
    assert report.make(finished).stat().st_size < 2_000_000 < page.LARGEST_BYTES


def test_failed_job__is_named_with_its_error_and_what_it_kept_from_being_made(folder):
    for path in (folder / "adf/image_2/particles.nc", folder / "tables/particles.tsv"):
        path.unlink()
    for path in (folder / "figures").iterdir():
        path.unlink()
    error = "image_2.dm4: pixel size is absent\ntell pixel_size_nm <here>"
    report_batches.failed_job(folder, "particles", "image_2", error)
    found = Page(report.make(folder))
    assert "Incomplete" in found.text
    assert error in found.text
    contents = collect.read(folder)
    why = {Path(one.path).name: one.why for one in collect.missing(contents)}
    assert why["particles.nc"] == "the job particles image_2 failed"
    assert why["particles.tsv"].startswith("needs adf/image_2/particles.nc")
    assert why["figure_1.png"].startswith("needs adf/image_2/particles.nc")


def test_later_success__takes_a_failure_from_the_page(folder):
    report_batches.failed_job(folder, "particles", "image_2", "was broken")
    path = next((folder / "provenance/records").iterdir())
    record = json.loads(path.read_text())
    record |= {"uuid": "later", "status": "completed", "ended": "2026-11-24T21:00:00.000+00:00"}
    report_batches.write_json(path.with_name("later.json"), record)
    assert "was broken" not in Page(report.make(folder)).text


def test_failure_of_what_is_declared_no_more__is_not_held_against_the_run(folder):
    report_batches.failed_job(folder, "particles", "image_9", "was broken")
    found = Page(report.make(folder)).text
    assert "Complete" in found
    assert "was broken" not in found


def test_missing_comparison_that_a_figure_shows__is_named_once(folder):
    path = "results/series/comparisons/gap.nc"
    report_batches.write_json(folder / "plan/comparisons/gap.json", {"acquisitions": []})
    report_batches.write_json(
        folder / "plan/figures/figure_2.json", {"figure": {"panels": []}, "products": [path]}
    )
    absent = [one.path for one in collect.missing(collect.read(folder))]
    assert absent.count(path) == 1


@pytest.mark.parametrize(
    "removed",
    [
        ["claims.nc", "plan/ledger.json", "tables/claims.tsv"],
        ["figures", "plan/figures"],
        ["adf", "plan/tables/particles.json", "tables/particles.tsv", "plan/figures", "figures"],
        ["eels", "plan/tables/band_gap.json", "tables/band_gap.tsv", "claims.nc"],
        ["adf", "eels", "figures", "tables", "claims.nc"],
    ],
    ids=["no claims", "no figures", "no images", "no spectra", "nothing was made"],
)
def test_page__is_made_of_what_is_there(folder, removed):
    for name in removed:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    found = Page(report.make(folder))
    assert report_batches.TITLE in found.text
    assert "Cite, rerun, verify" in found.text


def test_damaged_product__is_a_sentence_on_the_page(folder):
    (folder / "adf/image_1/particles.nc").write_bytes(b"not netCDF")
    text = Page(report.make(folder)).text
    assert "could not be shown" in text
    assert "adf/image_1/particles.nc" in text


def test_damaged_record__is_a_sentence_on_the_page(folder):
    report_batches.failed_job(folder, "particles", "image_2", "broken")
    next((folder / "provenance/records").iterdir()).write_text("{", "utf-8")
    assert "particles-image_2.json: cannot be read" in Page(report.make(folder)).text


def test_altered_record__is_named_below_the_folder_of_the_run(folder):
    report_batches.failed_job(folder, "particles", "image_2", "broken")
    ledger.close(folder, "failed")
    assert "not as they were written" not in Page(report.make(folder)).text
    (record,) = (folder / "provenance/records").iterdir()
    record.write_text(record.read_text("utf-8") + " ", "utf-8")
    text = Page(report.make(folder)).text
    assert "Ledger or records are not as they were written: 1 place" in text
    assert "results/series/provenance/records/particles-image_2.json: was altered" in text
    assert str(folder.parent.parent) not in text


def test_failed_run__is_told_where_nothing_is_missing(folder):
    run = {"run": "1", "started": "2026-11-24T20:00:00+00:00", "arguments": []}
    report_batches.write_json(folder / "provenance/runs/1.json", run)
    ledger.close(folder, "failed", "1")
    found = Page(report.make(folder))
    assert "The last run ended with an error" in found.text
    assert "state" in {attrs.get("id") for _, attrs in found.tags}


def test_log_of_a_failed_job__is_that_of_its_rule_and_wildcards(folder):
    jobs = {
        "particles/image_1": {"acquisition": "image_1"},
        "score": {},
        "simulate/image_2.dm4": {"acquisition": "image_2", "suffix": "dm4"},
        "fetch/image_2/image_2.dm4": {"acquisition": "image_2", "file": "image_2.dm4"},
    }
    report_batches.failed_job(folder, "particles", "image_2", "broken")
    (path,) = (folder / "provenance/records").iterdir()
    record = json.loads(path.read_text())
    for number, (log, wildcards) in enumerate(jobs.items()):
        (folder / f"logs/{log}.log").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"logs/{log}.log").touch()
        told = {"rule": log.partition("/")[0], "wildcards": {"batch": "series", **wildcards}}
        report_batches.write_json(path.with_name(f"{number}.json"), {**record, **told})
    found = {one.job: one.log for one in collect.failures(collect.read(folder))}
    assert sorted(found.values()) == ["", *sorted(f"results/series/logs/{log}.log" for log in jobs)]
    assert found["particles image_1"] == "results/series/logs/particles/image_1.log"
    assert found["particles image_2"] == ""


def test_commands__name_the_sheets_as_the_run_was_told_them(folder):
    arguments = ["--cores", "2", "--config", "batches=other/one,my batches/series"]
    run = {"run": "1", "started": "2026-11-24T20:00:00+00:00", "arguments": arguments}
    report_batches.write_json(folder / "provenance/runs/1.json", run)
    text = Page(report.make(folder)).text
    assert "snakemake --cores 2 --config 'batches=other/one,my batches/series'" in text
    assert "nanostitch crate 'my batches/series'" in text


def test_folder_without_a_plan__is_refused_by_name(tmp_path):
    with pytest.raises(BatchError, match="no plan"):
        report.make(tmp_path)


def test_command__prints_where_the_page_lies_and_its_size(folder, capsys):
    assert cli.main(["report", str(folder)]) == 0
    assert re.search(r"report\.html: \d+\.\d MB", capsys.readouterr().out)


def test_outlines__enclose_the_area_of_their_particles(finished):
    view = particles.views(collect.read(finished))[0]
    for xs, ys, edge in zip(view["xs"], view["ys"], view["edge"], strict=True):
        x, y = np.array(xs), np.array(ys)
        area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        corners = 4 * report_batches.STEP_NM**2 / 8  # a contour cuts each by half a pixel
        assert area == pytest.approx(edge**2 - corners, rel=0.01)
    assert sum(view["count"]) == 3
    assert view["flags"] == ["", "", "merged shape"]


def test_lines_of_the_rule_graph__are_those_that_no_longer_way_shows():
    feeds = {"c": {"a", "b"}, "b": {"a"}, "a": set(), "d": {"c", "a"}}
    assert rulegraph._reduced(feeds) == {"c": {"b"}, "b": {"a"}, "a": set(), "d": {"c"}}
    columns = rulegraph._columns(feeds)
    assert all(columns[one] < columns[rule] for rule in feeds for one in feeds[rule])


def test_times__come_from_records_before_benchmark_files(folder):
    bench = folder / "benchmarks" / "particles"
    bench.mkdir(parents=True)
    (bench / "image_1.tsv").write_text("s\tcpu_time\n9.0\t8.0\n")
    (folder / "benchmarks" / "methods.tsv").write_text("s\tcpu_time\n0.5\t-\n")
    report_batches.failed_job(folder, "particles", "image_2", "broken")
    found = {one.rule: one for one in times.of_rules(collect.read(folder))}
    assert (found["particles"].wall_s, found["particles"].cpu_s) == (3.0, 2.5)
    assert found["particles"].failed == 1
    assert (found["methods"].wall_s, found["methods"].cpu_s) == (0.5, 0.0)
