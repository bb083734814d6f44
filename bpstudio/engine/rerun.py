"""The same run made again with something changed: an argument, a wire, or a gate's output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.places import Place
from bpstudio.engine.reverse_mode import between
from bpstudio.engine.run import Argument, Step


class Rerun:
    """What a run's target becomes when one value in it is another; only what follows runs again.

    The target's numbers are added up, each times its number in `seed`. Noise is what it was.
    """

    def __init__(self, steps: Sequence[Step], target: str, seed: Array) -> None:
        self._steps, self._target, self._seed = steps, target, seed
        self._outputs = {step.node: step.output for step in steps}
        self._by_node = {step.node: step for step in steps}
        self._after: dict[str, Sequence[Step]] = {}

    def __call__(self, place: Place, value: Array) -> float:
        """The target with that value for a node's output, or for one of its arguments."""
        id, port, slot = place
        outputs = dict(self._outputs)
        with np.errstate(all="ignore"):
            outputs[id] = _output(self._by_node[id], (port, slot), value) if port else value
            for step in self._following(id):
                outputs[step.node] = _run_again(step, outputs, {})
            return float(np.sum(self._seed * outputs[self._target]))

    def _following(self, id: str) -> Sequence[Step]:
        if id not in self._after:
            path = between(id, self._steps, self._target)
            self._after[id] = [step for step in path if step.node != id]
        return self._after[id]


def replay(
    steps: Sequence[Step], changed: Mapping[str, Array], *, training: bool
) -> dict[str, Array]:
    """Each node's output when the same run, noise and all, is made with other arguments.

    `changed` has the new values of unconnected arguments by key `node.port`.
    """
    outputs: dict[str, Array] = {}
    with np.errstate(all="ignore"):
        for step in steps:
            outputs[step.node] = _run_again(step, outputs, changed, training=training)
    return outputs


def _run_again(
    step: Step,
    outputs: Mapping[str, Array],
    changed: Mapping[str, Array],
    *,
    training: bool | None = None,
) -> Array:
    values: list[Array] = []
    for port, value in step.arguments.items():
        values += _argument(step, port, value, outputs, changed)
    return _applied(step, values, step.training if training is None else training)


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


def _output(step: Step, changed: tuple[str, int], value: Array) -> Array:
    """The gate's output with another value for one of its arguments."""
    values: list[Array] = []
    for port, argument in step.arguments.items():
        several = argument if isinstance(argument, tuple) else (argument,)
        values += [
            value if (port, slot) == changed else array for slot, array in enumerate(several)
        ]
    return _applied(step, values, step.training)


def _applied(step: Step, values: Sequence[Array], training: bool) -> Array:
    rule = step.op.forward if training else step.op.infer
    return np.asarray(rule(*values))
