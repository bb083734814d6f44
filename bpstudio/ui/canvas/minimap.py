"""The whole network in a corner of the canvas, with a frame around what is seen."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from bpstudio.language import _
from bpstudio.playback.bodies import DATA, LAYER, LOSS
from bpstudio.playback.marks import Rect, around
from bpstudio.playback.palette import category_role
from bpstudio.playback.scene import Scene
from bpstudio.playback.sheet import fitted
from bpstudio.ui.canvas.view import Point

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

WIDTH, HEIGHT = 184, 118
"""How large it is at most, in pixels of the widget."""
MARGIN, INSIDE = 12, 7
SMALLEST = 3.0
"""A body is drawn at least so many pixels wide."""
ROOM = 5
"""It takes at most one part in so many of the canvas, from side to side."""


class Minimap(QWidget):
    """Shown where the network does not fit; a press or a drag in it moves the view."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._wanted = True
        self._picture = QPixmap()
        self._of: tuple[object, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()
        canvas.looked.connect(self.follow)
        canvas.studio.changed.connect(self.follow)
        canvas.studio.preferred.connect(self._prefer)
        self._prefer()

    def follow(self, _what: object = None) -> None:
        """Another part of the network is seen, or another network."""
        canvas = self._canvas
        whole = bool(canvas.scene.bodies) and not _holds(
            canvas.seen.grown(1.0), _extent(canvas.scene)
        )
        large = canvas.width() >= 2.4 * WIDTH and canvas.height() >= 2.4 * HEIGHT
        self.setVisible(self._wanted and whole and large)
        if self.isVisible():
            wide = min(WIDTH, canvas.width() // ROOM * 2)
            self.setGeometry(
                canvas.width() - wide - MARGIN, canvas.height() - HEIGHT - MARGIN, wide, HEIGHT
            )
            self.update()

    def to_canvas(self, at: Point) -> Point:
        """The place of the canvas that is drawn at a pixel of it."""
        factor, dx, dy = self._fit()
        return (at[0] - dx) / factor, (at[1] - dy) / factor

    def to_pixel(self, place: Point) -> Point:
        """Where a place of the canvas is drawn."""
        factor, dx, dy = self._fit()
        return place[0] * factor + dx, place[1] * factor + dy

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The network from its pixels, and the frame on top."""
        canvas, ratio = self._canvas, self.devicePixelRatioF()
        of = (canvas.scene, self.width(), self.height(), ratio, self._fit())
        if of != self._of:
            self._of = of
            self._draw(ratio)
        theme = canvas.theme
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._picture)
            (x, y), (right, bottom) = (self.to_pixel(corner) for corner in _corners(canvas.seen))
            frame = QRectF(x, y, right - x, bottom - y)
            frame = frame.intersected(QRectF(self.rect()).adjusted(3, 3, -3, -3))
            fill = QColor(theme.colours["accent"])
            fill.setAlphaF(0.1)
            painter.fillRect(frame, fill)
            painter.setPen(QPen(QColor(theme.colours["accent"]), 1.0))
            painter.drawRect(frame)

    def _draw(self, ratio: float) -> None:
        theme = self._canvas.theme
        self._picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(Qt.GlobalColor.transparent)
        factor, _dx, _dy = self._fit()
        with QPainter(self._picture) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor(theme.colours["panel"]))
            painter.setPen(QPen(QColor(theme.colours["border"]), 1.0))
            edge = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(edge, 8, 8)
            painter.setPen(Qt.PenStyle.NoPen)
            for body in self._canvas.scene.each:
                painter.setBrush(QColor(theme.colours[category_role(body.node.op.category)]))
                x, y = self.to_pixel(body.rect.centre)
                wide = max(SMALLEST, body.rect.width * factor)
                high = max(SMALLEST, body.rect.height * factor)
                radius = 2.0 if body.kind in (DATA, LAYER, LOSS) else min(wide, high) / 2
                painter.drawRoundedRect(
                    QRectF(x - wide / 2, y - high / 2, wide, high), radius, radius
                )

    def _fit(self) -> tuple[float, float, float]:
        room = Rect(INSIDE, INSIDE, self.width() - 2 * INSIDE, self.height() - 2 * INSIDE)
        return fitted(_extent(self._canvas.scene).grown(1.0), room)

    # -- the mouse ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._look(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The view follows the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._look(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Stay there."""
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Nothing opens here."""
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the middle of what is seen."""
        if event.angleDelta().y():
            self._canvas.zoom(1.25 if event.angleDelta().y() > 0 else 0.8)
        event.accept()

    def _look(self, event: QMouseEvent) -> None:
        canvas = self._canvas
        at = event.position().x(), event.position().y()
        x, y = canvas.view.to_widget(self.to_canvas(at))
        canvas.look(canvas.view.moved(canvas.width() / 2 - x, canvas.height() / 2 - y))

    def _prefer(self, _preferences: object = None) -> None:
        self._wanted = self._canvas.studio.preferences.minimap
        self.setAccessibleName(_("The whole network in small"))
        self.setToolTip(_("The whole network: press or drag to look there."))
        self._of = ()
        self.follow()


@lru_cache(maxsize=2)
def _extent(scene: Scene) -> Rect:
    """What bodies and frames cover; wires may stand out a little."""
    return around([*(body.rect for body in scene.each), *(f.rect for f in scene.frames)])


def _corners(rect: Rect) -> tuple[Point, Point]:
    return (rect.x, rect.y), (rect.right, rect.bottom)


def _holds(outer: Rect, inner: Rect) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom
