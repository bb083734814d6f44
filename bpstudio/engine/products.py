"""Products of matrices on a tape: whatever the axes, one product over views of the operands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bpstudio.engine.template import call

if TYPE_CHECKING:
    from bpstudio.engine.trace import Tape, Traced


def matmul(tape: Tape, left: Any, right: Any) -> Traced:
    """`left @ right`; with more than two axes a plain product where the right one has two."""
    a, b = tape.copy(tape.lift(left), tape.dtype), tape.copy(tape.lift(right), tape.dtype)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul: a number is no operand of a matrix product")
    if a.ndim <= 2 and b.ndim <= 2:
        return tape.product(a, b)
    return call(tape, np.matmul, (a, b), {})


def dot(tape: Tape, left: Any, right: Any) -> Any:
    """`np.dot` of operands of at most two axes."""
    a, b = tape.lift(left), tape.lift(right)
    if not a.ndim or not b.ndim:
        return tape.elementwise(np.multiply, a, b)
    return matmul(tape, a, b) if a.ndim <= 2 and b.ndim <= 2 else NotImplemented


def tensordot(tape: Tape, left: Any, right: Any, axes: Any = 2) -> Traced:
    """`np.tensordot` as one product over views."""
    a, b = tape.lift(left), tape.lift(right)
    if isinstance(axes, int):
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    over_a, over_b = axes_list(axes[0], a.ndim), axes_list(axes[1], b.ndim)
    free_a = tuple(axis for axis in range(a.ndim) if axis not in over_a)
    free_b = tuple(axis for axis in range(b.ndim) if axis not in over_b)
    # Entries may be summed, and rows and columns may stand, in any order: the batch last, as it
    # lies in memory.
    over = list(zip(over_a, over_b, strict=True))
    over.sort(key=lambda pair: is_batch(tape, a, pair[0]) or is_batch(tape, b, pair[1]))
    over_a, over_b = tuple(i for i, _ in over), tuple(i for _, i in over)
    laid_a = tuple(sorted(free_a, key=lambda axis: is_batch(tape, a, axis)))
    laid_b = tuple(sorted(free_b, key=lambda axis: is_batch(tape, b, axis)))
    product = matmul(tape, matrix(tape, a, laid_a, over_a), matrix(tape, b, over_b, laid_b))
    shape = tuple(a.shape[i] for i in laid_a) + tuple(b.shape[i] for i in laid_b)
    places = [laid_a.index(i) for i in free_a] + [len(laid_a) + laid_b.index(i) for i in free_b]
    return tape.view("transpose", tape.view("reshape", product, shape), tuple(places))


def is_batch(tape: Tape, x: Traced, axis: int) -> bool:
    """Whether that axis of `x` is the batch."""
    return axis == 0 and tape.values[x.index].batched


def matrix(tape: Tape, x: Traced, down: tuple[int, ...], across: tuple[int, ...]) -> Traced:
    """`x` with some axes as rows and the rest as columns.

    Where it has to be copied, as the windows of a convolution have, the batch comes last in
    memory, whichever side it is on; so the backward pass finds the copy of the forward pass.
    """
    rows, columns = (math.prod(x.shape[axis] for axis in axes) for axes in (down, across))
    if any(is_batch(tape, x, axis) for axis in down):
        turned = tape.view("reshape", tape.view("transpose", x, (*across, *down)), (columns, rows))
        return tape.view("transpose", turned, (1, 0))
    return tape.view("reshape", tape.view("transpose", x, (*down, *across)), (rows, columns))


def axes_list(axes: Any, ndim: int) -> tuple[int, ...]:
    """One axis or several, counted from the front, in the order given."""
    return tuple(int(a) % ndim for a in ((axes,) if isinstance(axes, int) else axes))
