"""What runs through a network: values, gradients, updates, and the pulses that carry them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.engine.run import Recording, Update
from bpstudio.playback import digits
from bpstudio.playback.bodies import (
    DATA,
    GATE,
    LOSS,
    LOSS_NUMBER,
    NUMBER,
    PAD,
    PILL,
    SMALL,
    SOURCE,
    Body,
)
from bpstudio.playback.ground import outline
from bpstudio.playback.marks import (
    Box,
    Curves,
    Discs,
    Heat,
    Ink,
    Mark,
    Numbers,
    Span,
    Text,
)
from bpstudio.playback.metrics import CAP_HEIGHT, MONO
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import BACKWARD, FORWARD, UPDATE, Instant, Timeline, Wire
from bpstudio.playback.wires import Path, sampled

ABOVE, BELOW = 8.0, 8.0
THICKEST = 6.0
PLAIN = 1.8
"""How wide a plain wire is."""
WAITING, KNOWN, RETURNED = Ink("border"), Ink("forward", 0.55), Ink("gradient", 0.9)
"""A wire before and after its value has run along it, and where a gradient has come back."""
DASH = (3.0, 4.0)
FRAME = Ink("border", 0.6)


@dataclass(frozen=True, eq=False)
class Moving:
    """What is drawn over the ground: which numbers are known, how visible each is.

    `planes` has for each node a picture of what each of its neurons computes, (units, h, w) with
    values from −1 to 1.
    """

    scene: Scene
    instant: Instant | None
    weights: Mapping[str, Array]
    planes: Mapping[str, Array]

    @property
    def recording(self) -> Recording | None:
        """What is played back."""
        return self.instant.timeline.recording if self.instant else None

    def value(self, id: str) -> float:
        """How visible a node's value is."""
        return self.instant.value(id) if self.instant else 0.0


def state(moving: Moving) -> tuple[Mark, ...]:
    """What changes with each moment or training step, and stands still within it."""
    settled, _fading = _numbers(moving, moving.scene.each)
    return (*wires(moving), *still(moving), *settled)


def wires(moving: Moving) -> tuple[Mark, ...]:
    """The wires, by what has run along them."""
    return (*_wires(moving), *_return_flow(moving), *strands(moving))


def strands(moving: Moving) -> tuple[Mark, ...]:
    """The wires between neurons, and what has run along them."""
    return (*_strands(moving), *_return_dots(moving))


def still(moving: Moving) -> tuple[Mark, ...]:
    """What is on the bodies: neurons' pictures, the sizes of gradients and updates, losses."""
    every = [(body, moving.planes.get(body.last.id)) for body in moving.scene.each]
    pictures = [mark for body, planes in every for mark in tiles(body, planes)]
    return (*pictures, *readings(moving))


def readings(moving: Moving) -> tuple[Mark, ...]:
    """What is written on layers and losses as it runs: the sizes of gradients, the loss."""
    return (*_sizes(moving), *_losses(moving))


def live(moving: Moving) -> tuple[Mark, ...]:
    """What changes with each frame: the glow, the pulses, numbers as they appear."""
    _settled, fading = _numbers(moving, _touched(moving))
    return (*_glow(moving), *fading, *_pulses(moving))


def running(moving: Moving) -> tuple[Mark, ...]:
    """As `live`, without the numbers."""
    return (*_glow(moving), *_pulses(moving))


def resting(recording: Recording) -> Instant:
    """Where a recording rests when nothing is played: everything that it holds is shown."""
    return Timeline(recording).rest(UPDATE if recording.updates else BACKWARD)


def _wires(moving: Moving) -> Iterator[Mark]:
    """Plain wires: green once their value is known."""
    scene = moving.scene
    plain = [path for path in scene.paths if not path.weight]
    known = [path.controls for path in plain if moving.value(path.source) >= 0.5]
    unknown = [path.controls for path in plain if moving.value(path.source) < 0.5]
    for id, controls in scene.stubs.items():
        (known if moving.value(id) >= 0.5 else unknown).append(controls)
    width = PLAIN * scene.theme.wire
    for controls_of_all, ink in ((unknown, WAITING), (known, KNOWN)):
        if controls_of_all:
            controls = np.concatenate(controls_of_all)
            yield Curves(controls, ink, np.full(len(controls), width))


def _strands(moving: Moving) -> Iterator[Mark]:
    """Wires between neurons: as thick as their weight, blue below 0 and orange above."""
    scene = moving.scene
    found = [path for path in scene.paths if path.weight]
    sheets = [moving.weights.get(path.weight) for path in found]
    # Of all matrices, so that a strand is as thick when only some of them are drawn.
    matrices = [weight for weight in moving.weights.values() if weight.ndim == 2]
    largest = max((float(np.abs(matrix).max(initial=0.0)) for matrix in matrices), default=1.0)
    every: dict[str, list[tuple[Array, Array]]] = {}
    for path, sheet in zip(found, sheets, strict=True):
        if sheet is None or sheet.ndim != 2 or not np.isfinite(sheet).all():
            every.setdefault("border", []).append((path.controls, np.full(len(path.controls), 1.3)))
            continue
        entries = sheet[path.pairs[:, 0], path.pairs[:, 1]]
        widths = 1.1 + (THICKEST - 1.1) * np.abs(entries) / max(largest, 1.0)
        for role, mask in (("negative", entries < 0), ("positive", entries >= 0)):
            if mask.any():
                every.setdefault(role, []).append((path.controls[mask], widths[mask]))
    for role, parts in every.items():
        controls, widths = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        yield Curves(controls, Ink(role, 0.78), widths * scene.theme.wire**0.5)


def _return_flow(moving: Moving) -> Iterator[Mark]:
    """Where a gradient has come back along a plain wire: red dashes."""
    scene, instant = moving.scene, moving.instant
    if instant is None or instant.phase != BACKWARD:
        return
    controls = [path.controls for path in _passed(moving) if not path.weight]
    controls += [c for id, c in scene.stubs.items() if instant.gradient(id) >= 0.5]
    if controls:
        together = np.concatenate(controls)
        widths = np.full(len(together), PLAIN * scene.theme.wire)
        yield Curves(together, RETURNED, widths, DASH)


def _return_dots(moving: Moving) -> Iterator[Mark]:
    """Where a gradient has come back along a strand: a red dot."""
    scene = moving.scene
    dots = [
        path.at(0.5)
        for path in _passed(moving)
        if path.weight and scene.bodies[path.source].kind != DATA
    ]
    if dots:
        yield Discs(np.concatenate(dots), 4.5 * scene.theme.wire**0.5, Ink("gradient"))


def _passed(moving: Moving) -> list[Path]:
    """The paths along which a gradient has come back."""
    instant = moving.instant
    if instant is None or instant.phase != BACKWARD:
        return []
    return [path for path in moving.scene.paths if instant.passed(path.wire) >= 0.5]


def tiles(body: Body, planes: Array | None) -> tuple[Mark, ...]:
    """The pictures of a body's neurons (units, h, w); empty frames without them."""
    marks: list[Mark] = []
    for index, tile in zip(body.shown, body.tiles, strict=True):
        radius = min(8.0, tile.width / 8)
        if planes is not None and index < len(planes):
            marks += [Heat(tile, planes[index], radius), Box(tile, radius, None, FRAME, 1.0)]
        else:
            marks.append(Box(tile, radius, Ink("node"), Ink("border"), 1.0))
    return tuple(marks)


def _touched(moving: Moving) -> tuple[Body, ...]:
    """The bodies whose numbers can appear in the moment that is going on."""
    moment = moving.instant.moment if moving.instant else None
    if moment is None:
        return ()
    node = moving.scene.graph[moment.node]
    ids = dict.fromkeys((node.id, *node.feeding))
    return tuple({moving.scene.bodies[id].node.id: moving.scene.bodies[id] for id in ids}.values())


def _numbers(moving: Moving, bodies: Iterable[Body]) -> tuple[list[Mark], list[Mark]]:
    """The numbers on wires, split into those that stand and those that are appearing."""
    instant = moving.instant
    if instant is None:
        return [], []
    recording = instant.timeline.recording
    rows: dict[tuple[str, bool], list[tuple[float, float, str, float]]] = {}
    for label in labels(moving.scene, instant.timeline, bodies):
        shown = visible(label, instant)
        if shown > 0:
            row = (label.x, label.y, label.text(recording), shown)
            rows.setdefault((label.role, shown >= 1.0), []).append(row)
    settled: list[Mark] = []
    fading: list[Mark] = []
    for (role, whole), chosen in rows.items():
        (settled if whole else fading).append(
            Numbers(
                np.array([row[:2] for row in chosen]),
                tuple(row[2] for row in chosen),
                role,
                NUMBER * moving.scene.theme.type,
                np.array([row[3] for row in chosen]),
                halo="canvas",
            )
        )
    return settled, fading


class Label(NamedTuple):
    """A number on a wire, there once moment `number` is done.

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

    def array(self, recording: Recording) -> Array:
        """What is written, in a recording of the network."""
        match self.key:
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
        if self.role == "gradient":
            return brief_gradient(array)
        return "→ " + brief(array) if self.role == "update" else brief(array)


def visible(label: Label, instant: Instant) -> float:
    """How visible a number is, 0 to 1; while values run forward no gradient is."""
    if label.role == "gradient" and instant.phase == FORWARD:
        return 0.0
    return instant.done(label.number)


def labels(scene: Scene, timeline: Timeline, bodies: Iterable[Body]) -> Iterator[Label]:
    """Each number on the wires that leave these bodies."""
    recording = timeline.recording
    drop = BELOW + CAP_HEIGHT * NUMBER * scene.theme.type
    updates: dict[str, list[tuple[int, Update]]] = {}
    for place, update in enumerate(recording.updates):
        updates.setdefault(update.node, []).append((place, update))
    chosen = tuple(bodies)
    yield from _fork_labels(scene, timeline, chosen)
    for body in chosen:
        id = body.last.id
        if body.tiles or body.kind in (LOSS, DATA):
            continue
        x, y = scene.label_at(id)
        if id in timeline.known_at:
            yield Label(id, "forward", x, y - ABOVE, timeline.known_at[id], id)
        if id in timeline.arrived_at:
            yield Label(id, "gradient", x, y + drop, timeline.arrived_at[id], id)
        for place, update in updates.get(body.node.id, ()):
            number = timeline.updated_at[f"{update.node}.{update.port}"]
            x, y = body.rect.centre[0], body.rect.bottom
            below = y + 6 + CAP_HEIGHT * NUMBER * body.type
            yield Label(id, "update", x, below, number, place)


def _fork_labels(scene: Scene, timeline: Timeline, bodies: Iterable[Body]) -> Iterator[Label]:
    """On each wire of a fork its own contribution, whose sum stands at the fork."""
    plain = [
        path
        for body in bodies
        if body.last.id in timeline.forks
        for path in scene.outgoing.get(body.last.id, ())
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


def _sizes(moving: Moving) -> Iterator[Mark]:
    """Under a layer how large the gradients of its weights are, or how far they moved."""
    recording, instant, scene = moving.recording, moving.instant, moving.scene
    if recording is None or instant is None:
        return
    changes = {f"{u.node}.{u.port}": u.after - u.before for u in recording.updates}
    for body in scene.each:
        owned = body.node.owned(Kind.WEIGHT)
        if not body.tiles or not owned:
            continue
        key = f"{body.node.id}.{owned[0].name}"
        gradient = recording.weight_gradients.get(key)
        x, y = body.rect.centre[0], body.rect.bottom - 14 * body.type
        if instant.updated(key) >= 0.5:
            yield _size(x, y, "‖ΔW‖ ", changes[key], "update", body)
        elif gradient is not None and instant.weight_gradients(body.node.id) >= 0.5:
            yield _size(x, y, "‖∂W‖ ", gradient, "gradient", body)


def _size(x: float, y: float, name: str, array: Array, role: str, body: Body) -> Text:
    text = name + digits.small(float(np.linalg.norm(array)))
    return Text(x, y, (Span(text, role, MONO),), SMALL * body.type, "middle")


def _losses(moving: Moving) -> Iterator[Mark]:
    recording = moving.recording
    for body in moving.scene.each:
        value = recording.values.get(body.node.id) if recording else None
        if body.kind == LOSS and value is not None and moving.value(body.node.id) >= 0.5:
            text = digits.tabular(value.item()) if value.size == 1 else digits.size_of(value)
            size = LOSS_NUMBER * body.type
            y = body.level + CAP_HEIGHT * size / 2
            yield Text(body.rect.x + PAD, y, (Span(text, "forward", MONO, 700),), size)


def _glow(moving: Moving) -> Iterator[Mark]:
    """A ring around the body where something happens now."""
    instant = moving.instant
    if instant is None or instant.moment is None:
        return
    body = moving.scene.bodies.get(instant.moment.node)
    if body is None:
        return
    line = moving.scene.theme.wire**0.5
    radius = outline(body)
    role = "update" if instant.phase == UPDATE else "accent"
    reach = (4.5 if body.kind in (GATE, PILL, SOURCE) else 3.0) * line
    yield Box(body.rect.grown(reach), radius + reach, None, Ink(role, 0.25), 2 * reach - 2)
    yield Box(body.rect, radius, None, Ink(role), 2.4 * line)


def _pulses(moving: Moving) -> Iterator[Mark]:
    instant = moving.instant
    if instant is None:
        return
    by_wire = moving.scene.by_wire
    places = [
        by_wire[pulse.wire].at(pulse.place) for pulse in instant.pulses if pulse.wire in by_wire
    ]
    if places:
        centres = np.concatenate(places)
        role = "gradient" if instant.phase == BACKWARD else "forward"
        large = moving.scene.theme.wire**0.5 * (1.0 if len(centres) < 12 else 0.8)
        yield Discs(centres, 12.5 * large, Ink(role, 0.18))
        yield Discs(centres, 6.0 * large, Ink(role))


def brief(array: Array) -> str:
    """A value on a wire: its number, or its shape."""
    return digits.fixed(array.item()) if array.size == 1 else digits.size_of(array)


def brief_gradient(array: Array) -> str:
    """A gradient on a wire: its number, or its size."""
    if array.size == 1:
        return digits.fixed(array.item())
    return f"‖{digits.small(float(np.linalg.norm(array)))}‖"
