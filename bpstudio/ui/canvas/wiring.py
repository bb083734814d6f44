"""The wires of a scene as arrays, and how they are drawn by what has run along them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPen

from bpstudio.engine.op import Array
from bpstudio.playback import flow
from bpstudio.playback.easing import settled
from bpstudio.playback.flow import Moving
from bpstudio.playback.marks import Ink, Rect, around
from bpstudio.playback.palette import Theme
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import BACKWARD, Instant, Timeline
from bpstudio.playback.wires import Path, sampled
from bpstudio.ui.canvas.arrays import path_of
from bpstudio.ui.canvas.runs import Pieces
from bpstudio.ui.painter import colour, paint_marks

HAIR = 1.25
"""Wires thinner than so many pixels of the screen are drawn as hairlines, which are fast."""
MANY = 40
"""More wires than this that change at once are drawn again in one rectangle around them."""
PIECE = 10
"""How many samples of a curve one rectangle covers."""
NEVER = 1 << 30


@dataclass(frozen=True, eq=False)
class Wiring:
    """The wires of a scene.

    A plain wire is one curve; `plain` has those of the paths, and after them the stubs of results
    that feed nothing. Wires between neurons stay paths, for they are few.
    """

    scene: Scene
    paths: Sequence[Path]
    stubs: Mapping[str, Array]

    @cached_property
    def plain(self) -> tuple[Path, ...]:
        """The paths that are one curve each."""
        return tuple(path for path in self.paths if not path.weight)

    @cached_property
    def strands(self) -> tuple[Path, ...]:
        """The paths between neurons."""
        return tuple(path for path in self.paths if path.weight)

    @cached_property
    def controls(self) -> Array:
        """The curves of the plain wires and of the stubs, (n, 16, 2)."""
        parts = [path.controls for path in self.plain] + list(self.stubs.values())
        return np.concatenate(parts) if parts else np.zeros((0, 16, 2))

    @cached_property
    def pieces(self) -> Pieces:
        """The same curves in short pieces, to draw what is seen of them from near by."""
        return Pieces(self.controls)

    @cached_property
    def boxes(self) -> Array:
        """Left, top, right, bottom of each curve, (n, 4)."""
        return np.concatenate([self.controls.min(axis=1), self.controls.max(axis=1)], axis=1)

    def times(self, timeline: Timeline | None) -> tuple[Array, Array]:
        """For each curve the moments after which its value and its gradient have run along it."""
        count = len(self.controls)
        if timeline is None:
            return np.full(count, NEVER), np.full(count, NEVER)
        known, passed, arrived = timeline.known_at, timeline.passed_at, timeline.arrived_at
        values = [known.get(path.source, NEVER) for path in self.plain]
        values += [known.get(id, NEVER) for id in self.stubs]
        gradients = [passed.get(path.wire, NEVER) for path in self.plain]
        gradients += [arrived.get(id, NEVER) for id in self.stubs]
        return np.array(values, dtype=int), np.array(gradients, dtype=int)

    @cached_property
    def strand_rects(self) -> list[Rect]:
        """What the wires between neurons cover, path by path."""
        rects = []
        for path in self.strands:
            points = path.controls.reshape(-1, 2)
            (x, y), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            rects.append(Rect(x, y, right - x, bottom - y).grown(flow.THICKEST))
        return rects


@dataclass(frozen=True, eq=False)
class Run:
    """What has run along each wire at an instant: the state of the wires."""

    wiring: Wiring
    known: Array
    returned: Array
    dark: Array

    def differing(self, other: Run) -> list[Rect]:
        """What the curves cover that look different in the two, piece by piece."""
        changed = (self.known != other.known) | (self.returned != other.returned)
        changed |= self.dark != other.dark
        if changed.sum() > MANY:
            boxes = self.wiring.boxes[changed]
        else:
            points = sampled(self.wiring.controls[changed])[:, ::PIECE]
            boxes = np.concatenate(
                [
                    np.minimum(points[:, :-1], points[:, 1:]),
                    np.maximum(points[:, :-1], points[:, 1:]),
                ],
                axis=2,
            ).reshape(-1, 4)
        rects = [Rect(x, y, right - x, bottom - y) for x, y, right, bottom in boxes.tolist()]
        return [around(rects)] if changed.sum() > MANY else [rect.grown(3.0) for rect in rects]

    def paint(
        self,
        painter: QPainter,
        parts: list[Rect],
        away: Array | None = None,
        *,
        rough: bool = False,
    ) -> None:
        """The curves that meet these parts of the canvas, but for those that are `away`.

        Roughly all are hairlines, which take a tenth of the time.
        """
        boxes, theme = self.wiring.boxes, self.wiring.scene.theme
        if not len(boxes):
            return
        seen = np.zeros(len(boxes), dtype=bool)
        parts = [part.grown(4.0) for part in parts]
        for part in parts:
            seen |= (
                (boxes[:, 0] < part.right)
                & (boxes[:, 2] > part.x)
                & (boxes[:, 1] < part.bottom)
                & (boxes[:, 3] > part.y)
            )
        if away is not None:
            seen &= ~away
        lit = seen & ~self.dark
        hair = rough or flow.PLAIN * theme.wire * painter.worldTransform().m11() < HAIR
        for chosen, ink, dash in (
            (seen & ~self.known, flow.WAITING, ()),
            (lit & self.known, flow.KNOWN, ()),
            (lit & self.returned, flow.RETURNED, flow.DASH),
            (seen & self.dark, flow.DARK, flow.DARK_DASH),
        ):
            if not chosen.any():
                continue
            if hair:
                draw_hairs(painter, self.wiring.controls[chosen], ink, theme, dash)
            else:
                draw_curves(painter, self.wiring.pieces, chosen, parts, ink, theme, dash)


def wiring(scene: Scene) -> Wiring:
    """All wires of a scene."""
    return Wiring(scene, scene.paths, scene.stubs)


def run_of(wires: Wiring, times: tuple[Array, Array], instant: Instant | None) -> Run:
    """What has run along the wires; something counts once it is half visible."""
    values, gradients = times
    upto = reached(instant)
    back = instant is not None and instant.phase == BACKWARD
    returned = gradients <= upto if back else np.zeros(len(gradients), dtype=bool)
    dark = np.zeros(len(gradients), dtype=bool)
    if returned.any() and instant is not None and (gone := instant.timeline.dark):
        dark[: len(wires.plain)] = [path.wire in gone for path in wires.plain]
    return Run(wires, values <= upto, returned, returned & dark)


def reached(instant: Instant | None) -> int:
    """The number of the last moment whose result is at least half visible; -1 for none at all."""
    if instant is None:
        return -1
    half = instant.moment is not None and settled(instant.progress) >= 0.5
    return math.floor(instant.t) + (1 if half and instant.progress < 1.0 else 0)


def draw_hairs(
    painter: QPainter, controls: Array, ink: Ink, theme: Theme, dash: tuple[float, ...] = ()
) -> None:
    """Curves of one colour a pixel thin, as pale as they would be thin, or dashed."""
    pixels = flow.PLAIN * theme.wire * painter.worldTransform().m11()
    share = dash[0] / sum(dash) if dash else 1.0
    faint = ink._replace(opacity=ink.opacity * max(0.25, min(1.0, pixels)) * share)
    pen = QPen(colour(theme, faint), 1.0)
    pen.setCosmetic(True)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    painter.drawPath(path_of(controls))


def draw_curves(
    painter: QPainter,
    pieces: Pieces,
    chosen: Array,
    parts: Sequence[Rect],
    ink: Ink,
    theme: Theme,
    dash: tuple[float, ...] = (),
) -> None:
    """Some curves of one colour, as much of each as these parts of the canvas show."""
    width = flow.PLAIN * theme.wire
    pen = QPen(colour(theme, ink), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dash:
        pen.setDashPattern([length / width for length in dash])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    for curve, first, controls in pieces.runs(chosen, parts):
        if dash:
            pen.setDashOffset(pieces.before(curve, first) / width)
            painter.setPen(pen)
        painter.drawPath(path_of(controls[None]))


def draw_strands(painter: QPainter, moving: Moving, strands: Sequence[Path]) -> None:
    """The wires between neurons, as thick as their weights, with what came back along them."""
    if strands:
        alone = replace(moving, scene=replace(moving.scene, paths=tuple(strands)))
        paint_marks(painter, flow.strands(alone), moving.scene.theme)
