"""Where the keyboard leads: from node to node in the order of the run, and along the wires."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt

from bpstudio.playback.bodies import Body
from bpstudio.playback.scene import Scene

LEFT, RIGHT, UP, DOWN = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
)


def following(scene: Scene, ids: Iterable[str], steps: int) -> str | None:
    """The body after these (1) or before them (-1), as they run; None beyond the ends."""
    order = [body.node.id for body in scene.each]
    chosen = {scene.bodies[id].node.id for id in ids if id in scene.bodies}
    places = [index for index, id in enumerate(order) if id in chosen]
    if not places:
        index = 0 if steps > 0 else len(order) - 1
    else:
        index = (max(places) if steps > 0 else min(places)) + steps
    return order[index] if 0 <= index < len(order) else None


def neighbour(scene: Scene, id: str, key: int) -> str | None:
    """The body that an arrow leads to: right and left along wires, up and down to the nearest."""
    body = scene.bodies[id]
    if key == RIGHT:
        near = [scene.bodies[reader] for id in body.exits for reader in scene.graph.readers[id]]
    elif key == LEFT:
        fed = [scene.graph[id].sources.get(port, ()) for id, port, _slot in body.entries]
        near = [scene.bodies[source] for sources in fed for source in sources]
    else:
        sign = 1 if key == DOWN else -1
        y = body.rect.centre[1]
        near = [other for other in scene.each if sign * (other.rect.centre[1] - y) > 4]
    near = [other for other in near if other is not body]
    return min(near, key=lambda other: _distance(body, other)).node.id if near else None


def _distance(a: Body, b: Body) -> float:
    (ax, ay), (bx, by) = a.rect.centre, b.rect.centre
    return (ax - bx) ** 2 + (ay - by) ** 2
