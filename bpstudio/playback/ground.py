"""The ground of a picture: the bodies of nodes with what is written on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bpstudio.engine.op import Kind
from bpstudio.language import ngettext
from bpstudio.playback.bodies import (
    BOX,
    DATA,
    GATE,
    LAYER,
    LOSS,
    PAD,
    PILL,
    SMALL,
    SOURCE,
    SYMBOL,
    TITLE,
    Body,
    curved,
    own_name,
)
from bpstudio.playback.folded import box_marks
from bpstudio.playback.marks import Box, Discs, Ink, Mark, Span, Text, name_spans
from bpstudio.playback.metrics import CAP_HEIGHT, MONO, PROSE
from bpstudio.playback.scene import STUB, Scene

OPEN = 3.5
"""The radius of the ring at the end of a result that feeds nothing."""
COMMUTING = frozenset({"add", "multiply", "max", "min"})
"""Gates whose inputs need no names, because they can change places."""


def ground(
    scene: Scene, bodies: Iterable[Body] | None = None, *, curves: bool = False
) -> tuple[Mark, ...]:
    """What changes with edits alone, from back to front: of all bodies, or of these.

    With `curves` there is room left on activations for what `near.py` draws. Frames and
    notes come with all bodies only; `framing` has them alone.
    """
    if bodies is None:
        return (*framing(scene), *ground(scene, scene.each, curves=curves))
    chosen = tuple(bodies)
    marks = [mark for body in chosen for mark in _body(scene, body, curves)]
    return (*marks, *_open_ends(scene, chosen), *names(scene, chosen))


def framing(scene: Scene) -> tuple[Mark, ...]:
    """What lies behind the bodies: frames, and notes on them."""
    line = scene.theme.wire**0.5
    marks = [mark for frame in scene.frames for mark in frame.marks(line)]
    return (*marks, *(mark for slip in scene.slips for mark in slip.marks(line)))


def outline(body: Body) -> float:
    """The radius of a body's corners."""
    if body.kind in (GATE, PILL):
        return body.rect.height / 2
    return {SOURCE: 8.0, BOX: 12.0}.get(body.kind, 16.0)


def _body(scene: Scene, body: Body, curves: bool) -> Iterator[Mark]:
    if body.kind == BOX:
        yield from box_marks(body, scene.theme.wire**0.5)
        yield from _open_ports(scene, body)
        return
    fill = "layer" if body.kind in (DATA, LAYER, LOSS) else "node"
    trained = body.kind == SOURCE and bool(body.node.owned(Kind.WEIGHT))
    missing = body.node.op.category == "missing"
    line = scene.theme.wire**0.5
    stroke = Ink("muted" if trained else "border")
    dash = (5.0, 4.0) if missing else ()
    yield Box(body.rect, outline(body), Ink(fill), stroke, 1.3 * line, dash)
    if trained:
        yield Discs(np.array([[body.rect.x + 8.5, body.rect.y + 8.5]]), 3.2, Ink("muted"))
    if body.face and not (curves and body.kind in (GATE, PILL) and curved(body.node.op)):
        size = (TITLE if body.kind == SOURCE else SYMBOL) * body.type
        shift = CAP_HEIGHT * size * body.face[0].size / 2
        x, y = body.rect.centre
        yield Text(x, y + shift, body.face, size, "middle")
    if body.kind in (GATE, PILL):
        yield from _port_names(body)
    if body.title:
        yield from _header(body)
    yield from _tile_names(body)


def _header(body: Body) -> Iterator[Mark]:
    x, y, type = body.rect.x + PAD, body.rect.y, body.type
    yield Text(x, y + 25 * type, (Span(body.title, "text", PROSE, 600),), TITLE * type)
    if body.subtitle:
        yield Text(x, y + 43 * type, (Span(body.subtitle, "muted", MONO),), SMALL * type)


def _tile_names(body: Body) -> Iterator[Mark]:
    """The names of features left of their pictures, and how many neurons are not drawn."""
    for index, tile in zip(body.shown, body.tiles, strict=True):
        if index < len(body.names):
            spans = name_spans(body.names[index][:6])
            size = (TITLE if len(body.names[index]) < 4 else 10.0) * body.type
            yield Text(tile.x - 5, tile.centre[1] + 5 * body.type, spans, size, "end")
    hidden = body.units - len(body.shown)
    if hidden and body.tiles:
        text = ngettext("+ {count} more", "+ {count} more", hidden).format(count=hidden)
        y = body.tiles[-1].bottom + 18 * body.type
        span = Span(text, "muted", PROSE)
        yield Text(body.rect.centre[0], y, (span,), SMALL * body.type, "middle")


def _port_names(body: Body) -> Iterator[Mark]:
    """The names of the inputs, inside the rim, where it matters which is which."""
    ends = body.inputs()
    connected = {name for name, sources in body.node.sources.items() if sources}
    # What one port takes several of stands in their order, from top to bottom.
    several = all(port.variadic for port in body.node.op.ports)
    if len(ends) > 1 and body.node.op.name not in COMMUTING and not several:
        for (port, slot), (x, y) in ends.items():
            name = port if len(body.node.sources.get(port, ())) < 2 else f"{port}{slot + 1}"
            span = Span(name[:3], "muted", PROSE)
            inset = 5.0 if body.kind == PILL else 3.0
            yield Text(x + inset, y + 3, (span,), 9.0 * body.type)
    unwired = [end for (port, _slot), end in ends.items() if port not in connected]
    if unwired:
        yield Discs(np.array(unwired), 4.0, Ink("canvas"), Ink("muted"), 1.3)


def _open_ports(scene: Scene, body: Body) -> Iterator[Mark]:
    """The inputs within a folded box that nothing feeds yet."""
    unwired = [
        place
        for (id, port, _slot), place in body.entries.items()
        if not scene.graph[id].sources.get(port)
    ]
    if unwired:
        yield Discs(np.array(unwired), 4.0, Ink("canvas"), Ink("muted"), 1.3)


def names(scene: Scene, bodies: Iterable[Body]) -> Iterator[Text]:
    """What stands beside these bodies: the name of a result, or of a gate under it."""
    for body in bodies:
        for id, (x, y) in body.exits.items():
            name = own_name(scene.graph[id])
            if name and id in scene.stubs:
                size = TITLE * body.type
                right = x + STUB * body.type + 2 * OPEN + 4
                yield Text(right, y + 0.36 * size, name_spans(name), size)
            elif name and body.kind in (GATE, PILL):
                below = body.rect.bottom + 14 * body.type
                spans = name_spans(name, "muted")
                yield Text(body.rect.centre[0], below, spans, SMALL * body.type, "middle", "canvas")


def _open_ends(scene: Scene, bodies: Iterable[Body]) -> Iterator[Mark]:
    """Rings at the ends of results, as inputs that nothing feeds have: no wires to something that
    is gone."""
    for body in bodies:
        for id, (x, y) in body.exits.items():
            if id in scene.stubs:
                end = np.array([[x + STUB * body.type + OPEN, y]])
                yield Discs(end, OPEN, Ink("canvas"), Ink("muted"), 1.3)
