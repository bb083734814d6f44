"""Every gate that can be opened, opened at every level: the same numbers on every boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from bpstudio.engine import run, shapes
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.inside import (
    GATES,
    MATRICES,
    MOST_NEURONS,
    MOST_WEIGHTS,
    NEURONS,
    does_the_same,
    inside_of,
    levels,
    stand_for,
    stand_key,
)
from bpstudio.engine.op import Array, Kind, Op, catalog
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Softmax, Tanh
from bpstudio.engine.ops.custom import Formula
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import CrossEntropy
from bpstudio.engine.ops.source import Answers, Input, Parameter
from bpstudio.engine.shapes import Shape
from bpstudio.engine.unfold import Group, fold, unfold
from bpstudio.errors import GraphError, StudioError
from tests.engine.test_every_op import CASES, Case, smooth

OPENED = {
    *("sigmoid", "tanh", "relu", "softmax", "leaky_relu", "prelu", "elu", "silu", "softplus"),
    *("hard_sigmoid", "formula", "dense", "layer_norm", "dot", "l1_norm", "l2_norm"),
    *("squared_error", "absolute_error", "huber", "hinge", "multiclass_hinge"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("cross_entropy", "cross_entropy_from_probabilities"),
}
"""What is made of smaller gates; all else has to say that it is not."""
TOLERANCE = 1e-12
"""How far values and gradients on a boundary may be, relative to the largest of an array."""


def gate(name: str, **settings: Any) -> Op:
    """A gate of the catalog with these settings."""
    kind: Any = catalog[name]
    return kind(**settings)  # type: ignore[no-any-return]


class Network(NamedTuple):
    """A gate between what feeds it and what reads it, with all that running it takes."""

    graph: Graph
    given: dict[str, Array]
    weights: dict[str, Array]
    seed: dict[str, Array]


def network(case: Case, rng: np.random.Generator) -> Network:
    values = smooth(case.op, case.shapes, rng)
    nodes: dict[str, Node] = {}
    given: dict[str, Array] = {}
    weights: dict[str, Array] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for port in case.op.ports:
        value = values[port.name]
        if port.kind is Kind.WEIGHT:
            weights[f"gate1.{port.name}"] = value
            continue
        id = f"from_{port.name}"
        nodes[id] = stand_for(id, Shape(value.shape))
        given[stand_key(nodes[id])] = value
        sources[port.name] = (id,)
    nodes["gate1"] = Node("gate1", case.op, sources, "A gate")
    nodes["after"] = Node("after", catalog["scale"](), {"x": ("gate1",)})
    output = np.asarray(case.op.forward(*values.values()))
    return Network(Graph(nodes), given, weights, {"after": rng.uniform(0.5, 1.5, output.shape)})


def arguments(network: Network, id: str) -> dict[str, Shape]:
    given = shapes.of_arrays(network.graph, {**network.given, **network.weights})
    outputs = shapes.infer(network.graph, given)
    return shapes.argument_shapes(network.graph, network.graph[id], outputs, given)


def opened(network: Network, id: str, level: str = "") -> tuple[Network, Group]:
    made = unfold(network.graph, network.weights, id, arguments(network, id), level)
    return network._replace(graph=made.graph, weights=dict(made.weights)), made.group


def closed(network: Network, group: Group) -> Network:
    given = shapes.of_arrays(network.graph, {**network.given, **network.weights})
    outputs = shapes.infer(network.graph, given)
    known = {port: Shape(held.shape) for port, held in group.held.items()}
    for port, readings in group.inputs.items():
        member, reading = readings[0]
        known[port] = outputs[network.graph[member].sources[reading][0]]
    graph, weights = fold(network.graph, network.weights, group, known)
    return network._replace(graph=graph, weights=dict(weights))


def ran(network: Network) -> run.Recording:
    return run.record(network.graph, network.given, network.weights, seed=network.seed)


def near(have: Array, wanted: Array) -> bool:
    largest = float(np.max(np.abs(wanted), initial=1e-3))
    return have.shape == wanted.shape and bool((abs(have - wanted) <= TOLERANCE * largest).all())


def same_boundary(one: Network, other: Network, output: str) -> None:
    """All values and gradients that both networks have, and the opened gate's own."""
    before, after = ran(one), ran(other)
    for id in one.graph.nodes:
        inner = id if id in after.values else output
        assert near(after.values[inner], before.values[id]), id
        if id in before.gradients and id != "gate1":
            zero = np.zeros_like(before.gradients[id])
            assert near(after.gradients.get(inner, zero), before.gradients[id]), id
    assert near(after.gradients[output], before.gradients["gate1"])


def cases() -> Iterator[tuple[Case, str]]:
    for case in CASES:
        if case.op.name not in OPENED:
            continue
        for level in levels(case.op):
            if case.op.name == "dense" and level == MATRICES and len(case.shapes["x"]) > 2:
                continue
            if case.op.name in ("l1_norm", "l2_norm") and (
                case.op.settings["axis"] is not None or not case.shapes["x"]
            ):
                continue
            yield case, level


@pytest.mark.parametrize(
    ("case", "level"), list(cases()), ids=lambda each: each if isinstance(each, str) else str(each)
)
def test_the_boundary_stays_the_same_and_closing_gives_it_all_back(case: Case, level: str) -> None:
    rng = np.random.default_rng([7, *str(case).encode()])
    whole = network(case, rng)
    parts, group = opened(whole, "gate1", level)
    assert "gate1" not in parts.graph.nodes
    assert len(group.members) > 1
    same_boundary(whole, parts, group.output)
    again = closed(parts, group)
    assert again.graph == whole.graph
    assert list(again.graph.nodes) == list(whole.graph.nodes)
    assert again.weights.keys() == whole.weights.keys()
    for key, weight in whole.weights.items():
        np.testing.assert_array_equal(again.weights[key], weight)


def test_every_gate_can_be_opened_or_says_that_it_is_whole() -> None:
    found = set()
    for case in CASES:
        node = Node("gate1", case.op)
        known = {name: Shape(axes) for name, axes in case.shapes.items()}
        for level in levels(case.op):
            if inside_of(node, known, level) is not None:
                found.add(case.op.name)
    assert found == OPENED


def test_sigmoid_is_the_lectures_chain() -> None:
    whole = network(Case(Sigmoid(), {"x": ()}), np.random.default_rng(0))
    parts, group = opened(whole, "gate1")
    assert [parts.graph[m].op.face for m in group.members] == ["×(−1)", "exp", "+1", "1/x"]
    assert group.members == ("negate1", "exp1", "shift1", "reciprocal1")
    assert group.inputs == {"x": (("negate1", "x"),)}
    assert parts.graph["after"].sources == {"x": ("reciprocal1",)}


def test_equal_parts_are_one_gate_that_forks() -> None:
    made = inside_of(Node("s", Softmax()), {"x": Shape((3,), True)}, GATES)
    assert made is not None
    faces = [made.nodes[id].op.name for id in made.members]
    assert faces == ["exp", "sum", "reshape", "divide"]


def test_what_is_opened_can_be_opened_further() -> None:
    whole = network(
        Case(CrossEntropy(), {"prediction": (4, 3), "target": (4, 3)}), np.random.default_rng(1)
    )
    outer, group = opened(whole, "gate1")
    inner, within = opened(outer, "softmax1")
    same_boundary(whole, inner, group.output)
    assert closed(closed(inner, within), group).graph == whole.graph


def test_a_layer_by_neurons_and_a_neuron_by_gates() -> None:
    shape = {"x": (4, 2), "weight": (2, 3), "bias": (3,)}
    whole = network(Case(Dense(units=3), shape), np.random.default_rng(2))
    neurons, group = opened(whole, "gate1", NEURONS)
    assert [neurons.graph[m].op.name for m in group.members] == ["dense"] * 3 + ["concatenate"]
    np.testing.assert_array_equal(
        neurons.weights["dense2.weight"], whole.weights["gate1.weight"][:, 1:2]
    )
    gates, within = opened(neurons, "dense2", GATES)
    same_boundary(whole, gates, group.output)
    assert sum(node.op.name == "multiply" for node in gates.graph.nodes.values()) == 2
    back = closed(closed(gates, within), group)
    assert back.graph == whole.graph
    np.testing.assert_array_equal(back.weights["gate1.weight"], whole.weights["gate1.weight"])


def test_weights_that_changed_inside_come_back_changed() -> None:
    shape = {"x": (4, 2), "weight": (2, 3), "bias": (3,)}
    for level in (NEURONS, MATRICES, GATES):
        whole = network(Case(Dense(units=3), shape), np.random.default_rng(3))
        parts, group = opened(whole, "gate1", level)
        doubled = {key: 2 * weight for key, weight in parts.weights.items()}
        back = closed(parts._replace(weights=doubled), group)
        for key, weight in whole.weights.items():
            np.testing.assert_array_equal(back.weights[key], 2 * weight)


def test_a_shared_weight_stays_shared() -> None:
    nodes = {
        "x": Node("x", Input()),
        "w": Node("w", Parameter(size=(2, 2))),
        "gate1": Node("gate1", Dense(units=2), {"x": ("x",), "weight": ("w",)}),
        "after": Node("after", Dense(units=2), {"x": ("gate1",), "weight": ("w",)}),
    }
    rng = np.random.default_rng(4)
    weights = {"w.value": rng.normal(size=(2, 2))}
    weights |= {"gate1.bias": rng.normal(size=2), "after.bias": rng.normal(size=2)}
    whole = Network(Graph(nodes), {"x.value": np.ones((3, 2))}, weights, {"after": np.ones((3, 2))})
    parts, group = opened(whole, "gate1", MATRICES)
    assert group.held.keys() == {"bias"}
    same_boundary(whole, parts, group.output)
    assert closed(parts, group).graph == whole.graph


@pytest.mark.parametrize(
    ("op", "level", "says"),
    [
        (catalog["exp"](), "", "nothing smaller"),
        (catalog["gelu"](), "", "nothing smaller"),
        (gate("l1_norm", axis=-1), "", "nothing smaller"),
        (catalog["max"](), GATES, "nothing smaller"),
        (catalog["concatenate"](), "", "nothing smaller"),
        (Tanh(), NEURONS, "nothing smaller"),
        (Dense(units=MOST_NEURONS + 1), NEURONS, f"up to {MOST_NEURONS}"),
        (Dense(units=MOST_WEIGHTS), GATES, f"up to {MOST_WEIGHTS}"),
    ],
)
def test_what_can_not_be_opened(op: Op, level: str, says: str) -> None:
    nodes = {"x": Node("x", Input()), "g": Node("g", op, {p.name: ("x",) for p in op.ports[:1]})}
    known = {port.name: Shape((2,), True) for port in op.ports}
    if isinstance(op, Dense):
        known |= {"weight": Shape((2, op.units)), "bias": Shape((op.units,))}
    with pytest.raises(StudioError, match=says):
        unfold(Graph(nodes), {}, "g", known, level)


def test_what_was_changed_inside_can_not_be_closed() -> None:
    whole = network(Case(Sigmoid(), {"x": (3,)}), np.random.default_rng(5))
    parts, group = opened(whole, "gate1")
    nodes = dict(parts.graph.nodes)
    other = replace(nodes["shift1"], op=gate("shift", offset=2.0))
    with pytest.raises(GraphError, match="no longer do what Sigmoid does"):
        closed(parts._replace(graph=Graph({**nodes, "shift1": other})), group)
    fed = replace(nodes["shift1"], sources={"x": ("from_x",)})
    with pytest.raises(GraphError, match="no longer do what Sigmoid does"):
        closed(parts._replace(graph=Graph({**nodes, "shift1": fed})), group)
    tapped = Node("tap", catalog["negate"](), {"x": ("exp1",)})
    with pytest.raises(GraphError, match="exp1 lies within A gate and feeds tap"):
        closed(parts._replace(graph=Graph({**nodes, "tap": tapped})), group)


def test_a_changed_form_of_the_same_can_be_closed() -> None:
    whole = network(Case(Sigmoid(), {"x": (3,)}), np.random.default_rng(6))
    parts, group = opened(whole, "gate1")
    nodes = dict(parts.graph.nodes)
    other = replace(nodes["negate1"], op=gate("scale", factor=-1.0))
    assert (
        closed(parts._replace(graph=Graph({**nodes, "negate1": other})), group).graph == whole.graph
    )


def test_another_wire_to_the_group_is_the_closed_gates() -> None:
    whole = network(Case(Formula(text="x * sigmoid(x)"), {"x": (3,)}), np.random.default_rng(7))
    parts, group = opened(whole, "gate1")
    nodes = {"other": Node("other", Input()), **parts.graph.nodes}
    one = {**nodes, "sigmoid1": replace(nodes["sigmoid1"], sources={"x": ("other",)})}
    given = {**parts.given, "other.value": np.ones(3)}
    with pytest.raises(GraphError, match="no longer"):
        closed(parts._replace(graph=Graph(one), given=given), group)
    multiply = nodes["multiply1"]
    both = {**one, "multiply1": replace(multiply, sources={**multiply.sources, "a": ("other",)})}
    again = closed(parts._replace(graph=Graph(both), given=given), group)
    assert again.graph["gate1"].sources == {"x": ("other",)}


def test_kinks_are_looked_at() -> None:
    """max(x, 0) gives ReLU's values, but half a slope at 0: it is not what ReLU is made of."""
    nodes = {"x": stand_for("x", Shape((3,))), "zero": Node("zero", gate("constant", value=0.0))}
    nodes["max"] = Node("max", catalog["max"](), {"a": ("x",), "b": ("zero",)})
    made = inside_of(Node("r", ReLU()), {"x": Shape((3,))}, GATES)
    assert made is not None
    wrong = replace(made, nodes=nodes, output="max", stands={"x": "x"})
    assert not does_the_same(ReLU(), wrong, {"x": Shape((3,))})
    assert does_the_same(ReLU(), made, {"x": Shape((3,))})


def test_a_loss_without_wired_answers_reads_them_itself() -> None:
    nodes = {"x": Node("x", catalog["data"]())}
    nodes["loss1"] = Node("loss1", catalog["squared_error"](), {"prediction": ("x",)})
    known = {"prediction": Shape((2,), True), "target": Shape((2,), True)}
    made = unfold(Graph(nodes), {}, "loss1", known)
    ops = [made.graph[m].op for m in made.group.members]
    assert Answers(columns=2) in ops
    graph, _ = fold(made.graph, {}, made.group, known)
    assert graph == Graph(nodes)
