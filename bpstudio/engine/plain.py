"""A network of single numbers as plain Python on floats: many times faster than NumPy on them.

Python raises where NumPy gives infinity or nan (1/0, log of 0, exp of 1000). Nothing has been
written by then, and the plan does that step with NumPy instead.

What makes it fast, each measured: a value that is read once stands where it is read, without a
name; names are used again when nobody reads them, so that Python has few numbers at a time and
finds their memory still near; weights are read and gradients written many in one call.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from bpstudio.engine.calls import Call, Form, Value
from bpstudio.engine.destination import Destination
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.op import Array
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

WITH_CONSTANT: Mapping[Any, str] = {
    np.maximum: "{1} if {0} <= {1} else {0}",
    np.minimum: "{1} if {0} >= {1} else {0}",
}
"""The same where the second is a constant number: then one question is enough."""

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

DEEP = 12
"""So many expressions may stand inside each other, far from what Python can read."""

PLACE = re.compile(r"\{(\d)\}")
"""Where an input stands in an expression."""


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
    vectors: Sequence[Array],
) -> None:
    """Add the lines: every leaf read, every call, then every result written.

    What lies side by side in one of the `vectors` is read, or written, in one call.
    """
    seen_as = {call.output: call.inputs[0] for call in calls if call.form is Form.VIEW}
    for output, source in seen_as.items():
        seen_as[output] = seen_as.get(source, source)
    goals = [(d.place, seen_as.get(d.value, d.value)) for d in destinations]
    lines = _statements(code, tape, calls, seen_as, [value for _, value in goals])
    last = {v: at for at, line in enumerate(lines) for v in line.reads}
    last |= {value: len(lines) for _, value in goals}
    names = _Names()
    read = {v: leaves[v] for v in sorted(last.keys() & leaves.keys())}
    for run, vector in runs(read.items(), vectors):
        for value, _ in run:
            names.give(value)
        said = "".join(f"{names.of[value]}, " for value, _ in run)
        if vector is not None:
            many = Thing(vector.tolist)
            code.lines.append(f"{said}= {code.name(many, 'tolist')}()")
        else:
            one = run[0][1].then(lambda array: array.item)
            item = code.name(one, "item", ("item", run[0][0]))
            code.lines.append(f"{said[:-2]} = {item}()")
    for at, line in enumerate(lines):
        words = [part if isinstance(part, str) else names.of[part] for part in line.parts]
        for value in line.reads:
            if last[value] == at:
                names.take(value)
        names.give(line.value)
        code.lines.append(f"{names.of[line.value]} = {''.join(words)}")

    def word(value: int) -> str:
        constant = tape.values[value].constant
        return names.of[value] if constant is None else _constant(code, constant)

    for written, vector in runs([(value, place) for place, value in goals], vectors):
        words = [word(value) for value, _ in written]
        if vector is not None:
            pack = struct.Struct(f"{len(words)}d").pack_into
            many = Thing(partial(pack, vector.data, 0))
            code.lines.append(f"{code.name(many, 'pack')}({', '.join(words)})")
        else:
            code.lines.append(f"{code.name(written[0][1])}[()] = {words[0]}")


@dataclass(frozen=True)
class _Line:
    """A value and how it is computed: text, and values where their names go."""

    value: int
    parts: tuple[str | int, ...]
    reads: frozenset[int]


class _Names:
    """The names that numbers have; one that is free again is used before a new one."""

    def __init__(self) -> None:
        self.of: dict[int, str] = {}
        self._free: list[str] = []
        self._count = 0

    def give(self, value: int) -> None:
        """A name for a value."""
        if self._free:
            self.of[value] = self._free.pop()
        else:
            self.of[value], self._count = f"v{self._count}", self._count + 1

    def take(self, value: int) -> None:
        """Nobody reads the value any more."""
        self._free.append(self.of[value])


def _statements(
    code: Code,
    tape: Tape,
    calls: Sequence[Call],
    seen_as: Mapping[int, int],
    results: Iterable[int],
) -> list[_Line]:
    """What is computed, a line for each value that is read more than once."""
    said = [(call, _said(code, tape, call)) for call in calls if call.form is not Form.VIEW]
    counts = dict.fromkeys(results, 2)
    for call, text in said:
        for piece in _pieces(text):
            if isinstance(piece, int):
                value = seen_as.get(call.inputs[piece], call.inputs[piece])
                counts[value] = counts.get(value, 0) + 1
    lines: list[_Line] = []
    inside: dict[int, tuple[tuple[str | int, ...], int]] = {}
    for call, text in said:
        parts: list[str | int] = []
        deep = 0
        for piece in _pieces(text):
            if isinstance(piece, str):
                parts.append(piece)
                continue
            value = seen_as.get(call.inputs[piece], call.inputs[piece])
            constant = tape.values[value].constant
            if constant is not None:
                parts.append(_constant(code, constant))
            elif value in inside:
                within, depth = inside.pop(value)
                parts += ["(", *within, ")"]
                deep = max(deep, depth)
            else:
                parts.append(value)
        if counts.get(call.output) == 1 and deep < DEEP:
            inside[call.output] = tuple(parts), deep + 1
        else:
            reads = frozenset(part for part in parts if isinstance(part, int))
            lines.append(_Line(call.output, tuple(parts), reads))
    return lines


@lru_cache(maxsize=256)
def _pieces(text: str) -> tuple[str | int, ...]:
    """The text between the places of inputs, and the number of the input at each."""
    return tuple(int(piece) if at % 2 else piece for at, piece in enumerate(PLACE.split(text)))


def _said(code: Code, tape: Tape, call: Call) -> str:
    """A call in Python, with the places of its inputs in braces."""
    if call.function in WITH_CONSTANT:
        constant = tape.values[call.inputs[1]].constant
        if constant is not None and not math.isnan(constant.flat[0]):
            return WITH_CONSTANT[call.function]
    if call.function in EXPRESSIONS:
        return EXPRESSIONS[call.function]
    function = FUNCTIONS.get(call.function) or _one(call.function)
    called = code.name(Thing(function), call.function.__name__, ("plain", call.function))
    return f"{called}({', '.join(f'{{{place}}}' for place in range(len(call.inputs)))})"


def _constant(code: Code, constant: Array) -> str:
    """The name of a number; of several entries, as of a weight that the loss does not reach, all
    are the same."""
    number = constant.flat[0].item()
    return code.name(Thing(number), "n", ("number", type(number), repr(number)))


Item = tuple[int, Thing]
"""A value and where it lies."""


def runs(
    items: Iterable[Item], vectors: Sequence[Array]
) -> Iterable[tuple[list[Item], Array | None]]:
    """Values that lie side by side, with their part of a vector; each other one alone."""
    placed: dict[int, dict[int, Item]] = {number: {} for number in range(len(vectors))}
    starts = [vector.__array_interface__["data"][0] for vector in vectors]
    for item in items:
        array = item[1].value
        inside = None
        if item[1].find is None and array.size == 1:
            address = array.__array_interface__["data"][0]
            for number, (vector, start) in enumerate(zip(vectors, starts, strict=True)):
                if start <= address < start + vector.nbytes:
                    inside = placed[number], (address - start) // vector.itemsize
        if inside is None:
            yield [item], None
        else:
            inside[0][inside[1]] = item
    for number, found in placed.items():
        at = 0
        while at < vectors[number].size:
            end = at
            while end in found:
                end += 1
            if end > at:
                yield [found[place] for place in range(at, end)], vectors[number][at:end]
            at = end + 1


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
