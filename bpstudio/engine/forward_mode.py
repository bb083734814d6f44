"""Forward mode: how every gate's output moves when the inputs move in one direction.

Reverse mode (`run.backward`) asks how each number of the network moves one output; forward mode
asks how one movement of the inputs moves every number. A gradient towards n numbers takes n
forward passes of this kind, and one backward pass of the other: that is why networks are trained
by the other one. The rules are those of NumPy's functions (`tangents.py`), so the two agree only
if every gate's `backward` is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from bpstudio.engine.gate_calls import GateCalls, calls_of, values_of
from bpstudio.engine.op import Array, Op
from bpstudio.engine.pattern import by_backward, pattern_of
from bpstudio.engine.places import Place, place_of, value_at
from bpstudio.engine.run import Step
from bpstudio.engine.tangents import Tangent, UnknownSlope, at_kink, tangent
from bpstudio.errors import ShapeError, StudioError
from bpstudio.language import N_

MOST_PASSES = 4096
"""A gate without a rule for forward mode may take so many passes through its backward rule."""


@dataclass(frozen=True)
class TangentStep:
    """One gate in forward mode: how each moving argument moved, and how the output does.

    `arrived` has the tangents of the arguments that moved, each of its argument's shape; a port
    where nothing moved has none.
    """

    node: str
    op: Op
    sources: Mapping[str, tuple[str, ...]]
    arrived: Mapping[str, tuple[Array, ...]]
    tangent: Array


@dataclass(frozen=True)
class Cost:
    """How many passes a whole Jacobian takes, that of one number being its gradient.

    Forward mode takes one for each number that moves, reverse mode one for each number that is
    moved.
    """

    forward_mode: int
    reverse_mode: int


def forward_mode(steps: Sequence[Step], direction: Mapping[str, Array]) -> Iterator[TangentStep]:
    """Each moved gate's step, in the order of the forward pass.

    `steps` are those of `run.forward`. `direction` says what moves, and by how much: nodes by
    their id, arguments by their key `node.port`, or `node.port.slot` where a port takes several.
    Raises GraphError for what did not run, ShapeError for a direction that does not fit, and
    StudioError for a gate that forward mode can't pass.
    """
    outputs = {step.node: step for step in steps}
    own: dict[str, Array] = {}
    pushed: dict[Place, Array] = {}
    for key, moved in direction.items():
        place = place_of(key)
        at = value_at(outputs, place)
        if np.shape(moved) != at.shape and np.ndim(moved):
            raise ShapeError(
                N_("The direction at {key} has shape {have}, but its value has {wanted}."),
                nodes=(place[0],),
                key=key,
                have=np.shape(moved),
                wanted=at.shape,
            )
        whole = np.broadcast_to(np.asarray(moved, dtype=np.float64), at.shape)
        if place[1]:
            pushed[place] = whole
        else:
            own[place[0]] = whole
    found: dict[str, Array] = {}
    for step in steps:
        arrived = _arrived(step, found, pushed)
        moved_by = [push_forward(step, arrived)] if arrived else []
        if step.node in own:
            moved_by.append(own[step.node])
        if moved_by:
            found[step.node] = reduce(np.add, moved_by)
            yield TangentStep(step.node, step.op, step.sources, arrived, found[step.node])


def jvp(steps: Sequence[Step], of: str, direction: Mapping[str, Array]) -> Array:
    """The Jacobian of node `of` times a direction, in one pass of forward mode."""
    found = {step.node: step.tangent for step in forward_mode(steps, direction)}
    output = value_at({step.node: step for step in steps}, (of, "", 0))
    return found.get(of, np.zeros(output.shape))


def gradients(steps: Sequence[Step], of: str, keys: Sequence[str]) -> dict[str, Array]:
    """The gradient of the sum of a node's output by forward mode: one pass for each number.

    The slow way, to be raced against one backward pass; `cost` says how many passes it takes.
    """
    outputs = {step.node: step for step in steps}
    found = {}
    for key in keys:
        at = value_at(outputs, place_of(key))
        gradient = np.zeros(at.shape)
        for place in np.ndindex(at.shape):
            one = np.zeros(at.shape)
            one[place] = 1.0
            gradient[place] = np.sum(jvp(steps, of, {key: one}))
        found[key] = gradient
    return found


def cost(steps: Sequence[Step], of: str, keys: Sequence[str]) -> Cost:
    """The passes that the whole Jacobian of `of` by all of these takes in either mode."""
    outputs = {step.node: step for step in steps}
    moving = sum(value_at(outputs, place_of(key)).size for key in keys)
    return Cost(moving, value_at(outputs, place_of(of)).size)


def push_forward(step: Step, arrived: Mapping[str, tuple[Array, ...]]) -> Array:
    """How a gate's output moves when its arguments do."""
    gate = calls_of(step)
    pushed, kink = (None, False) if gate is None else _pushed(gate, step, arrived)
    if pushed is not None and not kink and np.isfinite(pushed).all():
        return pushed
    # What a gate takes for its slope at a kink is its own backward rule's to say.
    moved = _by_backward(step, arrived)
    if moved is None:
        moved = pushed
    if moved is None:
        raise StudioError(
            N_(
                "{label} ({op}) calls NumPy functions that forward mode does not know, and gives "
                "too many numbers ({count}) to go through one by one. Use fewer rows."
            ),
            nodes=(step.node,),
            label=step.node,
            op=step.op.title,
            count=step.output.size,
        )
    return moved


def _arrived(
    step: Step, found: Mapping[str, Array], pushed: Mapping[Place, Array]
) -> dict[str, tuple[Array, ...]]:
    arrived: dict[str, tuple[Array, ...]] = {}
    for port, argument in step.arguments.items():
        several = argument if isinstance(argument, tuple) else (argument,)
        sources = step.sources.get(port, ())
        tangents: list[Any] = [None] * len(several)
        for slot in range(len(several)):
            source = sources[slot] if slot < len(sources) else ""
            parts = [
                t for t in (found.get(source), pushed.get((step.node, port, slot))) if t is not None
            ]
            tangents[slot] = reduce(np.add, parts) if parts else None
        if any(t is not None for t in tangents):
            arrived[port] = tuple(
                np.zeros(x.shape) if t is None else t
                for x, t in zip(several, tangents, strict=True)
            )
    return arrived


def _pushed(
    gate: GateCalls, step: Step, arrived: Mapping[str, tuple[Array, ...]]
) -> tuple[Array | None, bool]:
    """The tangent of the last of the gate's calls, if all have a rule; and whether at a kink."""
    values, kink = values_of(gate, step), False
    tangents: list[Tangent] = [None] * len(values)
    for port, moved in arrived.items():
        for leaf, t in zip(gate.leaves[port], moved, strict=True):
            tangents[leaf] = t
    with np.errstate(all="ignore"):
        for call in gate.calls:
            moving = [tangents[i] for i in call.inputs]
            if all(t is None for t in moving):
                continue
            inputs, y = [values[i] for i in call.inputs], values[call.output]
            kink = kink or at_kink(call, inputs, y)
            try:
                constant = [gate.values[i].constant is not None for i in call.inputs]
                tangents[call.output] = tangent(call, inputs, y, moving, constant)
            except UnknownSlope:
                return None, kink
    pushed = tangents[gate.output]
    return np.zeros(step.output.shape) if pushed is None else pushed, kink


def _by_backward(step: Step, arrived: Mapping[str, tuple[Array, ...]]) -> Array | None:
    """The same from the gate's own backward rule; None where that takes too many passes."""
    total = np.zeros(step.output.shape)
    for port, tangents in arrived.items():
        for slot, moved in enumerate(tangents):
            start = (step.node, port, slot)
            pattern = pattern_of([step], step.node, start)
            if pattern.backward_passes > MOST_PASSES:
                return None
            slopes = by_backward([step], step.node, start, pattern)
            total = total + pattern.jvp(slopes, moved)
    return total
