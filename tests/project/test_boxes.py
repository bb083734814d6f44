"""Boxes and notes: values of a project that change nothing of what it computes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bpstudio.data import toys
from bpstudio.engine.formula import build as formula_of
from bpstudio.errors import FileError, StudioError
from bpstudio.project import boxing, build, difference, edits, file, opening
from bpstudio.project.boxes import around, contents, folded_in
from bpstudio.project.container import pack, unpack
from bpstudio.project.gates import gate
from bpstudio.project.history import History
from bpstudio.project.project import Project


@pytest.fixture
def chain() -> Project:
    """x, y, z, add1 and multiply1."""
    return build.from_formula(formula_of("(x+y)*z", {"x": 1.0, "y": 2.0, "z": 3.0}))


def held(project: Project, id: str) -> set[str]:
    return set(contents(project.boxes, id))


def test_a_box_is_made_named_coloured_folded_and_dissolved(chain: Project) -> None:
    boxed = boxing.group(chain, ["x", "y", "add1"], "Sum")
    box = boxed.boxes["box-1"]
    assert set(box.members) == {"x", "y", "add1"}
    assert (box.title, box.label, box.folded, box.colour) == ("Sum", "Sum", False, "grey")
    assert boxed.graph is chain.graph
    assert boxing.name_box(boxed, "box-1", "").boxes["box-1"].label == "box-1"
    assert boxing.colour_box(boxed, "box-1", "teal").boxes["box-1"].colour == "teal"
    folded = boxing.fold_boxes(boxed, ["box-1"])
    assert folded_in(folded.boxes) == dict.fromkeys(("x", "y", "add1"), "box-1")
    assert boxing.fold_boxes(folded, ["box-1"]) is folded
    assert not boxing.dissolve(folded, "box-1").boxes
    history = History.of(chain).push("Group", boxed).push("Fold", folded)
    assert history.undo().undo().project is chain


def test_a_box_needs_a_node_and_goes_with_its_last(chain: Project) -> None:
    noted = boxing.add_note(chain, "why", (0.0, 0.0))
    with pytest.raises(StudioError, match="A box holds nodes"):
        boxing.group(noted, ["note-1"])
    boxed = boxing.group(noted, ["x", "note-1"])
    left = edits.remove_nodes(boxed, ["x"])
    assert not left.boxes
    assert set(left.notes) == {"note-1"}
    assert boxed.boxes["box-1"].members == ("x", "note-1")


def test_boxes_lie_in_boxes(chain: Project) -> None:
    inner = boxing.group(chain, ["x", "y"])
    outer = boxing.group(inner, ["x", "y", "add1"])
    assert outer.boxes["box-2"].members == ("box-1", "add1")
    assert around(outer.boxes, "x") == ("box-1", "box-2")
    assert held(outer, "box-2") == {"x", "y", "add1"}
    # The outermost folded box stands for everything in it.
    both = boxing.fold_boxes(outer, ["box-1", "box-2"])
    assert set(folded_in(both.boxes).values()) == {"box-2"}
    # A part of a box that is grouped with others leaves it; within the box it stays inside.
    across = boxing.group(outer, ["y", "z"])
    assert (held(across, "box-1"), held(across, "box-3")) == ({"x"}, {"y", "z"})
    within = boxing.group(outer, ["x", "add1"])
    assert around(within.boxes, "add1") == ("box-3", "box-2")
    assert boxing.dissolve(outer, "box-2").boxes == inner.boxes
    assert held(boxing.dissolve(outer, "box-1"), "box-2") == {"x", "y", "add1"}


def test_nodes_are_put_into_boxes_and_taken_out(chain: Project) -> None:
    boxed = boxing.group(chain, ["x", "y"])
    wider = boxing.put_into(boxed, "box-1", ["z"])
    assert held(wider, "box-1") == {"x", "y", "z"}
    assert boxing.put_into(wider, "box-1", ["z"]) is wider
    assert held(boxing.take_out(wider, ["y"]), "box-1") == {"x", "z"}
    assert not boxing.take_out(wider, ["x", "y", "z"]).boxes
    assert boxing.take_out(chain, ["x"]) is chain


def test_a_filled_box_goes_about_as_one(chain: Project) -> None:
    inner = boxing.group(chain, ["x", "y"])
    two = boxing.group(inner, ["add1", "z"])
    nested = boxing.house(two, ["x", "y"], "box-2")
    assert nested.boxes["box-2"].members == ("z", "add1", "box-1")
    assert held(nested, "box-1") == {"x", "y"}
    assert boxing.house(nested, ["x"], "").boxes["box-1"].members == ("y",)
    assert around(boxing.house(nested, ["y", "x"], "").boxes, "x") == ("box-1",)
    assert around(boxing.house(nested, ["x", "add1"], "box-1").boxes, "add1") == ("box-1", "box-2")
    # Nothing lies in itself, and what lies there already stays as it is.
    assert boxing.house(nested, ["x", "y", "add1", "z"], "box-1") is nested
    assert boxing.house(two, ["x", "y"], "") is two
    assert set(boxing.house(two, ["add1", "z", "x"], "").boxes) == {"box-1", "box-2"}
    with pytest.raises(StudioError, match="no box called"):
        boxing.house(two, ["x"], "box-9")


def test_what_stands_for_a_node_lies_where_it_lay(chain: Project) -> None:
    boxed = boxing.group(chain, ["x", "add1"])
    between = edits.insert_node(boxed, gate("tanh"), (0.0, 0.0), "add1", "a")
    assert held(between, "box-1") == {"x", "add1", "tanh1"}
    outside = edits.insert_node(boxed, gate("tanh"), (0.0, 0.0), "multiply1", "a")
    assert held(outside, "box-1") == {"x", "add1"}
    opened = opening.unfold(between, "tanh1")
    members = set(opened.groups["tanh1"].members)
    assert held(opened, "box-1") == {"x", "add1"} | members
    assert held(opening.fold(opened, ["tanh1"]), "box-1") == {"x", "add1", "tanh1"}


def test_notes_are_written_moved_and_removed(chain: Project) -> None:
    noted = boxing.add_note(chain, "first\nsecond", (1.0, 2.0))
    assert boxing.new_note_id(noted) == "note-2"
    moved = edits.move(noted, {"note-1": (5.0, 6.0), "x": (7.0, 8.0)})
    assert (moved.notes["note-1"].place, moved.places["x"]) == ((5.0, 6.0), (7.0, 8.0))
    assert edits.move(moved, {"note-1": (5.0, 6.0)}) is moved
    assert boxing.write_note(noted, "note-1", "first\nsecond") is noted
    assert boxing.write_note(noted, "note-1", "other").notes["note-1"].text == "other"
    assert not boxing.write_note(noted, "note-1", "  \n").notes
    assert not edits.remove_nodes(noted, ["note-1", "z"]).notes
    for text in ("\x00", "\ud800"):
        with pytest.raises(StudioError):
            boxing.write_note(noted, "note-1", text)


def test_a_difference_names_boxes_and_notes(chain: Project) -> None:
    boxed = boxing.add_note(boxing.group(chain, ["x"]), "a", (0.0, 0.0))
    found = difference.between(chain, boxed)
    assert found.boxes == {"box-1"} and found.notes == {"note-1"}
    assert not found.structure and not found.changed
    again = boxing.colour_box(boxed, "box-1", "sky")
    assert difference.between(boxed, again) == difference.Difference(boxes=frozenset({"box-1"}))


def test_a_file_keeps_boxes_and_notes(chain: Project) -> None:
    boxed = boxing.fold_boxes(boxing.group(chain, ["x", "y"], "두 값", "pink"), ["box-1"])
    boxed = boxing.add_note(boxing.group(boxed, ["x", "y", "add1"]), "줄\n바꿈", (1.5, -2.0))
    again = file.from_bytes(file.to_bytes(boxed))
    assert (again.boxes, again.notes) == (boxed.boxes, boxed.notes)
    document = json.loads(unpack(file.to_bytes(chain)).document)
    assert "boxes" not in document and "notes" not in document


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["boxes"][0].update(members=["x", "nobody"]), "does not exist"),
        (lambda d: d["boxes"][1].update(members=["box-1", "x"]), "lies in two boxes"),
        (lambda d: d["boxes"][0].update(members=["box-2"]), "lies in itself"),
        (lambda d: d["boxes"].append(dict(d["boxes"][0])), "the same id"),
        (lambda d: d["notes"].append(dict(d["notes"][0])), "the same id"),
        (lambda d: d["boxes"][0].update(id="x"), "is no id"),
        (lambda d: d["notes"][0].update(id="box-9"), "is no id"),
        (lambda d: d["boxes"][0].update(title="a\nb"), "can't be shown"),
        (lambda d: d["boxes"][0].update(inside=1), "knows no field called inside"),
        (lambda d: d["notes"][0].update(text=3), "Expected `str`"),
    ],
)
def test_a_file_whose_boxes_are_wrong_is_refused(
    chain: Project, change: Change, reason: str
) -> None:
    boxed = boxing.group(boxing.group(chain, ["x", "y"]), ["x", "y", "add1"])
    parts = unpack(file.to_bytes(boxing.add_note(boxed, "a", (0.0, 0.0))))
    document = json.loads(parts.document)
    change(document)
    with pytest.raises(FileError, match=reason):
        file.from_bytes(pack(parts._replace(document=json.dumps(document).encode())))


def test_a_colour_of_a_newer_version_is_kept(chain: Project) -> None:
    parts = unpack(file.to_bytes(boxing.group(chain, ["x"])))
    document = json.loads(parts.document)
    document["boxes"][0]["colour"] = "mauve"
    read = file.from_bytes(pack(parts._replace(document=json.dumps(document).encode())))
    assert read.boxes["box-1"].colour == "mauve"
    with pytest.raises(StudioError, match="It can be: grey"):
        boxing.colour_box(read, "box-1", "mauve")


def test_boxes_stay_with_their_nodes_while_a_network_is_edited() -> None:
    network = build.network(toys.make("xor"), (2, 4, 1))
    boxed = boxing.group(network, ["dense1", "tanh1"])
    assert not edits.remove_nodes(boxed, ["dense1", "tanh1"]).boxes
    smaller = edits.remove_nodes(boxed, ["tanh1"])
    assert smaller.boxes["box-1"].members == ("dense1",)
    assert edits.rename(boxed, "dense1", "Hidden").boxes is boxed.boxes
