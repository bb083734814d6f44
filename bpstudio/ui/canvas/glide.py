"""Nodes glide to their new places when a layer is opened, closed, or everything is tidied."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PySide6.QtGui import QPainter

from bpstudio.engine.op import Array
from bpstudio.playback import flow
from bpstudio.playback.bodies import Body
from bpstudio.playback.detail import FAR
from bpstudio.playback.easing import smooth
from bpstudio.playback.flow import Moving
from bpstudio.playback.ground import framing
from bpstudio.playback.marks import Rect
from bpstudio.playback.scene import Scene
from bpstudio.project.project import Project
from bpstudio.ui.canvas.sprites import Sprites, legible
from bpstudio.ui.canvas.tiles import Tiles
from bpstudio.ui.canvas.wiring import Wiring, draw_strands, run_of
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.showing import Showing

LASTS = 0.2
"""Seconds on the way."""
MOST = 400
"""More bodies than this are there at once: so many that move can't be followed anyway."""
FARTHEST = 0.5
"""What moves less, in canvas units, does not move."""


@dataclass(frozen=True, eq=False)
class Glide:
    """A scene on its way: how far each body still is from where it stands, (dx, dy)."""

    scene: Scene
    away: Mapping[str, tuple[float, float]]
    began: float

    def share(self) -> float:
        """How far it has come, 0 to 1."""
        return min(1.0, (time.monotonic() - self.began) / LASTS)

    def at(self, share: float) -> Scene:
        """Where everything is on the way."""
        left = 1.0 - smooth(share)
        moved: dict[str, Body] = {}
        for body in self.scene.each:
            dx, dy = self.away.get(body.node.id, (0.0, 0.0))
            x, y = body.rect.centre
            here = body.moved((x + left * dx, y + left * dy)) if dx or dy else body
            moved |= dict.fromkeys(body.ids, here)
        paths = tuple(
            replace(path, controls=path.controls + left * bent)
            for path, bent in zip(self.scene.paths, self._bent, strict=True)
        )
        return replace(self.scene, bodies=moved, paths=paths)

    @cached_property
    def _bent(self) -> list[Array]:
        """How far the controls of each path are from where they end up, (16, 2) each: as far as
        the bodies at its ends, and in between by their mean."""
        found = []
        for path in self.scene.paths:
            ends = [self.scene.bodies[id].node.id for id in (path.source, path.target)]
            start, end = (np.array(self.away.get(id, (0.0, 0.0))) for id in ends)
            share = np.linspace(0.0, 1.0, path.controls.shape[1])[:, None]
            found.append(start * (1 - share) + end * share)
        return found


def glide(before: Scene, after: Scene) -> Glide | None:
    """From one scene of a network to the next; None where nothing moves, or too much does.

    What comes out of a node that was opened starts where that node stood, and a node that was
    closed where its parts stood. What was dragged there is there already.
    """
    if before is after or len(after.each) > MOST or before.theme is not after.theme:
        return None
    away = {}
    for body in after.each:
        start = _start(before, after, body)
        x, y = body.rect.centre
        if start is not None:
            dx, dy = start[0] - x, start[1] - y
            if abs(dx) > FARTHEST or abs(dy) > FARTHEST:
                away[body.node.id] = (dx, dy)
    if _one_hand(before, after, away):
        return None
    return Glide(after, away, time.monotonic()) if away else None


def _one_hand(before: Scene, after: Scene, away: Mapping[str, tuple[float, float]]) -> bool:
    """Whether all that moved moved by the same, as by a hand, which put it down already."""
    if before.project.groups is not after.project.groups:
        return False
    ways = {(round(dx, 1), round(dy, 1)) for dx, dy in away.values()}
    return len(ways) == 1


def _start(before: Scene, after: Scene, body: Body) -> tuple[float, float] | None:
    """Where a body was, or where it comes from."""
    id = body.node.id
    if id in before.bodies:
        return before.bodies[id].rect.centre
    opened = _around(after.project, id)
    while opened:
        if opened in before.bodies:
            return before.bodies[opened].rect.centre
        opened = _around(after.project, opened)
    if id in before.project.groups:
        parts = [before.bodies[m] for m in before.project.groups[id].members if m in before.bodies]
        if parts:
            centres = np.array([part.rect.centre for part in parts]).mean(axis=0)
            return float(centres[0]), float(centres[1])
    return None


def _around(project: Project, id: str) -> str:
    """The opened gate in which a node lies."""
    return next((gid for gid, group in project.groups.items() if id in group.members), "")


class Gliding:
    """Draws a scene on its way: nothing of it is kept, for the next frame is another."""

    def __init__(self) -> None:
        self._sprites = Sprites()

    def paint(
        self,
        painter: QPainter,
        here: Scene,
        shown: Showing,
        detail: str,
        tiles: Tiles,
        seen: Rect,
    ) -> None:
        """Frames, bodies and wires, in canvas units; numbers come when all has arrived."""
        unit = painter.worldTransform().m11()
        if here.frames or here.slips:
            paint_marks(painter, legible(framing(here), unit), here.theme)
        bodies = [body for body in here.each if body.rect.meets(seen.grown(40.0))]
        self._sprites.paint(painter, here, bodies, detail)
        instant = shown.instant
        wires = Wiring(here, here.paths, here.stubs)
        run_of(wires, wires.times(shown.timeline), instant).paint(painter, [seen])
        moving = Moving(here, instant, shown.weights, {})
        draw_strands(painter, moving, wires.strands)
        if detail != FAR:
            tiles.paint(painter, here.theme, [body for body in bodies if body.tiles])
            paint_marks(painter, flow.readings(moving), here.theme)
