"""Which gates ONNX's layers become, and the table of every operator that is read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bpstudio.engine.op import Array, catalog
from bpstudio.errors import StudioError
from bpstudio.exchange.onnx_building import Axes, Builder, NotUnderstood, Value
from bpstudio.exchange.onnx_gates import SIMPLE, Rule, number
from bpstudio.exchange.onnx_reading import Operator
from bpstudio.exchange.onnx_shapes import LAST, SHAPING
from bpstudio.language import N_

KERNEL = (3, 2, 0, 1)
"""ONNX's axes of a kernel (units, channels, height, width) as places of ours."""


def _matmul(builder: Builder, operator: Operator) -> Value:
    left, right = (builder.value(name) for name in operator.inputs)
    weight = right.constant
    if weight is not None and right.learned and weight.ndim == 2 and left.constant is None:
        bias, reader = _bias(builder, operator, weight.shape[1])
        made = _dense(builder, left, weight, bias)
        if reader is not None:
            builder.values[reader.outputs[0]] = made
        return made
    return builder.gate("matmul", builder.fed(left), builder.fed(right))


def _bias(builder: Builder, product: Operator, units: int) -> tuple[Array, Operator | None]:
    """The bias that is added to a product and to nothing else; zeros if there is none."""
    readers = builder.readers.get(product.outputs[0], [])
    if len(readers) == 1 and product.outputs[0] not in builder.model.outputs:
        (reader,) = readers
        others = [name for name in reader.inputs if name != product.outputs[0]]
        if reader.kind == "Add" and len(others) == 1:
            bias = builder.values.get(others[0], Value()).constant
            if bias is not None and bias.shape == (units,) and builder.values[others[0]].learned:
                return bias, reader
    return np.zeros(units), None


def _dense(builder: Builder, x: Value, weight: Array, bias: Array) -> Value:
    if x.entries is not None:
        rows = np.empty_like(weight)
        rows[x.entries] = weight
        weight, x = rows, replace(x, entries=None)
    arrays = {"weight": weight, "bias": bias}
    op = _made("dense", units=int(weight.shape[1]))
    source = builder.fed(x)
    shape = builder.shapes[source]
    if shape is not None and shape.features[-1:] != weight.shape[:1]:
        raise NotUnderstood(N_("its weights do not fit what it takes"))
    return builder.put(op, {"x": (source,)}, weights=arrays)


def _made(name: str, **settings: Any) -> Any:
    try:
        return catalog[name](**settings)
    except StudioError as error:
        raise NotUnderstood(str(error)) from None


def _gemm(builder: Builder, operator: Operator) -> Value:
    """α · A · B + β · C, each of A and B perhaps transposed."""
    names, told = [*operator.inputs, ""], operator.attributes
    alpha, beta = float(told.get("alpha", 1.0)), float(told.get("beta", 1.0))
    left, right = builder.value(names[0]), builder.value(names[1])
    added = builder.value(names[2]) if names[2] else Value(constant=np.zeros(()), learned=True)
    weight, bias = right.constant, added.constant
    if weight is not None and bias is not None and weight.ndim == 2 and not told.get("transA"):
        weight = alpha * (weight.T if told.get("transB") else weight)
        if bias.size in (1, weight.shape[1]):
            whole = np.broadcast_to(bias.reshape(-1), weight.shape[1:]) * beta
            return _dense(builder, left, weight, whole)
    ids = [builder.fed(value) for value in (left, right)]
    for place, key in enumerate(("transA", "transB")):
        if told.get(key):
            ids[place] = builder.gate("transpose", ids[place]).node
    made = builder.gate("matmul", *ids)
    if alpha != 1.0:
        made = builder.gate("scale", made.node, factor=alpha)
    if not names[2]:
        return made
    source = builder.fed(added)
    if beta != 1.0:
        source = builder.gate("scale", source, factor=beta).node
    return builder.gate("add", made.node, source)


def pictured(builder: Builder, name: str) -> str:
    """The node of pictures with their channels last."""
    value = builder.value(name)
    if value.constant is None and value.order == LAST:
        return value.node
    if value.constant is not None and value.constant.ndim == 4:
        return builder.fed(Value(constant=value.constant.transpose(0, 2, 3, 1)))
    raise NotUnderstood(N_("it takes no pictures, or its axes would have to change places"))


def _window(operator: Operator, size: Axes) -> tuple[int, int, int]:
    """Size, stride and padding of a square window that moves evenly."""
    told = operator.attributes
    strides = told.get("strides", (1,) * len(size))
    pads = told.get("pads", (0,) * (2 * len(size)))
    auto = told.get("auto_pad", "NOTSET")
    if auto == "VALID":
        pads = (0, 0, 0, 0)
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        if set(strides) != {1} or any(n % 2 == 0 for n in size):
            raise NotUnderstood(N_("its padding differs from side to side"))
        pads = tuple((n - 1) // 2 for n in (*size, *size))
    if len(size) != 2 or len(set(size)) != 1 or len(set(strides)) != 1:
        raise NotUnderstood(N_("its window is not square"))
    if len(set(pads)) != 1:
        raise NotUnderstood(N_("its padding differs from side to side"))
    if set(told.get("dilations", (1,))) != {1}:
        raise NotUnderstood(N_("its window has gaps"))
    if told.get("group", 1) != 1:
        raise NotUnderstood(N_("its channels are taken in groups"))
    return size[0], strides[0], pads[0]


def _conv(builder: Builder, operator: Operator) -> Value:
    kernel = builder.value(operator.inputs[1])
    axes = kernel.axes
    size, stride, padding = _window(
        operator, tuple(operator.attributes.get("kernel_shape", axes[2:]))
    )
    op = _made("conv2d", units=axes[0], size=size, stride=stride, padding=padding)
    sources: dict[str, Sequence[str]] = {"x": (pictured(builder, operator.inputs[0]),)}
    weights: dict[str, Array] = {"bias": np.zeros(axes[0])}
    if kernel.constant is not None:
        weights["weight"] = kernel.constant.transpose(2, 3, 1, 0)
    elif kernel.order == KERNEL:
        sources["weight"] = (kernel.node,)
    else:
        raise NotUnderstood(N_("its weights come from elsewhere in another order"))
    if len(operator.inputs) > 2 and operator.inputs[2]:
        bias = builder.value(operator.inputs[2])
        if bias.constant is None:
            sources["bias"] = (builder.fed(bias),)
            del weights["bias"]
        else:
            weights["bias"] = bias.constant
    return replace(builder.put(op, sources, weights=weights), order=LAST)


def _pool(builder: Builder, operator: Operator) -> Value:
    if len([name for name in operator.outputs if name]) > 1:
        raise NotUnderstood(N_("it also gives where the largest stood"))
    size, stride, padding = _window(operator, tuple(operator.attributes.get("kernel_shape", ())))
    if padding:
        raise NotUnderstood(N_("pooling here has no padding"))
    if operator.attributes.get("ceil_mode", 0):
        raise NotUnderstood(N_("it counts windows that are not whole"))
    gate = {"MaxPool": "max_pool2d", "AveragePool": "average_pool2d"}[operator.kind]
    made = builder.gate(gate, pictured(builder, operator.inputs[0]), size=size, stride=stride)
    return replace(made, order=LAST)


def _global_pool(builder: Builder, operator: Operator) -> Value:
    source = pictured(builder, operator.inputs[0])
    shape = builder.value(operator.inputs[0]).shape
    if shape is None:
        raise NotUnderstood(N_("the size of what it takes is not known"))
    channels, keep = shape.features[-1], int(shape.batched)
    made = builder.gate("mean", source, axis=-2)
    made = builder.gate("mean", made.node, axis=-2)
    size = (1, 1, channels) if keep else (shape.array(1)[0], 1, 1, channels)
    return replace(builder.gate("reshape", made.node, keep=keep, size=size), order=LAST)


def _batch_norm(builder: Builder, operator: Operator) -> Value:
    """With fixed statistics a layer of ours; else the formula over what comes by wire."""
    told = operator.attributes
    if told.get("training_mode", 0) or len([name for name in operator.outputs if name]) > 1:
        raise NotUnderstood(N_("it is said to train"))
    value = builder.value(operator.inputs[0])
    axes = value.axes
    if len(axes) == 2:
        source, order = builder.fed(value), None
    else:
        source, order = pictured(builder, operator.inputs[0]), LAST
    epsilon = float(told.get("epsilon", 1e-5))
    scale, bias, mean, variance = (builder.value(name).constant for name in operator.inputs[1:5])
    if scale is None or bias is None or mean is None or variance is None:
        ids = [builder.fed(name) for name in operator.inputs[1:5]]
        text = f"b * (a - d) / sqrt(e + {number(epsilon)}) + c"
        return replace(builder.formula(text, source, *ids), order=order)
    momentum = 1.0 - float(told.get("momentum", 0.9))
    op = _made("batch_norm", epsilon=epsilon, momentum=min(max(momentum, 0.0), 1.0))
    made = builder.put(
        op,
        {"x": (source,)},
        weights={"scale": scale, "bias": bias},
        statistics={"mean": mean, "variance": variance},
    )
    return replace(made, order=order)


def _layer_norm(builder: Builder, operator: Operator) -> Value | list[Value]:
    told, value = operator.attributes, builder.value(operator.inputs[0])
    axis = int(told.get("axis", -1)) % len(value.axes)
    if axis < len(value.axes) - 1 or len([name for name in operator.outputs if name]) > 1:
        return _spelled_out(builder, operator, tuple(range(axis, len(value.axes))))
    width = value.axes[-1]
    sources: dict[str, Sequence[str]] = {"x": (builder.fed(value),)}
    weights = {"bias": np.zeros(width)}
    for port, name in zip(("scale", "bias"), operator.inputs[1:], strict=False):
        given = builder.value(name)
        if given.constant is not None:
            weights[port] = given.constant
        else:
            sources[port] = (builder.fed(given),)
            weights.pop(port, None)
    op = _made("layer_norm", epsilon=float(told.get("epsilon", 1e-5)))
    return builder.put(op, sources, weights=weights)


def _spelled_out(builder: Builder, operator: Operator, axes: tuple[int, ...]) -> list[Value]:
    """A layer norm over several axes, or one whose mean and deviation are asked for, as ONNX's own
    definition of it has it."""
    count = itertools.count()

    def named(value: Value) -> str:
        name = f"{operator.outputs[0]}/{next(count)}"
        builder.values[name] = value
        return name

    def step(kind: str, *inputs: str, **attributes: Any) -> str:
        made = RULES[kind](builder, Operator(operator.name, kind, inputs, ("",), attributes))
        assert isinstance(made, Value)
        return named(made)

    x, *learned = operator.inputs
    epsilon = np.array(float(operator.attributes.get("epsilon", 1e-5)))
    mean = step("ReduceMean", x, axes=axes, keepdims=1)
    centred = step("Sub", x, mean)
    variance = step("ReduceMean", step("Mul", centred, centred), axes=axes, keepdims=1)
    spread = step("Sqrt", step("Add", variance, named(Value(constant=epsilon))))
    inverse = step("Reciprocal", spread)
    result = step("Mul", centred, inverse)
    for kind, name in zip(("Mul", "Add"), learned, strict=False):
        result = step(kind, result, name) if name else result
    return [builder.values[name] for name in (result, mean, inverse)]


RULES: Mapping[str, Rule] = {
    **SIMPLE,
    **SHAPING,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Conv": _conv,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _global_pool,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
}
"""Every operator that is read, with the rule that makes gates of it."""
