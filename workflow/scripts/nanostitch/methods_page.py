"""The methods paragraph of a paper, written from what was asked of each step."""

from collections.abc import Mapping
from typing import Any

import jinja2

from nanostitch.claims_page import TEMPLATES


def page(batch: Mapping[str, Any]) -> str:
    """Markdown of what was done, with versions, settings and numbers.

    Parameters
    ----------
    batch
        The plan of a batch as a whole: what there is of what, settings, versions.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("methods.md.j2").render(**batch, steps=batch["settings"])
