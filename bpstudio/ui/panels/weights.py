"""Weights as heat maps: each number before its update, the step it takes, and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from bpstudio.engine.op import Array, Kind
from bpstudio.engine.run import Update
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.bodies import docked
from bpstudio.playback.marks import Box, Heat, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.plots.plot import Drawing, Table
from bpstudio.project.project import Project
from bpstudio.ui.asking import asked
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.frame import Frame, written
from bpstudio.ui.panels.panel import Column, Panel, label, scrolled
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

SEES = N_(
    "Every weight as a map, blue where it is negative and orange where it is positive, with the "
    "step that its next update takes, as the optimizer takes it, and what it becomes."
)
SEEK = N_(
    "Look which weights move most, and whether an arrow points up where the gradient is negative: "
    "the step goes against the gradient, but momentum and Adam remember earlier ones."
)
PALE = 0.55
"""How strong a heat map may be on which numbers are to be read."""
MOST_CELLS = 256
"""Matrices of more entries are shown without numbers."""
TALLEST = 150.0
_CELL, _LINE, _GAP, _SIZE = 66.0, 15.0, 14.0, 11.5


@dataclass(frozen=True, eq=False)
class Sheet:
    """One weight: its name, its numbers, and the update that it gets, if there is one."""

    key: str
    name: str
    value: Array
    update: Update | None
    done: bool

    @property
    def grid(self) -> Array:
        """The numbers as rows and columns: those after the update once it has happened."""
        now = self.update.after if self.update is not None and self.done else self.value
        return _flat(now)


class WeightsPanel(Panel):
    """The weights of the selected nodes, else all of them."""

    title = N_("Weight updates")
    pause = 1 / 4

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.sheets = Sheets()
        self.sheets.pointed.connect(self._wonder)
        self.frame = Frame(studio, "weights", self.content)
        self.rule = label("update")
        self.legend = label("muted")
        for text in (self.rule, self.legend):
            text.setWordWrap(True)
        self.frame.begin_with(self.rule)
        inside = Column()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 0, 10, 8)
        column.setSpacing(4)
        column.addWidget(self.frame)
        column.addWidget(self.sheets)
        column.addWidget(self.legend)
        column.addStretch(1)
        self.area = scrolled(inside, self)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(100, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.frame.retitle(self.theme, _(self.title), _(SEES), _(SEEK))
        self.sheets.setAccessibleName(_("Weights and their updates"))
        self.sheets.dress(self.theme)
        self.refresh()

    def refresh(self) -> None:
        """The weights that are shown, with the updates of the recording."""
        studio = self.studio
        found = sheets(studio.shown, studio.selection)
        self.sheets.show_sheets(found)
        if not found:
            self.rule.hide()
            self.legend.setText(_("This network has no weights."))
            return
        self.legend.setText(_("blue negative · orange positive; arrows show the next update"))
        formula = studio.project.training.optimizer.formula
        self.rule.setText(formula.rpartition(",")[2].strip())
        self.rule.setToolTip(formula)
        self.rule.setVisible(bool(formula) and any(sheet.update for sheet in found))

    def content(self, ending: str) -> bytes:
        """What a file of this ending holds: all the weights as they are seen, or their numbers."""
        found, type = sheets(self.studio.shown, self.studio.selection), self.theme.type
        if not found:
            raise StudioError(N_("This network has no weights."))
        wide = max(200.0, float(self.sheets.width()))
        marks, _blocks, high = laid_out(found, wide, type)
        page = Rect(-8.0, -8.0, wide + 16.0, high + 16.0)
        return written(
            Drawing(tuple(marks), _table(found)), page, self.theme, _(self.title), ending
        )

    def _wonder(self, key: str, entry: tuple[int, ...]) -> None:
        """Ask why the gradient of that weight is what it is."""
        node, _dot, port = key.partition(".")
        place = (node, port, 0)
        shown = self.studio.shown
        if node not in shown.project.graph.nodes:
            return  # it was taken out since this was drawn
        if shown.project.graph[node].op.category == "source":
            place = (node, "", 0)
        question = asked(shown, place, entry)
        if question is not None:
            self.studio.ask(question)


class Sheets(QWidget):
    """Draws weights one below the other; a click on a number asks about its gradient."""

    pointed = Signal(str, tuple)
    """A number was clicked: the key of its weight, and its place in it."""

    def __init__(self) -> None:
        super().__init__()
        self._sheets: tuple[Sheet, ...] = ()
        self._theme: Theme = THEMES["light"]
        self._blocks: list[tuple[Rect, Sheet]] = []
        self._marks: list[Mark] = []
        self._height = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self._lay_out()

    def show_sheets(self, found: tuple[Sheet, ...]) -> None:
        """Show these."""
        self._sheets = found
        said = (f"{s.name}: {digits.size_of(s.value)}" for s in found)
        self.setAccessibleDescription(", ".join(said))
        self._lay_out()

    def sizeHint(self) -> QSize:
        """As high as all of them."""
        return QSize(200, round(self._height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the width that there is."""
        super().resizeEvent(event)
        self._lay_out()

    def paintEvent(self, event: QPaintEvent) -> None:
        """What was laid out."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self._marks), self._theme)

    def event(self, event: QEvent) -> bool:
        """The numbers of the cell under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self._text_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _lay_out(self) -> None:
        wide = max(60.0, float(self.width()))
        self._marks, self._blocks, y = laid_out(self._sheets, wide, self._theme.type)
        if y != self._height:
            self._height = y
            self.updateGeometry()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A number is asked about."""
        found = self._cell_at(event.position().x(), event.position().y())
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        sheet, row, column = found
        flat = row * sheet.grid.shape[1] + column
        entry = tuple(int(i) for i in np.unravel_index(flat, sheet.value.shape))
        self.pointed.emit(sheet.key, entry)

    def _text_at(self, x: float, y: float) -> str:
        found = self._cell_at(x, y)
        return "" if found is None else _cell_text(*found)

    def _cell_at(self, x: float, y: float) -> tuple[Sheet, int, int] | None:
        for rect, sheet in self._blocks:
            rows, columns = sheet.grid.shape
            if rect.x <= x < rect.right and rect.y <= y < rect.bottom and rows and columns:
                row = int((y - rect.y) / rect.height * rows)
                return sheet, row, int((x - rect.x) / rect.width * columns)
        return None


def sheets(shown: Showing, selection: frozenset[str]) -> tuple[Sheet, ...]:
    """The weights of the selected nodes, or all if none of these has any."""
    project = shown.project
    updates: Mapping[str, Update] = {}
    if shown.recording is not None and shown.foretells:
        updates = {f"{u.node}.{u.port}": u for u in shown.recording.updates}
    keys = [key for key in project.graph.keys(Kind.WEIGHT) if key in shown.weights]
    layers = docked(project)
    chosen = {layers.get(id, id) for id in selection}
    keys = [key for key in keys if key.partition(".")[0] in chosen] or keys
    instant = shown.instant
    return tuple(
        Sheet(
            key,
            _name(project, key),
            shown.weights[key] if (update := updates.get(key)) is None else update.before,
            update,
            instant is not None and instant.updated(key) > 0.5,
        )
        for key in keys
    )


def laid_out(
    found: tuple[Sheet, ...], wide: float, type: float
) -> tuple[list[Mark], list[tuple[Rect, Sheet]], float]:
    """Weights one below the other: what is drawn, where each is, and how high they all are."""
    largest = max((_largest(sheet.value) for sheet in found), default=0.0) or 1.0
    marks, blocks, y = list[Mark](), list[tuple[Rect, Sheet]](), 0.0
    for sheet in found:
        y += 15.0 * type
        marks += _title(sheet, y - 3.0 * type, wide, type)
        rect, drawn = block(sheet, Rect(0.5, y + 3.0 * type, wide - 1, 0), largest, type)
        marks += drawn
        blocks.append((rect, sheet))
        y = rect.bottom + _GAP * type
    return marks, blocks, y


def block(sheet: Sheet, room: Rect, largest: float, type: float) -> tuple[Rect, list[Mark]]:
    """A weight in the width of `room`, from its upper edge: where it is, and what is drawn.

    With numbers where cells are wide enough for them; else the weight, and its update beside it.
    """
    grid = sheet.grid
    rows, columns = grid.shape
    wide = min(_CELL * 1.35 * type, room.width / max(columns, 1))
    lines = 1 if sheet.update is None else 3
    if grid.size <= MOST_CELLS and wide >= _CELL * type:
        high = (lines * _LINE + 7.0) * type
        rect = Rect(room.x, room.y, wide * columns, high * rows)
        return rect, [*_heat(rect, grid, largest), *_numbers(sheet, rect, type)]
    if grid.size <= MOST_CELLS and wide >= 0.62 * _CELL * type:
        rect = Rect(room.x, room.y, wide * columns, 22.0 * type * rows)
        return rect, [*_heat(rect, grid, largest), *_short_numbers(grid, rect, type)]
    share = 0.5 if sheet.update is not None else 1.0
    side = max(0.1, min(22.0 * type, (share * room.width - 6) / columns, TALLEST * type / rows))
    rect = Rect(room.x, room.y, side * columns, max(side * rows, 8.0))
    marks = [*_heat(rect, grid, largest, pale=1.0)]
    if sheet.update is not None:
        step = _flat(sheet.update.after - sheet.update.before)
        beside = rect._replace(x=room.x + 0.5 * room.width + 3)
        marks += _heat(beside, step, _largest(step) or 1.0, pale=1.0)
    return rect, marks


def _heat(rect: Rect, grid: Array, largest: float, pale: float = PALE) -> Iterator[Mark]:
    yield Heat(rect, pale * grid / largest, 6.0, smooth=False)
    yield Box(rect, 6.0, None, Ink("border"), 1.0)


def _title(sheet: Sheet, y: float, wide: float, type: float) -> Iterator[Mark]:
    size = 12.0 * type
    name = Text(0, y, (Span(sheet.name, "text", PROSE, 600),), size)
    right = wide
    if sheet.update is not None:
        moved = float(np.linalg.norm(sheet.update.after - sheet.update.before))
        text = Text(wide, y, (Span(f"‖Δ‖ {digits.small(moved)}", "update", MONO),), size, "end")
        if name.width + text.width + 8 <= wide:
            yield text
            right = text.left - 8
    shape = Span(f"  {digits.size_of(sheet.value)}", "muted", MONO, size=0.92)
    whole = Text(0, y, (*name.spans, shape), size)
    yield whole if whole.width <= right else name


def _numbers(sheet: Sheet, rect: Rect, type: float) -> Iterator[Mark]:
    """In each cell the number, and with an update the step it takes and what it becomes."""
    before = _flat(sheet.value)
    after = None if sheet.update is None else _flat(sheet.update.after)
    for row, column, x, middle in _cells(before, rect):
        value = float(before[row, column])
        lines = [(digits.signed(value, digits.in_panels()), "text")]
        if after is not None:
            becomes = float(after[row, column])
            arrow = "→" if becomes == value else "↑" if becomes > value else "↓"
            step = digits.tabular(abs(becomes - value))
            said = digits.signed(becomes, digits.in_panels())
            lines += [(f"{arrow} {step}", "update"), (said, "text")]
        first = middle - (len(lines) - 1) / 2 * _LINE * type + 4.2 * type
        for number, (text, role) in enumerate(lines):
            y = first + number * _LINE * type
            yield Text(x, y, (Span(text, role, MONO),), _SIZE * type, "middle")


def _short_numbers(grid: Array, rect: Rect, type: float) -> Iterator[Mark]:
    room = rect.width / grid.shape[1] - 4.0
    for row, column, x, middle in _cells(grid, rect):
        value = float(grid[row, column])
        for decimals in (None, 1, 0):
            span = Span(digits.signed(value, decimals), "text", MONO)
            text = Text(x, middle + 4 * type, (span,), 0.94 * _SIZE * type, "middle")
            if text.width <= room:
                break
        yield text


def _cells(grid: Array, rect: Rect) -> Iterator[tuple[int, int, float, float]]:
    """Row, column and middle of each cell."""
    rows, columns = grid.shape
    for row, column in np.ndindex(rows, columns):
        x = rect.x + (column + 0.5) * rect.width / columns
        yield row, column, x, rect.y + (row + 0.5) * rect.height / rows


def _cell_text(sheet: Sheet, row: int, column: int) -> str:
    place = f"{sheet.name} [{row + 1}, {column + 1}]"
    value = float(_flat(sheet.value)[row, column])
    if sheet.update is None:
        return f"{place}\n{value:.6g}"
    after = float(_flat(sheet.update.after)[row, column])
    gradient = float(_flat(sheet.update.gradient)[row, column])
    words = _("{before} → {after}, gradient {gradient}; click to ask why").format(
        before=f"{value:.6g}", after=f"{after:.6g}", gradient=f"{gradient:.4g}"
    )
    return f"{place}\n{words}"


def _table(found: tuple[Sheet, ...]) -> Table:
    """A row for each number: where it is, what it is, its gradient and what it becomes."""
    rows = []
    for sheet in found:
        update, before = sheet.update, _flat(sheet.value)
        for place in np.ndindex(before.shape):
            told: list[object] = ["", ""]
            if update is not None:
                told = [float(_flat(update.gradient)[place]), float(_flat(update.after)[place])]
            rows.append([sheet.name, place[0] + 1, place[1] + 1, float(before[place]), *told])
    return Table(["weight", "row", "column", "value", "gradient", "after"], rows)


def _name(project: Project, key: str) -> str:
    id, _dot, port = key.partition(".")
    node = project.graph[id]
    return node.label if node.op.category == "source" else f"{node.label} · {port}"


def _flat(array: Array) -> Array:
    """As rows and columns, whatever its rank."""
    return array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)


def _largest(array: Array) -> float:
    finite = array[np.isfinite(array)]
    return float(np.abs(finite).max(initial=0.0))
