"""Frames: dashed around what stands opened, coloured around an open box, both with a title and a
mark to close or to fold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.graph import Node
from bpstudio.language import _
from bpstudio.playback import metrics
from bpstudio.playback.bodies import LAYER, LOSS, SMALL, Body, own_name, symbol
from bpstudio.playback.folded import role_of
from bpstudio.playback.marks import Box, Ink, Line, Mark, Rect, Span, Text, around, shortened
from bpstudio.playback.metrics import PROSE
from bpstudio.playback.slips import Slip
from bpstudio.project import boxes
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
    """The frame of an opened gate, or of an open box; `members` are all nodes and notes in it,
    however deep. `role` is the colour of a box."""

    id: str
    rect: Rect
    text: str
    members: frozenset[str]
    type: float = 1.0
    role: str = ""

    @property
    def head(self) -> Rect:
        """The line with the title, as far as it can be pointed at."""
        return self.rect._replace(height=HEAD * self.type)

    @property
    def mark(self) -> Rect:
        """The mark that closes or folds it."""
        side, head = MARK * self.type, self.head
        return Rect(head.right - 10 * self.type - side, head.centre[1] - side / 2, side, side)

    @property
    def title(self) -> Text:
        """What stands at its top."""
        y = self.head.centre[1] + metrics.CAP_HEIGHT * SMALL * self.type / 2
        spans = (
            Span(self.text, "text" if self.role else "accent", PROSE, 600 if self.role else 400),
        )
        return Text(self.rect.x + 12 * self.type, y, spans, SMALL * self.type)

    def marks(self, line: float = 1.0) -> Iterator[Mark]:
        """How it is drawn; `line` is how much thicker than usual lines are."""
        role, sign = self.role or "accent", "strong" if self.role else "accent"
        dash = () if self.role else (5.0, 4.0)
        fill = Ink(role, 0.10 if self.role else 0.06)
        yield Box(self.rect, 12.0, fill, Ink(role, 0.5), 1.3 * line, dash)
        if self.text:
            yield self.title
        mark = self.mark
        x, y = mark.centre
        reach = 0.28 * mark.width
        yield Box(mark, 3.0, None, Ink(sign, 0.8), 1.2 * line)
        ends = np.array([[x - reach, y], [x + reach, y]])
        yield Line(ends, Ink(sign), 1.4 * line)


def frames(
    project: Project, bodies: Mapping[str, Body], slips: Iterable[Slip], type: float
) -> tuple[Frame, ...]:
    """The frames of what stands opened and of the open boxes, those that hold others first.

    `bodies` are those of the project's nodes, and `slips` its notes, at their places.
    """
    if not project.groups and not project.boxes:
        return ()
    notes = {slip.note.id: slip.rect for slip in slips}
    made: list[Frame] = []
    for id, members in _holders(project):
        seen = frozenset(member for member in members if member in bodies or member in notes)
        stands = {bodies[member] for member in seen if member in bodies}
        if stands and (id in project.boxes or not any(_hides(body, seen) for body in stands)):
            rects = [body.rect for body in stands] + [notes[id] for id in seen if id in notes]
            rects += [frame.rect for frame in made if frame.members <= seen]
            made.append(_frame(project, id, around(rects), seen, type))
    return tuple(reversed(made))


def _holders(project: Project) -> list[tuple[str, frozenset[str]]]:
    """The opened gates and open boxes with what lies in them, those that lie in others first."""
    found: dict[str, frozenset[str]] = {}

    def inside(id: str) -> frozenset[str]:
        if id in found:
            return found[id]
        if id in project.groups:
            parts = [
                inside(member) if member in project.groups else frozenset({member})
                for member in project.groups[id].members
            ]
            found[id] = frozenset().union(*parts)
        return found.get(id, frozenset())

    for id in project.groups:
        inside(id)
    hidden = {id for id, box in project.boxes.items() if box.folded}
    for id in sorted(project.boxes, key=lambda id: -len(boxes.around(project.boxes, id))):
        if id not in hidden and hidden.isdisjoint(boxes.around(project.boxes, id)):
            found[id] = frozenset(boxes.contents(project.boxes, id))
    return sorted(found.items(), key=lambda each: len(each[1]))


def _hides(body: Body, members: frozenset[str]) -> bool:
    """Whether a folded box stands for all of these."""
    return bool(body.box) and members.issubset(body.contents)


def _frame(project: Project, id: str, inside: Rect, members: frozenset[str], type: float) -> Frame:
    rect = Rect(
        inside.x - SIDE * type,
        inside.y - (HEAD + 4) * type,
        inside.width + 2 * SIDE * type,
        inside.height + (HEAD + 4 + BELOW) * type,
    )
    box = project.boxes.get(id)
    room = rect.width - (12 + 10 + MARK + 8) * type
    title = _title(project.groups[id].node) if box is None else box.title
    text = shortened(title, room, SMALL * type, 400)
    return Frame(id, rect, text, members, type, "" if box is None else role_of(box.colour))


def _title(node: Node) -> str:
    """What is said of an opened gate: its sign, its gate and its own name."""
    name = " ".join(part for part in (_(node.op.title), own_name(node)) if part)
    sign = "" if node.op.category in (LAYER, LOSS) else symbol(node.op)
    if sign == _(node.op.title):
        sign = ""
    return _("{gate}, opened").format(gate=f"{sign} {name}".strip())
