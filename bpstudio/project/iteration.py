"""One iteration of a project as a recording: forward, backward, and what training would change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording, Update
from bpstudio.project.project import Project, arguments, loss_node
from bpstudio.training.batches import rows_of_step
from bpstudio.training.job import Layout, Memory
from bpstudio.training.settings import penalised


def iteration(
    project: Project,
    weights: Mapping[str, Array] | None = None,
    *,
    step: int = 0,
    memory: Memory | None = None,
    most_rows: int | None = None,
    rows: Array | None = None,
) -> Recording:
    """The training step with this number (from 0) from these weights, gate by gate.

    It runs on the rows that the step sees, on `most_rows` of them at most, or on these `rows` of
    the data alone. The updates are what
    the optimizer would do with the present settings, going on from its `memory`; a gradient in
    them has the penalty in it, and frozen weights have none.

    A network that is still being built is run as far as it can be. The pass back begins at the
    loss, without one at the last result; while none can be reached there is none.
    """
    weights = project.weights if weights is None else weights
    part, goal = runnable(project)
    chosen = _rows(project, step, most_rows) if rows is None else rows
    steps = tuple(
        run.forward(
            part,
            arguments(within(project, part), chosen),
            _of(part, weights),
            statistics=_of(part, project.statistics),
            randomness=run.Randomness(project.training.seed, step),
        )
    )
    if goal is None:
        return Recording(part, steps)
    values = {each.node: each.output for each in steps}
    backward = tuple(run.backward(steps, {goal: np.ones_like(values[goal])}))
    gradients = run.weight_gradients(backward)
    updates = _updates(project, _of(part, weights), gradients, step, memory)
    return Recording(part, steps, backward, updates)


def runnable(project: Project) -> tuple[Graph, str | None]:
    """The part of the network that can be run, and where its pass back begins, if anywhere."""
    graph, known = project.graph, project.known_shapes
    loss = loss_node(project)
    if len(known) == len(graph.nodes):
        return graph, loss or (graph.objective if graph.nodes else None)
    part = Graph({id: node for id, node in graph.nodes.items() if id in known})
    ends = (loss,) if loss is not None else graph.results
    return part, next((end for end in reversed(ends) if end in known), None)


def within(project: Project, part: Graph) -> Project:
    """The project with a part of its network, and the arrays that belong to it."""
    if part is project.graph:
        return project
    weights, statistics = _of(part, project.weights), _of(part, project.statistics)
    return replace(project, graph=part, weights=weights, statistics=statistics)


def _rows(project: Project, step: int, most: int | None) -> Array | None:
    if project.data is None:
        return None
    rows = project.data.training_rows
    settings = project.training
    return rows[rows_of_step(len(rows), settings.batch, settings.seed, step)[:most]]


def _of(graph: Graph, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays that belong to nodes of this graph."""
    return {key: array for key, array in arrays.items() if key.partition(".")[0] in graph.nodes}


def _updates(
    project: Project,
    weights: Mapping[str, Array],
    gradients: Mapping[str, Array],
    step: int,
    memory: Memory | None,
) -> tuple[Update, ...]:
    """Each weight's update, in the order of the graph."""
    settings = project.training
    optimizer = settings.optimizer
    rate = optimizer.learning_rate * settings.schedule.factor(step)
    memory = memory or Memory()
    shapes = {key: weight.shape for key, weight in weights.items()}
    fits = memory.vectors.keys() == set(optimizer.state) and dict(memory.layout) == shapes
    state = _by_key(memory) if fits else {}
    count = np.asarray(float(step - (memory.since if state else step) + 1))
    updates = []
    for key, gradient in _pulled(project, weights, gradients).items():
        before = weights[key]
        node, _, port = key.partition(".")
        own = [state.get((name, key), np.zeros_like(before)) for name in optimizer.state]
        own_rate = np.asarray(rate * settings.factor(node))
        with np.errstate(all="ignore"):
            after = optimizer.update(before, gradient, own_rate, count, *own)["w"]
        updates.append(Update(node, port, before, gradient, np.asarray(after)))
    return tuple(updates)


def _pulled(
    project: Project, weights: Mapping[str, Array], gradients: Mapping[str, Array]
) -> dict[str, Array]:
    """What the optimizer sees of each weight that may change: penalties added, then cut short."""
    settings = project.training
    free = [k for k in weights if k in gradients and settings.factor(k.partition(".")[0]) != 0]
    pulled = penalised(tuple(free))
    found = {}
    for key in free:
        w, g = weights[key], gradients[key]
        found[key] = g + (settings.l2 * w + settings.l1 * np.sign(w)) if key in pulled else g
    whole = np.concatenate([np.ravel(g) for g in found.values()] or [np.zeros(0)])
    with np.errstate(all="ignore"):
        cut = settings.clipping.applied(whole, np.asarray(1.0))
    layout = tuple((key, g.shape) for key, g in found.items())
    return {
        key: cut[begin : begin + math.prod(shape)].reshape(shape)
        for key, begin, shape in _places(layout)
    }


def _by_key(memory: Memory) -> dict[tuple[str, str], Array]:
    """What the optimizer remembers of each weight, by the state's name and the weight's key."""
    return {
        (name, key): vector[begin : begin + math.prod(shape)].reshape(shape)
        for name, vector in memory.vectors.items()
        for key, begin, shape in _places(memory.layout)
    }


def _places(layout: Layout) -> list[tuple[str, int, tuple[int, ...]]]:
    """The key of each weight, where it begins in a vector, and its shape."""
    places, begin = [], 0
    for key, shape in layout:
        places.append((key, begin, shape))
        begin += math.prod(shape)
    return places
