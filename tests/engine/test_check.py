"""The gradient checker is itself held to wrong gradients, to kinks, and on every wire."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.engine.check import Entry, gradient_check
from bpstudio.engine.differences import numeric_gradient
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Op
from bpstudio.engine.ops.activation import Tanh
from bpstudio.engine.ops.arithmetic import Add, Multiply
from bpstudio.engine.ops.elementary import Log, Sin
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.ops.reduction import Sum
from bpstudio.engine.ops.source import Data, Input

ROWS = 6


class WrongProduct(Op, hidden=True):
    """Multiplies, but forgets to switch."""

    def forward(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g * a, "b": g * b}


class SlightlyWrong(Op, hidden=True):
    """A sine whose slope is off by a hundredth of a percent."""

    def forward(self, x: Array) -> Array:
        return np.asarray(np.sin(x))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * np.cos(x) * 1.0001}


class Forgetful(Op, hidden=True):
    """A product that passes nothing to its second input."""

    def forward(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g * b}


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def of_two(op: Op) -> tuple[Graph, dict[str, Array]]:
    names = [port.name for port in op.ports]
    sources = {port: (id,) for port, id in zip(names, "xy", strict=False)}
    network = graph(Node("x", Input()), Node("y", Input()), Node("f", op, sources))
    return network, {"x.value": np.array([1.0, 2.0]), "y.value": np.array([3.0, -5.0])}


def layered() -> tuple[Graph, dict[str, Array], dict[str, Array]]:
    rng = np.random.default_rng(1)
    network = graph(
        Node("data1", Data()),
        Node("dense1", Dense(units=4), {"x": ("data1",)}),
        Node("tanh1", Tanh(), {"x": ("dense1",)}),
        Node("dense2", Dense(units=2), {"x": ("tanh1",)}),
        Node("loss1", SquaredError(), {"prediction": ("dense2",)}),
    )
    given = {"data1.rows": rng.normal(size=(ROWS, 3)), "loss1.target": rng.normal(size=(ROWS, 2))}
    weights = {
        "dense1.weight": rng.normal(size=(3, 4)),
        "dense1.bias": rng.normal(size=4),
        "dense2.weight": rng.normal(size=(4, 2)),
        "dense2.bias": rng.normal(size=2),
    }
    return network, given, weights


def test_a_right_network_passes_and_its_cost_is_counted() -> None:
    network, given, weights = layered()
    check = gradient_check(network, given, weights)
    assert set(check.entries) == set(weights)
    assert check.max_relative_error < 1e-7
    assert check.forward_passes == 2 * sum(weight.size for weight in weights.values()) == 52
    assert check.numeric_seconds > 0 and check.backward_seconds > 0
    assert all(entry.numeric.shape == weights[key].shape for key, entry in check.entries.items())


@pytest.mark.parametrize("op", [Multiply(), Add()])
def test_typed_values_are_checked_too(op: Op) -> None:
    network, given = of_two(op)
    check = gradient_check(network, given, {})
    assert set(check.entries) == set(given)
    assert check.max_relative_error < 1e-9


@pytest.mark.parametrize("op", [WrongProduct(), Forgetful()])
def test_a_wrong_gradient_is_found(op: Op) -> None:
    network, given = of_two(op)
    check = gradient_check(network, given, {})
    assert check.max_relative_error > 0.1
    np.testing.assert_allclose(check.entries["y.value"].numeric, given["x.value"], rtol=1e-9)


def test_a_hundredth_of_a_percent_is_found() -> None:
    network = graph(Node("x", Input()), Node("f", SlightlyWrong(), {"x": ("x",)}))
    given = {"x.value": np.array([0.3, 1.0])}
    assert 0.5e-4 < gradient_check(network, given, {}).max_relative_error < 2e-4
    right = graph(Node("x", Input()), Node("f", Sin(), {"x": ("x",)}))
    assert gradient_check(right, given, {}).max_relative_error < 1e-9


def test_the_worst_tensor_is_named_and_not_a_number_is_worst() -> None:
    network, given = of_two(Forgetful())
    worst = gradient_check(network, given, {}).worst
    assert worst is not None and worst.key == "y.value"
    network = graph(Node("x", Input()), Node("f", Log(), {"x": ("x",)}))
    check = gradient_check(network, {"x.value": np.array([-1.0])}, {})
    assert np.isnan(check.max_relative_error)


def test_a_constant_network_has_nothing_to_check() -> None:
    network = graph(Node("data1", Data()), Node("f", Sum(), {"x": ("data1",)}))
    check = gradient_check(network, {"data1.rows": np.ones((2, 3))}, {})
    assert check.worst is None and check.max_relative_error == 0 and check.forward_passes == 0


def test_only_what_the_checked_node_needs_is_run() -> None:
    network, given, weights = layered()
    del given["loss1.target"]
    check = gradient_check(network, given, weights, of="tanh1")
    assert set(check.entries) == {"dense1.weight", "dense1.bias"}
    assert check.max_relative_error < 1e-7


def test_an_error_is_relative_to_the_tensor() -> None:
    entry = Entry("w", np.array([100.0, 0.0]), np.array([100.0, 1e-3]))
    assert entry.error == 1e-5
    assert Entry("w", np.zeros(2), np.array([0.0, 1e-9])).error == pytest.approx(0.1)
    assert Entry("w", np.zeros((0, 3)), np.zeros((0, 3))).error == 0


def test_nudging_leaves_its_argument_alone_and_moves_large_values_further() -> None:
    at = np.array([[100.0, 0.0], [-2.0, 1.0]])
    at.flags.writeable = False
    seen = []

    def cubes(x: Array) -> float:
        seen.append(x.copy())
        return float(np.sum(x**3))

    np.testing.assert_allclose(numeric_gradient(cubes, at), 3 * at**2, atol=1e-4)
    assert len(seen) == 8
    assert abs(seen[0][0, 0] - 100.0) == pytest.approx(1e-3)
    assert abs(seen[2][0, 1]) == pytest.approx(1e-5)
