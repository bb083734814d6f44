"""Notes as they are drawn: slips of paper with plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bpstudio.playback import metrics
from bpstudio.playback.marks import Box, Ink, Mark, Rect, Span, Text
from bpstudio.project.boxes import Note, folded_in
from bpstudio.project.project import Project

SIZE = 13.0
LINE = 19.0
EDGE = 10.0
WIDEST, NARROWEST = 280.0, 60.0
"""How wide the text of a note may be, and how wide it is at least."""
MOST_LINES = 40
"""Of a longer note the beginning is drawn, and an ellipsis."""
ROLE = "class4"


@dataclass(frozen=True, eq=False)
class Slip:
    """A note at its place: what it covers, and its lines."""

    note: Note
    rect: Rect
    lines: tuple[str, ...]
    type: float = 1.0

    def marks(self, line: float = 1.0) -> Iterator[Mark]:
        """How it is drawn; `line` is how much thicker than usual lines are."""
        yield Box(self.rect, 5.0, Ink("layer"))
        yield Box(self.rect, 5.0, Ink(ROLE, 0.14), Ink(ROLE, 0.55), 1.1 * line)
        x, y = self.rect.x + EDGE * self.type, self.rect.y + (EDGE + SIZE - 1) * self.type
        for number, text in enumerate(self.lines):
            if text:
                at = y + number * LINE * self.type
                yield Text(x, at, (Span(text, "text"),), SIZE * self.type)


def slips(project: Project, type: float = 1.0) -> tuple[Slip, ...]:
    """The notes that are seen: those in folded boxes are not."""
    if not project.notes:
        return ()
    hidden = folded_in(project.boxes)
    return tuple(slip(note, type) for id, note in project.notes.items() if id not in hidden)


def slip(note: Note, type: float = 1.0) -> Slip:
    """A note at its place."""
    size, room = SIZE * type, WIDEST * type
    lines = [line for text in note.text.splitlines() for line in _lines(text, room, size)]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "…"]
    wide = max([NARROWEST * type, *(metrics.width(line, size) for line in lines)])
    high = (SIZE + 2 + LINE * (max(1, len(lines)) - 1)) * type
    edge = 2 * EDGE * type
    return Slip(note, Rect(*note.place, wide + edge, high + edge), tuple(lines), type)


def _lines(text: str, room: float, size: float) -> Iterable[str]:
    """One line of a note, broken where there is no room; indents stay."""
    text = text.replace("\t", "    ").rstrip()
    body = text.lstrip(" ")
    indent = text[: len(text) - len(body)][:16]
    broken = metrics.wrapped(body, room - metrics.width(indent, size), size)
    pieces = [piece for line in broken for piece in _cut(line, room, size)]
    return [indent + piece for piece in pieces] or [""]


def _cut(line: str, room: float, size: float) -> Iterator[str]:
    """A line in pieces that fit the room, where a word alone is too long."""
    while line and metrics.width(line, size) > room:
        end = 1
        while end < len(line) and metrics.width(line[: end + 1], size) <= room:
            end += 1
        yield line[:end]
        line = line[end:]
    if line:
        yield line
