"""What a trace consists of: values, and the calls that make one from others."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine.op import Array

FOLDED = 1 << 16
"""Results of constants alone are computed while tracing, up to this many entries."""


SAME_PLACES = ("bits", "floats")
"""Views that have every entry where it was."""


class Form(enum.Enum):
    """How a call is carried out, whatever it computes."""

    ELEMENTWISE = "elementwise"
    """A ufunc: `function(*inputs, out)`."""
    REDUCE = "reduce"
    """`function.reduce(input, axes)`; parameters: the axes, and whether they stay with length 1."""
    VIEW = "view"
    """Another look at the same memory; parameters: what `primitives.VIEWS[function]` takes."""
    PRODUCT = "product"
    """A matrix product of operands of one or two axes."""
    STACKED = "stacked"
    """A matrix product for each of several runs: operands of three axes, the first is the run."""
    AFFINE = "affine"
    """`x @ weight + bias` as one product with a row of ones; inputs: x, weight, bias."""
    AFFINE_GRADIENT = "affine gradient"
    """The gradients of weight and bias as one product; inputs: x and the upstream gradient."""
    INNER = "inner"
    """The sum over all entries of one array, or of the product of two."""
    COPY = "copy"
    """The same values in memory of their own, perhaps in another type."""
    FUNCTION = "function"
    """Any other NumPy function, called as it stands; parameters: how its inputs enter."""


@dataclass(frozen=True, slots=True)
class Value:
    """One array of a trace. `batched`: its first axis is, or depends on, the batch."""

    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    batched: bool = False
    constant: Array | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One primitive with the indices of the values that it reads and gives."""

    form: Form
    function: Any
    inputs: tuple[int, ...]
    parameters: tuple[Any, ...]
    output: int


def meetings(calls: Sequence[Call]) -> dict[int, list[int]]:
    """For each value those that it meets in elementwise calls, itself or its bits."""
    meeting: dict[int, list[int]] = {}
    bits_of: dict[int, int] = {}
    for call in calls:
        if call.form is Form.VIEW and call.function in SAME_PLACES:
            bits_of[call.output] = bits_of.get(call.inputs[0], call.inputs[0])
        elif call.form is Form.ELEMENTWISE and len(call.inputs) == 2:
            first, second = (bits_of.get(i, i) for i in call.inputs)
            meeting.setdefault(first, []).append(second)
            meeting.setdefault(second, []).append(first)
    return meeting
