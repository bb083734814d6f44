"""Gradients checked by nudging, and the dense Jacobian that a backward pass never builds.

The lecture's two ways to a gradient stand side by side here: the numeric one, slow and a little
wrong but hard to get wrong, and the analytic one, which takes a single backward pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.run import Argument, Randomness, Step, backward, forward
from bpstudio.errors import GraphError, StudioError
from bpstudio.language import N_

STEP = 1e-5
"""How far a value of size up to 1 is nudged; a larger one by as much more.

Near the cube root of float64's precision the two errors of a central difference, of the curve's
bend and of rounding, are together smallest.
"""

MOST_CELLS = 2**26
"""The most numbers that a dense Jacobian may have: half a gigabyte."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One tensor's gradient, by the backward pass and by nudging each of its numbers."""

    key: str
    analytic: Array
    numeric: Array

    @cached_property
    def error(self) -> float:
        """The largest difference, relative to the largest gradient of the tensor."""
        if not self.analytic.size:
            return 0.0
        largest = max(1e-8, float(np.abs(self.analytic).max()))
        return float(np.abs(self.analytic - self.numeric).max()) / largest


@dataclass(frozen=True, eq=False)
class Check:
    """What a gradient check found, and what it cost beside one backward pass."""

    entries: Mapping[str, Entry]
    forward_passes: int
    numeric_seconds: float
    backward_seconds: float

    @property
    def worst(self) -> Entry | None:
        """The tensor with the largest error; none where there was nothing to check."""
        # A gradient that is not a number is worse than any that is.
        return max(
            self.entries.values(),
            key=lambda entry: np.inf if np.isnan(entry.error) else entry.error,
            default=None,
        )

    @property
    def max_relative_error(self) -> float:
        """The error of the worst tensor."""
        return self.worst.error if self.worst else 0.0


def gradient_check(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    step: float = STEP,
    of: str | None = None,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
) -> Check:
    """Check every weight and every typed value that the objective, or node `of`, depends on.

    With `randomness` gates do what they do in training, and each nudge sees the same noise. Of an
    output of many numbers the gradient of their sum is checked. At a kink, such as ReLU at 0, the
    two ways differ rightly. Raises as `run.forward`.
    """
    target = of or graph.objective
    steps = tuple(
        forward(
            graph,
            given,
            weights,
            statistics=statistics,
            randomness=randomness,
            ancestors_of=target,
        )
    )
    training = randomness is not None
    started = time.perf_counter()
    analytic = _gradients(steps, {target: np.ones(())})
    backward_seconds = time.perf_counter() - started

    started = time.perf_counter()
    entries = {}
    for key, at in _checked(steps).items():

        def total(value: Array, key: str = key) -> float:
            return float(np.sum(replay(steps, {key: value}, training=training)[target]))

        found = analytic.get(key)
        numeric = numeric_gradient(total, at, step)
        entries[key] = Entry(key, np.zeros(at.shape) if found is None else found, numeric)
    numeric_seconds = time.perf_counter() - started
    passes = sum(2 * entry.numeric.size for entry in entries.values())
    return Check(entries, passes, numeric_seconds, backward_seconds)


def numeric_gradient(function: Callable[[Array], float], at: Array, step: float = STEP) -> Array:
    """The gradient of a function of an array by central differences, two calls for each number.

    (f(x + h) - f(x - h)) / 2h, with h = `step` · max(1, |x|).
    """
    start = np.array(at, dtype=np.float64)
    gradient = np.zeros(start.shape)
    for place in np.ndindex(start.shape):
        value = float(start[place])
        nudge = step * max(1.0, abs(value))
        above, below = start.copy(), start.copy()
        above[place], below[place] = value + nudge, value - nudge
        # What float64 made of the two nudges, not what was asked for.
        gradient[place] = (function(above) - function(below)) / (above[place] - below[place])
    return gradient


def jacobian(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    of: str,
    with_respect_to: str,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
) -> Array:
    """How each number of a node's output moves with each number of another's.

    `with_respect_to` is a node, or a weight or given value by its key `node.port`. The shape is
    that of the output followed by that of the other. It takes a backward pass for each number of
    the output; a training step never builds it. Raises StudioError where it would be too large,
    GraphError for an unknown name, and as `run.forward`.
    """

    def steps_to(node: str) -> dict[str, Step]:
        run = forward(
            graph,
            given,
            weights,
            statistics=statistics,
            randomness=randomness,
            ancestors_of=node,
        )
        return {step.node: step for step in run}

    steps = steps_to(of)
    id, _, port = with_respect_to.partition(".")
    if port and all(port != p.name for p in graph[id].op.ports):
        raise GraphError(
            N_("{label} has no port called {port}."), nodes=(id,), label=graph[id].label, port=port
        )
    others = steps if id in steps else steps_to(id)
    output = steps[of].output
    at = np.asarray(others[id].arguments[port]) if port else others[id].output
    cells = output.size * at.size
    if cells > MOST_CELLS:
        raise StudioError(
            N_(
                "The Jacobian of {of} by {by} has {cells} numbers, which is too many to show. "
                "Use fewer rows of data, or choose smaller nodes."
            ),
            nodes=(of, id),
            of=graph[of].label,
            by=with_respect_to,
            cells=f"{cells:,}",
        )
    rows = np.zeros((output.size, at.size))
    between = _from(id, steps.values())
    for place in range(output.size if between else 0):
        seed = np.zeros(output.size)
        seed[place] = 1.0
        found = _gradients(between, {of: seed.reshape(output.shape)})
        if with_respect_to in found:
            rows[place] = found[with_respect_to].ravel()
    return rows.reshape(output.shape + at.shape)


def replay(
    steps: Sequence[Step], changed: Mapping[str, Array], *, training: bool
) -> dict[str, Array]:
    """Each node's output when the same run, noise and all, is made with other arguments.

    `changed` has the new values of unconnected arguments by key `node.port`.
    """
    outputs: dict[str, Array] = {}
    with np.errstate(all="ignore"):
        for step in steps:
            values: list[Array] = []
            for port, value in step.arguments.items():
                values += _argument(step, port, value, outputs, changed)
            rule = step.op.forward if training else step.op.infer
            outputs[step.node] = np.asarray(rule(*values))
    return outputs


def _argument(
    step: Step,
    port: str,
    value: Argument,
    outputs: Mapping[str, Array],
    changed: Mapping[str, Array],
) -> list[Array]:
    if sources := step.sources.get(port):
        return [outputs[source] for source in sources]
    if isinstance(value, tuple):
        return list(value)
    return [changed.get(f"{step.node}.{port}", value)]


def _checked(steps: Sequence[Step]) -> dict[str, Array]:
    """The weights and typed values of a run by key."""
    return {
        f"{step.node}.{port.name}": np.asarray(step.arguments[port.name])
        for step in steps
        for port in step.op.ports
        if port.kind in (Kind.WEIGHT, Kind.GIVEN) and not step.sources.get(port.name)
    }


def _from(id: str, steps: Collection[Step]) -> list[Step]:
    """The step of that node, and those of all that depend on it."""
    reached: set[str] = set()
    for step in steps:
        if step.node == id or any(not reached.isdisjoint(ids) for ids in step.sources.values()):
            reached.add(step.node)
    return [step for step in steps if step.node in reached]


def _gradients(steps: Sequence[Step], seed: Mapping[str, Array]) -> dict[str, Array]:
    """The gradient of each node by its id, and what went to each argument by its key."""
    found: dict[str, Array] = {}
    for step in backward(steps, seed):
        found[step.node] = step.upstream
        found |= {
            f"{step.node}.{port}": passed[0] for port, passed in step.passed.items() if passed
        }
    return found
