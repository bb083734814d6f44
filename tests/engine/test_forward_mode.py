"""Forward mode and reverse mode are transposes of each other, on every gate and random networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpstudio.engine import forward_mode, tangents
from bpstudio.engine.forward_mode import Cost, cost, gradients, jvp, push_forward
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Kind, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid
from bpstudio.engine.ops.arithmetic import Add, Max, Multiply
from bpstudio.engine.ops.elementary import Exp
from bpstudio.engine.ops.source import Input
from bpstudio.engine.reverse_mode import vjp
from bpstudio.engine.run import forward, pull_back, record
from bpstudio.errors import GraphError, ShapeError, StudioError
from tests.engine.test_every_op import CASES, Case, generator, kinky, smooth, step_of
from tests.engine.test_plan import random_network, recorded

CLOSE = 1e-11


class Gate(Op, hidden=True):
    """What some function of NumPy does; its backward rule is of no use."""

    def forward(self, x: Array) -> Array:
        y: Array = self.rule(x)
        return y

    def rule(self, x: Array) -> Any:
        """What it does."""
        raise NotImplementedError

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.full(x.shape, np.nan)}


class Sorted(Op, hidden=True):
    """Puts numbers in order: a function of NumPy without a rule in forward mode."""

    def forward(self, x: Array) -> Array:
        return np.sort(x, axis=-1)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.take_along_axis(g, np.argsort(np.argsort(x, axis=-1), axis=-1), axis=-1)}


class SortedSum(Sorted, hidden=True):
    """The same, and then numbers that depend on all before them."""

    def forward(self, x: Array) -> Array:
        return np.cumsum(np.sort(x, axis=-1), axis=-1)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        back = np.flip(np.cumsum(np.flip(g, -1), axis=-1), -1)
        return super().backward(back, y, x)


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def example() -> tuple[Graph, dict[str, Array]]:
    """The lecture's f = (x + y)z at -2, 5, -4."""
    network = graph(
        *(Node(id, Input()) for id in "xyz"),
        Node("q", Add(), {"a": ("x",), "b": ("y",)}),
        Node("f", Multiply(), {"a": ("q",), "b": ("z",)}),
    )
    given = {"x.value": -2.0, "y.value": 5.0, "z.value": -4.0}
    return network, {key: np.array(value) for key, value in given.items()}


def inner(left: Array, right: Array) -> float:
    return float(np.sum(left * right))


def test_each_gate_s_tangent_can_be_read() -> None:
    network, given = example()
    steps = tuple(forward(network, given, {}))
    seen = list(forward_mode.forward_mode(steps, {"x": np.array(1.0), "z.value": np.array(10.0)}))
    assert [step.node for step in seen] == ["x", "z", "q", "f"]
    found = {step.node: float(step.tangent) for step in seen}
    assert found == {"x": 1, "z": 10, "q": 1, "f": 1 * -4 + 3 * 10}
    assert {port: float(t[0]) for port, t in seen[-1].arrived.items()} == {"a": 1, "b": 10}
    assert seen[2].arrived.keys() == {"a"} and seen[2].sources == network["q"].sources


def test_a_gradient_takes_a_pass_for_each_input_or_one_for_each_output() -> None:
    network, given = example()
    steps = tuple(forward(network, given, {}))
    assert cost(steps, "f", list("xyz")) == Cost(forward_mode=3, reverse_mode=1)
    found = gradients(steps, "f", list("xyz"))
    assert {key: float(g) for key, g in found.items()} == {"x": -4, "y": -4, "z": 3}


@pytest.mark.parametrize("draw", [smooth, kinky])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_modes_are_transposes_at_every_gate(
    case: Case, draw: Callable[..., dict[str, Array]]
) -> None:
    rng = generator(case, 50)
    step = step_of(case.op, draw(case.op, case.shapes, rng))
    fixed = {p.name for p in case.op.ports if p.kind in (Kind.INDEX, Kind.NOISE, Kind.STATISTIC)}
    arrived = {}
    for name, argument in step.arguments.items():
        several = argument if isinstance(argument, tuple) else (argument,)
        if name not in fixed:
            arrived[name] = tuple(np.asarray(rng.normal(size=x.shape)) for x in several)
    if not arrived:
        return
    moved = push_forward(step, arrived)
    assert moved.shape == step.output.shape
    v = np.asarray(rng.normal(size=moved.shape))
    back = pull_back(step, v)
    terms = [
        inner(g, t)
        for name, ts in arrived.items()
        for g, t in zip(back.get(name, ()), ts, strict=False)
    ]
    size = sum(map(abs, terms)) + float(np.sum(np.abs(v * moved)))
    assert abs(inner(v, moved) - sum(terms)) <= CLOSE * max(1.0, size)


def mismatch(seed: int) -> float:
    """How far <v, J u> and <Jᵀ v, u> are apart on a random network, relative to their terms."""
    network = random_network(seed)
    steps = recorded(network).forward
    of, rng = network.graph.objective, np.random.default_rng(seed)
    keys = [step.node for step in steps if step.op.category == "source"]
    u = {
        step.node: np.asarray(rng.normal(size=step.output.shape))
        for step in steps
        if step.node in keys
    }
    moved = jvp(steps, of, u)
    v = np.asarray(rng.normal(size=moved.shape))
    back = vjp(steps, of, v, keys)
    size = sum(float(np.sum(np.abs(back[key] * u[key]))) for key in keys)
    return abs(inner(v, moved) - sum(inner(back[key], u[key]) for key in keys)) / max(1.0, size)


@pytest.mark.parametrize("first", range(0, 200, 40))
def test_the_modes_are_transposes_on_random_networks(first: int) -> None:
    for seed in range(first, first + 40):
        assert mismatch(seed) <= CLOSE, seed


def test_a_wrong_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**tangents.SLOPES, np.sin: (lambda y, x: np.cos(x) + 1e-6,)}
    monkeypatch.setattr(tangents, "SLOPES", wrong)
    assert max(mismatch(seed) for seed in range(80)) > 1e-8


UNARY = [
    *(np.negative, np.positive, np.absolute, np.fabs, np.reciprocal, np.square, np.sqrt, np.cbrt),
    *(np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan),
    *(np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arctanh),
    *(np.deg2rad, np.rad2deg),
]
BINARY = [
    *(np.add, np.subtract, np.multiply, np.divide, np.power, np.hypot, np.arctan2),
    *(np.logaddexp, np.logaddexp2, np.copysign, np.maximum, np.minimum, np.fmax, np.fmin),
]
OTHERS: dict[str, Callable[[Any], Any]] = {
    "arccosh": lambda x: np.arccosh(x + 1.0),
    "sign": lambda x: x * np.sign(x - 0.5),
    "floor": lambda x: x + np.floor(10 * x),
    "max": lambda x: np.max(x, axis=0),
    "min": lambda x: np.min(x),
    "prod": lambda x: np.prod(x, axis=1),
    "prod of all": lambda x: np.prod(x - 0.5),
    "var": lambda x: np.var(x, axis=-1),
    "std": lambda x: np.std(x),
    "clip": lambda x: np.clip(x, 0.3, 0.6),
    "concatenate": lambda x: np.concatenate([x, 2 * x, np.ones((1, 3))]),
    "stack": lambda x: np.stack([x, x * x], axis=1),
    "pad": lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=7.0),
    "cumsum": lambda x: np.cumsum(x * x, axis=1),
    "take": lambda x: x[[1, 0, 1]],
    "roll": lambda x: np.roll(x, 1, axis=0) * x,
    "matmul": lambda x: np.matmul(x, np.swapaxes(x, -1, -2)),
    "stacked matmul": lambda x: np.matmul(np.stack([x, 2 * x]), x.T),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x * x),
    "tensordot": lambda x: np.tensordot(x, x, axes=((0,), (0,))),
    "outer": lambda x: np.outer(x, x),
    "inner": lambda x: np.sum(x * np.sin(x)),
    "where": lambda x: np.where(x > 0.5, x * x, 3 * x),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, 1).sum(axis=-1),
}


def directional(rule: Callable[[Any], Any], x: Array, u: Array) -> Array:
    """The slope along a direction by a central difference."""
    h = 1e-6
    return np.asarray((np.asarray(rule(x + h * u)) - np.asarray(rule(x - h * u))) / (2 * h))


def pushed(rule: Callable[[Any], Any], x: Array, u: Array) -> Array:
    """The same by forward mode, through a gate that does this."""

    class Own(Gate, hidden=True):
        def rule(self, x: Array) -> Any:
            return rule(x)

    return push_forward(step_of(Own(), {"x": x}), {"x": (u,)})


@pytest.mark.parametrize("name", [*(rule.__name__ for rule in UNARY), *OTHERS])
def test_the_rules_are_slopes(name: str) -> None:
    rule = OTHERS.get(name) or getattr(np, name)
    rng = np.random.default_rng(3)
    x, u = rng.permutation(np.linspace(0.12, 0.87, 6)).reshape(2, 3), rng.normal(size=(2, 3))
    np.testing.assert_allclose(pushed(rule, x, u), directional(rule, x, u), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("rule", BINARY, ids=lambda rule: rule.__name__)
def test_the_rules_of_two_are_slopes(rule: np.ufunc) -> None:
    rng = np.random.default_rng(4)
    x, u = rng.permutation(np.linspace(0.12, 0.87, 6)).reshape(2, 3), rng.normal(size=(2, 3))

    def both(x: Any) -> Any:
        return rule(x[0], x[1])

    np.testing.assert_allclose(pushed(both, x, u), directional(both, x, u), rtol=1e-7, atol=1e-8)


def test_every_rule_is_tested() -> None:
    tested = {*UNARY, *BINARY, np.arccosh}
    assert set(tangents.SLOPES) | set(tangents.CHOICES) == tested


def test_products_with_zeros_have_slopes_too() -> None:
    x, u = np.array([0.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])
    assert pushed(np.prod, x, u) == 6.0
    assert pushed(np.prod, np.array([0.0, 0.0, 3.0]), u) == 0.0


@pytest.mark.parametrize("op", [Sorted(), SortedSum()])
def test_an_unknown_function_goes_by_the_gate_s_own_backward_rule(op: Op) -> None:
    rng = np.random.default_rng(5)
    x, u = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    found = push_forward(step_of(op, {"x": x}), {"x": (u,)})
    np.testing.assert_allclose(found, directional(op.forward, x, u), atol=1e-8)


def test_an_unknown_function_of_too_many_numbers_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forward_mode, "MOST_PASSES", 10)
    with pytest.raises(StudioError, match=r"forward mode does not know.*\(12\)"):
        push_forward(step_of(Sorted(), {"x": np.ones(12)}), {"x": (np.ones(12),)})


def test_at_a_kink_a_gate_s_own_rule_holds() -> None:
    zero, one = np.zeros(2), np.ones(2)
    assert push_forward(step_of(ReLU(), {"x": zero}), {"x": (one,)}).tolist() == [0, 0]
    tie = step_of(Max(), {"a": zero, "b": zero})
    assert push_forward(tie, {"a": (one,)}).tolist() == [0.5, 0.5]
    assert push_forward(tie, {"a": (one,), "b": (one,)}).tolist() == [1, 1]


def test_what_overflows_on_the_way_still_has_a_slope() -> None:
    x = np.array([-1000.0, 1000.0])
    moved = push_forward(step_of(Sigmoid(), {"x": x}), {"x": (np.ones(2),)})
    assert moved.tolist() == [0, 0]
    assert np.isinf(push_forward(step_of(Exp(), {"x": x}), {"x": (np.ones(2),)})[1])


def test_a_direction_must_be_one_of_the_network() -> None:
    network, given = example()
    steps = tuple(forward(network, given, {}))
    with pytest.raises(GraphError, match="nobody did not run"):
        jvp(steps, "f", {"nobody": np.ones(())})
    with pytest.raises(GraphError, match=r"no port called b\.1"):
        jvp(steps, "f", {"f.b.1": np.ones(())})
    with pytest.raises(ShapeError, match=r"shape \(2,\), but its value has \(\)"):
        jvp(steps, "f", {"x": np.ones(2)})
    assert jvp(steps, "q", {"z": np.ones(())}) == 0


def test_wires_and_nodes_are_told_apart() -> None:
    network = graph(Node("x", Input()), Node("f", Multiply(), {"a": ("x",), "b": ("x",)}))
    recording = record(network, {"x.value": np.array(3.0)}, {})
    one = np.ones(())
    assert jvp(recording.forward, "f", {"x": one}) == 6
    assert jvp(recording.forward, "f", {"f.a": one}) == 3
    found = vjp(recording.forward, "f", one, ["x", "f.a", "f.b", "x.value"])
    assert {key: float(g) for key, g in found.items()} == {
        "x": 6,
        "f.a": 3,
        "f.b": 3,
        "x.value": 6,
    }
