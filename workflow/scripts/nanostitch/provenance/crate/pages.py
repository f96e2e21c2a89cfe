"""Pages of a crate for people: how to read, check and rerun it, and what it shows."""

import json
from pathlib import Path
from typing import Any

import jinja2

from nanostitch import __version__
from nanostitch.batch import Batch
from nanostitch.claims_page import TEMPLATES
from nanostitch.provenance import records
from nanostitch.provenance.crate import batch_copy
from nanostitch.provenance.crate.state import State


def readme(batch: Batch, with_raw: bool) -> str:
    """Markdown that stands at the top of the crate.

    Parameters
    ----------
    with_raw
        Whether the crate holds the measured raw files.
    """
    return _render(
        "crate.md.j2",
        **_about(batch),
        lacks_raw=batch.simulate is None and not with_raw,
        raw_folder=f"{batch_copy.folder(batch)}/{batch_copy.RAW}",
    )


def preview(batch: Batch, made: State, results: Path) -> str:
    """The page ``ro-crate-preview.html``: figures, claims and where everything lies."""
    return _render(
        "crate.html.j2",
        **_about(batch),
        jobs=len(made.jobs),
        ended=made.ended.date().isoformat(),
        figures=_figures(results),
        claims=records.claims(results / "tables" / "claims.tsv"),
        folder=results.as_posix(),
    )


def _about(batch: Batch) -> dict[str, Any]:
    return {
        "title": batch.about["title"],
        "creator": {"orcid": None, "affiliation": None, **batch.about["creator"]},
        "licence": batch.about["licence"],
        "batch": batch.id,
        "simulated": batch.simulate is not None,
        "acquisitions": len(batch.acquisitions),
        "version": __version__,
    }


def _figures(results: Path) -> list[dict[str, str]]:
    """Title and picture of each figure that was drawn."""
    found = []
    for plan in sorted((results / "plan" / "figures").glob("*.json")):
        picture = results / "figures" / f"{plan.stem}.png"
        if picture.is_file():
            title = json.loads(plan.read_text("utf-8"))["figure"]["title"]
            found.append({"id": plan.stem, "title": title, "picture": picture.as_posix()})
    return found


def _render(name: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name).render(**values)
