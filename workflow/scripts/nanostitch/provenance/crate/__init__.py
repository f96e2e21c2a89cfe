"""A batch as one file that others can read, check and run: a Provenance Run Crate.

``build`` packs workflow, batch, raw files and results into a zip and describes them by the
records of the jobs that made them, after the profile Provenance Run Crate 0.5
(https://w3id.org/ro/wfrun/provenance/0.5) on RO-Crate 1.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nanostitch import code
from nanostitch.atomic import replacing
from nanostitch.batch import Batch
from nanostitch.errors import BatchError
from nanostitch.plan_files import SCRIPTS, STEPS
from nanostitch.provenance.crate import batch_copy, content, pages, state
from nanostitch.provenance.crate.archive import Archive, Item, in_order
from nanostitch.provenance.crate.describe import describe
from nanostitch.provenance.crate.graph import METADATA, PREVIEW
from nanostitch.provenance.crate.state import State

README = "README.md"
CODE_CACHE = Path(".snakemake/nanostitch/code.json")
"""What a run learnt of the modules that its scripts reach."""


@dataclass(frozen=True)
class Summary:
    """What was packed: number of files, jobs and raw files."""

    files: int
    jobs: int
    raw_files: int


def build(batch: Batch, target: Path, with_raw: bool = True) -> Summary:
    """Pack a batch that was run in the working folder.

    The same records and files give the same bytes.

    Parameters
    ----------
    target
        Zip to write.
    with_raw
        Whether measured raw files go in. Without them the crate says their digests.

    Raises
    ------
    BatchError
        If nothing was recorded, or a file or the workflow differs from the records.
    """
    results = Path("results", batch.id)
    made = state.read(results)
    _refuse_other_code(made)
    raw_files = list(batch_copy.raw_files(batch)) if with_raw else []
    items = [
        *content.project(batch, made.began),
        *content.of_batch(batch, made.began),
        *(content.of_raw(batch, file, made.began) for file in raw_files),
        *content.results(results, made, with_raw),
    ]
    with replacing(target) as partial:
        archive = Archive(partial)
        for item in in_order(items):
            archive.add(item)
        _refuse_changes(archive, made)
        page = pages.readme(batch, with_raw)
        archive.add(Item(README, page.encode(), made.ended))
        graph = describe(batch, made, results, archive.digests)
        archive.add(Item(PREVIEW, pages.preview(batch, made, results).encode(), made.ended))
        archive.add(Item(METADATA, graph.text().encode(), made.ended))
        archive.close()
    return Summary(len(archive.digests), len(made.jobs), len(raw_files))


def _refuse_other_code(made: State) -> None:
    """A crate whose workflow is not the one that ran would not run to the same bytes."""
    code.recall(CODE_CACHE)
    used = {
        job["rule"]: job["derivation"]["plan"]["step"]["code_sha256"]
        for job in made.jobs
        if job["rule"] in STEPS
    }
    scripts = {rule: SCRIPTS / f"{rule}.py" for rule in used}
    other = [rule for rule, known in used.items() if code.digest(scripts[rule]) != known]
    if other:
        raise BatchError(
            f"{_few(other)}: the workflow has other code than the one that ran these steps;"
            " run the batch again"
        )


def _refuse_changes(archive: Archive, made: State) -> None:
    """A crate of files that are not what their records say would be a false witness."""
    changed = [
        path
        for path, digest in archive.digests.items()
        if (told := made.output(path)) is not None and told["sha256"] != digest.sha256
    ]
    if changed:
        raise BatchError(
            f"{_few(changed)}: not what its record says; delete it and run the batch again"
        )


def _few(paths: Iterable[str], most: int = 5) -> str:
    found = list(paths)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
