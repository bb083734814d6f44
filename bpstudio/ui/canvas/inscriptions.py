"""Lines of text that stand where they are, drawn once and then copied."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from bpstudio.playback.marks import Text
from bpstudio.playback.palette import Theme
from bpstudio.ui.canvas.sprites import covered
from bpstudio.ui.painter import paint_marks

MOST = 1500
"""So many lines are kept; with more of them the oldest are forgotten."""


class Inscriptions:
    """The pixels of lines of text at one scale, each known by the very mark that says it."""

    def __init__(self) -> None:
        self._look: tuple[float, Theme | None] = (0.0, None)
        self._made: dict[Text, tuple[QPixmap, int, int]] = {}

    def paint(self, painter: QPainter, texts: Iterable[Text], theme: Theme) -> None:
        """These lines; the painter counts in canvas units, its corner on a whole pixel."""
        matrix = painter.worldTransform()
        unit = matrix.m11()
        if self._look != (unit, theme):
            self._look = unit, theme
            self._made.clear()
        dx, dy = round(matrix.dx()), round(matrix.dy())
        painter.save()
        painter.resetTransform()
        for text in texts:
            pixmap, left, top = self._made.get(text) or self._draw(text, theme, unit)
            painter.drawPixmap(left + dx, top + dy, pixmap)
        painter.restore()

    def _draw(self, text: Text, theme: Theme, unit: float) -> tuple[QPixmap, int, int]:
        rect = covered(text)
        left, top = math.floor(rect.x * unit), math.floor(rect.y * unit)
        wide, high = math.ceil(rect.right * unit) - left, math.ceil(rect.bottom * unit) - top
        pixmap = QPixmap(max(1, wide), max(1, high))
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.translate(-left, -top)
            painter.scale(unit, unit)
            paint_marks(painter, (text,), theme)
        if len(self._made) >= MOST:
            del self._made[next(iter(self._made))]
        self._made[text] = pixmap, left, top
        return self._made[text]
