"""Which numbers of an output depend on which numbers of an input, without any derivative.

Every number of the input carries a mark, and every number of the output gets the greatest mark of
those that it may depend on. With the marks once in ascending and once in descending order, a
number whose two answers are the same mark depends on one class of inputs alone: a row of the
batch, say, or a single number. What is not known is taken to depend on everything, so that the
answer may miss structure but never claims what is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine.calls import Call, Form, Value
from bpstudio.engine.gate_calls import calls_of, values_of
from bpstudio.engine.op import Array
from bpstudio.engine.places import Place
from bpstudio.engine.primitives import VIEWS
from bpstudio.engine.run import Step
from bpstudio.engine.tangents import FLAT, MOVING
from bpstudio.engine.template import run_template

Marks = Array | None
"""For each entry the greatest mark that reaches it, 0 for none; None: no mark reaches any."""


COPYING = ("constant", "edge", "reflect", "symmetric", "wrap")
"""Modes of `np.pad` that put fixed numbers or copies of numbers around an array."""


def classes_of(steps: Sequence[Step], of: str, start: Place, classes: Array) -> Array | None:
    """For each number of a node's output the class of inputs that it depends on, -1 for none.

    `classes` has the class of each number at `start`, counted from 0. None if some number may
    depend on two classes.
    """
    last = int(classes.max(initial=0))
    high = greatest_marks(steps, of, start, classes + 1)
    low = greatest_marks(steps, of, start, last + 1 - classes)
    if high is None or low is None:
        return np.full(next(step.output.shape for step in steps if step.node == of), -1)
    if np.any((high > 0) & (high + low != last + 2)):
        return None
    return high - 1


def greatest_marks(steps: Sequence[Step], of: str, start: Place, marks: Array) -> Marks:
    """The greatest mark that reaches each number of a node's output."""
    id, port, slot = start
    found: dict[str, Array] = {}
    for step in steps:
        if step.node == id and not port:
            found[id] = marks
        else:
            arrived = _arrived(step, found)
            if step.node == id:
                arrived[port] = arrived.get(port) or [None] * (slot + 1)
                own = arrived[port][slot]
                arrived[port][slot] = marks if own is None else np.maximum(own, marks)
            reached = through(step, arrived) if arrived else None
            if reached is not None:
                found[step.node] = reached
        if step.node == of:
            break
    return found.get(of)


def through(step: Step, arrived: Mapping[str, Sequence[Marks]]) -> Marks:
    """The greatest mark that reaches each number of a gate's output from its arguments."""
    gate = calls_of(step)
    if gate is None:
        return _everything([m for marks in arrived.values() for m in marks], step.output.shape)
    # Only an unknown function is run again, and may need numbers that say which places to take.
    runs = any(call.form is Form.FUNCTION for call in gate.calls)
    values = values_of(gate, step) if runs else gate.values
    marks: list[Marks] = [None] * len(values)
    for port, several in arrived.items():
        for leaf, own in zip(gate.leaves[port], several, strict=False):
            marks[leaf] = own
    for call in gate.calls:
        read = [marks[i] for i in call.inputs]
        if any(m is not None for m in read):
            inputs = [values[i] for i in call.inputs]
            marks[call.output] = _marked(call, inputs, gate.values[call.output], read)
    return marks[gate.output]


def _arrived(step: Step, found: Mapping[str, Array]) -> dict[str, list[Marks]]:
    return {
        port: [found.get(source) for source in sources]
        for port, sources in step.sources.items()
        if any(source in found for source in sources)
    }


def _marked(call: Call, inputs: Sequence[Any], y: Value, read: Sequence[Marks]) -> Marks:
    # Comparisons, steps and numbers of places stay the same when what they read moves a little.
    if y.dtype.kind == "b" or call.function in FLAT:
        return None
    match call.form:
        case Form.ELEMENTWISE:
            return _together(read, y.shape)
        case Form.REDUCE:
            axes, keep = call.parameters
            return np.asarray(np.max(np.asarray(read[0]), axis=axes, keepdims=keep, initial=0))
        case Form.VIEW if call.function in ("bits", "floats"):
            return read[0]
        case Form.VIEW:
            return np.asarray(VIEWS[call.function](read[0], *call.parameters))
        case Form.PRODUCT:
            return _of_product(inputs, read, y.shape)
        case Form.COPY:
            return read[0] if y.dtype.kind == "f" else None
        case Form.FUNCTION if y.dtype.kind != "f":
            return None
        case Form.FUNCTION if _moves(call):
            return _run_alike(call, inputs, read)
        case Form.FUNCTION if call.function is np.matmul:
            return _of_matmul(inputs, read, y.shape)
        case Form.FUNCTION if call.function is np.einsum:
            letters = _letters(call.parameters[0], inputs)
            return _of_einsum(letters, read, y.shape) if letters else _everything(read, y.shape)
    return _everything(read, y.shape)


def _together(read: Sequence[Marks], shape: tuple[int, ...]) -> Array:
    greatest = np.zeros(shape, dtype=np.intp)
    for marks in read:
        if marks is not None:
            greatest = np.maximum(greatest, marks)
    return greatest


def _everything(read: Sequence[Marks], shape: tuple[int, ...]) -> Array:
    greatest = max(int(marks.max(initial=0)) for marks in read if marks is not None)
    return np.full(shape, greatest, dtype=np.intp)


def _moves(call: Call) -> bool:
    """Whether a function does no more than put numbers in other places, or zeros between them."""
    if call.function is np.pad:
        _, arguments, (_, names, settings) = call.parameters[0]
        mode = dict(zip(names, settings, strict=True)).get("mode", ("value", "constant"))
        # Other modes take means.
        return len(arguments) == 3 and mode in {("value", name) for name in COPYING}
    return call.function in MOVING


def _run_alike(call: Call, inputs: Sequence[Array], read: Sequence[Marks]) -> Array:
    """What a function that moves numbers about does to their marks; fillings have none."""
    still = [np.zeros(x.shape, np.intp) if x.dtype.kind == "f" else x for x in inputs]
    moved = [z if m is None else m for z, m in zip(still, read, strict=True)]
    template = call.parameters[0]
    after: Array = run_template(call.function, template, moved)
    before: Array = run_template(call.function, template, still)
    return (after - before).astype(np.intp)


def _of_product(inputs: Sequence[Any], read: Sequence[Marks], shape: tuple[int, ...]) -> Array:
    """Each entry of a product depends on a row of the first and on a column of the second."""
    (a, b), (left, right) = inputs, read
    rows = None if left is None else left.max(axis=-1, initial=0)
    columns = None if right is None else right.max(axis=0, initial=0)
    if rows is not None and len(a.shape) == len(b.shape) == 2:
        rows = rows[:, None]
    return _together([rows, columns], shape)


def _of_matmul(inputs: Sequence[Array], read: Sequence[Marks], shape: tuple[int, ...]) -> Array:
    (a, b), (left, right) = inputs, read
    rows = None if left is None else left.max(axis=-1, initial=0)
    columns = None
    if right is not None:
        columns = right.max(axis=0 if b.ndim == 1 else -2, initial=0)
        if a.ndim > 1 and b.ndim > 1:
            columns = np.expand_dims(columns, -2)
    if rows is not None and a.ndim > 1 and b.ndim > 1:
        rows = np.expand_dims(rows, -1)
    return _together([rows, columns], shape)


def _letters(template: Any, inputs: Sequence[Array]) -> tuple[list[str], str] | None:
    """The subscripts of an einsum of arrays, if they are spelled out; see `template_of`."""
    text = template[1][1][1]
    if not isinstance(text, str) or "->" not in text or "." in text:
        return None
    operands, _, output = text.replace(" ", "").partition("->")
    several = operands.split(",")
    fits = len(several) == len(inputs) and all(
        len(own) == x.ndim == len(set(own)) for own, x in zip(several, inputs, strict=True)
    )
    return (several, output) if fits else None


def _of_einsum(
    letters: tuple[list[str], str], read: Sequence[Marks], shape: tuple[int, ...]
) -> Array:
    """Each entry depends on those of each operand that have its place along the axes they share."""
    several, output = letters
    parts: list[Marks] = []
    for own, marks in zip(several, read, strict=True):
        if marks is None:
            continue
        gone = tuple(axis for axis, letter in enumerate(own) if letter not in output)
        left = [letter for letter in own if letter in output]
        kept = marks.max(axis=gone, initial=0)
        ordered = kept.transpose([left.index(letter) for letter in output if letter in left])
        sizes = iter(ordered.shape)
        parts.append(ordered.reshape([next(sizes) if c in left else 1 for c in output]))
    return _together(parts, shape)
