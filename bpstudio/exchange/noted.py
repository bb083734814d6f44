"""A gate's own NumPy as expressions, for gates whose formula does not tell all.

The gate runs on arrays that know their values and how they came about. What it calls becomes the
same kind of tree that formulas are read into, with one function more (`MORE`), so that whoever
spells formulas in another language spells these too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from bpstudio.engine import expression as known
from bpstudio.engine import run
from bpstudio.engine.expression import (
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    Number,
    fold,
)
from bpstudio.engine.op import Array, Op
from bpstudio.engine.tree import with_parts
from bpstudio.errors import GateError

MORE: Mapping[str, Callable[..., Any]] = {
    "contract": lambda a, b, count: np.tensordot(a, b, (range(int(count)),) * 2),
}
"""What formulas do not have: the sum of products over the first `count` axes of two arrays."""


def expressions(op: Op, step: run.Step) -> tuple[Expression, dict[str, Expression]] | None:
    """The gate's output and gradients, over its arguments, `g` and `y`, as it ran in this step.

    None if it calls what is not known here. A number of rows may stand in the result as a bare
    number; whoever asks must try it at other numbers of rows.
    """
    try:
        return _expressions(op, step)
    except (TypeError, ValueError, IndexError, AttributeError):
        return None
    except GateError:
        # One that fails at plain numbers too says so itself.
        with np.errstate(all="ignore"):
            op.infer(*step.values)
            op.infer_backward(np.ones_like(step.output), step.output, *step.values)
        return None


def evaluate(expression: Expression, values: Mapping[str, Array | float]) -> Array:
    """The value of an expression that may hold functions of `MORE`."""

    def visit(part: Expression, parts: Sequence[Array]) -> Array:
        if isinstance(part, Call) and part.function in MORE:
            return np.asarray(MORE[part.function](*parts))
        if not parts:
            return known.evaluate(part, values)
        names = [f"part{i}" for i in range(len(parts))]
        inner = with_parts(part, [Name(name) for name in names])
        return known.evaluate(inner, dict(zip(names, parts, strict=True)))

    return fold(expression, visit)


def _expressions(op: Op, step: run.Step) -> tuple[Expression, dict[str, Expression]]:
    arguments = [Noted(np.asarray(v), Name(name)) for name, v in step.arguments.items()]
    with np.errstate(all="ignore"):
        output = op.infer(*arguments)
        upstream = Noted(np.ones_like(step.output), Name("g"))
        ruled = op.infer_backward(upstream, Noted(step.output, Name("y")), *arguments)
    return _expression(output), {name: _expression(g) for name, g in ruled.items()}


class Length(int):
    """The length of an axis or the number of entries, which remembers of what."""

    expression: Expression


class Noted(NDArrayOperatorsMixin):
    """An array that remembers how it came about."""

    def __init__(self, value: Array, expression: Expression) -> None:
        self.value = value
        self.expression = expression

    @property
    def dtype(self) -> Any:
        """The type of its entries."""
        return self.value.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._length(self.value.size)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self._length(n, Number(axis)) for axis, n in enumerate(self.value.shape))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        if method != "__call__" or named or ufunc not in _UFUNCS:
            return NotImplemented
        value = ufunc(*(_value(each) for each in inputs))
        return Noted(value, _UFUNCS[ufunc](*map(_expression, inputs)))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _FUNCTIONS[func](*args, **kwargs) if func in _FUNCTIONS else NotImplemented

    def __getitem__(self, key: Any) -> Noted:
        if key != (Ellipsis, 0) or self.value.shape[-1] != 1:
            raise TypeError("only the last axis, of length 1, can be left out")
        return _squeeze(self, -1)

    def _length(self, count: int, *axis: Expression) -> int:
        length = Length(count)
        length.expression = Call("count", (self.expression, *axis))
        return length


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, Noted) else operand


def _expression(operand: Any) -> Expression:
    if isinstance(operand, Noted | Length):
        return operand.expression
    return Number(float(operand))


def _binary(sign: str) -> Callable[..., Expression]:
    return lambda a, b: Binary(sign, a, b)


def _compare(sign: str) -> Callable[..., Expression]:
    return lambda a, b: Compare(sign, a, b)


def _call(function: str) -> Callable[..., Expression]:
    return lambda *arguments: Call(function, arguments)


_UFUNCS: Mapping[Any, Callable[..., Expression]] = {
    np.add: _binary("+"),
    np.subtract: _binary("-"),
    np.multiply: _binary("*"),
    np.divide: _binary("/"),
    np.power: _binary("^"),
    np.matmul: _binary("@"),
    np.negative: Negate,
    np.square: lambda x: Binary("^", x, Number(2.0)),
    np.reciprocal: lambda x: Binary("/", Number(1.0), x),
    np.greater: _compare(">"),
    np.greater_equal: _compare(">="),
    np.less: _compare("<"),
    np.less_equal: _compare("<="),
    np.equal: _compare("=="),
    np.not_equal: _compare("!="),
    np.maximum: _call("max"),
    np.minimum: _call("min"),
    np.absolute: _call("abs"),
    np.sign: _call("sign"),
    np.exp: _call("exp"),
    np.log: _call("log"),
    np.sqrt: _call("sqrt"),
    np.sin: _call("sin"),
    np.cos: _call("cos"),
    np.tan: _call("tan"),
    np.tanh: _call("tanh"),
}


def _reduced(name: str, function: Any) -> Callable[..., Noted]:
    def rule(x: Noted, axis: int | None = None, keepdims: bool = False) -> Noted:
        value = function(x.value, axis=axis, keepdims=keepdims)
        if axis is None and not keepdims:
            return Noted(value, Call(name, (x.expression,)))
        if axis is None:
            raise TypeError("all axes can't go and stay")
        along = name if keepdims else f"{name}_over"
        return Noted(value, Call(along, (x.expression, Number(float(axis)))))

    return rule


def _expand(x: Noted, axis: int) -> Noted:
    return Noted(np.expand_dims(x.value, axis), Call("expand", (x.expression, Number(float(axis)))))


def _squeeze(x: Noted, axis: int) -> Noted:
    return Noted(np.squeeze(x.value, axis), Call("squeeze", (x.expression, Number(float(axis)))))


def _transpose(x: Noted) -> Noted:
    if x.ndim > 2:
        raise TypeError("only the last two axes can change places")
    return Noted(np.transpose(x.value), Call("transpose", (x.expression,)))


def _swapaxes(x: Noted, one: int, other: int) -> Noted:
    if {one % x.ndim, other % x.ndim} != {x.ndim - 1, x.ndim - 2}:
        raise TypeError("only the last two axes can change places")
    return Noted(np.swapaxes(x.value, -1, -2), Call("transpose", (x.expression,)))


def _tensordot(a: Noted, b: Noted, axes: Any) -> Noted:
    count = len(axes[0])
    if [list(each) for each in axes] != [list(range(count))] * 2:
        raise TypeError("only the first axes can be summed over")
    value = np.tensordot(a.value, b.value, axes)
    return Noted(value, Call("contract", (a.expression, b.expression, Number(float(count)))))


def _where(condition: Any, then: Any, other: Any) -> Noted:
    value = np.where(_value(condition), _value(then), _value(other))
    return Noted(value, Choice(_expression(then), _expression(condition), _expression(other)))


_FUNCTIONS: Mapping[Any, Callable[..., Noted]] = {
    np.sum: _reduced("sum", np.sum),
    np.mean: _reduced("mean", np.mean),
    np.max: _reduced("largest", np.max),
    np.expand_dims: _expand,
    np.squeeze: _squeeze,
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.tensordot: _tensordot,
    np.where: _where,
}
