"""An exhibit in large, where the canvas would be empty: for the back row, and for the hand.

A step that shows no network has nothing on its canvas; there its exhibit takes the room, and the
panel keeps what is said and pressed.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF

from bpstudio.lessons.exhibits.exhibit import Exhibit
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.panels.exhibit import Picture
from bpstudio.ui.window import Window

ACROSS = 320
"""So many pixels wide is an exhibit in the panel."""
MARGIN = 28
MOST = 2.6


class Enlarged(Picture):
    """The picture of the step's exhibit over the empty canvas, seen only while there is one."""

    def __init__(self, window: Window) -> None:
        self._canvas = window.canvas
        super().__init__(window.studio, lecture_of(window.studio), window.stage)
        self.setObjectName("enlarged")
        window.canvas.installEventFilter(self)
        window.studio.changed.connect(self._look)
        self._lecture.moved.connect(self._look)
        self._lecture.showed.connect(self._look)
        self._look()

    def take_room(self, exhibit: Exhibit) -> None:
        """All of the canvas."""
        self.setGeometry(self._canvas.geometry())

    @property
    def room(self) -> QRectF:
        """The middle of it, not much wider than the exhibit is meant to be."""
        wide, high = self.width() - 2.0 * MARGIN, self.height() - 2.0 * MARGIN
        exhibit = self._lecture.exhibit
        meant = exhibit.height if exhibit is not None else 1
        wide = min(wide, ACROSS * high / meant * 1.2)
        high = min(high, wide * meant / ACROSS * 1.2)
        return QRectF((self.width() - wide) / 2, (self.height() - high) / 2, wide, high)

    @property
    def scale(self) -> float:
        """As its room has grown."""
        exhibit = self._lecture.exhibit
        meant = exhibit.height if exhibit is not None else 1
        grown = min(self.room.height() / meant, self.room.width() / ACROSS) / self._theme.type
        return float(max(1.0, min(MOST, grown)))

    def _look(self, _news: object = None) -> None:
        exhibit = self._lecture.exhibit
        shown = exhibit is not None and self._lecture.alone
        if shown and exhibit is not None:
            self.follow(exhibit)
            self.raise_()
        self.setVisible(shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the canvas."""
        if watched is self._canvas and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.setGeometry(self._canvas.geometry())
        return False


def enlarged_of(window: Window) -> Enlarged:
    """The one of a window."""
    return window.findChild(Enlarged) or Enlarged(window)
