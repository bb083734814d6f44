"""Move nodes, notes and boxes by dragging them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.engine.op import Kind
from bpstudio.language import _
from bpstudio.playback.timeline import Wire
from bpstudio.project import boxes, wiring
from bpstudio.ui.canvas.gestures.gesture import Pointer
from bpstudio.ui.canvas.hit import NEAR
from bpstudio.ui.canvas.overlay import paint_frame, paint_wire, paint_words

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


LEEWAY = 48.0
"""How far out of its box something can be dragged, in canvas units, and still widen the frame."""


class Move:
    """What is under the pointer and what is selected with it follows it.

    `grabbed` are the nodes and notes under the pointer: all of a box where its frame or its body
    is. A node without wires that is let go on a wire goes into it; what is let go in the frame of
    a box joins the box, and what is let go well outside of its own leaves it.
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
            box, held = self._box(), self._canvas.studio.project.boxes
            boxed = None if box is None else boxes.housed(held, self._carried, box)
            self._canvas.lift(self._moved(), *self.offset, boxed)

    def release(self, pointer: Pointer) -> None:
        """Put everything down, as one edit; without a drag it was a click."""
        canvas, studio = self._canvas, self._canvas.studio
        if self._dragging:
            self._last = pointer
            wire, box = self._wire(), self._box()
            places = canvas.places_moved(self._moved(), *self.offset)
            if places:
                words = _("Put into the wire") if wire else _("Move")
                if not wire and box is not None:
                    words = _("Put into the box") if box else _("Take out of the box")
                studio.do(words, wiring.drop, places, wire, box)
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
        elif box:
            paint_frame(painter, self._canvas.drawing.standing, box, self._canvas.theme)
        elif box is not None:
            theme, scale = self._canvas.theme, self._canvas.view.scale
            words = _("Let go here, and it leaves its box.")
            paint_words(painter, self._last.place, words, theme, scale)

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

    @property
    def _carried(self) -> Collection[str]:
        """All nodes and notes that move, those within bodies too."""
        return self._canvas.places_moved(self._moved(), 0.0, 0.0).keys()

    def _box(self) -> str | None:
        """The box that all of it would lie in, empty for none; None where it stays in its own.

        What comes from several boxes stays in them, wherever it is let go.
        """
        held, targets = self._canvas.studio.project.boxes, self._canvas.targets
        if not held:
            return None
        carried, place = self._carried, self._last.place
        holders = {boxes.holder(held, id) for id in boxes.units(held, carried)}
        if len(holders) != 1:
            return None
        holder, found = holders.pop(), targets.box_at(place, carried)
        if holder and found in ("", *boxes.around(held, holder)):
            frames = (frame for frame in self._canvas.scene.frames if frame.id == holder)
            if any(frame.rect.grown(LEEWAY).holds(place) for frame in frames):
                return None
        return None if found == holder else found
