"""What runs through a network: values, gradients, updates, and the pulses that carry them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.engine.run import Recording
from bpstudio.playback import digits, rules
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
from bpstudio.playback.labels import Label, labels, visible
from bpstudio.playback.marks import (
    Box,
    Curves,
    Discs,
    Heat,
    Ink,
    Mark,
    Numbers,
    Rect,
    Span,
    Text,
    around,
)
from bpstudio.playback.metrics import CAP_HEIGHT, MONO
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import BACKWARD, CLEAR, UPDATE, Clear, Instant, Moment, Timeline
from bpstudio.playback.wires import Path

THICKEST = 6.0
PLAIN = 1.8
"""How wide a plain wire is."""
WAITING, KNOWN, RETURNED = Ink("border"), Ink("forward", 0.55), Ink("gradient", 0.9)
"""A wire before and after its value has run along it, and where a gradient has come back."""
DARK = Ink("border", 0.9)
"""A wire along which no gradient comes back: it goes dark."""
DASH, DARK_DASH = (3.0, 4.0), (1.5, 5.0)
PHASE_ROLES = {CLEAR: "clear", UPDATE: "update"}
"""In whose colour the ring is drawn where something happens; passes have the accent."""
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
    return (*wires(moving), *still(moving), *settled, *signs(moving))


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


def signs(moving: Moving) -> tuple[Mark, ...]:
    """A plus where gradients have met again."""
    instant, scene = moving.instant, moving.scene
    return () if instant is None else tuple(rules.pluses(scene, rules.met_again(scene, instant)))


def live(moving: Moving) -> tuple[Mark, ...]:
    """What changes with each frame: the glow, the pulses, numbers as they appear."""
    _settled, fading = _numbers(moving, _touched(moving))
    return (*_glow(moving), *fading, *_pulses(moving), *_rules(moving))


def running(moving: Moving, *, near: bool = True) -> tuple[Mark, ...]:
    """As `live`, without the numbers that stand on wires; without rules unless one is near enough
    to read them."""
    return (*_glow(moving), *_pulses(moving), *(_rules(moving) if near else ()))


def resting(recording: Recording) -> Instant:
    """Where a recording rests when nothing is played: everything that it holds is shown."""
    return Timeline(recording).rest(UPDATE if recording.updates else BACKWARD)


def _rules(moving: Moving) -> Iterator[Mark]:
    """The rule of the gate where something happens, clear of the numbers about it."""
    instant = moving.instant
    if instant is None:
        return

    def standing() -> list[tuple[Rect, float]]:
        assert instant is not None and instant.moment is not None
        return [
            (rect, 1.0 if label is None else visible(label, instant))
            for rect, label in _standing(moving.scene, instant.timeline, instant.moment)
        ]

    yield from rules.drawn(moving.scene, instant, standing)


@lru_cache(maxsize=4)
def _standing(
    scene: Scene, timeline: Timeline, moment: Moment
) -> tuple[tuple[Rect, Label | None], ...]:
    """What the numbers on wires about a moment's gate cover, and the names of gates there."""
    touched = _touched_by(scene, moment)
    near = around([body.rect for body in touched]).grown(60.0)
    x, y, right, bottom = scene.edges
    wide = near.grown(160.0)
    meets = (x < wide.right) & (right > wide.x) & (y < wide.bottom) & (bottom > wide.y)
    about = [scene.each[index] for index in np.flatnonzero(meets).tolist()]
    feeding = {source for body in about for source in body.node.feeding}
    bodies = {body.node.id: body for body in about}
    bodies |= {scene.bodies[id].node.id: scene.bodies[id] for id in feeding if id in scene.bodies}
    size = NUMBER * scene.theme.type
    found: list[tuple[Rect, Label | None]] = []
    # A number is at most that wide on either side of its middle.
    most = 6.0 * size
    for label in labels(scene, timeline, bodies.values()):
        if not (near.x - most < label.x < near.right + most):
            continue
        if not (near.y - size < label.y < near.bottom + 2 * size):
            continue
        words = (Span(label.text(timeline.recording), label.role, MONO, 700),)
        found.append((Text(label.x, label.y, words, size, "middle").rect, label))
    for body in about:
        # What is written below a gate: its name, and from near by what it does.
        if body.kind in (GATE, PILL):
            rect = Rect(body.rect.x, body.rect.bottom, body.rect.width, 36.0 * body.type)
            found.append((rect, None))
    found += [(body.rect, None) for body in touched if body.node.id != moment.node]
    return tuple((rect, label) for rect, label in found if rect.meets(near))


def _wires(moving: Moving) -> Iterator[Mark]:
    """Plain wires: green once their value is known, dark where no gradient comes back."""
    scene = moving.scene
    dark = {path.wire for path in _darkened(moving)}
    plain = [path for path in scene.paths if not path.weight and path.wire not in dark]
    known = [path.controls for path in plain if moving.value(path.source) >= 0.5]
    unknown = [path.controls for path in plain if moving.value(path.source) < 0.5]
    for id, controls in scene.stubs.items():
        (known if moving.value(id) >= 0.5 else unknown).append(controls)
    width = PLAIN * scene.theme.wire
    for controls_of_all, ink in ((unknown, WAITING), (known, KNOWN)):
        if controls_of_all:
            controls = np.concatenate(controls_of_all)
            yield Curves(controls, ink, np.full(len(controls), width))

    gone = [path.controls for path in _darkened(moving)]
    if gone:
        together = np.concatenate(gone)
        yield Curves(together, DARK, np.full(len(together), width), DARK_DASH)


def _darkened(moving: Moving) -> list[Path]:
    """The plain wires along which a gradient could have come back by now, and did not."""
    if moving.instant is None or moving.instant.phase != BACKWARD:
        return []
    dark = moving.instant.timeline.dark
    return [path for path in _passed(moving) if path.wire in dark and not path.weight]


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
    dark = instant.timeline.dark
    plain = [path for path in _passed(moving) if not path.weight]
    controls = [path.controls for path in plain if path.wire not in dark]
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
    return () if moment is None else _touched_by(moving.scene, moment)


def _touched_by(scene: Scene, moment: Moment) -> tuple[Body, ...]:
    if isinstance(moment.step, Clear):
        ids = dict.fromkeys(key.partition(".")[0] for key in moment.step.keys)
    else:
        ids = dict.fromkeys((moment.node, *scene.graph[moment.node].feeding))
    return tuple({scene.bodies[id].node.id: scene.bodies[id] for id in ids}.values())


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
        elif instant.cleared(key) >= 0.5:
            yield _size(x, y, "‖∂W‖ ", np.zeros(1), "clear", body)
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
            text = digits.tabular(value.item(), 4) if value.size == 1 else digits.size_of(value)
            size = LOSS_NUMBER * body.type
            y = body.level + CAP_HEIGHT * size / 2
            yield Text(body.rect.x + PAD, y, (Span(text, "forward", MONO, 700),), size)


def _glow(moving: Moving) -> Iterator[Mark]:
    """A ring around each body where something happens now."""
    instant, scene = moving.instant, moving.scene
    if instant is None or instant.moment is None:
        return
    step = instant.moment.step
    keys = step.keys if isinstance(step, Clear) else ()
    ids = dict.fromkeys(key.partition(".")[0] for key in keys) or (instant.moment.node,)
    line = scene.theme.wire**0.5
    role = PHASE_ROLES.get(instant.phase, "accent")
    for body in (scene.bodies[id] for id in ids if id in scene.bodies):
        radius = outline(body)
        reach = (4.5 if body.kind in (GATE, PILL, SOURCE) else 3.0) * line
        yield Box(body.rect.grown(reach), radius + reach, None, Ink(role, 0.25), 2 * reach - 2)
        yield Box(body.rect, radius, None, Ink(role), 2.4 * line)


def _pulses(moving: Moving) -> Iterator[Mark]:
    instant = moving.instant
    if instant is None:
        return
    pulses = instant.pulses
    by_wire = moving.scene.by_wire if pulses else {}
    places = [by_wire[pulse.wire].at(pulse.place) for pulse in pulses if pulse.wire in by_wire]
    if places:
        centres = np.concatenate(places)
        role = "gradient" if instant.phase == BACKWARD else "forward"
        large = moving.scene.theme.wire**0.5 * (1.0 if len(centres) < 12 else 0.8)
        yield Discs(centres, 12.5 * large, Ink(role, 0.18))
        yield Discs(centres, 6.0 * large, Ink(role))
