"""Draw a wire from an output to an input or back, or take the end of one elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from bpstudio.errors import ShapeError
from bpstudio.language import _
from bpstudio.playback.bodies import Body
from bpstudio.playback.marks import Curves, Ink
from bpstudio.playback.timeline import Wire
from bpstudio.playback.wires import curves
from bpstudio.project import edits, fitting, remedies, wiring
from bpstudio.ui.canvas.gestures.gesture import Pointer
from bpstudio.ui.canvas.hit import REACH, Input, Output
from bpstudio.ui.canvas.overlay import paint_dimmed, paint_ports, paint_words
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.painter import paint_marks

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

MOST_ASKED = 20_000
"""Ports times nodes up to which each port is asked whether the shapes fit it."""
PULL = 1.6
"""How much further a fitting port pulls the end of a wire than the pointer reaches."""


class Connect:
    """A wire whose one end is held by a port and whose other end follows the pointer.

    It begins at an output or at an open input; where it begins at an input that is fed, it takes
    the end of that wire along.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas, pointer: Pointer, port: Output | Input) -> None:
        self._canvas = canvas
        self._begin = self._last = pointer
        self._port = port
        self._dragging = False
        self._taken: Wire | None = port.wire if isinstance(port, Input) else None
        project = canvas.studio.project
        self._source: str | None = None
        if isinstance(port, Output):
            self._source = port.node
        elif port.wire is not None:
            self._source = project.graph[port.node].sources[port.port][port.slot]
        if self._source is not None:
            self._fitting = wiring.fits(project, self._source)
        else:
            self._fitting = wiring.feeds(project, port.node)
        self._objections: dict[tuple[str, str, str], str] = {}

    def move(self, pointer: Pointer) -> None:
        """Draw the wire to the pointer."""
        self._last = pointer
        if not self._dragging and pointer.far_from(self._begin):
            self._dragging = True
            if self._taken is not None:
                self._canvas.hide_wire(self._taken)

    def release(self, pointer: Pointer) -> None:
        """Connect what was found; on nothing, search for a gate or let the wire go."""
        self._last = pointer
        self._canvas.hide_wire(None)
        if not self._dragging:
            self._click()
            return
        studio = self._canvas.studio
        aimed = self._aim()
        before = studio.shown.problem
        if aimed is None:
            self._release_on_nothing()
            return
        if isinstance(aimed, Input) and self._taken is not None:
            if aimed.wire == self._taken:
                return
            words = _("Move the wire")
            done = studio.do(words, wiring.replug, self._taken, aimed.node, aimed.port)
        elif isinstance(aimed, Input) and self._source is not None:
            done = studio.do(_("Connect"), edits.connect, self._source, aimed.node, aimed.port)
        else:
            assert isinstance(self._port, Input)
            end = self._port
            done = studio.do(_("Connect"), edits.connect, aimed.node, end.node, end.port)
        if not done:
            self._refused(aimed)
        problem = studio.shown.problem
        if done and isinstance(problem, ShapeError) and not isinstance(before, ShapeError):
            studio.complain(problem)

    def _refused(self, aimed: Input | Output) -> None:
        """Show the loop that the wire would have closed, with what would let it be."""
        studio, end = self._canvas.studio, aimed if isinstance(aimed, Input) else self._port
        source = self._source if isinstance(aimed, Input) else aimed.node
        assert isinstance(end, Input) and source is not None
        loop = remedies.circle(studio.project, source, end.node, end.port)
        if loop is not None:
            studio.noticed.emit(None)  # the card beside the node says it
            self._canvas.troubles.refuse(loop)

    def cancel(self) -> None:
        """The wire springs back."""
        self._canvas.hide_wire(None)

    def paint(self, painter: QPainter) -> None:
        """The wire as it would be, and what it fits."""
        if not self._dragging:
            return
        canvas = self._canvas
        targets, theme = canvas.targets, canvas.theme
        seen = targets.within(canvas.seen)
        holder = canvas.scene.bodies[self._port.node if self._source is None else self._source]
        away = (body for body in seen if body is not holder and not self._fits(body))
        paint_dimmed(painter, away, theme)
        aimed = self._aim()
        near = [body for body in seen if self._fits(body)]
        paint_ports(painter, self._lit(near), theme, lit=False)
        end = self._place_of(aimed) if aimed is not None else self._last.place
        if aimed is not None:
            paint_ports(painter, [end], theme, lit=True)
        held = self._held_place()
        start, stop = (held, end) if self._source is not None else (end, held)
        controls = curves(np.array([start]), np.array([stop]))
        width = np.array([2.4 * theme.wire])
        paint_marks(painter, (Curves(controls, Ink("accent"), width),), theme)
        reason = self.reason()
        if reason:
            paint_words(painter, self._last.place, reason, theme, canvas.view.scale)

    def reason(self) -> str:
        """Why the wire is no good where the pointer is; empty where nothing speaks against it."""
        body = self._canvas.targets.body(self._last.place)
        aimed = self._aim()
        if isinstance(aimed, Input) and self._source is not None:
            return "" if aimed.wire == self._taken is not None else self._objection(aimed)
        if isinstance(aimed, Output) and isinstance(self._port, Input):
            return self._objection(self._port, aimed.node)
        if body is None or body.node.id == self._port.node:
            return ""
        title = body.title or body.node.label
        if self._source is None:
            return _("{label} gives nothing that could be connected.").format(label=title)
        return _("{label} takes no input.").format(label=title)

    def _objection(self, port: Input, source: str = "") -> str:
        """What speaks against a wire from a node, or from the one that is held, to a port."""
        key = source or self._source or "", port.node, port.port
        if key not in self._objections:
            found = fitting.objection(self._canvas.studio.project, *key)
            self._objections[key] = "" if found is None else str(found)
        return self._objections[key]

    def _lit(self, bodies: list[Body]) -> list[Point]:
        """The ports of these bodies at which the wire could end."""
        if self._source is None:
            ends = [(id, place) for body in bodies for id, place in body.exits.items()]
            return [place for id, place in ends if id in self._fitting]
        ports = [
            (Input(*wire), place)
            for body in bodies
            for wire, place in body.entries.items()
            if wire[0] in self._fitting
        ]
        nodes = len(self._canvas.studio.project.graph.nodes)
        if len(ports) * nodes > MOST_ASKED:
            return [place for _port, place in ports]
        return [place for port, place in ports if not self._objection(port)]

    def _fits(self, body: Body) -> bool:
        if self._source is not None:
            return any(wire[0] in self._fitting for wire in body.entries)
        return any(id in self._fitting for id in body.exits)

    def _click(self) -> None:
        """Without a drag it was a click: on what the port belongs to, or on its wire."""
        if self._taken is not None:
            self._canvas.select_wire(self._taken)
        else:
            self._canvas.select_wire(None)
            body = self._canvas.scene.bodies[self._port.node]
            self._canvas.studio.select(body.selected_as)

    def _release_on_nothing(self) -> None:
        canvas = self._canvas
        if self._taken is not None:
            canvas.studio.do(_("Remove the wire"), edits.disconnect, *self._taken)
        else:
            canvas.open_quick_search(self._last.at, self._port)

    def _aim(self) -> Input | Output | None:
        """The port that the wire would end at: a near one that fits, else whatever is under it."""
        targets, place = self._canvas.targets, self._last.place
        reach = PULL * REACH / self._canvas.view.scale
        if self._source is None:
            output = targets.output(place, reach)
            body = targets.body(place)
            if output is None and body is not None:
                output = targets.output_of(body, place)
            return output
        found = targets.input(place, reach)
        if found is not None and (found.node in self._fitting or targets.body(place) is None):
            return found
        body = targets.body(place)
        return None if body is None else targets.input_of(body, place)

    def _place_of(self, port: Input | Output) -> Point:
        body = self._canvas.scene.bodies[port.node]
        if isinstance(port, Output):
            return body.exit(port.node)
        return body.entries[port.node, port.port, port.slot]

    def _held_place(self) -> Point:
        """Where the end is that does not move."""
        if self._source is not None:
            return self._canvas.scene.bodies[self._source].exit(self._source)
        return self._place_of(self._port)
