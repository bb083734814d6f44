"""Where wires run: cubic curves from what leaves a body to what it feeds.

Between two layers there is one strand for each weight between neurons that are drawn. Every other
wire is one curve, which leaves level for a while, so that its value can stand above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind
from bpstudio.playback.bodies import Body
from bpstudio.playback.timeline import Wire

LEAD = 54.0
TAIL = 8.0
BEND = 56.0
"""How much room a curve needs before level pieces are granted at its ends."""
_STEPS = 24


@dataclass(frozen=True, eq=False)
class Path:
    """A wire as it is drawn: controls (n, 10, 2) of its n strands.

    `pairs` (n, 2) are the neurons that each strand joins, source and target, and `weight` the key
    of the matrix whose entries they carry; both are empty for a plain wire.
    """

    wire: Wire
    source: str
    target: str
    controls: Array
    pairs: Array
    weight: str = ""

    @cached_property
    def points(self) -> Array:
        """Points along each strand, (n, m, 2), for measuring, hitting and avoiding it."""
        return sampled(self.controls)

    @cached_property
    def _lengths(self) -> Array:
        steps = np.hypot(*np.moveaxis(np.diff(self.points, axis=1), -1, 0))
        zeros = np.zeros((len(steps), 1))
        return np.concatenate([zeros, np.cumsum(steps, axis=1)], axis=1)

    def at(self, share: float) -> Array:
        """The points (n, 2) that lie that share of its length along each strand."""
        found = np.empty((len(self.points), 2))
        for row, (points, lengths) in enumerate(zip(self.points, self._lengths, strict=True)):
            wanted = share * lengths[-1]
            found[row] = [np.interp(wanted, lengths, points[:, axis]) for axis in (0, 1)]
        return found


def paths(
    graph: Graph, bodies: Mapping[str, Body], docks: Mapping[str, str], type: float = 1.0
) -> list[Path]:
    """The path of each wire between two bodies.

    `bodies` has the body of every node, docked activations included, and `docks` the layer of
    each docked activation: the wire between the two is not drawn. `type` is the factor by which
    numbers are larger than usual.
    """
    found = []
    for node in graph.ordered:
        if node.id in docks:
            continue
        body = bodies[node.id]
        ends = body.inputs()
        for port, sources in node.sources.items():
            for slot, source in enumerate(sources):
                wire = (node.id, port, slot)
                found.append(_path(wire, bodies[source], body, source, ends[port, slot], type))
    return found


def _path(
    wire: Wire, tail: Body, head: Body, source: str, end: tuple[float, float], type: float
) -> Path:
    weight = _matrix_of(head.node) if tail.tiles and head.tiles else ""
    if weight:
        pairs = np.array([(i, j) for i in range(len(tail.shown)) for j in range(len(head.shown))])
        starts = np.array([(t.right, t.centre[1]) for t in tail.tiles])[pairs[:, 0]]
        ends = np.array([(t.x, t.centre[1]) for t in head.tiles])[pairs[:, 1]]
        return Path(wire, source, head.node.id, curves(starts, ends), pairs, weight)
    start = tail.output
    if len(tail.tiles) == 1:
        start = (tail.tiles[0].right, tail.tiles[0].centre[1])
    controls = curves(np.array([start]), np.array([end]), LEAD * type)
    return Path(wire, source, head.node.id, controls, np.zeros((0, 2), dtype=int))


def _matrix_of(node: Node) -> str:
    """The key of the layer's own matrix: the first of its weights, if it owns one."""
    owned = node.owned(Kind.WEIGHT)
    return f"{node.id}.{owned[0].name}" if owned else ""


def curves(starts: Array, ends: Array, lead: float = 0.0) -> Array:
    """Controls (n, 10, 2) of curves that leave and arrive horizontally.

    A curve is a straight piece, a cubic and a straight piece. The first is `lead` long where there
    is room for it, and only then has the last a length at all.
    """
    gap = ends[:, 0] - starts[:, 0]
    spare = np.maximum(0.0, gap - BEND)
    first_part = np.minimum(spare, lead)
    left, right = starts.copy(), ends.copy()
    left[:, 0] += first_part
    right[:, 0] -= np.minimum(spare - first_part, TAIL) if lead else 0.0
    reach = np.where(gap > 0, (right[:, 0] - left[:, 0]) / 2, np.maximum(60.0, -gap / 2))
    first, second = left.copy(), right.copy()
    first[:, 0] += reach
    second[:, 0] -= reach
    third = (starts + (left - starts) / 3, starts + (left - starts) * 2 / 3)
    last = (right + (ends - right) / 3, right + (ends - right) * 2 / 3)
    return np.stack([starts, *third, left, first, second, right, *last, ends], axis=1)


def sampled(controls: Array) -> Array:
    """Points along curves with controls (n, 1 + 3k, 2), in order."""
    t = np.linspace(0.0, 1.0, _STEPS + 1)[None, :, None]
    pieces = [
        (1 - t) ** 3 * a[:, None]
        + 3 * t * (1 - t) ** 2 * b[:, None]
        + 3 * t**2 * (1 - t) * c[:, None]
        + t**3 * d[:, None]
        for k in range(0, controls.shape[1] - 1, 3)
        for a, b, c, d in [np.moveaxis(controls[:, k : k + 4], 1, 0)]
    ]
    return np.concatenate([pieces[0], *(piece[:, 1:] for piece in pieces[1:])], axis=1)
