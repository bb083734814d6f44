"""Draws pictures with Qt: onto images, pages and widgets alike."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from bpstudio.engine.op import Array
from bpstudio.exchange.diagram import heat_colours
from bpstudio.playback import metrics
from bpstudio.playback.marks import (
    Box,
    Curves,
    Discs,
    Heat,
    Ink,
    Line,
    Mark,
    Numbers,
    Picture,
    Rect,
    Text,
)
from bpstudio.playback.palette import Theme
from bpstudio.playback.sheet import Sheet, fitted
from bpstudio.ui.style import as_written

_EM = 64
"""Texts are drawn from fonts of this many pixels and scaled, so that sizes need not be whole."""

TOGETHER = 24
"""So many curves that look alike are drawn as one."""


def paint_sheet(painter: QPainter, sheet: Sheet, theme: Theme) -> None:
    """The whole page, its background too."""
    width, height = sheet.size
    painter.fillRect(QRectF(0, 0, width, height), QColor(theme.colours["canvas"]))
    for picture, rect in sheet.parts:
        paint(painter, picture, rect, theme)


def paint(painter: QPainter, picture: Picture, page: Rect, theme: Theme) -> None:
    """A picture in the middle of that part of the page."""
    factor, x, y = fitted(picture.bounds, page)
    painter.save()
    painter.translate(x, y)
    painter.scale(factor, factor)
    paint_marks(painter, picture.marks, theme)
    painter.restore()


def paint_marks(painter: QPainter, marks: tuple[Mark, ...], theme: Theme) -> None:
    """Marks in canvas units, from back to front."""
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing
        | QPainter.RenderHint.TextAntialiasing
        | QPainter.RenderHint.SmoothPixmapTransform
    )
    for mark in marks:
        _paint_mark(painter, mark, theme)


@cache
def load_fonts() -> tuple[str, ...]:
    """Makes the bundled fonts known to Qt, once; the families that they have."""
    families: dict[str, None] = {}
    for path in metrics.font_files():
        number = QFontDatabase.addApplicationFont(path)
        families |= dict.fromkeys(QFontDatabase.applicationFontFamilies(number))
    return tuple(families)


@cache
def font(kind: str, weight: int, pixels: int = _EM) -> QFont:
    """The font of a kind of text; without kerning and hinting, so that widths are the metrics'."""
    load_fonts()
    found = as_written(QFont()) if kind == metrics.PROSE else QFont()
    found.setFamilies([*metrics.FAMILIES[kind], "sans-serif"])
    found.setPixelSize(pixels)
    found.setWeight(QFont.Weight(weight))
    found.setKerning(False)
    found.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return found


def colour(theme: Theme, ink: Ink) -> QColor:
    """The colour of an ink."""
    found = QColor(theme.colours[ink.role])
    found.setAlphaF(ink.opacity)
    return found


def _paint_mark(painter: QPainter, mark: Mark, theme: Theme) -> None:
    match mark:
        case Box():
            _set(painter, theme, mark.fill, mark.stroke, mark.width, mark.dash)
            # A radius beyond half the height is a pill in SVG too.
            radius = min(mark.radius, mark.rect.height / 2, mark.rect.width / 2)
            painter.drawRoundedRect(QRectF(*mark.rect), radius, radius)
        case Discs():
            _set(painter, theme, mark.fill, mark.stroke, mark.width)
            for x, y in mark.centres.tolist():
                painter.drawEllipse(QPointF(x, y), mark.radius, mark.radius)
        case Curves() if len(mark.widths) > TOGETHER and _alike(mark):
            _set(painter, theme, None, mark.ink, float(mark.widths[0]), mark.dash)
            curves = mark.controls.tolist()
            for begin in range(0, len(curves), TOGETHER):
                path = QPainterPath()
                for points in curves[begin : begin + TOGETHER]:
                    path.addPath(_curve(points))
                painter.drawPath(path)
        case Curves():
            for points, width in zip(mark.controls.tolist(), mark.widths.tolist(), strict=True):
                _set(painter, theme, None, mark.ink, width, mark.dash)
                painter.drawPath(_curve(points))
        case Line():
            _set(painter, theme, mark.fill, mark.ink, mark.width, mark.dash)
            shape = QPolygonF([QPointF(x, y) for x, y in mark.points.tolist()])
            painter.drawPolygon(shape) if mark.fill else painter.drawPolyline(shape)
        case Heat():
            _paint_heat(painter, mark, theme)
        case Text():
            _paint_text(painter, mark, theme, 1.0)
        case Numbers():
            for text, opacity in mark.lines():
                _paint_text(painter, text, theme, opacity)


def _alike(curves: Curves) -> bool:
    """Whether curves look the same drawn together: of one width, and not shining through."""
    return curves.ink.opacity == 1.0 and not curves.dash and bool(np.ptp(curves.widths) == 0)


def _set(
    painter: QPainter,
    theme: Theme,
    fill: Ink | None,
    stroke: Ink | None,
    width: float,
    dash: tuple[float, ...] = (),
) -> None:
    painter.setBrush(QBrush(colour(theme, fill)) if fill else Qt.BrushStyle.NoBrush)
    if stroke is None:
        painter.setPen(Qt.PenStyle.NoPen)
        return
    pen = QPen(colour(theme, stroke), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dash:
        pen.setDashPattern([length / width for length in dash])
    painter.setPen(pen)


def _curve(points: list[list[float]]) -> QPainterPath:
    path = QPainterPath(QPointF(*points[0]))
    for first, second, end in zip(points[1::3], points[2::3], points[3::3], strict=True):
        path.cubicTo(QPointF(*first), QPointF(*second), QPointF(*end))
    return path


def _paint_heat(painter: QPainter, heat: Heat, theme: Theme) -> None:
    rect = QRectF(*heat.rect)
    clip = QPainterPath()
    clip.addRoundedRect(rect, heat.radius, heat.radius)
    painter.save()
    painter.setClipPath(clip, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, heat.smooth)
    painter.drawImage(rect, image_of(heat_colours(heat, theme)))
    painter.restore()


def image_of(colours: Array) -> QImage:
    """An image of colours (h, w, 3) uint8, with pixels of its own."""
    height, width = colours.shape[:2]
    data = np.ascontiguousarray(colours).tobytes()
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


@lru_cache(maxsize=2048)
def _outline(kind: str, weight: int, text: str) -> QPainterPath:
    """The outline of a text that begins at the origin."""
    outline = QPainterPath()
    outline.addText(QPointF(0, 0), font(kind, weight), text)
    return outline


def _paint_text(painter: QPainter, text: Text, theme: Theme, opacity: float) -> None:
    if opacity <= 0:
        return
    painter.setOpacity(opacity)
    for x, y, span in text.placed():
        scale = text.size * span.size / _EM
        painter.save()
        painter.translate(x, y)
        painter.scale(scale, scale)
        letters = font(span.kind, span.weight)
        if text.halo:
            outline = _outline(span.kind, span.weight, span.text)
            pen = QPen(QColor(theme.colours[text.halo]), 0.3 * _EM)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.strokePath(outline, pen)
        painter.setFont(letters)
        painter.setPen(QColor(theme.colours[span.role]))
        painter.drawText(QPointF(0, 0), span.text)
        painter.restore()
    painter.setOpacity(1.0)
