"""How the result of a call of NumPy moves when what it reads does.

One rule for each primitive that the tracer knows: forward mode needs no rule of any gate. A rule
gives the result's tangent, which is None where it does not move. At a tie of two moving numbers
the larger or smaller one moves at half of each one's tangent, and against a fixed number not at
all, as the gates' own backward rules have it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine.calls import Call, Form
from bpstudio.engine.op import Array
from bpstudio.engine.primitives import VIEWS
from bpstudio.engine.template import run_template

Tangent = Array | None

LOG_2, LOG_10 = float(np.log(2.0)), float(np.log(10.0))

SLOPES: Mapping[np.ufunc, tuple[Callable[..., Any], ...]] = {
    np.add: (lambda y, a, b: 1.0, lambda y, a, b: 1.0),
    np.subtract: (lambda y, a, b: 1.0, lambda y, a, b: -1.0),
    np.multiply: (lambda y, a, b: b, lambda y, a, b: a),
    np.divide: (lambda y, a, b: 1.0 / b, lambda y, a, b: -y / b),
    np.power: (
        lambda y, a, b: np.where(b == 0, 0.0, b * np.power(a, b - 1.0)),
        lambda y, a, b: np.where(a > 0, y * np.log(np.where(a > 0, a, 1.0)), 0.0),
    ),
    np.hypot: (lambda y, a, b: a / y, lambda y, a, b: b / y),
    np.arctan2: (lambda y, a, b: b / (a * a + b * b), lambda y, a, b: -a / (a * a + b * b)),
    np.logaddexp: (lambda y, a, b: np.exp(a - y), lambda y, a, b: np.exp(b - y)),
    np.logaddexp2: (lambda y, a, b: np.exp2(a - y), lambda y, a, b: np.exp2(b - y)),
    np.copysign: (lambda y, a, b: np.sign(a) * np.sign(y), lambda y, a, b: 0.0),
    np.negative: (lambda y, x: -1.0,),
    np.positive: (lambda y, x: 1.0,),
    np.absolute: (lambda y, x: np.sign(x),),
    np.fabs: (lambda y, x: np.sign(x),),
    np.reciprocal: (lambda y, x: -y * y,),
    np.square: (lambda y, x: 2.0 * x,),
    np.sqrt: (lambda y, x: 0.5 / y,),
    np.cbrt: (lambda y, x: 1.0 / (3.0 * y * y),),
    np.exp: (lambda y, x: y,),
    np.exp2: (lambda y, x: y * LOG_2,),
    np.expm1: (lambda y, x: y + 1.0,),
    np.log: (lambda y, x: 1.0 / x,),
    np.log2: (lambda y, x: 1.0 / (x * LOG_2),),
    np.log10: (lambda y, x: 1.0 / (x * LOG_10),),
    np.log1p: (lambda y, x: 1.0 / (1.0 + x),),
    np.sin: (lambda y, x: np.cos(x),),
    np.cos: (lambda y, x: -np.sin(x),),
    np.tan: (lambda y, x: 1.0 + y * y,),
    np.arcsin: (lambda y, x: 1.0 / np.sqrt(1.0 - x * x),),
    np.arccos: (lambda y, x: -1.0 / np.sqrt(1.0 - x * x),),
    np.arctan: (lambda y, x: 1.0 / (1.0 + x * x),),
    np.sinh: (lambda y, x: np.cosh(x),),
    np.cosh: (lambda y, x: np.sinh(x),),
    np.tanh: (lambda y, x: 1.0 - y * y,),
    np.arcsinh: (lambda y, x: 1.0 / np.sqrt(x * x + 1.0),),
    np.arccosh: (lambda y, x: 1.0 / np.sqrt(x * x - 1.0),),
    np.arctanh: (lambda y, x: 1.0 / (1.0 - x * x),),
    np.deg2rad: (lambda y, x: np.pi / 180.0,),
    np.rad2deg: (lambda y, x: 180.0 / np.pi,),
}
"""For each function of numbers the slope towards each operand, from the result and the operands."""

CHOICES = {np.maximum: np.greater, np.minimum: np.less, np.fmax: np.greater, np.fmin: np.less}
"""Functions that let one operand through, and by which comparison."""

ORDERS = frozenset((np.greater, np.greater_equal, np.less, np.less_equal))
"""Comparisons that change where their operands are equal."""

FLAT = frozenset((np.sign, np.floor, np.ceil, np.rint, np.trunc, np.heaviside))
"""Functions of steps, whose slope is 0 wherever they have one."""

MOVING = frozenset(
    (
        *(np.concatenate, np.stack, np.where, np.take, np.take_along_axis, np.repeat, np.tile),
        *(np.roll, np.flip, np.rot90, np.diagonal, np.hstack, np.vstack, np.dstack),
        *(operator.getitem, np.triu, np.tril, np.diag),
    )
)
"""Functions that put numbers in other places, whatever they are, and nothing else but zeros."""

LINEAR = MOVING | {np.pad, np.cumsum, np.trace, np.diff}
"""Functions that are linear in all their float arrays together, but for a constant."""

MULTILINEAR = frozenset(
    (np.matmul, np.einsum, np.dot, np.tensordot, np.outer, np.inner, np.vdot, np.kron, np.convolve)
)
"""Functions that are linear in each of their float arrays."""


class UnknownSlope(Exception):
    """A function of NumPy without a rule here; the gate's own backward has to do."""


def tangent(
    call: Call,
    inputs: Sequence[Array],
    y: Array,
    moving: Sequence[Tangent],
    constant: Sequence[bool],
) -> Tangent:
    """The tangent of the call's result `y`, given those of what it reads; None: it stands still.

    `constant` says which inputs are fixed numbers of the gate. Raises UnknownSlope for a
    function without a rule.
    """
    if all(t is None for t in moving):
        return None
    match call.form:
        case Form.ELEMENTWISE:
            return _elementwise(call.function, inputs, y, moving, constant)
        case Form.REDUCE:
            return _reduced(call, inputs[0], y, moving[0])
        case Form.VIEW:
            return np.asarray(VIEWS[call.function](moving[0], *call.parameters))
        case Form.PRODUCT:
            return _each(np.dot, inputs, moving)
        case Form.INNER if len(inputs) == 1:
            return np.asarray(np.sum(np.asarray(moving[0])))
        case Form.INNER:
            return _each(lambda a, b: np.sum(a * b), inputs, moving)
        case Form.COPY:
            return moving[0] if y.dtype.kind == "f" else None
    return _function(call, inputs, y, moving)


def at_kink(call: Call, inputs: Sequence[Array], y: Array) -> bool:
    """Whether the call's result has no slope here, or a gate may have its own idea of it."""
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        return True
    if call.function in CHOICES and call.form is Form.REDUCE:
        axes, _ = call.parameters
        best = inputs[0] == call.function.reduce(inputs[0], axis=axes, keepdims=True)
        return bool((best.sum(axis=axes) > 1).any())
    if call.function in CHOICES or call.function in ORDERS:
        return bool((inputs[0] == inputs[1]).any())
    return call.function in (np.absolute, np.fabs) and not inputs[0].all()


def _elementwise(
    function: np.ufunc,
    inputs: Sequence[Array],
    y: Array,
    moving: Sequence[Tangent],
    constant: Sequence[bool],
) -> Tangent:
    # `np.where` is noted as a choice among bits, which chooses among the tangents' bits alike.
    pairs = zip(inputs, moving, strict=True)
    if function is np.bitwise_and:
        a, b = (x if t is None else t for x, t in pairs)
        return np.asarray(np.bitwise_and(a, b))
    if function is np.bitwise_xor:
        a, b = (np.zeros_like(x) if t is None else t for x, t in pairs)
        return np.asarray(np.bitwise_xor(a, b))
    if function in FLAT or y.dtype.kind != "f":
        return None
    if function in CHOICES:
        return _chosen(CHOICES[function], inputs, y, moving, constant)
    if function not in SLOPES:
        raise UnknownSlope(function.__name__)
    total: Any = 0.0
    for slope, t in zip(SLOPES[function], moving, strict=True):
        if t is not None:
            total = total + slope(y, *inputs) * t
    return np.broadcast_to(total, y.shape)


def _chosen(
    better: np.ufunc,
    inputs: Sequence[Array],
    y: Array,
    moving: Sequence[Tangent],
    constant: Sequence[bool],
) -> Array:
    total: Any = 0.0
    for own, t in enumerate(moving):
        if t is not None:
            at_tie = 0.0 if constant[1 - own] else 0.5
            x, other = inputs[own], inputs[1 - own]
            # Chosen, not multiplied: what is not let through may be infinite.
            total = total + np.where(better(x, other), t, np.where(x == other, at_tie * t, 0.0))
    return np.broadcast_to(total, y.shape)


def _reduced(call: Call, x: Array, y: Array, t: Tangent) -> Tangent:
    axes, keep = call.parameters
    if y.dtype.kind != "f" or t is None:
        return None
    if call.function is np.add:
        return np.asarray(np.sum(t, axis=axes, keepdims=keep))
    if call.function in CHOICES:
        best = x == call.function.reduce(x, axis=axes, keepdims=True)
        shares = np.where(best, t, 0.0) / np.sum(best, axis=axes, keepdims=True)
        return np.asarray(np.sum(shares, axis=axes, keepdims=keep))
    if call.function is np.multiply:
        others = _product_of_others(x, axes)
        return np.asarray(np.sum(others * t, axis=axes, keepdims=keep))
    raise UnknownSlope(call.function.__name__)


def _product_of_others(x: Array, axes: tuple[int, ...]) -> Array:
    """For each entry the product of all other entries along these axes, whatever is 0."""
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = np.moveaxis(x, axes, last)
    flat = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
    ones = np.ones((*flat.shape[:-1], 1))
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return np.moveaxis((before * after).reshape(moved.shape), last, axes)


def _each(
    function: Callable[[Any, Any], Any], inputs: Sequence[Array], moving: Sequence[Tangent]
) -> Array:
    """The tangent of a function that is linear in each of two arrays."""
    (a, b), (ta, tb) = inputs, moving
    total: Any = 0.0
    if ta is not None:
        total = function(ta, b)
    if tb is not None:
        total = total + function(a, tb)
    return np.asarray(total)


def _function(call: Call, inputs: Sequence[Array], y: Array, moving: Sequence[Tangent]) -> Tangent:
    def run(arrays: Sequence[Any]) -> Any:
        return run_template(call.function, call.parameters[0], arrays)

    if y.dtype.kind != "f":
        return None
    pairs = list(zip(inputs, moving, strict=True))
    if call.function in LINEAR:
        still = [np.zeros(x.shape) if x.dtype.kind == "f" else x for x in inputs]
        moved = [z if t is None else t for z, t in zip(still, moving, strict=True)]
        # What is left at zeros is the constant, such as the rim that `np.pad` puts on.
        return np.asarray(run(moved) - run(still))
    if call.function in MULTILINEAR:
        total: Any = 0.0
        for place, (_, t) in enumerate(pairs):
            if t is not None:
                total = total + run([*inputs[:place], t, *inputs[place + 1 :]])
        return np.asarray(total)
    raise UnknownSlope(getattr(call.function, "__name__", str(call.function)))
