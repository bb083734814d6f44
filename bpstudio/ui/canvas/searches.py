"""Where the search boxes of a canvas open, and where what is taken from them will stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from bpstudio.playback.bodies import node_sizes
from bpstudio.project import placing
from bpstudio.ui.canvas import joining, quick_search
from bpstudio.ui.canvas.hit import Input, Output, Strand
from bpstudio.ui.canvas.quick_search import Where
from bpstudio.ui.canvas.search_box import SearchBox
from bpstudio.ui.canvas.view import Point

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

LEFTWARDS = 150.0
"""How far before a port a new gate stands that feeds it, in canvas units."""

ROOM = (150.0, 54.0)
"""What is left free for a node of which nobody knows yet how large it is: a layer's width."""


def open_add(canvas: Canvas, at: Point | None, where: Where) -> SearchBox:
    """Search for something to put at a pixel of the widget, or where there is room."""
    place = free_place(canvas, where) if at is None else canvas.view.to_canvas(at)
    return _opened(canvas, quick_search.search(canvas, place, where), place)


def open_connect(canvas: Canvas, id: str) -> SearchBox:
    """Search for what a node can be connected to."""
    place = free_place(canvas, Output(id))
    return _opened(canvas, joining.connecting(canvas, id, place), place)


def open_wires(canvas: Canvas, id: str) -> SearchBox:
    """Choose one of a node's wires."""
    return _opened(canvas, joining.choosing_wire(canvas, id), free_place(canvas, Output(id)))


def free_place(canvas: Canvas, where: Where) -> Point:
    """Where a new gate may stand: in its wire, beside its port, or beside what is selected.

    On an empty canvas that is the middle of what is seen.
    """
    scene, project = canvas.scene, canvas.studio.project
    if not scene.bodies:
        return canvas.view.to_canvas(canvas.middle)
    if isinstance(where, Strand):
        x, y = scene.by_wire[where.wire].at(0.5)[0].tolist()
        return x, y
    if isinstance(where, Input):
        x, y = scene.bodies[where.node].inputs()[where.port, where.slot]
        return x - LEFTWARDS, y
    beside = scene.bodies[where.node].ids if where is not None else canvas.studio.selection
    return placing.free_place(project, beside, size=ROOM, sizes=node_sizes(project))


def _opened(canvas: Canvas, box: SearchBox, place: Point) -> SearchBox:
    x, y = canvas.view.to_widget(place)
    box.open_at(QPoint(round(x), round(y)))
    return box
