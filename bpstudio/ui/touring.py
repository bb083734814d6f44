"""The tour: two minutes that end with XOR learned.

Each stop points at a real control and goes on when the person has done what it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from bpstudio import resources
from bpstudio.language import N_, _
from bpstudio.playback.palette import THEMES
from bpstudio.playback.timeline import BACKWARD
from bpstudio.ui.dialogs import files
from bpstudio.ui.panels.panel import label
from bpstudio.ui.showing import Showing
from bpstudio.ui.soon import soon
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window

LEARNED = 0.1
"""The loss below which XOR counts as learned, when all four rows are right."""
WIDTH = 330
GAP = 12


@dataclass(frozen=True)
class Stop:
    """What is said, what it points at, and how one sees that it was done."""

    words: str
    target: Callable[[Window], QWidget]
    done: Callable[[Studio], bool]


def _button(id: str) -> Callable[[Window], QWidget]:
    return lambda window: window.top.buttons[id]


def _backward(studio: Studio) -> bool:
    instant = studio.shown.instant
    return instant is not None and instant.phase == BACKWARD and not studio.shown.training


def learned(shown: Showing) -> bool:
    """Whether all four rows of XOR are right, and clearly so."""
    metrics = shown.metrics
    return metrics is not None and metrics.accuracy == 1.0 and metrics.loss < LEARNED


STOPS = (
    Stop(
        N_("This network is to learn XOR, and can't yet. Press Play: values run through it."),
        _button("play"),
        lambda studio: studio.shown.position > 0.0,
    ),
    Stop(
        N_("Now press Backward: every gate passes a gradient back, in red."),
        _button("backward_pass"),
        _backward,
    ),
    Stop(
        N_("Click a layer on the canvas, or reach one with Tab and Enter: the inspector tells it."),
        lambda window: window.canvas,
        lambda studio: bool(studio.selection),
    ),
    Stop(
        N_("Press Train: thousands of such steps, each a little downhill."),
        _button("train"),
        lambda studio: studio.shown.training or learned(studio.shown),
    ),
    Stop(
        N_("Watch the boundary bend until all four points are right."),
        lambda window: window.docks.by_name["boundary"],
        lambda studio: learned(studio.shown),
    ),
    Stop(
        N_("XOR is learned. Press Pause: the weights enter your project, and undo takes them out."),
        _button("train"),
        lambda studio: not studio.shown.training,
    ),
)
THE_END = N_("That was the way: forward, backward, update. The lessons take it step by step.")


class Tour(QObject):
    """One tour through a window; leaving it leaves everything as it is."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.window, self._studio = window, window.studio
        self.place = 0
        self.card = Card(window)
        self.ring = Ring(window)
        self.card.leave.clicked.connect(self.end)
        studio = window.studio
        studio.moved.connect(self._look)
        studio.changed.connect(self._look)
        studio.selected.connect(self._look)
        studio.preferred.connect(self._soon)
        window.installEventFilter(self)
        self._show()

    @property
    def over(self) -> bool:
        """Whether the last stop is done."""
        return self.place == len(STOPS)

    def end(self, _checked: bool = False) -> None:
        """Leave: nothing else changes."""
        self.place = len(STOPS)
        for widget in (self.card, self.ring):
            widget.hide()
            widget.deleteLater()
        self.setParent(None)
        self.deleteLater()

    def _look(self, _news: object = None) -> None:
        if not self.over and STOPS[self.place].done(self._studio):
            self.place += 1
            self._soon()

    def _soon(self, _news: object = None) -> None:
        soon(self, self._show)

    def _show(self) -> None:
        """Stand beside the control that is meant."""
        if self.over:
            self.card.say(_(THE_END), f"{len(STOPS)} / {len(STOPS)}", _("Close"))
            self.ring.around(None, self._studio.preferences.theme)
            self.card.beside(self.window.canvas)
            return
        stop = STOPS[self.place]
        target = stop.target(self.window)
        if not target.isVisible():
            target = self.window.canvas
        where = f"{self.place + 1} / {len(STOPS)}"
        self.card.say(_(stop.words), where, _("Leave the tour"))
        self.ring.around(target, self._studio.preferences.theme)
        self.card.beside(target)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In another size everything stands elsewhere."""
        if event.type() == QEvent.Type.Resize:
            self._soon()
        return False


class Card(QFrame):
    """What is to be done, in a few words."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("tour-card")
        self.setProperty("role", "banner")
        self.setFixedWidth(WIDTH)
        self.words, self.where = label(), label("muted")
        self.words.setWordWrap(True)
        self.leave = QPushButton()
        row = QHBoxLayout()
        row.addWidget(self.where)
        row.addStretch(1)
        row.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.words)
        column.addLayout(row)

    def say(self, words: str, where: str, leave: str) -> None:
        """Show these words."""
        self.words.setText(words)
        self.where.setText(where)
        self.leave.setText(leave)
        self.setAccessibleName(words)

    def beside(self, target: QWidget) -> None:
        """Stand below the control, or above it, or in it if it is large."""
        window = self.window()
        self.show()
        self.setFixedHeight(self.heightForWidth(WIDTH))
        corner = target.mapTo(window, QPoint(0, 0))
        below, above = corner.y() + target.height() + GAP, corner.y() - self.height() - GAP
        y = below if below + self.height() < window.height() else above
        if target.height() > window.height() / 3:
            y = corner.y() + GAP
        x = corner.x() + (target.width() - WIDTH) // 2
        room = window.rect().adjusted(GAP, GAP, -GAP, -GAP)
        x = max(room.left(), min(x, room.right() - WIDTH))
        y = max(room.top(), min(y, room.bottom() - self.height()))
        self.move(x, y)
        self.raise_()


class Ring(QWidget):
    """A line around a control; it lets everything through."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._theme = "light"

    def around(self, target: QWidget | None, theme: str) -> None:
        """Stand around that, or nowhere."""
        self._theme = theme
        self.setVisible(target is not None)
        if target is not None:
            corner = target.mapTo(self.window(), QPoint(-5, -5))
            self.setGeometry(corner.x(), corner.y(), target.width() + 10, target.height() + 10)
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(THEMES[self._theme].colours["accent"]), 3.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 9.0, 9.0)


def begin(window: Window) -> None:
    """Begin with XOR, once what is there is settled."""

    def go() -> None:
        if files.load_into(window.studio, resources.path("examples", "xor.bps")):
            window.studio.show_position(0.0)
            for tour in window.findChildren(Tour):
                tour.end()
            Tour(window)

    files.settle(window, go)
