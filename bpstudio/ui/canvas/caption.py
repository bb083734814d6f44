"""What happens in words and numbers, in a box that stays where it is."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from bpstudio.playback.captions import Caption
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.picture import caption_marks, caption_of, caption_place, caption_size
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Instant
from bpstudio.ui.canvas.clearing import UNDER, clear_place, covered, is_clear
from bpstudio.ui.canvas.view import Point, View
from bpstudio.ui.painter import paint_marks

SMALLEST, LARGEST = 0.9, 1.25
"""Between which scales its type follows the zoom."""
SMALL = 0.66
"""Rather than over the network it stands beside it, if it need not be smaller than this for it."""
LEGIBLE = 0.4
"""It is not made smaller than this to fit into the widget."""
MARGIN = 14.0
"""Pixels between it and the edge of the widget, at least."""


class CaptionBox:
    """The caption of what is shown, as pixels; its place is chosen once for a timeline."""

    def __init__(self) -> None:
        self._place: Rect | None = None
        self._moments = -1
        self._said: tuple[object, ...] = ()
        self._unit = 0.0
        self.caption: Caption | None = None
        self.covers = Rect(0.0, 0.0, 0.0, 0.0)
        """What it covered of the widget when it was last painted."""
        self._stands: Point | None = None
        self._chosen_for: tuple[object, ...] = ()
        self._size = 0.0, 0.0
        self._pixmap = QPixmap()

    def forget(self) -> None:
        """Choose another place, and say it anew."""
        self._place, self._said = None, ()
        self._stands, self._chosen_for = None, ()

    def place(self, laid_out: Scene, instant: Instant) -> Rect:
        """Where on the canvas all captions of the timeline have room."""
        count = len(instant.timeline)
        if self._place is None or count != self._moments:
            self._place = caption_place(laid_out, instant, steady=True)
            self._moments = count
        return self._place

    def paint(
        self,
        painter: QPainter,
        laid_out: Scene,
        instant: Instant,
        view: View,
        size: tuple[int, int],
        ratio: float,
    ) -> None:
        """At its place, or as near to it as can be seen; the painter counts in screen pixels."""
        place = self.place(laid_out, instant)
        caption = self._said_at(instant, laid_out.theme)
        wide, high = self._size
        fits = min((size[0] - 2 * MARGIN) / wide, (size[1] - 2 * MARGIN) / high)
        # In a small window it is rather small than cut off, as long as it can be read.
        scale = min(max(view.scale, SMALLEST), LARGEST, max(fits, LEGIBLE))
        if scale > view.scale:
            beside = _room_beside(laid_out, view, size) / high
            scale = min(scale, max(beside, view.scale, SMALL))
        self._draw(caption, laid_out.theme, scale * ratio)
        wide, high = wide * scale, high * scale
        x, y = view.to_widget((place.x, place.y))
        if scale > view.scale:
            # Larger than the room that was kept for it: it stands below the network, or above.
            extent = laid_out.extent
            (x, top), (_, bottom) = (
                view.to_widget(corner)
                for corner in ((extent.x, extent.y), (extent.x, extent.bottom))
            )
            gap = _gap(view)
            below = bottom + gap + high <= size[1] - MARGIN
            above = top - MARGIN - high >= MARGIN
            y = bottom + gap if below or not above else top - MARGIN - high
        # As large as any caption of the timeline, so that it does not move from step to step.
        box = max(wide, place.width * scale), max(high, place.height * scale)
        x = max(MARGIN, min(x, size[0] - box[0] - MARGIN))
        y = max(MARGIN, min(y, size[1] - box[1] - MARGIN))
        x, y = self._clear(laid_out, view, size, (x, y), box, (wide, high))
        self.covers = Rect(x, y, wide, high)
        painter.drawPixmap(round(x * ratio) - 2, round(y * ratio) - 2, self._pixmap)

    def _clear(
        self,
        laid_out: Scene,
        view: View,
        size: tuple[int, int],
        wish: Point,
        box: tuple[float, float],
        own: tuple[float, float],
    ) -> Point:
        """Where it is wished, where it stood last, or elsewhere: so that it covers no node.

        Where there is no room for the largest caption, this one stands where it has room itself.
        """
        asked = laid_out, view, size, wish, box, own
        if self._stands is None or asked != self._chosen_for:
            taken = covered(laid_out, view, size)
            self._stands = clear_place(taken, wish, self._stands, box, size, MARGIN)
            if not is_clear(taken, self._stands, box):
                self._stands = clear_place(taken, self._stands, None, own, size, MARGIN)
            self._chosen_for = asked
        return self._stands

    def _said_at(self, instant: Instant, theme: Theme) -> Caption:
        said = (instant.timeline, instant.moment, instant.phase, theme)
        if self.caption is None or said != self._said:
            self._said, self._unit = said, 0.0
            self.caption = caption_of(instant)
            self._size = caption_size(self.caption, theme)
        return self.caption

    def _draw(self, caption: Caption, theme: Theme, unit: float) -> None:
        if unit == self._unit:
            return
        self._unit = unit
        wide, high = self._size
        self._pixmap = QPixmap(math.ceil(wide * unit) + 4, math.ceil(high * unit) + 4)
        self._pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(self._pixmap) as painter:
            painter.translate(2, 2)
            painter.scale(unit, unit)
            paint_marks(painter, caption_marks(caption, Rect(0, 0, wide, high), theme), theme)


def _room_beside(laid_out: Scene, view: View, size: tuple[int, int]) -> float:
    """How many pixels high the free stripe is below the network, or above it."""
    extent = laid_out.extent
    (_, top), (_, bottom) = (
        view.to_widget(corner) for corner in ((extent.x, extent.y), (extent.x, extent.bottom))
    )
    return max(size[1] - bottom - _gap(view), top - MARGIN) - MARGIN


def _gap(view: View) -> float:
    """How many pixels stay free below the network, for the formulas under its lowest nodes."""
    return max(MARGIN, UNDER * view.scale)
