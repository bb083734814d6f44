"""The gradient checker is itself held to wrong gradients, to kinks, and on every wire."""

from __future__ import annotations

import numpy as np
import pytest

import bpstudio.engine.check as check_module
from bpstudio.engine.check import Check, gradient_check, of_kink
from bpstudio.engine.differences import error_curve, numeric_gradient
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.nudging import Entry
from bpstudio.engine.op import Array, Gradients, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Tanh
from bpstudio.engine.ops.arithmetic import Add, Multiply
from bpstudio.engine.ops.elementary import Abs, Log, Sin, Square
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.ops.normalize import Dropout
from bpstudio.engine.ops.rectifier import LeakyReLU
from bpstudio.engine.ops.reduction import Sum
from bpstudio.engine.ops.source import Data, Input, Parameter
from bpstudio.engine.run import Randomness, record

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


def test_every_wire_and_node_is_checked() -> None:
    network, given, weights = layered()
    check = gradient_check(network, given, weights, wires=True)
    assert set(check.wires) == {
        ("loss1", "prediction", 0),
        ("dense2", "x", 0),
        ("tanh1", "x", 0),
        ("dense1", "x", 0),
    }
    assert check.sources["tanh1", "x", 0] == "dense1"
    assert list(check.nodes) == ["loss1", "dense2", "tanh1", "dense1", "data1"]
    assert set(check.errors) == set(network.nodes) and max(check.errors.values()) < 1e-7
    assert not check.blamed and not check.kinks and check.worst_wire in check.wires
    sizes = [e.numeric.size for e in (*check.wires.values(), *check.nodes.values())]
    assert check.forward_passes == 52 + 2 * sum(sizes)
    right = record(network, given, weights)
    for wire, entry in check.wires.items():
        np.testing.assert_array_equal(entry.analytic, right.contributions[wire])


def test_a_wrong_gate_is_blamed_and_what_it_feeds_is_not() -> None:
    network = graph(
        *(Node(id, Input()) for id in "xyz"),
        Node("n1", Multiply(), {"a": ("x",), "b": ("y",)}),
        Node("n2", WrongProduct(), {"a": ("n1",), "b": ("z",)}),
        Node("f", Sin(), {"x": ("n2",)}),
    )
    given = {"x.value": np.array(1.5), "y.value": np.array(0.7), "z.value": np.array(-0.4)}
    check = gradient_check(network, given, {}, wires=True)
    assert check.blamed == ("n2",)
    wrong = {id for id, error in check.errors.items() if error > 1e-4}
    assert wrong == {"x", "y", "z", "n1", "n2"}


def test_a_fork_is_checked_wire_by_wire_and_as_a_whole() -> None:
    network = graph(Node("x", Input()), Node("f", Multiply(), {"a": ("x",), "b": ("x",)}))
    check = gradient_check(network, {"x.value": np.array(3.0)}, {}, wires=True)
    assert check.wires["f", "a", 0].numeric == pytest.approx(3)
    assert check.wires["f", "b", 0].numeric == pytest.approx(3)
    assert check.nodes["x"].numeric == pytest.approx(6)


def test_some_numbers_of_large_tensors_stand_for_all() -> None:
    network, given, weights = layered()
    check = gradient_check(network, given, weights, wires=True, most=3)
    for entry in (*check.entries.values(), *check.wires.values(), *check.nodes.values()):
        assert entry.checked is None or entry.checked.sum() == 3
        assert entry.error < 1e-7
    assert check.entries["dense1.bias"].checked is not None
    assert check.entries["dense2.bias"].checked is None
    chosen = check.entries["dense1.weight"].checked
    assert chosen is not None and chosen.flat[0] and chosen.flat[-1]


def test_noise_is_the_same_at_every_nudge() -> None:
    network = graph(
        Node("w", Parameter(size=(8,))),
        Node("drop1", Dropout(), {"x": ("w",)}),
        Node("f", Square(), {"x": ("drop1",)}),
    )
    weights = {"w.value": np.linspace(0.5, 1.5, 8)}
    check = gradient_check(network, {}, weights, wires=True, randomness=Randomness(1, 3))
    assert check.max_relative_error < 1e-7 and not check.blamed
    assert (check.entries["w.value"].analytic == 0).any()


def of_one(op: Op, x: float | list[float]) -> tuple[Graph, Check]:
    network = graph(Node("x", Input(), title="Size"), Node("f", op, {"x": ("x",)}))
    return network, gradient_check(network, {"x.value": np.array(x)}, {}, wires=True)


def test_a_kink_is_named_and_no_error() -> None:
    network, check = of_one(ReLU(), [0.0, 1.0, -1.0])
    assert check.max_relative_error < 1e-9 and not check.blamed
    (entry, kink), *_ = check.kinks
    assert entry.key == "x.value" and kink.place == (0,)
    assert (kink.below, kink.above, kink.taken) == pytest.approx((0, 1, 0))
    sentence = str(of_kink(network, entry, kink))
    assert sentence == (
        "Size (value[0]) is at a kink: moved down its slope is 0, moved up 1. The backward pass "
        "takes 0, which is a convention and no mistake."
    )


@pytest.mark.parametrize("op", [Abs(), LeakyReLU()])
def test_other_kinks_are_named_too(op: Op) -> None:
    _, check = of_one(op, 0.0)
    assert check.max_relative_error < 1e-9 and len(check.kinks) == 3
    _, check = of_one(op, 0.1)
    assert check.max_relative_error < 1e-9 and not check.kinks


def test_a_kink_within_the_nudge_is_looked_at_closer() -> None:
    _, check = of_one(ReLU(), 3e-6)
    assert check.max_relative_error < 1e-4 and not check.kinks and not check.blamed


class WrongAtKink(Op, hidden=True):
    """A ReLU whose slope at 0 is none that a ReLU has on either side."""

    def forward(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(x == 0, -3.0 * g, np.where(x > 0, g, 0.0))}


class TooSteep(Op, hidden=True):
    """A square whose slope is wrong where the curve bends most."""

    def forward(self, x: Array) -> Array:
        return np.asarray(1e4 * np.square(x))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (2e4 * x + 0.05)}


@pytest.mark.parametrize("op", [WrongAtKink(), TooSteep()])
def test_a_wrong_slope_is_not_excused_as_a_kink(op: Op) -> None:
    _, check = of_one(op, 0.0)
    assert not check.kinks and check.blamed == ("f",)


# Lecture 3: the error of the slope of the sigmoid neuron towards w0, at each nudge h; below 1e-9
# what is left is rounding, of which only the size is alike everywhere.
CURVE = {
    1e-1: (4.47882680852818e-03, 5.891839091398676e-05),
    1e-2: (4.5369483434389796e-04, 5.887639388246768e-07),
    1e-3: (4.542298105858489e-05, 5.887719312092088e-09),
    1e-4: (4.542829905473944e-06, 5.838229899524094e-11),
    1e-5: (4.5428484737874975e-07, 7.312067618059359e-12),
    1e-6: (4.5456320818537677e-08, 7.312039862483743e-12),
    1e-8: (4.600113512331916e-09, 9.510016107938668e-10),
    1e-10: (3.173645636289635e-07, 3.173645636289635e-07),
    1e-12: (8.564419633372289e-06, 8.564419633372289e-06),
    1e-15: (2.543267168354943e-02, 2.543267168354943e-02),
}


def test_the_error_falls_and_rises_again_with_the_nudge() -> None:
    network = graph(
        *(Node(id, Input()) for id in ("w0", "x0", "w1", "x1", "w2")),
        Node("p0", Multiply(), {"a": ("w0",), "b": ("x0",)}),
        Node("p1", Multiply(), {"a": ("w1",), "b": ("x1",)}),
        Node("s0", Add(), {"a": ("p0",), "b": ("p1",)}),
        Node("s1", Add(), {"a": ("s0",), "b": ("w2",)}),
        Node("f", Sigmoid(), {"x": ("s1",)}),
    )
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    given = {f"{id}.value": np.array(value) for id, value in values.items()}
    curve = error_curve(record(network, given, {}), "w0.value", (), list(CURVE))
    for point, (h, (one_sided, central)) in zip(curve, CURVE.items(), strict=True):
        assert point.h == h
        close = 1e-3 if h > 1e-4 else 0.2
        limit = 1e-11 if h >= 1e-6 else 30.0 * max(one_sided, 1e-16 / h)
        assert abs(point.forward_error - one_sided) <= close * one_sided + limit
        assert abs(point.central_error - central) <= close * central + limit
    best = min(curve, key=lambda point: point.central_error)
    assert best.h in (1e-5, 1e-6) and best.central_error < 1e-11
    assert min(curve, key=lambda point: point.forward_error).h == 1e-8


@pytest.mark.parametrize("typed", [False, True])
def test_the_compiled_way_and_the_plain_way_agree(
    typed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, given, weights = layered()
    if typed:
        nodes = [Node("x", Input()), Node("y", Input())]
        nodes += [Node("xy", Multiply(), {"a": ("x",), "b": ("y",)})]
        nodes += [Node("tanh", Tanh(), {"x": ("xy",)}), Node("sum", Sum(), {"x": ("tanh",)})]
        network, weights = Graph({node.id: node for node in nodes}), {}
        given = {"x.value": np.array([0.3, -1.2]), "y.value": np.array(0.7)}
    plain = gradient_check(network, given, weights)
    monkeypatch.setattr(check_module, "WORTH_A_PLAN", 1)
    quick = gradient_check(network, given, weights)
    assert quick.forward_passes == plain.forward_passes
    for key, entry in plain.entries.items():
        np.testing.assert_allclose(quick.entries[key].numeric, entry.numeric, atol=1e-9)
    assert quick.max_relative_error < 1e-7
