"""The grid: dots that say how large one looks, and that the canvas moves."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPen

from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import Theme

GRID = 24.0
"""Canvas units between two dots of the grid."""
CLOSEST = 14.0
"""Pixels between two dots, at least; where they would be closer, every second is left out."""


def paint_grid(painter: QPainter, part: Rect, theme: Theme) -> None:
    """The dots of the grid in a part of the canvas."""
    unit = painter.worldTransform().m11()
    pitch = GRID
    while pitch * unit < CLOSEST:
        pitch *= 2
    xs = np.arange(np.ceil(part.x / pitch), part.right / pitch) * pitch
    ys = np.arange(np.ceil(part.y / pitch), part.bottom / pitch) * pitch
    pen = QPen(QColor(theme.colours["grid"]), 2.0)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.drawPoints([QPointF(x, y) for x in xs.tolist() for y in ys.tolist()])
