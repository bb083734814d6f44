"""At which heights the nodes of each column stand, so that wires are short and level.

Column by column, to and fro, each node goes where its wires want it, as near as the room between
allows. A wire that passes a column is not moved: it runs where it will be drawn, and the nodes
there make way for it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence

from bpstudio.project.untangle import Columns, Net

ROW_GAP = 34.0
"""Between neighbours in a column that have a wire's end in common; in canvas units, as all here."""
GROUP_GAP = 50.0
"""Between neighbours in a column that have nothing to do with each other."""
WIRE_GAP = 18.0
"""Between a node and a wire that passes it."""

_ROUNDS = 6
# From this round on wires pass on the side of a node where they will be drawn.
_FROM = 1
_UNMOVED = 100.0
# Half the width of a node, as a part of the way from its column to the next.
_HALF_NODE = 0.2


def heights_of(
    net: Net,
    columns: Columns,
    tall: Mapping[str, float],
    before: Mapping[str, float] | None = None,
) -> tuple[dict[str, float], Columns]:
    """The height of each node's centre, and the columns with wires where they will be drawn.

    A column's nodes keep their order. `tall` has each node's own size. `before` has the heights
    of those that stood well already: they stay there, but where others need room.
    """
    size = [tall[id] for id in net.ids] + [0.0] * len(net.passings)
    height = [0.0] * len(net.column)
    columns = [list(column) for column in columns]
    for column in columns:
        below = _room(net, column, size)
        for v, room in zip(column, below, strict=True):
            height[v] = room - below[-1] / 2
    stood = {v: before[id] for v, id in enumerate(net.ids) if id in before} if before else {}
    rightward = range(len(columns))
    for round in range(_ROUNDS):
        for side, way in ((-1, rightward), (1, rightward[::-1])):
            for index in way:
                if round >= _FROM:
                    columns[index] = _wires_aside(net, columns[index], size, height)
                _settle(net, columns[index], size, side, height)
    for column in columns:
        # From left to right once more, so that a chain is a straight line.
        _settle(net, column, size, -1, height)
    if stood:
        _keep(net, columns, size, height, stood)
    return {id: height[v] for v, id in enumerate(net.ids)}, columns


def _keep(
    net: Net,
    columns: Columns,
    size: list[float],
    height: list[float],
    stood: Mapping[int, float],
) -> None:
    """Puts everything back where it stood, and the rest beside it, with room between."""
    off = sorted(height[v] - where for v, where in stood.items())
    shift = off[len(off) // 2]
    for v in range(len(height)):
        height[v] = stood.get(v, height[v] - shift)
    for index, column in enumerate(columns):
        columns[index] = column = _wires_aside(net, column, size, height)
        weights = [_UNMOVED if v in stood else 1.0 for v in column]
        wanted = [(height[v], weight) for v, weight in zip(column, weights, strict=True)]
        for v, where in zip(column, _apart(wanted, _room(net, column, size)), strict=True):
            height[v] = where


def _wires_aside(
    net: Net, column: Sequence[int], size: list[float], height: Sequence[float]
) -> list[int]:
    """The column with its nodes in the same order and its wires where they will be drawn."""
    drawn: list[tuple[float, int]] = []
    for v in column:
        if (wire := net.passing(v)) is not None:
            climb = height[wire.target] - height[wire.source]
            drawn.append((height[wire.source] + climb * _climbed(wire.way), v))
            # Where a wire is steep it needs more room beside a node.
            step = _HALF_NODE / (net.column[wire.target] - net.column[wire.source])
            size[v] = abs(climb) * (_climbed(wire.way + step) - _climbed(wire.way - step))
    nodes = [(height[v], v) for v in column if net.passing(v) is None]
    # Nodes go by their order, which `height` keeps; a stable merge of the two.
    return [v for _, v in sorted([*nodes, *sorted(drawn)], key=lambda pair: pair[0])]


@functools.cache
def _climbed(way: float) -> float:
    """How much of its climb a drawn wire has made after that part of its way across.

    It is the Bézier curve that leaves and arrives level, its handles half-way across.
    """
    low, high = 0.0, 1.0
    for _ in range(20):
        t = (low + high) / 2
        low, high = (t, high) if 1.5 * t * (1 - t) + t**3 < way else (low, t)
    return low * low * (3 - 2 * low)


def _room(net: Net, column: Sequence[int], size: Sequence[float]) -> list[float]:
    """How far below the first of a column each must stand at least."""
    below = [0.0]
    for upper, lower in itertools.pairwise(column):
        wires = (net.passing(upper) is not None) + (net.passing(lower) is not None)
        if wires == 2:
            # Wires may cross.
            below.append(below[-1])
            continue
        gap = WIRE_GAP
        if not wires:
            gap = GROUP_GAP if set(net.ends[upper]).isdisjoint(net.ends[lower]) else ROW_GAP
        below.append(below[-1] + (size[upper] + size[lower]) / 2 + gap)
    return below


def _settle(
    net: Net, column: Sequence[int], size: Sequence[float], side: int, height: list[float]
) -> None:
    """Moves a column to the heights that its wires want, least squares, keeping room between.

    With the room taken off, heights must only not decrease: neighbours that want to pass each
    other are merged into blocks that stand at their common mean (pool adjacent violators).
    """
    below = _room(net, column, size)
    settled = _apart([_wanted(net, v, side, height) for v in column], below)
    for v, where in zip(column, settled, strict=True):
        height[v] = where


def _apart(wanted: Sequence[tuple[float, float]], below: Sequence[float]) -> list[float]:
    """The heights nearest to wanted ones, of given weights, that keep `below` as room between."""
    blocks: list[tuple[float, float, int]] = []
    for (mean, weight), room in zip(wanted, below, strict=True):
        mean, count = mean - room, 1
        while blocks and blocks[-1][0] >= mean:
            above, heavier, more = blocks.pop()
            mean = (above * heavier + mean * weight) / (heavier + weight)
            weight, count = heavier + weight, count + more
        blocks.append((mean, weight, count))
    settled = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + room for mean, room in zip(settled, below, strict=True)]


def _wanted(net: Net, v: int, side: int, height: Sequence[float]) -> tuple[float, float]:
    """The height that the wires on one side of a node want for it, and how much it matters.

    A long wire pulls less. `side` is -1 for the left and 1 for the right.
    """
    if (wire := net.passing(v)) is not None:
        climb = height[wire.target] - height[wire.source]
        return height[wire.source] + climb * _climbed(wire.way), _UNMOVED
    total = weight = 0.0
    for u in net.ends[v]:
        across = net.column[u] - net.column[v]
        if across * side > 0:
            pull = 1 / abs(across)
            total, weight = total + pull * height[u], weight + pull
    return (total / weight, weight) if weight else (height[v], 1e-3)
