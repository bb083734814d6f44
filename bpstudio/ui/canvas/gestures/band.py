"""Select what a rubber band touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from bpstudio.playback.marks import Rect
from bpstudio.ui.canvas.gestures.gesture import Pointer

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Band:
    """A rectangle from where the button went down to where the pointer is."""

    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, canvas: Canvas, pointer: Pointer) -> None:
        self._canvas = canvas
        self._begin = self._end = pointer
        self._kept = canvas.studio.chosen if pointer.add else frozenset()

    @property
    def rect(self) -> Rect:
        """What it spans on the canvas."""
        (x0, y0), (x1, y1) = self._begin.place, self._end.place
        return Rect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))

    @property
    def touched(self) -> frozenset[str]:
        """The nodes and notes that it would select."""
        if not self._end.far_from(self._begin):
            return self._kept
        targets = self._canvas.targets
        bodies = targets.within(self.rect) if targets.bodies else ()
        notes = {s.note.id for s in targets.scene.slips if s.rect.meets(self.rect)}
        return self._kept.union(notes, *(body.selected_as for body in bodies))

    def move(self, pointer: Pointer) -> None:
        """Span it to the pointer."""
        self._end = pointer

    def release(self, pointer: Pointer) -> None:
        """Select what it touches; a click on nothing selects nothing."""
        self._end = pointer
        self._canvas.select_wire(None)
        self._canvas.studio.select(self.touched)

    def cancel(self) -> None:
        """Leave the selection as it was."""

    def paint(self, painter: QPainter) -> None:
        """The band itself."""
        accent = QColor(self._canvas.theme.colours["accent"])
        pen = QPen(accent, 1.0)
        pen.setCosmetic(True)
        accent.setAlphaF(0.10)
        painter.setPen(pen)
        painter.setBrush(accent)
        painter.drawRect(QRectF(*self.rect))
