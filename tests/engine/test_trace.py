"""A traced array notes what is called on it, and refuses what a plan could not do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpstudio.engine import backprop, plan, run
from bpstudio.engine.calls import Form
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Op
from bpstudio.engine.ops.source import Parameter
from bpstudio.engine.optimizers import SGD
from bpstudio.engine.shapes import Shape
from bpstudio.engine.trace import Tape, Traced
from bpstudio.errors import StudioError

Rule = Callable[[Any], Any]

SIZE = (3, 4)

X = np.random.default_rng(0).uniform(-2, 2, SIZE)


class Free(Op, hidden=True):
    """Whatever NumPy a test gives it."""

    rule: Any = None

    def forward(self, x: Array) -> Array:
        result: Array = self.rule(x)
        return result

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.sum(g) * x}

    def shape(self, x: Shape) -> Shape:
        with np.errstate(all="ignore"):
            return Shape(np.shape(self.rule(np.ones(x.features))))


def graph_of(rule: Rule) -> Graph:
    """A parameter, and a gate that does as the rule says."""
    return Graph(
        {
            "w": Node("w", Parameter(size=SIZE)),
            "gate1": Node("gate1", Free(rule=rule), {"x": ("w",)}, title="My gate"),
        }
    )


def result(rule: Rule, x: Array = X) -> Array:
    """What a compiled plan makes of it."""
    predictor = plan.compile_predictor(graph_of(rule), {}, "gate1", rows=1, dtype=np.float64)
    with np.errstate(all="ignore"):
        predictor({"w.value": x}, {})
        return predictor({"w.value": x}, {})


def then(function: Callable[..., Any], x: Any, *arguments: Any) -> Any:
    """The array after something was done to it."""
    function(x, *arguments)
    return x


KNOWN: dict[str, Rule] = {
    "operators": lambda x: 2 * x - x / 3 + (-x) * (1 + x) - abs(x),
    "reflected": lambda x: 1 - x + 3 / (x + 5),
    "powers": lambda x: x**2 + (x + 3) ** 0.5 + (x + 3) ** -1 + (x + 3) ** 1.5 + x**1,
    "power of powers": lambda x: 1.5 ** (x**3),
    "comparisons": lambda x: np.where((x > 0) & (x < 1), x, -x) + (x >= 1) * 2.0,
    "where of one number": lambda x: np.where(x > 0, x, 0.0) - np.where(x > 0, 0.0, x),
    "where of two numbers": lambda x: np.where(x > 0, 1, 0) + np.where(x > 0, 2.5, -1),
    "where that broadcasts": lambda x: np.where(x[:1] > 0, x, x[:, :1]),
    "where with nan": lambda x: np.where(x > 0, x, np.log(-np.abs(x))),
    "clip": lambda x: np.clip(x, -0.5, 1) + x.clip(0, None),
    "sums": lambda x: np.sum(x) + x.sum(axis=0) + x.sum(axis=-1, keepdims=True),
    "sums of products": lambda x: np.sum(x * x) + np.sum(x * x, axis=1, keepdims=True),
    "mean, variance, deviation": lambda x: x.mean(axis=0) + np.var(x) + np.std(x, axis=0, ddof=1),
    "extremes": lambda x: np.max(x, axis=1, keepdims=True) - x.min() + np.amax(x, axis=(0, 1)),
    "products": lambda x: np.prod(x, axis=0) * np.prod(x),
    "transposed": lambda x: x.T + np.transpose(x, (1, 0)) + np.swapaxes(x, 0, 1),
    "moved": lambda x: np.moveaxis(x[None], (0, 1), (2, 0)) + np.expand_dims(x, 2),
    "reshaped": lambda x: x.reshape(2, 6) + np.reshape(x.T, (2, -1)) + x.ravel().reshape((2, 6)),
    "squeezed": lambda x: np.squeeze(x[:, None, :], 1) - x[np.newaxis, ...][0],
    "indexed": lambda x: x[1:, ::-1] + x[0, 1:2] + x[..., -1:][:2] + x[1][None],
    "picked": lambda x: x[np.array([0, 2, 2])] + np.take(x, [1, 1, 0], axis=0),
    "iterated": lambda x: sum(row for row in x) + len(x),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1).sum(axis=-1),
    "broadcast": lambda x: np.broadcast_to(x[:1], (3, 4)) * x,
    "matrix products": lambda x: x @ x.T + np.dot(x, x.T) + np.matmul(x, np.ones((4, 3))),
    "vector products": lambda x: x[0] @ x[1] + x @ x[0] + x[:, 0] @ x[:, :1],
    "stacked products": lambda x: x[None] @ np.ones((2, 4, 3)),
    "tensordot": lambda x: np.tensordot(x, x, axes=([0], [0])) + np.tensordot(x, x, 0).sum(),
    "tensordot of three": lambda x: np.tensordot(
        x.reshape(3, 2, 2), x.reshape(2, 3, 2), ((0,), (1,))
    ),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "concatenated": lambda x: np.concatenate([x, x[:1]]) + np.stack((x[0],) * 4),
    "padded": lambda x: np.pad(x, ((1, 1), (0, 0))) + np.vstack([x, x[:2]]),
    "types": lambda x: (x > 0).astype(float) + x.astype(np.float32) * 0 + np.astype(x > 1, int),
    "whole numbers": lambda x: x.astype(int) + x.astype(bool) * 0.5 + np.where(x, 1.0, 2.0),
    "counted": lambda x: np.argmax(x, axis=0) + (x > 0).sum(axis=0) * 0.5,
    "alike": lambda x: np.zeros_like(x) + np.ones_like(x) * 2 + np.full_like(x, 3.0) + x,
    "constants": lambda x: np.eye(3, 4) * x + np.arange(4) - np.linspace(0, 1, 3)[:, None],
    "accumulated": lambda x: np.cumsum(x, axis=1) + np.maximum.accumulate(x, axis=0),
    "outer": lambda x: np.multiply.outer(x[0], x[1]) - np.outer(x[0], x[1]),
    "two results": lambda x: np.modf(x)[0] + np.modf(x)[1] * 2,
    "unknown": lambda x: (
        np.sinc(x) + np.nan_to_num(np.log(x)) + np.linalg.inv(x @ x.T + np.eye(3))[:, :1]
    ),
    "sorted": lambda x: np.sort(x, axis=1) + x.round(1),
    "logic": lambda x: np.logical_not(x > 0) * 1.0 + np.isfinite(x) + np.any(x > 1, axis=0),
    "signs": lambda x: (
        np.negative(-x) + np.positive(x) + np.negative(x) * -1 + (0 - x) + np.sign(x)
    ),
    "factors": lambda x: 2 * (3 * x) / 4 + (x / 3) / 5 + 1e-200 * (1e-200 * (x * 1e300)),
    "nothing": lambda x: x * 1 + 0 - 0.0 + x / 1,
    "copies": lambda x: x.copy() + np.copy(x),
    "sizes": lambda x: x / x.size + x.ndim + np.size(x, 0) + np.shape(x)[1] + x.shape[0],
    "a guard that a quotient makes needless": lambda x: (
        1 / (1 + np.exp(np.minimum(-900 * x, 709.0)))
    ),
    "a guard that is needed": lambda x: np.exp(np.minimum(900 * x, 709.0)),
    "a number": lambda x: 3.0,
    "an integer array": lambda x: np.argsort(x, axis=1),
}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_a_gate_calls_is_what_the_plan_does(name: str) -> None:
    for x in (X, np.zeros(SIZE), np.asfortranarray(X * 100)):
        with np.errstate(all="ignore"):
            try:
                expected = np.asarray(KNOWN[name](x))
            except np.linalg.LinAlgError:
                continue
        have = result(KNOWN[name], x)
        assert have.shape == expected.shape
        scale = max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0)))
        assert np.allclose(have, expected, rtol=0, atol=1e-13 * scale, equal_nan=True)


REFUSED: dict[str, tuple[Rule, str]] = {
    "if": (lambda x: x if x[0, 0] > 0 else -x, "decides by a value"),
    "and": (lambda x: (x.sum() > 0) and x, "decides by a value"),
    "float": (lambda x: x * float(x[0, 0]), "takes values out"),
    "math": (lambda x: x * math.exp(x[0, 0]), "takes values out"),
    "int": (lambda x: x * int(x[0, 0]), "takes values out"),
    "index": (lambda x: [x, -x][x[0, 0]], "takes values out"),
    "item": (lambda x: x * x[0, 0].item(), "takes values out"),
    "asarray": (lambda x: np.asarray(x) + 1, "takes values out"),
    "array": (lambda x: np.array(x) + 1, "takes values out"),
    "as_strided": (lambda x: np.lib.stride_tricks.as_strided(x, (2,), (8,)), "takes values out"),
    "mask": (lambda x: x[x > 0], "picks entries by a mask"),
    "own mask": (lambda x: x[np.ones(SIZE, bool)], "picks entries by a mask"),
    "nonzero": (lambda x: x[np.nonzero(x)], "entries that are not zero"),
    "where of one": (lambda x: np.where(x > 0)[0], "entries that are not zero"),
    "unique": (lambda x: np.unique(x), "entries that are not zero"),
    "repeat": (lambda x: np.repeat(x.ravel(), (x.ravel() > 0.5).astype(int)), "shape depends"),
    "assignment": (lambda x: x.__setitem__(0, 1.0) or x, "assigns into an array"),
    "in place": (lambda x: x.__iadd__(1.0), "assigns into an array"),
    "out": (lambda x: np.add(x, 1.0, out=x), "assigns into an array"),
    "copyto": (lambda x: then(np.copyto, x, 1.0), "assigns into an array"),
    "add.at": (lambda x: then(np.add.at, x, 0, 1.0), "assigns into an array"),
    "attribute": (lambda x: x.imag, "uses .imag of an array"),
    "a bool": (lambda x: x * np.allclose(x, 0), "decides by a value|does not give an array"),
    "a list": (lambda x: np.split(x, 2, axis=1)[0], "does not give an array"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_a_plan_can_not_do_is_refused_by_the_name_of_the_gate(name: str) -> None:
    rule, reason = REFUSED[name]
    with pytest.raises(StudioError, match=reason) as refused:
        tape = Tape()
        tape.node = graph_of(rule)["gate1"]
        backprop.twice(tape, lambda: {"": rule(tape.leaf(SIZE))})
    assert str(refused.value).startswith("My gate (Free) ")
    assert refused.value.nodes == ("gate1",)


def test_hidden_state_shows_because_every_gate_is_traced_twice() -> None:
    calls = [0]

    def forgetful(x: Array) -> Array:
        calls[0] += isinstance(x, Traced)
        return x * calls[0]

    with pytest.raises(StudioError, match="does something else each time it runs"):
        plan.compile_training(
            graph_of(forgetful), {}, {"w.value": X}, SGD(), rows=1, objective="gate1"
        )
    with pytest.raises(StudioError, match="does something else each time it runs"):
        result(lambda x: x + np.random.default_rng().normal(size=SIZE))


def test_equal_calls_on_equal_arrays_are_noted_once() -> None:
    tape = Tape()
    x = tape.leaf(SIZE)
    first = np.exp(x) + 1.0
    assert isinstance(first, Traced)
    count = len(tape.calls)
    assert (np.exp(x) + 1).index == first.index
    assert len(tape.calls) == count


def test_a_constant_takes_the_type_of_the_plan_and_so_does_what_is_made_of_it() -> None:
    tape = Tape(np.float32)
    x = tape.leaf(SIZE)
    for y in (x * np.float64(2), x + np.ones(4), (x > 0) * 2.0, np.mean(x > 0), x / np.arange(4)):
        assert y.dtype == np.float32


def test_what_constants_make_is_reckoned_while_tracing() -> None:
    tape = Tape()
    one = tape.constant(np.ones(SIZE))
    folded = np.sum(np.exp(one) * 2, axis=0)
    assert not tape.calls
    assert np.allclose(tape.values[folded.index].constant, 6 * math.e)


def test_factors_meet_and_neutral_ones_vanish() -> None:
    tape = Tape()
    x = tape.leaf(SIZE)
    assert ((x * 1.0 + 0.0) / 1.0).index == x.index
    assert len([call for call in tape.calls if call.form is Form.ELEMENTWISE]) == 0
    y = 2.0 * (3.0 * x)
    made = tape.maker[y.index]
    assert made.inputs[0] == x.index
    assert tape.values[made.inputs[1]].constant == 6.0


def test_a_gate_of_the_wrong_shape_is_said_before_it_is_traced() -> None:
    graph = graph_of(lambda x: x + 1)
    with pytest.raises(StudioError, match="w needs a value of shape"):
        plan.compile_training(graph, {}, {"w.value": np.zeros(2)}, SGD(), rows=1)


def test_the_gradient_of_a_gate_that_repeats_is_undone_as_run_undoes_it() -> None:
    tape = Tape()
    g = tape.leaf((2, 3, 4))
    assert isinstance(run.fit(g, (3, 1)), Traced)
    assert run.fit(g, (3, 1)).shape == (3, 1)
    with pytest.raises(ValueError):
        run.fit(g, (5,))
