"""Crate of a recorded run: what it says, that it is valid, that it lies about nothing."""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import recorded_runs
import requests
import requests_cache
import urllib3
from prov.model import ProvDocument
from requests.adapters import BaseAdapter
from rocrate.rocrate import ROCrate
from rocrate_validator import models, services

from nanostitch import batch as batches
from nanostitch import cli
from nanostitch.errors import BatchError
from nanostitch.provenance import crate, prov_export
from nanostitch.provenance.crate import check, parameters, state

CONTEXTS = Path(__file__).parent / "contexts"
STORED = {
    "https://w3id.org/ro/crate/1.1/context": CONTEXTS / "ro_crate_1.1.jsonld",
    "https://w3id.org/ro/terms/workflow-run/context": CONTEXTS / "workflow_run.json",
}
PROFILE = "provenance-run-crate-0.5"
TOO_STRICT = "process-run-crate-0.5_5.1"
"""Recommends an http id even for the scripts and the Snakefile that lie in the crate."""
METADATA = "ro-crate-metadata.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a recorded run. Not to be changed."""
    folder = tmp_path_factory.mktemp("run")
    recorded_runs.make(folder)
    return folder


@pytest.fixture(scope="module")
def packed(run: Path) -> Path:
    """Its crate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(run)
        assert cli.main(["crate", "batches/series", "--output", "series.zip"]) == 0
    return run / "series.zip"


@pytest.fixture
def unpacked(packed: Path, tmp_path: Path) -> Path:
    """The crate's files, which a test may change."""
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path / "crate")
    return tmp_path / "crate"


@pytest.fixture(scope="module")
def entities(packed: Path) -> dict[str, dict[str, Any]]:
    """Metadata of the crate, by id."""
    with zipfile.ZipFile(packed) as file:
        graph = json.loads(file.read(METADATA))["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {entity["@id"]: entity for entity in graph}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator's cache with the two contexts that it looks up."""
    path = tmp_path_factory.mktemp("cache") / "contexts"
    session = requests_cache.CachedSession(
        str(path), backend="sqlite", expire_after=requests_cache.NEVER_EXPIRE
    )
    session.mount("https://", _Stored())
    for url in STORED:
        session.get(url)
    session.close()
    return path


class _Stored(BaseAdapter):
    """Answers with the contexts that lie beside the tests."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, str(request.url), request
        answer.headers["Content-Type"] = "application/ld+json"
        body = io.BytesIO(STORED[answer.url].read_bytes())
        answer.raw = urllib3.HTTPResponse(
            body=body, headers=dict(answer.headers), status=200, preload_content=False
        )
        return answer

    def close(self) -> None:
        """Nothing is open."""


def problems(folder: Path, cache: Path, severity: str) -> list[str]:
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier=PROFILE,
        requirement_severity=models.Severity[severity],
        offline=True,
        cache_path=cache,
    )
    found = services.validate(settings).get_issues()
    return [f"{issue.check.identifier}: {issue.message}" for issue in found]


def test_crate__keeps_every_rule_of_its_profile_and_those_it_rests_on(
    unpacked: Path, cache: Path
) -> None:
    found = problems(unpacked, cache, "RECOMMENDED")  # and what is required
    assert [problem for problem in found if not problem.startswith(TOO_STRICT)] == []


def test_validator__sees_a_listed_file_that_is_absent(unpacked: Path, cache: Path) -> None:
    (unpacked / "results/series/claims.nc").unlink()
    found = problems(unpacked, cache, "REQUIRED")
    assert any("claims.nc" in problem for problem in found)


def test_sha256__is_that_of_the_file_in_the_crate(
    unpacked: Path, entities: dict[str, dict[str, Any]]
) -> None:
    files = [entity for entity in entities.values() if "File" in entity["@type"]]
    assert len(files) > 20
    for entity in files:
        content = (unpacked / unquote(entity["@id"])).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))


def test_check__sees_a_falsified_hash_a_swapped_and_an_absent_file(unpacked: Path) -> None:
    assert check.problems(unpacked) == []
    first, second, third = "claims.nc", "figures/figure_1.pdf", "tables/claims.tsv"
    start, text = "results/series", (unpacked / METADATA).read_text("utf-8")
    known = hashlib.sha256((unpacked / start / first).read_bytes()).hexdigest()
    (unpacked / METADATA).write_text(text.replace(known, "0" * 64), "utf-8")
    (unpacked / start / second).write_bytes(b"swapped")
    (unpacked / start / third).unlink()
    assert sorted(check.problems(unpacked)) == [
        f"{start}/{first}: has another sha256 than {METADATA} states",
        f"{start}/{second}: has another sha256 than {METADATA} states",
        f"{start}/{third}: is absent, but {METADATA} lists it",
    ]


def test_rocrate__reads_it_and_writes_the_same_entities(unpacked: Path) -> None:
    again = ROCrate(unpacked).metadata.generate()
    before = json.loads((unpacked / METADATA).read_text("utf-8"))
    assert _by_id(again) == _by_id(before)


def _by_id(document: dict[str, Any]) -> dict[str, Any]:
    return {entity["@id"]: entity for entity in document["@graph"]}


def test_every_reference__leads_to_an_entity_or_the_web(
    entities: dict[str, dict[str, Any]],
) -> None:
    for entity in entities.values():
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and not one["@id"].startswith("https://"):
                    assert one["@id"] in entities


def test_raw_file__carries_its_instrument_and_leads_to_its_product(
    entities: dict[str, dict[str, Any]],
) -> None:
    raw = next(e for e in entities.values() if e.get("name") == "Spectrum 1 [µ].msa")
    facts = [entities[one["@id"]] for one in raw["additionalProperty"]]
    assert {(f["name"], f["value"], f["unitText"]) for f in facts} == {
        ("beam_energy_kev", 60.0, "keV"),
        ("convergence_mrad", 25.0, "mrad"),
    }
    assert entities[raw["instrument"]["@id"]]["name"] == "Nion HERMES"
    job = next(e for e in entities.values() if e.get("object") == {"@id": raw["@id"]})
    assert job["result"] == {"@id": "results/series/eels/spectrum_1/raw.nc"}


def test_parameters__have_name_value_unit_and_meaning(
    entities: dict[str, dict[str, Any]],
) -> None:
    values = [e for e in entities.values() if e["@type"] == "PropertyValue"]
    value = next(e for e in values if e["name"] == "gap_range_ev")
    assert (json.loads(value["value"]), value["unitText"]) == ([2.1, 3.0], "eV")
    formal = entities[value["exampleOfWork"]["@id"]]
    assert formal["description"].startswith("Where the gap is looked for")
    jobs = [e for e in entities.values() if {"@id": value["@id"]} in _listed(e.get("object"))]
    assert [job["name"] for job in jobs] == [
        "band_gap: acquisition=spectrum_1",
        "band_gap: acquisition=spectrum_2",
    ]


def test_panel__leads_to_what_it_shows(entities: dict[str, dict[str, Any]]) -> None:
    panel = entities["results/series/figures/figure_1.png#a"]
    assert panel["isBasedOn"] == [
        {"@id": "results/series/figures/figure_1.nc"},
        {"@id": "results/series/eels/spectrum_1/band_gap.nc"},
    ]
    assert {"@id": "results/series/figures/figure_1.pdf"} in panel["isPartOf"]


def test_claim__has_interval_unit_and_verdict(entities: dict[str, dict[str, Any]]) -> None:
    claim = entities["#claim/gap"]
    assert [claim[key] for key in ("value", "minValue", "maxValue", "unitText")] == [
        *(2.41, 2.39, 2.43),
        "eV",
    ]
    assert entities[claim["additionalProperty"]["@id"]]["value"] == "reproduced"
    assert claim["subjectOf"] == {"@id": "results/series/figures/figure_1.png#b"}


def test_crate__has_the_same_bytes_again(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    for name in ("first.zip", "again.zip"):
        crate.build(batches.load(Path("batches/series")), tmp_path / name)
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()


def test_entries__are_safe_and_keep_the_order_of_making(packed: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        entries = file.infolist()
    for entry in entries:
        assert not entry.filename.startswith("/")
        assert ".." not in entry.filename.split("/")
        assert "\\" not in entry.filename
    assert [entry.date_time for entry in entries] == sorted(entry.date_time for entry in entries)


def test_programs__stay_programs(packed: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in file.infolist()}
    assert modes["envs/setup.sh"] == 0o755  # run by make
    assert modes["Snakefile"] == 0o644


def test_crate__says_nothing_of_the_machine(run: Path, unpacked: Path) -> None:
    records = unpacked / "results/series/provenance"
    for path in unpacked.rglob("*"):
        if path.is_file() and not path.is_relative_to(records):
            content = path.read_bytes()
            assert recorded_runs.HOST.encode() not in content, path
            assert str(run).encode() not in content, path


def test_agent__is_the_operator_only_where_they_chose_to_be_named(
    entities: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    creator = {"@id": "https://orcid.org/0000-0002-1825-0097"}
    assert _agents(entities) == [creator]
    recorded_runs.make(tmp_path, {"name": "Lab Hand", "orcid": "0000-0001-5109-3700"})
    monkeypatch.chdir(tmp_path)
    crate.build(batches.load(Path("batches/series")), tmp_path / "named.zip")
    with zipfile.ZipFile("named.zip") as file:
        named = _by_id(json.loads(file.read(METADATA)))
    assert _agents(named) == [{"@id": "https://orcid.org/0000-0001-5109-3700"}]
    assert named["./"]["creator"] == creator


def _agents(entities: dict[str, dict[str, Any]]) -> list[Any]:
    found = [e["agent"] for e in entities.values() if e["@type"] == "CreateAction"]
    return [agent for n, agent in enumerate(found) if agent not in found[:n]]


def test_batch__names_raw_files_inside_the_crate(unpacked: Path) -> None:
    again = batches.load(unpacked / "config/batches/series")
    for a in again.acquisitions.values():
        assert a.path.resolve().is_relative_to(again.folder.resolve() / "raw")
    names = [a.path.name for a in again.acquisitions.values()]
    assert names == [Path(name).name for name in recorded_runs.raw_names()]


def test_without_raw__tells_the_digest_and_where_files_go(
    run: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    target = tmp_path / "small.zip"
    assert cli.main(["crate", "batches/series", "--output", str(target), "--without-raw"]) == 0
    with zipfile.ZipFile(target) as file:
        file.extractall(tmp_path / "small")
    assert not list((tmp_path / "small").rglob("*.msa"))
    found = _by_id(json.loads((tmp_path / "small" / METADATA).read_text("utf-8")))
    absent = [e for e in found.values() if e["@id"].startswith("#absent/")]
    wanted = [hashlib.sha256(p.read_bytes()).hexdigest() for p in run.rglob("*.msa")]
    assert sorted(e["sha256"] for e in absent) == sorted(wanted)
    assert "config/batches/series/raw" in (tmp_path / "small/README.md").read_text("utf-8")
    assert problems(tmp_path / "small", cache, "REQUIRED") == []


def test_changed_result__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded_runs.make(tmp_path)
    (tmp_path / "results/series/figures/figure_1.pdf").write_bytes(b"swapped")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BatchError, match=r"figure_1\.pdf: not what its record says"):
        crate.build(batches.load(Path("batches/series")), tmp_path / "crate.zip")
    assert not (tmp_path / "crate.zip").exists()


def test_other_code__is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)
    monkeypatch.setattr(crate.code, "digest", lambda *_: "0" * 64)
    with pytest.raises(BatchError, match="ingest, band_gap, .*: the workflow has other code"):
        crate.build(batches.load(Path("batches/series")), tmp_path / "crate.zip")


def test_batch_without_records__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded_runs.make(tmp_path)
    shutil.rmtree(tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BatchError, match="run the batch"):
        crate.build(batches.load(Path("batches/series")), tmp_path / "crate.zip")


def test_config__names_the_batch_and_nobody(
    unpacked: Path,
) -> None:
    text = (unpacked / "config/config.yaml").read_text("utf-8")
    assert "config/batches/series" in text
    assert "paper" not in text
    assert "operator" not in text
    assert "gap_range_ev" in text


@pytest.mark.parametrize("kind", ["json", "provn"])
def test_prov__reads_back_as_what_was_written(
    run: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run)
    written = prov_export.document(state.read(Path("results/series")), {"name": "Ada Nanocrystal"})
    text = prov_export.text(written, kind)
    assert ProvDocument.deserialize(content=text, format=kind) == written
    assert cli.main(["prov", "batches/series", "--format", kind]) == 0
    assert len(capsys.readouterr().out) > len(text) / 2
    assert recorded_runs.HOST not in text


def test_prov__leads_from_the_figure_to_both_raw_files(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    written = prov_export.document(state.read(Path("results/series")), {"name": "Ada Nanocrystal"})
    steps = json.loads(prov_export.text(written, "json"))["wasDerivedFrom"].values()
    sources: dict[str, set[str]] = {}
    for step in steps:
        sources.setdefault(step["prov:generatedEntity"], set()).add(step["prov:usedEntity"])
    start = next(name for name in sources if "figure_1.pdf" in name)
    reached = set(_reached(start, sources))
    leaves = {unquote(name) for name in reached if name not in sources}
    assert len(leaves) == 2
    assert all(".msa_" in leaf for leaf in leaves)


def _reached(start: str, sources: dict[str, set[str]]) -> Iterator[str]:
    for source in sources.get(start, ()):
        yield source
        yield from _reached(source, sources)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("gap_range_ev", "eV"),
        ("onset_curvature_per_ev", "eV-1"),
        ("beam_energy_kev", "keV"),
        ("baseline_tilt_per_100_nm", "(100 nm)-1"),
        ("dose_e_per_nm2", "nm-2"),
        ("max_misfit", None),
    ],
)
def test_unit__is_what_the_name_ends_in(name: str, unit: str | None) -> None:
    assert parameters.unit_of(name) == unit


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
