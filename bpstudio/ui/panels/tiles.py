"""The small picture of a gate or a data set: its symbol, its curve, or its points."""

from __future__ import annotations

import logging
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap, QPolygonF

from bpstudio.data import toys
from bpstudio.engine.op import Array
from bpstudio.playback import metrics
from bpstudio.playback.bodies import symbol
from bpstudio.playback.palette import CLASS_ROLES, Theme
from bpstudio.ui.panels.entries import Entry
from bpstudio.ui.style import CODE, PROSE

WIDTH, HEIGHT = 30, 22
LONG = "ƒ"
"""What stands for a formula that is too long for a tile; of a word its first letter does."""
_POINTS = 60
_SMALLEST = 7.5

log = logging.getLogger(__name__)


def tile(entry: Entry, theme: Theme, scale: float) -> QPixmap:
    """The picture in the colours of that theme, for that many pixels per unit."""
    return _drawn(entry, theme, scale)


@lru_cache(maxsize=512)
def _drawn(entry: Entry, theme: Theme, scale: float) -> QPixmap:
    grown = scale * theme.type
    pixmap = QPixmap(round(WIDTH * grown), round(HEIGHT * grown))
    pixmap.setDevicePixelRatio(grown)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.colours["border"]), 1))
        painter.setBrush(QColor(theme.colours["canvas"]))
        painter.drawRoundedRect(QRectF(0.5, 0.5, WIDTH - 1, HEIGHT - 1), 5, 5)
        try:
            _fill(painter, entry, theme)
        except Exception:
            # The code of a plugin ran here; without its curve the gate can be chosen all the same.
            log.info("%s can't be drawn", entry.name, exc_info=True)
            _table(painter, theme) if entry.is_data else _symbol(painter, symbol(entry.op), theme)
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def _fill(painter: QPainter, entry: Entry, theme: Theme) -> None:
    if entry.is_data:
        _points(painter, entry.name, theme)
    elif entry.op.category == "activation" and len(entry.op.ports) == 1:
        _curve(painter, entry, theme)
    elif entry.op.category == "layer":
        _layer(painter, theme)
    elif entry.name == "data":
        _table(painter, theme)
    else:
        _symbol(painter, symbol(entry.op), theme)


def _symbol(painter: QPainter, text: str, theme: Theme) -> None:
    sign = len(text) == 1 and not text.isalpha()
    kind, weight = (metrics.PROSE, 600) if sign else (metrics.MONO, 400)
    size = 15.0 if sign else 11.0
    room = WIDTH - 5
    fitting = size * room / metrics.width(text, size, kind, weight)
    if fitting < _SMALLEST:
        text, fitting = LONG if "(" in text else text[0], size
    size = min(size, fitting)
    font = QFont(PROSE if sign else CODE)
    font.setPixelSize(round(size))
    font.setWeight(QFont.Weight(weight))
    painter.setFont(font)
    painter.setPen(QColor(theme.colours["text"]))
    painter.drawText(QRectF(0, 0, WIDTH, HEIGHT - 1), Qt.AlignmentFlag.AlignCenter, text)


def _curve(painter: QPainter, entry: Entry, theme: Theme) -> None:
    """What the activation makes of the numbers from −3 to 3."""
    x = np.linspace(-3.0, 3.0, 40)
    y = np.asarray(entry.op.forward(x))
    if y.shape != x.shape:  # not a function of each number by itself
        _symbol(painter, symbol(entry.op), theme)
        return
    painter.setPen(QPen(QColor(theme.colours["forward"]), 1.5))
    painter.drawPolyline(QPolygonF(_placed(x, y)))


def _points(painter: QPainter, name: str, theme: Theme) -> None:
    toy = toys.TOYS[name]
    if len(toy.feature_names) > 2:
        _table(painter, theme)
        return
    data = toys.make(name, points=_POINTS if toy.points else None)
    x = data.features[:, 0]
    flat = data.features.shape[1] == 1
    y = data.answers[:, 0] if flat else data.features[:, 1]
    radius = 0.95 if toy.points else 2.0
    colours = _point_colours(data.answers, data.classification, theme)
    painter.setPen(Qt.PenStyle.NoPen)
    for place, colour in zip(_placed(x, y, square=not flat), colours, strict=True):
        painter.setBrush(QColor(colour))
        painter.drawEllipse(place, radius, radius)


def _point_colours(answers: Array, classes: bool, theme: Theme) -> list[str]:
    if classes:
        return [theme.colours[CLASS_ROLES[i % len(CLASS_ROLES)]] for i in answers.tolist()]
    return [theme.colours["positive" if a > 0 else "negative"] for a in answers[:, 0].tolist()]


def _layer(painter: QPainter, theme: Theme) -> None:
    """Two columns of neurons, each wired to each."""
    left = [QPointF(9, 7), QPointF(9, 15)]
    right = [QPointF(21, 4.5), QPointF(21, 11), QPointF(21, 17.5)]
    painter.setPen(QPen(QColor(theme.colours["muted"]), 0.8))
    for a in left:
        for b in right:
            painter.drawLine(a, b)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.colours["text"]))
    for place in (*left, *right):
        painter.drawEllipse(place, 2.1, 2.1)


def _table(painter: QPainter, theme: Theme) -> None:
    """Rows of a table."""
    painter.setPen(QPen(QColor(theme.colours["text"]), 1.2))
    for y in (7, 11, 15):
        painter.drawLine(QPointF(8, y), QPointF(13, y))
        painter.drawLine(QPointF(16, y), QPointF(22, y))


def _placed(x: Array, y: Array, *, square: bool = False) -> list[QPointF]:
    """Points spread over the tile; `square` keeps both axes at one scale."""
    wide, high = (HEIGHT - 6.0, HEIGHT - 6.0) if square else (WIDTH - 10.0, HEIGHT - 9.0)
    left, top = (WIDTH - wide) / 2, (HEIGHT - high) / 2
    across = (x - x.min()) / ((x.max() - x.min()) or 1.0)
    down = (y.max() - y) / ((y.max() - y.min()) or 1.0)
    return [
        QPointF(left + a * wide, top + d * high)
        for a, d in zip(across.tolist(), down.tolist(), strict=True)
    ]
