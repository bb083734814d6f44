"""The numbers on wires: thousands of them, copied digit by digit from one pixmap."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from bpstudio.engine.op import Array
from bpstudio.playback.bodies import NUMBER
from bpstudio.playback.digits import MINUS
from bpstudio.playback.flow import Label
from bpstudio.playback.marks import Rect
from bpstudio.playback.metrics import MONO
from bpstudio.playback.metrics import width as width_of
from bpstudio.playback.palette import Theme
from bpstudio.playback.timeline import FORWARD, Instant
from bpstudio.ui.canvas.arrays import draw_pieces
from bpstudio.ui.canvas.sprites import LEGIBLE
from bpstudio.ui.painter import font

ROLES = ("forward", "gradient", "update")
LONGEST = 16
_WEIGHT = 700
_EM = 64
_USUAL = "0123456789.e+∞‖ ×→na" + MINUS


class Atlas:
    """Every character that numbers are made of, in the colour of each role, at one scale.

    A row for each role, and one with the soft edge that makes a number readable across a wire.
    """

    def __init__(self, theme: Theme, unit: float, characters: str = _USUAL) -> None:
        self.theme, self.unit, self.characters = theme, unit, characters
        size = NUMBER * theme.type * unit
        self.edge = math.ceil(0.16 * size) + 1
        self.above = math.ceil(0.95 * size) + self.edge
        self.advances = np.array([width_of(c, size, MONO, _WEIGHT) for c in characters])
        self.wide = math.ceil(float(self.advances.max())) + 2 * self.edge
        self.high = self.above + math.ceil(0.35 * size) + self.edge
        self._indices = {character: index for index, character in enumerate(characters)}
        self.pixmap = self._drawn(size)

    def indices(self, text: str) -> list[int]:
        """Where the characters of a text stand in a row."""
        return [self._indices[character] for character in text]

    def knows(self, text: str) -> bool:
        """Whether it has all characters of a text."""
        return all(character in self._indices for character in text)

    def _drawn(self, size: float) -> QPixmap:
        rows = (*ROLES, "")
        pixmap = QPixmap(self.wide * len(self.characters), self.high * len(rows))
        pixmap.fill(Qt.GlobalColor.transparent)
        letters = font(MONO, _WEIGHT)
        with QPainter(pixmap) as painter:
            painter.setRenderHints(
                QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing
            )
            for row, role in enumerate(rows):
                for column, character in enumerate(self.characters):
                    painter.save()
                    x, y = column * self.wide + self.edge, row * self.high + self.above
                    painter.translate(x, y)
                    painter.scale(size / _EM, size / _EM)
                    if role:
                        painter.setFont(letters)
                        painter.setPen(QColor(self.theme.colours[role]))
                        painter.drawText(QPointF(0, 0), character)
                    else:
                        outline = QPainterPath()
                        outline.addText(QPointF(0, 0), letters, character)
                        pen = QPen(QColor(self.theme.colours["canvas"]), 0.3 * _EM)
                        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
                        painter.strokePath(outline, pen)
                    painter.restore()
        return pixmap


class Numbers:
    """The numbers of one timeline over one scene: where each is, and when it appears."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self.labels: Sequence[Label] = list(labels)
        count = len(self.labels)
        rows = [(each.x, each.y, each.number) for each in self.labels]
        self._x, self._y, self._appears = np.array(rows, dtype=float).reshape(count, 3).T
        self._roles = np.array([ROLES.index(each.role) for each in self.labels], dtype=int)
        self._texts: list[str | None] = [None] * count
        self._glyphs = np.full((count, LONGEST), -1)
        self._atlas: Atlas | None = None

    def opacities(self, instant: Instant) -> Array:
        """How visible each is, (n,)."""
        whole = self._appears <= math.floor(instant.t)
        shown = whole.astype(float)
        if instant.moment is not None:
            now = self._appears == instant.moment.number
            shown[now] = instant.done(instant.moment.number)
        if instant.phase == FORWARD:
            shown[self._roles == ROLES.index("gradient")] = 0.0
        return shown

    def text(self, index: int) -> str:
        """One of them, as it is written."""
        text = self._texts[index]
        if text is None:
            text = self._texts[index] = self.labels[index].text[:LONGEST]
        return text

    def visible(self, instant: Instant, part: Rect) -> list[tuple[str, str]]:
        """Role and text of those that can be read in a part of the canvas, for tests."""
        shown = (self.opacities(instant) >= 0.5) & self._within(part)
        return [(self.labels[i].role, self.text(i)) for i in np.flatnonzero(shown).tolist()]

    def paint(
        self,
        painter: QPainter,
        atlas: Atlas,
        instant: Instant,
        part: Rect,
        away: Collection[str] = (),
    ) -> Atlas:
        """Those that meet a part of the canvas, but for those of nodes that are `away`.

        The atlas may have to grow for a character that it lacks; the one to go on with is
        returned.
        """
        unit = atlas.unit
        if NUMBER * atlas.theme.type * unit < LEGIBLE or not self.labels:
            return atlas
        shown = self.opacities(instant) * self._within(part.grown(60.0))
        if away:
            shown = shown * [label.node not in away for label in self.labels]
        chosen = np.flatnonzero(shown)
        if not len(chosen):
            return atlas
        atlas = self._read(chosen, atlas)
        glyphs = self._glyphs[chosen]
        there = glyphs >= 0
        advances = np.where(there, atlas.advances[glyphs], 0.0)
        before = np.cumsum(advances, axis=1) - advances
        matrix = painter.worldTransform()
        start = self._x[chosen] * unit + matrix.dx() - advances.sum(axis=1) / 2
        x = np.rint(start[:, None] + before)[there] - atlas.edge
        y = np.rint(self._y[chosen] * unit + matrix.dy()) - atlas.above
        rows = np.nonzero(there)[0]
        corners = np.stack([x, y[rows]], axis=1)
        sources = np.empty((len(corners), 4))
        sources[:, 0] = glyphs[there] * atlas.wide
        sources[:, 2:] = atlas.wide, atlas.high
        opacities = shown[chosen][rows]
        painter.save()
        painter.resetTransform()
        sources[:, 1] = len(ROLES) * atlas.high
        draw_pieces(painter, atlas.pixmap, corners, sources, opacities)
        sources[:, 1] = self._roles[chosen][rows] * atlas.high
        draw_pieces(painter, atlas.pixmap, corners, sources, opacities)
        painter.restore()
        return atlas

    def _within(self, part: Rect) -> Array:
        inside: Array = (
            (self._x >= part.x)
            & (self._x <= part.right)
            & (self._y >= part.y)
            & (self._y <= part.bottom)
        )
        return inside

    def _read(self, chosen: Array, atlas: Atlas) -> Atlas:
        """Write those that were not written yet, and look their characters up."""
        if atlas is not self._atlas:
            if self._atlas is None or atlas.characters != self._atlas.characters:
                self._glyphs[:] = -1
            self._atlas = atlas
        for index in chosen[self._glyphs[chosen, 0] < 0].tolist():
            text = self.text(index)
            if not atlas.knows(text):
                new = "".join(dict.fromkeys(c for c in text if c not in atlas.characters))
                return self._read(chosen, Atlas(atlas.theme, atlas.unit, atlas.characters + new))
            self._glyphs[index, : len(text)] = atlas.indices(text)
        return atlas
