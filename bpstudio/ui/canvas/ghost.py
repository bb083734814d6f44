"""What is being dragged: a few bodies and their wires, laid out by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bpstudio.engine.graph import Graph
from bpstudio.playback.bodies import Body
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Wire
from bpstudio.playback.wires import paths


@dataclass(frozen=True, eq=False)
class Lifted:
    """The part of a scene that moves with some nodes.

    `bodies` are those that move and `wires` all that end on them; `labels` are the bodies whose
    numbers move, because they stand on these wires. `scene` has them where they are now.
    """

    bodies: frozenset[str]
    wires: frozenset[Wire]
    labels: frozenset[str]
    scene: Scene

    @property
    def moving(self) -> tuple[Body, ...]:
        """The bodies that move, where they are now."""
        return tuple(body for body in self.scene.each if body.node.id in self.bodies)


def lifted(scene: Scene, ids: Iterable[str], dx: float, dy: float) -> Lifted:
    """These nodes moved by so much, with everything that hangs on them."""
    graph = scene.graph
    moving = {id for chosen in ids for id in scene.bodies[chosen].ids}
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
    hanging = tuple(
        path
        for path in paths(part, led_past, scene.docks, scene.theme.type)
        if path.source in moving or path.target in moving
    )
    near = {
        id: body for id, body in led_past.items() if id in part.nodes and body.last.id in part.nodes
    }
    sources = {path.source for path in hanging}
    return Lifted(
        frozenset(body.node.id for body in shifted.values()),
        frozenset(path.wire for path in hanging),
        frozenset(led_past[id].node.id for id in moving | sources),
        Scene(replace(scene.project, graph=part), scene.theme, near, scene.docks, hanging),
    )
