"""Wires joined and threaded, things in line, and what is frozen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bpstudio.data import toys
from bpstudio.engine.formula import build as formula_of
from bpstudio.errors import StudioError
from bpstudio.project import align, boxing, build, edits, freezing, wiring
from bpstudio.project.gates import gate
from bpstudio.project.project import Project


@pytest.fixture
def chain() -> Project:
    """(x+y)z with a tanh between the two gates."""
    made = build.from_formula(formula_of("(x+y)*z", {"x": 1.0, "y": 2.0, "z": 3.0}))
    return edits.insert_node(made, gate("tanh"), (0.0, 0.0), "multiply1", "a")


@pytest.fixture
def network() -> Project:
    return build.network(toys.make("xor"), (2, 4, 4, 1))


def test_deleting_joins_one_wire_in_and_one_out(chain: Project) -> None:
    assert wiring.joins(chain, ["tanh1"])
    assert wiring.delete(chain, ["tanh1"]).graph["multiply1"].sources["a"] == ("add1",)
    # Two wires lead into the sum, none into x, and none out of the product.
    for id in ("add1", "x", "multiply1"):
        assert not wiring.joins(chain, [id])
        assert id not in wiring.delete(chain, [id]).graph.nodes
    assert not wiring.delete(chain, ["add1"]).graph["tanh1"].sources


def test_deleting_never_joins_what_would_draw_weights_anew(network: Project) -> None:
    # From 2 numbers to 4: the layer behind would need another shape.
    assert not wiring.joins(network, ["dense1", "tanh1"])
    left = wiring.delete(network, ["dense1", "tanh1"])
    assert left.weights["dense2.weight"] is network.weights["dense2.weight"]
    assert not left.graph["dense2"].sources
    # From 4 to 4: everything behind stays as it is.
    assert wiring.joins(network, ["dense2", "tanh2"])
    left = wiring.delete(network, ["dense2", "tanh2"])
    assert left.graph["dense3"].sources == {"x": ("tanh1",)}
    assert left.weights["dense3.weight"] is network.weights["dense3.weight"]


def test_notes_are_deleted_beside_nodes(chain: Project) -> None:
    noted = boxing.add_note(chain, "why", (0.0, 0.0))
    left = wiring.delete(noted, ["tanh1", "note-1"])
    assert not left.notes and left.graph["multiply1"].sources["a"] == ("add1",)
    assert not wiring.delete(noted, ["note-1"]).notes


def test_several_nodes_that_hang_together_leave_their_wire(network: Project) -> None:
    healed = edits.heal(network, "dense2", "tanh2")
    assert healed.graph["dense3"].sources == {"x": ("tanh1",)}
    with pytest.raises(StudioError, match="feeds others from 2 places"):
        shared = edits.add_node(network, gate("relu"), (0.0, 0.0))
        edits.heal(edits.connect(shared, "dense2", "relu1", "x"), "dense2", "tanh2")


def test_a_loose_node_is_threaded_into_a_wire(chain: Project) -> None:
    loose = edits.add_node(chain, gate("sigmoid"), (5.0, 5.0))
    assert wiring.alone(loose, ["sigmoid1"]) and not wiring.alone(loose, ["tanh1"])
    done = wiring.drop(loose, {"sigmoid1": (7.0, 8.0)}, ("tanh1", "x", 0))
    assert done.graph["tanh1"].sources == {"x": ("sigmoid1",)}
    assert done.graph["sigmoid1"].sources == {"x": ("add1",)}
    assert done.places["sigmoid1"] == (7.0, 8.0)
    source = edits.add_node(chain, gate("input"), (5.0, 5.0))
    with pytest.raises(StudioError, match="has no input"):
        wiring.drop(source, {"input1": (0.0, 0.0)}, ("tanh1", "x", 0))


def test_one_wire_of_several_into_a_port_is_threaded(chain: Project) -> None:
    joined = edits.add_node(chain, gate("concatenate"), (0.0, 0.0))
    port = joined.graph["concatenate1"].op.ports[0].name
    for id in ("x", "y", "z"):
        joined = edits.connect(joined, id, "concatenate1", port)
    joined = edits.add_node(joined, gate("relu"), (0.0, 0.0))
    done = wiring.thread(joined, ["relu1"], ("concatenate1", port, 1))
    assert done.graph["concatenate1"].sources[port] == ("x", "relu1", "z")


RECTS = {"a": (0.0, 0.0, 10.0, 20.0), "b": (30.0, 5.0, 20.0, 10.0), "c": (90.0, 50.0, 40.0, 30.0)}


@pytest.mark.parametrize(
    ("how", "moves"),
    [
        (align.LEFT, {"a": (0, 0), "b": (-30, 0), "c": (-90, 0)}),
        (align.RIGHT, {"a": (120, 0), "b": (80, 0), "c": (0, 0)}),
        (align.CENTRE, {"a": (60, 0), "b": (25, 0), "c": (-45, 0)}),
        (align.TOP, {"a": (0, 0), "b": (0, -5), "c": (0, -50)}),
        (align.BOTTOM, {"a": (0, 60), "b": (0, 65), "c": (0, 0)}),
        (align.MIDDLE, {"a": (0, 30), "b": (0, 30), "c": (0, -25)}),
        (align.ACROSS, {"a": (0, 0), "b": (10, 0), "c": (0, 0)}),
        (align.DOWN, {"a": (0, 0), "b": (0, 25), "c": (0, 0)}),
    ],
)
def test_where_things_go_to_stand_in_line(how: str, moves: dict[str, tuple[float, float]]) -> None:
    assert align.shifts(RECTS, how) == moves
    assert align.shifts({}, how) == {}


def test_freezing_holds_for_nodes_with_weights(network: Project) -> None:
    frozen = freezing.freeze(network, ["dense1", "tanh1", "data1"])
    assert frozen.training.frozen == {"dense1"}
    assert freezing.are_frozen(frozen, ["dense1", "tanh1"])
    assert not freezing.are_frozen(frozen, ["dense1", "dense2"])
    assert not freezing.are_frozen(frozen, ["data1"])
    assert freezing.freeze(frozen, ["dense1"]) is frozen
    assert freezing.freeze(frozen, ["dense1"], False).training == network.training
    with pytest.raises(StudioError, match="Only nodes with weights"):
        freezing.freeze(network, ["tanh1"])
    other = replace(network.training, frozen=frozenset({"dense3"}))
    both = freezing.freeze(edits.set_training(network, other), ["dense1"])
    assert both.training.frozen == {"dense1", "dense3"}
