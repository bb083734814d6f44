"""The grid of a sweep on the screen: a small decision boundary in each cell, as they come."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from bpstudio.language import _
from bpstudio.playback.marks import Mark, Picture, Rect, Span, Text, shortened, width_of
from bpstudio.playback.metrics import PROSE
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.sweep_grid import (
    Cell,
    Grid,
    Seen,
    cell_marks,
    fitted,
    grid_of,
    picture,
    seen,
    typical,
    verdict,
    words,
)
from bpstudio.project import vary
from bpstudio.project.project import Project
from bpstudio.training.sweep import Varied
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.sweeps import Sweeps

GAP, LINE = 8.0, 17.0
EDGE = 1.0
"""Of the line around a picture so many pixels lie outside it."""
WORK = 0.006
"""Seconds of work at a time for the small pictures."""
KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class GridView(QWidget):
    """Cells with what they answer, names above and at the left, verdicts below them."""

    chosen = Signal(int)
    """A cell was clicked: the number of the trial that it shows."""

    def __init__(self, sweeps: Sweeps) -> None:
        super().__init__()
        self._sweeps = sweeps
        self._of: object = None
        self.grid: Grid | None = None
        self.current = 0
        self.views: dict[int, Seen | None] = {}
        self._known: dict[int, object] = {}
        self._variants: dict[Varied, Project] = {}
        self._painted: dict[int, tuple[tuple[object, ...], QPixmap]] = {}
        self._theme: Theme = THEMES["light"]
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._draw_some)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        sweeps.moved.connect(self.follow)

    def sizeHint(self) -> QSize:
        """Room for pictures that one can read."""
        return QSize(560, 420)

    def minimumSizeHint(self) -> QSize:
        """It gets by with less."""
        return QSize(220, 160)

    def dress(self, theme: Theme) -> None:
        """Take the colours and the language of the moment."""
        self._theme = theme
        self.setAccessibleName(_("Grid of the decision boundaries"))
        self.setAccessibleDescription(_("Arrow keys choose a cell, and Enter opens its network."))
        if self._sweeps.sweep is not None:
            self.grid = grid_of(self._sweeps.sweep)
        self.update()

    def follow(self) -> None:
        """Show what is new of the sweep."""
        sweep = self._sweeps.sweep
        if self._of is not sweep:
            self._of, self.grid = sweep, None if sweep is None else grid_of(sweep)
            self.views, self._known, self._variants, self.current = {}, {}, {}, 0
            self._painted = {}
        self.update()
        if self.grid is not None and not self._soon.isActive():
            self._soon.start(0)

    def trial(self, cell: Cell) -> int:
        """The number of the trial that a cell shows: the median of those done, else the first."""
        outcome = typical(cell, self._sweeps.outcomes)
        return cell.trials[0] if outcome is None else outcome.number

    def picture(self, theme: Theme) -> Picture | None:
        """The whole grid for a file."""
        sweeps = self._sweeps
        if sweeps.sweep is None or sweeps.asked is None:
            return None
        return picture(sweeps.asked.project, sweeps.sweep, sweeps.outcomes, theme=theme)

    def square(self, cell: Cell) -> Rect:
        """Where a cell's picture is, in pixels."""
        assert self.grid is not None
        left, top, side = self._measures(self.grid)
        line = LINE * self._theme.type
        x = left + cell.column * (side + GAP)
        return Rect(x, top + cell.row * (side + line + GAP), side, side)

    def cell_at(self, place: QPointF) -> int | None:
        """The index of the cell at these pixels."""
        for index, cell in enumerate(self.grid.cells if self.grid else ()):
            rect = self.square(cell)
            if QRectF(rect.x, rect.y, rect.width, rect.height).contains(place):
                return index
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells, and a ring around the one that the keys are at."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.grid is None:
                return
            paint_marks(painter, tuple(self._words(self.grid)), self._theme)
            for index, cell in enumerate(self.grid.cells):
                rect = self.square(cell)
                painter.drawPixmap(QPointF(rect.x - EDGE, rect.y - EDGE), self._small(index, rect))
            if self.hasFocus() and self.current < len(self.grid.cells):
                rect = self.square(self.grid.cells[self.current])
                painter.setPen(QPen(QColor(self._theme.colours["accent"]), 2.4))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(rect.x, rect.y, rect.width, rect.height), 8, 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Everything lies elsewhere."""
        super().resizeEvent(event)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A cell is opened."""
        index = self.cell_at(event.position())
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self.current = index
            self.update()
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk, Enter opens."""
        key = Qt.Key(event.key())
        if self.grid is not None and key in KEYS:
            down, right = KEYS[key]
            now = self.grid.cells[self.current]
            wanted = (now.row + down, now.column + right)
            places = [(cell.row, cell.column) for cell in self.grid.cells]
            if wanted in places:
                self.current = places.index(wanted)
                self.setAccessibleDescription("\n".join(self._told(self.grid.cells[self.current])))
                self.update()
        elif self.grid is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """What a cell is, beside the pointer."""
        if isinstance(event, QHelpEvent) and self.grid is not None:
            index = self.cell_at(QPointF(event.pos()))
            if index is not None:
                lines = [*self._told(self.grid.cells[index]), _("A click opens it.")]
                QToolTip.showText(event.globalPos(), "\n".join(lines), self)
                return True
        return super().event(event)

    def _told(self, cell: Cell) -> list[str]:
        """What a cell stands for, and what came of it as far as that is known."""
        said = verdict(cell, self._sweeps.outcomes)
        return [line for line in (words(cell.settings), said) if line]

    def _choose(self) -> None:
        assert self.grid is not None
        number = self.trial(self.grid.cells[self.current])
        if number in self._sweeps.outcomes:
            self.chosen.emit(number)

    def _draw_some(self) -> None:
        """Look at the cells whose weights are new, some at a time."""
        grid, asked = self.grid, self._sweeps.asked
        if grid is None or asked is None:
            return
        until = time.monotonic() + WORK
        for index, cell in enumerate(grid.cells):
            weights = self._sweeps.weights(self.trial(cell))
            if weights is None or self._known.get(index) is weights:
                continue
            if time.monotonic() > until:
                self._soon.start(15)
                break
            if cell.settings not in self._variants:
                self._variants[cell.settings] = vary.variant(asked.project, cell.settings)
            self.views[index] = seen(self._variants[cell.settings], weights)
            self._known[index] = weights
            self.update()

    def _measures(self, grid: Grid) -> tuple[float, float, float]:
        """Where the first cell begins, and how long a side is."""
        size = 11.5 * self._theme.type
        longest = max(width_of((Span(n, "text", PROSE, 600),), size) for n in grid.rows)
        left = min(longest, 0.3 * self.width()) + 14
        top = 8 + (LINE * self._theme.type if any(grid.columns) else 0)
        line = LINE * self._theme.type + GAP
        across = (self.width() - left - 6) / max(1, len(grid.columns)) - GAP
        down = (self.height() - top) / len(grid.rows) - line
        return left, top, max(24.0, min(across, down, 240.0))

    def _small(self, index: int, rect: Rect) -> QPixmap:
        """The picture of a cell; while nothing of it is new it is the one that was painted last."""
        view, ratio = self.views.get(index), self.devicePixelRatio()
        key = (view, rect.width, self._theme, ratio)
        known = self._painted.get(index)
        if known is not None and all(map(_same, key, known[0])):
            return known[1]
        side = math.ceil((rect.width + 2 * EDGE) * ratio)
        made = QPixmap(side, side)
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        with QPainter(made) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            square = Rect(EDGE, EDGE, rect.width, rect.height)
            paint_marks(painter, tuple(cell_marks(view, square, self._theme)), self._theme)
        self._painted[index] = key, made
        return made

    def _words(self, grid: Grid) -> Iterator[Mark]:
        left, top, side = self._measures(grid)
        size, line = 11.5 * self._theme.type, LINE * self._theme.type
        for column, name in enumerate(grid.columns):
            middle = left + column * (side + GAP) + side / 2
            text = shortened(name, side, size, 600)
            yield Text(middle, top - 6, (Span(text, "text", PROSE, 600),), size, "middle")
        for row, name in enumerate(grid.rows):
            middle = top + row * (side + line + GAP) + side / 2 + size / 3
            text = shortened(name, left - 12, size, 600)
            yield Text(4, middle, (Span(text, "text", PROSE, 600),), size)
        for cell in grid.cells:
            rect = self.square(cell)
            said = fitted(verdict(cell, self._sweeps.outcomes), side, 10.5 * self._theme.type)
            yield replace(said, x=rect.centre[0], y=rect.bottom + 1.15 * size)


def _same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, float | int) and one == other)
