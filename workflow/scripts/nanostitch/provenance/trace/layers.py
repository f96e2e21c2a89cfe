"""Places for the drawing of a chain: layers from raw files (left) to the target (right).

After K. Sugiyama, S. Tagawa and M. Toda, IEEE Trans. Syst. Man Cybern. 11, 109 (1981): links in
layers by their longest way from the target, an edge that spans layers bent at a bead in each, and
within a layer an order by the mean place of neighbours, which keeps crossings few.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nanostitch.provenance.trace.chain import Link

_SWEEPS = 6
"""Passes over the layers; more hardly change an order."""
_BOX, _BEAD = 1.0, 0.3
"""Heights that a box and a bead take in their layer, in boxes."""


@dataclass(eq=False)
class Node:
    """A box with its link, or the bead of an edge; ``layer`` counts from the target."""

    layer: int
    link: Link | None
    y: float = 0.0
    inputs: list["Node"] = field(default_factory=list)
    users: list["Node"] = field(default_factory=list)

    @property
    def height(self) -> float:
        """Share of its layer's height that the node takes."""
        return _BOX if self.link is not None else _BEAD


def arranged(target: Link) -> list[list[Node]]:
    """Nodes of a chain by layer, the target's first, each with its height in the drawing."""
    depths = _depths(target)
    boxes = {key: Node(depth, link) for key, (link, depth) in depths.items()}
    layers: list[list[Node]] = [[] for _ in range(1 + max(n.layer for n in boxes.values()))]
    for node in boxes.values():
        layers[node.layer].append(node)
    for link, _ in depths.values():
        for one in link.inputs:
            _connect(boxes[id(link)], boxes[id(one)], layers)
    for _ in range(_SWEEPS):
        _order(layers[1:], lambda node: node.users)
        _order(layers[-2::-1], lambda node: node.inputs)
    _place(layers)
    return layers


def _depths(target: Link) -> Mapping[int, tuple[Link, int]]:
    """Longest way of every link from the target; raw files stand together in the last layer."""
    found: dict[int, tuple[Link, int]] = {}
    for link in _before_its_inputs(target):
        _, depth = found.setdefault(id(link), (link, 0))
        for one in link.inputs:
            known = found.get(id(one), (one, 0))[1]
            found[id(one)] = (one, max(known, depth + 1))
    last = max(depth for _, depth in found.values())
    return {k: (link, depth if link.inputs else last) for k, (link, depth) in found.items()}


def _before_its_inputs(target: Link) -> Sequence[Link]:
    """Every link once, each before what it was made from."""
    done, seen = list[Link](), set[int]()

    def visit(link: Link) -> None:
        if id(link) not in seen:
            seen.add(id(link))
            for one in reversed(link.inputs):
                visit(one)
            done.append(link)

    visit(target)
    return done[::-1]


def _connect(user: Node, used: Node, layers: list[list[Node]]) -> None:
    for layer in range(user.layer + 1, used.layer):
        bead = Node(layer, None)
        layers[layer].append(bead)
        user.inputs.append(bead)
        bead.users.append(user)
        user = bead
    user.inputs.append(used)
    used.users.append(user)


def _order(layers: Sequence[list[Node]], neighbours: Callable[[Node], list[Node]]) -> None:
    for layer in layers:
        _stack(layer)
        means = {id(node): _mean(neighbours(node), node.y) for node in layer}
        layer.sort(key=lambda node: means[id(node)])
        _stack(layer)


def _stack(layer: list[Node]) -> None:
    y = -sum(node.height for node in layer) / 2
    for node in layer:
        node.y = y + node.height / 2
        y += node.height


def _place(layers: list[list[Node]]) -> None:
    """Draw nodes towards their neighbours, as far as the boxes between allow."""
    for layer in layers:
        _stack(layer)
    for _ in range(_SWEEPS):
        for layer in layers:
            wanted = [_mean([*node.inputs, *node.users], node.y) for node in layer]
            _spread(layer, wanted)


def _spread(layer: list[Node], wanted: Sequence[float]) -> None:
    """Put nodes at the wanted heights without overlap: groups that touch share their shift."""
    groups: list[tuple[list[Node], list[float]]] = []
    for node, y in zip(layer, wanted, strict=True):
        groups.append(([node], [y]))
        while len(groups) > 1 and _overlap(groups[-2], groups[-1]):
            nodes, heights = groups.pop()
            groups[-1] = (groups[-1][0] + nodes, groups[-1][1] + heights)
    for nodes, heights in groups:
        for node, y in zip(nodes, _stacked(nodes, heights), strict=True):
            node.y = y


def _stacked(nodes: list[Node], wanted: list[float]) -> list[float]:
    """Heights of touching nodes whose mean is that of the wanted ones."""
    at, y = [], 0.0
    for node in nodes:
        at.append(y + node.height / 2)
        y += node.height
    shift = sum(w - a for w, a in zip(wanted, at, strict=True)) / len(nodes)
    return [a + shift for a in at]


def _overlap(above: tuple[list[Node], list[float]], below: tuple[list[Node], list[float]]) -> bool:
    end = _stacked(*above)[-1] + above[0][-1].height / 2
    return _stacked(*below)[0] - below[0][0].height / 2 < end


def _mean(nodes: Sequence[Node], otherwise: float) -> float:
    return sum(node.y for node in nodes) / len(nodes) if nodes else otherwise
