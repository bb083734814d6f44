"""Where wires run: cubic curves from what leaves a body to what it feeds.

Between two layers there is one strand for each weight between neurons that are drawn. Every other
wire is one curve, which leaves level for a while, so that its value can stand above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind
from bpstudio.playback.bodies import Body
from bpstudio.playback.marks import Rect
from bpstudio.playback.timeline import Wire

LEAD = 60.0
TAIL = 8.0
BEND = 56.0
"""How much room a curve needs before level pieces are granted at its ends."""
CLEARANCE = 14.0
"""How far a wire keeps away from bodies that it has nothing to do with."""
MOST_LED = 250
"""In larger networks wires are not led past bodies: there one sees the whole, not each wire."""
_STEPS = 24


@dataclass(frozen=True, eq=False)
class Path:
    """A wire as it is drawn: controls (n, 1 + 3k, 2) of its n strands.

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
    found: list[Path] = []
    plain: list[tuple[Wire, str, tuple[float, float], tuple[float, float]]] = []
    for node in graph.ordered:
        if node.id in docks:
            continue
        body = bodies[node.id]
        ends = body.entries
        for port, sources in node.sources.items():
            for slot, source in enumerate(sources):
                wire = (node.id, port, slot)
                if bodies[source] is body:
                    continue  # it runs within a folded box
                weight = _matrix_of(node) if bodies[source].tiles and body.tiles else ""
                if weight:
                    found.append(_strands(wire, source, bodies[source], body, weight))
                else:
                    plain.append((wire, source, _start(bodies[source], source), ends[wire]))
    return found + _plain_paths(plain, bodies, type)


def _strands(wire: Wire, source: str, tail: Body, head: Body, weight: str) -> Path:
    pairs = np.array([(i, j) for i in range(len(tail.shown)) for j in range(len(head.shown))])
    starts = np.array([(t.right, t.centre[1]) for t in tail.tiles])[pairs[:, 0]]
    ends = np.array([(t.x, t.centre[1]) for t in head.tiles])[pairs[:, 1]]
    return Path(wire, source, wire[0], curves(starts, ends), pairs, weight)


def _plain_paths(
    plain: Sequence[tuple[Wire, str, tuple[float, float], tuple[float, float]]],
    bodies: Mapping[str, Body],
    type: float,
) -> list[Path]:
    if not plain:
        return []
    starts, ends = (np.array([row[k] for row in plain]) for k in (2, 3))
    controls = in_halves(curves(starts, ends, LEAD * type))
    each = {body.node.id: body for body in bodies.values()}
    if len(each) <= MOST_LED:
        rects = [body.rect for body in each.values()]
        own = {id: index for index, id in enumerate(each)}
        for row, (wire, source, _from, _to) in enumerate(plain):
            mine = (own[bodies[source].node.id], own[bodies[wire[0]].node.id])
            others = [rect for index, rect in enumerate(rects) if index not in mine]
            controls[row] = _led_past(controls[row], others)
    none = np.zeros((0, 2), dtype=int)
    return [
        Path(wire, source, wire[0], controls[row : row + 1], none)
        for row, (wire, source, _from, _to) in enumerate(plain)
    ]


def _start(body: Body, source: str) -> tuple[float, float]:
    if len(body.tiles) == 1:
        return body.tiles[0].right, body.tiles[0].centre[1]
    return body.exit(source)


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


def in_halves(controls: Array) -> Array:
    """Curves (n, 10, 2) with the cubic in two halves of the same shape: (n, 16, 2).

    Between the halves is a straight piece of no length (de Casteljau's rule gives the halves).
    """
    a, b, c, d = np.moveaxis(controls[:, 3:7], 1, 0)
    ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
    abc, bcd = (ab + bc) / 2, (bc + cd) / 2
    middle = (abc + bcd) / 2
    split = np.stack([ab, abc, middle, middle, middle, middle, bcd, cd], axis=1)
    return np.concatenate([controls[:, :4], split, controls[:, 6:]], axis=1)


def _led_past(controls: Array, others: Sequence[Rect]) -> Array:
    """The wire (16, 2), led past the bodies in its way.

    Past them it runs level, as near to where it would have been as there is room.
    """
    left, right = controls[3], controls[12]
    low, high = controls[:, 1].min(), controls[:, 1].max()
    near = [r for r in others if r.right > left[0] and r.x < right[0]]
    if right[0] - left[0] < 2 * CLEARANCE or not any(r.bottom > low and r.y < high for r in near):
        return controls
    points = sampled(controls[None])[0]
    room = CLEARANCE / 2
    level = [r for r in near if r.bottom + room > low and r.y - room < high]
    hit = [r for r in level if _crosses(points, r.grown(room))]
    if not hit:
        return controls
    x0 = max(min(r.x for r in hit) - CLEARANCE, left[0] + CLEARANCE)
    x1 = min(max(r.right for r in hit) + CLEARANCE, right[0] - CLEARANCE)
    between = [r for r in near if r.right > x0 and r.x < x1]
    levels = [level for r in between for level in (r.y - CLEARANCE, r.bottom + CLEARANCE)]
    free = [y for y in levels if not any(r.y < y < r.bottom for r in between)]
    if x0 >= x1 or not free:
        return controls  # bodies lie on top of each other
    middle = float(np.interp((x0 + x1) / 2, points[:, 0], points[:, 1]))
    y = min(free, key=lambda level: abs(level - middle))
    first, second = np.array([x0, y]), np.array([x1, y])
    before = np.array([max(8.0, (x0 - left[0]) / 2), 0.0])
    after = np.array([max(8.0, (right[0] - x1) / 2), 0.0])
    led = [left + before, first - before, first, first + (second - first) / 3]
    led += [first + (second - first) * 2 / 3, second, second + after, right - after]
    return np.concatenate([controls[:4], led, controls[12:]])


def _crosses(points: Array, rect: Rect) -> bool:
    inside = (points > (rect.x, rect.y)) & (points < (rect.right, rect.bottom))
    return bool(inside.all(axis=1).any())


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
