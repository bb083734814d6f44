"""The functions that formulas know, and their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from bpstudio.engine import pictures
from bpstudio.engine.op import Array


class Function(NamedTuple):
    """A function that formulas know: how many arguments it takes, and its value."""

    fewest: int
    most: int | None
    rule: Callable[..., Any]


def _softmax(x: Array) -> Array:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _transpose(x: Array) -> Array:
    return np.swapaxes(x, -1, -2) if x.ndim > 1 else x


def _along(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """Over everything, or over one axis, which then stays with length 1."""

    def rule(x: Array, axis: Array | None = None) -> Any:
        return reduce(x) if axis is None else reduce(x, axis=int(axis), keepdims=True)

    return rule


def _count(x: Array, axis: Array | None = None) -> int:
    return x.size if axis is None else x.shape[int(axis)]


def _gone(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """Along one axis, which goes."""
    return lambda x, axis: reduce(x, axis=int(axis))


def _column_mean(x: Array) -> Any:
    return np.mean(x, axis=tuple(range(x.ndim - 1)))


def _part(x: Array, start: Array, count: Array, axis: Array) -> Array:
    return np.take(x, np.arange(int(start), int(start) + int(count)), axis=int(axis))


def _unpart(g: Array, x: Array, start: Array, axis: Array) -> Array:
    whole = np.zeros_like(x)
    np.moveaxis(whole, int(axis), 0)[int(start) :][: g.shape[int(axis)]] = np.moveaxis(
        g, int(axis), 0
    )
    return whole


def _joined(axis: Array, *parts: Array) -> Array:
    return np.concatenate(parts, axis=int(axis))


def _unjoined(slot: Array, g: Array, axis: Array, *parts: Array) -> Array:
    place, along = int(slot), int(axis)
    start = sum(part.shape[along] for part in parts[:place])
    return _part(g, np.asarray(start), np.asarray(parts[place].shape[along]), axis)


def _neighbours(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """Over each so many neighbours along the last axis."""
    return lambda x, count: reduce(x.reshape(*x.shape[:-1], -1, int(count)), axis=-1)


def _reshape(x: Array, keep: Array, *size: Array) -> Array:
    return np.reshape(x, (*x.shape[: int(keep)], *map(int, size)))


def _fold_pairs(rule: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def over(first: Array, *rest: Array) -> Any:
        value = first
        for other in rest:
            value = rule(value, other)
        return value

    return over


FUNCTIONS: Mapping[str, Function] = {
    "exp": Function(1, 1, np.exp),
    "log": Function(1, 1, np.log),
    "sqrt": Function(1, 1, np.sqrt),
    "sin": Function(1, 1, np.sin),
    "cos": Function(1, 1, np.cos),
    "tan": Function(1, 1, np.tan),
    "tanh": Function(1, 1, np.tanh),
    "sigmoid": Function(1, 1, lambda x: 1 / (1 + np.exp(-x))),
    "relu": Function(1, 1, lambda x: np.maximum(x, 0)),
    "softplus": Function(1, 1, lambda x: np.logaddexp(0, x)),
    "erf": Function(1, 1, np.frompyfunc(math.erf, 1, 1)),
    "max": Function(2, None, _fold_pairs(np.maximum)),
    "min": Function(2, None, _fold_pairs(np.minimum)),
    "abs": Function(1, 1, np.abs),
    "sign": Function(1, 1, np.sign),
    "step": Function(1, 1, lambda x: x > 0),
    "clip": Function(3, 3, np.clip),
    "where": Function(3, 3, lambda condition, then, other: np.where(condition != 0, then, other)),
    "softmax": Function(1, 1, _softmax),
    "sum": Function(1, 2, _along(np.sum)),
    "mean": Function(1, 2, _along(np.mean)),
    "largest": Function(1, 2, _along(np.max)),
    "count": Function(1, 2, _count),
    "transpose": Function(1, 1, _transpose),
    "expand": Function(2, 2, lambda x, axis: np.expand_dims(x, int(axis))),
    "squeeze": Function(2, 2, lambda x, axis: np.squeeze(x, int(axis))),
    "sum_over": Function(2, 2, _gone(np.sum)),
    "mean_over": Function(2, 2, _gone(np.mean)),
    "largest_over": Function(2, 2, _gone(np.max)),
    "column_mean": Function(1, 1, _column_mean),
    "largest_of": Function(2, 2, _neighbours(np.max)),
    "sum_of": Function(2, 2, _neighbours(np.sum)),
    "repeated": Function(2, 2, lambda x, count: np.repeat(x, int(count), axis=-1)),
    "reshape": Function(2, None, _reshape),
    "like": Function(2, 2, lambda x, other: np.reshape(x, np.shape(other))),
    "part": Function(4, 4, _part),
    "unpart": Function(4, 4, _unpart),
    "joined": Function(2, None, _joined),
    "unjoined": Function(4, None, _unjoined),
    "convolve": Function(4, 4, pictures.convolve),
    "convolve_to_x": Function(5, 5, pictures.convolve_to_x),
    "convolve_to_weight": Function(5, 5, pictures.convolve_to_weight),
    "pool_largest": Function(3, 3, pictures.pool_largest),
    "unpool_largest": Function(4, 4, pictures.unpool_largest),
    "pool_mean": Function(3, 3, pictures.pool_mean),
    "unpool_mean": Function(4, 4, pictures.unpool_mean),
}
"""The functions by name.

`sum`, `mean` and `largest` take an axis too, which stays with length 1; of `sum_over` and its kin
it goes. `count` is the number of entries, or the length of an axis; softmax goes along the last
axis. `column_mean` is over all axes but the last. `largest_of(x, n)` and `sum_of(x, n)` take each n
neighbours along the last axis together, `repeated(x, n)` has each entry n times. `reshape(x, k, …)`
keeps the first k axes; `like(x, other)` has the shape of the other. `part(x, start, count, axis)`
is a piece along an axis, `joined(axis, …)` sets pieces in a row. Of pictures, see `pictures.py`.
"""

IN_GRADIENTS = frozenset(
    {"unpart", "unjoined", "convolve_to_x", "convolve_to_weight", "unpool_largest", "unpool_mean"}
)
"""The functions that only gradients call."""

OF_ARRAYS = frozenset(FUNCTIONS) - {
    *("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sigmoid", "relu", "softplus", "erf"),
    *("max", "min", "abs", "sign", "step", "clip", "where"),
}
"""The functions that depend on the shape of what they work on."""

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "π": math.pi}
"""Names that have a value of their own, unless they are given another."""

ALIASES: Mapping[str, str] = {"ln": "log", "σ": "sigmoid"}
