"""The boxes around what stands opened: a dashed frame with a title and a mark to close it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.graph import Node
from bpstudio.language import _
from bpstudio.playback import metrics
from bpstudio.playback.bodies import LAYER, LOSS, SMALL, Body, own_name, symbol
from bpstudio.playback.marks import Box, Ink, Line, Mark, Rect, Span, Text, around, shortened
from bpstudio.playback.metrics import PROSE
from bpstudio.project.project import Project

SIDE = 14.0
"""How far a frame stands off its members at the left and the right."""
BELOW = 24.0
"""How far below them: the name of a gate stands there."""
HEAD = 28.0
"""The height of the line with its title."""
MARK = 12.0
"""The side of the mark that closes it."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The box around an opened gate; `members` are all nodes in it, however deep."""

    id: str
    rect: Rect
    text: str
    members: frozenset[str]
    type: float = 1.0

    @property
    def head(self) -> Rect:
        """The line with the title, as far as it can be pointed at."""
        return self.rect._replace(height=HEAD * self.type)

    @property
    def mark(self) -> Rect:
        """The mark that closes it."""
        side, head = MARK * self.type, self.head
        return Rect(head.right - 10 * self.type - side, head.centre[1] - side / 2, side, side)

    @property
    def title(self) -> Text:
        """What stands at its top."""
        y = self.head.centre[1] + metrics.CAP_HEIGHT * SMALL * self.type / 2
        spans = (Span(self.text, "accent", PROSE, 400),)
        return Text(self.rect.x + 12 * self.type, y, spans, SMALL * self.type)

    def marks(self, line: float = 1.0) -> Iterator[Mark]:
        """How it is drawn; `line` is how much thicker than usual lines are."""
        stroke = Ink("accent", 0.5)
        yield Box(self.rect, 12.0, Ink("accent", 0.06), stroke, 1.3 * line, (5.0, 4.0))
        if self.text:
            yield self.title
        mark = self.mark
        x, y = mark.centre
        reach = 0.28 * mark.width
        yield Box(mark, 3.0, None, Ink("accent", 0.8), 1.2 * line)
        ends = np.array([[x - reach, y], [x + reach, y]])
        yield Line(ends, Ink("accent"), 1.4 * line)


def frames(project: Project, bodies: Mapping[str, Body], type: float) -> tuple[Frame, ...]:
    """The frame of everything that stands opened, those that hold others first.

    `bodies` are those of the project's nodes, at their places.
    """
    made: dict[str, Frame] = {}
    for id in project.groups:
        _frame(project, bodies, type, id, made)
    return tuple(reversed(made.values()))


def _frame(
    project: Project, bodies: Mapping[str, Body], type: float, id: str, made: dict[str, Frame]
) -> Frame | None:
    """The frame of one group, made after those that lie in it; None where nothing is drawn."""
    if id in made:
        return made[id]
    group = project.groups[id]
    rects: list[Rect] = []
    members: set[str] = set()
    for member in group.members:
        if member in project.groups:
            inner = _frame(project, bodies, type, member, made)
            if inner is not None:
                rects.append(inner.rect)
                members |= inner.members
        elif member in bodies:
            rects.append(bodies[member].rect)
            members.add(member)
    if not rects:
        return None
    inside = around(rects)
    rect = Rect(
        inside.x - SIDE * type,
        inside.y - (HEAD + 4) * type,
        inside.width + 2 * SIDE * type,
        inside.height + (HEAD + 4 + BELOW) * type,
    )
    room = rect.width - (12 + 10 + MARK + 8) * type
    text = shortened(_title(group.node), room, SMALL * type, 400)
    made[id] = Frame(id, rect, text, frozenset(members), type)
    return made[id]


def _title(node: Node) -> str:
    """What is said of an opened gate: its sign, its gate and its own name."""
    name = " ".join(part for part in (_(node.op.title), own_name(node)) if part)
    sign = "" if node.op.category in (LAYER, LOSS) else symbol(node.op)
    if sign == _(node.op.title):
        sign = ""
    return _("{gate}, opened").format(gate=f"{sign} {name}".strip())
