"""Gates opened, closed and fused as edits: the same numbers, ids, places, training and files."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.formula import build as formula
from bpstudio.engine.optimizers import Adam
from bpstudio.errors import FileError, GraphError, StudioError
from bpstudio.project import build, difference, edits, opening, runs
from bpstudio.project.container import Parts
from bpstudio.project.file import from_bytes, to_bytes
from bpstudio.project.gates import gate
from bpstudio.project.history import History
from bpstudio.project.project import Project, arguments, loss_node, predicting_node
from bpstudio.project.reading import project_of
from bpstudio.project.writing import parts_of
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train

EVERY_LEVEL = [
    *(("dense1", level) for level in ("neurons", "matrices", "gates")),
    *(("dense2", level) for level in ("matrices", "gates")),
    *((id, "") for id in ("tanh1", "sigmoid1", "loss1")),
]


@pytest.fixture
def network() -> Project:
    project = build.network(toys.make("xor"), (2, 4, 1))
    assert set(project.graph.nodes) == {"data1", "dense1", "tanh1", "dense2", "sigmoid1", "loss1"}
    return edits.rename(project, "dense1", "Hidden")


def three_losses() -> Iterator[Project]:
    for name in ("squared_error", "binary_cross_entropy"):
        project = build.network(toys.make("xor"), (2, 4, 1))
        yield edits.replace_op(project, "loss1", gate(name))
    project = edits.heal(edits.set_setting(project, "dense2", "units", 2), "sigmoid1")
    yield edits.replace_op(project, "loss1", gate("cross_entropy"))


def same(one: Project, other: Project) -> None:
    """The same network with the same numbers at the same places."""
    assert one.graph == other.graph
    assert list(one.graph.nodes) == list(other.graph.nodes)
    for part in ("given", "weights", "statistics"):
        left, right = getattr(one, part), getattr(other, part)
        assert list(left) == list(right)
        for key in left:
            np.testing.assert_array_equal(left[key], right[key])
    assert one.places == other.places
    assert one.groups == other.groups
    assert one.training == other.training
    assert one.trained.memory.layout == other.trained.memory.layout


def recorded(project: Project) -> run.Recording:
    start = loss_node(project) or project.graph.objective
    seed = {start: np.ones(())}
    return run.record(project.graph, arguments(project), project.weights, seed=seed)


def trained(project: Project, steps: int = 10) -> Project:
    reports = list(train(runs.job(project, steps)))
    losses, last = np.concatenate([each.losses for each in reports]), reports[-1]
    return edits.land_training(
        project, last.weights, last.statistics, losses, last.step, last.memory
    )


@pytest.mark.parametrize(("id", "level"), EVERY_LEVEL)
def test_closing_undoes_opening(network: Project, id: str, level: str) -> None:
    opened = opening.unfold(network, id, level)
    assert id not in opened.graph.nodes and id in opened.groups
    assert opened.places.keys() == opened.graph.nodes.keys()
    same(opening.fold(opened, [id]), network)
    inner = opened.groups[id].members[0]
    same(opening.fold(opened, [inner]), network)


@pytest.mark.parametrize(("id", "level"), EVERY_LEVEL)
def test_ten_steps_of_training_are_the_same(network: Project, id: str, level: str) -> None:
    before = trained(network)
    opened = trained(opening.unfold(network, id, level))
    np.testing.assert_allclose(opened.trained.losses, before.trained.losses, rtol=1e-10)
    after = opening.fold(opened, [id])
    assert after.weights.keys() == before.weights.keys()
    for key, weight in before.weights.items():
        np.testing.assert_allclose(after.weights[key], weight, rtol=1e-10, atol=1e-12)
    assert not np.array_equal(after.weights["dense1.weight"], network.weights["dense1.weight"])


@pytest.mark.parametrize(("id", "level"), EVERY_LEVEL)
def test_what_the_optimizer_remembers_goes_along(network: Project, id: str, level: str) -> None:
    network = edits.set_training(network, Settings(optimizer=Adam()))
    before = trained(trained(network))
    once = opening.unfold(trained(network), id, level)
    assert once.trained.memory.layout == runs.job(once).layout
    after = opening.fold(trained(once), [id])
    for key, weight in before.weights.items():
        np.testing.assert_allclose(after.weights[key], weight, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("project", list(three_losses()), ids=lambda p: p.graph["loss1"].op.name)
def test_an_opened_loss_is_still_the_loss(project: Project) -> None:
    opened = opening.unfold(project, "loss1")
    if "softmax1" in opened.graph.nodes:
        opened = opening.unfold(opened, "softmax1")
    assert predicting_node(opened) == predicting_node(project)
    values = [runs.measured(each).loss for each in (project, opened)]
    assert values[1] == pytest.approx(values[0], rel=1e-12)
    rows = toys.make("xor").features
    np.testing.assert_array_equal(runs.predict(opened, rows), runs.predict(project, rows))
    losses = [trained(each).trained.losses for each in (project, opened)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-10)
    same(opening.fold(opened, ["loss1"]), project)


def test_all_opened_at_once(network: Project) -> None:
    opened = network
    for id, level in (("dense1", "neurons"), ("dense2", "gates"), ("loss1", "")):
        opened = opening.unfold(opened, id, level)
    for id in list(opened.graph.nodes):
        if opened.graph[id].op.name in ("tanh", "sigmoid", "dense"):
            opened = opening.unfold(opened, id, "gates")
    assert {n.op.name for n in opened.graph.nodes.values()}.isdisjoint({"dense", "tanh", "sigmoid"})
    np.testing.assert_allclose(
        trained(opened).trained.losses, trained(network).trained.losses, rtol=1e-10
    )
    same(opening.fold(opened, ["loss1", "sigmoid1", "dense2", "tanh1", "dense1"]), network)


def test_closing_from_within_closes_the_innermost(network: Project) -> None:
    layer = opening.unfold(network, "dense1", "neurons")
    neuron = layer.groups["dense1"].members[1]
    inner = opening.unfold(layer, neuron, "gates")
    part = inner.groups[neuron].members[0]
    assert opening.fold(inner, [part]).groups.keys() == {"dense1"}
    same(opening.fold(inner, [part]), layer)
    same(opening.fold(inner, ["dense1"]), network)
    with pytest.raises(GraphError, match="data1 lies in no opened gate"):
        opening.fold(inner, ["data1"])


def test_frozen_weights_stay_frozen(network: Project) -> None:
    frozen = edits.set_training(network, replace(network.training, frozen=frozenset({"dense1"})))
    opened = opening.unfold(frozen, "dense1", "gates")
    held = {key for key in opened.weights if key.partition(".")[0] in opened.training.frozen}
    assert len(held) == 12
    same(opening.fold(opened, ["dense1"]), frozen)


def test_opened_gates_are_undone_and_redone(network: Project) -> None:
    opened = opening.unfold(network, "tanh1")
    history = History.of(network).push("Open", opened)
    assert history.undo().project is network
    assert history.undo().redo().project is opened
    found = difference.between(network, opened)
    assert found.groups == {"tanh1"} and found.structure
    assert "tanh1" in found.removed and "tanh1" not in found.added


def test_what_is_right_of_it_makes_room(network: Project) -> None:
    opened = opening.unfold(network, "tanh1")
    inner = [opened.places[id][0] for id in opened.groups["tanh1"].members]
    assert min(inner) == network.places["tanh1"][0]
    assert opened.places["dense2"][0] > max(inner)
    assert opened.places["dense1"] == network.places["dense1"]
    apart = sorted(inner)
    assert min(b - a for a, b in itertools.pairwise(apart)) > 40


def test_what_is_above_and_below_makes_room_and_what_is_opened_stays_together() -> None:
    project = opening.unfold(build.network(toys.make("xor"), (2, 3, 1)), "dense1", "neurons")
    upper, middle, lower, row = project.groups["dense1"].members
    first = opening.unfold(project, upper, "gates")
    inner = first.groups[upper].members
    both = opening.unfold(first, middle, "gates")
    moved = {
        (both.places[id][0] - first.places[id][0], both.places[id][1] - first.places[id][1])
        for id in inner
    }
    assert len(moved) == 1 and moved.pop()[1] < 0
    assert both.places[lower][1] > first.places[lower][1]
    assert both.places[row][0] > max(both.places[id][0] for id in both.groups[middle].members)
    assert both.places["data1"] == project.places["data1"]
    low = max(both.places[id][1] for id in inner)
    assert low < min(both.places[id][1] for id in both.groups[middle].members)
    same(opening.fold(opening.fold(both, [middle]), [upper]), project)


@pytest.mark.parametrize("seed", range(12))
def test_opening_and_closing_at_random(network: Project, seed: int) -> None:
    """Whatever is opened, the loss and the gradients that reach the data stay the same."""
    rng = np.random.default_rng(seed)
    before, project, versions = recorded(network), network, [network]
    for _ in range(7):
        id = str(rng.choice(list(project.graph.nodes)))
        levels = opening.levels(project, id)
        if project.groups and rng.random() < 0.25:
            project = opening.fold(project, [str(rng.choice(list(project.groups)))])
            versions = []
        elif levels:
            try:
                project = opening.unfold(project, id, str(rng.choice(levels)))
            except GraphError as error:
                assert "nothing smaller" in str(error)
                continue
            versions.append(project)
        after = recorded(project)
        np.testing.assert_allclose(
            after.values[loss_node(project) or ""], before.values["loss1"], 1e-12
        )
        np.testing.assert_allclose(
            after.gradients["data1"], before.gradients["data1"], rtol=1e-11, atol=1e-14
        )
    again = from_bytes(to_bytes(project))
    same(again, project)
    if versions:
        for earlier in reversed(versions[:-1]):
            opened = [id for id in project.groups if id not in earlier.groups]
            project = opening.fold(project, opened)
            same(project, earlier)
    closed = opening.fold(again, list(again.groups))
    assert closed.graph == network.graph
    for key, weight in network.weights.items():
        np.testing.assert_array_equal(closed.weights[key], weight)


def test_moved_it_closes_where_it_is(network: Project) -> None:
    opened = opening.unfold(network, "tanh1")
    places = {id: (x + 7, y - 5) for id, (x, y) in opened.places.items()}
    closed = opening.fold(edits.move(opened, places), ["tanh1"])
    x, y = network.places["tanh1"]
    assert closed.places["tanh1"] == (x + 7, y - 5)


def test_new_nodes_do_not_take_its_id(network: Project) -> None:
    opened = opening.unfold(network, "tanh1")
    assert edits.new_id(opened, gate("tanh")) == "tanh2"
    taken = edits.add_node(opened, gate("exp"), (0, 0), id="tanh1")
    closed = opening.fold(taken, ["tanh1"])
    assert closed.graph["tanh1"].op == gate("exp")
    assert closed.graph["tanh1_2"].op == gate("tanh")
    assert closed.graph["dense2"].sources == {"x": ("tanh1_2",)}
    with pytest.raises(GraphError, match="Another tanh1 stands opened"):
        opening.unfold(taken, "tanh1")


def test_deleting_a_part_leaves_the_rest_as_it_is(network: Project) -> None:
    opened = opening.unfold(network, "tanh1")
    left = edits.remove_nodes(opened, [opened.groups["tanh1"].members[0]])
    assert left.groups == {}
    assert edits.remove_nodes(opened, ["loss1"]).groups.keys() == {"tanh1"}


def test_a_node_that_is_not_connected_says_so() -> None:
    project = edits.add_node(Project(), gate("sigmoid"), (0, 0))
    with pytest.raises(StudioError, match="sigmoid1 has nothing at its port x"):
        opening.unfold(project, "sigmoid1")
    with pytest.raises(GraphError, match="no node called ghost"):
        opening.unfold(project, "ghost")


def test_how_far_it_can_be_opened(network: Project) -> None:
    assert opening.levels(network, "dense1") == ("neurons", "matrices", "gates")
    assert opening.levels(network, "dense2") == ("matrices", "gates")
    assert opening.levels(network, "tanh1") == ("gates",)
    assert opening.levels(network, "data1") == ()


def lecture() -> Project:
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    return build.from_formula(formula("f = 1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))", values))


def test_the_lectures_neuron_fused_and_opened_again() -> None:
    project = lecture()
    chain = [id for id in project.graph.nodes if project.graph[id].op.name in ("exp", "negate")]
    chain += [id for id in project.graph.nodes if project.graph[id].op.name == "shift"]
    fused = opening.fuse(project, [*chain, "f"])
    assert fused.graph["sigmoid1"].op == gate("sigmoid")
    assert fused.places["sigmoid1"] == project.places["f"]
    opened = opening.unfold(fused, "sigmoid1")
    before, after = recorded(project), recorded(opened)
    for key in ("w0", "x0", "w1", "x1", "w2"):
        np.testing.assert_allclose(after.gradients[key], before.gradients[key], rtol=1e-14)
    same(opening.fuse(opened, opened.groups["sigmoid1"].members), fused)


def test_fusing_a_layer_takes_its_parameters_along(network: Project) -> None:
    opened = opening.unfold(network, "dense1", "matrices")
    members = opened.groups["dense1"].members
    fused = opening.fuse(replace(opened, groups={}), members)
    assert fused.graph["dense1"].op.settings["units"] == 4
    np.testing.assert_array_equal(fused.weights["dense1.weight"], network.weights["dense1.weight"])
    with pytest.raises(GraphError, match="no gate that does what"):
        opening.fuse(network, ["dense1", "tanh1"])


def test_files_hold_what_stands_opened(network: Project) -> None:
    opened = opening.unfold(opening.unfold(network, "dense1", "neurons"), "loss1")
    opened = opening.unfold(opened, opened.groups["dense1"].members[2], "gates")
    again = from_bytes(to_bytes(opened))
    same(again, opened)
    assert to_bytes(again) == to_bytes(opened)
    same(opening.fold(again, ["dense1", "loss1"]), network)
    assert b"groups" not in parts_of(network).document


WRONG: tuple[tuple[str, Any], ...] = (
    ("members", ["ghost"]),
    ("members", []),
    ("members", ["exp1", "exp1"]),
    ("members", ["tanh1"]),
    ("output", "data1"),
    ("output", "ghost"),
    ("inputs", {"x": [["data1", "rows"]]}),
    ("inputs", {"x": [["exp1", "ghost"]]}),
    ("inputs", {"ghost": [["exp1", "x"]]}),
    ("inputs", {"x": "exp1"}),
    ("held", {"x": {"shape": [2], "piece": [2], "keys": ["exp1.x"]}}),
    ("held", {"weight": {"shape": [2], "piece": [], "keys": ["dense1.weight"]}}),
    ("held", {"x": {"shape": [-1], "piece": [], "keys": []}}),
    ("node", {"id": "a b", "op": "tanh"}),
    ("node", {"id": "tanh1", "op": "formula", "settings": {"text": "x +"}}),
    ("node", 3),
    ("unknown", 3),
)


@pytest.mark.parametrize(("part", "value"), WRONG, ids=str)
def test_hostile_groups_are_refused_in_a_sentence(network: Project, part: str, value: Any) -> None:
    parts = parts_of(opening.unfold(network, "tanh1"))
    document = json.loads(parts.document)
    document["groups"][0][part] = value
    with pytest.raises(FileError) as caught:
        project_of(Parts(json.dumps(document).encode(), parts.arrays))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"shape": [4, 2]}, {"piece": [3, 1]}, {"keys": []}, {"shape": [2, 3]}],
    ids=str,
)
def test_weights_in_other_pieces_are_refused(network: Project, wrong: dict[str, Any]) -> None:
    parts = parts_of(opening.unfold(network, "dense1", "neurons"))
    document = json.loads(parts.document)
    held = document["groups"][0]["held"]["weight"]
    assert held["shape"] == [2, 4] and held["piece"] == [2, 1]
    held |= wrong
    with pytest.raises(FileError, match="is not in these pieces"):
        project_of(Parts(json.dumps(document).encode(), parts.arrays))


def test_an_opened_gate_that_nobody_knows_stays_open(network: Project) -> None:
    parts = parts_of(opening.unfold(network, "tanh1"))
    document = json.loads(parts.document)
    document["groups"][0]["node"]["op"] = "tangens"
    project = project_of(Parts(json.dumps(document).encode(), parts.arrays))
    with pytest.raises(StudioError, match="does not know the gate tangens"):
        opening.fold(project, ["tanh1"])
    again = json.loads(parts_of(project).document)
    assert again["groups"] == document["groups"]


def test_groups_that_lie_in_each_other_are_refused(network: Project) -> None:
    opened = opening.unfold(opening.unfold(network, "tanh1"), "sigmoid1")
    parts = parts_of(opened)
    document = json.loads(parts.document)
    one, other = document["groups"]
    one["members"].append(other["node"]["id"])
    other["members"].append(one["node"]["id"])
    with pytest.raises(FileError, match="lies in itself"):
        project_of(Parts(json.dumps(document).encode(), parts.arrays))
    other["members"].pop()
    other["members"].append(one["members"][0])
    with pytest.raises(FileError, match="lies in two opened gates"):
        project_of(Parts(json.dumps(document).encode(), parts.arrays))


def test_loss_node_of_an_opened_loss(network: Project) -> None:
    opened = opening.unfold(network, "loss1")
    assert loss_node(opened) == opened.groups["loss1"].output
    assert loss_node(network) == "loss1"


def test_an_opened_gate_whose_parts_were_exchanged_is_no_longer_one_and_can_be_saved() -> None:
    layered = opening.unfold(build.network(toys.make("xor"), (2, 4, 1)), "dense1", "matrices")
    holder = next(id for id in layered.groups["dense1"].members if "weight" in id)
    exchanged = edits.replace_op(layered, holder, gate("input"))
    assert "dense1" not in exchanged.groups
    assert from_bytes(to_bytes(exchanged)).graph.nodes == exchanged.graph.nodes


def test_a_layer_that_is_fed_a_single_number_by_now_can_not_be_closed() -> None:
    layered = opening.unfold(build.network(toys.make("xor"), (2, 4, 1)), "dense1", "matrices")
    fed = next(id for id, node in layered.graph.nodes.items() if node.op.name == "data")
    single = edits.replace_op(layered, fed, gate("constant"))
    with pytest.raises(StudioError):
        opening.fold(single, ["dense1"])
