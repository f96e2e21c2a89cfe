"""Puts together what a crate says: the batch as a whole, its files, runs and findings."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import yaml

from nanostitch import __version__
from nanostitch.batch import Batch
from nanostitch.plan_files import PROJECT
from nanostitch.provenance.crate import batch_copy, findings, runs
from nanostitch.provenance.crate.archive import Digest
from nanostitch.provenance.crate.files import Files
from nanostitch.provenance.crate.graph import PREVIEW, Graph, Reference
from nanostitch.provenance.crate.runs import Runs, person
from nanostitch.provenance.crate.state import State

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
SPECIFICATIONS = (
    "https://w3id.org/ro/crate/1.1",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
FOLDERS = {
    "workflow": ("workflow", "Rules, scripts, schemas and the package nanostitch."),
    "envs": ("environment", "The lock of every package, with its SHA-256."),
}
CITATION = "CITATION.cff"


def describe(batch: Batch, made: State, results: Path, digests: Mapping[str, Digest]) -> Graph:
    """Metadata of a crate that holds the files of ``digests``."""
    graph = Graph()
    files = Files(graph, digests, _raw_names(batch, digests))
    creator = person(graph, batch.about["creator"])
    workflow = Runs(graph, files, made, creator).describe(__version__)
    findings.raw(graph, files, made.jobs)
    images = findings.figures(graph, files, results)
    numbers = findings.claims(graph, files, results)
    _whole(graph, batch, made, creator)
    _rest(graph, files, batch, results)
    graph.root(mainEntity=workflow, image=images, variableMeasured=numbers)
    return graph


def _whole(graph: Graph, batch: Batch, made: State, creator: Reference) -> None:
    licence = graph.note(
        f"https://spdx.org/licenses/{batch.about['licence']}",
        "CreativeWork",
        name=batch.about["licence"],
        description="Licence of raw files and results, by its SPDX id.",
    )
    graph.note(
        "https://spdx.org/licenses/GPL-3.0-or-later",
        "CreativeWork",
        name="GPL-3.0-or-later",
        description="Licence of the workflow, by its SPDX id.",
    )
    profiles = [
        graph.note(identifier, "CreativeWork", name=name, version=version)
        for identifier, (name, version) in PROFILES.items()
    ]
    about = graph.of(creator)
    graph.root(
        name=batch.about["title"],
        description=_summary(batch),
        license=licence,
        creator=creator,
        author=creator,
        publisher=about.get("affiliation", creator),
        datePublished=made.ended.date().isoformat(),
        conformsTo=profiles,
        citation=_cited(graph),
    )
    graph.crate.metadata.properties()["conformsTo"] = [{"@id": one} for one in SPECIFICATIONS]


def _cited(graph: Graph) -> list[Reference]:
    """Works that whoever uses nanostitch is asked to cite."""
    document = yaml.safe_load((PROJECT / CITATION).read_text("utf-8"))
    return [
        graph.note(
            f"#cited/{number}",
            "ScholarlyArticle",
            name=work["title"],
            isPartOf=work.get("journal"),
            datePublished=str(work["year"]),
        )
        for number, work in enumerate(document.get("references", []), start=1)
    ]


def _summary(batch: Batch) -> str:
    kind = "simulated" if batch.simulate is not None else "measured"
    techniques = sorted({a.technique for a in batch.acquisitions.values()})
    return (
        f"{len(batch.acquisitions)} {kind} acquisitions ({', '.join(techniques)}) with figures, "
        "numbers and the record of every job from raw bytes on, made by nanostitch."
    )


def _rest(graph: Graph, files: Files, batch: Batch, results: Path) -> None:
    """Files and folders that no job names."""
    files.named("README.md", about={"@id": "./"})
    files.named("LICENSE", encodingFormat="text/plain")
    files.named(CITATION, about={"@id": runs.SNAKEFILE})
    described = tuple(f"{results.as_posix()}/{name}/" for name in ("plan", "provenance"))
    for name in files.names():
        of_batch = name.startswith((f"{batch_copy.folder(batch)}/", f"{results.as_posix()}/"))
        if of_batch and not name.startswith(described):
            files.named(name)
    for name, (title, said) in FOLDERS.items():
        graph.folder(name, title, said)
    graph.folder(
        f"{results.as_posix()}/plan",
        "plan",
        "What was asked of each step, and the digest of its code.",
    )
    graph.folder(
        f"{results.as_posix()}/provenance",
        "provenance",
        "The record of every job, failed ones too, and the ledger of runs that chains them.",
    )
    graph.note(PREVIEW, "CreativeWork", name="preview", about={"@id": "./"})


def _raw_names(batch: Batch, digests: Mapping[str, Digest]) -> dict[tuple[str, str], str]:
    start = f"{batch_copy.folder(batch)}/{batch_copy.RAW}/"
    return {
        (PurePosixPath(name).name, digest.sha256): name
        for name, digest in digests.items()
        if name.startswith(start)
    }
