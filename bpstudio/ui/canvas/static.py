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
SLOW = 0.02
"""What takes more seconds to draw is drawn after zooming, not while it goes on."""
AT_ONCE = 0.003
"""What panning uncovers and takes more seconds is drawn roughly first, and refined after that."""
SPARE, REFINING = 0.001, 0.004
"""Seconds of a frame for what will be seen when one pans on, and for what is seen only roughly."""
PIECES = 192, 512
"""How many pixels along a side that has which is drawn in one go then, at least and at most."""
MOST = 400
"""More stale parts than this are drawn as one."""

Paint: TypeAlias = Callable[[QPainter, list[Rect], bool], None]
"""Draws in canvas units whatever meets these parts of the canvas; or roughly, which is fast."""


class Layer:
    """The picture up to some layer, as pixels; what lies below is copied from the layer `under`.

    It is drawn again where it was declared stale, where panning uncovers it, and as a whole when
    the scale changes. Where that takes long, what is seen is drawn roughly, or from pixels of
    another scale, and then refined piece by piece; what lies in the margin is drawn by the way.
    `draws` counts how often something was, for tests and measurements. With `hasty` it can be
    drawn roughly itself; every layer is as rough as what is under it.
    """

    def __init__(self, paint: Paint, under: Layer | None = None, *, hasty: bool = False) -> None:
        self.paint, self.under, self.hasty = paint, under, hasty
        self.background = QColor("white")
        self.draws = 0
        self._pixmap = QPixmap()
        self._key: tuple[float, float, int, int] | None = None
        self._corner = (0, 0)
        self._stale: list[Rect] = []
        self._missing, self._rough = QRegion(), QRegion()
        self._whole = True
        self._enlarged = False
        self._pace = self._piecewise = 0.0
        self._added = 0.0, 0
        self._seen: tuple[float, View] | None = None

    def forget(self) -> None:
        """Everything has to be drawn anew."""
        self._whole, self._enlarged = True, False

    def refine(self) -> None:
        """Everything has to be drawn anew, though for a moment it can be seen as it is."""
        self._whole = True

    def spoil(self, rects: Iterable[Rect]) -> None:
        """These parts of the canvas have to be drawn anew."""
        if not self._whole:
            self._stale += rects

    @property
    def took(self) -> float:
        """How many seconds of work all of it is, and what is under it."""
        whole = self._pace * self._pixmap.width() * self._pixmap.height()
        return whole + (self.under.took if self.under else 0.0)

    @property
    def rate(self) -> float:
        """How many seconds a pixel of it takes, and what is under it: rather too many."""
        under = self.under.rate if self.under else 0.0
        return max(self._pace + under, self._piecewise)

    @property
    def behind(self) -> bool:
        """Whether there is something left to draw, when there is time."""
        return not (self._missing.isEmpty() and self._rough.isEmpty())

    def will_do(self, view: View, size: tuple[int, int], ratio: float) -> bool:
        """Whether in a hurry its pixels are shown larger or smaller, for drawing takes long."""
        key = (view.scale, ratio, *size)
        known = self._key is not None and self._key[1:] == key[1:]
        return known and self._key != key and not self._whole and self.took > SLOW

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
        are, larger or smaller. Whether what is seen is as it should be.
        """
        wide, high = math.ceil(size[0] * ratio), math.ceil(size[1] * ratio)
        if hurry and self.will_do(view, size, ratio):
            self._enlarged = True
            background = self.under.background if self.under else self.background
            painter.fillRect(QRect(0, 0, wide, high), background)
            painter.drawPixmap(
                QRectF(0, 0, wide, high), self._pixmap, self._source(view, ratio, wide, high, 0)
            )
            return False
        self._follow(view, size, ratio)
        unit = view.scale * ratio
        left, top = round(view.x * unit) - self._corner[0], round(view.y * unit) - self._corner[1]
        seen = QRect(left, top, wide, high)
        before, self._seen = self._seen, (unit, view)
        moved = before != self._seen
        if self.took <= SLOW:
            region = self._missing | self._rough
            # While one zooms, what is not seen need not be drawn at each size.
            zooms = before is not None and before[0] != unit
            self._draw(unit, region & seen if zooms else region, well=True)
        elif self.behind:
            began = time.thread_time()
            missing = self._missing & seen
            pace = self.rate
            if moved and pace * _pixels(missing) > AT_ONCE:
                self._draw(unit, missing, rough=True)
            else:
                self._draw_piece(unit, missing)
            if not moved:
                self._draw_while(unit, self._rough & seen, began + REFINING)
            if not moved or pace * PIECES[0] ** 2 < AT_ONCE:
                self._draw_while(unit, self._missing | self._rough, began + SPARE)
        painter.drawPixmap(QPoint(0, 0), self._pixmap, seen)
        return (self._rough & seen).isEmpty()

    def _follow(self, view: View, size: tuple[int, int], ratio: float) -> QRegion:
        """Keep to the view; what is missing now that was not before."""
        unit = view.scale * ratio
        margin = math.ceil(MARGIN * ratio)
        wide, high = (math.ceil(side * ratio) + 2 * margin for side in size)
        corner = round(view.x * unit) - margin, round(view.y * unit) - margin
        missing = self.under._follow(view, size, ratio) if self.under else QRegion()
        key = (view.scale, ratio, *size)
        whole = QRect(0, 0, wide, high)
        if key != self._key or self._whole:
            self._missing, self._rough = QRegion(), QRegion()
            if self._enlarged and self._key is not None and self._key[1:] == key[1:]:
                self._enlarge(view, ratio, margin)
                self._rough, missing = QRegion(whole), QRegion()
            else:
                missing = QRegion(whole)
                if self._pixmap.size() != whole.size():
                    self._pixmap = QPixmap(whole.size())
            self._key, self._corner = key, corner
        else:
            missing |= self._scrolled(corner, margin)
            missing |= self._spoilt(unit)
            missing &= QRegion(whole)
        self._stale, self._whole, self._enlarged = [], False, False
        self._missing |= missing
        self._rough -= missing
        return missing

    def _source(self, view: View, ratio: float, wide: float, high: float, margin: float) -> QRectF:
        """Where in the pixels stands what a view shows at another scale."""
        assert self._key is not None
        old, new = self._key[0] * ratio, view.scale * ratio
        x = (view.x - margin / new) * old - self._corner[0]
        y = (view.y - margin / new) * old - self._corner[1]
        return QRectF(x, y, wide * old / new, high * old / new)

    def _enlarge(self, view: View, ratio: float, margin: int) -> None:
        """Take the pixels that there are larger or smaller, until better ones are drawn."""
        wide, high = self._pixmap.width(), self._pixmap.height()
        larger = QPixmap(wide, high)
        larger.fill(self.under.background if self.under else self.background)
        source = self._source(view, ratio, wide, high, margin)
        with QPainter(larger) as painter:
            painter.drawPixmap(QRectF(0, 0, wide, high), self._pixmap, source)
        self._pixmap = larger

    def _scrolled(self, corner: tuple[int, int], margin: int) -> QRegion:
        """After panning some way into the margin, move the pixels; what there is to draw then.

        Long before the margin is used up, so that it can be drawn by the way.
        """
        dx, dy = corner[0] - self._corner[0], corner[1] - self._corner[1]
        if max(abs(dx), abs(dy)) <= margin // 2:
            return QRegion()
        self._corner = corner
        whole = QRect(QPoint(0, 0), self._pixmap.size())
        kept = whole.translated(-dx, -dy).intersected(whole)
        if not kept.isEmpty():
            self._pixmap.scroll(-dx, -dy, whole)
        for region in (self._missing, self._rough):
            region.translate(-dx, -dy)
        return QRegion(whole).subtracted(QRegion(kept))

    def _spoilt(self, unit: float) -> QRegion:
        """What is stale, as far as there are pixels of it: elsewhere there is nothing to mend."""
        whole, rects = QRect(QPoint(0, 0), self._pixmap.size()), []
        for rect in self._stale:
            left, top = math.floor(rect.x * unit) - 3, math.floor(rect.y * unit) - 3
            right, bottom = math.ceil(rect.right * unit) + 3, math.ceil(rect.bottom * unit) + 3
            at = QPoint(left - self._corner[0], top - self._corner[1])
            pixels = QRect(at, QSize(right - left, bottom - top)) & whole
            if not pixels.isEmpty():
                rects.append(pixels)
        region = QRegion()
        for pixels in rects:
            region |= QRegion(pixels)
            if len(rects) > MOST:
                region = QRegion(region.boundingRect())
        return region

    def _draw_while(self, unit: float, region: QRegion, end: float) -> None:
        """Draw as much of a region as there is time for until `end`, piece by piece."""
        while not region.isEmpty() and (left := end - time.thread_time()) > 0:
            first = next(iter(cast(Iterable[QRect], region)))
            least, most = PIECES
            side = min(max(math.isqrt(int(left / max(self.rate, 1e-9))), least), most)
            wide = min(side, first.width())
            piece = region & QRect(first.topLeft(), QSize(wide, side * side // wide))
            self._draw_piece(unit, piece, well=True)
            region -= piece

    def _draw(
        self, unit: float, region: QRegion, *, rough: bool = False, well: bool = False
    ) -> None:
        """Draw a region, with what is missing under it; `well` also what is rough there."""
        if region.isEmpty():
            return
        under = self.under
        if under is not None:
            needed = under._missing | under._rough if well else under._missing
            under._draw(unit, needed & region, rough=rough, well=well)
        self.draws += 1
        began = time.thread_time()
        x, y = self._corner
        bounds, parts = region.boundingRect(), _parts(region)
        with QPainter(self._pixmap) as painter:
            painter.setClipRegion(region)
            if under is None:
                painter.fillRect(bounds, self.background)
            else:
                painter.drawPixmap(bounds, under._pixmap, bounds)
            painter.translate(-x, -y)
            painter.scale(unit, unit)
            self.paint(painter, [_on_canvas(rect, self._corner, unit) for rect in parts], rough)
        self._missing -= region
        self._rough = self._rough | region if rough and self.hasty else self._rough - region
        if under is not None:
            self._rough |= under._rough & region
        seconds, pixels = time.thread_time() - began, _pixels(region)
        large = pixels > self._pixmap.width() * self._pixmap.height() / 8
        if not rough and (large or seconds > SLOW):
            self._pace = self._piecewise = seconds / pixels

    def _draw_piece(self, unit: float, region: QRegion, *, well: bool = False) -> None:
        """Draw it, and take note of how long it took; many together tell what the whole takes."""
        if region.isEmpty():
            return
        began = time.thread_time()
        self._draw(unit, region, well=well)
        seconds, pixels = time.thread_time() - began, _pixels(region)
        if pixels >= PIECES[0] ** 2:
            self._piecewise = (self._piecewise + seconds / pixels) / 2
        self._added = self._added[0] + seconds, self._added[1] + pixels
        if self._added[1] > self._pixmap.width() * self._pixmap.height():
            self._pace, self._added = self._added[0] / self._added[1], (0.0, 0)


def _pixels(region: QRegion) -> int:
    return sum(rect.width() * rect.height() for rect in cast(Iterable[QRect], region))


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
