"""Move nodes, notes and boxes by dragging them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.engine.op import Kind
from bpstudio.language import _
from bpstudio.playback.timeline import Wire
from bpstudio.project import boxes, wiring
from bpstudio.ui.canvas.gestures.gesture import Pointer
from bpstudio.ui.canvas.hit import NEAR
from bpstudio.ui.canvas.overlay import paint_frame, paint_wire

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Move:
    """What is under the pointer and what is selected with it follows it.

    `grabbed` are the nodes and notes under the pointer: all of a box where its frame or its body
    is. A node without wires that is let go on a wire goes into it; what lies in no box joins the
    box in whose frame it is let go.
    """

    def __init__(self, canvas: Canvas, pointer: Pointer, grabbed: frozenset[str]) -> None:
        self._canvas = canvas
        self._begin = self._last = pointer
        self._grabbed = grabbed
        self._dragging = False
        self._was_selected = grabbed <= canvas.studio.chosen
        if not self._was_selected and not pointer.add:
            canvas.select_wire(None)
            canvas.studio.select(grabbed)

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
        if self._dragging:
            self._last = pointer
            wire, box = self._wire(), self._box()
            places = canvas.places_moved(self._moved(), *self.offset)
            if places:
                words = _("Put into the wire") if wire else _("Move")
                if not wire and box:
                    words = _("Put into the box")
                studio.do(words, wiring.drop, places, wire, box or "")
            canvas.put_down()  # after the edit, so that nothing glides to where it is already
        elif pointer.add:
            chosen = studio.chosen
            kept = chosen - self._grabbed if self._was_selected else chosen | self._grabbed
            studio.select(kept)
        else:
            studio.select(self._grabbed)

    def cancel(self) -> None:
        """Everything goes back to where it was."""
        self._canvas.put_down()

    def paint(self, painter: QPainter) -> None:
        """The wire or the box that it would go into; the canvas draws what it has lifted."""
        if not self._dragging:
            return
        wire, box = self._wire(), self._box()
        if wire is not None:
            paint_wire(painter, self._canvas.scene, wire, self._canvas.theme, 0.5)
        elif box is not None:
            paint_frame(painter, self._canvas.scene, box, self._canvas.theme)

    def _moved(self) -> frozenset[str]:
        return self._canvas.studio.chosen | self._grabbed

    def _wire(self) -> Wire | None:
        """The wire that a node without wires would go into."""
        canvas = self._canvas
        moved, project = self._moved(), canvas.studio.project
        if moved & project.notes.keys() or len({canvas.scene.bodies[id] for id in moved}) != 1:
            return None
        body = canvas.scene.bodies[next(iter(moved))]
        op = body.node.op
        takes = any(port.kind is Kind.INPUT for port in op.ports)
        if body.box or op.category == "loss" or not takes or not wiring.alone(project, body.ids):
            return None
        found = canvas.targets.wire(self._last.place, 2 * NEAR / canvas.view.scale)
        return None if found is None else found.wire

    def _box(self) -> str | None:
        """The box that what lies in none would join."""
        project, moved = self._canvas.studio.project, self._moved()
        if not project.boxes or any(boxes.around(project.boxes, id) for id in moved):
            return None
        return self._canvas.targets.box_at(self._last.place)
