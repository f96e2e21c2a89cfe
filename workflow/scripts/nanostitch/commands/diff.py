"""``nanostitch diff``: which claims moved between two runs, by how much, because of what."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nanostitch.commands import Commands

if TYPE_CHECKING:
    from nanostitch.provenance.checks.difference import Difference, Moved

_MOST = 3
"""Files that are named for one cause; the others are counted."""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("diff", help="show what moved between two runs, and why")
    said = "id of a run or its beginning, 'latest', 'previous', or a results folder"
    parser.add_argument("before", metavar="RUN", help=said)
    parser.add_argument("after", metavar="RUN", help="likewise")
    parser.add_argument("--batch", help="id of the batch, where several have runs")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print claims that moved with their causes, then what else changed."""
    from nanostitch.provenance.checks import difference, history

    before = history.find(options.before, options.batch)
    after = history.find(options.after, options.batch)
    found = difference.between(before, after)
    print(f"{after.recorded.batch}: {before.name} → {after.name}")
    lines = list(_lines(found))
    print("\n".join(lines or ["nothing differs"]))
    return 0


def _lines(found: "Difference") -> Iterator[str]:
    for claim in found.moved:
        yield from _claim(claim)
    for causes, paths in found.others.items():
        yield f"changed, but no claim moved with it: {_few(paths)}"
        yield from _because(causes)
    for title, names in (("new", found.added), ("gone", found.removed)):
        if names:
            yield f"{title}: {_few(names)}"
    if found.versions:
        yield f"other versions installed: {', '.join(found.versions)}"
    if found.same:
        yield f"made again with the same data: {found.same} files"


def _claim(claim: "Moved") -> Iterator[str]:
    old, new = (f"{v:.6g} [{low:.6g}, {high:.6g}]" for v, low, high in (claim.before, claim.after))
    sigma = f"{claim.sigma:+.2g} sigma" if claim.sigma == claim.sigma else "no standard error"
    yield f"claim {claim.claim}: {old} → {new} {claim.unit}: {sigma}"
    if claim.outcomes[0] != claim.outcomes[1]:
        yield f"    outcome: {claim.outcomes[0]} → {claim.outcomes[1]}"
    yield from _because(claim.causes)


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _because(causes: tuple[str, ...]) -> Iterator[str]:
    yield from (f"    because {cause}" for cause in causes)
