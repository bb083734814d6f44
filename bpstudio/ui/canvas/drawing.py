"""How the network is drawn: what stands still from pixels, what moves on top of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from bpstudio.engine.op import Array
from bpstudio.engine.places import Place
from bpstudio.playback.badges import Badge
from bpstudio.playback.detail import FAR, MIDDLE, NEAR, detail_at
from bpstudio.playback.flow import Moving
from bpstudio.playback.ground import framing
from bpstudio.playback.labels import Label
from bpstudio.playback.marks import Rect, around
from bpstudio.playback.near import holding
from bpstudio.playback.palette import Theme
from bpstudio.playback.scene import Scene, scene
from bpstudio.playback.timeline import Instant, Timeline, Wire
from bpstudio.playback.wires import Path
from bpstudio.project.project import Project
from bpstudio.ui.canvas import readings
from bpstudio.ui.canvas.badging import Badging
from bpstudio.ui.canvas.caption import CaptionBox
from bpstudio.ui.canvas.figures import Figures, onto
from bpstudio.ui.canvas.ghost import Lifted
from bpstudio.ui.canvas.glide import Glide, Gliding, glide
from bpstudio.ui.canvas.grid import paint_grid
from bpstudio.ui.canvas.hit import Targets
from bpstudio.ui.canvas.inscriptions import Inscriptions
from bpstudio.ui.canvas.passing import Passing
from bpstudio.ui.canvas.sprites import Sprites, legible
from bpstudio.ui.canvas.static import MARGIN, Layer
from bpstudio.ui.canvas.tiles import Tiles
from bpstudio.ui.canvas.view import Point, View
from bpstudio.ui.canvas.wiring import Run, Wiring, draw_strands, reached, run_of, wiring
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.showing import Showing

REACH = 100.0
"""How far from a body may stand what is written on it, in canvas units."""
PAUSE = 1 / 9
"""Seconds between two drawings of the same while training goes on, at least."""
SHARE = 0.08
"""The share of the time that drawing the same may take then."""


class Drawing:
    """The picture of a project, and the pixels that are kept of it.

    `detail` is how much of it is drawn at the scale that is looked at. `scenes` counts how often
    the network was laid out, for tests.
    """

    def __init__(self, project: Project, theme: Theme) -> None:
        self._project, self.theme = project, theme
        self.scenes = 0
        self.detail = MIDDLE
        self._glide: Glide | None = None
        self._gliding = Gliding()
        self.badging = Badging()
        self.lifted: Lifted | None = None
        self.hidden: frozenset[Wire] = frozenset()
        self.tiles = Tiles()
        self.caption = CaptionBox()
        self.ground = Layer(self._paint_ground)
        self.wires = Layer(self._paint_wires, self.ground, hasty=True)
        self.figures = Figures(self.wires)
        self._passing = Passing()
        self._sprites, self._ghost_sprites = Sprites(), Sprites()
        self._inscriptions = Inscriptions()
        self._scene: Scene | None = None
        self._standing: Scene | None = None
        self._left_behind: tuple[frozenset[Wire], tuple[Path, ...]] | None = None
        self._targets: Targets | None = None
        self._wiring: Wiring | None = None
        self._timeline: Timeline | None = None
        self._times: tuple[Array, Array] = (np.zeros(0), np.zeros(0))
        self._run: Run | None = None
        self._state: tuple[object, ...] = ()
        self._weights: Mapping[str, Array] = {}
        self._drawn = {"tiles": 0.0, "wires": 0.0}
        self._took = dict(self._drawn)
        self._due: list[str] = []
        self._queue: list[Rect] = []
        self.dress(theme)

    # -- what is drawn -----------------------------------------------------------------------

    @property
    def scene(self) -> Scene:
        """Where everything of the project stands."""
        if self._scene is None:
            self._scene = scene(self._project, self.theme)
            self.scenes += 1
        return self._scene

    @property
    def targets(self) -> Targets:
        """What can be pointed at."""
        if self._targets is None:
            self._targets = Targets(self.scene)
        return self._targets

    @property
    def standing(self) -> Scene:
        """Where everything is now: while a part is dragged, that part where it is dragged to."""
        part = self.lifted
        if part is None:
            return self.scene
        if self._standing is None:
            here, moved = self.scene, part.scene.project
            if self._left_behind is None or self._left_behind[0] != part.wires:
                left = tuple(path for path in here.paths if path.wire not in part.wires)
                self._left_behind = part.wires, left
            self._standing = replace(
                here,
                project=replace(here.project, notes=moved.notes, boxes=moved.boxes),
                bodies={**here.bodies, **part.scene.bodies},
                paths=(*self._left_behind[1], *part.paths),
            )
        return self._standing

    def glide_from(self, before: Scene) -> None:
        """Let everything glide to its place from where it stood, if it stood elsewhere."""
        self._glide = glide(before, self.scene) if self.lifted is None else None

    @property
    def gliding(self) -> bool:
        """Whether something is still on its way."""
        return self._glide is not None

    @property
    def behind(self) -> bool:
        """Whether there is something left to draw for when one pans on."""
        return self.figures.behind

    def badge_at(self, shown: Showing, place: Point) -> Badge | None:
        """The badge that is drawn at a place of the canvas."""
        if self.detail == FAR:
            return None
        return self.badging.at(self.scene, instant_of(shown), place)

    def visible_numbers(self, instant: Instant, part: Rect) -> list[tuple[str, str]]:
        """Role and text of each number that can be read in a part of the canvas."""
        return self.figures.numbers.visible(instant, part, self.figures.atlas(self.theme, 1.0))

    def number_at(self, instant: Instant | None, place: Point) -> Label | None:
        """The number on a wire that is written at that place."""
        if instant is None or self.detail == FAR:
            return None
        return self.figures.numbers.at(instant, place, self.theme.type)

    def gradient_at(self, shown: Showing, place: Point) -> Place | None:
        """Where the gradient is whose number is at a place of the canvas: a node, or a wire."""
        instant = instant_of(shown)
        if instant is None or shown.timeline is not self._timeline:
            return None
        label = self.figures.numbers.at(instant, place, self.theme.type, gradients=True)
        if label is None or isinstance(label.key, int):
            return None
        return label.key if isinstance(label.key, tuple) else (label.key, "", 0)

    def take(self, project: Project) -> None:
        """Draw this project from now on."""
        if project is not self._project:
            self._project = project
            self.renew()

    def dress(self, theme: Theme) -> None:
        """Take the colours and the sizes of a theme, and the words of the current language."""
        self.theme = theme
        self.ground.background = QColor(theme.colours["canvas"])
        self.renew()

    def renew(self) -> None:
        """Lay everything out anew."""
        self._scene = self._targets = self._wiring = self._timeline = self._run = None
        self._left_behind = None
        self._state = ()
        self._queue = []
        self._glide = None
        self.caption.forget()
        self.figures.forget()
        self.ground.forget()
        self.wires.forget()

    def lift(self, part: Lifted | None, hidden: frozenset[Wire] = frozenset()) -> None:
        """Draw a part on its own, where it is dragged; without it, or them, the wires hidden."""
        before, framed = self._away(), self._framed()
        self.lifted, self.hidden, self._standing = part, hidden, None
        if part is not None:
            self._glide = None  # what is dragged is where the pointer is
        if self._away() != before:
            self.ground.forget()
            self.wires.forget()
        elif framed:
            now = self._framed()
            moved = {id for id in framed.keys() | now.keys() if framed.get(id) != now.get(id)}
            both = [
                frames[id].grown(4.0) for frames in (framed, now) for id in moved & frames.keys()
            ]
            self.ground.spoil(both)

    def _framed(self) -> dict[str, Rect]:
        """Where frames and notes are now."""
        here = self.standing
        return {each.id: each.rect for each in here.frames} | {
            slip.note.id: slip.rect for slip in here.slips
        }

    def _away(self) -> tuple[frozenset[str], frozenset[Wire]]:
        part = self.lifted
        return (part.bodies, part.wires | self.hidden) if part else (frozenset(), self.hidden)

    # -- following what passes ---------------------------------------------------------------

    def follow(self, shown: Showing) -> bool:
        """Take note of what is shown now; whether something has to wait for another look."""
        here, timeline, instant = self.scene, shown.timeline, instant_of(shown)
        if self._wiring is None:
            self._wiring = wiring(here)
        if timeline is not self._timeline or self._run is None:
            self._timeline = timeline
            if not self.figures.follow(here, timeline):
                self._times = self._wiring.times(timeline)
        state = (timeline, reached(instant), instant.phase if instant else "")
        if state[1:] != self._state[1:] or self._run is None:
            self._follow_run(instant)
            self._follow_weights(shown, state)
        stale = []
        if self.tiles.behind(shown):
            stale.append("tiles")
        if state != self._state or (shown.weights is not self._weights and self._wiring.strands):
            stale.append("wires")
        # While training goes on, no frame has to pay for both.
        due = sorted(stale, key=lambda part: self._drawn[part])
        if shown.training and due:
            pause = max(PAUSE, self._took[due[0]] / SHARE)
            due = due[:1] if time.monotonic() >= self._drawn[due[0]] + pause else []
        self._due = due
        for part in due:
            self._drawn[part] = time.monotonic()
            if part == "tiles":
                self.tiles.follow(shown)
            else:
                self._follow_weights(shown, state)
        # A piece at a time: the strands of one pair of layers, the pictures of one layer.
        if self._queue:
            pieces = 1 if shown.training else len(self._queue)
            self.wires.spoil(self._queue[:pieces])
            self._queue = self._queue[pieces:]
        self.tiles.at_once = not shown.training
        return len(due) < len(stale) or bool(self._queue) or self.tiles.waiting

    def _follow_weights(self, shown: Showing, state: tuple[object, ...]) -> None:
        assert self._wiring is not None
        if self.detail == NEAR and shown.weights is not self._weights:
            self.wires.spoil(holding(self.scene))
        self._weights, self._state = shown.weights, state
        self._queue = list(self._wiring.strand_rects)
        self.wires.spoil(readings.places(self.scene, self.detail))

    def _follow_run(self, instant: Instant | None) -> None:
        assert self._wiring is not None
        run = run_of(self._wiring, self._times, instant)
        if self._run is None or self._run.wiring is not self._wiring:
            self.wires.forget()
        else:
            self.wires.spoil(run.differing(self._run))
        self._run = run

    def _look_from(self, shown: Showing, scale: float, seen: Rect, *, rough: bool) -> None:
        """Take note of how near one looks, and of the badges that are seen from there.

        While what was drawn is only shown larger or smaller, it stays as it is.
        """
        detail = detail_at(scale, self.detail)
        if detail != self.detail and not rough:
            self.detail = detail
            self.ground.refine()
            self.wires.refine()
        if detail != FAR:
            bodies = self.targets.within(seen.grown(MARGIN / scale))
            instant = instant_of(shown)
            self.wires.spoil(self.badging.follow(shown, instant, self.scene, bodies))

    # -- painting ----------------------------------------------------------------------------

    def paint(
        self,
        painter: QPainter,
        shown: Showing,
        view: View,
        size: tuple[int, int],
        ratio: float,
        *,
        hurry: bool = False,
    ) -> bool:
        """Everything; the painter counts in pixels of the screen before and in canvas units after.

        `size` is the widget's, in its own pixels. In a hurry, what takes long may be drawn
        roughly; whether nothing was.
        """
        self._shown = shown
        began = time.monotonic()
        try:
            return self._paint(painter, shown, view, size, ratio, hurry)
        finally:
            for part in self._due:
                self._took[part] = time.monotonic() - began

    def _paint(
        self,
        painter: QPainter,
        shown: Showing,
        view: View,
        size: tuple[int, int],
        ratio: float,
        hurry: bool,
    ) -> bool:
        seen = view.seen(*size)
        rough = hurry and self.wires.will_do(view, size, ratio)
        self._look_from(shown, view.scale, seen, rough=rough)
        if self._glide is not None and self._glide.share() < 1.0:
            self._paint_gliding(painter, shown, view, size, ratio, self._glide)
            return True
        self._glide = None
        instant = instant_of(shown)
        moving = Moving(self.scene, instant, shown.weights, {})
        whole = self.figures.show(
            painter,
            moving,
            self.targets,
            self.lifted,
            self.detail,
            view,
            size,
            ratio,
            hurry=hurry,
        )
        away = self.lifted.bodies if self.lifted else frozenset()
        tiled = [b for b in self.targets.tiled_within(seen) if b.node.id not in away]
        if self.detail != FAR:
            self.tiles.paint(painter, self.theme, tiled)
        if self.lifted is not None:
            self._paint_lifted(painter, shown, self.lifted)
        if instant is not None and not shown.training:
            if self.lifted is not None and self.lifted.touches(instant.moment):
                moving = replace(moving, scene=self.standing)
            self._passing.paint(painter, moving, near=self.detail != FAR, seen=seen)
        return whole

    def _paint_gliding(
        self,
        painter: QPainter,
        shown: Showing,
        view: View,
        size: tuple[int, int],
        ratio: float,
        going: Glide,
    ) -> None:
        unit, seen = view.scale * ratio, view.seen(*size)
        everything = QRectF(0, 0, size[0] * ratio, size[1] * ratio)
        painter.fillRect(everything, self.ground.background)
        onto(painter, view, unit)
        paint_grid(painter, seen, self.theme)
        here = going.at(going.share())
        self._gliding.paint(painter, here, shown, self.detail, self.tiles, seen)

    def _paint_lifted(self, painter: QPainter, shown: Showing, part: Lifted) -> None:
        self._ghost_sprites.paint(painter, part.scene, part.moving, self.detail)
        ids = {id for body in part.moving for id in body.ids}
        stubs = {id: ends for id, ends in part.scene.stubs.items() if id in ids}
        wires = Wiring(part.scene, part.paths, stubs)
        instant = instant_of(shown)
        run = run_of(wires, wires.times(shown.timeline), instant)
        run.paint(painter, [part.scene.extent.grown(50.0)])
        if self.detail != FAR:
            self.tiles.paint(painter, self.theme, part.moving)
        moving = Moving(part.scene, instant, shown.weights, {})
        draw_strands(painter, moving, wires.strands)
        readings.paint(painter, moving, self.detail, self.badging, Inscriptions(), part.moving)
        if self.detail != FAR:
            self.figures.paint_apart(painter, moving, part)

    def _paint_ground(self, painter: QPainter, parts: list[Rect], _rough: bool) -> None:
        for part in parts:
            paint_grid(painter, part, self.theme)
        if self.standing.frames or self.standing.slips:
            paint_marks(
                painter, legible(framing(self.standing), painter.worldTransform().m11()), self.theme
            )
        away, _wires = self._away()
        close = self.targets.within(*(part.grown(60.0) for part in parts))
        here = [body for body in close if body.node.id not in away]
        self._sprites.paint(painter, self.scene, here, self.detail)

    def _paint_wires(self, painter: QPainter, parts: list[Rect], rough: bool) -> None:
        assert self._wiring is not None and self._run is not None
        bodies, gone = self._away()
        wires, here = self._wiring, self.scene
        away = None
        if gone or bodies:
            stubs = [here.bodies[id].node.id in bodies for id in wires.stubs]
            away = np.array([path.wire in gone for path in wires.plain] + stubs, dtype=bool)
        self._run.paint(painter, parts, away, rough=rough)
        part = around(parts)
        moving = Moving(here, instant_of(self._shown), self._shown.weights, {})
        strands = [
            path
            for path, rect in zip(wires.strands, wires.strand_rects, strict=True)
            if path.wire not in gone and any(rect.meets(each) for each in parts)
        ]
        draw_strands(painter, moving, strands)
        if not rough:
            close = self.targets.within(part.grown(REACH))
            standing = [body for body in close if body.node.id not in bodies]
            kept = self._inscriptions
            readings.paint(painter, moving, self.detail, self.badging, kept, standing, part)


def instant_of(shown: Showing) -> Instant | None:
    """Where playback is; sources alone have values too, though nothing ever happens."""
    return shown.timeline.at(shown.position) if shown.timeline is not None else None
