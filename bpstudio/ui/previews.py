"""Pictures of the pages that exports write, as a reader will meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from bpstudio.exchange import page
from bpstudio.exchange.files import Files, put
from bpstudio.exchange.loops import loops
from bpstudio.exchange.program import program
from bpstudio.language import _, current_language
from bpstudio.playback.marks import Box, Discs, Ink, Line, Mark, Picture, Rect, Span, Text
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import LIGHT
from bpstudio.playback.picture import drawn
from bpstudio.playback.planes import planes
from bpstudio.playback.scene import scene
from bpstudio.playback.sheet import Sheet
from bpstudio.playback.timeline import Timeline
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.project.raw import reading_raw
from bpstudio.project.runs import predict
from bpstudio.ui import film, report
from bpstudio.ui.render import image

WIDE = 1100
"""The width of a preview in pixels; it is shown smaller."""
UNITS = 720.0
"""The width of a page in units of its own."""
MARGIN, LINE = 24.0, 34.0
MOST_LINES = 12
"""So many sliders or answers are drawn; the page has them all."""


def save(project: Project, format: str, path: Path) -> None:
    """Draw what that page looks like as PNG. Raises StudioError as exporting it would."""
    put(path, Files(film.png(PICTURES[format](project))))


def _player(project: Project) -> QImage:
    """The buttons, and below them the middle of the stretch."""
    timeline = Timeline(
        iteration(project, step=project.trained.steps, memory=project.trained.memory)
    )
    now = max(1, len(timeline) // 2)
    tiles = planes(project, recording=timeline.recording, once=True)
    frame = drawn(scene(project), timeline.still_at(now), planes=tiles)
    head = Picture(Rect(0, 0, UNITS, 96), tuple(_strip(project.title, now, len(timeline))))
    return _stacked(head, frame)


def _strip(title: str, now: int, count: int) -> Iterator[Mark]:
    """The title of a player and its controls."""
    yield from _head(title)
    x = MARGIN
    for name in (_("Back"), _("Next"), _("Play")):
        yield from _button(name, x, 56)
        x += 92
    yield from _slider(x, UNITS - MARGIN - 80, 71, now / count)
    yield _said(UNITS - MARGIN, 76, f"{now} / {count}", 14, 400, "text", "end")


def _sliders(project: Project) -> QImage:
    """A slider for each input, and the answers for where the sliders begin."""
    used = reading_raw(project)
    told = program(used)
    facts = page.slid(told, loops(told))
    starts = np.array([[each["start"] for each in facts["inputs"]]])
    if used.data is not None:
        answers = predict(used, starts).ravel()
    else:
        answers = np.ravel(iteration(used).values[told.answer])
    inputs = facts["inputs"][:MOST_LINES]
    lines = max(len(inputs), min(len(answers), MOST_LINES))
    high = 110 + lines * LINE + 44
    half = (UNITS - 3 * MARGIN) / 2
    marks: list[Mark] = [
        *_head(project.title),
        _said(MARGIN, 66, _("Move a slider: the network answers at once."), 14, 400, "muted"),
    ]
    for x, title in ((MARGIN, _("Inputs")), (2 * MARGIN + half, _("Outputs"))):
        marks.append(Box(Rect(x, 84, half, high - 84 - 20), 10.0, Ink("panel"), Ink("border"), 1.0))
        marks.append(_said(x + 16, 110, title, 14, 600, "muted"))
    for place, each in enumerate(inputs):
        marks += _input(each, MARGIN + 16, half - 32, 140 + place * LINE)
    for place, answer in enumerate(answers[:MOST_LINES].tolist()):
        y, x = 140 + place * LINE, 2 * MARGIN + half + 16
        name = facts["answers"][place] if place < len(facts["answers"]) else f"y{place + 1}"
        best = len(answers) > 1 and answer == answers.max()
        weight = 700 if best else 400
        marks.append(_said(x, y, _short(name), 14, weight))
        if facts["share"]:
            wide = half - 32 - 190
            marks.append(Box(Rect(x + 110, y - 9, wide, 8), 4.0, Ink("border")))
            share = min(max(answer, 0.0), 1.0)
            marks.append(Box(Rect(x + 110, y - 9, max(4.0, wide * share), 8), 4.0, Ink("forward")))
        marks.append(_said(x + half - 32, y, f"{answer:.4g}", 14, weight, "text", "end", MONO))
    return _stacked(Picture(Rect(0, 0, UNITS, high), tuple(marks)))


def _input(each: Mapping[str, float | str], x: float, wide: float, y: float) -> Iterator[Mark]:
    low, high, start = (float(each[key]) for key in ("low", "high", "start"))
    yield _said(x, y, _short(each["name"]), 14)
    yield from _slider(x + 110, x + wide - 70, y - 5, (start - low) / ((high - low) or 1.0))
    yield _said(x + wide, y, f"{start:.4g}", 14, 400, "text", "end", MONO)


def _head(title: str) -> Iterator[Mark]:
    """The title, as far as there is room, and the button for the other language."""
    said = " ".join(title.split()) or "Backprop Studio"
    while _said(0, 0, said, 19, 700).width > UNITS - 2 * MARGIN - 100:
        said = said[:-2].rstrip() + "…"
    yield _said(MARGIN, 38, said, 19, 700)
    other = "English" if current_language() == "ko" else "한국어"
    yield from _button(other, UNITS - MARGIN - 84, 16)


def _button(name: str, x: float, y: float) -> Iterator[Mark]:
    yield Box(Rect(x, y, 84, 30), 8.0, Ink("panel"), Ink("border"), 1.0)
    yield _said(x + 42, y + 20, name, 14, 400, "text", "middle")


def _slider(left: float, right: float, y: float, share: float) -> Iterator[Mark]:
    x = left + share * (right - left)
    yield Line(np.array([[left, y], [right, y]]), Ink("border"), 4.0)
    yield Line(np.array([[left, y], [x, y]]), Ink("accent"), 4.0)
    yield Discs(np.array([[x, y]]), 8.0, Ink("accent"))


def _short(name: object) -> str:
    """A name as far as there is room for it."""
    text = " ".join(str(name).split())
    return text if len(text) <= 14 else text[:13] + "…"


def _said(
    x: float,
    y: float,
    text: str,
    size: float,
    weight: int = 400,
    role: str = "text",
    align: str = "start",
    kind: str = PROSE,
) -> Text:
    return Text(x, y, (Span(text, role, kind, weight),), size, align)


def _stacked(*pictures: Picture) -> QImage:
    """The pictures below each other, each as wide as the page."""
    parts, y = [], 0.0
    for each in pictures:
        high = each.bounds.height * WIDE / each.bounds.width
        parts.append((each, Rect(0.0, y, WIDE, high)))
        y += high
    return image(Sheet(tuple(parts), (WIDE, max(1, round(y)))), LIGHT)


PICTURES: Mapping[str, Callable[[Project], QImage]] = {
    "page": _sliders,
    "player": _player,
    "report": lambda project: report.image(project, WIDE, endless=True),
    "pdf": lambda project: report.image(project, WIDE, most=6),
}
"""How each format that is a page is drawn."""
