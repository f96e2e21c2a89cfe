"""The rules of a run as a drawing: who feeds whom, how often and how long."""

from collections.abc import Mapping
from dataclasses import dataclass

from nanostitch.report.collect import Contents
from nanostitch.report.times import RuleTime
from nanostitch.report.traces import Graph

BOX_WIDTH, BOX_HEIGHT = 124, 38
GAP_X, GAP_Y = 46, 14
_MARGIN = 4


@dataclass(frozen=True)
class Box:
    """One rule in the drawing, in units of the drawing's own coordinates."""

    rule: str
    line: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """Boxes and the paths of the curves between them, with the size that they need."""

    boxes: list[Box]
    curves: list[str]
    width: float
    height: float
    said: str
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def draw(contents: Contents, graph: Graph, times: list[RuleTime]) -> Drawing:
    """Lay out the rules in columns, each right of all that feed it."""
    feeds = _reduced(_edges(contents, graph))
    rank = _columns(feeds)
    known = {time.rule: time for time in times}
    columns: dict[int, list[str]] = {}
    for rule in sorted(rank, key=lambda one: (rank[one], one)):
        columns.setdefault(rank[rule], []).append(rule)
    order = _untangled(columns, feeds)
    tallest = max((len(rules) for rules in order.values()), default=0)
    place: dict[str, tuple[float, float]] = {}
    for column, rules in order.items():
        top = (tallest - len(rules)) * (BOX_HEIGHT + GAP_Y) / 2
        for row, rule in enumerate(rules):
            x, y = column * (BOX_WIDTH + GAP_X), top + row * (BOX_HEIGHT + GAP_Y)
            place[rule] = (x + _MARGIN, y + _MARGIN)
    boxes = [Box(rule, _line(known.get(rule)), *place[rule]) for rule in place]
    pairs = [(one, other) for other in sorted(feeds) for one in sorted(feeds[other])]
    return Drawing(
        boxes=boxes,
        curves=[_curve(place[one], place[other]) for one, other in pairs],
        width=len(order) * (BOX_WIDTH + GAP_X) - GAP_X + 2 * _MARGIN,
        height=tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * _MARGIN,
        said="; ".join(f"{one} feeds {other}" for one, other in pairs),
    )


def _edges(contents: Contents, graph: Graph) -> dict[str, set[str]]:
    """For each rule, those whose outputs it read."""
    made_by = {path: node["rule"] for path, node in graph.nodes.items() if node["rule"]}
    for record in contents.records:
        made_by |= {output["path"]: record["rule"] for output in record["outputs"]}
    feeds: dict[str, set[str]] = {rule: set() for rule in made_by.values()}
    for node in graph.nodes.values():
        if node["rule"]:
            feeds[node["rule"]] |= {made_by[path] for path in node["inputs"] if path in made_by}
    for record in contents.records:
        sources = {made_by[one["path"]] for one in record["inputs"] if one["path"] in made_by}
        feeds.setdefault(record["rule"], set()).update(sources)
    return {rule: sources - {rule} for rule, sources in feeds.items()}


def _ranks(feeds: Mapping[str, set[str]]) -> dict[str, int]:
    """Length of the longest way to each rule from one without sources."""
    rank = dict.fromkeys(feeds, 0)
    for _ in feeds:
        for rule, sources in feeds.items():
            rank[rule] = max([rank[rule], *(rank[one] + 1 for one in sources)])
    return rank


def _columns(feeds: Mapping[str, set[str]]) -> dict[str, int]:
    """Column of each rule: as late as those allow that it feeds, so that most lines are short."""
    rank = _ranks(feeds)
    fed: dict[str, set[str]] = {rule: set() for rule in feeds}
    for rule, sources in feeds.items():
        for source in sources:
            fed[source].add(rule)
    column = dict(rank)
    for rule in sorted(feeds, key=lambda one: -rank[one]):
        if feeds[rule] and fed[rule]:
            column[rule] = min(column[one] for one in fed[rule]) - 1
    return column


def _reduced(feeds: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same order with as few lines as show it: what a longer way shows is left out."""
    above: dict[str, set[str]] = {}
    rank = _ranks(feeds)
    for rule in sorted(feeds, key=lambda one: rank[one]):
        above[rule] = feeds[rule].union(*(above[one] for one in feeds[rule]))
    return {
        rule: {one for one in sources if not any(one in above[other] for other in sources)}
        for rule, sources in feeds.items()
    }


def _untangled(
    columns: Mapping[int, list[str]], feeds: Mapping[str, set[str]]
) -> dict[int, list[str]]:
    """Rules of a column in the order of the middle of their sources."""
    order: dict[int, list[str]] = {}
    row: dict[str, float] = {}
    for column, rules in sorted(columns.items()):
        middle = {
            rule: sum(row[s] for s in feeds[rule]) / len(feeds[rule]) if feeds[rule] else 0.0
            for rule in rules
        }
        order[column] = sorted(rules, key=lambda rule: (middle[rule], rule))
        row |= {rule: n - len(rules) / 2 for n, rule in enumerate(order[column])}
    return order


def _line(time: RuleTime | None) -> str:
    return f"{time.jobs} × {time.median_wall_s:.2g} s" if time else ""


def _curve(one: tuple[float, float], other: tuple[float, float]) -> str:
    x1, y1 = one[0] + BOX_WIDTH, one[1] + BOX_HEIGHT / 2
    x2, y2 = other[0], other[1] + BOX_HEIGHT / 2
    bend = min((x2 - x1) / 2, BOX_WIDTH)
    return f"M{x1:g},{y1:g} C{x1 + bend:g},{y1:g} {x2 - bend:g},{y2:g} {x2:g},{y2:g}"
