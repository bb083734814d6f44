"""What every panel does: it listens to the studio, and shows what is new while it can be seen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QHideEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QLabel,
    QMainWindow,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.run import BackwardStep
from bpstudio.playback.palette import Theme
from bpstudio.playback.timeline import Moment
from bpstudio.ui.panels.turns import admitted
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

ROOM = 12
"""Pixels that stay free below what is scrolled to."""


class Panel(QWidget):
    """A view of a studio.

    A subclass says in `refresh` what is shown now, and in `retitle` everything that depends on
    the language or the theme. `pause` is how many seconds lie between two refreshes at least while
    training goes on; at rest everything is shown as soon as it can be.
    """

    title = ""
    pause = 1 / 8

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self._stale = True
        self._turns = admitted(self, studio)
        studio.changed.connect(self.touch)
        studio.moved.connect(self.touch)
        studio.selected.connect(self.touch)
        studio.preferred.connect(self._prefer)

    @property
    def theme(self) -> Theme:
        """The palette that holds now."""
        return self.studio.theme

    def refresh(self) -> None:
        """Show what is current; only what differs is touched."""
        raise NotImplementedError

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        raise NotImplementedError

    def tell(self) -> None:
        """Say at once what must be of the same step everywhere: a few words and numbers."""

    def touch(self, _news: object = None) -> None:
        """Something is new: show it when it is this panel's turn."""
        self._stale = True
        if self.isVisible():
            self.tell()
        # In a tab behind another it counts as visible, but nothing of it is seen.
        if self.isVisible() and not self.visibleRegion().isEmpty():
            self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        """What happened while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._show_now()

    def paintEvent(self, event: QPaintEvent) -> None:
        """It is seen, perhaps for the first time since its tab came to the front."""
        super().paintEvent(event)
        if self._stale:
            self._ask()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._turns.forget(self._show_now)

    def _ask(self) -> None:
        self._turns.ask(self._show_now, self.pause if self.studio.shown.training else 0.0)

    def _show_now(self) -> None:
        self._stale = False
        self.refresh()

    def _prefer(self, _preferences: object) -> None:
        self.retitle()
        self.touch()


def present(shown: Showing) -> Moment | None:
    """The moment that is going on, as the bar above and the caption name it."""
    return shown.instant.moment if shown.instant else None


def reached(shown: Showing, node: str) -> tuple[bool, bool]:
    """Whether the node's value and its gradient are there at the present moment."""
    instant = shown.instant
    if instant is None:
        return False, False
    return instant.value(node) > 0.0, instant.gradient(node) > 0.0


def backward_step(shown: Showing, node: str) -> BackwardStep | None:
    """What the node passed back, if a gradient reaches it."""
    if shown.recording is None:
        return None
    return next((step for step in shown.recording.backward if step.node == node), None)


def label(role: str = "", text: str = "") -> QLabel:
    """A line of plain text in one of the roles of the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    return made


class Column(QWidget):
    """What stands one below the other in a panel: it takes the width that there is, and the
    height that its texts then need."""

    def event(self, event: QEvent) -> bool:
        """A scroll area would ask for the height before it knows the width."""
        done = super().event(event)
        layout = self.layout()
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize) and layout is not None:
            needed = layout.totalHeightForWidth(self.width())
            self.setMinimumHeight(max(needed, layout.totalMinimumSize().height()))
        return done

    def minimumSizeHint(self) -> QSize:
        """It gets by with any width."""
        return QSize(0, max(0, super().minimumSizeHint().height()))


class Beside(QWidget):
    """Widgets side by side, or one below the other where they would not fit."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        for widget in widgets:
            self._row.addWidget(widget, 1)
        self._widgets = widgets

    def fit(self) -> None:
        """Choose for the width and the texts that there are."""
        needed = sum(w.sizeHint().width() for w in self._widgets) + 6 * (len(self._widgets) - 1)
        direction = QBoxLayout.Direction
        fits = needed <= self.width()
        self._row.setDirection(direction.LeftToRight if fits else direction.TopToBottom)

    def minimumSizeHint(self) -> QSize:
        """It gets by with any width."""
        return QSize(0, max(0, super().minimumSizeHint().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose for the new width."""
        super().resizeEvent(event)
        self.fit()


def scrolled(inside: Column, around: QWidget) -> QScrollArea:
    """`inside` as all that `around` shows, scrolled up and down where there is little room."""
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    column = QVBoxLayout(around)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(area)
    return area


def scroll_to(area: QScrollArea, part: QWidget) -> None:
    """Scroll no further than it must for a part to be seen; its beginning, where it is too high."""
    content, bar = area.widget(), area.verticalScrollBar()
    if content is None:
        return
    top = part.mapTo(content, part.rect().topLeft()).y()
    lowest = top + part.height() + ROOM - area.viewport().height()
    bar.setValue(min(max(bar.value(), lowest), top))


def command_of(widget: QWidget, id: str) -> QAction:
    """A command of the window that the widget belongs to, also where its dock has come off."""
    around: QWidget | None = widget
    while around is not None and not isinstance(around, QMainWindow):
        around = around.parentWidget()
    found = None if around is None else around.findChild(QAction, id)
    assert found is not None, id
    return found
