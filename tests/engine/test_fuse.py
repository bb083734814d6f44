"""Gates that do what one gate does become that gate; those that only nearly do, do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bpstudio.engine import run, shapes
from bpstudio.engine.formula import build
from bpstudio.engine.fuse import Fused, fuse
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.inside import inside_of, levels
from bpstudio.engine.op import Array, Kind, Op, catalog
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.source import Answers, Data, Input, Parameter
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError

RNG = np.random.default_rng(0)


def gate(name: str, **settings: Any) -> Op:
    """A gate of the catalog with these settings."""
    kind: Any = catalog[name]
    return kind(**settings)  # type: ignore[no-any-return]


def fused(graph: Graph, given: Mapping[str, Array], *ids: str, **weights: Array) -> Fused:
    values = {key.replace("__", "."): value for key, value in weights.items()}
    known = shapes.infer(graph, shapes.of_arrays(graph, {**given, **values}))
    return fuse(graph, values, ids, known)


def of_formula(text: str, *, keep: str = "") -> Fused:
    """The gates of a formula, all but those of `keep`, fused."""
    names = {"x": 0.7, "y": -1.3, "z": 2.1}
    given = {name: value for name, value in names.items() if name in text}
    built = build(text, given)
    gates = [id for id in built.graph.nodes if id not in built.variables and id not in keep.split()]
    return fused(built.graph, built.given, *gates)


@pytest.mark.parametrize(
    ("text", "op"),
    [
        ("1 / (1 + exp(-x))", catalog["sigmoid"]()),
        ("1 - 1 / (1 + exp(x))", catalog["sigmoid"]()),
        ("2 * sigmoid(2 * x) - 1", catalog["tanh"]()),
        ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", catalog["tanh"]()),
        ("x * x", catalog["square"]()),
        ("x if x > 0 else 0", catalog["relu"]()),
        ("x if x > 0 else 0.1 * x", gate("leaky_relu", slope=0.1)),
        ("x * sigmoid(x)", catalog["silu"]()),
        ("log(1 + exp(x))", catalog["softplus"]()),
        ("x - -y", catalog["add"]()),
        ("x + -1 * y", catalog["subtract"]()),
        ("x * (1 / y)", catalog["divide"]()),
        ("-(-x * y)", catalog["multiply"]()),
        ("exp(y * log(x))", catalog["power"]()),
        ("2 * (3 * x)", None),
        ("max(x, 0)", None),
        ("x * y + z", None),
    ],
)
def test_what_gates_do_together(text: str, op: Op | None) -> None:
    if op is None:
        with pytest.raises(GraphError, match="no gate that does what"):
            of_formula(text)
    else:
        assert of_formula(text).node.op == op


def test_the_lectures_neuron() -> None:
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    built = build("f = 1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))", values)
    chain = [
        id for id in built.graph.nodes if built.graph[id].op.name in ("exp", "shift", "negate")
    ]
    result = fused(built.graph, built.given, *chain, "f")
    assert result.node.op == catalog["sigmoid"]()
    assert result.node.id == "sigmoid1"
    before = run.record(built.graph, built.given, {})
    after = run.record(result.graph, built.given, {})
    assert after.values["sigmoid1"] == pytest.approx(0.7310585786300049, abs=1e-15)
    for id in values:
        np.testing.assert_allclose(after.gradients[id], before.gradients[id], rtol=1e-12)


@pytest.mark.parametrize("leave", ["exp1", "negate1"])
def test_a_part_of_the_chain_is_not_the_gate(leave: str) -> None:
    with pytest.raises(GraphError):
        of_formula("1 / (1 + exp(-x))", keep=leave)


def test_a_product_and_a_sum_with_parameters_are_a_layer() -> None:
    nodes = {
        "x": Node("x", Data()),
        "W": Node("W", Parameter(size=(2, 3))),
        "b": Node("b", Parameter(size=(3,))),
        "matmul1": Node("matmul1", catalog["matmul"](), {"a": ("x",), "b": ("W",)}),
        "add1": Node("add1", catalog["add"](), {"a": ("b",), "b": ("matmul1",)}),
        "relu1": Node("relu1", catalog["relu"](), {"x": ("add1",)}),
    }
    weights = {"W__value": RNG.normal(size=(2, 3)), "b__value": RNG.normal(size=3)}
    given = {"x.rows": RNG.normal(size=(4, 2))}
    result = fused(Graph(nodes), given, "W", "b", "matmul1", "add1", **weights)
    assert result.node == Node("dense1", Dense(units=3), {"x": ("x",)})
    assert result.weights.keys() == {"dense1.weight", "dense1.bias"}
    np.testing.assert_array_equal(result.weights["dense1.weight"], weights["W__value"])
    assert list(result.graph.nodes) == ["x", "dense1", "relu1"]
    shared = fused(Graph(nodes), given, "matmul1", "add1", **weights)
    assert shared.node.sources == {"x": ("x",), "weight": ("W",), "bias": ("b",)}


@pytest.mark.parametrize(
    "op",
    [
        *(catalog[name]() for name in ("sigmoid", "tanh", "relu", "softmax", "silu", "softplus")),
        *(catalog[name]() for name in ("squared_error", "binary_cross_entropy", "cross_entropy")),
        *(catalog[name]() for name in ("absolute_error", "hinge", "layer_norm", "prelu", "dot")),
        *(gate("leaky_relu", slope=0.3), gate("elu", alpha=1.5)),
        Dense(units=2),
    ],
    ids=lambda op: op.name,
)
def test_whatever_was_opened_is_recognised(op: Op) -> None:
    arguments = {port.name: Shape((3,), True) for port in op.ports}
    rest = {p.name: arguments[p.name] for p in op.ports if p.kind is not Kind.WEIGHT}
    arguments |= {k: Shape(axes) for k, axes in op.weight_shapes(**rest).items()}
    made = inside_of(Node("gate1", op), arguments, levels(op)[-2 if op.name == "dense" else -1])
    assert made is not None
    given = {f"{id}.rows": RNG.uniform(0.1, 0.9, (4, 3)) for id in made.stands.values()}
    weights = {
        key.replace(".", "__"): RNG.normal(size=held.piece)
        for held in made.held.values()
        for key in held.keys
    }
    result = fused(Graph(made.nodes), given, *made.members, **weights)
    assert result.node.op == op


def test_answers_become_the_losss_own() -> None:
    nodes = {
        "x": Node("x", Data()),
        "answers1": Node("answers1", Answers(columns=2)),
        "subtract1": Node("subtract1", catalog["subtract"](), {"a": ("x",), "b": ("answers1",)}),
        "square1": Node("square1", catalog["square"](), {"x": ("subtract1",)}),
        "mean1": Node("mean1", catalog["mean"](), {"x": ("square1",)}),
    }
    given = {"x.rows": np.ones((4, 2)), "answers1.rows": np.zeros((4, 2))}
    result = fused(Graph(nodes), given, *list(nodes)[1:])
    assert result.node == Node("loss1", catalog["squared_error"](), {"prediction": ("x",)})


def test_answers_are_read_by_losses_alone() -> None:
    nodes = {
        "x": Node("x", Data()),
        "answers1": Node("answers1", Answers(columns=2)),
        "negate1": Node("negate1", catalog["negate"](), {"x": ("answers1",)}),
        "add1": Node("add1", catalog["add"](), {"a": ("x",), "b": ("negate1",)}),
    }
    given = {"x.rows": np.ones((4, 2)), "answers1.rows": np.zeros((4, 2))}
    assert fused(Graph(nodes), given, "negate1", "add1").node.op == catalog["subtract"]()
    with pytest.raises(GraphError, match="no gate that does what"):
        fused(Graph(nodes), given, "answers1", "negate1", "add1")


def test_what_has_several_results_is_no_gate() -> None:
    built = build("exp(x) + sigmoid(exp(x) + 1)", {"x": 1.0})
    with pytest.raises(GraphError, match="2 of these gates give a value"):
        fused(built.graph, built.given, "exp2", "exp1")


def test_what_is_not_connected_says_so() -> None:
    graph = Graph({"a": Node("a", Input()), "e": Node("e", catalog["exp"]())})
    with pytest.raises(GraphError, match="gives nothing yet"):
        fuse(graph, {}, ["e"], {"a": Shape(())})


def test_ids_that_are_taken_are_not_used() -> None:
    built = build("x * x", {"x": 1.0})
    known = {id: Shape(()) for id in built.graph.nodes}
    assert fuse(built.graph, {}, ["multiply1"], known, ["square1"]).node.id == "square2"
