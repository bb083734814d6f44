"""Edits one by one: what each does, what it keeps, and what it says when it can't be done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.op import Op
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.project import build, edits
from bpstudio.project.gates import gate
from bpstudio.project.project import Project
from bpstudio.training.settings import Settings

XOR = toys.make("xor")


@pytest.fixture
def network() -> Project:
    return build.network(XOR, (2, 4, 1))


def wires(project: Project) -> set[tuple[str, str, str]]:
    return {
        (source, node.id, port)
        for node in project.graph.ordered
        for port, sources in node.sources.items()
        for source in sources
    }


def test_ids_are_short_and_say_what_a_node_is() -> None:
    project = Project()
    for name in ("data", "dense", "dense", "squared_error", "cross_entropy", "relu"):
        project = edits.add_node(project, gate(name), (0, 0))
    assert list(project.graph.nodes) == ["data1", "dense1", "dense2", "loss1", "loss2", "relu1"]
    assert edits.new_id(project, gate("dense")) == "dense3"


def test_a_new_input_has_a_value_and_its_place() -> None:
    project = edits.add_node(Project(), gate("input"), (3, 4), id="x", title="x₀")
    assert project.given["x.value"].item() == 1
    assert project.places == {"x": (3.0, 4.0)}
    assert project.graph["x"].label == "x₀"


@pytest.mark.parametrize(
    ("id", "place", "title", "says"),
    [
        ("dense1", (0, 0), "", "already a node called dense1"),
        ("no spaces", (0, 0), "", "can't be called"),
        ("ok", (float("nan"), 0), "", "two finite numbers"),
        ("ok", (0, 0), "line\nbreak", "can't be shown"),
        ("ok", (0, 0), "\ud800", "can't be shown"),
        ("ok", (0, 0), "a" * 201, "up to 200 characters, not 201"),
    ],
)
def test_what_can_not_be_added(
    network: Project, id: str, place: tuple[float, float], title: str, says: str
) -> None:
    with pytest.raises(StudioError, match=says):
        edits.add_node(network, gate("relu"), place, id=id, title=title)


def test_removing_takes_wires_weights_places_and_freezing_along(network: Project) -> None:
    network = edits.set_training(network, Settings(frozen=frozenset({"dense1", "dense2"})))
    left = edits.remove_nodes(network, ["dense1", "loss1"])
    assert wires(left) == {("tanh1", "dense2", "x"), ("dense2", "sigmoid1", "x")}
    assert left.weights.keys() == {"dense2.weight", "dense2.bias"}
    assert left.weights["dense2.weight"] is network.weights["dense2.weight"]
    assert left.places.keys() == {"data1", "tanh1", "dense2", "sigmoid1"}
    assert left.training.frozen == {"dense2"}
    assert left.graph["dense2"] is network.graph["dense2"]


def test_removing_what_is_not_there_changes_nothing(network: Project) -> None:
    with pytest.raises(GraphError, match="no node called ghost"):
        edits.remove_nodes(network, ["ghost"])


def test_healing_joins_the_wire(network: Project) -> None:
    healed = edits.heal(network, "tanh1")
    assert ("dense1", "dense2", "x") in wires(healed)
    assert healed.weights["dense2.weight"] is network.weights["dense2.weight"]
    narrower = edits.heal(network, "dense1")
    assert narrower.weights["dense2.weight"].shape == (2, 1)


def test_healing_joins_every_reader(network: Project) -> None:
    network = edits.add_node(network, gate("multiply"), (0, 0))
    for port in ("a", "b"):
        network = edits.connect(network, "tanh1", "multiply1", port)
    healed = edits.heal(network, "tanh1")
    assert healed.graph["multiply1"].sources == {"a": ("dense1",), "b": ("dense1",)}
    with pytest.raises(GraphError, match="multiply1 is fed by 2 wires"):
        edits.heal(network, "multiply1")
    with pytest.raises(GraphError, match="data1 is fed by 0 wires"):
        edits.heal(network, "data1")


def test_connecting_replaces_the_wire_of_a_port(network: Project) -> None:
    assert edits.connect(network, "data1", "dense1", "x") is network
    shortened = edits.connect(network, "data1", "dense2", "x")
    assert shortened.graph["dense2"].sources == {"x": ("data1",)}
    assert shortened.weights["dense2.weight"].shape == (2, 1)
    assert shortened.weights["dense2.bias"] is network.weights["dense2.bias"]


def test_a_circle_is_refused_and_named(network: Project) -> None:
    with pytest.raises(GraphError, match="feed each other in a circle") as caught:
        edits.connect(network, "dense2", "dense1", "x")
    assert {"dense1", "tanh1", "dense2"} <= set(caught.value.nodes)
    with pytest.raises(GraphError, match="has no port called y"):
        edits.connect(network, "data1", "dense1", "y")


def test_a_shared_weight_is_the_parameters_own(network: Project) -> None:
    shared = edits.add_node(network, gate("parameter", {"size": [2, 4]}), (0, 0))
    assert shared.weights["parameter1.value"].shape == (2, 4)
    shared = edits.connect(shared, "parameter1", "dense1", "weight")
    assert "dense1.weight" not in shared.weights
    assert "dense1.bias" in shared.weights
    back = edits.disconnect(shared, "dense1", "weight")
    np.testing.assert_array_equal(back.weights["dense1.weight"], network.weights["dense1.weight"])


def test_disconnecting_keeps_weights_that_nobody_can_measure(network: Project) -> None:
    opened = edits.disconnect(network, "dense2", "x")
    assert opened.weights["dense2.weight"] is network.weights["dense2.weight"]
    with pytest.raises(GraphError, match="no wire at its port x"):
        edits.disconnect(opened, "dense2", "x")


def test_inserting_into_a_wire(network: Project) -> None:
    inserted = edits.insert_node(network, gate("relu"), (5, 5), "dense2", "x")
    assert {("tanh1", "relu1", "x"), ("relu1", "dense2", "x")} <= wires(inserted)
    with pytest.raises(GraphError, match="no wire at its port"):
        edits.insert_node(network, gate("relu"), (5, 5), "data1", "rows")
    with pytest.raises(GraphError, match="Data has no input"):
        edits.insert_node(network, gate("data"), (5, 5), "dense2", "x")


@pytest.mark.parametrize(
    ("op", "sources"),
    [
        (gate("relu"), {"x": ("dense1",)}),
        (gate("add"), {"a": ("dense1",)}),
        (gate("input"), {}),
    ],
)
def test_another_gate_in_its_place(
    network: Project, op: Op, sources: dict[str, tuple[str, ...]]
) -> None:
    replaced = edits.replace_op(network, "tanh1", op)
    assert replaced.graph["tanh1"].sources == sources
    assert replaced.graph["dense2"].sources == {"x": ("tanh1",)}


def test_another_loss_in_its_place(network: Project) -> None:
    replaced = edits.replace_op(network, "loss1", gate("squared_error"))
    assert replaced.graph["loss1"].sources == {"prediction": ("sigmoid1",)}
    assert replaced.weights["dense1.weight"] is network.weights["dense1.weight"]


def test_a_setting_redraws_only_what_no_longer_fits(network: Project) -> None:
    wider = edits.set_setting(network, "dense1", "units", 6)
    assert wider.weights["dense1.weight"].shape == (2, 6)
    assert wider.weights["dense2.weight"].shape == (6, 1)
    assert wider.weights["dense2.bias"] is network.weights["dense2.bias"]
    assert edits.set_setting(network, "dense1", "units", 4) is network
    for value, says in ((0, "units is 0"), ("four", "units can't be 'four'"), (2.5, "units")):
        with pytest.raises(StudioError, match=says):
            edits.set_setting(network, "dense1", "units", value)
    with pytest.raises(StudioError, match="no setting called colour"):
        edits.set_setting(network, "dense1", "colour", 1)


def test_titles_and_notes(network: Project) -> None:
    named = edits.rename(network, "dense1", "은닉층")
    assert named.graph["dense1"].label == "은닉층"
    assert edits.rename(named, "dense1", "").graph["dense1"].label == "dense1"
    assert edits.rename(named, "dense1", "은닉층") is named
    assert edits.set_note(network, "two\nlines\tand a tab").note == "two\nlines\tand a tab"
    with pytest.raises(StudioError, match="can't be shown"):
        edits.set_note(network, "\x00")
    assert edits.set_title(network, "XOR").title == "XOR"


def test_moving_touches_places_only(network: Project) -> None:
    moved = edits.move(network, {"data1": (1, 2), "tanh1": (3, 4)})
    assert moved.places["tanh1"] == (3.0, 4.0)
    assert moved.graph is network.graph
    assert moved.weights is network.weights
    assert edits.move(moved, {"data1": (1, 2)}) is moved
    with pytest.raises(GraphError, match="no node called ghost"):
        edits.move(network, {"ghost": (0, 0)})


def test_tidying_moves_every_node(network: Project) -> None:
    messy = edits.move(network, dict.fromkeys(network.graph.nodes, (7.0, 7.0)))
    tidied = edits.tidy(messy)
    assert len(set(tidied.places.values())) == len(network.graph.nodes)


def test_typed_values_and_weights(network: Project) -> None:
    project = edits.add_node(network, gate("input"), (0, 0), id="x")
    assert edits.set_value(project, "x.value", [1, 2, 3]).given["x.value"].shape == (3,)
    weight = np.ones((2, 4))
    changed = edits.set_value(project, "dense1.weight", weight)
    weight[0, 0] = 9
    assert changed.weights["dense1.weight"][0, 0] == 1
    entry = edits.set_entry(project, "dense1.weight", (1, 2), 0.5)
    assert entry.weights["dense1.weight"][1, 2] == 0.5
    assert project.weights["dense1.weight"][1, 2] == network.weights["dense1.weight"][1, 2] != 0.5
    again = build.network(XOR, (2, 4, 1))
    np.testing.assert_array_equal(project.weights["dense1.weight"], again.weights["dense1.weight"])
    assert entry.weights["dense1.bias"] is project.weights["dense1.bias"]
    with pytest.raises(ShapeError, match="weight of shape \\(2 × 4\\), not of shape \\(3\\)"):
        edits.set_value(project, "dense1.weight", [1, 2, 3])
    for value in (float("nan"), float("inf"), "one", [1, [2]]):
        with pytest.raises(StudioError, match="needs a finite number"):
            edits.set_value(project, "x.value", value)
    for key in ("tanh1.x", "dense1.x", "loss1.target", "dense1"):
        with pytest.raises(StudioError, match="holds no value"):
            edits.set_value(project, key, 1)
    for index in ((2, 0), (0,), (-1, 0), ()):
        with pytest.raises(StudioError, match="no entry"):
            edits.set_entry(project, "dense1.weight", index, 1.0)


def test_a_value_of_another_shape_redraws_the_weights_behind_it() -> None:
    project = edits.add_node(Project(), gate("input"), (0, 0))
    project = edits.set_value(project, "input1.value", [[1, 2]])
    project = edits.add_node(project, gate("dense", {"units": 2}), (0, 0))
    project = edits.connect(project, "input1", "dense1", "x")
    assert project.weights["dense1.weight"].shape == (2, 2)
    project = edits.set_value(project, "input1.value", [[1, 2, 3]])
    assert project.weights["dense1.weight"].shape == (3, 2)


def test_other_data_redraws_only_what_no_longer_fits(network: Project) -> None:
    same = edits.set_data(network, toys.make("moons", points=20))
    assert same.weights is network.weights
    other = edits.set_data(network, toys.make("sine", points=20))
    assert other.weights["dense1.weight"].shape == (1, 4)
    assert other.weights["dense2.weight"] is network.weights["dense2.weight"]
    without = edits.set_data(network, None)
    assert without.weights is network.weights


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(batch=0), "at least 1 row"),
        (Settings(l2=-1.0), "0 or more"),
        (Settings(l2=float("nan")), "0 or more"),
        (Settings(seed=-1), "whole number from 0"),
        (Settings(seed=2**53 + 1), "whole number from 0"),
        (Settings(frozen=frozenset({"ghost"})), "no node called ghost"),
    ],
)
def test_training_settings_out_of_range(network: Project, settings: Settings, says: str) -> None:
    with pytest.raises(StudioError, match=says):
        edits.set_training(network, settings)


def test_a_seed_gives_the_same_start_again(network: Project) -> None:
    other = edits.new_weights(network, 7)
    assert other.training.seed == 7
    assert not np.array_equal(other.weights["dense1.weight"], network.weights["dense1.weight"])
    back = edits.new_weights(other, network.training.seed)
    for key, weight in network.weights.items():
        np.testing.assert_array_equal(back.weights[key], weight)


def test_training_lands_and_is_reset(network: Project) -> None:
    trained = {key: weight + 1 for key, weight in network.weights.items()}
    landed = edits.land_training(network, trained, {}, np.array([0.7, 0.6]), 2)
    assert landed.trained.steps == 2
    np.testing.assert_array_equal(landed.weights["dense1.bias"], np.ones(4))
    trained["dense1.bias"][0] = 5
    assert landed.weights["dense1.bias"][0] == 1
    again = edits.reset(landed)
    assert again.trained.steps == 0
    for key, weight in network.weights.items():
        np.testing.assert_array_equal(again.weights[key], weight)


def test_a_result_of_a_network_that_is_gone_is_refused(network: Project) -> None:
    weights = dict(network.weights)
    for other in (
        edits.set_setting(network, "dense1", "units", 5),
        edits.remove_nodes(network, ["dense1"]),
        edits.add_node(network, gate("parameter"), (0, 0)),
    ):
        with pytest.raises(GraphError, match="changed while it was training"):
            edits.land_training(other, weights, {}, np.zeros(1), 1)


def test_nothing_an_edit_gets_is_changed(network: Project) -> None:
    before = replace(network)
    edits.remove_nodes(network, ["tanh1"])
    edits.set_setting(network, "dense1", "units", 9)
    edits.rename(network, "dense1", "other")
    assert vars(network) == vars(before) | {k: v for k, v in vars(network).items() if k == "_known"}
