"""One gate's forward pass as the calls of NumPy that it makes, and their values.

What the tracer notes for a plan serves here to look into a single gate: how its output moves when
an argument does (`tangents.py`), and which entries depend on which (`reach.py`). Nobody writes
these down a second time, so they hold for every gate, a person's own too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bpstudio.engine.calls import Call, Form, Value
from bpstudio.engine.op import Array, Op
from bpstudio.engine.primitives import VIEWS
from bpstudio.engine.run import Step
from bpstudio.engine.template import run_template, sum_of_products
from bpstudio.engine.trace import Tape
from bpstudio.errors import StudioError

Sizes = tuple[tuple[str, bool, tuple[tuple[tuple[int, ...], bool], ...]], ...]
"""For each port: its name, whether it is variadic, and the shape of each of its arrays with
whether it holds floats."""


@dataclass(frozen=True, eq=False)
class GateCalls:
    """What a gate does to arrays of certain shapes.

    `leaves` has for each port the values that stand for its arguments; `output` is the value of
    its result.
    """

    values: Sequence[Value]
    calls: Sequence[Call]
    leaves: Mapping[str, tuple[int, ...]]
    output: int


def calls_of(step: Step) -> GateCalls | None:
    """The calls of the gate of a recorded step; None for a gate that can't be traced."""
    return _traced(step.op, _sizes(step), step.training)


def values_of(gate: GateCalls, step: Step) -> list[Array]:
    """Every value of the calls, for the arguments of that step."""
    found: list[Array] = [np.zeros(()) if v.constant is None else v.constant for v in gate.values]
    for port, leaves in gate.leaves.items():
        argument = step.arguments[port]
        several = argument if isinstance(argument, tuple) else (argument,)
        for leaf, array in zip(leaves, several, strict=True):
            found[leaf] = array
    with np.errstate(all="ignore"):
        for call in gate.calls:
            result = np.asarray(_called(call, [found[i] for i in call.inputs]))
            found[call.output] = result.astype(gate.values[call.output].dtype, copy=False)
    return found


def _called(call: Call, inputs: Sequence[Array]) -> Array:
    result: Array
    match call.form:
        case Form.ELEMENTWISE:
            result = call.function(*inputs)
        case Form.REDUCE:
            axes, keep = call.parameters
            result = call.function.reduce(inputs[0], axis=axes, keepdims=keep)
        case Form.VIEW:
            result = VIEWS[call.function](inputs[0], *call.parameters)
        case Form.PRODUCT:
            result = np.dot(*inputs)
        case Form.INNER:
            result = sum_of_products(*inputs)
        case Form.COPY:
            result = inputs[0].astype(call.parameters[0])
        case Form.FUNCTION:
            result = run_template(call.function, call.parameters[0], inputs)
        case _:
            raise ValueError(f"a gate makes no call of the form {call.form.value}")
    return result


def _sizes(step: Step) -> Sizes:
    return tuple(
        (
            port,
            isinstance(argument, tuple),
            tuple(
                (array.shape, array.dtype.kind == "f")
                for array in (argument if isinstance(argument, tuple) else (argument,))
            ),
        )
        for port, argument in step.arguments.items()
    )


@lru_cache(maxsize=512)
def _traced(op: Op, sizes: Sizes, training: bool) -> GateCalls | None:
    tape = Tape(shorten=False)
    leaves = {
        port: [tape.leaf(shape, dtype=None if floats else np.intp) for shape, floats in arrays]
        for port, _, arrays in sizes
    }
    rule = op.forward if training else op.infer
    try:
        output = tape.lift(rule(*(leaf for several in leaves.values() for leaf in several)))
    except StudioError:
        return None
    places = {port: tuple(leaf.index for leaf in several) for port, several in leaves.items()}
    return GateCalls(tape.values, tape.calls, places, output.index)
