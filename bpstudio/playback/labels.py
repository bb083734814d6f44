"""The numbers on wires: what each says, where it stands, and from when until when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording, Update
from bpstudio.playback import digits
from bpstudio.playback.bodies import NUMBER, SOURCE, Body
from bpstudio.playback.metrics import CAP_HEIGHT
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Instant, Timeline, Wire
from bpstudio.playback.wires import sampled

ABOVE, BELOW = 8.0, 8.0
"""How far from its wire a number stands."""


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
    """Each number on the wires that leave these bodies."""
    recording = timeline.recording
    drop = BELOW + CAP_HEIGHT * NUMBER * scene.theme.type
    updates: dict[str, list[tuple[int, Update]]] = {}
    for place, update in enumerate(recording.updates):
        updates.setdefault(update.node, []).append((place, update))
    chosen = tuple(bodies)
    yield from _fork_labels(scene, timeline, chosen)
    for body, id in ((each, id) for each in chosen for id in each.numbered):
        x, y = scene.label_at(id)
        # What is updated in a folded box is not seen.
        changes = () if body.box else updates.get(body.node.id, ())
        if id in timeline.known_at:
            yield Label(id, "forward", x, y - ABOVE, timeline.known_at[id], id)
        if id in timeline.arrived_at:
            yield Label(id, "gradient", x, y + drop, timeline.arrived_at[id], id)
        for place, update in changes:
            key = f"{update.node}.{update.port}"
            if key in timeline.cleared_at and body.kind == SOURCE:
                until = timeline.gained_at.get(key, math.inf)
                yield Label(id, "clear", x, y + drop, timeline.cleared_at[key], place, until)
        for place, update in changes:
            number = timeline.updated_at[f"{update.node}.{update.port}"]
            x, y = body.rect.centre[0], body.rect.bottom
            below = y + 6 + CAP_HEIGHT * NUMBER * body.type
            yield Label(id, "update", x, below, number, place)


def _fork_labels(scene: Scene, timeline: Timeline, bodies: Iterable[Body]) -> Iterator[Label]:
    """On each wire of a fork its own contribution, whose sum stands at the fork."""
    plain = [
        path
        for body in bodies
        for id in body.exits
        if id in timeline.forks
        for path in scene.outgoing.get(id, ())
        if not path.weight and path.wire in timeline.passed_at
    ]
    if not plain:
        return
    places = _near_ends(np.concatenate([path.controls for path in plain]), scene.theme.type)
    for path, (x, y) in zip(plain, places.tolist(), strict=True):
        yield Label(path.source, "gradient", x, y, timeline.passed_at[path.wire], path.wire)


def _near_ends(controls: Array, type: float) -> Array:
    """Where numbers stand near the ends of wires (n, 2): on them, left of what they feed."""
    points = sampled(controls)
    x = points[:, -1, 0] - 2.2 * NUMBER * type
    # Between the last point that is that far left of the end, and the one after it.
    left = points[:, :, 0] <= x[:, None]
    last = np.where(left.any(axis=1), points.shape[1] - 1 - left[:, ::-1].argmax(axis=1), 0)
    rows = np.arange(len(points))
    (x0, y0), (x1, y1) = points[rows, last].T, points[rows, last + 1].T
    share = np.clip((x - x0) / np.where(x1 > x0, x1 - x0, 1.0), 0.0, 1.0)
    y = y0 + share * (y1 - y0) + BELOW + CAP_HEIGHT * NUMBER * type - 2
    return np.stack([x, y], axis=1)


def brief(array: Array) -> str:
    """A value on a wire: its number, or its shape."""
    return digits.fixed(array.item()) if array.size == 1 else digits.size_of(array)


def brief_gradient(array: Array) -> str:
    """A gradient on a wire: its number, or its size."""
    if array.size == 1:
        return digits.fixed(array.item())
    return f"‖{digits.small(float(np.linalg.norm(array)))}‖"
