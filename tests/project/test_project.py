"""What a project knows of itself: what a run needs, shapes, and which node answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, ShapeError
from bpstudio.project import build, edits
from bpstudio.project.gates import gate
from bpstudio.project.project import (
    Project,
    arguments,
    complete,
    given_shapes,
    loss_node,
    parameter_count,
    predicting_node,
    shapes,
)

XOR = toys.make("xor")


def test_arguments_are_all_that_a_run_needs() -> None:
    project = build.network(toys.make("spiral", points=30, arms=3), (2, 4, 3))
    given = arguments(project)
    assert given["data1.rows"].shape == (24, 2)
    assert given["loss1.target"].shape == (24, 3)
    recording = run.record(project.graph, given, project.weights)
    assert recording.values["loss1"].shape == ()
    two = arguments(project, np.array([3, 5]))
    assert project.data is not None
    np.testing.assert_array_equal(two["data1.rows"], project.data.features[[3, 5]])
    np.testing.assert_array_equal(two["loss1.target"], project.data.targets(3)[[3, 5]])


def test_shapes_of_a_whole_network() -> None:
    project = build.network(XOR, (2, 4, 1))
    assert given_shapes(project) == {
        "data1.rows": Shape((2,), True),
        "loss1.target": Shape((1,), True),
    }
    found = shapes(project)
    assert found["dense1"] == Shape((4,), True)
    assert found["loss1"] == Shape(())
    assert found == project.known_shapes


def test_shapes_name_what_is_missing() -> None:
    project = build.network(XOR, (2, 4, 1))
    with pytest.raises(GraphError, match="tanh1 has nothing at its port x"):
        shapes(edits.disconnect(project, "tanh1", "x"))
    with pytest.raises(GraphError, match="data1 has no data set"):
        shapes(edits.set_data(project, None))
    alone = edits.add_node(Project(), gate("input"), (0, 0))
    with pytest.raises(GraphError, match="input1 has no value"):
        shapes(replace(alone, given={}))


def test_targets_that_do_not_fit_are_named_but_do_not_stop_building() -> None:
    project = edits.set_setting(build.network(XOR, (2, 4, 1)), "dense2", "units", 3)
    assert "loss1" not in project.known_shapes
    assert project.weights["dense2.weight"].shape == (4, 3)
    for ask in (arguments, given_shapes, shapes):
        with pytest.raises(ShapeError, match=r"loss1.*2 classes.*3 numbers"):
            ask(project)


def test_one_number_per_row_has_targets_of_one_number_per_row() -> None:
    project = edits.set_data(Project(), XOR)
    for name in ("data", "parameter", "matmul", "squared_error"):
        settings = {"size": (2,)} if name == "parameter" else {}
        project = edits.add_node(project, gate(name, settings), (0, 0))
    project = edits.connect(project, "data1", "matmul1", "a")
    project = edits.connect(project, "parameter1", "matmul1", "b")
    project = edits.connect(project, "matmul1", "loss1", "prediction")
    given = arguments(project)
    assert given["loss1.target"].shape == (4,)
    assert run.record(project.graph, given, project.weights).values["loss1"].shape == ()


def test_parts_of_an_open_network_are_known() -> None:
    project = edits.disconnect(build.network(XOR, (2, 4, 1)), "tanh1", "x")
    assert set(project.known_shapes) == {"data1", "dense1"}
    assert arguments(project).keys() == {"data1.rows"}
    with pytest.raises(GraphError, match="tanh1 has nothing"):
        run.record(project.graph, arguments(project), project.weights)


def test_complete_draws_what_is_missing_and_keeps_what_fits() -> None:
    project = build.network(XOR, (2, 4, 1))
    assert complete(project) is project
    partly = {k: w for k, w in project.weights.items() if k != "dense1.weight"}
    again = complete(replace(project, weights=partly))
    np.testing.assert_array_equal(again.weights["dense1.weight"], project.weights["dense1.weight"])
    assert again.weights["dense2.weight"] is project.weights["dense2.weight"]
    stray = complete(replace(project, weights={**project.weights, "ghost.weight": np.zeros(2)}))
    assert stray.weights.keys() == project.weights.keys()


def test_arrays_are_read_only() -> None:
    project = build.network(XOR, (2, 4, 1))
    for array in (*project.weights.values(), *arguments(project).values()):
        if array.base is None:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
            break
    with pytest.raises(ValueError, match="read-only"):
        project.weights["dense1.bias"][0] = 1


def test_which_node_answers() -> None:
    binary = build.network(XOR, (2, 4, 1))
    assert (loss_node(binary), predicting_node(binary)) == ("loss1", "sigmoid1")
    classes = build.network(toys.make("spiral", points=30, arms=3), (2, 4, 3))
    assert classes.graph["loss1"].sources == {"prediction": ("dense2",)}
    assert predicting_node(classes) == "softmax1"
    bare = edits.remove_nodes(binary, ["loss1"])
    assert (loss_node(bare), predicting_node(bare)) == (None, "sigmoid1")
    with pytest.raises(GraphError, match="loss1 has nothing at its port prediction"):
        predicting_node(edits.disconnect(binary, "loss1", "prediction"))
    with pytest.raises(GraphError, match="canvas is empty"):
        predicting_node(Project())


def test_a_loss_within_the_network_is_still_the_loss() -> None:
    project = build.network(XOR, (2, 4, 1))
    project = edits.add_node(project, gate("scale", {"factor": 2.0}), (0, 0))
    project = edits.connect(project, "loss1", "scale1", "x")
    assert loss_node(project) == "loss1"
    assert predicting_node(project) == "sigmoid1"


def test_parameters_are_counted() -> None:
    assert parameter_count(build.network(XOR, (2, 4, 1))) == 2 * 4 + 4 + 4 * 1 + 1
    assert parameter_count(Project()) == 0
