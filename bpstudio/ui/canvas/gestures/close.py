"""Close what stands opened, and fold or open a box, by a click on its mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.ui import openings
from bpstudio.ui.canvas.gestures.gesture import Pointer

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Close:
    """Released on the mark on which it was pressed, it closes the frame or opens the box."""

    def __init__(self, canvas: Canvas, id: str) -> None:
        self._canvas, self._id = canvas, id

    @property
    def cursor(self) -> Qt.CursorShape:
        """A hand that points at the mark."""
        return Qt.CursorShape.PointingHandCursor

    def move(self, pointer: Pointer) -> None:
        """Nothing follows the pointer."""

    def release(self, pointer: Pointer) -> None:
        """Close it, if the pointer is still there."""
        if self._canvas.targets.marked(pointer.place) == self._id:
            openings.toggle(self._canvas.studio, self._id)

    def cancel(self) -> None:
        """It stays as it is."""

    def paint(self, painter: QPainter) -> None:
        """Nothing: it is drawn with its frame."""
