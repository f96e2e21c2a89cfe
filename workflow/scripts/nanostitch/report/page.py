"""The page itself: everything that was collected, through the templates of ``workflow/report``."""

import base64
import hashlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from nanostitch import __version__, claims_page, store
from nanostitch.atomic import write_text
from nanostitch.contracts.claims import CLAIMS
from nanostitch.plan_files import PROJECT
from nanostitch.report import (
    collect,
    figures,
    gaps,
    particles,
    plots,
    quality_table,
    rulegraph,
    tables,
    times,
)
from nanostitch.report.collect import Contents, Json
from nanostitch.report.traces import Graph

NAME = "report.html"
LARGEST_BYTES = 20_000_000
"""What a page may weigh to open at once and to pass by mail."""


def make(folder: Path) -> Path:
    """Write ``report.html`` of a batch, finished or not.

    Parameters
    ----------
    folder
        Results of the batch, ``results/{batch}``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    BatchError
        If no run was begun there.
    """
    contents = collect.read(folder)
    path = folder / NAME
    write_text(path, _rendered(contents))
    return path


def _rendered(contents: Contents) -> str:
    graph = Graph(contents)
    failed, absent = collect.failures(contents), collect.missing(contents)
    shown: Json = {
        "head": _head(contents, len(failed), len(absent)),
        "failures": failed,
        "missing": absent,
        "figures": figures.of_batch(contents, graph),
        "claims": _claims(contents, graph),
        "tables": tables.of_batch(contents),
        "judged": quality_table.judged(contents),
        "times": times.of_rules(contents),
    }
    shown["counts"] = quality_table.counts(shown["judged"])
    for table in shown["tables"]:
        for row in table.rows:
            graph.trace(row.trace)
    for one in shown["judged"]:
        graph.trace(one.trace)
    views, drawn = _views(contents)
    for view in [*views["particles"], *views["gaps"]]:
        graph.trace(view["trace"])
    shown["drawing"] = rulegraph.draw(contents, graph, shown["times"])
    data = {"graph": graph.document(), "views": views, "plots": drawn}
    shown |= {"views": views, "nodes": graph.nodes, "closing": _closing(contents)}
    shown |= {
        "altered": _without_root(contents, contents.altered),
        "problems": _without_root(contents, contents.problems),
    }
    return _page(shown, data, with_plots=bool(drawn))


def _without_root(contents: Contents, said: list[str]) -> list[str]:
    """Sentences, each once, with paths as plans have them: a page is read on other computers."""
    return list(dict.fromkeys(one.replace(f"{contents.root}/", "") for one in said))


def _page(shown: Mapping[str, Any], data: Json, with_plots: bool) -> str:
    """Fill the template; scripts are allowed by their digests alone, and no address at all."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(claims_page.TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    scripts = [plots.library()] * with_plots + [_text("report.js")]
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return environment.get_template("report.html.j2").render(
        **shown,
        policy=f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'",
        style=Markup(_text("report.css")),
        scripts=[Markup(script) for script in scripts],
        data=Markup(_json_in_page(data)),
    )


def _json_in_page(data: Json) -> str:
    """JSON that no text inside can end early."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _text(name: str) -> str:
    return (claims_page.TEMPLATES / name).read_text("utf-8")


def _views(contents: Contents) -> tuple[Json, Json]:
    """Data of the linked views and the plots that show them, where there are any."""
    views: Json = {"particles": particles.views(contents), "gaps": gaps.views(contents)}
    drawn: Json = {}
    if views["particles"]:
        drawn["particles"] = plots.particles()
    if views["gaps"]:
        drawn["gaps"] = plots.gaps()
    return views, drawn


def _head(contents: Contents, failed: int, absent: int) -> Json:
    """Who, what and when."""
    whole = contents.plan.get("batch", {})
    abouts = list(contents.acquisitions.values())
    outcome = contents.ending.get("outcome", "")
    return {
        "batch": contents.folder.name,
        "title": whole.get("title", contents.folder.name),
        "creators": _named(abouts, "creator_name"),
        "licences": _named(abouts, "license"),
        "simulated": bool(whole.get("simulated", any(one.get("simulated") for one in abouts))),
        "counts": whole.get("counts", {}),
        "techniques": whole.get("number", {}),
        "run": contents.run,
        "ended": contents.ending.get("ended", ""),
        "operator": contents.run.get("operator"),
        "git": contents.run.get("git"),
        "complete": not failed and not absent and outcome != "failed",
        "version": contents.run.get("nanostitch", __version__),
    }


def _named(abouts: list[Json], name: str) -> list[str]:
    """What the acquisitions say under a name, each once."""
    return list(dict.fromkeys(str(one[name]) for one in abouts if one.get(name)))


def _claims(contents: Contents, graph: Graph) -> Json:
    """Claims with their outcomes and traces; empty where the batch has none."""
    path = f"{contents.prefix}claims.nc"
    if not (contents.root / path).is_file():
        return {}
    with contents.noting():
        found = claims_page.table(store.read(str(contents.root / path), CLAIMS))
        rows = [claims_page.shown(row) for row in found.to_dict("records")]
        return {
            "rows": [{**row, "trace": graph.trace(path, row["claim"])} for row in rows],
            "counts": Counter(row["outcome"].replace("_", " ") for row in rows),
        }
    return {}


def _closing(contents: Contents) -> Json:
    """How to cite, to run again and to check."""
    path = PROJECT / "CITATION.cff"
    software = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
    arguments = [str(one) for one in contents.run.get("arguments", [])]
    methods = contents.folder / "methods.md"
    return {
        "software": software,
        "command": " ".join(["snakemake", *map(shlex.quote, arguments)]) if arguments else "",
        "folder": _batch_folder(arguments, contents.folder.name),
        "versions": contents.plan.get("batch", {}).get("versions", {}),
        "environment": contents.environment,
        "methods": _paragraphs(methods.read_text("utf-8")) if methods.is_file() else [],
    }


def _batch_folder(arguments: list[str], batch: str) -> str:
    """Folder of the batch's sheets, as the run was told it; a placeholder where it was not."""
    told = (one.removeprefix("batches=") for one in arguments if one.startswith("batches="))
    folders = (folder.strip(" []'\"") for one in told for folder in one.split(","))
    found = next((f for f in folders if Path(f).name == batch), f"FOLDER_OF/{batch}")
    return shlex.quote(found)


def _paragraphs(markdown: str) -> list[str]:
    """Paragraphs of the methods page without its marks; headings left out."""
    parts = [part.strip() for part in markdown.split("\n\n")]
    return [re.sub(r"\*\*|`", "", part) for part in parts if part and not part.startswith("#")]
