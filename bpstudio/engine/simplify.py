"""Shorter ways to the same values, taken while a trace is noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bpstudio.engine.calls import Call, Form
from bpstudio.engine.shapes import broadcast_axes

if TYPE_CHECKING:
    from bpstudio.engine.trace import Tape, Traced


TINY = 1e-12
"""Factors meet only if their product is far from what a float can't hold."""


def simpler(tape: Tape, function: np.ufunc, operands: tuple[Traced, ...]) -> Traced | None:
    """A shorter way to the same values, or None.

    Only what gives the same numbers, or differs by a rounding where two constant factors meet.
    """
    if len(operands) != 2:
        if function is np.positive:
            return operands[0]
        if function is np.square:
            return tape.elementwise(np.multiply, operands[0], operands[0])
        if function is np.negative:
            made = _elementwise(tape, operands[0].index)
            if made is not None and made.function is np.negative:
                return tape.at(made.inputs[0])
        return None
    a, b = operands
    shape = broadcast_axes(a.shape, b.shape)
    left, right = uniform(tape, a), uniform(tape, b)
    if function is np.multiply:
        if left is not None and right is None:
            a, b, left, right = b, a, right, left
        if right is not None:
            return _scaled(tape, a, float(right), shape) if a.dtype == tape.dtype else None
    if function is np.divide and left is not None and b.dtype == tape.dtype:
        unguarded = _unguarded(tape, b)
        if left == 1 and shape == b.shape:
            return tape.elementwise(np.reciprocal, b if unguarded is None else unguarded)
    if function is np.divide and right is not None and a.dtype == tape.dtype:
        factor = _constant_factor(tape, a)
        if right == 1:
            return tape.view("broadcast", a, shape)
        if factor is not None and TINY < abs(factor[1] / right) < 1 / TINY:
            return tape.elementwise(np.multiply, a, _spread(tape, 1.0 / float(right), b.shape))
    if function is np.greater and right == 0:
        # What a ReLU gave is positive where its input is, and the input need not be kept.
        rectified = tape.seen(np.maximum, a, b)
        if rectified is not None:
            return tape.elementwise(np.greater, rectified, b)
    if function is np.power and right is not None and a.dtype == tape.dtype:
        ways: Mapping[float, Callable[[Any], Any]] = {
            2.0: lambda x: np.multiply(x, x),
            1.0: lambda x: x,
            0.5: np.sqrt,
            -1.0: np.reciprocal,
        }
        if float(right) in ways:
            return tape.view("broadcast", ways[float(right)](a), shape)
    if function in (np.add, np.subtract):
        if right is not None and right == 0 and a.dtype == tape.dtype:
            return tape.view("broadcast", a, shape)
        if function is np.add and left is not None and left == 0 and b.dtype == tape.dtype:
            return tape.view("broadcast", b, shape)
        if function is np.subtract and left is not None and left == 0 and b.dtype == tape.dtype:
            return tape.view("broadcast", tape.elementwise(np.negative, b), shape)
        made = _elementwise(tape, b.index)
        if made is not None and made.function is np.negative:
            other = np.subtract if function is np.add else np.add
            return tape.elementwise(other, a, tape.at(made.inputs[0]))
    return None


def unspread(tape: Tape, x: Traced, operands: Sequence[Traced], shape: tuple[int, ...]) -> Traced:
    """The operand before it was repeated, where the other operands already have the full shape."""
    others = [o.shape for o in operands if o is not x]
    if x.index in [o.index for o in operands if o is not x] or not x.shape:
        return x
    value = tape.values[x.index]
    if value.constant is not None and not any(value.constant.strides):
        if _fits(others, shape, ()):
            return tape.constant(value.constant.flat[0])
        return x
    made = tape.maker.get(x.index)
    if made is not None and made.function == "broadcast":
        source = tape.at(made.inputs[0])
        if _fits(others, shape, source.shape):
            return source
    return x


def _elementwise(tape: Tape, index: int) -> Call | None:
    """The elementwise call that made a value; a reduction by the same ufunc is another matter."""
    made = tape.maker.get(index)
    return made if made is not None and made.form is Form.ELEMENTWISE else None


def uniform(tape: Tape, x: Traced) -> Any:
    """The number that all entries of a constant are, else None."""
    constant = tape.values[x.index].constant
    if constant is None or any(constant.strides) or not constant.size:
        return None
    return constant.flat[0]


def _spread(tape: Tape, number: float, shape: tuple[int, ...]) -> Traced:
    return tape.constant(np.full(shape, number))


def _fits(others: Sequence[tuple[int, ...]], shape: tuple[int, ...], own: tuple[int, ...]) -> bool:
    return bool(others) and broadcast_axes(*others, own) == shape


def _constant_factor(tape: Tape, x: Traced) -> tuple[Traced, float] | None:
    """`x` as another array times a number, if it was made so."""
    made = _elementwise(tape, x.index)
    if made is None:
        return None
    if made.function is np.negative:
        return tape.at(made.inputs[0]), -1.0
    if made.function is np.multiply:
        number = uniform(tape, tape.at(made.inputs[1]))
        if number is not None:
            return tape.at(made.inputs[0]), float(number)
    if made.function is np.divide:
        number = uniform(tape, tape.at(made.inputs[1]))
        if number is not None and number != 0:
            return tape.at(made.inputs[0]), 1.0 / float(number)
    return None


def _unguarded(tape: Tape, x: Traced) -> Traced | None:
    """For x = c + exp(min(z, largest)), which is divided by: c + exp(z).

    Where the guard against overflow holds, the quotient is below the smallest normal number
    either way.
    """
    added = _elementwise(tape, x.index)
    if added is None or added.function is not np.add:
        return None
    for raised, number in (added.inputs, added.inputs[::-1]):
        made = _elementwise(tape, raised)
        guard = _elementwise(tape, made.inputs[0]) if made is not None else None
        if made is None or made.function is not np.exp or guard is None:
            continue
        bound = uniform(tape, tape.at(guard.inputs[-1]))
        largest = np.floor(np.log(np.finfo(tape.dtype).max))
        guarded = guard.function is np.minimum and bound is not None and bound >= largest
        if guarded and uniform(tape, tape.at(number)) is not None:
            unbounded = tape.elementwise(np.exp, tape.at(guard.inputs[0]))
            return tape.elementwise(np.add, tape.at(number), unbounded)
    return None


def _scaled(tape: Tape, x: Traced, number: float, shape: tuple[int, ...]) -> Traced:
    """`x` times a number: one multiplication, whatever factors it has already."""
    factor = _constant_factor(tape, x)
    if factor is not None and TINY < abs(factor[1] * number) < 1 / TINY:
        source, first = factor
        return _scaled(tape, source, first * number, shape)
    if number == 1:
        return tape.view("broadcast", x, shape)
    if number == -1:
        return tape.view("broadcast", tape.elementwise(np.negative, x), shape)
    return tape.view("broadcast", _times(tape, x, number), shape)


def _times(tape: Tape, x: Traced, number: float) -> Traced:
    return tape.note(
        Form.ELEMENTWISE, np.multiply, (x, tape.constant(number)), (), x.shape, tape.dtype
    )
