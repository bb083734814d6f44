"""Reverse mode as products: a gradient at a node's output taken back to what it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.places import Place, place_of, value_at
from bpstudio.engine.run import BackwardStep, Step, backward


def vjp(steps: Sequence[Step], of: str, v: Array, keys: Sequence[str]) -> dict[str, Array]:
    """v · J for each of these nodes and arguments, in one backward pass from node `of`.

    `steps` are those of `run.forward`; an argument is `node.port`, or `node.port.slot`. Raises
    GraphError for what did not run, and ShapeError for a `v` that does not fit.
    """
    by_node = {step.node: step for step in steps}
    shapes = {key: value_at(by_node, place_of(key)).shape for key in keys}
    found = gradients(backward(steps, {of: v}))
    return {key: found.get(place_of(key), np.zeros(shape)) for key, shape in shapes.items()}


def vjp_at(steps: Sequence[Step], of: str, v: Array, place: Place, shape: tuple[int, ...]) -> Array:
    """The same for one place, of that shape."""
    return gradients(backward(steps, {of: v})).get(place, np.zeros(shape))


def gradients(steps: Iterable[BackwardStep]) -> dict[Place, Array]:
    """What arrived at each node of a backward pass, and what each passed to each argument."""
    found: dict[Place, Array] = {}
    for step in steps:
        found[step.node, "", 0] = step.upstream
        for port, passed in step.passed.items():
            found |= {(step.node, port, slot): gradient for slot, gradient in enumerate(passed)}
    return found


def between(id: str, steps: Sequence[Step], of: str) -> list[Step]:
    """The steps through which node `of` depends on that node, its own the first."""
    reached: set[str] = set()
    for step in steps:
        if step.node == id or any(not reached.isdisjoint(ids) for ids in step.sources.values()):
            reached.add(step.node)
    needed = {of}
    for step in reversed(steps):
        if step.node in needed:
            needed.update(source for ids in step.sources.values() for source in ids)
    return [step for step in steps if step.node in reached & needed]
