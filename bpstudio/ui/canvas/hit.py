"""What lies under the pointer: bodies, ports and wires, found in arrays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback.bodies import GATE, PILL, Body
from bpstudio.playback.folded import mark_of
from bpstudio.playback.marks import Rect
from bpstudio.playback.opened import Frame
from bpstudio.playback.scene import Scene
from bpstudio.playback.slips import Slip
from bpstudio.playback.timeline import Wire
from bpstudio.ui.canvas.view import Point

REACH = 11.0
"""How near to a port the pointer has to be, in pixels of the widget."""
NEAR = 6.0
"""How near to a wire the pointer has to be, in pixels of the widget."""


@dataclass(frozen=True)
class Output:
    """The port at which a node's value leaves."""

    node: str


@dataclass(frozen=True)
class Input:
    """A port of a node that a wire feeds; `wire` is the one that does, if one does."""

    node: str
    port: str
    slot: int
    wire: Wire | None = None


@dataclass(frozen=True)
class Strand:
    """A wire, away from its ends."""

    wire: Wire


@dataclass(frozen=True, eq=False)
class Targets:
    """Everything of a scene that can be pointed at, as arrays."""

    scene: Scene

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """The bodies, those drawn last coming last."""
        return self.scene.each

    @cached_property
    def rects(self) -> Array:
        """Left, top, right, bottom of each body, shape (n, 4)."""
        rows = [(r.x, r.y, r.right, r.bottom) for r in (body.rect for body in self.bodies)]
        return np.array(rows, dtype=float).reshape(-1, 4)

    @cached_property
    def givers(self) -> tuple[str, ...]:
        """The nodes whose values leave a body, where something could be connected to them."""
        return tuple(id for body in self.bodies for id in body.exits)

    @cached_property
    def outputs(self) -> Array:
        """Where the values of `givers` leave, shape (n, 2)."""
        places = [place for body in self.bodies for place in body.exits.values()]
        return np.array(places, dtype=float).reshape(-1, 2)

    @cached_property
    def _inputs(self) -> tuple[tuple[Input, ...], Array]:
        ports: list[Input] = []
        places: list[Point] = []
        for body in self.bodies:
            for (id, port, slot), place in body.entries.items():
                fed = slot < len(self.scene.graph[id].sources.get(port, ()))
                ports.append(Input(id, port, slot, (id, port, slot) if fed else None))
                places.append(place)
        return tuple(ports), np.array(places, dtype=float).reshape(-1, 2)

    @property
    def ports(self) -> tuple[Input, ...]:
        """Every input port, and every wire of a port that takes several."""
        return self._inputs[0]

    @property
    def inputs(self) -> Array:
        """The places of `ports`, shape (m, 2)."""
        return self._inputs[1]

    @cached_property
    def _pieces(self) -> tuple[Array, Array]:
        """The wires as straight pieces: ends (k, 4), and the index of the path of each."""
        ends, owners = [], []
        for index, path in enumerate(self.scene.paths):
            points = path.points
            both = np.concatenate([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 4)
            ends.append(both)
            owners.append(np.full(len(both), index))
        if not ends:
            return np.zeros((0, 4)), np.zeros(0, dtype=int)
        return np.concatenate(ends), np.concatenate(owners)

    def body(self, at: Point) -> Body | None:
        """The uppermost body at that place of the canvas."""
        x, y = at
        left, top, right, bottom = self.rects.T
        under = np.flatnonzero((left <= x) & (x <= right) & (top <= y) & (y <= bottom))
        for index in under.tolist()[::-1]:
            if _inside(self.bodies[index], at):
                return self.bodies[index]
        return None

    def head(self, at: Point) -> Frame | None:
        """The box around what stands opened whose title is at that place, the innermost first."""
        return self._frame_at(at, [frame.head for frame in self.scene.frames])

    def mark(self, at: Point) -> Frame | None:
        """The box whose mark to close it is at that place, or right beside it."""
        return self._frame_at(at, [frame.mark.grown(4.0) for frame in self.scene.frames])

    def _frame_at(self, at: Point, rects: list[Rect]) -> Frame | None:
        x, y = at
        for frame, rect in zip(reversed(self.scene.frames), reversed(rects), strict=True):
            if rect.x <= x <= rect.right and rect.y <= y <= rect.bottom:
                return frame
        return None

    def slip(self, at: Point) -> Slip | None:
        """The uppermost note at that place."""
        x, y = at
        for slip in reversed(self.scene.slips):
            if slip.rect.x <= x <= slip.rect.right and slip.rect.y <= y <= slip.rect.bottom:
                return slip
        return None

    def marked(self, at: Point) -> str | None:
        """The opened gate or the box whose mark to close, fold or open it is at that place."""
        body = self.body(at)
        if body is not None:
            rect = mark_of(body).grown(4.0)
            inside = rect.x <= at[0] <= rect.right and rect.y <= at[1] <= rect.bottom
            return body.box if body.box and inside else None
        frame = self.mark(at)
        return None if frame is None else frame.id

    def box_at(self, at: Point, without: Collection[str] = ()) -> str:
        """The open box whose frame is around that place, the innermost; empty for none.

        Boxes all of whose members are `without` do not count.
        """
        for frame in reversed(self.scene.frames):
            counts = frame.role and not frame.members.issubset(without)
            if counts and frame.rect.holds(at):
                return frame.id
        return ""

    def within(self, *parts: Rect) -> tuple[Body, ...]:
        """The bodies that meet a part of the canvas, or one of several."""
        if parts not in self._asked:
            if len(self._asked) > 3:
                self._asked.clear()
            self._asked[parts] = self._meeting(parts)
        return self._asked[parts]

    @cached_property
    def _asked(self) -> dict[tuple[Rect, ...], tuple[Body, ...]]:
        """The parts that were asked for last, and the bodies in them: mostly those are seen."""
        return {}

    def _meeting(self, parts: tuple[Rect, ...]) -> tuple[Body, ...]:
        left, top, right, bottom = self.rects.T
        meets = np.zeros(len(self.bodies), dtype=bool)
        for rect in parts:
            across = (left < rect.right) & (right > rect.x)
            meets |= across & (top < rect.bottom) & (bottom > rect.y)
        if meets.all():
            return self.bodies
        return tuple(self.bodies[index] for index in np.flatnonzero(meets).tolist())

    def tiled_within(self, rect: Rect) -> list[Body]:
        """The bodies with pictures of neurons that meet a part of the canvas."""
        return [body for body in self._tiled if body.rect.meets(rect)]

    @cached_property
    def _tiled(self) -> tuple[Body, ...]:
        return tuple(body for body in self.bodies if body.tiles)

    def output(self, at: Point, reach: float) -> Output | None:
        """The output port within that distance, the nearest of several."""
        index = _nearest(self.outputs, at, reach)
        return None if index is None else Output(self.givers[index])

    def gives(self, body: Body) -> bool:
        """Whether anything can be connected to what leaves the body."""
        return bool(body.exits)

    def output_of(self, body: Body, at: Point) -> Output | None:
        """The output port of a body that is meant by that place: the nearest."""
        if not body.exits:
            return None
        return Output(min(body.exits, key=lambda id: abs(body.exits[id][1] - at[1])))

    def input(self, at: Point, reach: float) -> Input | None:
        """The input port within that distance, the nearest of several."""
        index = _nearest(self.inputs, at, reach)
        return None if index is None else self.ports[index]

    def input_of(self, body: Body, at: Point) -> Input | None:
        """The input port of a body that is meant by that place: an open one, the nearest."""
        own = [(port, place) for port, place in zip(self.ports, self.inputs.tolist(), strict=True)]
        mine = [(port, place) for port, place in own if port.node in body.ids]
        if not mine:
            return None
        return min(mine, key=lambda p: (p[0].wire is not None, abs(p[1][1] - at[1])))[0]

    def value_at(self, at: Point, reach: float) -> str | None:
        """The node whose value is at that place: its body, or a wire that carries it."""
        body = self.body(at)
        if body is not None:
            return None if body.box else body.last.id
        found = self.wire(at, reach)
        return None if found is None else self.scene.by_wire[found.wire].source

    def entry(self, at: Point, reach: float) -> tuple[str, tuple[int, int]] | None:
        """The weight that the strand at that place carries: the key of its matrix, row, column."""
        found = self.wire(at, reach)
        path = None if found is None else self.scene.by_wire[found.wire]
        if path is None or not path.weight:
            return None
        points = path.points
        ends = np.concatenate([points[:, :-1], points[:, 1:]], axis=2)
        distances = _distances(ends.reshape(-1, 4), at).reshape(ends.shape[:2]).min(axis=1)
        row, column = path.pairs[int(np.argmin(distances))].tolist()
        return path.weight, (row, column)

    def wire(self, at: Point, reach: float) -> Strand | None:
        """The wire within that distance, the nearest of several."""
        ends, owners = self._pieces
        if not len(ends):
            return None
        x, y = at
        near = (
            (np.minimum(ends[:, 0], ends[:, 2]) <= x + reach)
            & (np.maximum(ends[:, 0], ends[:, 2]) >= x - reach)
            & (np.minimum(ends[:, 1], ends[:, 3]) <= y + reach)
            & (np.maximum(ends[:, 1], ends[:, 3]) >= y - reach)
        )
        rows = np.flatnonzero(near)
        if not len(rows):
            return None
        distances = _distances(ends[rows], at)
        best = int(np.argmin(distances))
        if distances[best] > reach:
            return None
        return Strand(self.scene.paths[owners[rows[best]]].wire)


def _inside(body: Body, at: Point) -> bool:
    """Whether a place is inside the outline, corners cut off for the round ones."""
    if body.kind not in (GATE, PILL):
        return True
    rect = body.rect
    radius = rect.height / 2
    x = min(max(at[0], rect.x + radius), rect.right - radius)
    return bool(np.hypot(at[0] - x, at[1] - rect.centre[1]) <= radius)


def _nearest(places: Array, at: Point, reach: float) -> int | None:
    if not len(places):
        return None
    distances = np.hypot(places[:, 0] - at[0], places[:, 1] - at[1])
    best = int(np.argmin(distances))
    return best if distances[best] <= reach else None


def _distances(pieces: Array, at: Point) -> Array:
    """The distance of a place from each straight piece (k, 4)."""
    start, along = pieces[:, :2], pieces[:, 2:] - pieces[:, :2]
    to = np.array(at) - start
    squares = (along**2).sum(axis=1)
    share = np.clip((to * along).sum(axis=1) / np.where(squares > 0, squares, 1.0), 0.0, 1.0)
    off = to - share[:, None] * along
    distances: Array = np.hypot(off[:, 0], off[:, 1])
    return distances
