"""The bundled icons in the colour of the text around them."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from bpstudio import resources

SIZES = (16, 20)
"""The sizes that are drawn, in pixels of a screen at scale 1."""


def icon(name: str, colour: str = "") -> QIcon:
    """An icon by its file's name, in that colour or in that of buttons' text."""
    palette = QGuiApplication.palette()
    normal = colour or palette.color(QPalette.ColorRole.ButtonText).name()
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText).name()
    sharpest = max(screen.devicePixelRatio() for screen in QGuiApplication.screens())
    return _drawn(name, normal, disabled, sharpest)


def application_icon() -> QIcon:
    """The studio's own icon, in its own colours."""
    return QIcon(str(resources.path("icons", "bpstudio.svg")))


@lru_cache(maxsize=512)
def _drawn(name: str, normal: str, disabled: str, scale: float) -> QIcon:
    made = QIcon()
    drawing = QSvgRenderer(str(resources.path("icons", "tabler", f"{name}.svg")))
    for size in SIZES:
        shape = _pixmap(drawing, size, scale)
        made.addPixmap(_coloured(shape, QColor(normal)), QIcon.Mode.Normal)
        made.addPixmap(_coloured(shape, QColor(disabled)), QIcon.Mode.Disabled)
    return made


def _pixmap(drawing: QSvgRenderer, size: int, scale: float) -> QPixmap:
    pixmap = QPixmap(round(size * scale), round(size * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        drawing.render(painter, QRectF(0, 0, size, size))
    return pixmap


def _coloured(shape: QPixmap, colour: QColor) -> QPixmap:
    """The same shape all in one colour: icons are lines, drawn in black."""
    pixmap = QPixmap(shape)
    with QPainter(pixmap) as painter:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(pixmap.rect(), colour)
    return pixmap
