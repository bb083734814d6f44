"""The badges of what is seen: found for one recording at a time, drawn once what they say is so."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping

from bpstudio.playback import badges
from bpstudio.playback.badges import LASTING, Badge
from bpstudio.playback.bodies import Body
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Instant
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.canvas.wiring import reached
from bpstudio.ui.showing import Showing

Found = Mapping[str, tuple[Badge, ...]]


class Badging:
    """The badges of some bodies of a scene."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._ids: frozenset[str] = frozenset()
        self._found: dict[str, tuple[Badge, ...]] = {}
        self._drawn: dict[str, tuple[str, ...]] = {}
        self._known: tuple[object, ...] = ()
        self._upto = -1

    def follow(
        self, shown: Showing, instant: Instant | None, scene: Scene, bodies: tuple[Body, ...]
    ) -> list[Rect]:
        """Find them for what is shown of these bodies; where something has to be drawn anew."""
        recording = shown.recording
        of = (scene, recording, shown.project.training.frozen, shown.diagnoses)
        # What badges say changes with what has been reached, not with each frame.
        known, upto = (*of, bodies), reached(instant)
        unchanged = len(known) == len(self._known) and all(map(operator.is_, known, self._known))
        if unchanged and upto == self._upto:
            return []
        self._known, self._upto = known, upto
        ids = frozenset(id for body in bodies for id in body.ids)
        same = len(of) == len(self._of) and all(map(operator.is_, of, self._of))
        missing = ids - self._ids if same else ids
        if missing or not same:
            fresh = badges.badges(shown.project, recording, missing, shown.diagnoses)
            self._of = of
            self._found = {**self._found, **fresh} if same else fresh
            self._ids = self._ids | ids if same else ids
        drawn = {id: tuple(b.kind for b in own) for id, own in self.visible(instant).items()}
        before, self._drawn = self._drawn, drawn
        changed = {id for id in before.keys() | drawn.keys() if before.get(id) != drawn.get(id)}
        return [_corner(scene.bodies[id]) for id in changed if id in scene.bodies]

    def at(self, scene: Scene, instant: Instant | None, place: Point) -> Badge | None:
        """The badge at a place of the canvas."""
        x, y = place
        for rect, badge in badges.places(scene, self.visible(instant)):
            if rect.x <= x <= rect.right and rect.y <= y <= rect.bottom:
                return badge
        return None

    def visible(self, instant: Instant | None) -> Found:
        """Those whose reason has been seen: a tie is none before its numbers are there."""
        return {
            id: kept
            for id, own in self._found.items()
            if (kept := tuple(b for b in own if _seen(b, id, instant)))
        }

    def marks(
        self, scene: Scene, instant: Instant | None, bodies: Iterable[Body]
    ) -> tuple[Mark, ...]:
        """How those of some bodies are drawn."""
        visible = self.visible(instant)
        if not visible:
            return ()
        chosen = [body for body in bodies if any(id in visible for id in body.ids)]
        return tuple(badges.marks(badges.placed(chosen, visible)))


def _seen(badge: Badge, id: str, instant: Instant | None) -> bool:
    if badge.kind in LASTING:
        return True
    return instant is not None and instant.value(id) >= 0.5


def _corner(body: Body) -> Rect:
    """The right upper corner of a body, as far as badges reach."""
    wide = 4 * badges.PITCH * body.type
    return Rect(body.rect.right - wide, body.rect.y - 12.0 * body.type, wide + 12, 28.0 * body.type)
