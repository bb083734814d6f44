"""The numbers on wires: what each says, where it stands, and from when until when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording, Update
from bpstudio.playback import digits
from bpstudio.playback.apart import kept_apart
from bpstudio.playback.bodies import GATE, NUMBER, RADIUS, SOURCE, Body
from bpstudio.playback.ground import names
from bpstudio.playback.metrics import CAP_HEIGHT, DESCENT, MONO, width
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Instant, Timeline, Wire
from bpstudio.playback.wires import sampled

ABOVE, BELOW = 8.0, 8.0
"""How far from its wire a number stands."""
BACK = (2.2, 3.2, 4.4, 5.8, 7.4)
"""How far left of what a wire feeds its own gradient may stand, in sizes of its type."""
GRADIENT = "gradient"


class Label(NamedTuple):
    """A number on a wire, there once moment `number` is done, and gone once `until` is.

    (x, y) is the middle of its baseline, and `node` what the wire comes from. `key` is where the
    recording has it: a node for a value or a gradient, a wire for what came back along it, the
    place of an update among all.
    """

    node: str
    role: str
    x: float
    y: float
    number: int
    key: str | Wire | int
    until: float = math.inf

    def array(self, recording: Recording) -> Array:
        """What is written, in a recording of the network."""
        match self.key:
            case int() if self.role == "clear":
                return np.zeros_like(recording.updates[self.key].before)
            case int():
                return recording.updates[self.key].after
            case tuple():
                return recording.contributions[self.key]
            case _ if self.role == "forward":
                return recording.values[self.key]
        return recording.gradients[self.key]

    def text(self, recording: Recording) -> str:
        """The number as it is written, or for an array its shape or size."""
        array = self.array(recording)
        if self.role in ("gradient", "clear"):
            return brief_gradient(array)
        return "→ " + brief(array) if self.role == "update" else brief(array)


def visible(label: Label, instant: Instant) -> float:
    """How visible a number is, 0 to 1; before the pass back no gradient is."""
    if label.role == "gradient" and not instant.returning:
        return 0.0
    return instant.done(label.number) - instant.done(label.until)


def labels(scene: Scene, timeline: Timeline, bodies: Iterable[Body]) -> Iterator[Label]:
    """Each number on the wires that leave these bodies, but for those that have no room."""
    placed = _placed(scene, timeline)
    for body in bodies:
        yield from placed[body.node.id]


@lru_cache(maxsize=2)
def _placed(scene: Scene, timeline: Timeline) -> Mapping[str, Sequence[Label]]:
    """The numbers of each body, so that none lies on another, on a body or on a name.

    One that has no room moves, and where it has none elsewhere either it is left out. Numbers of
    nodes choose before those of single wires. It counts how long a number can become, not how long
    it is: so none moves when it becomes another.
    """
    wanted = [*_body_labels(scene, timeline), *_fork_labels(scene, timeline)]
    rects = _rects(scene, timeline, [label for _body, label in wanted])
    # A gradient that was cleared stands where the new one will, which comes when it goes.
    lasting = [row for row, (_body, label) in enumerate(wanted) if label.role != "clear"]

    def others(index: int) -> Array:
        row = lasting[index]
        moved: Array = rects[row] + np.tile(_elsewhere(scene, *wanted[row]), 2)
        return moved

    shifts = np.zeros((len(wanted), 2))
    shifts[lasting] = (kept_apart(_standing(scene), rects[lasting], others) - rects[lasting])[:, :2]
    gained = {label.key: row for row, (_body, label) in enumerate(wanted) if label.role == GRADIENT}
    found: dict[str, list[Label]] = {body.node.id: [] for body in scene.each}
    for row, (body, label) in enumerate(wanted):
        dx, dy = shifts[gained.get(label.node, row) if label.role == "clear" else row].tolist()
        if not math.isnan(dx):
            found[body.node.id].append(label._replace(x=label.x + dx, y=label.y + dy))
    return found


def _body_labels(scene: Scene, timeline: Timeline) -> Iterator[tuple[Body, Label]]:
    """The values and gradients that leave bodies, and under these what updates made."""
    drop = BELOW + CAP_HEIGHT * NUMBER * scene.theme.type
    updates: dict[str, list[tuple[int, Update]]] = {}
    for place, update in enumerate(timeline.recording.updates):
        updates.setdefault(update.node, []).append((place, update))
    for body, id in ((each, id) for each in scene.each for id in each.numbered):
        x, y = scene.label_at(id)
        # What is updated in a folded box is not seen.
        changes = () if body.box else updates.get(body.node.id, ())
        if id in timeline.known_at:
            yield body, Label(id, "forward", x, y - ABOVE, timeline.known_at[id], id)
        if id in timeline.arrived_at:
            yield body, Label(id, GRADIENT, x, y + drop, timeline.arrived_at[id], id)
        for place, update in changes:
            key = f"{update.node}.{update.port}"
            if key in timeline.cleared_at and body.kind == SOURCE:
                until = timeline.gained_at.get(key, math.inf)
                cleared = timeline.cleared_at[key]
                yield body, Label(id, "clear", x, y + drop, cleared, place, until)
        for place, update in changes:
            number = timeline.updated_at[f"{update.node}.{update.port}"]
            below = body.rect.bottom + 6 + CAP_HEIGHT * NUMBER * body.type
            yield body, Label(id, "update", body.rect.centre[0], below, number, place)


def _fork_labels(scene: Scene, timeline: Timeline) -> Iterator[tuple[Body, Label]]:
    """On each wire of a fork its own contribution, whose sum stands at the fork."""
    plain = [
        path
        for body in scene.each
        for id in body.exits
        if id in timeline.forks
        for path in scene.outgoing.get(id, ())
        if not path.weight and path.wire in timeline.passed_at
    ]
    if not plain:
        return
    controls = np.concatenate([path.controls for path in plain])
    places = _near_ends(sampled(controls), BACK[0] * NUMBER * scene.theme.type)
    places[:, 1] += BELOW + CAP_HEIGHT * NUMBER * scene.theme.type - 2
    for path, (x, y) in zip(plain, places.tolist(), strict=True):
        number = timeline.passed_at[path.wire]
        yield scene.bodies[path.source], Label(path.source, GRADIENT, x, y, number, path.wire)


def _near_ends(points: Array, back: Array | float) -> Array:
    """The places (n, 2) on wires with points (n, m, 2) that are so far left of what they feed."""
    x = points[:, -1, 0] - back
    # Between the last point that is that far left of the end, and the one after it.
    left = points[:, :, 0] <= x[:, None]
    last = np.where(left.any(axis=1), points.shape[1] - 1 - left[:, ::-1].argmax(axis=1), 0)
    rows = np.arange(len(points))
    (x0, y0), (x1, y1) = points[rows, last].T, points[rows, last + 1].T
    share = np.clip((x - x0) / np.where(x1 > x0, x1 - x0, 1.0), 0.0, 1.0)
    return np.stack([x, y0 + share * (y1 - y0)], axis=1)


# -- room ----------------------------------------------------------------------------------------


def _rects(scene: Scene, timeline: Timeline, found: Sequence[Label]) -> Array:
    """What each number covers, (n, 4) as for `kept_apart`, however long it becomes."""
    recording, size = timeline.recording, NUMBER * scene.theme.type
    usual = width(digits.usual_width(), size, MONO, 700)
    arrow = width("→ ", size, MONO, 700)
    wide = np.empty(len(found))
    for row, label in enumerate(found):
        wide[row] = usual + (arrow if label.role == "update" else 0.0)
        if label.array(recording).size != 1:
            wide[row] = max(usual, width(label.text(recording), size, MONO, 700))
    x, y = np.array([(label.x, label.y) for label in found]).reshape(-1, 2).T
    top, bottom = y - CAP_HEIGHT * size, y + DESCENT * size
    return np.stack([x - wide / 2, top, x + wide / 2, bottom], axis=1)


def _standing(scene: Scene) -> Array:
    """Bodies and the names beside them, (n, 4) as for `kept_apart`."""
    rects = [
        # The corners about a circle are free.
        body.rect.grown(-0.3 * RADIUS) if body.kind == GATE else body.rect
        for body in scene.each
    ]
    rects += [text.rect for text in names(scene, scene.each)]
    rects += [frame.head for frame in scene.frames]
    return np.array([(r.x, r.y, r.right, r.bottom) for r in rects]).reshape(-1, 4)


def _elsewhere(scene: Scene, body: Body, label: Label) -> Array:
    """How far away a number may move, (k, 2), the best place first."""
    size = NUMBER * scene.theme.type
    line = 1.25 * size
    if label.role == "update":
        return np.array([(0.0, line * count) for count in (1, 2, 3)])
    if isinstance(label.key, tuple):
        path = scene.by_wire[label.key]
        points = np.repeat(sampled(path.controls), len(BACK), axis=0)
        on = _near_ends(points, np.array(BACK) * size)
        on = on[on[:, 0] > path.controls[0, 0, 0] + size]
        under = on + np.array((0.0, BELOW + CAP_HEIGHT * size - 2))
        both = np.stack([under, on - np.array((0.0, ABOVE - 2))], axis=1)
        return np.asarray(both.reshape(-1, 2) - (label.x, label.y))
    x, top = body.rect.centre[0], body.rect.y - 5.0
    return np.array([(x - label.x, top - line * count - label.y) for count in (0, 1)])


def brief(array: Array) -> str:
    """A value on a wire: its number, or its shape."""
    return digits.fixed(array.item()) if array.size == 1 else digits.size_of(array)


def brief_gradient(array: Array) -> str:
    """A gradient on a wire: its number, or its size."""
    if array.size == 1:
        return digits.fixed(array.item())
    return f"‖{digits.small(float(np.linalg.norm(array)))}‖"
