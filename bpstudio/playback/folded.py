"""Folded boxes: one body for many, with the ports that cross its border."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Kind
from bpstudio.language import ngettext
from bpstudio.playback import metrics
from bpstudio.playback.bodies import BOX, PAD, SMALL, TITLE, Body
from bpstudio.playback.marks import Box, Ink, Line, Mark, Rect, Span, Text, around, shortened
from bpstudio.playback.metrics import CAP_HEIGHT, PROSE
from bpstudio.playback.timeline import Wire
from bpstudio.project.boxes import contents, folded_in
from bpstudio.project.project import Project

ROLES: Mapping[str, str] = {
    "grey": "muted",
    "teal": "class2",
    "yellow": "class4",
    "pink": "class5",
    "sky": "class9",
}
"""The role of each colour that a box may have."""
PORTS, TALLEST = 22.0, 400.0
"""How far apart ports stand, and how much room all of them take at most."""
MARK = 12.0
"""The side of the mark that opens it."""
PILE = 4.0
"""How far the edges stick out that say that there is more behind."""


def role_of(colour: str) -> str:
    """The role of a box's colour; one that is not known is grey."""
    return ROLES.get(colour, ROLES["grey"])


def folded(project: Project, placed: Mapping[str, Body], type: float) -> dict[str, Body]:
    """The bodies at their places, with one body for all in each folded box.

    It stands in the middle of what it stands for, and in the place of the first of them.
    """
    hidden = folded_in(project.boxes)
    if not hidden:
        return dict(placed)
    inside: dict[str, list[Body]] = {}
    for id, body in placed.items():
        if id in hidden:
            inside.setdefault(hidden[id], []).append(body)
    made: dict[str, Body] = {}
    for id, body in placed.items():
        box = hidden.get(id)
        if box is None:
            made[id] = body
        elif inside[box][0] is body:
            made[id] = _folded(project, box, tuple(inside[box]), type)
    return made


def box_marks(body: Body, line: float) -> Iterator[Mark]:
    """How a folded box is drawn; `line` is how much thicker than usual lines are."""
    role = role_of(body.colour)
    for step in (2, 1):
        behind = body.rect._replace(x=body.rect.x + PILE * step, y=body.rect.y - PILE * step)
        yield Box(behind, 12.0, Ink("layer"), Ink(role, 0.35), 1.2 * line)
    yield Box(body.rect, 12.0, Ink("layer"), Ink(role), 1.6 * line)
    yield Box(body.rect, 12.0, Ink(role, 0.12))
    x, y = body.rect.x + PAD, body.rect.centre[1]
    size = TITLE * body.type
    yield Text(x, y - 3 * body.type, (Span(body.title, "text", PROSE, 600),), size)
    under = y + (CAP_HEIGHT * SMALL + 5) * body.type
    yield Text(x, under, (Span(body.subtitle, "muted"),), SMALL * body.type)
    mark = mark_of(body)
    x, y = mark.centre
    reach = 0.28 * mark.width
    yield Box(mark, 3.0, None, Ink("strong", 0.8), 1.2 * line)
    for dx, dy in ((reach, 0.0), (0.0, reach)):
        ends = np.array([[x - dx, y - dy], [x + dx, y + dy]])
        yield Line(ends, Ink("strong"), 1.4 * line)


def mark_of(body: Body) -> Rect:
    """The mark that opens a folded box."""
    side = MARK * body.type
    return Rect(body.rect.right - side - 9 * body.type, body.rect.centre[1] - side / 2, side, side)


def _folded(project: Project, id: str, inside: tuple[Body, ...], type: float) -> Body:
    box, graph = project.boxes[id], project.graph
    members = {member for body in inside for member in body.ids}
    entering = tuple(wire for body in inside for wire in _entering(body.node, members))
    leaving = tuple(
        node.id
        for body in inside
        for node in {each.id: each for each in (body.node, body.last)}.values()
        if node.op.category != "loss"
        and (not graph.readers[node.id] or not members.issuperset(graph.readers[node.id]))
    )
    count = len(members)
    subtitle = ngettext("{count} node", "{count} nodes", count).format(count=count)
    title = shortened(box.label, 170.0 * type, TITLE * type, 600)
    wide = max(
        96.0 * type,
        metrics.width(title, TITLE * type, PROSE, 600) + 2 * PAD + (MARK + 14) * type,
        metrics.width(subtitle, SMALL * type) + 2 * PAD + (MARK + 14) * type,
    )
    ports = max(len(entering), len(leaving))
    high = max(56.0 * type, min(PORTS * type * ports, TALLEST * type) + 14.0)
    x, y = around(body.rect for body in inside).centre
    return Body(
        inside[0].node,
        BOX,
        Rect(x - wide / 2, y - high / 2, wide, high),
        title=title,
        subtitle=subtitle,
        type=type,
        box=id,
        colour=box.colour,
        inside=inside,
        contents=tuple(contents(project.boxes, id)),
        entering=entering,
        leaving=leaving,
    )


def _entering(node: Node, members: set[str]) -> Iterator[Wire]:
    """The ports of a node that something outside feeds, or nothing yet."""
    for port in node.op.ports:
        sources = node.sources.get(port.name, ())
        if port.kind is Kind.INPUT and not sources:
            yield node.id, port.name, 0
        for slot, source in enumerate(sources):
            if source not in members:
                yield node.id, port.name, slot
