"""The trace of one run as the trace of several at once: one more axis in front.

What depends on no run, such as the features that all see, keeps its shape. A product of such a
matrix with one matrix for each run is one product over all of them; of two that each run has, it
is a product for each. A function that the tracer does not know is called for each run.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine.calls import Call, Form
from bpstudio.engine.op import Array
from bpstudio.engine.rewrite import SHORT
from bpstudio.engine.template import run_template, several
from bpstudio.engine.trace import Tape, Traced


@dataclass(frozen=True)
class ForEach:
    """An unknown function called for each of `count` runs; `own` says which arrays have one each.

    Gives the results one behind the other, shape (count, …).
    """

    function: Any
    template: Any
    own: tuple[bool, ...]
    count: int

    def __call__(self, *arrays: Array) -> Array:
        results = []
        for run in range(self.count):
            its = [a[run] if own else a for a, own in zip(arrays, self.own, strict=True)]
            results.append(run_template(self.function, self.template, its))
        return np.stack(results)


class Stacking:
    """The calls of a tape on a new `tape`, with an axis for `count` runs.

    `own` are the leaves of which each run has its own; `found` gives for each value of the old
    tape that of the new one, and `stacked` says which of the old values have the further axis.
    `ones` are further leaves: rows of so many ones.
    """

    def __init__(
        self, old: Tape, calls: Sequence[Call], leaves: Collection[int], own: set[int], count: int
    ) -> None:
        self.old, self.count = old, count
        self.tape = Tape(old.dtype, shorten=False)
        self.stacked = set(own)
        self.found: dict[int, Traced] = {}
        self.ones: dict[int, Traced] = {}
        for index in leaves:
            value = old.values[index]
            shape = (count, *value.shape) if index in own else value.shape
            self.found[index] = self.tape.leaf(shape, dtype=value.dtype)
        for call in calls:
            if self.stacked.intersection(call.inputs):
                self.stacked.add(call.output)
            self.found[call.output] = self._carried_out(call)

    def at(self, index: int) -> Traced:
        """The value on the new tape; constants come over when they are first asked for."""
        if index not in self.found:
            self.found[index] = self.tape.constant(self.old.values[index].constant)
        return self.found[index]

    def each(self, index: int) -> Traced:
        """The value as each run has it, even where it is the same for all."""
        x = self.at(index)
        if index in self.stacked:
            return x
        return self.tape.view("broadcast", x, (self.count, *x.shape))

    def wide(self, calls: Sequence[Call], leaves: Mapping[str, int]) -> tuple[str, ...]:
        """The leaves that meet a matrix which all runs share: with the runs beside their columns
        in memory one product serves all."""
        key_of = {index: key for key, index in leaves.items()}
        meeting = (
            call.inputs[1]
            for call in calls
            if call.form is Form.PRODUCT
            and call.inputs[0] not in self.stacked
            and len(self.old.values[call.inputs[1]].shape) == 2
        )
        return tuple(dict.fromkeys(key_of[index] for index in meeting if index in key_of))

    def _carried_out(self, call: Call) -> Traced:
        inputs = [self.at(i) for i in call.inputs]
        value = self.old.values[call.output]
        note = self.tape.note
        if call.output not in self.stacked:
            like = (value.shape, value.dtype)
            return note(call.form, call.function, tuple(inputs), call.parameters, *like)
        shape = (self.count, *value.shape)
        match call.form:
            case Form.ELEMENTWISE:
                fitted = tuple(self._fitted(i, len(value.shape)) for i in call.inputs)
                return note(call.form, call.function, fitted, (), shape, value.dtype)
            case Form.COPY:
                return note(
                    call.form, call.function, (inputs[0],), call.parameters, shape, value.dtype
                )
            case Form.REDUCE:
                return self._reduced(call, inputs[0])
            case Form.VIEW:
                return self._seen(call, inputs[0])
            case Form.PRODUCT:
                return self._product(call, shape)
            case Form.INNER:
                return self._inner(call)
            case _:
                own = tuple(i in self.stacked for i in call.inputs)
                each = ForEach(call.function, call.parameters[0], own, self.count)
                template = several(inputs)
                return note(Form.FUNCTION, each, tuple(inputs), (template,), shape, value.dtype)

    def _fitted(self, index: int, rank: int) -> Traced:
        """An operand that broadcasts with a result of that rank for each run."""
        x = self.at(index)
        if index not in self.stacked:
            return x
        missing = (1,) * (rank + 1 - x.ndim)
        return self.tape.view("reshape", x, (self.count, *missing, *x.shape[1:]))

    def _reduced(self, call: Call, x: Traced) -> Traced:
        """A reduction of each run's part; the sum over its rows as a product with ones."""
        axes, keep = call.parameters
        value = self.old.values[call.output]
        shape, note = (self.count, *value.shape), self.tape.note
        sums = call.function is np.add and x.dtype == self.tape.dtype
        if sums and axes == (0,) and x.ndim == 3 and x.shape[1] > SHORT:
            ones = self._ones(x.shape[1])
            whole = (self.count, 1, x.shape[2])
            total = note(Form.STACKED, np.matmul, (ones, x), (), whole, x.dtype)
            return self.tape.view("reshape", total, shape)
        behind = (tuple(axis + 1 for axis in axes), keep)
        return note(call.form, call.function, (x,), behind, shape, value.dtype)

    def _ones(self, count: int) -> Traced:
        """A row of ones in memory of its own: a constant would be one number seen many times."""
        if count not in self.ones:
            self.ones[count] = self.tape.leaf((1, 1, count))
        return self.ones[count]

    def _seen(self, call: Call, x: Traced) -> Traced:
        """The same look at each run's part."""
        view, count, parameters = self.tape.view, self.count, call.parameters
        match call.function:
            case "transpose":
                return view("transpose", x, (0, *(axis + 1 for axis in parameters[0])))
            case "reshape":
                return view("reshape", x, (count, *self.old.values[call.output].shape))
            case "broadcast":
                fitted = self._fitted(call.inputs[0], len(parameters[0]))
                return view("broadcast", fitted, (count, *parameters[0]))
            case "index":
                return view("index", x, ((None, None, None), *parameters[0]))
            case "windows":
                shape, axes = parameters
                return view("windows", x, shape, tuple(axis + 1 for axis in axes))
            case _:
                return view(call.function, x)

    def _product(self, call: Call, shape: tuple[int, ...]) -> Traced:
        """`a @ b` for each run, in one product where one of them is the same for all."""
        view, count = self.tape.view, self.count
        left, right = call.inputs
        a, b = self.at(left), self.at(right)
        own_a, own_b = left in self.stacked, right in self.stacked
        # As matrices: a row before the product, a column behind it.
        if a.ndim - own_a == 1:
            a = view("reshape", a, (*a.shape[:own_a], 1, a.shape[-1]))
        if b.ndim - own_b == 1:
            b = view("reshape", b, (*b.shape, 1))
        (m, n), p = a.shape[-2:], b.shape[-1]
        if own_a and own_b:
            # Of a column and a row it is a table of products, which needs no sums.
            form, function = (
                (Form.ELEMENTWISE, np.multiply) if n == 1 else (Form.STACKED, np.matmul)
            )
            whole, dtype = (count, m, p), self.tape.dtype
            result = self.tape.note(form, function, (a, b), (), whole, dtype)
        elif own_b:
            columns = view("reshape", view("transpose", b, (1, 0, 2)), (n, count * p))
            beside = view("reshape", self.tape.product(a, columns), (m, count, p))
            result = view("transpose", beside, (1, 0, 2))
        else:
            rows = view("reshape", a, (count * m, n))
            result = view("reshape", self.tape.product(rows, b), (count, m, p))
        return view("reshape", result, shape)

    def _inner(self, call: Call) -> Traced:
        """The sum over each run's entries of one array, or of the product of two."""
        shape = self.old.values[call.inputs[0]].shape
        fitted = [self._fitted(i, len(shape)) for i in call.inputs]
        whole, dtype = (self.count, *shape), self.tape.dtype
        one = fitted[0]
        if len(fitted) == 2:
            one = self.tape.note(Form.ELEMENTWISE, np.multiply, tuple(fitted), (), whole, dtype)
        axes = (tuple(range(1, len(whole))), False)
        if math.prod(shape) == 1:
            return self.tape.view("reshape", one, (self.count,))
        return self.tape.note(Form.REDUCE, np.add, (one,), axes, (self.count,), dtype)
