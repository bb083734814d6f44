"""A network laid out: its bodies at their places, and the paths of its wires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array
from bpstudio.playback import digits
from bpstudio.playback.bodies import (
    GATE,
    NUMBER,
    PILL,
    SOURCE,
    Body,
    bodies,
    docked,
    own_name,
)
from bpstudio.playback.folded import folded
from bpstudio.playback.marks import Rect, around
from bpstudio.playback.metrics import MONO, width
from bpstudio.playback.opened import Frame, frames
from bpstudio.playback.palette import LIGHT, Theme
from bpstudio.playback.slips import Slip, slips
from bpstudio.playback.timeline import Wire
from bpstudio.playback.wires import LEAD, Path, curves, in_halves, paths
from bpstudio.project import edits
from bpstudio.project.arrange import arrange
from bpstudio.project.boxes import around as around_of
from bpstudio.project.boxes import contents
from bpstudio.project.clusters import clusters_of
from bpstudio.project.project import Project

SPREAD = 36.0
"""How much further apart bodies with neurons stand, so that their many wires can be followed."""
FORK = 76.0
"""How much further apart forks stand, so that each wire's own gradient fits beside their sum."""
STUB = 84.0
"""How far the wire of a result that feeds nothing sticks out."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Where everything of a project stands, before anything runs through it.

    `bodies` has the body of each node, docked activations included; `docks` the layer of each of
    these.
    """

    project: Project
    theme: Theme
    bodies: Mapping[str, Body]
    docks: Mapping[str, str]
    paths: tuple[Path, ...]

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.project.graph

    @cached_property
    def each(self) -> tuple[Body, ...]:
        """Every body once."""
        return tuple(body for id, body in self.bodies.items() if body.node.id == id)

    @cached_property
    def edges(self) -> Array:
        """Left, top, right and bottom of each body, (4, n)."""
        rows = [(r.x, r.y, r.right, r.bottom) for r in (body.rect for body in self.each)]
        return np.array(rows, dtype=float).reshape(-1, 4).T

    @cached_property
    def stubs(self) -> Mapping[str, Array]:
        """For each result that feeds nothing the controls (1, 16, 2) of the wire out of it."""
        starts = {
            id: at
            for body in self.each
            for id, at in body.exits.items()
            if not self.graph.readers[id] and self.graph[id].op.category != "source"
        }
        begin = np.array([*starts.values()], dtype=float).reshape(-1, 2)
        wires = in_halves(curves(begin, begin + np.array([STUB * self.theme.type, 0.0]), LEAD))
        return {id: wires[row : row + 1] for row, id in enumerate(starts)}

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of what stands opened and of open boxes, from back to front."""
        return frames(self.project, self.bodies, self.slips, self.theme.type)

    @cached_property
    def slips(self) -> tuple[Slip, ...]:
        """The notes that are seen."""
        return slips(self.project, self.theme.type)

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Path, ...]]:
        """The paths that leave each node."""
        found: dict[str, list[Path]] = {}
        for path in self.paths:
            found.setdefault(path.source, []).append(path)
        return {id: tuple(leaving) for id, leaving in found.items()}

    @cached_property
    def by_wire(self) -> Mapping[Wire, Path]:
        """The path of each wire that is drawn."""
        return {path.wire: path for path in self.paths}

    def label_at(self, id: str) -> tuple[float, float]:
        """Where a number on a node's wire has its middle: on the wire, near the node.

        A number of seven characters is clear of the node there, and the place does not depend on
        the number. A single wire that runs straight has it in its own middle.
        """
        body, type = self.bodies[id], self.theme.type
        x, y = body.exit(id)
        near = x + 5 + width(digits.usual_width(), NUMBER * type, MONO, 700) / 2
        leaving = self.outgoing.get(id, ())
        if id in self.stubs:
            return max(near, x + STUB * type / 2 - 4), y
        if len(leaving) == 1 and not leaving[0].weight:
            start, end = leaving[0].controls[0, 0], leaving[0].controls[0, -1]
            if abs(start[1] - end[1]) < 3 and start[0] < end[0] < start[0] + 3 * LEAD:
                return max(near, float((start[0] + end[0]) / 2)), y
        return near, y

    @cached_property
    def extent(self) -> Rect:
        """What bodies, wires and their numbers cover."""
        rects = [body.rect for body in self.each]
        rects += [frame.rect for frame in self.frames] + [slip.rect for slip in self.slips]
        rects += [
            Rect(body.rect.x, body.rect.bottom, body.rect.width, 14 * body.type)
            for body in self.each
            if body.kind in (GATE, PILL, SOURCE)
        ]
        if self.paths:
            points = np.concatenate([path.controls.reshape(-1, 2) for path in self.paths])
            (x, y), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            rects.append(Rect(x, y, right - x, bottom - y))
        return around([*rects, *(self.result(id) for id in self.stubs)])

    def result(self, id: str) -> Rect:
        """What the open end of a result that feeds nothing covers, with its number and name."""
        x, y = self.bodies[id].exit(id)
        name = own_name(self.graph[id])
        room = STUB * self.theme.type + (10 + 8 * len(name) if name else 0)
        return Rect(x, y - 24, room, 48)


def scene(project: Project, theme: Theme = LIGHT) -> Scene:
    """Where everything stands; nodes without a place are arranged by what they look like."""
    unplaced = bodies(project, theme.type)
    docks = docked(project)
    places = project.places
    if any(id not in places for id in unplaced):
        places = {**_arranged(project, unplaced, docks), **places}
    placed = {id: body.moved(places[id]) for id, body in unplaced.items()}
    placed = folded(project, placed, theme.type)
    every = {id: body for body in placed.values() for id in body.ids}
    wires = paths(project.graph, every, docks, theme.type)
    return Scene(project, theme, every, docks, tuple(wires))


def laid_out(project: Project) -> Project:
    """The project with every node placed by what it looks like: for one that was just made."""
    return replace(project, places=arranged(replace(project, places={})))


def arranged(project: Project) -> dict[str, tuple[float, float]]:
    """A place for each node by what it looks like; a docked activation gets its layer's.

    Nodes that have places keep their order, and the whole stays about where it was.
    """
    return _arranged(project, bodies(project), docked(project))


def tidied(project: Project) -> Project:
    """The project arranged by what it looks like; the notes of a box go with it."""
    places: dict[str, tuple[float, float]] = arranged(project)
    for id, note in project.notes.items():
        for box in around_of(project.boxes, id)[:1]:
            steps = [
                (places[each][0] - x, places[each][1] - y)
                for each in contents(project.boxes, box)
                if each in places and each in project.places
                for x, y in [project.places[each]]
            ]
            dx, dy = (sum(step[axis] for step in steps) / max(len(steps), 1) for axis in (0, 1))
            places[id] = (note.place[0] + dx, note.place[1] + dy)
    return edits.move(project, places)


def room_taken(project: Project) -> dict[str, tuple[float, float]]:
    """How wide and high each node is to whoever arranges them, with room beside it for its wires
    and their numbers."""
    return _with_room(project.graph, bodies(project))


def _with_room(graph: Graph, unplaced: Mapping[str, Body]) -> dict[str, tuple[float, float]]:
    found = {}
    for id, body in unplaced.items():
        forks = len(graph.readers[body.last.id]) > 1
        beside = SPREAD if body.tiles else FORK if forks else 0.0
        found[id] = body.rect.width + beside, body.rect.height
    return found


def _arranged(
    project: Project, unplaced: Mapping[str, Body], docks: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    nodes = {
        node.id: Node(
            node.id,
            node.op,
            {
                port: tuple(docks.get(source, source) for source in sources)
                for port, sources in node.sources.items()
            },
        )
        for node in project.graph.nodes.values()
        if node.id not in docks
    }
    sizes = _with_room(project.graph, unplaced)
    piles = folded(project, unplaced, 1.0) if project.boxes else {}
    sizes |= {each.box: (each.rect.width, each.rect.height) for each in piles.values() if each.box}
    before = {id: place for id, place in project.places.items() if id in nodes}
    places = arrange(Graph(nodes), sizes, before or None, clusters_of(project))
    return places | {activation: places[layer] for activation, layer in docks.items()}
