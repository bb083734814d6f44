"""What lies over the network: what is selected, hovered, marked, and the hint on nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from bpstudio.language import _
from bpstudio.playback.bodies import Body
from bpstudio.playback.ground import outline
from bpstudio.playback.marks import Box, Curves, Discs, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import width, wrapped
from bpstudio.playback.palette import Theme
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Wire
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.style import prose_font

PORT = 4.5
RING = 3.5


def paint_selected(painter: QPainter, scene: Scene, ids: Iterable[str], theme: Theme) -> None:
    """A ring around each body of these nodes, and around each of these notes."""
    chosen = frozenset(ids)
    colour = QColor(theme.colours["accent"])
    for body in _bodies(scene, chosen):
        _ring(painter, body, colour, theme.wire**0.5)
    for slip in scene.slips:
        if slip.note.id in chosen:
            painter.setPen(QPen(colour, 2.0 * theme.wire**0.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(*slip.rect.grown(RING)), 5 + RING, 5 + RING)


def paint_cursor(painter: QPainter, scene: Scene, id: str | None, theme: Theme) -> None:
    """A second, dashed ring around the node where the keyboard is, in the colour of text."""
    for body in _bodies(scene, () if id is None else (id,)):
        colour, line = QColor(theme.colours["text"]), theme.wire**0.5
        _ring(painter, body, colour, line, Qt.PenStyle.DashLine, RING + 4.0)


def paint_focus(painter: QPainter, width: int, height: int, theme: Theme) -> None:
    """A line around the whole canvas while it has the keyboard, in pixels of the widget."""
    wide = 2.0 * theme.wire**0.5
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(theme.colours["accent"]), wide))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inside = wide / 2
    painter.drawRect(QRectF(inside, inside, width - wide, height - wide))


def paint_marked(painter: QPainter, scene: Scene, ids: Iterable[str], theme: Theme) -> None:
    """A ring and a sign at each body that a problem speaks of."""
    colour = QColor(theme.colours["gradient"])
    for body in _bodies(scene, ids):
        _ring(painter, body, colour, theme.wire**0.5, Qt.PenStyle.DashLine)
        middle = QPointF(body.rect.right - 2, body.rect.y + 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(middle, 9.0, 9.0)
        painter.setPen(QColor(theme.colours["canvas"]))
        painter.setFont(prose_font(13, QFont.Weight.Bold))
        room = QRectF(middle.x() - 9, middle.y() - 9, 18, 18)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "!")


def paint_frame(painter: QPainter, scene: Scene, id: str, theme: Theme) -> None:
    """A line along the frame of a box that something would join."""
    for frame in scene.frames:
        if frame.id == id:
            painter.setPen(QPen(QColor(theme.colours["accent"]), 2.4 * theme.wire**0.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(*frame.rect), 12.0, 12.0)


def paint_wire(painter: QPainter, scene: Scene, wire: Wire, theme: Theme, opacity: float) -> None:
    """A broad band along a wire that is selected, or that the pointer is on."""
    path = scene.by_wire.get(wire)
    if path is not None:
        widths = np.full(len(path.controls), 5.0 * theme.wire)
        paint_marks(painter, (Curves(path.controls, Ink("accent", opacity), widths),), theme)


def paint_ports(painter: QPainter, places: Iterable[Point], theme: Theme, lit: bool) -> None:
    """Ports at which a wire could begin or end."""
    centres = np.array(list(places), dtype=float).reshape(-1, 2)
    if not len(centres):
        return
    if lit:
        mark = Discs(centres, PORT + 1.0, Ink("accent"), Ink("canvas"), 1.5)
    else:
        mark = Discs(centres, PORT, Ink("panel"), Ink("accent"), 1.5)
    paint_marks(painter, (mark,), theme)


def paint_dimmed(painter: QPainter, bodies: Iterable[Body], theme: Theme) -> None:
    """Bodies that something does not fit: as if far away."""
    veil = QColor(theme.colours["canvas"])
    veil.setAlphaF(0.62)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(veil)
    for body in bodies:
        radius = min(outline(body), body.rect.height / 2)
        painter.drawRoundedRect(QRectF(*body.rect.grown(1.5)), radius, radius)


def paint_words(painter: QPainter, place: Point, words: str, theme: Theme, scale: float) -> None:
    """A sentence right below a place of the canvas, as large as usual at any scale."""
    size = 12.5 * theme.type
    lines = wrapped(words, 300.0 * theme.type, size)
    wide = max((width(line, size) for line in lines), default=0.0)
    marks: list[Mark] = []
    rect = Rect(0.0, 0.0, wide + 20.0, 18.0 * theme.type * len(lines) + 12.0)
    marks.append(Box(rect, 8.0, Ink("panel"), Ink("border"), 1.2))
    for number, line in enumerate(lines):
        y = 6.0 + (18.0 * number + 13.0) * theme.type
        marks.append(Text(10.0, y, (Span(line, "text"),), size))
    painter.save()
    painter.translate(*place)
    painter.scale(1 / scale, 1 / scale)
    painter.translate(16.0, 18.0)
    paint_marks(painter, tuple(marks), theme)
    painter.restore()


def paint_hint(painter: QPainter, width: int, height: int, theme: Theme) -> None:
    """What can be done on an empty canvas, in pixels of the widget."""
    lines = (
        (_("Nothing here yet"), 17.0, QFont.Weight.DemiBold, "text"),
        (
            _("Drag a gate from the palette, or double-click to search for one."),
            13.0,
            None,
            "muted",
        ),
        (_("A formula such as (x+y)*z becomes its gates."), 13.0, None, "muted"),
        (
            _("To train a network, begin with data such as moons: search for it too."),
            13.0,
            None,
            "muted",
        ),
    )
    y = height / 2 - 46 * theme.type
    for text, size, weight, role in lines:
        painter.setFont(prose_font(size * theme.type, weight or QFont.Weight.Normal))
        painter.setPen(QColor(theme.colours[role]))
        room = QRectF(12, y, width - 24, 44 * theme.type)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        y += painter.boundingRect(room, int(flags), text).height() + 8
        painter.drawText(room, int(flags), text)


def _bodies(scene: Scene, ids: Iterable[str]) -> Iterable[Body]:
    found = (scene.bodies[id] for id in ids if id in scene.bodies)
    return {body.node.id: body for body in found}.values()


def _ring(
    painter: QPainter,
    body: Body,
    colour: QColor,
    line: float,
    style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    ring: float = RING,
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 2.0 * line, style))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    radius = min(outline(body), body.rect.height / 2) + ring
    painter.drawRoundedRect(QRectF(*body.rect.grown(ring)), radius, radius)
