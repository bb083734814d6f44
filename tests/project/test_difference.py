"""What differs between two versions, found without comparing in depth."""

from __future__ import annotations

from dataclasses import replace

from bpstudio.data import toys
from bpstudio.project import build, edits
from bpstudio.project.difference import Difference, Wire, between
from bpstudio.project.gates import gate
from bpstudio.project.project import Project
from bpstudio.training.settings import Settings

NETWORK = build.network(toys.make("xor"), (2, 4, 1))


def test_nothing_differs() -> None:
    assert not between(NETWORK, NETWORK)
    assert not between(NETWORK, replace(NETWORK))
    assert between(NETWORK, edits.connect(NETWORK, "data1", "dense1", "x")) == Difference()


def test_a_title_is_no_change_of_structure() -> None:
    found = between(NETWORK, edits.rename(NETWORK, "tanh1", "squash"))
    assert found == Difference(changed=frozenset({"tanh1"}))


def test_moving_differs_in_places_only() -> None:
    found = between(NETWORK, edits.move(NETWORK, {"tanh1": (1, 2)}))
    assert found == Difference(places=frozenset({"tanh1"}))


def test_adding_and_removing() -> None:
    added = edits.add_node(NETWORK, gate("input"), (0, 0))
    found = between(NETWORK, added)
    assert found == Difference(
        added=frozenset({"input1"}),
        places=frozenset({"input1"}),
        given=frozenset({"input1.value"}),
        structure=True,
    )
    back = between(added, NETWORK)
    assert (back.removed, back.structure) == (frozenset({"input1"}), True)


def test_wires() -> None:
    found = between(NETWORK, edits.connect(NETWORK, "data1", "dense2", "x"))
    assert found.wires_added == {Wire("data1", "dense2", "x", 0)}
    assert found.wires_removed == {Wire("tanh1", "dense2", "x", 0)}
    assert found.changed == {"dense2"}
    assert found.weights == {"dense2.weight"}
    assert found.structure
    gone = between(NETWORK, edits.remove_nodes(NETWORK, ["tanh1"]))
    assert gone.wires_removed == {
        Wire("dense1", "tanh1", "x", 0),
        Wire("tanh1", "dense2", "x", 0),
    }
    assert gone.changed == {"dense2"}


def test_everything_else() -> None:
    assert between(NETWORK, edits.set_data(NETWORK, toys.make("moons"))).data
    assert between(NETWORK, edits.set_training(NETWORK, Settings(batch=2))).training
    assert between(NETWORK, edits.set_note(NETWORK, "!")) == Difference(note=True)
    assert between(NETWORK, edits.set_title(NETWORK, "!")) == Difference(title=True)
    trained = {key: weight + 1 for key, weight in NETWORK.weights.items()}
    landed = edits.land_training(NETWORK, trained, {}, NETWORK.trained.losses, 3)
    found = between(NETWORK, landed)
    assert found == Difference(weights=frozenset(NETWORK.weights), trained=True)
    assert between(Project(), NETWORK).added == NETWORK.graph.nodes.keys()
