"""What each neuron computes, as small pictures over the input plane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import GateError
from bpstudio.playback.bodies import bodies
from bpstudio.project.project import Project
from bpstudio.training.probes import Plane, Unseen, look, plane_of, view, visible

CELLS = 32
MOST_ROWS = 24
PROBABILITIES = frozenset({"sigmoid", "hard_sigmoid", "softmax"})
"""Gates whose outputs lie between 0 and 1, with ½ in the middle."""


def planes(
    project: Project,
    weights: Mapping[str, Array] | None = None,
    *,
    recording: Recording | None = None,
    cells: int = CELLS,
    once: bool = False,
) -> dict[str, Array]:
    """For each node that shows its neurons their pictures (units, h, w), from −1 to 1.

    With one or two inputs they are over the input space, the first line at the top. With more they
    are a strip of the neuron's outputs for the first rows of the recording; without one there are
    none. `once` says that they are not asked for again and again, so that nothing is compiled.
    """
    if project.data is None:
        return {}
    wanted = [body.last.id for body in bodies(project).values() if body.tiles]
    plane = plane_of(project.data.features, cells)
    if isinstance(plane, Unseen):
        return {} if recording is None else _strips(project, recording, wanted)
    while wanted:
        try:
            found = over(project, plane, wanted, weights, once=once)
        except GateError as error:
            # What needs a gate that fails has no picture; who runs the network is told why.
            failing = set(error.nodes)
            others = [id for id in wanted if not failing & run.ancestors(project.graph, id)]
            wanted = others if len(others) < len(wanted) else []
        else:
            return {
                id: pictures(project.graph[id], outputs, plane) for id, outputs in found.items()
            }
    return {}


def of_points(project: Project) -> tuple[str, ...]:
    """The nodes that have an output for each point of a plane, in topological order.

    What makes one number of the whole batch has none.
    """
    shapes = project.known_shapes
    return tuple(id for id in visible(project.graph) if id not in shapes or shapes[id].batched)


def over(
    project: Project,
    plane: Plane,
    nodes: Iterable[str],
    weights: Mapping[str, Array] | None = None,
    *,
    once: bool = False,
) -> dict[str, Array]:
    """The outputs (points, units) of each of the nodes that can be seen over the plane."""
    given, shapes = dict(project.given), project.known_given
    held = {**project.statistics, **(project.weights if weights is None else weights)}
    points = plane.points
    seen = set(of_points(project))
    wanted = [id for id in nodes if id in seen]
    if once:
        return look(project.graph, given, held, wanted, points)
    return {id: view(project.graph, given, shapes, id, points)(held) for id in wanted}


def pictures(node: Node, outputs: Array, plane: Plane) -> Array:
    """Outputs (points, units) as pictures (units, h, w) from −1 to 1, the first line at the top."""
    scaled = _about_middle(outputs) if node.op.category == "source" else signed(node, outputs)
    lines = plane.cells if len(plane.low) == 2 else 1
    return scaled.T.reshape(-1, lines, plane.cells)[:, ::-1]


def signed(node: Node, outputs: Array) -> Array:
    """Outputs of a node from −1 to 1: probabilities about ½, all else about 0."""
    if node.op.name in PROBABILITIES:
        return 2.0 * outputs - 1.0
    largest = float(np.max(np.abs(outputs), initial=0.0, where=np.isfinite(outputs)))
    if node.op.name == "tanh":
        largest = 1.0
    return outputs / (largest or 1.0)


def _about_middle(outputs: Array) -> Array:
    """The inputs themselves from −1 to 1, each about the middle of its range."""
    low, high = outputs.min(axis=0), outputs.max(axis=0)
    half = np.where(high > low, (high - low) / 2, 1.0)
    about: Array = (outputs - (low + high) / 2) / half
    return about


def _strips(project: Project, recording: Recording, wanted: Iterable[str]) -> dict[str, Array]:
    found = {}
    for id in wanted:
        values = recording.values.get(id)
        if values is not None and values.ndim == 2:
            scaled = signed(project.graph[id], values[:MOST_ROWS])
            found[id] = scaled.T[:, None, :]
    return found
