"""The NumPy that the tracer knows, as calls on a tape.

Knowing a function is a matter of speed, never of correctness: one that is not here is called as it
stands, and its result copied. What is here is put in terms of few forms of calls (`trace.Form`):
ufuncs, their reductions, views, products, and `where`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bpstudio.engine import simplify
from bpstudio.engine.calls import FOLDED, Form
from bpstudio.engine.op import Array
from bpstudio.engine.products import axes_list, dot, tensordot
from bpstudio.engine.template import call, several
from bpstudio.language import N_

if TYPE_CHECKING:
    from bpstudio.engine.trace import Tape, Traced


def view_index(array: Array, key: tuple[Any, ...]) -> Array:
    """Basic indexing; a slice is written as `(start, stop, step)`."""
    seen: Array = array[tuple(slice(*part) if isinstance(part, tuple) else part for part in key)]
    return seen


def view_windows(array: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Every window of that shape along these axes, as further axes at the end."""
    return np.lib.stride_tricks.sliding_window_view(array, shape, axes)


VIEWS: Mapping[str, Callable[..., Array]] = {
    "transpose": np.transpose,
    "reshape": np.reshape,
    "broadcast": np.broadcast_to,
    "index": view_index,
    "windows": view_windows,
    "bits": lambda array: array.view(f"i{array.itemsize}"),
    "floats": lambda array: array.view(f"f{array.itemsize}"),
}
"""Each kind of view as a function of an array and of the call's parameters."""


def total(tape: Tape, x: Traced, shape: tuple[int, ...]) -> Traced:
    """The sum of all entries; of a product as the inner product of its factors."""
    made = tape.maker.get(x.index)
    inputs: tuple[Traced, ...] = (x,)
    product = made is not None and made.function is np.multiply
    if made is not None and product and made.form is Form.ELEMENTWISE and x.size <= FOLDED:
        factors = [tape.at(i) for i in made.inputs]
        if all(f.shape == x.shape and f.dtype == x.dtype for f in factors):
            inputs = tuple(factors)
    inner = tape.note(Form.INNER, np.add, inputs, (), (), x.dtype)
    return tape.view("reshape", inner, shape) if shape else inner


def select(tape: Tape, condition: Any, a: Any, b: Any) -> Traced:
    """`np.where` of three arguments."""
    parts = (
        tape.copy(tape.lift(condition), bool),
        tape.lift(a, (b, tape)),
        tape.lift(b, (a, tape)),
    )
    shape = np.broadcast_shapes(*(x.shape for x in parts))
    if parts[1].dtype != tape.dtype or parts[2].dtype != tape.dtype:
        return call(tape, np.where, parts, {})
    if not shape:
        return tape.note(Form.FUNCTION, np.where, parts, (several(parts),), (), tape.dtype)
    chosen = _chosen(tape, *parts)
    return tape.view("broadcast", chosen, shape)


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...], keep: bool) -> tuple[int, ...]:
    """The shape after a reduction along these axes."""
    if keep:
        return tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    return tuple(n for axis, n in enumerate(shape) if axis not in axes)


def reduction(tape: Tape, function: np.ufunc, x: Any, axis: Any, keep: bool) -> Traced:
    """`function.reduce` with NumPy's axis argument."""
    traced = tape.lift(x)
    if traced.dtype == bool and function in (np.maximum, np.minimum):
        function = np.logical_or if function is np.maximum else np.logical_and
    return tape.reduce(function, traced, axes_of(traced, axis), keep)


def axes_of(x: Traced, axis: Any) -> tuple[int, ...]:
    """NumPy's axis argument as sorted axes counted from the front."""
    if axis is None:
        return tuple(range(x.ndim))
    axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    if any(not -x.ndim <= a < x.ndim for a in axes):
        raise ValueError(f"axis {axis} is out of bounds for an array of {x.ndim} axes")
    return tuple(sorted(int(a) % x.ndim for a in axes))


def transpose(tape: Tape, x: Any, axes: Any = None) -> Traced:
    """`np.transpose`."""
    traced = tape.lift(x)
    order = tuple(reversed(range(traced.ndim))) if axes is None else axes_list(axes, traced.ndim)
    return tape.view("transpose", traced, order)


def index(tape: Tape, x: Traced, key: Any) -> Traced:
    """`x[key]`: a view, or picked by integers; a mask is refused."""
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        if isinstance(part, bool) or getattr(part, "dtype", np.dtype(float)).kind == "b":
            tape.refuse(
                N_(
                    "{label} ({op}) picks entries by a mask, so that the shape depends on values. "
                    "Keep all entries and choose with np.where instead."
                )
            )
    if all(p is None or p is Ellipsis or isinstance(p, int | np.integer | slice) for p in parts):
        plain = tuple(
            (p.start, p.stop, p.step)
            if isinstance(p, slice)
            else int(p)
            if isinstance(p, np.integer)
            else p
            for p in parts
        )
        return tape.view("index", x, plain)
    return call(tape, operator.getitem, (x, parts), {})


def _chosen(tape: Tape, condition: Traced, a: Traced, b: Traced) -> Traced:
    """`where` by the bits: exact, and faster than a copy under a mask."""
    first, second = simplify.uniform(tape, a), simplify.uniform(tape, b)
    if first == 1 and second == 0:
        return tape.copy(condition, tape.dtype)
    number = tape.view("bits", condition)
    mask_type = np.dtype(f"i{tape.dtype.itemsize}")

    def bits(x: Traced) -> Traced:
        return tape.view("bits", x)

    def mask(function: np.ufunc, *operands: Traced) -> Traced:
        return tape.note(Form.ELEMENTWISE, function, operands, (), condition.shape, mask_type)

    if first == 0:
        others = mask(np.subtract, number, tape.constant(np.int8(1)))
        return tape.view("floats", tape.elementwise(np.bitwise_and, bits(b), others))
    where = mask(np.negative, number)
    if second == 0:
        return tape.view("floats", tape.elementwise(np.bitwise_and, bits(a), where))
    differing = tape.elementwise(np.bitwise_xor, bits(a), bits(b))
    changed = tape.elementwise(np.bitwise_and, differing, where)
    return tape.view("floats", tape.elementwise(np.bitwise_xor, changed, bits(b)))


def _sum(tape: Tape, a: Any, axis: Any = None, dtype: Any = None, **named: Any) -> Any:
    keep = named.pop("keepdims", False)
    if dtype is not None or set(named) - {"out"}:
        return NotImplemented
    return reduction(tape, np.add, a, axis, bool(keep))


def _extreme(function: np.ufunc) -> Callable[..., Any]:
    def rule(tape: Tape, a: Any, axis: Any = None, **named: Any) -> Any:
        keep = named.pop("keepdims", False)
        if set(named) - {"out"}:
            return NotImplemented
        return reduction(tape, function, a, axis, bool(keep))

    return rule


def _mean(tape: Tape, a: Any, axis: Any = None, **named: Any) -> Any:
    keep = named.pop("keepdims", False)
    if any(value is not None for value in named.values()):
        return NotImplemented
    x = tape.lift(a)
    total = tape.reduce(np.add, tape.copy(x, tape.dtype), axes_of(x, axis), bool(keep))
    return tape.elementwise(np.divide, total, float(_count(x, axis)))


def _var(tape: Tape, a: Any, axis: Any = None, **named: Any) -> Any:
    keep, ddof = named.pop("keepdims", False), named.pop("ddof", 0)
    if any(value is not None for value in named.values()):
        return NotImplemented
    x = tape.lift(a)
    away = np.subtract(x, _mean(tape, x, axis, keepdims=True))
    total = tape.reduce(np.add, away * away, axes_of(x, axis), bool(keep))
    return tape.elementwise(np.divide, total, float(_count(x, axis) - ddof))


def _std(tape: Tape, a: Any, axis: Any = None, **named: Any) -> Any:
    variance = _var(tape, a, axis, **named)
    return variance if variance is NotImplemented else np.sqrt(variance)


def _count(x: Traced, axis: Any) -> int:
    return int(np.prod([x.shape[a] for a in axes_of(x, axis)]))


def _reshape(tape: Tape, a: Any, shape: Any = None, order: str = "C", **named: Any) -> Any:
    if order != "C" or shape is None or named:
        return NotImplemented
    x = tape.lift(a)
    return tape.view("reshape", x, np.empty(x.shape, bool).reshape(shape).shape)


def _swapaxes(tape: Tape, a: Any, axis1: int, axis2: int) -> Traced:
    x = tape.lift(a)
    order = list(range(x.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return tape.view("transpose", x, tuple(order))


def _moveaxis(tape: Tape, a: Any, source: Any, destination: Any) -> Traced:
    x = tape.lift(a)
    moved, to = axes_list(source, x.ndim), axes_list(destination, x.ndim)
    order = [axis for axis in range(x.ndim) if axis not in moved]
    for place, axis in sorted(zip(to, moved, strict=True)):
        order.insert(place, axis)
    return tape.view("transpose", x, tuple(order))


def _expand_dims(tape: Tape, a: Any, axis: Any) -> Traced:
    x = tape.lift(a)
    return tape.view("reshape", x, np.expand_dims(np.empty(x.shape, bool), axis).shape)


def _squeeze(tape: Tape, a: Any, axis: Any = None) -> Traced:
    x = tape.lift(a)
    return tape.view("reshape", x, np.squeeze(np.empty(x.shape, bool), axis).shape)


def _ravel(tape: Tape, a: Any, order: str = "C") -> Any:
    return _reshape(tape, a, -1, order)


def _broadcast_to(tape: Tape, array: Any, shape: Any, subok: bool = False) -> Traced:
    wanted = (int(shape),) if isinstance(shape, int | np.integer) else tuple(map(int, shape))
    return tape.view("broadcast", tape.lift(array), wanted)


def _windows(tape: Tape, x: Any, window_shape: Any, axis: Any = None, **named: Any) -> Any:
    if any(named.values()):
        return NotImplemented
    traced = tape.lift(x)
    shape = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = tuple(range(traced.ndim)) if axis is None else axes_list(axis, traced.ndim)
    return tape.view("windows", traced, shape, axes)


def _where(tape: Tape, condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        return _refused(tape)
    return select(tape, condition, *choices)


def _clip(
    tape: Tape, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **named: Any
) -> Any:
    low, high = named.pop("min", a_min), named.pop("max", a_max)
    if named:
        return NotImplemented
    raised = a if low is None else np.maximum(a, low)
    return raised if high is None else np.minimum(raised, high)


def _filled_like(number: float) -> Callable[..., Any]:
    def rule(tape: Tape, a: Any, dtype: Any = None, **named: Any) -> Any:
        like = tape.lift(a)
        shape = named.get("shape") or like.shape
        return tape.constant(np.full(shape, number, dtype or like.dtype))

    return rule


def _full_like(tape: Tape, a: Any, fill_value: Any, dtype: Any = None, **named: Any) -> Any:
    like = tape.lift(a)
    filler = tape.copy(tape.lift(fill_value, (like,)), dtype or like.dtype)
    return tape.view("broadcast", filler, like.shape)


def _same(tape: Tape, a: Any, **_: Any) -> Traced:
    return tape.lift(a)


def _refused(tape: Tape, *_: Any, **__: Any) -> Any:
    return tape.refuse(
        N_(
            "{label} ({op}) asks for the entries that are not zero, whose number depends on "
            "values. Keep all entries and choose with np.where instead."
        )
    )


VALUE_DEPENDENT = (
    np.nonzero,
    np.flatnonzero,
    np.argwhere,
    np.unique,
    np.compress,
    np.extract,
    np.trim_zeros,
)
"""Functions whose result's shape depends on values."""

FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.sum: _sum,
    np.max: _extreme(np.maximum),
    np.min: _extreme(np.minimum),
    np.prod: _extreme(np.multiply),
    np.mean: _mean,
    np.var: _var,
    np.std: _std,
    np.transpose: transpose,
    np.swapaxes: _swapaxes,
    np.moveaxis: _moveaxis,
    np.reshape: _reshape,
    np.ravel: _ravel,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.lib.stride_tricks.sliding_window_view: _windows,
    np.dot: dot,
    np.tensordot: tensordot,
    np.where: _where,
    np.clip: _clip,
    np.zeros_like: _filled_like(0),
    np.empty_like: _filled_like(0),
    np.ones_like: _filled_like(1),
    np.full_like: _full_like,
    np.copy: _same,
    np.shape: lambda tape, a: tape.lift(a).shape,
    np.ndim: lambda tape, a: tape.lift(a).ndim,
    np.size: lambda tape, a, axis=None: _count(tape.lift(a), axis),
    **dict.fromkeys(VALUE_DEPENDENT, _refused),
}

ASSIGNING = frozenset(
    {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
)
"""Functions that write into an argument."""

METHODS = frozenset(
    (
        *("sum", "max", "min", "prod", "mean", "var", "std", "all", "any", "argmax", "argmin"),
        *("ravel", "squeeze", "swapaxes", "clip", "dot", "cumsum", "cumprod", "repeat", "round"),
        *("take", "diagonal", "trace", "argsort", "sort", "nonzero", "compress"),
    )
)
"""Methods of arrays that are the NumPy function of the same name."""
