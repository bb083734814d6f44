"""What stands still while one looks: drawn once into a pixmap with a margin for panning."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion

from bpstudio.playback.marks import Rect
from bpstudio.ui.canvas.view import View

MARGIN = 160
"""How far one can pan, in pixels of the widget, before something has to be drawn."""
SLOW = 0.012
"""What takes more seconds to draw is drawn after zooming, not while it goes on."""
MOST = 400
"""More stale parts than this are drawn as one."""

Paint: TypeAlias = Callable[[QPainter, list[Rect]], None]
"""Draws in canvas units whatever meets these parts of the canvas."""


class Layer:
    """The picture up to some layer, as pixels; what lies below is copied from the layer `under`.

    It is drawn again where it was declared stale, where panning uncovers it, and as a whole when
    the scale changes. `draws` counts how often that was, for tests and measurements.
    """

    def __init__(self, paint: Paint, under: Layer | None = None) -> None:
        self.paint, self.under = paint, under
        self.background = QColor("white")
        self.draws = 0
        self._pixmap = QPixmap()
        self._key: tuple[float, float, int, int] | None = None
        self._corner = (0, 0)
        self._stale: list[Rect] = []
        self._whole = True
        self._took = 0.0

    def forget(self) -> None:
        """Everything has to be drawn anew."""
        self._whole = True

    def spoil(self, rects: Iterable[Rect]) -> None:
        """These parts of the canvas have to be drawn anew."""
        if not self._whole:
            self._stale += rects

    @property
    def took(self) -> float:
        """How many seconds it took to draw the whole of it, and of what is under it."""
        return self._took + (self.under.took if self.under else 0.0)

    def show(
        self,
        painter: QPainter,
        view: View,
        size: tuple[int, int],
        ratio: float,
        *,
        hurry: bool = False,
    ) -> bool:
        """Bring the pixels up to date and draw them; the painter counts in pixels of the screen.

        In a hurry, what takes long to draw at another scale is drawn from the pixels that there
        are, larger or smaller. Whether they are as they should be.
        """
        key = (view.scale, ratio, *size)
        known = self._key is not None and self._key[1:] == key[1:]
        if hurry and known and self._key != key and not self._whole and self.took > SLOW:
            self._show_roughly(painter, view, size, ratio)
            return False
        self._refresh(view, size, ratio)
        unit = view.scale * ratio
        painter.drawPixmap(
            QPoint(0, 0),
            self._pixmap,
            QRect(
                round(view.x * unit) - self._corner[0],
                round(view.y * unit) - self._corner[1],
                math.ceil(size[0] * ratio),
                math.ceil(size[1] * ratio),
            ),
        )
        return True

    def _refresh(self, view: View, size: tuple[int, int], ratio: float) -> QRegion:
        """Draw whatever is not as it should be; what that was."""
        unit = view.scale * ratio
        margin = math.ceil(MARGIN * ratio)
        wide, high = (math.ceil(side * ratio) + 2 * margin for side in size)
        corner = round(view.x * unit) - margin, round(view.y * unit) - margin
        below = self.under._refresh(view, size, ratio) if self.under else QRegion()
        key = (view.scale, ratio, *size)
        whole = QRect(0, 0, wide, high)
        if key != self._key or self._whole:
            if (self._pixmap.width(), self._pixmap.height()) != (wide, high):
                self._pixmap = QPixmap(wide, high)
            self._key, self._corner = key, corner
            region = QRegion(whole)
        else:
            region = self._scrolled(corner, margin) | self._spoilt(unit) | below
            region &= QRegion(whole)
        self._stale, self._whole = [], False
        if not region.isEmpty():
            self._draw(unit, region)
        return region

    def _show_roughly(
        self, painter: QPainter, view: View, size: tuple[int, int], ratio: float
    ) -> None:
        """What was drawn at another scale, as it would be at this one."""
        assert self._key is not None
        old, new = self._key[0] * ratio, view.scale * ratio
        x, y = self._corner
        width, height = size[0] * ratio, size[1] * ratio
        source = QRectF(view.x * old - x, view.y * old - y, width * old / new, height * old / new)
        background = self.under.background if self.under else self.background
        painter.fillRect(QRectF(0, 0, width, height), background)
        painter.drawPixmap(QRectF(0, 0, width, height), self._pixmap, source)

    def _scrolled(self, corner: tuple[int, int], margin: int) -> QRegion:
        """After panning some way into the margin, move the pixels; what there is to draw then.

        Long before the margin is used up, so that no frame has much to draw.
        """
        dx, dy = corner[0] - self._corner[0], corner[1] - self._corner[1]
        if max(abs(dx), abs(dy)) <= margin // 4:
            return QRegion()
        self._corner = corner
        whole = QRect(QPoint(0, 0), self._pixmap.size())
        kept = whole.translated(-dx, -dy).intersected(whole)
        if not kept.isEmpty():
            self._pixmap.scroll(-dx, -dy, whole)
        return QRegion(whole).subtracted(QRegion(kept))

    def _spoilt(self, unit: float) -> QRegion:
        rects = []
        for rect in self._stale:
            left, top = math.floor(rect.x * unit) - 3, math.floor(rect.y * unit) - 3
            right, bottom = math.ceil(rect.right * unit) + 3, math.ceil(rect.bottom * unit) + 3
            at = QPoint(left - self._corner[0], top - self._corner[1])
            rects.append(QRect(at, QSize(right - left, bottom - top)))
        region = QRegion()
        for pixels in rects:
            region |= QRegion(pixels)
            if len(rects) > MOST:
                region = QRegion(region.boundingRect())
        return region

    def _draw(self, unit: float, region: QRegion) -> None:
        self.draws += 1
        began = time.perf_counter()
        x, y = self._corner
        with QPainter(self._pixmap) as painter:
            painter.setClipRegion(region)
            if self.under is None:
                painter.fillRect(region.boundingRect(), self.background)
            else:
                bounds = region.boundingRect()
                painter.drawPixmap(bounds, self.under._pixmap, bounds)
            painter.translate(-x, -y)
            painter.scale(unit, unit)
            self.paint(painter, [_on_canvas(rect, self._corner, unit) for rect in _parts(region)])
        if region.boundingRect().size() == self._pixmap.size():
            self._took = time.perf_counter() - began


def _parts(region: QRegion) -> list[QRect]:
    """The rectangles of a region; the one around it where they are too many."""
    bounds = region.boundingRect()
    return [bounds] if region.rectCount() > MOST else [*cast(Iterable[QRect], region)]


def _on_canvas(rect: QRect, corner: tuple[int, int], unit: float) -> Rect:
    return Rect(
        (rect.x() + corner[0]) / unit,
        (rect.y() + corner[1]) / unit,
        rect.width() / unit,
        rect.height() / unit,
    )
