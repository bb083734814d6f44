"""What happens now: the glow, the pulses, the rule of the gate.

While pulses are on their way each frame is another; once they have arrived, all of it stands until
the next moment, and is drawn once and then copied.
"""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from bpstudio.playback import flow
from bpstudio.playback.flow import Moving
from bpstudio.playback.marks import Mark, Rect, around
from bpstudio.ui.canvas.sprites import covered
from bpstudio.ui.painter import paint_marks

LARGEST = 4_000_000
"""What covers more pixels of the screen is not kept."""


class Passing:
    """What happens at an instant, as pixels where it stands."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._pixmap = QPixmap()
        self._bounds = Rect(0.0, 0.0, 0.0, 0.0)
        self._corner = (0, 0)

    def paint(self, painter: QPainter, moving: Moving, *, near: bool, seen: Rect) -> None:
        """Draw it; the painter counts in canvas units, `near` as for `flow.running`."""
        instant, theme = moving.instant, moving.scene.theme
        if instant is None:
            return
        if instant.pulses:
            paint_marks(painter, flow.running(moving, near=near), theme)
            return
        matrix = painter.worldTransform()
        unit = matrix.m11()
        of = (moving.scene, instant.timeline, instant.t, instant.phase, near, unit)
        if of != self._of:
            marks = flow.running(moving, near=near)
            self._bounds = around(covered(mark) for mark in marks).grown(2.0)
            if self._bounds.width * self._bounds.height * unit**2 > LARGEST:
                paint_marks(painter, marks, theme)
                return
            self._of = of
            self._draw(marks, moving, unit)
        if self._pixmap.isNull() or not self._bounds.meets(seen):
            return
        painter.save()
        painter.resetTransform()
        x, y = self._corner
        painter.drawPixmap(round(matrix.dx()) + x, round(matrix.dy()) + y, self._pixmap)
        painter.restore()

    def _draw(self, marks: tuple[Mark, ...], moving: Moving, unit: float) -> None:
        if not marks:
            self._pixmap = QPixmap()
            return
        bounds = self._bounds
        left, top = math.floor(bounds.x * unit), math.floor(bounds.y * unit)
        wide, high = math.ceil(bounds.right * unit) - left, math.ceil(bounds.bottom * unit) - top
        self._corner = (left, top)
        self._pixmap = QPixmap(max(1, wide), max(1, high))
        self._pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(self._pixmap) as painter:
            painter.translate(-left, -top)
            painter.scale(unit, unit)
            paint_marks(painter, marks, moving.scene.theme)
