"""From arrays to Qt in one go: paths of curves, and many pieces of one pixmap."""

from __future__ import annotations

from typing import cast

import numpy as np
import shiboken6
from PySide6.QtCore import QByteArray, QDataStream, QIODevice
from PySide6.QtGui import QPainter, QPainterPath, QPixmap

from bpstudio.engine.op import Array

_ELEMENT = np.dtype([("kind", ">i4"), ("x", ">f8"), ("y", ">f8")])
_MOVE, _CURVE, _REST = 0, 2, 3


def path_of(controls: Array) -> QPainterPath:
    """Cubic curves with controls (n, 1 + 3k, 2) as one path, through Qt's own stream format."""
    count, each, _axes = controls.shape
    elements = np.empty(count * each, dtype=_ELEMENT)
    kinds = [_MOVE, *[_CURVE, _REST, _REST] * ((each - 1) // 3)]
    elements["kind"] = np.tile(kinds, count)
    elements["x"] = controls[:, :, 0].ravel()
    elements["y"] = controls[:, :, 1].ravel()
    head = np.array([count * each], ">i4").tobytes()
    fill_rule = np.zeros(2, ">i4").tobytes()
    data = QByteArray(head + elements.tobytes() + fill_rule)
    path = QPainterPath()
    stream = QDataStream(data, QIODevice.OpenModeFlag.ReadOnly)
    stream >> path
    return path


def draw_pieces(
    painter: QPainter,
    pixmap: QPixmap,
    corners: Array,
    sources: Array,
    opacities: Array | float = 1.0,
) -> None:
    """Pieces of a pixmap, each unscaled with its left upper corner at a place, shape (n, 2).

    `sources` (n, 4) are left, top, width and height in the pixmap. Everything is in whole pixels.
    """
    count = len(corners)
    if not count:
        return
    fragments = np.empty((count, 10))
    fragments[:, 0:2] = corners + sources[:, 2:4] / 2
    fragments[:, 2:6] = sources
    fragments[:, 6:8] = 1.0
    fragments[:, 8] = 0.0
    fragments[:, 9] = opacities
    first = shiboken6.wrapInstance(fragments.ctypes.data, QPainter.PixmapFragment)
    painter.drawPixmapFragments(cast(QPainter.PixmapFragment, first), count, pixmap)
