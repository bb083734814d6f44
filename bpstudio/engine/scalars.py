"""The numbers of a step, such as Adam's corrections, as plain Python instead of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine.calls import Call, Form
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.trace import Tape

OPERATORS: Mapping[Any, str] = {np.add: "+", np.subtract: "-", np.multiply: "*"}
"""Ufuncs that Python's operators compute without ever raising, for floats."""


def divide(a: float, b: float) -> float:
    """a / b, where 1 / 0 is infinite and 0 / 0 is not a number."""
    if b:
        return a / b
    return math.nan if not a or math.isnan(a) else math.copysign(math.inf, a * math.copysign(1, b))


def square_root(a: float) -> float:
    """The root, which of a negative number is not a number."""
    return math.sqrt(a) if a >= 0 else math.nan


def power(a: float, b: float) -> float:
    """a to the power b, infinite where Python would raise OverflowError."""
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        return float(np.power(np.float64(a), np.float64(b)))


FUNCTIONS: Mapping[Any, Callable[..., float]] = {
    np.divide: divide,
    np.sqrt: square_root,
    np.power: power,
}


def split(
    tape: Tape, calls: Sequence[Call], known: Mapping[int, str]
) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
    """The calls that need only known numbers and constants, and the rest."""
    numbers = set(known)
    steady, rest = [], []
    for call in calls:
        plain = all(
            i in numbers or (tape.values[i].constant is not None and not tape.values[i].shape)
            for i in call.inputs
        )
        if plain and call.form is Form.ELEMENTWISE and not tape.values[call.output].shape:
            numbers.add(call.output)
            steady.append(call)
        else:
            rest.append(call)
    return tuple(steady), tuple(rest)


def emit(
    code: Code, tape: Tape, steady: Sequence[Call], rest: Sequence[Call], known: Mapping[int, str]
) -> dict[int, Thing]:
    """Add the lines that compute the numbers; the arrays in which the rest finds them."""
    names = dict(known)

    def word(index: int) -> str:
        constant = tape.values[index].constant
        if constant is None:
            return names[index]
        number = float(constant)
        return code.name(Thing(number), "n", ("number", number))

    for call in steady:
        names[call.output] = f"s{call.output}"
        words = [word(i) for i in call.inputs]
        if call.function in OPERATORS:
            text = f"{words[0]} {OPERATORS[call.function]} {words[1]}"
        else:
            function = FUNCTIONS.get(call.function) or _plain(call.function)
            called = code.name(Thing(function), call.function.__name__, ("plain", call.function))
            text = f"{called}({', '.join(words)})"
        code.lines.append(f"{names[call.output]} = {text}")
    places: dict[int, Thing] = {}
    for index in sorted({i for call in rest for i in call.inputs if i in names}):
        places[index] = Thing(np.zeros((), tape.dtype))
        code.lines.append(f"{code.name(places[index])}[()] = {names[index]}")
    return places


def _plain(function: np.ufunc) -> Callable[..., float]:
    return lambda *numbers: float(function(*map(np.float64, numbers)))
