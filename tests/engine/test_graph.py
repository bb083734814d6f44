"""Networks as values: what is refused, and that edits return new ones."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.engine import graph as graphs
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Kind, Op
from bpstudio.engine.ops.arithmetic import Add, Multiply, Shift
from bpstudio.engine.ops.elementary import Sin
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.ops.normalize import BatchNorm, Dropout
from bpstudio.engine.ops.source import Data, Input
from bpstudio.engine.run import backward, forward
from bpstudio.engine.shapes import Shape, infer
from bpstudio.errors import GraphError


class Join(Op, hidden=True):
    """Adds any number of inputs up; a variadic gate for these tests."""

    def forward(self, *parts: Array) -> Array:
        return np.asarray(sum(parts))

    def backward(self, g: Array, y: Array, *parts: Array) -> Gradients:
        return {"parts": [g for _ in parts]}


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def xyz() -> Graph:
    """f = (x + y) · z, the lecture's first example."""
    return graph(
        Node("x", Input()),
        Node("y", Input()),
        Node("z", Input()),
        Node("q", Add(), {"a": ("x",), "b": ("y",)}),
        Node("f", Multiply(), {"a": ("q",), "b": ("z",)}, title="Product"),
    )


def test_order_puts_sources_first_and_older_nodes_first() -> None:
    assert xyz().order == ("x", "y", "z", "q", "f")
    backwards = graph(*reversed(list(xyz().nodes.values())))
    assert backwards.order == ("z", "y", "x", "q", "f")


def test_readers_sinks_and_objective() -> None:
    network = xyz()
    assert network.readers["q"] == ("f",)
    assert network.sinks == ("f",)
    assert network.objective == "f"


def test_a_node_that_reads_another_twice_is_one_reader() -> None:
    twice = graph(Node("x", Input()), Node("y", Multiply(), {"a": ("x",), "b": ("x",)}))
    assert twice.readers["x"] == ("y",)
    assert twice["y"].feeding == ("x", "x")
    assert twice.order == ("x", "y")


def test_the_objective_is_the_loss_before_any_other_sink() -> None:
    network = graph(
        Node("data1", Data()),
        Node("dense1", Dense(), {"x": ("data1",)}),
        Node("loss1", SquaredError(), {"prediction": ("dense1",)}),
        Node("shift1", Shift(), {"x": ("dense1",)}),
    )
    assert network.sinks == ("loss1", "shift1")
    assert network.losses == ("loss1",)
    assert network.objective == "loss1"
    assert graphs.remove(network, ["loss1"]).objective == "shift1"


def test_a_loose_input_is_not_what_a_formula_comes_to() -> None:
    nodes = xyz().nodes
    beside = Graph({**nodes, "loose": Node("loose", Input())})
    assert beside.sinks == ("f", "loose")
    assert beside.results == ("f",)
    assert beside.objective == "f"
    assert graph(Node("x", Input()), Node("y", Input())).objective == "y"


def test_an_empty_canvas_has_no_objective() -> None:
    with pytest.raises(GraphError, match="empty"):
        _ = Graph().objective


def test_keys_name_what_the_graph_owns() -> None:
    network = graph(Node("data1", Data()), Node("dense1", Dense(), {"x": ("data1",)}))
    assert network.keys(Kind.WEIGHT) == ("dense1.weight", "dense1.bias")
    assert network.keys(Kind.FEATURES) == ("data1.rows",)
    assert network.has_batch and not xyz().has_batch
    shared = graphs.add(network, Node("w", Input()))
    shared = graphs.connect(shared, "w", "dense1", "weight")
    assert shared.keys(Kind.WEIGHT) == ("dense1.bias",)


def test_a_circle_is_refused_and_drawn_in_the_sentence() -> None:
    network = graphs.add(xyz(), Node("s", Sin(), {"x": ("f",)}))
    with pytest.raises(GraphError) as caught:
        graphs.connect(network, "s", "q", "a")
    assert set(caught.value.nodes) == {"q", "f", "s"}
    assert "Product → s → q → Product" in str(caught.value)


def test_the_circle_is_named_without_what_hangs_on_it() -> None:
    nodes = [
        Node("a", Sin(), {"x": ("b",)}),
        Node("b", Sin(), {"x": ("a",)}),
        Node("after", Sin(), {"x": ("b",)}),
    ]
    for order in (nodes, nodes[::-1]):
        with pytest.raises(GraphError) as caught:
            graph(*order)
        assert set(caught.value.nodes) == {"a", "b"}


def test_a_node_can_not_feed_itself() -> None:
    with pytest.raises(GraphError, match="q → q"):
        graphs.connect(xyz(), "q", "q", "a")


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Node("q", Sin(), {"y": ("x",)}), "no port called y. It has: x"),
        (Node("q", Sin(), {"x": ("x", "x")}), "one wire at its port x, not 2"),
        (Node("q", Dropout(), {"x": ("x",), "mask": ("x",)}), "q makes its mask itself"),
        (Node("q", BatchNorm(), {"x": ("x",), "mean": ("x",)}), "q makes its mean itself"),
        (Node("q", Sin(), {"x": ("nobody",)}), "fed by nobody, which does not exist"),
        (Node("q 1", Sin()), "can't be called 'q 1'"),
        (Node("", Sin()), "can't be called ''"),
        (Node("1q", Sin()), "can't be called '1q'"),
    ],
)
def test_nodes_that_are_refused(node: Node, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        graph(Node("x", Input()), node)


def test_a_node_stands_under_its_own_name() -> None:
    with pytest.raises(ValueError, match="under the name"):
        Graph({"x": Node("y", Input())})


def test_an_id_can_not_be_taken_twice() -> None:
    with pytest.raises(GraphError, match="already a node called x"):
        graphs.add(xyz(), Node("x", Input()))


def test_an_open_port_is_refused_when_it_runs_not_before() -> None:
    open_port = graphs.disconnect(xyz(), "f", "b")
    with pytest.raises(GraphError, match="Product has nothing at its port b") as caught:
        list(forward(open_port, {f"{id}.value": np.ones(()) for id in "xyz"}, {}))
    assert caught.value.nodes == ("f",)


@pytest.mark.parametrize("edit", ["put", "remove", "connect", "disconnect", "look"])
def test_an_unknown_node_is_named(edit: str) -> None:
    network = xyz()
    with pytest.raises(GraphError, match="no node called gone"):
        match edit:
            case "put":
                graphs.put(network, Node("gone", Input()))
            case "remove":
                graphs.remove(network, ["gone"])
            case "connect":
                graphs.connect(network, "gone", "f", "a")
            case "disconnect":
                graphs.disconnect(network, "gone", "a")
            case _:
                network["gone"]


def test_edits_return_new_graphs() -> None:
    before = xyz()
    kept = dict(before.nodes)
    after = graphs.connect(before, "x", "f", "b")
    assert after["f"].sources == {"a": ("q",), "b": ("x",)}
    assert dict(before.nodes) == kept
    assert after["q"] is before["q"], "what did not change is shared"


def test_removing_a_node_takes_its_wires_and_no_others() -> None:
    after = graphs.remove(xyz(), ["q"])
    assert "q" not in after.nodes
    assert after["f"].sources == {"b": ("z",)}


def test_connect_and_disconnect_undo_each_other() -> None:
    without = graphs.disconnect(xyz(), "f", "a")
    assert without["f"].sources == {"b": ("z",)}
    assert graphs.connect(without, "q", "f", "a")["f"].sources == xyz()["f"].sources
    with pytest.raises(GraphError, match="Product has no wire at its port a"):
        graphs.disconnect(without, "f", "a")


def test_a_variadic_port_collects_wires_in_order() -> None:
    network = graph(Node("x", Input()), Node("y", Input()), Node("join1", Join()))
    for source in ("y", "x", "y"):
        network = graphs.connect(network, source, "join1", "parts")
    assert network["join1"].sources == {"parts": ("y", "x", "y")}
    assert graphs.disconnect(network, "join1", "parts", 1)["join1"].sources["parts"] == ("y", "y")
    assert graphs.remove(network, ["y"])["join1"].sources == {"parts": ("x",)}
    with pytest.raises(GraphError, match="no wire"):
        graphs.disconnect(network, "join1", "parts", 3)


def test_new_ids_are_short_and_free() -> None:
    network = graphs.add(xyz(), Node("dense1", Dense()))
    assert graphs.new_id(network, "dense") == "dense2"
    assert graphs.new_id(network, "tanh") == "tanh1"


def test_structure_is_the_same_for_another_title_and_differs_for_another_wire() -> None:
    network = xyz()
    titled = graphs.put(network, Node("q", Add(), network["q"].sources, title="Sum"))
    assert titled.structure == network.structure
    assert graphs.connect(network, "x", "q", "b").structure != network.structure


def test_ten_thousand_gates_in_a_row() -> None:
    nodes = [Node("n0", Input())]
    for number in range(1, 10_001):
        op = Shift(offset=1e-4) if number % 2 else Sin()
        nodes.append(Node(f"n{number}", op, {"x": (f"n{number - 1}",)}))
    network = graph(*nodes)
    assert len(network.order) == 10_001
    assert infer(network, {"n0.value": Shape(())})["n10000"] == Shape(())
    steps = tuple(forward(network, {"n0.value": np.array(0.3)}, {}))
    back = tuple(backward(steps, {"n10000": np.array(1.0)}))
    assert [step.node for step in back] == [step.node for step in reversed(steps)]
    with pytest.raises(GraphError, match="circle") as caught:
        graph(Node("n0", Sin(), {"x": ("n10000",)}), *nodes[1:])
    assert len(caught.value.nodes) == 10_001
