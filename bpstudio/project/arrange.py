"""Where the nodes of a network stand when nobody has placed them.

Layers from left to right (after Sugiyama, Tagawa and Toda 1981): nodes are put into columns here,
in an order of few crossings in `untangle.py`, and at heights that keep wires level in `heights.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from bpstudio.engine.graph import Graph, Node
from bpstudio.project.heights import GROUP_GAP, ROW_GAP, heights_of
from bpstudio.project.untangle import crossings, fewest_crossings, net_of, order_before, untangled

Pairs = Mapping[str, tuple[float, float]]
"""A width and a height, or a place, for each id."""

COLUMN_GAP = 92.0
"""Between columns, for the numbers on the wires; in canvas units, as all here."""
_SIZES = {"source": (56.0, 30.0), "layer": (120.0, 200.0), "loss": (64.0, 44.0)}
_GATE = (44.0, 44.0)
# An input stays in the left column if it is read at most so many columns farther right.
_NEAR = 4
_AGAIN = 4


def arrange(
    graph: Graph, sizes: Pairs | None = None, before: Pairs | None = None
) -> dict[str, tuple[float, float]]:
    """The centre of each node, flowing from left to right, in canvas units.

    `sizes` are widths and heights by id. With `before`, the centres so far, what stands above
    stays above as long as that costs no crossing, and the whole stays where it was. The same
    graph always gives the same places.
    """
    before = before or {}
    size = {id: (sizes or {}).get(id, usual_size(node)) for id, node in graph.nodes.items()}
    networks = _networks(graph)
    parts = [_network(graph, ids, size, before) for ids in networks if len(ids) > 1]
    loose = [ids[0] for ids in networks if len(ids) == 1]
    width = max((_right(part, size) for part in parts), default=600.0)
    if loose:
        parts.append(_rows(loose, size, width))

    places: dict[str, tuple[float, float]] = {}
    bottom = 0.0
    for part in sorted(parts, key=lambda part: _height_before(part, before)):
        down = bottom - min(y - size[id][1] / 2 for id, (_, y) in part.items())
        places |= {id: (float(round(x)), float(round(y + down))) for id, (x, y) in part.items()}
        bottom = max(places[id][1] + size[id][1] / 2 for id in part) + GROUP_GAP
    return _where_it_was({id: places[id] for id in graph.nodes}, before)


def usual_size(node: Node) -> tuple[float, float]:
    """The width and height that a node of its kind has, where nobody says better."""
    return _SIZES.get(node.op.category, _GATE)


def _right(places: Pairs, size: Pairs) -> float:
    return max(x + size[id][0] / 2 for id, (x, _) in places.items())


def _height_before(part: Pairs, before: Pairs) -> float:
    """How high the nodes of a network stood; networks without a place go below the others."""
    heights = sorted(before[id][1] for id in part if id in before)
    return heights[len(heights) // 2] if heights else float("inf")


def _where_it_was(places: Pairs, before: Pairs) -> dict[str, tuple[float, float]]:
    """Everything moved alike, so that most of what had a place moves as little as possible."""
    stay = [id for id in places if id in before]
    if not stay:
        return dict(places)
    moved = [sorted(before[id][axis] - places[id][axis] for id in stay) for axis in (0, 1)]
    right, down = (steps[len(steps) // 2] for steps in moved)
    return {id: (x + right, y + down) for id, (x, y) in places.items()}


def _networks(graph: Graph) -> list[list[str]]:
    """The ids of each part that no wire joins to another, parts and ids in the graph's order."""
    number: dict[str, int] = {}
    for start in graph.nodes:
        waiting = [start]
        while waiting:
            id = waiting.pop()
            if id not in number:
                number[id] = number.get(start, len(number))
                waiting.extend((*graph.nodes[id].feeding, *graph.readers[id]))
    found: dict[int, list[str]] = {}
    for id in graph.nodes:
        found.setdefault(number[id], []).append(id)
    return list(found.values())


def _rows(ids: Sequence[str], size: Pairs, width: float) -> dict[str, tuple[float, float]]:
    """Nodes without wires, side by side in rows."""
    places: dict[str, tuple[float, float]] = {}
    left = top = height = 0.0
    for id in ids:
        wide, high = size[id]
        if left and left + wide > width:
            left, top, height = 0.0, top + height + ROW_GAP, 0.0
        places[id] = (left + wide / 2, top + high / 2)
        left, height = left + wide + ROW_GAP, max(height, high)
    return places


def _network(
    graph: Graph, ids: Sequence[str], size: Pairs, before: Pairs
) -> dict[str, tuple[float, float]]:
    """The centres of the nodes of one connected network."""
    column = _columns(graph, ids)
    net = net_of(graph, column)
    tall = {id: size[id][1] for id in ids}
    known = {id: before[id][1] for id in ids if id in before}
    first = order_before(net, known) if known else fewest_crossings(graph, net)
    height, drawn = heights_of(net, first, tall)
    for _ in range(_AGAIN):
        # Wires that are drawn as curves cross elsewhere than they did in the columns.
        other, redrawn = heights_of(net, untangled(net, order_before(net, height)), tall)
        if crossings(net, redrawn) >= crossings(net, drawn):
            break
        height, drawn = other, redrawn
    widths = [0.0] * len(drawn)
    for id, place in column.items():
        widths[place] = max(widths[place], size[id][0])
    lefts = itertools.accumulate((width + COLUMN_GAP for width in widths), initial=0.0)
    middle = [left + width / 2 for left, width in zip(lefts, widths, strict=False)]
    return {id: (middle[column[id]], height[id]) for id in ids}


def _columns(graph: Graph, ids: Sequence[str]) -> dict[str, int]:
    """The column of each node: right of all that feeds it, as far left as that allows.

    Inputs stand in the left column, but for those that are read far away: they, constants, and
    gates of such things alone, stand just left of what reads them first.
    """
    own = set(ids)
    order = [id for id in graph.order if id in own]
    column: dict[str, int] = {}
    for id in order:
        column[id] = 1 + max((column[source] for source in graph.nodes[id].feeding), default=-1)
    for id in reversed(order):
        readers = graph.readers[id]
        if not readers:
            continue
        # Moving it lengthens the wires from what others read as well.
        held = sum(len(graph.readers[source]) > 1 for source in set(graph.nodes[id].feeding))
        near = 0 if graph.nodes[id].op.name == "constant" else _NEAR
        nearest = min(column[reader] for reader in readers)
        if held <= 1 and nearest - column[id] > near:
            column[id] = nearest - 1
    return column
