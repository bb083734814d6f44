"""The report as pages: laid out once as values, then painted into a PDF or onto a picture.

A page is broken between rows; a table's head is repeated, a heading stays with what follows it,
and a picture is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QBuffer, QLineF, QMarginsF, QPointF
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextLayout,
    QTextOption,
)

from bpstudio import __version__
from bpstudio.exchange import files, report
from bpstudio.exchange.files import Files
from bpstudio.exchange.report import Rows
from bpstudio.language import _
from bpstudio.playback.marks import Picture, Rect
from bpstudio.playback.metrics import PROSE
from bpstudio.playback.palette import LIGHT, Theme
from bpstudio.project.project import Project
from bpstudio.ui.painter import font, paint
from bpstudio.ui.render import ensure_application

DOTS = 144
"""Units of a page per inch."""
WIDE, HIGH = 1190.0, 1684.0
"""A4."""
MARGIN, FOOT = 96.0, 46.0
ACROSS, BOTTOM = WIDE - 2 * MARGIN, HIGH - MARGIN
TITLE, HEADING, TEXT, SMALL = 38, 25, 19, 16
LEADING = 1.38
ROOM = 0.42
"""The share of a page's height that a row of pictures takes at most."""
LARGEST = 1.6
"""So many units of the page an entry of a picture takes at most."""
GAP, PAD = 24.0, 16.0
MOST_PAGES = 200
"""A report of thousands of nodes ends there, and says so."""


@dataclass(frozen=True)
class Words:
    """A line of text; `x` is where it begins, or where it ends if it is `right`."""

    x: float
    baseline: float
    text: str
    pixels: int
    weight: int = 400
    role: str = "text"
    right: bool = False


@dataclass(frozen=True)
class Rule:
    """A line across."""

    y: float
    role: str = "border"
    width: float = 1.0


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture in the middle of its place."""

    place: Rect
    picture: Picture


Item = Words | Rule | Drawing


@dataclass
class Flow:
    """Pages that fill from the top: where the next thing comes to stand."""

    high: float = BOTTOM
    pages: list[list[Item]] = field(default_factory=lambda: [[]])
    y: float = MARGIN

    def needs(self, height: float) -> bool:
        """Go to a new page if this one has no room for that; whether it did."""
        if self.y + height <= self.high or not self.pages[-1]:
            return False
        self.pages.append([])
        self.y = MARGIN
        return True

    def put(self, *items: Item) -> None:
        """Put something on this page."""
        self.pages[-1].extend(items)


def pages(project: Project, *, endless: bool = False) -> list[list[Item]]:
    """The report's pages, without their feet; all on one where it is `endless`."""
    flow = Flow(float("inf") if endless else BOTTOM)
    _paragraph(flow, report.title(project), TITLE, 650, "text")
    if project.note:
        _paragraph(flow, project.note, TEXT, 400, "muted")
    flow.y += PAD
    for row in report.pictures(project):
        _pictures(flow, [picture for _name, picture in row])
    for heading, rows in report.tables(project):
        _table(flow, heading, rows)
        if len(flow.pages) > MOST_PAGES:
            del flow.pages[MOST_PAGES:]
            flow.y = MARGIN
            flow.pages.append([])
            _paragraph(flow, _("The rest is left out: the report is too long."), TEXT, 400, "muted")
            break
    return flow.pages


def save(project: Project, path: Path) -> None:
    """Write the report as PDF. Raises FileError."""
    ensure_application()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(report.title(project))
    writer.setCreator("Backprop Studio")
    writer.setResolution(DOTS)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Point)
    laid_out = pages(project)
    with QPainter(writer) as painter:
        painter.setWindow(0, 0, round(WIDE), round(HIGH))
        for number, page in enumerate(laid_out, 1):
            if number > 1:
                writer.newPage()
            _paint(painter, [*page, *_foot(project, number, len(laid_out))], LIGHT)
    files.put(path, Files(bytes(buffer.data().data())))


def image(project: Project, wide: int, most: int = 3, *, endless: bool = False) -> QImage:
    """The first pages below each other, so many pixels wide, as they look on paper."""
    ensure_application()
    laid_out = pages(project, endless=endless)
    shown = laid_out[:most]
    high = most * HIGH if endless else HIGH
    if endless:
        high = min(high, max(map(_bottom, shown[0]), default=0.0) + MARGIN)
    factor, gap = wide / WIDE, 0 if endless else 12
    size = round(high * factor)
    canvas = QImage(
        wide, len(shown) * (size + gap) - gap, QImage.Format.Format_ARGB32_Premultiplied
    )
    canvas.fill(0)
    with QPainter(canvas) as painter:
        for number, page in enumerate(shown, 1):
            painter.fillRect(0, 0, wide, size, QColor(LIGHT.colours["panel"]))
            foot = [] if endless else _foot(project, number, len(laid_out))
            painter.save()
            painter.scale(factor, factor)
            _paint(painter, [*page, *foot], LIGHT)
            painter.restore()
            painter.translate(0, size + gap)
    return canvas


# -- laying out ----------------------------------------------------------------------------------


def _paragraph(flow: Flow, text: str, pixels: int, weight: int, role: str) -> None:
    """Lines of text, broken between pages where they need be."""
    high = pixels * LEADING
    for line in _broken(text, _font(pixels, weight), ACROSS):
        flow.needs(high)
        flow.put(Words(MARGIN, flow.y + pixels, line, pixels, weight, role))
        flow.y += high


def _pictures(flow: Flow, row: Sequence[Picture]) -> None:
    """Pictures side by side, as large as they may be."""
    wide = sum(picture.bounds.width for picture in row)
    high = max(picture.bounds.height for picture in row)
    factor = min((ACROSS - GAP * (len(row) - 1)) / wide, ROOM * HIGH / high, LARGEST)
    flow.needs(high * factor)
    x = MARGIN
    for picture in row:
        size = picture.bounds.width * factor, picture.bounds.height * factor
        flow.put(Drawing(Rect(x, flow.y, *size), picture))
        x += size[0] + GAP
    flow.y += high * factor + GAP


def _table(flow: Flow, heading: str, rows: Rows) -> None:
    """A heading and the rows below it; the first row stands again on each page."""
    columns = _columns(rows)
    head, *body = (_row(row, columns, bold=not place) for place, row in enumerate(rows))
    above = HEADING * LEADING + GAP
    flow.needs(above + head.high + sum(row.high for row in body[:2]))
    flow.y += GAP
    _paragraph(flow, heading, HEADING, 600, "text")
    _row_onto(flow, head, ruled="muted")
    for row in body:
        if flow.needs(row.high):
            _row_onto(flow, head, ruled="muted")
        _row_onto(flow, row, ruled="border")


@dataclass(frozen=True)
class _Column:
    """Where a column of a table is, and whether its numbers end at its right."""

    x: float
    width: float
    right: bool


@dataclass(frozen=True)
class _Row:
    """A row of a table: the lines of each cell, and how high it is."""

    cells: tuple[tuple[str, ...], ...]
    columns: tuple[_Column, ...]
    weight: int
    high: float


def _columns(rows: Rows) -> tuple[_Column, ...]:
    """Columns as wide as what stands in them; the widest give way where there is no room."""
    metrics = QFontMetricsF(_font(TEXT, 600))
    natural = [
        min(ACROSS, max(metrics.horizontalAdvance(cell[:200]) for cell in column) + 2 * PAD)
        for column in zip(*rows, strict=True)
    ]
    share = ACROSS / len(natural)
    narrow = sum(width for width in natural if width <= share)
    wide = sum(width for width in natural if width > share)
    squeeze = min(1.0, (ACROSS - narrow) / wide) if wide else 1.0
    widths = [width if width <= share else width * squeeze for width in natural]
    right = [
        place > 0 and len(column) > 1 and all(map(_is_number, column[1:]))
        for place, column in enumerate(zip(*rows, strict=True))
    ]
    places = [MARGIN + sum(widths[:place]) for place in range(len(widths))]
    return tuple(_Column(x, w, r) for x, w, r in zip(places, widths, right, strict=True))


def _row(row: tuple[str, ...], columns: tuple[_Column, ...], *, bold: bool) -> _Row:
    weight = 600 if bold else 400
    kind = _font(TEXT, weight)
    cells = tuple(
        tuple(_broken(cell, kind, column.width - PAD))
        for cell, column in zip(row, columns, strict=True)
    )
    return _Row(cells, columns, weight, max(map(len, cells)) * TEXT * LEADING + 0.7 * PAD)


def _row_onto(flow: Flow, row: _Row, ruled: str) -> None:
    for cell, column in zip(row.cells, row.columns, strict=True):
        x = column.x + column.width - PAD if column.right else column.x
        for place, line in enumerate(cell):
            baseline = flow.y + 0.35 * PAD + TEXT + place * TEXT * LEADING
            role = "muted" if row.weight > 400 else "text"
            flow.put(Words(x, baseline, line, TEXT, row.weight, role, column.right))
    flow.y += row.high
    flow.put(Rule(flow.y, ruled))


def _foot(project: Project, number: int, count: int) -> list[Item]:
    """What stands at the bottom of each page."""
    y = HIGH - FOOT
    told = _("page {number} of {count}").format(number=number, count=count)
    name = report.title(project).splitlines()[0][:80]
    left = f"{name} · Backprop Studio {__version__}"
    return [
        Words(MARGIN, y, left, SMALL, role="muted"),
        Words(WIDE - MARGIN, y, told, SMALL, role="muted", right=True),
    ]


def _broken(text: str, kind: QFont, width: float) -> list[str]:
    """The text in lines that fit; a word that does not is cut."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    lines = []
    for part in text.splitlines() or [""]:
        layout = QTextLayout(part, kind)
        layout.setTextOption(option)
        layout.beginLayout()
        line = layout.createLine()
        while line.isValid():
            line.setLineWidth(width)
            begin = line.textStart()
            lines.append(_cut(part, begin, line.textLength()))
            line = layout.createLine()
        layout.endLayout()
    return lines or [""]


def _cut(text: str, begin: int, length: int) -> str:
    """A piece of the text by its places in UTF-16, as Qt counts them."""
    units = text.encode("utf-16-le", "surrogatepass")
    piece = units[2 * begin : 2 * (begin + length)].decode("utf-16-le", "replace")
    return piece.strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bottom(item: Item) -> float:
    match item:
        case Words():
            return item.baseline
        case Rule():
            return item.y
        case Drawing():
            return item.place.bottom


def _font(pixels: int, weight: int) -> QFont:
    return font(PROSE, weight, pixels)


# -- onto paper ----------------------------------------------------------------------------------


def _paint(painter: QPainter, page: Sequence[Item], theme: Theme) -> None:
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    for item in page:
        match item:
            case Words():
                kind = _font(item.pixels, item.weight)
                painter.setFont(kind)
                painter.setPen(QColor(theme.colours[item.role]))
                wide = QFontMetricsF(kind).horizontalAdvance(item.text) if item.right else 0.0
                painter.drawText(QPointF(item.x - wide, item.baseline), item.text)
            case Rule():
                painter.setPen(QPen(QColor(theme.colours[item.role]), item.width))
                painter.drawLine(QLineF(MARGIN, item.y, WIDE - MARGIN, item.y))
            case Drawing():
                paint(painter, item.picture, item.place, theme)
