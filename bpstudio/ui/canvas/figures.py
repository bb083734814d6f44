"""What has been reached and stands: numbers on wires, signs of forks, points on curves.

It is kept as pixels over the wires, so that a frame draws only what appears or goes. Where it is
another each time, while training goes on or the scale changes, it is drawn anew on top of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QPainter

from bpstudio.engine.op import Array
from bpstudio.playback.bodies import NUMBER, Body, curved
from bpstudio.playback.detail import FAR, NEAR
from bpstudio.playback.flow import Moving
from bpstudio.playback.labels import labels
from bpstudio.playback.marks import Rect, around
from bpstudio.playback.near import curve_place, points
from bpstudio.playback.palette import Theme
from bpstudio.playback.rules import met_again, pluses
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Instant, Timeline
from bpstudio.ui.canvas.ghost import Lifted
from bpstudio.ui.canvas.hit import Targets
from bpstudio.ui.canvas.numbers import Atlas, Numbers
from bpstudio.ui.canvas.static import Layer
from bpstudio.ui.canvas.view import View
from bpstudio.ui.canvas.wiring import NEVER, reached
from bpstudio.ui.painter import paint_marks

SIGN = 24.0
"""How far from the end of a body the sign of a fork reaches."""
MANY = 200
"""Where more of them come or go at once, all are drawn anew."""
SHARP = 4_000_000
"""So many pixels of digits are kept, for the scales that were looked at last."""


@dataclass(frozen=True, eq=False)
class Standing:
    """What stands at an instant: which numbers (n,), which forks, and which points (m,)."""

    numbers: Array
    forks: frozenset[str]
    points: Array


class Figures:
    """The figures of one timeline over one scene, and their pixels over the layer `under`."""

    def __init__(self, under: Layer) -> None:
        self._under = under
        self.layer = Layer(self._paint, under)
        self.numbers = Numbers((), None)
        self._timeline: Timeline | None = None
        self._curved: tuple[Body, ...] = ()
        self._known = np.zeros(0, dtype=int)
        self._atlases: dict[tuple[Theme, float], Atlas] = {}
        self._kept: tuple[object, ...] = ()
        self._away: tuple[Lifted | None, Array] = (None, np.zeros(0, dtype=bool))
        self._standing: Standing | None = None
        self._upto: tuple[object, ...] = ()
        self._moving: Moving | None = None
        self._targets: Targets | None = None
        self._detail = FAR

    @property
    def behind(self) -> bool:
        """Whether there is something left to draw for when one pans on."""
        return (self.layer if self._standing is not None else self._under).behind

    def forget(self) -> None:
        """Nothing is known any more of what there was."""
        self._timeline, self._kept = None, ()
        self._away = (None, np.zeros(0, dtype=bool))

    def follow(self, here: Scene, timeline: Timeline | None) -> bool:
        """Take the numbers of a timeline; whether it has the same moments as the one before."""
        before, self._timeline = self._timeline, timeline
        if timeline is not None and before is not None and alike(before, timeline):
            self.numbers.tell(timeline.recording)
            return True
        found = labels(here, timeline, here.each) if timeline is not None else ()
        self.numbers = Numbers(found, timeline.recording if timeline is not None else None)
        self._curved = tuple(body for body in here.each if curved(body.last.op))
        known = timeline.known_at if timeline is not None else {}
        self._known = np.array([known.get(body.last.id, NEVER) for body in self._curved], dtype=int)
        self._away = (None, np.zeros(0, dtype=bool))
        return False

    def atlas(self, theme: Theme, unit: float) -> Atlas:
        """The digits at that many pixels of the screen per canvas unit."""
        found = self._atlases.get((theme, unit))
        return found or self._keep(Atlas(theme, unit))

    def _keep(self, atlas: Atlas) -> Atlas:
        self._atlases[atlas.theme, atlas.unit] = atlas
        while len(self._atlases) > 1 and sum(map(_pixels, self._atlases.values())) > SHARP:
            del self._atlases[next(iter(self._atlases))]
        return atlas

    # -- painting ----------------------------------------------------------------------------

    def show(
        self,
        painter: QPainter,
        moving: Moving,
        targets: Targets,
        part: Lifted | None,
        detail: str,
        view: View,
        size: tuple[int, int],
        ratio: float,
        *,
        hurry: bool,
    ) -> bool:
        """Draw the layer under the figures, and those that can be read, but for the lifted part.

        The painter counts in pixels of the screen before and in canvas units after. Whether what
        is seen is as it should be.
        """
        instant, here = moving.instant, moving.scene
        self._moving, self._targets, self._detail = moving, targets, detail
        timeline = instant.timeline if instant is not None else None
        look = (here, timeline, detail, view.scale, ratio, *size)
        same, self._kept = look == self._kept, look
        unit = view.scale * ratio
        if detail == FAR or instant is None or not same:
            self.layer.forget()
            self._standing, self._upto = None, ()
            whole = self._under.show(painter, view, size, ratio, hurry=hurry)
            onto(painter, view, unit)
            if detail != FAR and instant is not None:
                opacities = self._present(instant, part)
                self._write(painter, opacities * self.numbers.within(view.seen(*size)))
                self._paint_signs(painter, moving, targets.within(view.seen(*size)), part)
            return whole
        opacities = self._present(instant, part)
        self._settle(instant, opacities >= 1.0, part)
        whole = self.layer.show(painter, view, size, ratio, hurry=hurry)
        onto(painter, view, unit)
        fading = np.where(opacities < 1.0, opacities, 0.0)
        self._write(painter, fading * self.numbers.within(view.seen(*size)))
        return whole

    def paint_apart(self, painter: QPainter, moving: Moving, part: Lifted) -> None:
        """The figures of a lifted part, where it is now; `moving` has the part's scene."""
        instant, here = moving.instant, moving.scene
        if instant is None:
            return
        given = [body for body in here.each if not part.labels.isdisjoint(body.ids)]
        found = labels(here, instant.timeline, given)
        numbers = Numbers(found, instant.timeline.recording)
        self._write(painter, numbers.opacities(instant), numbers)
        own = {id for body in part.moving for id in body.ids}
        forks = [id for id in met_again(here, instant) if id in own]
        paint_marks(painter, tuple(pluses(here, forks)), here.theme)
        if self._detail == NEAR:
            paint_marks(painter, points(moving, part.moving), here.theme)

    def _present(self, instant: Instant, part: Lifted | None) -> Array:
        """How visible each number is, (n,), but for those that a lifted part takes with it."""
        opacities = self.numbers.opacities(instant)
        if part is None:
            return opacities
        if self._away[0] is None or self._away[0].labels != part.labels:
            away = [label.node in part.labels for label in self.numbers.labels]
            self._away = (part, np.array(away, dtype=bool))
        opacities[self._away[1]] = 0.0
        return opacities

    def _settle(self, instant: Instant, numbers: Array, part: Lifted | None) -> None:
        """Let those pixels be drawn anew in which something has come to stand, or gone."""
        assert self._moving is not None
        before, here = self._standing, self._moving.scene
        gone = part.bodies if part is not None else frozenset[str]()
        upto = (reached(instant), instant.returning, gone)
        if before is None or upto != self._upto:
            met = (id for id in met_again(here, instant) if here.bodies[id].node.id not in gone)
            there = self._known <= reached(instant)
            if gone:
                stays = [body.node.id not in gone for body in self._curved]
                there &= np.array(stays, dtype=bool)
            forks = frozenset(met)
        else:
            forks, there = before.forks, before.points
        first, self._upto = not self._upto, upto
        self._standing = now = Standing(numbers, forks, there)
        if first or before is None:
            return
        changed = np.flatnonzero(numbers != before.numbers)
        if len(changed) > MANY:
            self.layer.refine()
            return
        rects = self.numbers.rects(changed, NUMBER * here.theme.type)
        for id in now.forks ^ before.forks:
            x, y = here.bodies[id].output
            rects.append(Rect(x, y, 0.0, 0.0).grown(SIGN))
        if self._detail == NEAR:
            moved = np.flatnonzero(now.points != before.points)
            rects += [curve_place(self._curved[index]).grown(6.0) for index in moved.tolist()]
        self.layer.spoil(rects)

    def _paint(self, painter: QPainter, parts: list[Rect], _rough: bool) -> None:
        assert self._moving is not None and self._standing is not None and self._targets
        meeting = np.zeros(len(self._standing.numbers), dtype=bool)
        for rect in parts if len(parts) <= MANY // 10 else [around(parts)]:
            meeting |= self.numbers.within(rect)
        self._write(painter, (meeting & self._standing.numbers).astype(float))
        here, theme = self._moving.scene, self._moving.scene.theme
        paint_marks(painter, tuple(pluses(here, sorted(self._standing.forks))), theme)
        if self._detail == NEAR:
            there = {
                body.node.id
                for body, known in zip(self._curved, self._standing.points.tolist(), strict=True)
                if known
            }
            close = self._targets.within(*parts)
            paint_marks(
                painter,
                points(self._moving, [body for body in close if body.node.id in there]),
                theme,
            )

    def _paint_signs(
        self, painter: QPainter, moving: Moving, bodies: Iterable[Body], part: Lifted | None
    ) -> None:
        assert moving.instant is not None
        here, gone = moving.scene, part.bodies if part is not None else frozenset[str]()
        met = [id for id in met_again(here, moving.instant) if here.bodies[id].node.id not in gone]
        paint_marks(painter, tuple(pluses(here, sorted(met))), here.theme)
        if self._detail == NEAR:
            own = [body for body in bodies if body.node.id not in gone]
            paint_marks(painter, points(moving, own), here.theme)

    def _write(self, painter: QPainter, opacities: Array, numbers: Numbers | None = None) -> None:
        """Numbers as visible as that; the atlas may have to grow for a character that it lacks."""
        assert self._moving is not None
        unit = painter.worldTransform().m11()
        atlas = self.atlas(self._moving.scene.theme, unit)
        grown = (numbers or self.numbers).paint(painter, atlas, opacities)
        if grown is not atlas:
            self._keep(grown)


def onto(painter: QPainter, view: View, unit: float) -> None:
    """From pixels of the screen to canvas units."""
    painter.translate(-round(view.x * unit), -round(view.y * unit))
    painter.scale(unit, unit)


def alike(before: Timeline, after: Timeline) -> bool:
    """Whether two timelines have the same moments of the same network."""
    return before.recording.graph is after.recording.graph and len(before) == len(after)


def _pixels(atlas: Atlas) -> int:
    return atlas.pixmap.width() * atlas.pixmap.height()
