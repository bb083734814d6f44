"""Pan the view with the middle button, or with Space held down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.ui.canvas.gestures.gesture import Pointer

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Pan:
    """The view follows the pointer. It is no edit, so that cancelling leaves it where it is."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, canvas: Canvas, pointer: Pointer) -> None:
        self._canvas = canvas
        self._last = pointer.at

    def move(self, pointer: Pointer) -> None:
        """Move the view by what the pointer has moved."""
        dx, dy = pointer.at[0] - self._last[0], pointer.at[1] - self._last[1]
        self._last = pointer.at
        self._canvas.look(self._canvas.view.moved(dx, dy))

    def release(self, pointer: Pointer) -> None:
        """Stay here."""

    def cancel(self) -> None:
        """Stay here."""

    def paint(self, painter: QPainter) -> None:
        """Nothing: the view itself moves."""
