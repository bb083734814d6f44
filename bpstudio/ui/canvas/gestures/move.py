"""Move nodes by dragging them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.language import _
from bpstudio.project import edits
from bpstudio.ui.canvas.gestures.gesture import Pointer

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Move:
    """The nodes under the pointer and those selected with them follow it.

    `together` are the nodes that move with `node` even if they are not selected.
    """

    def __init__(
        self, canvas: Canvas, pointer: Pointer, node: str, together: frozenset[str] = frozenset()
    ) -> None:
        self._canvas = canvas
        self._begin = self._last = pointer
        self._node = node
        self._together = together or frozenset({node})
        self._dragging = False
        self._was_selected = node in canvas.studio.selection
        if not self._was_selected and not pointer.add:
            canvas.select_wire(None)
            canvas.studio.select(self._together)

    @property
    def cursor(self) -> Qt.CursorShape:
        """A closed hand as soon as something moves."""
        closed, arrow = Qt.CursorShape.ClosedHandCursor, Qt.CursorShape.ArrowCursor
        return closed if self._dragging else arrow

    @property
    def offset(self) -> tuple[float, float]:
        """How far everything has moved, in canvas units."""
        (x0, y0), (x1, y1) = self._begin.place, self._last.place
        return x1 - x0, y1 - y0

    def move(self, pointer: Pointer) -> None:
        """Drag everything after the pointer."""
        self._last = pointer
        self._dragging = self._dragging or pointer.far_from(self._begin)
        if self._dragging:
            self._canvas.lift(self._moved(), *self.offset)

    def release(self, pointer: Pointer) -> None:
        """Put everything down, as one edit; without a drag it was a click."""
        canvas, studio = self._canvas, self._canvas.studio
        canvas.put_down()
        if self._dragging:
            self._last = pointer
            places = canvas.places_moved(self._moved(), *self.offset)
            if places:
                studio.do(_("Move"), edits.move, places)
        elif pointer.add:
            studio.select(studio.selection ^ self._together)
        else:
            studio.select(self._together)

    def cancel(self) -> None:
        """Everything goes back to where it was."""
        self._canvas.put_down()

    def paint(self, painter: QPainter) -> None:
        """Nothing: the canvas draws what it has lifted."""

    def _moved(self) -> frozenset[str]:
        return self._canvas.studio.selection | self._together
