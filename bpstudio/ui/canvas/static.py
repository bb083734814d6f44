"""What stands still while one looks: drawn once into a pixmap with a margin for panning."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion

from bpstudio.playback.marks import Rect
from bpstudio.ui.canvas.view import View

MARGIN = 160
"""How far one can pan, in pixels of the widget, before something has to be drawn."""

Paint = Callable[[QPainter, Rect], None]
"""Draws in canvas units whatever meets that part of the canvas."""


class Layer:
    """A part of the picture as pixels.

    It is drawn again where it was declared stale, where panning uncovers it, and as a whole when
    the scale changes. `draws` counts how often that was, for tests and measurements.
    """

    def __init__(self, paint: Paint, background: QColor | None = None) -> None:
        self.paint = paint
        self.background = background
        self.draws = 0
        self._pixmap = QPixmap()
        self._key: tuple[float, float, int, int] | None = None
        self._corner = (0, 0)
        self._stale: list[Rect] | None = None

    def forget(self) -> None:
        """Everything has to be drawn anew."""
        self._stale = None

    def spoil(self, rects: list[Rect]) -> None:
        """These parts of the canvas have to be drawn anew."""
        if self._stale is not None:
            self._stale += rects

    def show(self, painter: QPainter, view: View, width: int, height: int, ratio: float) -> None:
        """Bring the pixels up to date and draw them; the painter counts in pixels of the screen."""
        unit = view.scale * ratio
        margin = math.ceil(MARGIN * ratio)
        key = (view.scale, ratio, width, height)
        wide, high = math.ceil(width * ratio) + 2 * margin, math.ceil(height * ratio) + 2 * margin
        corner = round(view.x * unit) - margin, round(view.y * unit) - margin
        if key != self._key or self._stale is None:
            if (self._pixmap.width(), self._pixmap.height()) != (wide, high):
                self._pixmap = QPixmap(wide, high)
                self._pixmap.fill(self.background or Qt.GlobalColor.transparent)
            self._key, self._corner = key, corner
            self._draw(unit, QRegion(QRect(0, 0, wide, high)))
        else:
            self._scroll(corner, margin, unit)
            self._mend(unit)
        self._stale = []
        painter.drawPixmap(
            QPoint(0, 0),
            self._pixmap,
            QRect(
                round(view.x * unit) - self._corner[0],
                round(view.y * unit) - self._corner[1],
                math.ceil(width * ratio),
                math.ceil(height * ratio),
            ),
        )

    def _scroll(self, corner: tuple[int, int], margin: int, unit: float) -> None:
        """After panning beyond the margin, move the pixels and draw what came into view."""
        dx, dy = corner[0] - self._corner[0], corner[1] - self._corner[1]
        if max(abs(dx), abs(dy)) <= margin:
            return
        self._corner = corner
        whole = QRect(QPoint(0, 0), self._pixmap.size())
        kept = whole.translated(-dx, -dy).intersected(whole)
        if not kept.isEmpty():
            self._pixmap.scroll(-dx, -dy, whole)
        self._draw(unit, QRegion(whole).subtracted(QRegion(kept)))

    def _mend(self, unit: float) -> None:
        if not self._stale:
            return
        whole = QRect(QPoint(0, 0), self._pixmap.size())
        region = QRegion()
        for rect in self._stale:
            left = math.floor(rect.x * unit) - self._corner[0] - 3
            top = math.floor(rect.y * unit) - self._corner[1] - 3
            right = math.ceil(rect.right * unit) - self._corner[0] + 3
            bottom = math.ceil(rect.bottom * unit) - self._corner[1] + 3
            region |= QRegion(QRect(left, top, right - left, bottom - top))
        region &= QRegion(whole)
        if not region.isEmpty():
            self._draw(unit, region)

    def _draw(self, unit: float, region: QRegion) -> None:
        self.draws += 1
        x, y = self._corner
        with QPainter(self._pixmap) as painter:
            painter.setClipRegion(region)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.fillRect(region.boundingRect(), self.background or Qt.GlobalColor.transparent)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            painter.translate(-x, -y)
            painter.scale(unit, unit)
            bounds = region.boundingRect()
            self.paint(
                painter,
                Rect(
                    (bounds.x() + x) / unit,
                    (bounds.y() + y) / unit,
                    bounds.width() / unit,
                    bounds.height() / unit,
                ),
            )
