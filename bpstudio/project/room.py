"""Where things go when a gate is opened and needs room, and where they come back to.

What comes after the gate moves to the right; what stands above or below the opened part moves up
or down. What stands opened itself moves as one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.unfold import Group
from bpstudio.project.arrange import arrange, usual_size

Place = tuple[float, float]
Places = Mapping[str, Place]
Groups = Mapping[str, Group]

BESIDE = 60.0
"""What is at most so far left or right of an opened part stands above or below it."""
LEVEL = 12.0
"""What is at most so much higher or lower stands at the same height; in canvas units, as all."""
APART = 160.0
"""How far right of an opened layer an activation stands that docked to the layer."""
GATE = 44.0
"""The height of a gate."""


class Box(NamedTuple):
    """The centres of some nodes lie between these, from left to right and from top to bottom."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half its height."""
        return (self.top + self.bottom) / 2

    @property
    def half(self) -> float:
        """How far it reaches up and down from its middle."""
        return (self.bottom - self.top) / 2

    def beyond(self, node: Node) -> float:
        """How much farther it reaches up and down than the node alone did."""
        return max(0.0, self.half - (usual_size(node)[1] - GATE) / 2)


def opened(
    graph: Graph, places: Places, groups: Groups, id: str, after: Graph, members: Collection[str]
) -> dict[str, Place]:
    """The places with the members of a new group where a node stood, and the rest making room.

    `graph` and `groups` are those before, `after` is the graph with the members.
    """
    sizes = {member: _size(after[member]) for member in members}
    inner = arrange(_part(after, members), sizes)
    box = _box(inner.values())
    x, y = places.get(id, (0.0, 0.0))
    part = Box(x, x + box.right - box.left, y - box.half, y + box.half)
    others = {each: place for each, place in places.items() if each != id}
    units = _units(groups, others, id)
    grown = part.beyond(graph[id])
    docked = _docked(graph, places, id, (x, y))
    wide = part.right - part.left + (APART if docked else 0.0)
    moved = _moved(others, units, _after(graph, id), part, grown, wide, opening=True)
    moved |= dict.fromkeys(docked, (part.right + APART, y))
    return moved | {
        member: (x + place[0] - box.left, y + place[1] - box.middle)
        for member, place in inner.items()
    }


def closed(graph: Graph, places: Places, groups: Groups, group: Group, id: str) -> dict[str, Place]:
    """The places with a node where the members of a group stood: what `opened` undoes.

    `graph` and `groups` are those in which it is still open.
    """
    inner = {member: places[member] for member in group.members if member in places}
    if not inner:
        return {**places, id: (0.0, 0.0)}
    part = _box(inner.values())
    others = {each: place for each, place in places.items() if each not in inner}
    units = _units(groups, others, group.node.id)
    grown = part.beyond(group.node)
    beside = (part.right + APART, part.middle)
    layer = group.node.op.category == "layer"
    docked = _docked(graph, places, group.output, beside) if layer else ()
    wide = part.right - part.left + (APART if docked else 0.0)
    moved = _moved(others, units, _after(graph, group.output), part, grown, wide, opening=False)
    return moved | dict.fromkeys((id, *docked), (round(part.left, 6), round(part.middle, 6)))


def _size(node: Node) -> tuple[float, float]:
    """About how large a node is drawn: names and signs of many letters make it wider."""
    wide, high = usual_size(node)
    if node.op.category == "source":
        return max(wide, 30.0 + 8.0 * min(len(node.label), 16)), high
    if node.op.category in ("layer", "loss"):
        return wide, high
    return max(wide, 10.0 + 10.0 * min(len(node.op.face), 12)), high


def _docked(graph: Graph, places: Places, output: str, there: Place) -> tuple[str, ...]:
    """What reads a layer and stands exactly there: the activation that docks to it.

    While the layer is closed it stands in the layer's place and has no room of its own.
    """
    readers = (graph[id] for id in graph.readers[output] if id in places)
    return tuple(
        each.id
        for each in readers
        if each.op.category == "activation" and math.dist(places[each.id], there) < 1e-3
    )


def _moved(
    places: Places,
    units: Iterable[tuple[str, ...]],
    after: frozenset[str],
    part: Box,
    grown: float,
    wide: float,
    *,
    opening: bool,
) -> dict[str, Place]:
    """The places of all others, which move in units; what comes after the gate is `after`,
    `grown` is how far what stands above and below moves, and `wide` how far what is right of it.
    """
    moved: dict[str, Place] = {}
    for unit in units:
        box = _box(places[id] for id in unit)
        # While it stands opened, what was right of the gate is right of the whole part.
        edge = part.left if opening else part.right
        near = box.left > edge and abs(box.middle - part.middle) <= part.half + LEVEL
        dx = wide if near or not after.isdisjoint(unit) else 0.0
        dx = dx if opening else -dx
        left, right = (box.left + dx, box.right + dx) if opening else (box.left, box.right)
        beside = left <= part.right + BESIDE and right >= part.left - BESIDE
        distance = box.middle - part.middle
        dy = 0.0
        if beside and abs(distance) > (LEVEL if opening else LEVEL + grown):
            dy = grown if (distance > 0) == opening else -grown
        moved |= {id: (places[id][0] + dx, places[id][1] + dy) for id in unit}
    return moved


def _units(groups: Groups, ids: Iterable[str], id: str) -> Iterator[tuple[str, ...]]:
    """The nodes that move as one: those of an opened gate, unless the gate `id` lies in it."""
    around = {member: gid for gid, group in groups.items() for member in group.members}
    holding = set()
    while id in around:
        id = around[id]
        holding.add(id)
    units: dict[str, list[str]] = {}
    for each in ids:
        unit = each
        while unit in around and around[unit] not in holding:
            unit = around[unit]
        units.setdefault(unit, []).append(each)
    return (tuple(unit) for unit in units.values())


def _after(graph: Graph, start: str) -> frozenset[str]:
    """All that is fed by a node, however far."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = [reader for reader in graph.readers[waiting.pop()] if reader not in found]
        found.update(fresh)
        waiting += fresh
    return frozenset(found)


def _box(places: Iterable[Place]) -> Box:
    both = list(places)
    xs, ys = [x for x, _ in both], [y for _, y in both]
    return Box(min(xs), max(xs), min(ys), max(ys))


def _part(graph: Graph, ids: Collection[str]) -> Graph:
    """Some nodes of a graph, with the wires among them."""
    nodes = {}
    for id in ids:
        inner = {p: tuple(s for s in ss if s in ids) for p, ss in graph[id].sources.items()}
        nodes[id] = Node(id, graph[id].op, {port: ss for port, ss in inner.items() if ss})
    return Graph(nodes)
