"""How each form of call is written down, given the places of its operands and of its result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.memory import in_order, memory_order
from bpstudio.engine.template import TWO, Stored, several, sum_of_products

ROWS_APART = 4096
"""Up to so many entries, a few rows that share an operand are faster one by one."""

SPREAD = 1 << 17
"""Up to so many entries, maximum and minimum are faster with an array than with a number."""


def elementwise(
    code: Code, function: np.ufunc, inputs: Sequence[Thing], fixed: Sequence[bool], out: Thing
) -> None:
    """A ufunc, its operands turned to the order of the result in memory.

    `fixed` says which inputs are constants.
    """
    order = memory_order(out.value)
    target = out.then(lambda array: array.transpose(order))
    shape, size = target.value.shape, target.value.size
    operands = [
        thing if not thing.value.ndim else thing.then(in_order(len(shape), order))
        for thing in inputs
    ]
    if function in (np.maximum, np.minimum) and 1 < size <= SPREAD:
        operands = [
            Thing(np.full(shape, o.value)) if constant and not o.value.ndim else o
            for o, constant in zip(operands, fixed, strict=True)
        ]
    few_rows = len(shape) == 2 and 1 < shape[0] <= 3 and size <= ROWS_APART
    if few_rows and any(o.value.ndim and o.value.shape[0] == 1 for o in operands):
        for row in range(shape[0]):
            parts = [_row(o, row) if o.value.ndim else o for o in operands]
            code.add(function, parts, _row(target, row))
    else:
        code.add(function, operands, target)


def reduce(
    code: Code, function: np.ufunc, x: Thing, parameters: tuple[tuple[int, ...], bool], out: Thing
) -> None:
    """A reduction, in the order of its operand in memory."""
    axes, keep = parameters
    order = memory_order(x.value)
    operand = x.then(lambda array: array.transpose(order))
    over = tuple(place for place, axis in enumerate(order) if axis in axes)
    rest = [axis for axis in order if keep or axis not in axes]
    ranks = tuple(sorted(rest).index(axis) for axis in rest)
    code.reduce(function, operand, over, out.then(lambda array: array.transpose(ranks)), keep)


def copy(code: Code, out: Thing, source: Thing) -> None:
    """The entries of one array into another."""
    order = memory_order(out.value)
    if source.value.ndim:
        source = source.then(in_order(len(order), order))
    code.copyto(out.then(lambda array: array.transpose(order)), source)


def product(code: Code, a: Thing, b: Thing, out: Thing) -> None:
    """`a @ b`, transposed where the result is: then the operand that has the batch goes last."""
    if out.value.flags.c_contiguous:
        code.product(a, b, out)
    elif out.value.flags.f_contiguous:
        code.product(b.then(np.transpose), a.then(np.transpose), out.then(np.transpose))
    else:
        code.call(Stored(np.matmul, TWO), [a, b], out)


def inner(code: Code, inputs: Sequence[Thing], out: Thing) -> None:
    """The sum over all entries of one array, or of the product of two."""
    order = memory_order(inputs[0].value)
    if not all(thing.value.transpose(order).flags.c_contiguous for thing in inputs):
        code.call(Stored(sum_of_products, several(inputs)), inputs, out)
        return
    flat = [thing.then(lambda array: array.transpose(order).reshape(-1)) for thing in inputs]
    size = flat[0].value.size
    if len(flat) == 2:
        code.product(flat[0], flat[1], out)
    elif size > ROWS_APART:
        code.reduce(np.add, flat[0], (0,), out, False)
    else:
        code.product(flat[0], Thing(np.ones(size, flat[0].value.dtype)), out)


def _row(thing: Thing, row: int) -> Thing:
    return thing.then(lambda array: array[row if array.shape[0] > 1 else 0])
