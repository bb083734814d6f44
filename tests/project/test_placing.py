"""Where new nodes stand, and formulas beside what is there."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.op import catalog
from bpstudio.errors import FormulaError, GraphError
from bpstudio.project import edits, placing
from bpstudio.project.build import network
from bpstudio.project.project import Project, arguments


def test_the_first_node_stands_in_the_middle() -> None:
    assert placing.free_place(Project()) == (0.0, 0.0)


def test_nodes_added_one_beside_the_other_do_not_overlap() -> None:
    project = Project()
    last: tuple[str, ...] = ()
    for _ in range(12):
        op = catalog["add"]()
        id = edits.new_id(project, op)
        project = edits.add_node(project, op, placing.free_place(project, last))
        last = (id,) if len(project.places) % 3 else ("add1",)
    width, height = placing.USUAL
    places = list(project.places.values())
    for i, (x, y) in enumerate(places):
        for other_x, other_y in places[:i]:
            assert abs(x - other_x) >= width or abs(y - other_y) >= height


def test_a_formula_keeps_what_is_there_and_takes_free_names() -> None:
    first = placing.add_formula(Project(), "f = (x + y) * z")
    both = placing.add_formula(first, "f = x / y1")
    assert set(first.graph.nodes) < set(both.graph.nodes)
    assert all(both.places[id] == place for id, place in first.places.items())
    new = set(both.graph.nodes) - set(first.graph.nodes)
    lowest = max(y for _, y in first.places.values())
    assert all(both.places[id][1] > lowest for id in new)
    given = {key: np.asarray(3.0) for key in arguments(both)}
    values = {step.node: step.output for step in run.forward(both.graph, given, {})}
    assert values["f"] == 18.0
    assert sum(value == 1.0 for value in values.values()) == 1  # 3 / 3


def test_a_formula_that_can_not_be_read_changes_nothing() -> None:
    with pytest.raises(FormulaError):
        placing.add_formula(Project(), "x + ")


def test_a_formula_is_joined_to_a_node_a_port_or_a_wire() -> None:
    first = placing.add_formula(Project(), "f = x + y")
    behind = placing.add_formula(first, "tanh(u) * v", (300.0, 0.0), source="f")
    new = behind.graph.nodes.keys() - first.graph.nodes.keys()
    assert new == {"tanh1", "multiply1", "v"}
    assert behind.graph["tanh1"].sources == {"x": ("f",)}
    assert min(behind.places[id][0] for id in new) == 300.0
    # Its own name is the one that it stands for, wherever it is written.
    named = placing.add_formula(first, "u * f", source="f")
    assert named.graph["multiply1"].sources == {"a": ("u",), "b": ("f",)}
    # Before a port the result stands where the wire was dropped, and what feeds it to the left.
    before = placing.add_formula(first, "sin(u)", (-300.0, 50.0), end=("f", "a", 0))
    assert before.graph["f"].sources == {"a": ("sin1",), "b": ("y",)}
    assert before.places["sin1"] == (-300.0, 50.0) and before.places["u"][0] < -300.0
    within = placing.add_formula(first, "sin(u)", source="x", end=("f", "a", 0))
    assert within.graph["sin1"].sources == {"x": ("x",)}
    assert within.graph["f"].sources == {"a": ("sin1",), "b": ("y",)}
    with pytest.raises(GraphError, match="no name that f could stand for"):
        placing.add_formula(first, "2 + 3", source="f")
    with pytest.raises(GraphError, match="circle"):
        placing.add_formula(first, "sin(u)", source="f", end=("f", "a", 0))


def test_a_data_set_takes_the_place_of_the_one_that_is_read() -> None:
    project = network(toys.make("xor"), (2, 4, 1))
    other = placing.use_data(project, toys.make("circles"), (0.0, 0.0))
    assert other.graph is project.graph
    assert other.data is not None and other.data.name == "circles"


def test_a_data_set_on_an_empty_canvas_brings_the_node_that_reads_it() -> None:
    project = placing.use_data(Project(), toys.make("xor"), (40.0, 8.0))
    assert list(project.graph.nodes) == ["data1"]
    assert project.places["data1"] == (40.0, 8.0)
    assert project.known_shapes["data1"].features == (2,)
