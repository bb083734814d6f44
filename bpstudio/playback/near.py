"""What is seen from near by: formulas, weights as heat maps, curves with where they stand, shapes.

All of it lies on bodies and wires as they are, so that nothing moves when one comes nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial

import numpy as np

from bpstudio.engine.op import Array, Kind, Op
from bpstudio.engine.run import Step
from bpstudio.playback import digits, equations
from bpstudio.playback.bodies import (
    DATA,
    GATE,
    HEADER,
    LAYER,
    LOSS,
    PAD,
    PILL,
    SMALL,
    SOURCE,
    TITLE,
    Body,
    curved,
    own_name,
)
from bpstudio.playback.flow import Moving
from bpstudio.playback.labels import ABOVE
from bpstudio.playback.marks import Box, Discs, Heat, Ink, Line, Mark, Rect, Span, Text, width_of
from bpstudio.playback.metrics import CAP_HEIGHT, MONO
from bpstudio.playback.scene import Scene

FORMULA = 10.5
ROOM = 96.0
"""How far a formula may stand out beyond its body, on both sides together."""
STRIP = 5.0
"""The height of a strip of weights."""
MOST_POINTS = 48
"""So many operating points are drawn of more."""
MOST_KERNELS, MOST_CHANNELS = 8, 3
POINTS = 61
"""Places at which a curve is looked at."""
REACH = 4.0
"""How far a curve goes to either side, in input units."""
PALE = 0.5
"""Heat maps that something is written on are paler than others."""


def near(
    moving: Moving, bodies: Iterable[Body] | None = None, part: Rect | None = None
) -> tuple[Mark, ...]:
    """What is seen of these bodies, or of all, from near by: at least what meets that part.

    The curve in a gate is part of the gate itself: see `curve`.
    """
    scene = moving.scene
    # A folded box is seen as it is from farther away: what is in it stands nowhere.
    every = scene.each if bodies is None else bodies
    chosen = tuple(body for body in every if not body.box)
    largest = largest_of(moving.weights)
    marks: list[Mark] = []
    for body in chosen:
        if part is None or body.rect.grown(2.0).meets(part):
            marks += _weights(body, moving.weights, largest)
            if body.kind not in (GATE, PILL):
                marks += curve(body)
    return (*marks, *_shapes(moving, chosen))


def formulas(scene: Scene, bodies: Iterable[Body], part: Rect | None = None) -> Iterator[Text]:
    """What is written under these bodies: at least what meets that part."""
    for body in bodies:
        text = None if body.box else _formula(scene, body)
        if text is not None and (part is None or text.rect.grown(text.size).meets(part)):
            yield text


def largest_of(weights: Mapping[str, Array]) -> float:
    """What is drawn in full colour: the largest of all weights, at least 1."""
    finite = (np.abs(w[np.isfinite(w)]).max(initial=0.0) for w in weights.values())
    return max(1.0, *map(float, finite)) if weights else 1.0


@lru_cache(maxsize=2)
def holding(scene: Scene) -> tuple[Rect, ...]:
    """The parameters, whose boxes show their values."""
    sources = (body for body in scene.each if body.kind == SOURCE)
    return tuple(body.rect for body in sources if body.node.owned(Kind.WEIGHT))


# -- formulas ------------------------------------------------------------------------------------


def _formula(scene: Scene, body: Body) -> Text | None:
    """What a gate computes, under its title, with the names of what feeds it."""
    found = _formulas(scene)
    if body.node.id not in found:
        found[body.node.id] = _laid_out(scene, body)
    return found[body.node.id]


@lru_cache(maxsize=4)
def _formulas(_scene: Scene) -> dict[str, Text | None]:
    """What was laid out of a scene."""
    return {}


def _laid_out(scene: Scene, body: Body) -> Text | None:
    spans = _written(scene, body)
    if not spans:
        return None
    size = FORMULA * body.type
    room = body.rect.width + ROOM
    if width_of(spans, size) > room:
        whole = "".join(span.text for span in spans)
        fits = int(room / width_of((spans[0]._replace(text="0"),), size)) - 1
        spans = (spans[0]._replace(text=whole[:fits].rstrip() + "…"),)
    named = body.kind in (GATE, PILL) and own_name(body.last) and body.last.id not in scene.stubs
    y = body.rect.bottom + (15 + (14 if named else 0)) * body.type
    return Text(body.rect.centre[0], y, spans, size, "middle", "canvas")


def _written(scene: Scene, body: Body) -> tuple[Span, ...]:
    if body.kind in (SOURCE, DATA) or not body.node.op.formula:
        return ()
    op = body.node.op
    if body.kind == LAYER:
        inner = op.face if "W" in op.face else op.formula.removeprefix("y = ")
        last = body.docked
        text = f"{last.op.face}({inner})" if last is not None else inner
        return (Span(f"y = {text}", "muted", MONO),)
    definition = equations.definition(op)
    if definition is None:
        return ()
    names = {}
    for port, sources in body.node.sources.items():
        source = scene.graph.nodes.get(sources[0]) if len(sources) == 1 else None
        name = own_name(source) if source is not None else ""
        if name and len(name) <= 6:
            names[port] = Span(name, "muted", MONO)
    names |= {
        name: Span(f"{value:g}".replace("-", "−"), "muted", MONO)
        for name, value in op.settings.items()
        if isinstance(value, int | float)
    }
    left = own_name(body.last)
    left = left if left and len(left) <= 6 else "y"
    return (
        Span(f"{left} = ", "muted", MONO),
        *equations.spelled(definition, names, "muted"),
    )


# -- weights -------------------------------------------------------------------------------------


def _weights(body: Body, weights: Mapping[str, Array], largest: float) -> Iterator[Mark]:
    """The weights that a body owns, as heat maps."""
    owned = [weights.get(f"{body.node.id}.{port.name}") for port in body.node.owned(Kind.WEIGHT)]
    arrays = [array / largest for array in owned if array is not None and array.size]
    if not arrays:
        return
    if body.kind == SOURCE:
        yield from _parameter(body, arrays[0])
    elif body.tiles:
        for index, tile in zip(body.shown, body.tiles, strict=True):
            yield from _strip(tile, body, arrays, index)
    elif body.kind == LAYER and arrays[0].ndim == 4:
        yield from _kernels(body, arrays[0])


def _parameter(body: Body, array: Array) -> Iterator[Mark]:
    """A parameter's box filled with its values, and its name over them again."""
    grid = np.atleast_2d(array.reshape(array.shape[0] if array.ndim > 1 else 1, -1))
    inside = body.rect.grown(-1.5)
    yield Heat(inside, PALE * grid, 7.0, smooth=False)
    yield Discs(np.array([[body.rect.x + 8.5, body.rect.y + 8.5]]), 3.2, Ink("muted"))
    size = TITLE * body.type
    x, y = body.rect.centre
    yield Text(x, y + CAP_HEIGHT * size / 2, body.face, size, "middle")


def _strip(tile: Rect, body: Body, arrays: list[Array], unit: int) -> Iterator[Mark]:
    """Under a neuron's picture the weights by which it sees what feeds it, and its bias."""
    matrices = [a for a in arrays if a.ndim == 2 and a.shape[1] == body.units]
    biases = [a for a in arrays if a.ndim == 1 and len(a) == body.units]
    if not matrices:
        return
    column = matrices[0][:, unit]
    y, gap = tile.bottom + 4.0, 2.0
    side = min(14.0, tile.width / (len(column) + 1)) if biases else 0.0
    side = max(side, 5.0) if biases else 0.0
    rect = Rect(tile.x, y, tile.width - (side + gap if biases else 0.0), STRIP)
    yield Heat(rect, column[None, :], 1.5, smooth=len(column) > 64)
    yield Box(rect, 1.5, None, Ink("border", 0.9), 0.6)
    if biases:
        own = Rect(tile.right - side, y, side, STRIP)
        yield Heat(own, biases[0][unit : unit + 1, None], 1.5, smooth=False)
        yield Box(own, 1.5, None, Ink("border", 0.9), 0.6)


def _kernels(body: Body, weight: Array) -> Iterator[Mark]:
    """The windows (size, size, channels, units) of a convolution: a column for each unit."""
    channels, units = weight.shape[2:]
    units, channels = min(units, MOST_KERNELS), min(channels, MOST_CHANNELS)
    place = block_of(body)
    pitch = min((place.width + 3.0) / units, (place.height + 3.0) / channels)
    side = pitch - 3.0
    left = place.centre[0] - (units * pitch - 3.0) / 2
    for unit in range(units):
        for channel in range(channels):
            rect = Rect(left + unit * pitch, place.y + channel * pitch, side, side)
            yield Heat(rect, weight[:, :, channel, unit], 1.5, smooth=False)
            yield Box(rect, 1.5, None, Ink("border", 0.9), 0.6)


def block_of(body: Body) -> Rect:
    """The part of a layer between its header and its footer."""
    rect, top = body.rect, HEADER * body.type
    return Rect(
        rect.x + PAD, rect.y + top, rect.width - 2 * PAD, rect.height - top - 34 * body.type
    )


# -- curves --------------------------------------------------------------------------------------


def curve(body: Body) -> Iterator[Line]:
    """An activation as a curve between axes; the window is always the same."""
    if not curved(body.last.op):
        return
    place = _window(body)
    across, along = _sampled(body.last.op)
    axes = Ink("border")
    low, high = float(along.min()), float(along.max())
    yield Line(place(np.array([-REACH, REACH]), np.zeros(2)), axes, 1.0)
    yield Line(place(np.zeros(2), np.array([min(low, 0.0), max(high, 0.0)])), axes, 1.0)
    yield Line(place(across, along), Ink("text"), 1.6)


def points(moving: Moving, bodies: Iterable[Body]) -> tuple[Mark, ...]:
    """Where activations stand on their curves now: a point for each number that they read.

    What lies beyond the window stands at its edge.
    """
    recording = moving.recording
    if recording is None or moving.instant is None:
        return ()
    steps = moving.instant.timeline.steps
    windows: list[tuple[float, ...]] = []
    single: list[tuple[float, float]] = []
    many: list[Array] = []
    for body in bodies:
        op, id = body.last.op, body.last.id
        if not curved(op) or id not in steps or moving.value(id) < 0.5:
            continue
        step, limits = steps[id], _limits(op)
        if step.output.size == step.values[0].size == 1:
            windows.append((*curve_place(body), *limits))
            single.append((step.values[0].item(), step.output.item()))
        elif len((found := _operating(step))[0]):
            inside = np.clip(found[0], -REACH, REACH), np.clip(found[1], *limits)
            many.append(_window(body)(*inside))
    one: list[Array] = []
    if single:
        at, values = np.array(single).T
        finite = np.isfinite(at) & np.isfinite(values)
        if finite.any():
            window = np.array(windows)[finite].T
            inside = np.clip(at[finite], -REACH, REACH), np.clip(values[finite], *window[4:])
            one = [_on_curve(window, *inside)]
    return tuple(
        Discs(np.concatenate(discs), radius, Ink("forward"), Ink("node"), 0.7)
        for discs, radius in ((one, 3.4), (many, 1.9))
        if discs
    )


def _on_curve(windows: Array, x: Array, y: Array) -> Array:
    """Places (n, 2) of inputs and outputs in windows (6, n): left, top, width, height, and the
    lowest and the highest output."""
    left, top, width, height, low, high = windows
    margin = 0.06 * np.where(high > low, high - low, 1.0)
    across = left + (x + REACH) / (2 * REACH) * width
    up = (y - low + margin) / (high - low + 2 * margin) * height
    return np.stack([across, top + height - up], axis=1)


def _window(body: Body) -> Callable[[Array, Array], Array]:
    """From inputs and outputs of an activation to places on its body, (n, 2)."""
    window = np.array([(*curve_place(body), *_limits(body.last.op))]).T
    return partial(_on_curve, window)


def curve_place(body: Body) -> Rect:
    """Where the curve of a body's activation stands: in a gate, or at the right of a header."""
    rect, type = body.rect, body.type
    if body.docked is not None:
        return Rect(rect.right - PAD - 30.0, rect.y + 11 * type, 30.0, 18.0 * type)
    x, y = rect.centre
    wide = min(32.0, rect.width - 16.0)
    return Rect(x - wide / 2, y - 12.0, wide, 24.0)


def _operating(step: Step) -> tuple[Array, Array]:
    """What an activation read and gave, number by number, at most so many of them."""
    at, values = np.ravel(step.values[0]), np.ravel(step.output)
    if at.size != values.size:
        return np.zeros(0), np.zeros(0)
    chosen = np.unique(np.linspace(0, at.size - 1, min(at.size, MOST_POINTS)).astype(int))
    at, values = at[chosen], values[chosen]
    finite = np.isfinite(at) & np.isfinite(values)
    return at[finite], values[finite]


@lru_cache(maxsize=256)
def _limits(op: Op) -> tuple[float, float]:
    """The lowest and the highest that a gate gives over the window."""
    _across, along = _sampled(op)
    return float(along.min()), float(along.max())


@lru_cache(maxsize=256)
def _sampled(op: Op) -> tuple[Array, Array]:
    """Places over the window, and what the gate gives there."""
    across = np.linspace(-REACH, REACH, POINTS)
    with np.errstate(all="ignore"):
        along = np.asarray(op.infer(across), dtype=float)
    return across, np.nan_to_num(along)


# -- shapes --------------------------------------------------------------------------------------


def _shapes(moving: Moving, bodies: Iterable[Body]) -> Iterator[Mark]:
    """How many numbers flow along the wires that leave layers, and others that show no number."""
    scene, recording = moving.scene, moving.recording
    known = scene.project.known_shapes
    for body in bodies:
        id = body.last.id
        leaving = scene.outgoing.get(id, ())
        shape = known.get(id)
        if not leaving or shape is None or not (shape.features or shape.batched):
            continue
        value = recording.values.get(id) if recording is not None else None
        # A gate's wire has a number, which says the shape where it stands for an array.
        told = body.kind in (GATE, PILL, SOURCE) and value is not None
        if told or body.kind == LOSS:
            continue
        text = str(shape) if value is None else digits.size_of(value)
        x, y = _beside_wires(scene, body)
        span = Span(text.replace(" ", ""), "muted", MONO, 600)
        yield Text(x, y, (span,), SMALL * body.type, "middle", "canvas")


def _beside_wires(scene: Scene, body: Body) -> tuple[float, float]:
    """Above the uppermost of the wires that leave a body, half way of the shortest."""
    leaving = scene.outgoing[body.last.id]
    strands = [path for path in leaving if path.weight]
    if strands:
        points = strands[0].points
        middle = points[:, points.shape[1] // 2]
        top = int(middle[:, 1].argmin())
        return float(middle[top, 0]), float(middle[top, 1]) - ABOVE
    x, y = scene.label_at(body.last.id)
    return x, y - ABOVE
