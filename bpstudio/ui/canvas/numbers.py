"""The numbers on wires: thousands of them, copied digit by digit from one pixmap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.playback import digits
from bpstudio.playback.bodies import NUMBER
from bpstudio.playback.digits import MINUS, UNKNOWN
from bpstudio.playback.labels import Label
from bpstudio.playback.marks import Rect
from bpstudio.playback.metrics import MONO
from bpstudio.playback.metrics import width as width_of
from bpstudio.playback.palette import Theme
from bpstudio.playback.timeline import Instant
from bpstudio.ui.canvas.arrays import draw_pieces
from bpstudio.ui.canvas.sprites import LEGIBLE
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.painter import font

ROLES = ("forward", "clear", "gradient", "update")
LONGEST = 16
REACH = 60.0
"""How far from its middle a number reaches, in canvas units, at most."""
_WEIGHT = 700
_EM = 64
_USUAL = "0123456789.e+∞‖ ×→na" + MINUS + UNKNOWN


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

    def __init__(self, labels: Iterable[Label], recording: Recording | None) -> None:
        self.labels: Sequence[Label] = list(labels)
        self._recording = recording
        count = len(self.labels)
        rows = [(each.x, each.y, each.number, each.until) for each in self.labels]
        columns = np.array(rows, dtype=float).reshape(count, 4).T
        self._x, self._y, self._appears, self._until = columns
        self._roles = np.array([ROLES.index(each.role) for each in self.labels], dtype=int)
        self._keys = [(_table(each), each.key) for each in self.labels]
        self._glyphs = np.full((count, LONGEST), -1)
        self._written = np.zeros(count, dtype=bool)
        self._characters = ""

    def tell(self, recording: Recording) -> None:
        """Say the numbers of another recording of the same network."""
        self._recording = recording
        self._written[:] = False

    def opacities(self, instant: Instant) -> Array:
        """How visible each is, (n,)."""
        shown = (self._appears <= math.floor(instant.t)).astype(float)
        shown[self._until <= math.floor(instant.t)] = 0.0
        if instant.moment is not None:
            number = instant.moment.number
            shown[self._appears == number] = instant.done(number)
            shown[self._until == number] = 1.0 - instant.done(number)
        if not instant.returning:
            shown[self._roles == ROLES.index("gradient")] = 0.0
        return shown

    def text(self, index: int) -> str:
        """One of them, as it is written."""
        assert self._recording is not None
        return self.labels[index].text(self._recording)[:LONGEST]

    def at(
        self, instant: Instant, place: Point, type: float, *, gradients: bool = False
    ) -> Label | None:
        """The number that is written at that place of the canvas, the nearest of several; or of
        the gradients alone."""
        if not self.labels:
            return None
        half = width_of(digits.usual_width(), NUMBER * type, MONO, 700) / 2
        across = np.abs(self._x - place[0])
        down = np.abs(self._y - 0.35 * NUMBER * type - place[1])
        near = (across <= half) & (down <= 0.8 * NUMBER * type) & (self.opacities(instant) >= 0.5)
        if gradients:
            near &= self._roles == ROLES.index("gradient")
        rows = np.flatnonzero(near)
        return None if not len(rows) else self.labels[rows[np.argmin(down[rows])]]

    def visible(self, instant: Instant, part: Rect, atlas: Atlas) -> list[tuple[str, str]]:
        """Role and text of those that can be read in a part of the canvas, as they are drawn."""
        chosen = np.flatnonzero((self.opacities(instant) >= 0.5) & self._inside(part))
        atlas = self._write(chosen, atlas)
        rows = [[index for index in row if index >= 0] for row in self._glyphs[chosen].tolist()]
        texts = ["".join(atlas.characters[index] for index in row) for row in rows]
        return list(zip((self.labels[i].role for i in chosen.tolist()), texts, strict=True))

    def paint(self, painter: QPainter, atlas: Atlas, shown: Array) -> Atlas:
        """Each as visible as that, (n,).

        The atlas may have to grow for a character that it lacks; the one to go on with is
        returned.
        """
        unit = atlas.unit
        if NUMBER * atlas.theme.type * unit < LEGIBLE or not self.labels:
            return atlas
        chosen = np.flatnonzero(shown)
        if not len(chosen):
            return atlas
        atlas = self._write(chosen, atlas)
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

    def within(self, part: Rect) -> Array:
        """Which of them may meet a part of the canvas, (n,)."""
        return self._inside(part.grown(REACH))

    def rects(self, chosen: Array, size: float) -> list[Rect]:
        """What some of them cover, written in that size."""
        found = []
        for index in chosen.tolist():
            x, y = float(self._x[index]), float(self._y[index])
            wide = width_of(self.text(index), size, MONO, _WEIGHT)
            found.append(Rect(x - wide / 2, y - size, wide, 1.5 * size).grown(0.3 * size))
        return found

    def _inside(self, part: Rect) -> Array:
        inside: Array = (
            (self._x >= part.x)
            & (self._x <= part.right)
            & (self._y >= part.y)
            & (self._y <= part.bottom)
        )
        return inside

    def _arrays(self, chosen: Array, recording: Recording) -> list[Array]:
        """What some of them say; of values and gradients straight from where they stand."""
        tables: dict[str, Mapping[Any, Array]] = {
            "values": recording.values,
            "gradients": recording.gradients,
            "contributions": recording.contributions,
        }
        return [
            tables[where][key] if where else self.labels[index].array(recording)
            for index in chosen.tolist()
            for where, key in (self._keys[index],)
        ]

    def _write(self, chosen: Array, atlas: Atlas) -> Atlas:
        """Put those that are not written yet into characters of the atlas."""
        if atlas.characters != self._characters:
            self._written[:] = False
            self._characters = atlas.characters
        new = chosen[~self._written[chosen]]
        if not len(new):
            return atlas
        assert self._recording is not None
        arrays = self._arrays(new, self._recording)
        # What is no plain number is written one by one, as is what an update made.
        plain = np.array([array.size == 1 for array in arrays], dtype=bool)
        plain &= self._roles[new] != ROLES.index("update")
        values = np.array(
            [array.item() if one else math.nan for array, one in zip(arrays, plain, strict=True)]
        )
        usual, glyphs = in_figures(values, atlas)
        self._glyphs[new] = -1
        self._glyphs[new[usual], : glyphs.shape[1]] = glyphs[usual]
        for index in new[~usual].tolist():
            text = self.text(index)
            if not atlas.knows(text):
                more = "".join(dict.fromkeys(c for c in text if c not in atlas.characters))
                return self._write(chosen, Atlas(atlas.theme, atlas.unit, atlas.characters + more))
            self._glyphs[index, : len(text)] = atlas.indices(text)
        self._written[new] = True
        return atlas


def _table(label: Label) -> str:
    """Where a recording has what a label says; nowhere as it stands for what updates do."""
    if isinstance(label.key, tuple):
        return "contributions"
    if isinstance(label.key, str):
        return "values" if label.role == "forward" else "gradients"
    return ""


def in_figures(values: Array, atlas: Atlas) -> tuple[Array, Array]:
    """Numbers as `digits.fixed` writes them, all at once: sign, three figures, point, decimals.

    Which of them could be written so (n,), and the places of their characters in the atlas
    (n, 5 + decimals), −1 where there is none. Those that would be rounded to 1000, those that are
    not finite, and those so near to the middle between two roundings that the last bit decides,
    could not.
    """
    decimals = digits.on_canvas()
    one = 10**decimals
    last = np.abs(values) * one
    usual = np.isfinite(values) & (last < 1000 * one - 1)
    last = np.where(usual, last, 0.0)
    usual &= np.abs(last - np.floor(last) - 0.5) > 1e-6
    whole = np.rint(last).astype(int)
    point, minus = atlas.indices("." + MINUS)
    glyphs = np.empty((len(values), 5 + decimals), dtype=int)
    glyphs[:, 0] = np.where((values < 0) & (whole > 0), minus, -1)
    glyphs[:, 1] = np.where(whole >= 100 * one, whole // (100 * one), -1)
    glyphs[:, 2] = np.where(whole >= 10 * one, whole // (10 * one) % 10, -1)
    glyphs[:, 3] = whole // one % 10
    glyphs[:, 4] = point if decimals else -1
    for place in range(decimals):
        glyphs[:, 5 + place] = whole // 10 ** (decimals - 1 - place) % 10
    return usual, glyphs
