"""What every gesture has."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.ui.canvas.view import Point

THRESHOLD = 4.0
"""How far the pointer must go, in pixels, before a press becomes a drag."""


class Pointer(NamedTuple):
    """Where the pointer is, in pixels of the widget and on the canvas, and what is held down."""

    at: Point
    place: Point
    add: bool = False
    """Ctrl is held: add to the selection, or take from it."""

    def far_from(self, other: Pointer) -> bool:
        """Whether it has gone far enough from there to mean a drag."""
        dx, dy = self.at[0] - other.at[0], self.at[1] - other.at[1]
        return max(abs(dx), abs(dy)) >= THRESHOLD


class Gesture(Protocol):
    """One gesture that is going on."""

    @property
    def cursor(self) -> Qt.CursorShape:
        """What the pointer looks like meanwhile."""

    def move(self, pointer: Pointer) -> None:
        """The pointer has moved."""

    def release(self, pointer: Pointer) -> None:
        """The button went up: do it."""

    def cancel(self) -> None:
        """Give it up; everything is as it was."""

    def paint(self, painter: QPainter) -> None:
        """Draw what it would do, in canvas units."""
