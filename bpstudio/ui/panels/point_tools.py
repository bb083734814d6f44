"""Drawing points on the decision boundary: a brush for each class, an eraser, and a hand."""

from __future__ import annotations

import math
from functools import partial
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from bpstudio.data.drawn import drawable
from bpstudio.language import _
from bpstudio.playback.palette import CLASS_ROLES, THEMES, Theme
from bpstudio.playback.views import Axes
from bpstudio.project import points
from bpstudio.ui import icons
from bpstudio.ui.studio import Studio

SPACING = 14.0
"""Pixels between two points of one stroke."""
REACH = 12.0
"""How far the eraser reaches, in pixels."""
MOST_BRUSHES = 10
ERASE, MOVE = "erase", "move"
Tool = int | str
"""A class to draw, by its number, or `ERASE` or `MOVE`."""


class Board(Protocol):
    """What can be drawn on: it knows what its places stand for, and keeps that still."""

    @property
    def axes(self) -> Axes | None:
        """What the places stand for; None while nothing is there."""

    def hold(self, still: bool) -> None:
        """Keep what the places stand for as it is."""

    def row_at(self, x: float, y: float) -> int | None:
        """The row whose point is there."""


class PointTools(QWidget):
    """The button that begins it, and below, in `brushes`, the tools in a row.

    While one is taken, the mouse draws. One stroke, from press to release, is one entry in the
    history.
    """

    def __init__(self, studio: Studio, board: QWidget) -> None:
        super().__init__()
        self.studio = studio
        self._board = board
        self.tool: Tool | None = None
        self._stroke = self._erasing = False
        self._last = QPointF()
        self._row: int | None = None
        self._theme: Theme = THEMES["light"]
        self._offered: tuple[object, ...] = ()
        self.buttons: dict[Tool, QToolButton] = {}
        self.draw = self._button()
        self.draw.toggled.connect(self._toggle)
        self.brushes = QWidget()
        self._tools = QHBoxLayout(self.brushes)
        self._tools.setContentsMargins(0, 0, 0, 2)
        self._tools.setSpacing(2)
        self._tools.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 2)
        row.addWidget(self.draw)
        board.installEventFilter(self)

    def retitle(self, theme: Theme) -> None:
        """Take the current language and these colours."""
        self._theme = theme
        self.draw.setIcon(icons.icon("pencil"))
        _name(self.draw, _("Draw points: one colour for each class, also while it trains"))
        self._offered = ()
        self.refresh()

    def refresh(self) -> None:
        """Offer a brush for each class of the data that there are."""
        data = self.studio.project.data
        possible = data is not None and drawable(data)
        self.setVisible(possible)
        if not possible and self.draw.isChecked():
            self.draw.setChecked(False)
        assert data is None or isinstance(data.classes, tuple)
        offered = (data.classes if possible and data is not None else (), self.draw.isChecked())
        if offered == self._offered:
            return
        self._offered = offered
        for button in self.buttons.values():
            self._tools.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        self.brushes.setVisible(self.draw.isChecked())
        if not self.draw.isChecked():
            return
        for kind, name in enumerate(offered[0][:MOST_BRUSHES] or ("",)):
            words = _("Draw points of the class {name}").format(name=name) if name else ""
            self._offer(kind, self._disc(kind, bool(name)), words or _("Draw points"))
        self._offer(MOVE, icons.icon("hand-stop"), _("Move a point"))
        self._offer(ERASE, icons.icon("eraser"), _("Erase points"))
        if self.tool not in self.buttons:
            self.tool = 0
        self.buttons[self.tool].setChecked(True)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """What the mouse does on the board is a stroke while a tool is taken."""
        if not self.draw.isChecked() or not isinstance(event, QMouseEvent):
            return False
        left, right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() in (left, right):
            self._begin(event.position(), erase=event.button() == right)
        elif kind == QEvent.Type.MouseMove and self._stroke:
            self._go_on(event.position())
        elif kind == QEvent.Type.MouseButtonRelease and self._stroke:
            self._end()
        return True

    def _begin(self, at: QPointF, *, erase: bool) -> None:
        board: Board = self._board  # type: ignore[assignment]
        if board.axes is None or self._stroke:
            return
        self.studio.settle()
        board.hold(True)
        self._stroke, self._erasing = True, erase or self.tool == ERASE
        self._row = board.row_at(at.x(), at.y()) if self.tool == MOVE else None
        self._last = at
        if self.tool != MOVE or erase:
            self._apply(at)

    def _go_on(self, at: QPointF) -> None:
        far = math.hypot(at.x() - self._last.x(), at.y() - self._last.y())
        if far >= (SPACING if self.tool not in (ERASE, MOVE) and not self._erasing else 1.0):
            self._apply(at)

    def _apply(self, at: QPointF) -> None:
        board: Board = self._board  # type: ignore[assignment]
        axes = board.axes
        if axes is None:
            return
        self._last = at
        rect = axes.rect
        inside = min(max(at.x(), rect.x), rect.right), min(max(at.y(), rect.y), rect.bottom)
        place = axes.values(*inside)
        do = self.studio.do_merged
        if self._erasing:
            (x0, x1), (y0, y1) = axes.x, axes.y
            reach = REACH * (x1 - x0) / rect.width, REACH * (y1 - y0) / rect.height
            done = do(_("Erase points"), "draw points", points.erase, place, reach)
        elif self.tool == MOVE:
            if self._row is None:
                return
            done = do(_("Move a point"), "draw points", points.move, self._row, place)
        else:
            kind = self.tool if isinstance(self.tool, int) else 0
            done = do(_("Draw points"), "draw points", points.brush, place, kind)
        if not done:
            self._end()

    def _end(self) -> None:
        board: Board = self._board  # type: ignore[assignment]
        self._stroke, self._row = False, None
        board.hold(False)
        self.studio.settle()
        # The part of the inputs that is shown may be another one now.
        self.studio.moved.emit(self.studio.shown)

    def _toggle(self, on: bool) -> None:
        if not on and self._stroke:
            self._end()
        self._board.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        self.refresh()

    def _take(self, tool: Tool, _checked: bool = False) -> None:
        self.tool = tool
        for key, button in self.buttons.items():
            button.setChecked(key == tool)

    def _offer(self, tool: Tool, picture: QIcon, words: str) -> None:
        button = self._button()
        button.setIcon(picture)
        _name(button, words)
        button.clicked.connect(partial(self._take, tool))
        self.buttons[tool] = button
        self._tools.insertWidget(self._tools.count() - 1, button)

    def _button(self) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(24, 22)
        return button

    def _disc(self, kind: int, coloured: bool) -> QIcon:
        """A point of that class as it is drawn, with its number."""
        role = CLASS_ROLES[kind % len(CLASS_ROLES)] if coloured else "muted"
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(16 * ratio), round(16 * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.colours[role]))
            painter.drawEllipse(QPointF(8, 8), 7.5, 7.5)
            if coloured:
                font = self.font()
                font.setPixelSize(11)
                font.setBold(True)
                painter.setFont(font)
                painter.setPen(QColor(self._theme.colours["panel"]))
                painter.drawText(0, 0, 16, 16, Qt.AlignmentFlag.AlignCenter, str(kind))
        return QIcon(picture)


def _name(button: QToolButton, words: str) -> None:
    button.setToolTip(words)
    button.setAccessibleName(words)
