"""The functions that formulas know, and their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

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
}
"""The functions by name. `sum`, `mean` and `largest` take an axis too, which stays with length 1;
`count` is the number of entries, or the length of an axis; softmax goes along the last axis."""

ALIASES: Mapping[str, str] = {"ln": "log", "σ": "sigmoid"}
