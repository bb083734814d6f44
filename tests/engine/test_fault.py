"""Planted faults: they are what their names say, and the gradient check finds each at its gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpstudio.engine.check import check_recording
from bpstudio.engine.fault import Fault, Plant, plantable, planted, record
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Op
from bpstudio.engine.ops.activation import ReLU, Softmax
from bpstudio.engine.ops.arithmetic import Add, Max, Multiply, Subtract
from bpstudio.engine.ops.layer import Dense, MatMul
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.ops.reduction import Mean, Sum
from bpstudio.engine.ops.reshape import Concatenate
from bpstudio.engine.ops.source import Data, Input, Parameter
from bpstudio.engine.reverse_mode import gradients
from bpstudio.engine.run import Recording
from bpstudio.engine.run import record as rightly
from bpstudio.errors import GraphError
from tests.engine.test_plan import random_network, recorded

GRAPHS = 20
"""On so many random networks each fault must be found."""


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def of_one(op: Op) -> Graph:
    return graph(Node("x", Input()), Node("f", op, {op.ports[0].name: ("x",)}))


def of_two(op: Op) -> Graph:
    return graph(Node("x", Input()), Node("y", Input()), Node("f", op, {"a": ("x",), "b": ("y",)}))


def faulty(
    network: Graph, fault: Fault, node: str = "f", **given: float | list[float]
) -> dict[str, Any]:
    """What arrives at each node of a network of typed values, with that fault."""
    values = {f"{id}.value": np.array(value) for id, value in given.items()}
    found = record(network, values, {}, Plant(fault, node)).gradients
    return {id: gradient.tolist() for id, gradient in found.items()}


def test_overwriting_keeps_the_gradient_that_comes_last() -> None:
    network = graph(
        Node("x", Input()),
        Node("y", Input()),
        Node("q", Add(), {"a": ("x",), "b": ("y",)}),
        Node("f", Multiply(), {"a": ("q",), "b": ("x",)}),
    )
    # Right is 3 + (-2): the product brings 3 back first, the sum -2 after it.
    assert faulty(network, Fault.OVERWRITE, "x", x=-2.0, y=5.0)["x"] == -2
    square = graph(Node("x", Input()), Node("f", Multiply(), {"a": ("x",), "b": ("x",)}))
    assert faulty(square, Fault.OVERWRITE, "x", x=3.0)["x"] == 3
    joined = graph(
        Node("x", Input()),
        Node("n1", Concatenate(), {"parts": ("x", "x")}),
        Node("w", Input()),
        Node("f", Multiply(), {"a": ("n1",), "b": ("w",)}),
    )
    found = faulty(joined, Fault.OVERWRITE, "x", x=[1.0], w=[5.0, 7.0])
    assert found["x"] == [7]


def test_gradients_that_are_not_cleared_are_doubled() -> None:
    network = of_two(Multiply())
    values = {"x.value": np.array(3.0), "y.value": np.array(4.0)}
    found = record(network, values, {}, Plant(Fault.NOT_CLEARED, "x"))
    assert gradients(found.backward)["x", "value", 0] == 8
    assert gradients(found.backward)["y", "value", 0] == 3
    assert found.gradients["x"] == 4


def test_a_relu_without_its_mask() -> None:
    assert faulty(of_one(ReLU()), Fault.NO_MASK, x=[-1.0, 2.0])["x"] == [1, 1]


def test_a_mean_without_its_share() -> None:
    assert faulty(of_one(Mean()), Fault.NOT_AVERAGED, x=[1.0, 2.0, 4.0, 5.0])["x"] == [1] * 4
    assert faulty(of_one(Mean(axis=-1)), Fault.NOT_AVERAGED, x=[1.0, 2.0])["x"] == [1, 1]


def test_a_loss_without_its_share() -> None:
    network = graph(
        Node("data1", Data()), Node("loss1", SquaredError(), {"prediction": ("data1",)})
    )
    given = {"data1.rows": np.full((4, 2), 3.0), "loss1.target": np.ones((4, 2))}
    found = record(network, given, {}, Plant(Fault.NOT_AVERAGED, "loss1"))
    np.testing.assert_array_equal(found.gradients["data1"], np.full((4, 2), 4 * 2 * 2 / 8))


def test_the_lecture_s_matrix_without_its_transpose() -> None:
    network = graph(
        Node("w", Input()),
        Node("x", Input()),
        Node("q", MatMul(), {"a": ("w",), "b": ("x",)}),
        Node("sq", Multiply(), {"a": ("q",), "b": ("q",)}),
        Node("f", Sum(), {"x": ("sq",)}),
    )
    given = {"w.value": np.array([[0.1, 0.5], [-0.3, 0.8]]), "x.value": np.array([0.2, 0.4])}
    right = rightly(network, given, {})
    np.testing.assert_allclose(right.gradients["x"], [-0.112, 0.636])
    found = planted(right, Plant(Fault.NOT_TRANSPOSED, "q"))
    np.testing.assert_allclose(found.gradients["x"], [0.304, 0.284])
    np.testing.assert_array_equal(found.gradients["w"], right.gradients["w"])


def test_a_square_layer_without_its_transpose() -> None:
    network = graph(Node("x", Input()), Node("f", Dense(units=2), {"x": ("x",)}))
    weights = {"f.weight": np.array([[1.0, 2.0], [3.0, 4.0]]), "f.bias": np.zeros(2)}
    given = {"x.value": np.array([1.0, 1.0])}
    found = record(network, given, weights, Plant(Fault.NOT_TRANSPOSED, "f"))
    assert found.gradients["x"].tolist() == [4, 6]
    assert found.weight_gradients["f.weight"].tolist() == [[1, 1], [1, 1]]


def test_a_wrong_sign_is_at_the_last_port() -> None:
    found = faulty(of_two(Subtract()), Fault.WRONG_SIGN, x=1.0, y=2.0)
    assert (found["x"], found["y"]) == (1, 1)


@pytest.mark.parametrize(("x", "y"), [(4.0, 2.0), (2.0, 4.0), (3.0, 3.0)])
def test_max_to_both_sides(x: float, y: float) -> None:
    found = faulty(of_two(Max()), Fault.BOTH_SIDES, x=x, y=y)
    assert (found["x"], found["y"]) == (1, 1)


def test_the_recording_shows_the_gates_of_the_graph() -> None:
    recording = recorded(random_network(3))
    for plant in plantable(recording):
        found = planted(recording, plant)
        assert found.forward is recording.forward and found.graph is recording.graph
        for step in found.backward:
            node = recording.graph[step.node]
            assert step.op is node.op and step.sources == node.sources


def test_what_can_not_be_planted_is_refused() -> None:
    network, values = of_two(Add()), {"x.value": np.array(1.0), "y.value": np.array(1.0)}
    assert set(plantable(rightly(network, values, {}))) == {
        Plant(Fault.NOT_CLEARED, "x"),
        Plant(Fault.NOT_CLEARED, "y"),
        Plant(Fault.WRONG_SIGN, "f"),
    }
    with pytest.raises(GraphError, match=r"f \(Add\) can't have this fault"):
        record(network, values, {}, Plant(Fault.NO_MASK, "f"))
    one = {"x.value": np.array([1.0])}
    assert Plant(Fault.NOT_AVERAGED, "f") not in plantable(rightly(of_one(Mean()), one, {}))


def test_a_parameter_and_a_layer_can_keep_old_gradients() -> None:
    network = graph(Node("w", Parameter(size=(2, 2))), Node("f", Softmax(), {"x": ("w",)}))
    plants = plantable(rightly(network, {}, {"w.value": np.eye(2)}))
    assert Plant(Fault.NOT_CLEARED, "w") in plants


def test_a_tie_does_not_hide_that_max_passes_to_both_sides() -> None:
    network = graph(
        Node("x", Input()),
        Node("y", Add(), {"a": ("x",), "b": ("x",)}),
        Node("z", Add(), {"a": ("x",), "b": ("x",)}),
        Node("f", Max(), {"a": ("y",), "b": ("z",)}),
    )
    right = rightly(network, {"x.value": np.array([1.0, 2.0])}, {})
    assert not check_recording(right).blamed
    # Each side alone is at a kink, where 1 is as good as 1/2; only their sum is wrong.
    assert check_recording(planted(right, Plant(Fault.BOTH_SIDES, "f"))).blamed == ("f",)


def test_every_fault_is_explained() -> None:
    assert all(fault.title and fault.explanation.endswith(".") for fault in Fault)
    assert len({fault.title for fault in Fault}) == len(Fault)


def difference(right: Recording, wrong: Recording) -> float:
    """The largest change that the fault makes, relative to the tensor that it changes."""
    before, after = gradients(right.backward), gradients(wrong.backward)
    changes = [
        float(np.abs(before[place] - after[place]).max(initial=0.0))
        / max(1e-3, float(np.abs(before[place]).max(initial=0.0)))
        for place in before.keys() & after.keys()
    ]
    return max(changes)


def small(recording: Recording) -> bool:
    """Whether checking all its wires is quick."""
    return len(recording.forward) <= 25 and all(v.size <= 60 for v in recording.values.values())


def square_network(seed: int) -> Recording:
    """Square layers and products, of which random networks have few."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    network = graph(
        Node("data1", Data()),
        Node("dense1", Dense(units=n), {"x": ("data1",)}),
        Node("w", Parameter(size=(n, n))),
        Node("product", MatMul(), {"a": ("dense1",), "b": ("w",)}),
        Node("relu1", ReLU(), {"x": ("product",)}),
        Node("dense2", Dense(units=n), {"x": ("relu1",)}),
        Node("add1", Add(), {"a": ("dense2",), "b": ("dense1",)}),
        Node("f", Mean(), {"x": ("add1",)}),
    )
    sizes = {"dense1.weight": (n, n), "dense1.bias": (n,), "w.value": (n, n)}
    sizes |= {"dense2.weight": (n, n), "dense2.bias": (n,)}
    weights = {key: np.array(rng.normal(size=size)) for key, size in sizes.items()}
    return rightly(network, {"data1.rows": rng.normal(size=(3, n))}, weights)


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
def test_the_gradient_check_finds_each_fault_at_its_gate(fault: Fault) -> None:
    found = 0
    for seed in range(3000):
        squares = fault is Fault.NOT_TRANSPOSED
        recording = square_network(seed) if squares else recorded(random_network(seed))
        choices = [plant for plant in plantable(recording) if plant.fault is fault]
        if not choices or not small(recording):
            continue
        plant = choices[int(np.random.default_rng(seed).integers(len(choices)))]
        wrong = planted(recording, plant)
        right = check_recording(recording, most=12)
        assert not right.blamed, seed
        if right.kinks or difference(recording, wrong) < 1e-2:
            # At a kink what is taken is a convention; and a mask where all inputs are positive,
            # say, changes nothing.
            continue
        assert check_recording(wrong, most=12).blamed == (plant.node,), (seed, plant)
        found += 1
        if found == GRAPHS:
            break
    assert found == GRAPHS
