"""The pictures of what neurons compute, as pixels: made when the weights change, then copied."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Iterable, Mapping

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPixmap

from bpstudio.engine.op import Array
from bpstudio.playback import flow
from bpstudio.playback.bodies import Body
from bpstudio.playback.palette import Theme
from bpstudio.playback.planes import planes
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.showing import Showing


class Tiles:
    """The pictures of one set of weights at one scale.

    With `at_once` all that are seen are drawn together, else those of one layer at a time; the
    others are then as they were.
    """

    def __init__(self) -> None:
        self._planes: Mapping[str, Array] = {}
        self._of: tuple[object, ...] = ()
        self._drawn: dict[str, QPixmap] = {}
        self._look: tuple[object, ...] = ()
        self._stale: set[str] = set()
        self.at_once = True

    def behind(self, shown: Showing) -> bool:
        """Whether they are of something else than what is shown now."""
        of = _what(shown)
        return len(self._of) != len(of) or any(map(operator.is_not, self._of, of))

    def follow(self, shown: Showing) -> None:
        """Compute them for what is shown now."""
        self._planes = planes(
            shown.project, shown.weights, recording=shown.recording, once=not shown.training
        )
        self._of = _what(shown)
        self._stale = set(self._drawn)

    @property
    def waiting(self) -> bool:
        """Whether some are still as they were before."""
        return bool(self._stale)

    def paint(self, painter: QPainter, theme: Theme, bodies: Collection[Body]) -> None:
        """The pictures on these bodies."""
        matrix = painter.worldTransform()
        unit = matrix.m11()
        look = (unit, theme.name)
        if look != self._look:
            self._look = look
            self._drawn.clear()
            self._stale.clear()
        now = {body.last.id for body in bodies if body.last.id in self._stale}
        if not self.at_once:
            now = set(sorted(now)[:1])
        # Who is not seen is drawn when it is.
        self._forget(now or self._stale)
        painter.save()
        painter.resetTransform()
        for body in bodies:
            if not body.tiles:
                continue
            pixmap = self._drawn.get(body.last.id) or self._draw(body, theme, unit)
            first = body.tiles[0]
            x = round(first.x * unit + matrix.dx()) - 2
            y = round(first.y * unit + matrix.dy()) - 2
            painter.drawPixmap(x, y, pixmap)
        painter.restore()

    def _forget(self, ids: Iterable[str]) -> None:
        for id in tuple(ids):
            self._drawn.pop(id, None)
            self._stale.discard(id)

    def _draw(self, body: Body, theme: Theme, unit: float) -> QPixmap:
        """The column of pictures of one body."""
        first, last = body.tiles[0], body.tiles[-1]
        wide = math.ceil(first.width * unit) + 5
        high = math.ceil((last.bottom - first.y) * unit) + 5
        pixmap = QPixmap(QRect(0, 0, wide, high).size())
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.translate(2, 2)
            painter.scale(unit, unit)
            painter.translate(-first.x, -first.y)
            paint_marks(painter, flow.tiles(body, self._planes.get(body.last.id)), theme)
        self._drawn[body.last.id] = pixmap
        return pixmap


def _what(shown: Showing) -> tuple[object, ...]:
    """All that the pictures depend on."""
    recorded = shown.recording if _is_strip(shown) else None
    return shown.weights, shown.project.graph, shown.project.data, recorded


def _is_strip(shown: Showing) -> bool:
    """Whether the pictures show rows of the recording, because the inputs are more than two."""
    data = shown.project.data
    return data is not None and (data.features.ndim != 2 or data.features.shape[1] > 2)
