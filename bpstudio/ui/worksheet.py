"""Worksheets to print: the network with empty boxes where numbers belong, then the solution.

Of a lesson it is a page for each of its networks, with the questions below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QMarginsF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
)

from bpstudio.errors import StudioError
from bpstudio.exchange import files
from bpstudio.exchange.files import Files
from bpstudio.language import N_, _
from bpstudio.lessons.keys import computed
from bpstudio.lessons.lesson import Choose, Do, Lesson, Predict, Question, Reflect
from bpstudio.playback.digits import UNKNOWN, significant
from bpstudio.playback.marks import Box, Ink, Mark, Numbers, Picture, Rect, Text
from bpstudio.playback.palette import LIGHT
from bpstudio.playback.picture import picture
from bpstudio.playback.timeline import BACKWARD, Timeline
from bpstudio.playback.veil import KINDS, Veil, veiled
from bpstudio.project import gallery
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.ui.grids import Grid, grids_of, paint_line, rows_of
from bpstudio.ui.painter import load_fonts, paint
from bpstudio.ui.render import ensure_application
from bpstudio.ui.style import prose_font

SHEET = 1191, 1684
"""An A4 page in those units."""
DOTS = 144
"""Units of a page per inch."""
MARGIN, TITLE, TEXT, GAP = 86.0, 34, 21, 26.0
ROOM = 0.52
"""The share of a page's height that the network takes at most."""
WIDE, HIGH = 3.4, 1.5
"""The size of an empty box, in heights of the number that belongs into it."""
RULED = {Predict: 1, Reflect: 3}
"""How many lines to write on follow a question, by its kind."""
RULE = 46.0
"""From one of these lines to the next."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page: its title, the network on it, its arrays as tables, and what is written below.

    `ruled` says how many lines to write on follow each of the lines. Steps that show a picture to
    try instead of a network have a page without one.
    """

    title: str
    picture: Picture | None
    lines: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    ruled: tuple[int, ...] = ()


def of_project(project: Project) -> tuple[Page, ...]:
    """The network with empty boxes, and then with its numbers."""
    title = gallery.said(project.title) or _("Network")
    asked, solved = (tables(project, empty=empty) for empty in (True, False))
    lines = [_("Write the value above each wire and its gradient below.")]
    if asked:
        lines.append(_("What is an array has a table: fill in the empty cells, to two decimals."))
    return (
        Page(title, network(project, empty=True), tuple(lines), asked),
        Page(
            _("{title}: solution").format(title=title),
            network(project, empty=False),
            grids=solved,
        ),
    )


def of_lesson(lesson: Lesson) -> tuple[Page, ...]:
    """A page for each network of the lesson with what is asked about it, then the solutions.

    What is to be done in the window is left out: it can't be done on paper.
    """
    asked: dict[str, list[Question]] = {}
    for place, step in enumerate(lesson.steps):
        on_paper = [question for question in step.questions if not isinstance(question, Do)]
        asked.setdefault(lesson.project_at(place), []).extend(on_paper)
    pages: list[Page] = []
    for empty in (True, False):
        title = lesson.title if empty else _("{title}: solution").format(title=lesson.title)
        for name, questions in asked.items():
            if questions:
                project = lesson.project(name) if name else None
                pages.append(_page(title, project, questions, empty=empty))
    if not pages:
        raise StudioError(N_("{title}: this lesson asks nothing on paper."), title=lesson.title)
    return tuple(pages)


def _page(
    title: str, project: Project | None, questions: Sequence[Question], *, empty: bool
) -> Page:
    """The questions about one network, or their answers."""
    lines = tuple(
        f"{number}. {_asked(question) if empty else _answered(question, project)}"
        for number, question in enumerate(questions, 1)
    )
    ruled = tuple(RULED.get(type(question), 0) for question in questions) if empty else ()
    if project is None or not project.graph.nodes:
        return Page(title, None, lines, ruled=ruled)
    drawn = network(project, empty=empty)
    return Page(title, drawn, lines, tables(project, empty=empty), ruled)


def tables(project: Project, *, empty: bool) -> tuple[Grid, ...]:
    """The small arrays of a network, to be filled in or filled in."""
    return grids_of(project, iteration(project), empty=empty)


def network(project: Project, *, empty: bool) -> Picture:
    """The network at the end of a backward pass, with numbers or with room for them."""
    if not project.graph.nodes:
        raise StudioError(N_("There is no network yet. Build one, then print it."))
    recording = iteration(project)
    if empty:
        recording = veiled(recording, Veil(frozenset(KINDS)))
    instant = Timeline(recording).still(BACKWARD, None)
    drawn = picture(project, instant, caption=False)
    if not empty:
        return drawn
    state, live = (tuple(_emptied(marks)) for marks in (drawn.state, drawn.live))
    return replace(drawn, state=state, live=live)


def _emptied(marks: Sequence[Mark]) -> Iterator[Mark]:
    """The marks, with an empty box for each number that is hidden."""
    for mark in marks:
        if isinstance(mark, Text):
            said = "".join(span.text for span in mark.spans)
            if said == UNKNOWN:
                yield _box(mark.rect.centre[0] + mark.size, mark.y, mark.size, mark.spans[0].role)
            elif UNKNOWN not in said:
                yield mark
            continue
        if not isinstance(mark, Numbers) or not any(UNKNOWN in text for text in mark.texts):
            yield mark
            continue
        hidden = np.array([UNKNOWN in text for text in mark.texts])
        for (x, y), text in zip(mark.at, mark.texts, strict=True):
            if text == UNKNOWN:  # the length of an array is not asked for: it has a table
                yield _box(float(x), float(y), mark.size, mark.role)
        if not hidden.all():
            texts = tuple(text for text in mark.texts if UNKNOWN not in text)
            kept = replace(mark, at=mark.at[~hidden], texts=texts)
            yield replace(kept, opacities=mark.opacities[~hidden])


def _box(x: float, y: float, size: float, role: str) -> Box:
    """Room for a number whose baseline has its middle there."""
    wide, high = WIDE * size, HIGH * size
    rect = Rect(x - wide / 2, y - 0.35 * size - high / 2, wide, high)
    return Box(rect, 3.0, Ink("canvas"), Ink(role), 1.2)


def _asked(question: Question) -> str:
    if isinstance(question, Choose):
        options = "   ".join(f"☐\u00a0{option.text}" for option in question.options)
        return f"{question.ask}\n{options}"
    return question.ask


def _answered(question: Question, project: Project | None) -> str:
    match question:
        case Predict():
            exact = computed(question.key, project)
            return ", ".join(significant(float(number)) for number in exact.ravel())
        case Choose():
            return next(option.text for option in question.options if option.right)
        case Reflect():
            return question.answer
    return ""


# -- onto paper ----------------------------------------------------------------------------------


def save(pages: Sequence[Page], path: Path) -> None:
    """Write the pages as PDF. Raises FileError."""
    ensure_application()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(pages[0].title)
    writer.setCreator("Backprop Studio")
    writer.setResolution(DOTS)
    print_on(writer, pages)
    files.put(path, Files(bytes(buffer.data().data())))


def print_on(device: QPagedPaintDevice, pages: Sequence[Page]) -> None:
    """Paint the pages one after the other: on a printer, or into a file."""
    ensure_application()
    load_fonts()
    device.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    device.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Point)
    size = device.pageLayout().fullRect(QPageLayout.Unit.Point).size()
    wide, high = size.width() * DOTS / 72, size.height() * DOTS / 72
    with QPainter(device) as painter:
        painter.setWindow(0, 0, round(wide), round(high))
        for number, page in enumerate(pages):
            if number:
                device.newPage()
            _whole(painter, page, wide, high, device.newPage)


def image(page: Page) -> QImage:
    """The first sheet of a page, to be looked at."""
    ensure_application()
    load_fonts()
    drawn = QImage(*SHEET, QImage.Format.Format_RGB32)
    drawn.fill(QColor(LIGHT.colours["canvas"]))
    with QPainter(drawn) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _whole(painter, page, *SHEET, lambda: painter.translate(0, SHEET[1]))
    return drawn


def _whole(
    painter: QPainter, page: Page, wide: float, high: float, turn: Callable[[], object]
) -> None:
    """Paint a page: title, network, tables, lines; `turn` goes on to another sheet."""
    y = _paint(painter, page, wide, high)
    for line in rows_of(page.grids, wide - 2 * MARGIN):
        if y + max(grid.height for grid in line) > high - MARGIN:
            turn()
            y = MARGIN
        y += paint_line(painter, line, MARGIN, y) + GAP
    ruled = page.ruled or (0,) * len(page.lines)
    left = _go_on(painter, tuple(zip(page.lines, ruled, strict=True)), wide, high, y)
    while left:
        turn()
        left = _go_on(painter, left, wide, high)


def _paint(painter: QPainter, page: Page, wide: float, high: float) -> float:
    """Paint a page's title and its network, and say how far down they reach."""
    across = wide - 2 * MARGIN
    y = MARGIN
    for text, pixels, weight in (
        (page.title, TITLE, QFont.Weight.DemiBold),
        (_("Name:"), TEXT, QFont.Weight.Normal),
    ):
        y += _write(painter, QRectF(MARGIN, y, across, high), text, pixels, weight) + GAP
    painter.setPen(QColor(LIGHT.colours["border"]))
    painter.drawLine(round(MARGIN + 90), round(y - GAP), round(MARGIN + 520), round(y - GAP))
    if page.picture is None:
        return y
    bounds = page.picture.bounds
    room = min(ROOM * high, across * bounds.height / bounds.width)
    paint(painter, page.picture, Rect(MARGIN, y, across, room), LIGHT)
    return y + room + GAP


def _go_on(
    painter: QPainter,
    lines: tuple[tuple[str, int], ...],
    wide: float,
    high: float,
    y: float = MARGIN,
) -> tuple[tuple[str, int], ...]:
    """Write lines from there down, and give those that have no room; one is always written."""
    room = QRectF(MARGIN, 0.0, wide - 2 * MARGIN, high)
    for number, (line, ruled) in enumerate(lines):
        needed = _write(painter, room.translated(0.0, 2 * high), line, TEXT) + ruled * RULE
        if number and y + needed > high - MARGIN:
            return lines[number:]
        y += _write(painter, room.translated(0.0, y), line, TEXT)
        painter.setPen(QColor(LIGHT.colours["border"]))
        for _each in range(ruled):
            y += RULE
            painter.drawLine(round(MARGIN), round(y), round(wide - MARGIN), round(y))
        y += 0.8 * GAP
    return ()


def _write(
    painter: QPainter,
    room: QRectF,
    text: str,
    pixels: int,
    weight: QFont.Weight = QFont.Weight.Normal,
) -> float:
    """Write a paragraph, and say how high it is."""
    painter.setFont(prose_font(pixels, weight))
    painter.setPen(QColor(LIGHT.colours["text"]))
    flags = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
    painter.drawText(room, flags, text)
    return painter.boundingRect(room, flags, text).height()
