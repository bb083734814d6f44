"""Shapes before running, and the sentences where they clash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpstudio.engine import shapes
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Kind, Op, setting
from bpstudio.engine.ops.activation import Softmax, Tanh
from bpstudio.engine.ops.arithmetic import Add, Multiply
from bpstudio.engine.ops.layer import Dense, MatMul
from bpstudio.engine.ops.loss import CrossEntropy, SquaredError
from bpstudio.engine.ops.reduction import Sum
from bpstudio.engine.ops.source import Data, Input, Parameter
from bpstudio.engine.shapes import Shape, broadcast
from bpstudio.errors import GraphError, ShapeError, StudioError

ROWS = 5


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def layered() -> Graph:
    return graph(
        Node("data1", Data()),
        Node("dense1", Dense(units=4), {"x": ("data1",)}),
        Node("tanh1", Tanh(), {"x": ("dense1",)}, title="Squash"),
        Node("dense2", Dense(units=2), {"x": ("tanh1",)}, title="Out"),
        Node("loss1", SquaredError(), {"prediction": ("dense2",)}, title="Loss"),
    )


GIVEN = {"data1.rows": Shape((3,), True), "loss1.target": Shape((2,), True)}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Shape(()), Shape(())),
        (Shape((3,)), Shape(())),
        (Shape((2, 1)), Shape((3,))),
        (Shape((3,), True), Shape((3,))),
        (Shape((3,), True), Shape((1,))),
        (Shape((3,), True), Shape(())),
        (Shape((3,), True), Shape((3,), True)),
        (Shape((), True), Shape(())),
        (Shape((2, 3), True), Shape((3,))),
        (Shape((1, 3), True), Shape((2, 1))),
        (Shape((2, 3), True), Shape((1, 3), True)),
    ],
)
def test_broadcasting_says_what_numpy_does(a: Shape, b: Shape) -> None:
    made = np.broadcast_shapes(a.array(ROWS), b.array(ROWS))
    for shape in (broadcast(a, b), broadcast(b, a)):
        assert shape.array(ROWS) == made
        assert shape.batched == (a.batched or b.batched)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Shape((3,), True), Shape((), True)),
        (Shape((3,), True), Shape((2, 3))),
        (Shape((), True), Shape((ROWS,))),
        (Shape((ROWS,), True), Shape((ROWS, ROWS))),
        (Shape((ROWS,), True), Shape((), True)),
    ],
)
def test_a_batch_never_meets_features(a: Shape, b: Shape) -> None:
    for pair in ((a, b), (b, a)):
        with pytest.raises(ShapeError, match="batch axis n against a feature axis"):
            broadcast(*pair)


def test_axes_that_differ_clash() -> None:
    with pytest.raises(ShapeError, match=r"\(2\), \(n × 3\)"):
        broadcast(Shape((2,)), Shape((3,), True))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(()), "1"),
        (Shape((3,)), "3"),
        (Shape((2, 3)), "2 × 3"),
        (Shape((), True), "n"),
        (Shape((2, 3), True), "n × 2 × 3"),
    ],
)
def test_shapes_are_said_in_few_signs(shape: Shape, said: str) -> None:
    assert str(shape) == said


def test_every_shape_of_a_network_is_known_before_it_runs() -> None:
    assert shapes.infer(layered(), GIVEN) == {
        "data1": Shape((3,), True),
        "dense1": Shape((4,), True),
        "tanh1": Shape((4,), True),
        "dense2": Shape((2,), True),
        "loss1": Shape(()),
    }


def test_a_layer_says_what_it_expects_and_what_feeds_it() -> None:
    trained = {**GIVEN, "dense2.weight": Shape((3, 2)), "dense2.bias": Shape((2,))}
    with pytest.raises(ShapeError) as caught:
        shapes.infer(layered(), trained)
    assert caught.value.nodes == ("dense2",)
    assert str(caught.value) == (
        "Out expects 3 numbers per row, but Squash gives 4. Reconnect it, or reset its weights."
    )


def test_a_weight_of_another_width_says_so() -> None:
    with pytest.raises(ShapeError, match=r"Out needs a weight of shape \(4 × 2\).*\(4 × 7\)"):
        shapes.infer(layered(), {**GIVEN, "dense2.weight": Shape((4, 7))})
    with pytest.raises(ShapeError, match=r"Out needs a bias of shape \(2\).*\(7\)"):
        shapes.infer(layered(), {**GIVEN, "dense2.bias": Shape((7,))})


def test_a_parameter_on_a_wire_has_to_fit_too() -> None:
    def shared(size: tuple[int, ...]) -> Graph:
        return graph(
            Node("data1", Data()),
            Node("w", Parameter(size=size)),
            Node("dense1", Dense(units=2), {"x": ("data1",), "weight": ("w",)}),
        )

    assert shapes.infer(shared((3, 2)), GIVEN)["dense1"] == Shape((2,), True)
    with pytest.raises(ShapeError, match="dense1 expects 5 numbers per row, but data1 gives 3"):
        shapes.infer(shared((5, 2)), GIVEN)


def test_the_shape_of_a_parameter_may_be_given_and_is_then_checked() -> None:
    network = graph(Node("w", Parameter(size=(2,))))
    assert shapes.infer(network, {"w.value": Shape((2,))})["w"] == Shape((2,))
    with pytest.raises(ShapeError, match=r"w needs a value of shape \(2\).*\(3\)"):
        shapes.infer(network, {"w.value": Shape((3,))})


def test_answers_are_never_broadcast_against_predictions() -> None:
    with pytest.raises(ShapeError, match=r"Loss compares \(n × 2\) from Out with.*\(n\)"):
        shapes.infer(layered(), {**GIVEN, "loss1.target": Shape((), True)})


@pytest.mark.parametrize("loss", [CrossEntropy(), Softmax()])
def test_what_needs_a_row_refuses_a_number(loss: Op) -> None:
    port = loss.ports[0].name
    network = graph(
        Node("data1", Data()),
        Node("sum1", Sum(axis=-1), {"x": ("data1",)}),
        Node("end", loss, {port: ("sum1",)}),
    )
    with pytest.raises(ShapeError, match=r"^end needs .*but sum1 gives one"):
        shapes.infer(network, {**GIVEN, "end.target": Shape((), True)})


def test_a_product_the_wrong_way_round_says_how() -> None:
    network = graph(
        Node("data1", Data()),
        Node("w", Input()),
        Node("product", MatMul(), {"a": ("w",), "b": ("data1",)}),
    )
    with pytest.raises(ShapeError, match=r"data1 gives rows of \(3\)\. Write x @ W"):
        shapes.infer(network, {**GIVEN, "w.value": Shape((2, 3))})


def test_a_clash_names_its_node() -> None:
    network = graph(
        Node("x", Input()), Node("y", Input()), Node("f", Add(), {"a": ("x",), "b": ("y",)})
    )
    with pytest.raises(ShapeError, match=r"^f: the shapes \(2\), \(3\) do not fit") as caught:
        shapes.infer(network, {"x.value": Shape((2,)), "y.value": Shape((3,))})
    assert caught.value.nodes == ("f",)


def test_what_nobody_gave_is_asked_for() -> None:
    with pytest.raises(GraphError, match="Loss has no value for target yet"):
        shapes.infer(layered(), {"data1.rows": Shape((3,), True)})
    with pytest.raises(GraphError, match="data1 has no value for rows yet"):
        shapes.infer(layered(), {})
    with pytest.raises(GraphError, match="f has nothing at its port x"):
        shapes.infer(graph(Node("f", Tanh())), {})


def test_a_network_half_built_has_the_shapes_that_are_known() -> None:
    network = graph(
        *layered().nodes.values(),
        Node("open", Tanh()),
        Node("after", Tanh(), {"x": ("open",)}),
        Node("clash", Multiply(), {"a": ("dense1",), "b": ("dense2",)}),
    )
    known = shapes.known(network, {"data1.rows": Shape((3,), True)})
    assert set(known) == {"data1", "dense1", "tanh1", "dense2"}
    assert known["dense1"]["weight"] == Shape((3, 4))
    assert known["dense1"][""] == Shape((4,), True)


def test_arrays_of_a_data_set_have_the_batch_first() -> None:
    arrays = {
        "data1.rows": np.zeros((ROWS, 3)),
        "loss1.target": np.zeros((ROWS, 2)),
        "dense1.weight": np.zeros((3, 4)),
    }
    assert shapes.of_arrays(layered(), arrays) == {**GIVEN, "dense1.weight": Shape((3, 4))}
    typed = graph(Node("x", Input()), Node("loss1", SquaredError(), {"prediction": ("x",)}))
    found = shapes.of_arrays(typed, {"loss1.target": np.zeros(2), "x.value": np.zeros(2)})
    assert found == {"loss1.target": Shape((2,)), "x.value": Shape((2,))}


class Joined(Op, hidden=True):
    """Joins parts to one row; a variadic gate for these tests."""

    times: int = setting(1, low=1, help="How often.")

    def forward(self, *parts: Array) -> Array:
        return np.concatenate(parts, axis=-1)

    def backward(self, g: Array, y: Array, *parts: Array) -> Gradients:
        ends = np.cumsum([part.shape[-1] for part in parts])
        return {"parts": np.split(g, ends[:-1], axis=-1)}

    def shape(self, **parts: Shape) -> Shape:
        return Shape((sum(part.features[-1] for part in parts.values()),), True)


def test_variadic_ports_are_numbered() -> None:
    network = graph(
        Node("data1", Data()),
        Node("dense1", Dense(units=2), {"x": ("data1",)}),
        Node("joined", Joined(), {"parts": ("data1", "dense1", "data1")}),
    )
    assert [(p.name, p.kind, p.variadic) for p in Joined.ports] == [("parts", Kind.INPUT, True)]
    assert shapes.infer(network, GIVEN)["joined"] == Shape((8,), True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"units": 0}, "units is 0, but must lie between 1"),
        ({"units": 2.5}, "units must be a whole number, not 2.5"),
        ({"units": "2"}, "units must be a number, not '2'"),
        ({"units": float("nan")}, "units must be a number, not nan"),
        ({"units": True}, "units must be a number, not True"),
        ({"initial": "magic"}, "initial can't be magic. Choose one of"),
    ],
)
def test_settings_outside_their_range_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError, match=said):
        Dense(**settings)


def test_an_axis_is_a_whole_number_also_in_a_file() -> None:
    wrong: Any = 0.0
    with pytest.raises(StudioError, match=r"axis can't be 0\.0"):
        Sum(axis=wrong)
