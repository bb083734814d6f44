"""Bars with a name before and a number behind, such as how much gradient reaches each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from bpstudio.playback import digits
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.ui.style import code_font

ROW = 21.0
BAR = 9.0


class Bar(NamedTuple):
    """A name, and a size that is not negative."""

    name: str
    size: float


class Bars(QWidget):
    """The largest bar takes all the room; one that is not finite is drawn as full as that."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role
        self._bars: tuple[Bar, ...] = ()
        self._theme: Theme = THEMES["light"]
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.updateGeometry()
        self.update()

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show these."""
        new = tuple(bars)
        if new == self._bars:
            return
        if len(new) != len(self._bars):
            self.updateGeometry()
        self._bars = new
        self.setAccessibleDescription(
            ", ".join(f"{name} {digits.small(size)}" for name, size in new)
        )
        self.update()

    def sizeHint(self) -> QSize:
        """A row for each bar."""
        return QSize(120, round(ROW * self._theme.type * len(self._bars)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, bars, numbers."""
        theme = self._theme
        numbers = code_font(11 * theme.type)
        room = QFontMetricsF(numbers).horizontalAdvance("0.0e−00")
        names = min(0.42 * self.width(), self._widest() + 10)
        finite = [bar.size for bar in self._bars if np.isfinite(bar.size)]
        largest = max(finite, default=0.0) or 1.0
        row, high = ROW * theme.type, BAR * theme.type
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for index, bar in enumerate(self._bars):
                top = index * row
                painter.setFont(self.font())
                painter.setPen(QColor(theme.colours["muted"]))
                name = self.fontMetrics().elidedText(
                    bar.name, Qt.TextElideMode.ElideRight, int(names - 6)
                )
                painter.drawText(QRectF(0, top, names, row), Qt.AlignmentFlag.AlignVCenter, name)
                share = min(1.0, bar.size / largest) if np.isfinite(bar.size) else 1.0
                wide = max(2.0, share * (self.width() - names - room - 8))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(theme.colours[self._role]))
                painter.drawRoundedRect(QRectF(names, top + (row - high) / 2, wide, high), 3, 3)
                painter.setFont(numbers)
                painter.setPen(QColor(theme.colours["text"]))
                place = QRectF(names + wide + 7, top, room + 4, row)
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, digits.small(bar.size))

    def _widest(self) -> float:
        return max((self.fontMetrics().horizontalAdvance(b.name) for b in self._bars), default=0)
