"""Where the nodes of a network stand when nobody has placed them.

Layers from left to right (after Sugiyama, Tagawa and Toda 1981): nodes are put into columns here,
in an order of few crossings in `untangle.py`, and at heights that keep wires level in `heights.py`.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from bpstudio.engine.graph import Graph, Node
from bpstudio.project.clusters import Clusters, contracted, framed, outermost, part
from bpstudio.project.heights import GROUP_GAP, heights_of
from bpstudio.project.packing import packed, rows
from bpstudio.project.untangle import (
    Net,
    crossings,
    fewest_crossings,
    net_of,
    order_before,
    untangled,
)

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
    graph: Graph,
    sizes: Pairs | None = None,
    before: Pairs | None = None,
    clusters: Clusters | None = None,
) -> dict[str, tuple[float, float]]:
    """The centre of each node, flowing from left to right, in canvas units.

    `sizes` are widths and heights by id. With `before`, the centres so far, what stands above
    stays above as long as that costs no crossing, and the whole stays where it was. The nodes of
    a cluster stay together, and nothing else stands among them; where `sizes` has one for the
    cluster it is drawn so, and its nodes stand about its middle. The same graph always gives the
    same places.
    """
    before, clusters = before or {}, clusters or {}
    size = {id: (sizes or {}).get(id, usual_size(node)) for id, node in graph.nodes.items()}
    together = outermost(graph, clusters) if clusters else {}
    if not together:
        return _where_it_was(_arranged(graph, size, before), before)

    inner = {
        id: arrange(
            part(graph, [n for n in graph.nodes if n in nodes]), size, before, _of(clusters, id)
        )
        for id, nodes in together.items()
    }
    outer, stood = dict(size), dict(before)
    for id, nodes in together.items():
        left, top, right, bottom = framed(inner[id], size)
        outer[id] = (sizes or {}).get(id, (right - left, bottom - top))
        if known := {node: before[node] for node in nodes if node in before}:
            left, top, right, bottom = framed(known, size)
            stood[id] = ((left + right) / 2, (top + bottom) / 2)
    at = {node: place for places in inner.values() for node, place in places.items()}
    places = _arranged(contracted(graph, together, at), outer, stood)
    for id, those in inner.items():
        left, top, right, bottom = framed(those, size)
        x, y = places.pop(id)
        dx, dy = round(x - (left + right) / 2), round(y - (top + bottom) / 2)
        places |= {node: (a + dx, b + dy) for node, (a, b) in those.items()}
    return _where_it_was({id: places[id] for id in graph.nodes}, before)


def _of(clusters: Clusters, id: str) -> dict[str, Collection[str]]:
    """The clusters that lie in one, however deep."""
    found: dict[str, Collection[str]] = {}
    for member in clusters[id]:
        if member in clusters:
            found |= {member: clusters[member], **_of(clusters, member)}
    return found


def _arranged(graph: Graph, size: Pairs, before: Pairs) -> dict[str, tuple[float, float]]:
    """The centre of each node of a graph, somewhere."""
    networks, depth = _parted(graph)
    parts = [_network(graph, ids, depth, size, before) for ids in networks if len(ids) > 1]
    loose = [ids[0] for ids in networks if len(ids) == 1]
    places = packed(parts, size, before)
    if loose:
        right = max((x + size[id][0] / 2 for id, (x, _) in places.items()), default=600.0)
        bottom = max((y + size[id][1] / 2 for id, (_, y) in places.items()), default=-GROUP_GAP)
        for id, (x, y) in rows(loose, size, max(right, 600.0)).items():
            places[id] = (x, y + bottom + GROUP_GAP)
    return {id: (float(round(x)), float(round(y))) for id, (x, y) in places.items()}


def usual_size(node: Node) -> tuple[float, float]:
    """The width and height that a node of its kind has, where nobody says better."""
    return _SIZES.get(node.op.category, _GATE)


def _where_it_was(places: Pairs, before: Pairs) -> dict[str, tuple[float, float]]:
    """Everything moved alike, so that most of what had a place moves as little as possible."""
    stay = [id for id in places if id in before]
    if not stay:
        return dict(places)
    moved = [sorted(before[id][axis] - places[id][axis] for id in stay) for axis in (0, 1)]
    right, down = (steps[len(steps) // 2] for steps in moved)
    return {id: (x + right, y + down) for id, (x, y) in places.items()}


def _parted(graph: Graph) -> tuple[list[list[str]], dict[str, int]]:
    """The ids of each part that no wire joins to another, parts and ids in the graph's order, and
    how many gates at most come before each node."""
    # With it the window would be there a tenth of a second later.
    import networkx

    wiring = networkx.DiGraph()
    wiring.add_nodes_from(graph.nodes)
    wiring.add_edges_from((s, node.id) for node in graph.nodes.values() for s in node.feeding)
    number: dict[str, int] = {}
    for index, ids in enumerate(networkx.weakly_connected_components(wiring)):
        number |= dict.fromkeys(ids, index)
    found: dict[int, list[str]] = {}
    for id in graph.nodes:
        found.setdefault(number[id], []).append(id)
    depth: dict[str, int] = {}
    for generation, ids in enumerate(networkx.topological_generations(wiring)):
        depth |= dict.fromkeys(ids, generation)
    return list(found.values()), depth


def _network(
    graph: Graph, ids: Sequence[str], depth: Mapping[str, int], size: Pairs, before: Pairs
) -> dict[str, tuple[float, float]]:
    """The centres of the nodes of one connected network."""
    column = _columns(graph, ids, depth)
    net = net_of(graph, column)
    widths = [0.0] * (max(column.values()) + 1)
    for id, place in column.items():
        widths[place] = max(widths[place], size[id][0])
    lefts = itertools.accumulate((width + COLUMN_GAP for width in widths), initial=0.0)
    middle = [left + width / 2 for left, width in zip(lefts, widths, strict=False)]
    tall = {id: size[id][1] for id in ids}
    known = {id: before[id][1] for id in ids if id in before}
    well = _well_placed(net, middle, before)
    first = order_before(net, known) if known else fewest_crossings(graph, net)
    height, drawn = heights_of(net, first, tall, well)
    for _ in range(_AGAIN):
        # Wires that are drawn as curves cross elsewhere than they did in the columns.
        other, redrawn = heights_of(net, untangled(net, order_before(net, height)), tall, well)
        if crossings(net, redrawn) >= crossings(net, drawn):
            break
        height, drawn = other, redrawn
    return {id: (middle[column[id]], height[id]) for id in ids}


def _well_placed(net: Net, middle: Sequence[float], before: Pairs) -> dict[str, float]:
    """The heights of those that stand where they were arranged, as far as one can tell.

    They stand exactly in a column with others, and it is as far from the next as it would be put.
    What was moved by hand does so nearly at most.
    """
    across: list[Counter[float]] = [Counter() for _ in middle]
    for id, column in zip(net.ids, net.column, strict=False):
        if id in before:
            across[column][before[id][0]] += 1
    at = [max(here, key=here.__getitem__) if here else math.nan for here in across]
    right = [abs(b - a - (at[i + 1] - at[i])) < 1.5 for i, (a, b) in enumerate(pairwise(middle))]
    fits = [before or after for before, after in pairwise([False, *right, False])]
    well = {
        id: before[id][1]
        for id, column in zip(net.ids, net.column, strict=False)
        if id in before and fits[column] and before[id][0] == at[column]
    }
    return well if 2 * len(well) > len(net.ids) else {}


def _columns(graph: Graph, ids: Sequence[str], depth: Mapping[str, int]) -> dict[str, int]:
    """The column of each node: right of all that feeds it, as far left as that allows.

    Inputs stand in the left column, but for those that are read far away: they, constants, and
    gates of such things alone, stand just left of what reads them first.
    """
    column = {id: depth[id] for id in ids}
    for id in sorted(ids, key=depth.__getitem__, reverse=True):
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
