"""Put something from the palette on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind, Op
from bpstudio.playback.ground import ground
from bpstudio.playback.scene import scene
from bpstudio.playback.timeline import Wire
from bpstudio.project.project import Project
from bpstudio.ui.canvas import adding
from bpstudio.ui.canvas.gestures.gesture import Pointer
from bpstudio.ui.canvas.hit import NEAR
from bpstudio.ui.canvas.overlay import paint_wire
from bpstudio.ui.painter import paint_marks

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Place:
    """A gate or a data set that is dragged over the canvas; over a wire a gate goes into it."""

    cursor = Qt.CursorShape.DragCopyCursor

    def __init__(self, canvas: Canvas, pointer: Pointer, what: Op | str) -> None:
        self._canvas, self._what = canvas, what
        self._last = pointer

    def move(self, pointer: Pointer) -> None:
        """It is over another place."""
        self._last = pointer

    def release(self, pointer: Pointer) -> None:
        """Put it there."""
        self._last = pointer
        studio, place = self._canvas.studio, pointer.place
        wire = self._wire()
        if isinstance(self._what, str):
            adding.add_data(studio, self._what, place)
        elif wire is not None:
            adding.add_into(studio, self._what, place, wire)
        else:
            adding.add_op(studio, self._what, place)

    def cancel(self) -> None:
        """It was taken away again."""

    def paint(self, painter: QPainter) -> None:
        """What it will look like, and the wire that it will go into."""
        wire = self._wire()
        if wire is not None:
            paint_wire(painter, self._canvas.scene, wire, self._canvas.theme, 0.5)
        if isinstance(self._what, str):
            return
        node = Node("new", self._what)
        alone = Project(graph=Graph({"new": node}), places={"new": self._last.place})
        painter.setOpacity(0.75)
        paint_marks(painter, ground(scene(alone, self._canvas.theme)), self._canvas.theme)
        painter.setOpacity(1.0)

    def _wire(self) -> Wire | None:
        """The wire under it, if it can go into one."""
        if isinstance(self._what, str) or self._what.category == "loss":
            return None
        if not any(port.kind is Kind.INPUT for port in self._what.ports):
            return None
        targets = self._canvas.targets
        if targets.body(self._last.place) is not None:
            return None
        found = targets.wire(self._last.place, 2 * NEAR / self._canvas.view.scale)
        return None if found is None else found.wire
