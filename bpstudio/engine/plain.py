"""A network of single numbers as plain Python on floats: four times faster than NumPy on them.

Python raises where NumPy gives infinity or nan (1/0, log of 0, exp of 1000). Nothing has been
written by then, and the plan does that step with NumPy instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine.calls import Call, Form, Value
from bpstudio.engine.layout import Destination
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.trace import Tape

EXPRESSIONS: Mapping[Any, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.divide: "{0} / {1}",
    np.negative: "-{0}",
    np.reciprocal: "1 / {0}",
    np.maximum: "{0} if {0} > {1} or {0} != {0} else {1}",
    np.minimum: "{0} if {0} < {1} or {0} != {0} else {1}",
    np.greater: "{0} > {1}",
    np.greater_equal: "{0} >= {1}",
    np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}",
    np.equal: "{0} == {1}",
    np.not_equal: "{0} != {1}",
    np.where: "{1} if {0} else {2}",
}
"""What a call is in Python; its inputs in order."""

FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.exp: math.exp,
    np.log: math.log,
    np.sqrt: math.sqrt,
    np.sin: math.sin,
    np.cos: math.cos,
    np.tan: math.tan,
    np.tanh: math.tanh,
    np.power: math.pow,
    np.absolute: math.fabs,
    np.copyto: float,
}
"""Functions of Python that do the same, and raise where NumPy gives no finite number."""

ERRORS = (ArithmeticError, ValueError)
"""What they raise there."""


def applies(tape: Tape, calls: Sequence[Call], results: Sequence[int]) -> bool:
    """Whether all that the calls read and give are single numbers, in double precision."""
    if tape.dtype != np.float64 or not calls:
        return False
    used = {i for call in calls for i in (*call.inputs, call.output)}
    numbers = all(not tape.values[i].shape for i in used)
    constant = (tape.values[i] for i in results if tape.values[i].shape)
    return numbers and all(map(_known, calls)) and all(_uniform(value) for value in constant)


def emit(
    code: Code,
    tape: Tape,
    calls: Sequence[Call],
    leaves: Mapping[int, Thing],
    destinations: Sequence[Destination],
) -> None:
    """Add the lines: every leaf read, every call, then every result written."""

    def word(index: int) -> str:
        constant = tape.values[index].constant
        if constant is None:
            return f"v{index}"
        # Of several entries, as of a weight that the loss does not reach, all are the same.
        number = constant.flat[0].item()
        return code.name(Thing(number), "n", ("number", type(number), number))

    goals = [(code.name(d.place), d.value) for d in destinations]
    used = {i for call in calls for i in call.inputs} | {value for _, value in goals}
    for index in sorted(used & leaves.keys()):
        read = leaves[index].then(lambda array: array.item)
        code.lines.append(f"v{index} = {code.name(read, 'item', ('item', index))}()")
    for call in calls:
        words = [word(i) for i in call.inputs]
        if call.form is Form.VIEW:
            text = words[0]
        elif call.function in EXPRESSIONS:
            text = EXPRESSIONS[call.function].format(*words)
        else:
            function = FUNCTIONS.get(call.function) or _one(call.function)
            called = code.name(Thing(function), call.function.__name__, ("plain", call.function))
            text = f"{called}({', '.join(words)})"
        code.lines.append(f"v{call.output} = {text}")
    code.lines += [f"{place}[()] = {word(value)}" for place, value in goals]


def _uniform(value: Value) -> bool:
    return value.constant is not None and not any(value.constant.strides)


def _known(call: Call) -> bool:
    match call.form:
        case Form.ELEMENTWISE:
            return True
        case Form.COPY:
            return bool(np.dtype(call.parameters[0]) == np.float64)
        case Form.VIEW:
            return call.function in ("reshape", "broadcast", "transpose")
        case _:
            return call.form is Form.FUNCTION and call.function is np.where


def _one(function: np.ufunc) -> Callable[..., Any]:
    """A ufunc for which Python has nothing: NumPy on single numbers."""

    def one(*numbers: Any) -> Any:
        return function(*numbers).item()

    return one
