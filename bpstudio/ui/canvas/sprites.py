"""Bodies of gates, each look drawn once and then copied: thousands share a few looks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from bpstudio.engine.op import Kind
from bpstudio.playback.bodies import GATE, PILL, SOURCE, Body, own_name
from bpstudio.playback.detail import FAR, MIDDLE, NEAR, shape
from bpstudio.playback.ground import ground
from bpstudio.playback.marks import Box, Curves, Discs, Line, Mark, Rect, Text, around
from bpstudio.playback.near import curve
from bpstudio.playback.palette import Theme
from bpstudio.playback.scene import Scene
from bpstudio.ui.canvas.arrays import draw_pieces
from bpstudio.ui.painter import paint_marks

LEGIBLE = 4.0
"""Type smaller than so many pixels of the screen is left out."""
MOST = 600
"""So many looks are kept; with more of them the oldest are forgotten."""

_Look = Hashable
_Sprite = tuple[QPixmap, tuple[int, int]]


class Sprites:
    """The looks of a scene's gates and sources, as pixels at one scale."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._looks: dict[str, _Look] = {}
        self._made: dict[_Look, _Sprite] = {}
        self._unit = 0.0
        self._theme: Theme | None = None
        self._detail = MIDDLE

    def paint(
        self, painter: QPainter, scene: Scene, bodies: Iterable[Body], detail: str = MIDDLE
    ) -> None:
        """These bodies; the painter's scale is that of the pixels, its corner on a whole one."""
        matrix = painter.worldTransform()
        unit = matrix.m11()
        self._keep_to(scene, unit, detail)
        alone: list[Body] = []
        alike: dict[_Look, list[Body]] = {}
        for body in bodies:
            if body.kind in (GATE, PILL, SOURCE):
                alike.setdefault(self._look(scene, body), []).append(body)
            else:
                alone.append(body)
        paint_marks(painter, self._marks(scene, alone), scene.theme)
        painter.save()
        painter.resetTransform()
        for look, of_it in alike.items():
            pixmap, (left, top) = self._made.get(look) or self._draw(scene, of_it[0], look)
            middles = np.array([body.rect.centre for body in of_it]) * unit
            shift = np.array([matrix.dx(), matrix.dy()])
            corners = np.rint(middles + shift) + np.array([left, top])
            whole = np.array([[0, 0, pixmap.width(), pixmap.height()]])
            sources = np.repeat(whole, len(of_it), axis=0)
            draw_pieces(painter, pixmap, corners, sources)
        painter.restore()

    def _marks(self, scene: Scene, bodies: Sequence[Body]) -> tuple[Mark, ...]:
        """How bodies are drawn at the detail that holds now."""
        if self._detail == FAR:
            return tuple(mark for body in bodies for mark in shape(body))
        close = self._detail == NEAR
        drawn = legible(ground(scene, bodies, curves=close), self._unit)
        gates = (body for body in bodies if close and body.kind in (GATE, PILL) and not body.box)
        return (*drawn, *(line for body in gates for line in curve(body)))

    def _keep_to(self, scene: Scene, unit: float, detail: str) -> None:
        look = unit, scene.theme, detail
        if look != (self._unit, self._theme, self._detail) or len(self._made) > MOST:
            self._made.clear()
            self._unit, self._theme, self._detail = look
        if scene is not self._scene:
            self._scene = scene
            self._looks.clear()

    def _look(self, scene: Scene, body: Body) -> _Look:
        """What decides about how a body looks, but for its place."""
        if self._detail == FAR:
            return body.node.op.category, body.rect[2:]
        id = body.node.id
        found = self._looks.get(id)
        if found is None:
            node = body.node
            stub = id in scene.stubs
            name = own_name(node) if stub or body.kind != SOURCE else ""
            wired = tuple((port, len(feeding)) for port, feeding in node.sources.items())
            trained = body.kind == SOURCE and bool(node.owned(Kind.WEIGHT))
            found = self._looks[id] = (
                node.op.name,
                body.face,
                body.rect[2:],
                name,
                stub,
                wired,
                trained,
            )
        return found

    def _draw(self, scene: Scene, body: Body, look: _Look) -> _Sprite:
        marks = self._marks(scene, [body])
        bounds = around(covered(mark) for mark in marks)
        x, y = body.rect.centre
        left, top = math.floor((bounds.x - x) * self._unit), math.floor((bounds.y - y) * self._unit)
        right = math.ceil((bounds.right - x) * self._unit)
        bottom = math.ceil((bounds.bottom - y) * self._unit)
        pixmap = QPixmap(max(1, right - left), max(1, bottom - top))
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.translate(-left, -top)
            painter.scale(self._unit, self._unit)
            painter.translate(-x, -y)
            paint_marks(painter, marks, scene.theme)
        self._made[look] = pixmap, (left, top)
        return self._made[look]


def legible(marks: Iterable[Mark], unit: float) -> tuple[Mark, ...]:
    """The marks without type too small to read."""
    return tuple(m for m in marks if not isinstance(m, Text) or m.size * unit >= LEGIBLE)


def covered(mark: Mark) -> Rect:
    """What a mark covers, at least."""
    match mark:
        case Box():
            return mark.rect.grown(mark.width)
        case Discs():
            (x, y), (right, bottom) = mark.centres.min(axis=0), mark.centres.max(axis=0)
            return Rect(x, y, right - x, bottom - y).grown(mark.radius + mark.width)
        case Curves():
            points = mark.controls.reshape(-1, 2)
            (x, y), (right, bottom) = points.min(axis=0), points.max(axis=0)
            return Rect(x, y, right - x, bottom - y).grown(float(mark.widths.max(initial=0.0)))
        case Line():
            (x, y), (right, bottom) = mark.points.min(axis=0), mark.points.max(axis=0)
            return Rect(x, y, right - x, bottom - y).grown(mark.width)
        case Text():
            return mark.rect.grown(0.3 * mark.size)
    raise TypeError(f"no body has a {type(mark).__name__}")
