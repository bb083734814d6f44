"""What is being dragged: a few bodies and their wires, laid out by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from bpstudio.engine.graph import Graph
from bpstudio.engine.run import Update
from bpstudio.playback.bodies import Body
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Clear, Moment, Wire
from bpstudio.playback.wires import Path, paths
from bpstudio.project.boxes import Boxes


@dataclass(frozen=True, eq=False)
class Lifted:
    """The part of a scene that moves with some nodes.

    `bodies` are those that move, by the node that gives each its place, and `paths` all wires that
    end on them; the numbers on wires that leave `labels` move too.
    `scene` has everything where it is now, notes that move with it too.
    """

    bodies: frozenset[str]
    paths: tuple[Path, ...]
    labels: frozenset[str]
    scene: Scene

    @cached_property
    def wires(self) -> frozenset[Wire]:
        """The wires that move, by where they end."""
        return frozenset(path.wire for path in self.paths)

    def touches(self, moment: Moment | None) -> bool:
        """Whether something moves at which a moment happens, or which feeds that."""
        if moment is None or isinstance(moment.step, Clear):
            return moment is not None
        concerned = {moment.node}
        if not isinstance(moment.step, Update):
            concerned |= {id for sources in moment.step.sources.values() for id in sources}
        return any(not concerned.isdisjoint(body.ids) for body in self.moving)

    @cached_property
    def moving(self) -> tuple[Body, ...]:
        """The bodies that move, where they are now."""
        return tuple(body for body in self.scene.each if body.node.id in self.bodies)


def lifted(
    scene: Scene, ids: Iterable[str], dx: float, dy: float, boxes: Boxes | None = None
) -> Lifted:
    """These nodes and notes moved by so much, with everything that hangs on them.

    `boxes` are those that there would be if they were put down there, if others than now.
    """
    graph = scene.graph
    chosen = frozenset(ids)
    moving = {id for each in chosen if each in scene.bodies for id in scene.bodies[each].ids}
    notes = {
        id: replace(note, place=(note.place[0] + dx, note.place[1] + dy)) if id in chosen else note
        for id, note in scene.project.notes.items()
    }
    readers = {reader for id in moving for reader in graph.readers[id]}
    inner = moving | readers
    outer = {source for id in inner for source in graph[id].feeding} - inner
    part = Graph(
        {
            id: node if id in inner else replace(node, sources={})
            for id, node in graph.nodes.items()
            if id in inner or id in outer
        }
    )
    shifted: dict[str, Body] = {}
    for id in moving:
        body = scene.bodies[id]
        if body.node.id not in shifted:
            x, y = body.rect.centre
            shifted |= dict.fromkeys(body.ids, body.moved((x + dx, y + dy)))
    led_past = {**scene.bodies, **shifted}
    every = tuple(paths(part, led_past, scene.docks, scene.theme.type))
    hanging = tuple(path for path in every if path.source in moving or path.target in moving)
    near = {id: led_past[id] for id in part.nodes if led_past[id].last.id in part.nodes}
    project = replace(scene.project, graph=part, notes=notes)
    if boxes is not None:
        project = replace(project, boxes=boxes)
    return Lifted(
        frozenset(body.node.id for body in shifted.values()),
        hanging,
        frozenset(moving | {path.source for path in hanging}),
        Scene(project, scene.theme, near, scene.docks, every),
    )
