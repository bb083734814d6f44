"""Which gates ONNX's reductions and changes of shape become."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bpstudio.exchange.onnx_building import Axes, Builder, NotUnderstood, Value
from bpstudio.exchange.onnx_gates import Rule
from bpstudio.exchange.onnx_reading import Operator
from bpstudio.language import N_

LAST = (0, 3, 1, 2)
"""ONNX's axes (rows, channels, height, width) as places of ours, which has channels last."""


def _numbers(builder: Builder, operator: Operator, key: str, place: int) -> tuple[int, ...] | None:
    """Whole numbers that are an attribute in old versions and an input in new ones."""
    if key in operator.attributes:
        found = operator.attributes[key]
        return tuple(found) if isinstance(found, tuple) else (int(found),)
    if len(operator.inputs) > place and operator.inputs[place]:
        return tuple(int(n) for n in builder.constant(operator.inputs[place]).reshape(-1))
    return None


BEFORE: Mapping[str, str] = {
    "ReduceL1": "abs",
    "ReduceL2": "square",
    "ReduceSumSquare": "square",
    "ReduceLogSumExp": "exp",
}
AFTER: Mapping[str, str] = {"ReduceL2": "sqrt", "ReduceLogSum": "log", "ReduceLogSumExp": "log"}


def _reduce(builder: Builder, operator: Operator) -> Value:
    """One axis after the other; those that stay with length 1 come back by a reshape."""
    value = builder.plain(builder.value(operator.inputs[0]))
    axes, source = value.axes, builder.fed(value)
    given = _numbers(builder, operator, "axes", 1)
    if not given and operator.attributes.get("noop_with_empty_axes", 0):
        given, places = (), []
    else:
        places = sorted({n % len(axes) for n in given or range(len(axes))}) if axes else []
    if value.batched and 0 in places:
        raise NotUnderstood(N_("it goes over the rows of a batch"))
    if name := BEFORE.get(operator.kind):
        source = builder.gate(name, source).node
    made = Value(source, builder.shapes[source])
    for place in reversed(places):
        if operator.kind == "ReduceMax":
            made = _largest(builder, made, place)
            continue
        gate = "mean" if operator.kind == "ReduceMean" else "sum"
        back = place - len(made.axes)
        if back < -3:
            raise NotUnderstood(N_("it goes along an axis far in front"))
        made = builder.gate(gate, made.node, axis=back)
    if name := AFTER.get(operator.kind):
        made = builder.gate(name, made.node)
    if operator.attributes.get("keepdims", 1) and places:
        left = tuple(1 if place in places else n for place, n in enumerate(axes))
        keep = int(value.batched)
        made = builder.gate("reshape", made.node, keep=keep, size=left[keep:])
    return made


def _largest(builder: Builder, made: Value, place: int) -> Value:
    if place != len(made.axes) - 1:
        raise NotUnderstood(N_("the largest is only found along the last axes"))
    found = builder.gate("maxout", made.node, pieces=made.axes[-1])
    keep = int(made.batched)
    return builder.gate("reshape", found.node, keep=keep, size=made.axes[keep:-1])


def _shaped(builder: Builder, value: Value, axes: Axes) -> Value:
    """The same numbers in the same order along these axes."""
    if value.constant is not None:
        return replace(value, constant=value.constant.reshape(axes))
    if value.batched:
        if not axes or axes[0] != 1:
            raise NotUnderstood(N_("it would mix the rows of a batch"))
        if math.prod(axes) != math.prod(value.axes):
            raise NotUnderstood(N_("it would mix the rows of a batch"))
    if len(axes) == 2 and value.order == LAST and value.axes[0] == axes[0]:
        return _flat(builder, value)
    value = builder.plain(value)
    if value.axes == axes:
        return value
    keep = int(value.batched)
    return builder.gate("reshape", value.node, keep=keep, size=axes[keep:])


def _flat(builder: Builder, value: Value) -> Value:
    """Pictures as rows: their numbers stay as they lie, and whoever reads them knows where."""
    _count, channels, height, width = value.axes
    made = builder.gate("flatten", value.node, keep=1)
    lies = np.arange(channels * height * width).reshape(height, width, channels)
    entries = lies.transpose(2, 0, 1).reshape(-1)
    trivial = bool(np.all(entries == np.arange(entries.size)))
    return replace(made, entries=None if trivial else entries)


def _reshape(builder: Builder, operator: Operator) -> Value:
    value = builder.value(operator.inputs[0])
    wanted = _numbers(builder, operator, "shape", 1)
    if wanted is None:
        raise NotUnderstood(N_("it takes a size that is only known as it runs"))
    axes = value.axes
    if operator.attributes.get("allowzero", 0) and 0 in wanted:
        raise NotUnderstood(N_("it makes something empty"))
    if any(n == 0 and place >= len(axes) for place, n in enumerate(wanted)):
        raise NotUnderstood(N_("its sizes do not fit"))
    size = [axes[place] if n == 0 else n for place, n in enumerate(wanted)]
    if value.batched and size and wanted[0] == -1:
        size[0] = 1
    if size.count(-1) == 1:
        known = math.prod(n for n in size if n != -1)
        size[size.index(-1)] = math.prod(axes) // max(known, 1)
    if any(n < 1 for n in size) or math.prod(size) != math.prod(axes):
        raise NotUnderstood(N_("its sizes do not fit"))
    return _shaped(builder, value, tuple(size))


def _flatten(builder: Builder, operator: Operator) -> Value:
    value = builder.value(operator.inputs[0])
    axes = value.axes
    axis = int(operator.attributes.get("axis", 1))
    axis += len(axes) if axis < 0 else 0
    return _shaped(builder, value, (math.prod(axes[:axis]), math.prod(axes[axis:])))


def _squeeze(builder: Builder, operator: Operator) -> Value:
    value = builder.value(operator.inputs[0])
    given, axes = _numbers(builder, operator, "axes", 1), value.axes
    places = {n % len(axes) for n in given} if given else {p for p, n in enumerate(axes) if n == 1}
    if any(axes[place] != 1 for place in places) or (value.batched and 0 in places):
        raise NotUnderstood(N_("it would mix the rows of a batch"))
    return _shaped(builder, value, tuple(n for p, n in enumerate(axes) if p not in places))


def _unsqueeze(builder: Builder, operator: Operator) -> Value:
    value = builder.value(operator.inputs[0])
    given, axes = _numbers(builder, operator, "axes", 1) or (), list(value.axes)
    count = len(axes) + len(given)
    for place in sorted(n % count for n in given):
        if value.batched and place == 0:
            raise NotUnderstood(N_("it would mix the rows of a batch"))
        axes.insert(place, 1)
    return _shaped(builder, value, tuple(axes))


def _transpose(builder: Builder, operator: Operator) -> Value:
    """No gate: the value remembers where its axes stand."""
    value = builder.value(operator.inputs[0])
    axes = value.axes
    order = tuple(operator.attributes.get("perm", range(len(axes) - 1, -1, -1)))
    if sorted(order) != list(range(len(axes))):
        raise NotUnderstood(N_("its axes are not those of what it takes"))
    if value.constant is not None:
        return replace(value, constant=value.constant.transpose(order))
    if value.entries is not None or (value.batched and order[0] != 0):
        raise NotUnderstood(N_("its axes would have to change places"))
    before = value.order or tuple(range(len(axes)))
    after = tuple(before[place] for place in order)
    return replace(value, order=None if after == tuple(range(len(axes))) else after)


def _back(value: Value, axis: int) -> int:
    """An axis counted from the last, in the order in which the node has them."""
    count = len(value.axes)
    place = axis % count
    place = value.order[place] if value.order is not None else place
    if place - count < -3 or (value.batched and place == 0):
        raise NotUnderstood(N_("it goes along an axis far in front"))
    return place - count


def _concat(builder: Builder, operator: Operator) -> Value:
    values = [builder.value(name) for name in operator.inputs]
    axis = int(operator.attributes.get("axis", 1))
    orders = {value.order for value in values}
    if len(orders) == 1 and all(v.constant is None and v.entries is None for v in values):
        made = builder.gate("concatenate", *(v.node for v in values), axis=_back(values[0], axis))
        return replace(made, order=values[0].order)
    ids = [builder.fed(value) for value in values]
    first = Value(ids[0], builder.shapes[ids[0]])
    return builder.gate("concatenate", *ids, axis=_back(first, axis))


def _slice(builder: Builder, operator: Operator) -> Value:
    value = builder.value(operator.inputs[0])
    starts = _numbers(builder, operator, "starts", 1) or ()
    ends = _numbers(builder, operator, "ends", 2) or ()
    axes = _numbers(builder, operator, "axes", 3) or tuple(range(len(starts)))
    steps = _numbers(builder, operator, "steps", 4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise NotUnderstood(N_("its sizes do not fit"))
    if value.constant is not None:
        value = Value(builder.fed(value), builder.shapes[builder.fed(value)])
    if value.entries is not None:
        value = builder.plain(value)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step != 1:
            raise NotUnderstood(N_("it leaves numbers out between others"))
        length = value.axes[axis % len(value.axes)]
        first = min(max(start + length if start < 0 else start, 0), length)
        last = min(max(end + length if end < 0 else end, 0), length)
        value = _cut(builder, value, axis, first, last - first)
    return value


def _cut(builder: Builder, value: Value, axis: int, start: int, count: int) -> Value:
    length = value.axes[axis % len(value.axes)]
    if start == 0 and count == length:
        return value
    if count < 1:
        raise NotUnderstood(N_("it makes something empty"))
    made = builder.gate("slice", value.node, start=start, count=count, axis=_back(value, axis))
    return replace(made, order=value.order)


def _split(builder: Builder, operator: Operator) -> list[Value]:
    value = builder.value(operator.inputs[0])
    if value.constant is not None or value.entries is not None:
        source = builder.fed(value)
        value = Value(source, builder.shapes[source])
    axis, pieces = int(operator.attributes.get("axis", 0)), len(operator.outputs)
    length = value.axes[axis % len(value.axes)]
    usual = -(-length // pieces)
    sizes = _numbers(builder, operator, "split", 1) or tuple(
        min(usual, length - usual * place) for place in range(pieces)
    )
    if len(sizes) != pieces or sum(sizes) != length:
        raise NotUnderstood(N_("its sizes do not fit"))
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [_cut(builder, value, axis, start, n) for start, n in zip(starts, sizes, strict=True)]


REDUCTIONS = (
    *("ReduceSum", "ReduceMean", "ReduceMax", "ReduceL1", "ReduceL2"),
    *("ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"),
)

SHAPING: Mapping[str, Rule] = {
    **dict.fromkeys(REDUCTIONS, _reduce),
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Concat": _concat,
    "Slice": _slice,
    "Split": _split,
}
