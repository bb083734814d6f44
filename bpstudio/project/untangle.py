"""In which order the nodes of each column stand, so that few wires cross.

A wire that passes a column has a place in it too. Sweeps to and fro put each column in the order
of what its wires come from or go to.
"""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bpstudio.engine.graph import Graph

_SWEEPS = 8
_STARTS = 20
_AFFORDED = 5000
_MOST_PASSING = 20_000


Columns = list[list[int]]
"""What stands in each column, from top to bottom."""


class Passing(NamedTuple):
    """A wire where it passes a column: the nodes at its ends, and how far across it is there."""

    source: int
    target: int
    way: float


@dataclass(frozen=True)
class Net:
    """A network by numbers: its nodes first, then each passing of a wire through a column.

    `column` is where each of them stands. `left` and `right` hold pairs of a neighbour in the next
    column and where in it the wire ends, -½ at its top to ½ at its bottom, so that wires to one
    gate stand in the order of its ports. `ends` has for each node the nodes at the other ends of
    its wires.
    """

    ids: tuple[str, ...]
    column: list[int]
    left: list[list[tuple[int, float]]]
    right: list[list[tuple[int, float]]]
    ends: list[list[int]]
    passings: list[Passing]

    def passing(self, v: int) -> Passing | None:
        """The wire that passes there, if it is not a node."""
        return self.passings[v - len(self.ids)] if v >= len(self.ids) else None


def net_of(graph: Graph, column: Mapping[str, int]) -> Net:
    """The network of the nodes that have a column."""
    ids = tuple(column)
    number = {id: v for v, id in enumerate(ids)}
    wires = [
        (number[source], number[id], (slot + 0.5) / len(graph.nodes[id].feeding) - 0.5)
        for id in ids
        for slot, source in enumerate(graph.nodes[id].feeding)
    ]
    columns = list(column.values())
    longest = _longest_kept([columns[target] - columns[source] for source, target, _ in wires])
    net = Net(ids, columns, [[] for _ in ids], [[] for _ in ids], [[] for _ in ids], [])
    for source, target, end in wires:
        net.ends[source].append(target)
        net.ends[target].append(source)
        if columns[target] - columns[source] <= longest:
            _wire(net, source, target, end)
    return net


def _wire(net: Net, source: int, target: int, end: float) -> None:
    """Puts a wire into the network, with a place in each column that it passes."""
    first, last = net.column[source], net.column[target]
    before = source
    for at in range(first + 1, last):
        v = len(net.column)
        net.column.append(at)
        net.left.append([(before, 0.0)])
        net.right.append([])
        net.right[before].append((v, 0.0))
        net.passings.append(Passing(source, target, (at - first) / (last - first)))
        before = v
    net.right[before].append((target, end))
    net.left[target].append((before, 0.0))


def _longest_kept(spans: Sequence[int]) -> int:
    """How many columns a wire may span and still be given places in those that it passes.

    Huge networks with many long wires would otherwise be mostly places of wires.
    """
    longest = max(spans)
    while sum(min(span, longest) for span in spans) > _MOST_PASSING and longest > 1:
        longest //= 2
    return longest


def first_order(graph: Graph, net: Net) -> Columns:
    """A first order: each gate's feeders from its first port to its last, outputs from the top.

    A tree has no crossings in this order.
    """
    columns: Columns = [[] for _ in range(max(net.column) + 1)]
    seen: set[int] = set()
    own = {id: v for v, id in enumerate(net.ids)}
    waiting = [own[id] for id in reversed(graph.sinks) if id in own]
    while waiting:
        v = waiting.pop()
        if v not in seen:
            seen.add(v)
            columns[net.column[v]].append(v)
            waiting.extend(u for u, _ in reversed(net.left[v]))
    for v, place in enumerate(net.column):
        # What only wires too long to follow would reach.
        if v not in seen:
            columns[place].append(v)
    return columns


def order_before(net: Net, known: Mapping[str, float]) -> Columns:
    """The order in which things stood; what is new goes where its neighbours are."""
    fixed = {v: known[id] for v, id in enumerate(net.ids) if id in known}
    height = dict(fixed)
    for _ in range(3):
        for v in range(len(net.column)):
            if v not in fixed:
                near = [height[u] for u, _ in net.left[v] + net.right[v] if u in height]
                if near:
                    height[v] = sum(near) / len(near)
    columns: Columns = [[] for _ in range(max(net.column) + 1)]
    for v, place in enumerate(net.column):
        columns[place].append(v)
    return [sorted(column, key=lambda v: height.get(v, float("inf"))) for column in columns]


def untangled(net: Net, start: Columns) -> Columns:
    """The best order that sweeps to and fro find, beginning with `start`."""
    best, fewest = [list(column) for column in start], crossings(net, start)
    columns = [list(column) for column in start]
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        _sweep(net, columns, from_left=sweep % 2 == 0)
        if sweep % 4 >= 2:
            _swap_neighbours(net, columns)
        count = crossings(net, columns)
        if count < fewest:
            best, fewest = [list(column) for column in columns], count
    return best


def fewest_crossings(graph: Graph, net: Net) -> Columns:
    """The best order from several first ones; small networks can afford more of them."""
    first = first_order(graph, net)
    best = untangled(net, first)
    fewest = crossings(net, best)
    # The seed is fixed: the same network always gets the same order.
    rng = random.Random(0)
    for _ in range(min(_STARTS, _AFFORDED // len(net.column))):
        if not fewest:
            break
        for column in first:
            rng.shuffle(column)
        other = untangled(net, first)
        if (count := crossings(net, other)) < fewest:
            best, fewest = other, count
    return best


def _sweep(net: Net, columns: Columns, *, from_left: bool) -> None:
    """Puts each column in the order of the mean places of its neighbours on one side."""
    beside = net.left if from_left else net.right
    at: dict[int, float] = {}
    for index in range(len(columns)) if from_left else range(len(columns) - 1, -1, -1):
        column = columns[index]
        wanted = {
            v: sum(at[u] + end for u, end in beside[v]) / len(beside[v])
            for v in column
            if beside[v]
        }
        # What has no neighbour on that side stays where it is, the others change among themselves.
        moving = iter(sorted(wanted, key=wanted.__getitem__))
        columns[index] = [next(moving) if v in wanted else v for v in column]
        at = {v: float(place) for place, v in enumerate(columns[index])}


def _swap_neighbours(net: Net, columns: Columns) -> None:
    """Swaps neighbours in a column as long as that saves crossings."""
    at = {v: place for column in columns for place, v in enumerate(column)}
    for _ in range(4):
        swapped = False
        for column in columns:
            ends = {
                v: [sorted(at[u] + end for u, end in side[v]) for side in (net.left, net.right)]
                for v in column
            }
            for place in range(len(column) - 1):
                upper, lower = column[place], column[place + 1]
                pairs = list(zip(ends[upper], ends[lower], strict=True))
                now = sum(_pairs_crossed(a, b) for a, b in pairs)
                if now and sum(_pairs_crossed(b, a) for a, b in pairs) < now:
                    column[place], column[place + 1] = lower, upper
                    at[lower], at[upper] = place, place + 1
                    swapped = True
        if not swapped:
            return


def _pairs_crossed(upper: Sequence[float], lower: Sequence[float]) -> int:
    """How many wires of the upper one end below wires of the lower one."""
    return sum(bisect.bisect_left(lower, end) for end in upper)


def crossings(net: Net, columns: Columns) -> int:
    """How many pairs of wires cross between the columns, each next to the one before."""
    count = 0
    for left, right in itertools.pairwise(columns):
        at = {v: place for place, v in enumerate(right)}
        passed: list[float] = []
        for v in left:
            ends = sorted(at[u] + end for u, end in net.right[v])
            count += sum(len(passed) - bisect.bisect_right(passed, end) for end in ends)
            for end in ends:
                bisect.insort(passed, end)
    return count
