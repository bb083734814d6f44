"""What is changed on a trace before it is laid out: layers fused, dead calls dropped.

The gates stay as one reads them; that a bias is a further row of its weights, and a row of ones a
further feature, is known only here and in `layout.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine import primitives
from bpstudio.engine.calls import Call, Form
from bpstudio.engine.trace import Tape

SHORT = 4
"""A reduction over at most so many entries is done by elementwise calls."""


def find_layers(tape: Tape, weights: Mapping[str, int]) -> dict[str, str]:
    """The bias of each weight that meets its rows as `x @ weight + bias`, by key.

    Each weight has one bias and each bias one weight; a weight that is used with several has none.
    """
    key_of = {index: key for key, index in weights.items()}
    maker = {call.output: call for call in tape.calls}
    found: dict[str, set[str]] = {}
    for call in tape.calls:
        if call.function is not np.add or call.form is not Form.ELEMENTWISE:
            continue
        for product, bias in (call.inputs, call.inputs[::-1]):
            made = maker.get(product)
            if made is None or made.form is not Form.PRODUCT or bias not in key_of:
                continue
            x, weight = made.inputs
            units = tape.values[weight].shape[1:]
            if (
                weight in key_of
                and len(tape.values[x].shape) == 2
                and len(units) == 1
                and (tape.values[bias].shape == units)
            ):
                found.setdefault(key_of[weight], set()).add(key_of[bias])
    single = {weight: next(iter(biases)) for weight, biases in found.items() if len(biases) == 1}
    shared = [bias for bias in single.values() if list(single.values()).count(bias) > 1]
    return {weight: bias for weight, bias in single.items() if bias not in shared}


def fuse_layers(tape: Tape, calls: Sequence[Call], bias_of: Mapping[int, int]) -> tuple[Call, ...]:
    """Every `x @ weight + bias` as one affine call, where weight and bias lie side by side."""
    maker = {call.output: call for call in calls}
    fused = []
    for call in calls:
        if call.form is Form.ELEMENTWISE and call.function is np.add:
            for product, bias in (call.inputs, call.inputs[::-1]):
                made = maker.get(product)
                if made is None or made.form is not Form.PRODUCT:
                    continue
                x, weight = made.inputs
                if bias_of.get(weight) == bias and len(tape.values[x].shape) == 2:
                    call = Call(Form.AFFINE, np.dot, (x, weight, bias), (), call.output)
                    break
        fused.append(call)
    return tuple(fused)


def fuse_gradients(
    tape: Tape, calls: Sequence[Call], gradients: Mapping[int, tuple[int, int]]
) -> tuple[tuple[Call, ...], dict[int, int]]:
    """The gradients of each layer's weight and bias as one product, where they are one.

    `gradients` gives for each weight the values of its own gradient and of its bias's. Returns
    the calls, and for each weight whose gradient is fused the value of the joint one.
    """
    maker = {call.output: call for call in calls}
    layers = {call.inputs[1]: call.inputs[0] for call in calls if call.form is Form.AFFINE}
    joint: dict[int, int] = {}
    made_here: dict[int, list[Call]] = {}
    for weight, (of_weight, of_bias) in gradients.items():
        product, total = maker.get(of_weight), maker.get(of_bias)
        if weight not in layers or product is None or total is None:
            continue
        if product.form is not Form.PRODUCT or total.form is not Form.REDUCE:
            continue
        turned = maker.get(product.inputs[0])
        if (
            turned is not None
            and turned.function == "transpose"
            and turned.inputs == (layers[weight],)
            and total.function is np.add
            and total.parameters == ((0,), False)
            and total.inputs == (product.inputs[1],)
        ):
            rows, columns = tape.values[of_weight].shape
            both = tape.leaf((rows + 1, columns)).index
            joint[weight] = both
            made_here.setdefault(of_weight, []).append(
                Call(Form.AFFINE_GRADIENT, np.dot, (layers[weight], product.inputs[1]), (), both)
            )
    result = []
    for call in calls:
        result.append(call)
        result.extend(made_here.get(call.output, ()))
    return tuple(result), joint


def add_ones(
    tape: Tape, calls: Sequence[Call], own: frozenset[int]
) -> tuple[tuple[Call, ...], frozenset[int]]:
    """Which values get a row of ones: the inputs of affine calls.

    A value that is a view, or whose memory is not made here (`own` are the leaves that can have
    such a row), is copied first.
    """
    maker = {call.output: call for call in calls}
    wanted = {c.inputs[0] for c in calls if c.form in (Form.AFFINE, Form.AFFINE_GRADIENT)}
    copies: dict[int, int] = {}
    for x in sorted(wanted):
        made = maker.get(x)
        if x not in own and (made is None or made.form is Form.VIEW):
            value = tape.values[x]
            copies[x] = tape.leaf(value.shape, batched=value.batched, dtype=value.dtype).index
    result: list[Call] = []
    done: set[int] = set()
    for call in calls:
        if call.form in (Form.AFFINE, Form.AFFINE_GRADIENT) and call.inputs[0] in copies:
            x = call.inputs[0]
            if x not in done:
                done.add(x)
                dtype = tape.values[x].dtype.str
                result.append(Call(Form.COPY, np.copyto, (x,), (dtype,), copies[x]))
            call = Call(
                call.form,
                call.function,
                (copies[x], *call.inputs[1:]),
                call.parameters,
                call.output,
            )
        result.append(call)
    return tuple(result), frozenset(copies.get(x, x) for x in wanted)


def shorten(tape: Tape, calls: Sequence[Call]) -> tuple[Call, ...]:
    """Every reduction over few entries as elementwise calls, in the order of the entries."""
    result: list[Call] = []
    for call in calls:
        result.extend(_one_by_one(tape, call) if call.form is Form.REDUCE else (call,))
    return tuple(result)


def keep_leaves(
    tape: Tape, calls: Sequence[Call], results: Iterable[int]
) -> tuple[tuple[Call, ...], dict[int, int]]:
    """A copy, made first, of every result that is a leaf or a view of one, and which is whose.

    What lies at another's destination would else be gone before it is read.
    """
    made = {call.output for call in calls if call.form is not Form.VIEW}
    root: dict[int, int] = {}
    for call in calls:
        if call.form is Form.VIEW:
            root[call.output] = root.get(call.inputs[0], call.inputs[0])
    copies: list[Call] = []
    instead: dict[int, int] = {}
    views = [call for call in calls if call.form is Form.VIEW and root[call.output] not in made]
    for result in results:
        if root.get(result, result) in made or tape.values[result].constant is not None:
            continue
        value = tape.values[result]
        new = tape.leaf(value.shape, dtype=value.dtype).index
        copies.append(Call(Form.COPY, np.copyto, (result,), (value.dtype.str,), new))
        instead[result] = new
    rest = [call for call in calls if call not in views]
    return (*views, *copies, *rest), instead


def live(calls: Sequence[Call], results: Iterable[int]) -> tuple[Call, ...]:
    """The calls that the results depend on, in order."""
    needed = set(results)
    kept = []
    for call in reversed(calls):
        if call.output in needed:
            needed.update(call.inputs)
            kept.append(call)
    return tuple(reversed(kept))


def _one_by_one(tape: Tape, call: Call) -> list[Call]:
    axes, _ = call.parameters
    x = tape.values[call.inputs[0]]
    lengths = [x.shape[axis] for axis in axes]
    if x.dtype != tape.dtype or not 0 < math.prod(lengths) <= SHORT:
        return [call]
    calls: list[Call] = []

    def note(form: Form, function: Any, inputs: tuple[int, ...], *parameters: Any) -> int:
        shape = np.broadcast_shapes(*(tape.values[i].shape for i in inputs))
        if form is Form.VIEW:
            shape = primitives.VIEWS[function](np.empty(shape, bool), *parameters).shape
        new = tape.leaf(shape, batched=x.batched, dtype=x.dtype).index
        calls.append(Call(form, function, inputs, parameters, new))
        return new

    result = -1
    for entry in np.ndindex(*lengths):
        at = dict(zip(axes, entry, strict=True))
        key = tuple(at.get(axis, (None, None, None)) for axis in range(len(x.shape)))
        part = note(Form.VIEW, "index", call.inputs, key)
        result = part if result < 0 else note(Form.ELEMENTWISE, call.function, (result, part))
    note(Form.VIEW, "reshape", (result,), tape.values[call.output].shape)
    last = calls.pop()
    return [*calls, Call(last.form, last.function, last.inputs, last.parameters, call.output)]
