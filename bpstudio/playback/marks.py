"""What a picture is made of: shapes in canvas units, inked by role, without Qt.

The screen, the SVG and the tests read the same marks. Where there are many of a kind they come as
one mark with arrays, so that a painter can draw them in one go. y grows downwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback import metrics
from bpstudio.playback.metrics import MONO, PROSE


class Ink(NamedTuple):
    """A colour by its role in the palette, and how opaque it is."""

    role: str
    opacity: float = 1.0


class Rect(NamedTuple):
    """A rectangle: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def grown(self, by: float) -> Rect:
        """The rectangle with a margin on every side."""
        return Rect(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def holds(self, place: tuple[float, float]) -> bool:
        """Whether a place lies in it, or on its edge."""
        return self.x <= place[0] <= self.right and self.y <= place[1] <= self.bottom

    def meets(self, other: Rect) -> bool:
        """Whether the two overlap by more than a touch."""
        return (
            min(self.right, other.right) - max(self.x, other.x) > 0.01
            and min(self.bottom, other.bottom) - max(self.y, other.y) > 0.01
        )


def around(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle around all; an empty one around nothing."""
    found = list(rects)
    if not found:
        return Rect(0.0, 0.0, 0.0, 0.0)
    left, top = min(r.x for r in found), min(r.y for r in found)
    return Rect(left, top, max(r.right for r in found) - left, max(r.bottom for r in found) - top)


class Span(NamedTuple):
    """A piece of text in one colour and type.

    `size` is relative to the text's own, and `drop` how far it hangs below the line, in units of
    the text's size: both are for indices.
    """

    text: str
    role: str = "text"
    kind: str = PROSE
    weight: int = 400
    size: float = 1.0
    drop: float = 0.0


@dataclass(frozen=True, eq=False)
class Box:
    """A rectangle with rounded corners; a radius of half its height makes a pill or a circle."""

    rect: Rect
    radius: float = 0.0
    fill: Ink | None = None
    stroke: Ink | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs of one kind: centres (n, 2)."""

    centres: Array
    radius: float
    fill: Ink | None = None
    stroke: Ink | None = None
    width: float = 1.0


@dataclass(frozen=True, eq=False)
class Curves:
    """Cubic curves of one colour: controls (n, 1 + 3k, 2), the width of each (n,)."""

    controls: Array
    ink: Ink
    widths: Array
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points (n, 2), or the area that they enclose where there is a fill."""

    points: Array
    ink: Ink | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()
    fill: Ink | None = None


@dataclass(frozen=True, eq=False)
class Heat:
    """A heat map of values from −1 (blue) to 1 (orange), rows (h, w) from the top down.

    With `classes` (h, w) the values are how certain each class is, from 0 to 1, and colours tell
    the classes apart. `smooth` blends neighbouring entries.
    """

    rect: Rect
    values: Array
    radius: float = 0.0
    classes: Array | None = None
    smooth: bool = True


@dataclass(frozen=True, eq=False)
class Text:
    """One line of text; x is its `start`, `middle` or `end`, y its baseline.

    `halo` is the role of a soft edge around it, so that it can be read across a wire.
    """

    x: float
    y: float
    spans: tuple[Span, ...]
    size: float
    align: str = "start"
    halo: str = ""

    @cached_property
    def width(self) -> float:
        """Its width in canvas units."""
        return width_of(self.spans, self.size)

    @property
    def left(self) -> float:
        """Where it starts."""
        return self.x - self.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.align]

    def placed(self) -> Iterator[tuple[float, float, Span]]:
        """Where each span starts: x, baseline, span."""
        x = self.left
        for span in self.spans:
            yield x, self.y + span.drop * self.size, span
            x += metrics.width(span.text, self.size * span.size, span.kind, span.weight)

    @property
    def rect(self) -> Rect:
        """What it covers, from the height of capitals to the depth of a g."""
        height = metrics.CAP_HEIGHT * self.size
        return Rect(self.left, self.y - height, self.width, height + metrics.DESCENT * self.size)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers of one colour in tabular figures: `at` (n, 2) is the middle of each baseline.

    `opacities` (n,) says how visible each is.
    """

    at: Array
    texts: tuple[str, ...]
    role: str
    size: float
    opacities: Array
    weight: int = 700
    halo: str = ""

    def lines(self) -> Iterator[tuple[Text, float]]:
        """Each number as a text of its own, and how visible it is."""
        rows = zip(self.at.tolist(), self.texts, self.opacities.tolist(), strict=True)
        for (x, y), text, opacity in rows:
            spans = (Span(text, self.role, MONO, self.weight),)
            yield Text(x, y, spans, self.size, "middle", self.halo), opacity


Mark = Box | Discs | Curves | Line | Heat | Text | Numbers


@dataclass(frozen=True, eq=False)
class Picture:
    """What is drawn where: marks from back to front, in three layers by how often they change.

    `ground` changes with an edit, `state` with each moment of playback or step of training,
    `live` with each frame. `bounds` is what the whole needs, with a margin.
    """

    bounds: Rect
    ground: tuple[Mark, ...] = ()
    state: tuple[Mark, ...] = ()
    live: tuple[Mark, ...] = ()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks, from back to front."""
        return self.ground + self.state + self.live

    def texts(self) -> Iterator[Text]:
        """Every text that is at least half visible."""
        for mark in self.marks:
            if isinstance(mark, Text):
                yield mark
            elif isinstance(mark, Numbers):
                yield from (text for text, opacity in mark.lines() if opacity >= 0.5)


def whole_pieces(points: Array) -> Iterator[Array]:
    """Places (n, 2) in order, cut where one has no finite number; a painter draws no such place."""
    breaks = np.flatnonzero(~np.isfinite(points).all(axis=1))
    for piece in np.split(points, breaks):
        whole = piece[np.isfinite(piece).all(axis=1)]
        if len(whole):
            yield whole


def width_of(spans: Iterable[Span], size: float) -> float:
    """The width of spans one after the other."""
    return sum(metrics.width(s.text, size * s.size, s.kind, s.weight) for s in spans)


def name_spans(name: str, role: str = "text", weight: int = 400) -> tuple[Span, ...]:
    """A name with its number as an index: `w0` as w₀, `x_12` as x₁₂; other names as they are."""
    found = re.fullmatch(r"([^\W\d_]{1,3})_?(\d{1,3})", name)
    if not found:
        return (Span(name, role, PROSE, weight),)
    stem, index = found.groups()
    return Span(stem, role, PROSE, weight), Span(index, role, PROSE, weight, 0.72, 0.2)


def shortened(text: str, room: float, size: float, weight: int = 400) -> str:
    """The text, cut with … where it is wider than the room."""
    if metrics.width(text, size, PROSE, weight) <= room:
        return text
    while text and metrics.width(text + "…", size, PROSE, weight) > room:
        text = text[:-1]
    return text.rstrip() + "…"
