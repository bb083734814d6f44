"""Which gates each ONNX operator becomes. What is not in the table here is not understood."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bpstudio.engine.shapes import Shape
from bpstudio.exchange.onnx_building import Builder, NotUnderstood, Value
from bpstudio.exchange.onnx_reading import Operator
from bpstudio.language import N_

Rule = Callable[[Builder, Operator], Value | Sequence[Value]]
"""The values that an operator gives, one for each of its outputs."""

ENTRYWISE: Mapping[str, str] = {
    "Neg": "negate",
    "Reciprocal": "reciprocal",
    "Exp": "exp",
    "Log": "log",
    "Sqrt": "sqrt",
    "Abs": "abs",
    "Sin": "sin",
    "Cos": "cos",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Relu": "relu",
    "Softplus": "softplus",
}
"""Operators of one value that are a gate of their own."""

PAIRS: Mapping[str, str] = {
    "Add": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "Div": "divide",
    "Pow": "power",
    "Max": "max",
    "Min": "min",
    "Sum": "add",
    "Mean": "add",
}
"""Operators of two values, or of several that are taken two at a time."""

FORMULAS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "Tan": ("tan(a)", {}),
    "Sinh": ("(exp(a) - exp(-a)) / 2", {}),
    "Cosh": ("(exp(a) + exp(-a)) / 2", {}),
    "Asinh": ("sign(a) * log(abs(a) + sqrt(a * a + 1))", {}),
    "Acosh": ("log(a + sqrt(a * a - 1))", {}),
    "Atanh": ("log((1 + a) / (1 - a)) / 2", {}),
    "Sign": ("sign(a)", {}),
    "Erf": ("erf(a)", {}),
    "Softsign": ("a / (1 + abs(a))", {}),
    "HardSwish": ("a * max(0, min(1, a / 6 + 0.5))", {}),
    "Mish": ("a * tanh(softplus(a))", {}),
    "Swish": ("a * sigmoid({alpha} * a)", {"alpha": 1.0}),
    "LeakyRelu": ("a if a > 0 else {alpha} * a", {"alpha": 0.01}),
    "ThresholdedRelu": ("a if a > {alpha} else 0", {"alpha": 1.0}),
    "HardSigmoid": ("max(0, min(1, {alpha} * a + {beta}))", {"alpha": 0.2, "beta": 0.5}),
    "Elu": ("a if a > 0 else {alpha} * (exp(min(a, 0)) - 1)", {"alpha": 1.0}),
    "Celu": ("a if a > 0 else {alpha} * (exp(min(a, 0) / {alpha}) - 1)", {"alpha": 1.0}),
    "Selu": (
        "{gamma} * (a if a > 0 else {alpha} * (exp(min(a, 0)) - 1))",
        {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    ),
    "Shrink": (
        "(a + {bias}) if a < -{lambd} else ((a - {bias}) if a > {lambd} else 0)",
        {"bias": 0.0, "lambd": 0.5},
    ),
    "PRelu": ("a if a > 0 else b * a", {}),
    "Where": ("b if a != 0 else c", {}),
    "Greater": ("1 if a > b else 0", {}),
    "Less": ("1 if a < b else 0", {}),
    "GreaterOrEqual": ("1 if a >= b else 0", {}),
    "LessOrEqual": ("1 if a <= b else 0", {}),
    "Equal": ("1 if a == b else 0", {}),
    "Not": ("1 if a == 0 else 0", {}),
}
"""Operators that are a formula over their values a, b, c; the numbers in braces are attributes."""


def number(value: float) -> str:
    """A number in a formula; infinities and what is no number have no place there."""
    if not math.isfinite(value):
        raise NotUnderstood(N_("one of its settings is no number"))
    return f"({float(value)!r})" if value < 0 else repr(float(value))


def _entrywise(builder: Builder, operator: Operator) -> Value:
    value = builder.value(operator.inputs[0])
    gate = ENTRYWISE[operator.kind]
    if value.constant is None:
        made = builder.gate(gate, value.node)
        return replace(made, order=value.order, entries=value.entries)
    return builder.gate(gate, builder.fed(value))


def _pairs(builder: Builder, operator: Operator) -> Value:
    ids, order = builder.alike(operator.inputs)
    whole = Value(ids[0], builder.shapes[ids[0]])
    for id in ids[1:]:
        whole = builder.gate(PAIRS[operator.kind], whole.node, id)
    if operator.kind == "Mean" and len(ids) > 1:
        whole = builder.gate("scale", whole.node, factor=1.0 / len(ids))
    return replace(whole, order=order)


def _formula(builder: Builder, operator: Operator) -> Value:
    text, usual = FORMULAS[operator.kind]
    settings = {k: number(float(operator.attributes.get(k, v))) for k, v in usual.items()}
    slope = float(operator.attributes.get("alpha", 0.01))
    ids, order = builder.alike(operator.inputs)
    if operator.kind == "LeakyRelu" and 0.0 <= slope <= 1.0:
        made = builder.gate("leaky_relu", *ids, slope=slope)
    elif operator.kind == "Elu" and float(operator.attributes.get("alpha", 1.0)) >= 0.0:
        made = builder.gate("elu", *ids, alpha=float(operator.attributes.get("alpha", 1.0)))
    else:
        made = builder.formula(text.format(**settings), *ids)
    return replace(made, order=order)


def _gelu(builder: Builder, operator: Operator) -> Value:
    ids, order = builder.alike(operator.inputs)
    if operator.attributes.get("approximate", "none") == "tanh":
        root = repr(math.sqrt(2 / math.pi))
        text = f"a / 2 * (1 + tanh({root} * (a + 0.044715 * a ^ 3)))"
    else:
        text = f"a / 2 * (1 + erf(a / {math.sqrt(2)!r}))"
    return replace(builder.formula(text, *ids), order=order)


def _clip(builder: Builder, operator: Operator) -> Value:
    names = [operator.inputs[0]]
    text = "a"
    for place, (key, function) in enumerate((("min", "max"), ("max", "min")), start=1):
        name = operator.inputs[place] if len(operator.inputs) > place else ""
        if key in operator.attributes:
            text = f"{function}({text}, {number(float(operator.attributes[key]))})"
        elif name:
            bound = builder.value(name).constant
            if bound is not None and bound.size == 1:
                text = f"{function}({text}, {number(float(bound.item()))})"
            else:
                text = f"{function}({text}, {'abc'[len(names)]})"
                names.append(name)
    ids, order = builder.alike(names)
    if text == "a":
        return builder.value(operator.inputs[0])
    return replace(builder.formula(text, *ids), order=order)


def _same(builder: Builder, operator: Operator) -> Value:
    return builder.value(operator.inputs[0])


def _cast(builder: Builder, operator: Operator) -> Value:
    """Float types are one here; others would cut numbers off."""
    if int(operator.attributes.get("to", 0)) in (1, 11):
        return builder.value(operator.inputs[0])
    raise NotUnderstood(N_("it makes whole numbers"))


def _constant(builder: Builder, operator: Operator) -> Value:
    for key in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        if key in operator.attributes and operator.attributes[key] is not None:
            return Value(constant=np.asarray(operator.attributes[key]))
    raise NotUnderstood(N_("it holds something else than numbers"))


def _softmax(builder: Builder, operator: Operator) -> Value:
    """Along the last axis, or the last but one of which a transposition makes the last. Before
    version 13 all axes from the given one on were one."""
    value = builder.value(operator.inputs[0])
    old = builder.model.opset < 13
    axes = value.axes
    axis = int(operator.attributes.get("axis", 1 if old else -1)) % max(len(axes), 1)
    source = builder.fed(value)
    turned = axis == len(axes) - 2 and not (old and math.prod(axes[axis + 1 :]) > 1)
    if turned and not (value.batched and axis == 0):
        source = builder.gate("transpose", source).node
    elif axis != len(axes) - 1:
        raise NotUnderstood(N_("it goes along an axis in the middle"))
    shape = builder.shapes[source]
    if operator.kind == "Softmax":
        made = builder.gate("softmax", source)
    else:
        made = _log_softmax(builder, source, shape)
    return builder.gate("transpose", made.node) if turned else made


def _log_softmax(builder: Builder, source: str, shape: Shape | None) -> Value:
    """x − max(x) − log(sum(exp(x − max(x)))) along the last axis, which stays finite."""
    if shape is None or not shape.features:
        raise NotUnderstood(N_("the size of what it takes is not known"))
    largest = builder.gate("maxout", source, pieces=shape.features[-1])
    down = builder.gate("subtract", source, largest.node)
    raised = builder.gate("exp", down.node)
    total = builder.gate("sum", raised.node, axis=-1)
    kept = len(shape.features) - 1 + shape.batched
    total = builder.gate("reshape", total.node, keep=kept, size=(1,))
    return builder.gate("subtract", down.node, builder.gate("log", total.node).node)


def _dropout(builder: Builder, operator: Operator) -> Value:
    """What it does while training is what ours does; outside it lets everything pass."""
    if len([name for name in operator.outputs if name]) > 1:
        raise NotUnderstood(N_("its mask is used"))
    if len(operator.inputs) > 2 and operator.inputs[2] and builder.constant(operator.inputs[2]):
        raise NotUnderstood(N_("it is said to train, from a seed of its own"))
    rate = float(operator.attributes.get("ratio", 0.5))
    if len(operator.inputs) > 1 and operator.inputs[1]:
        rate = float(builder.constant(operator.inputs[1]).item())
    value = builder.value(operator.inputs[0])
    made = builder.gate("dropout", builder.fed(replace(value, order=None, entries=None)), rate=rate)
    return replace(made, order=value.order, entries=value.entries)


SIMPLE: Mapping[str, Rule] = {
    **dict.fromkeys(ENTRYWISE, _entrywise),
    **dict.fromkeys(PAIRS, _pairs),
    **dict.fromkeys(FORMULAS, _formula),
    "Gelu": _gelu,
    "Clip": _clip,
    "Identity": _same,
    "Cast": _cast,
    "Constant": _constant,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "Dropout": _dropout,
}
