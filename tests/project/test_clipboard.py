"""What is copied as text and pasted: nodes with all that belongs to them, and nothing hostile."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.errors import FormulaError, StudioError
from bpstudio.project import boxing, build, clipboard, edits, file, opening
from bpstudio.project.project import Project


@pytest.fixture
def network() -> Project:
    """2, 4 and 1 units on XOR."""
    made = build.network(toys.make("xor"), (2, 4, 1))
    return replace(made, places={id: (80.0 * i, 0.0) for i, id in enumerate(made.graph.nodes)})


def test_what_is_pasted_has_weights_values_wires_boxes_and_notes(network: Project) -> None:
    boxed = boxing.add_note(network, "two\nlines", (10.0, 50.0))
    boxed = boxing.group(boxed, ["dense1", "tanh1", "note-1"], "Hidden", "sky")
    frozen = replace(boxed.training, frozen=frozenset({"dense1"}))
    boxed = edits.rename(edits.set_training(boxed, frozen), "dense1", "층")
    text = clipboard.text_of(boxed, ["dense1", "tanh1", "dense2", "note-1"])
    assert text.isprintable() and clipboard.is_copied(text)
    new = clipboard.paste(boxed, text)
    nodes = new.graph.nodes
    assert nodes.keys() - boxed.graph.nodes.keys() == {"dense3", "tanh2", "dense4"}
    assert dict(nodes["dense3"].sources) == {}  # what fed it was not copied
    assert nodes["dense4"].sources == {"x": ("tanh2",)}
    assert nodes["dense3"].title == "층"
    for old, copy in (("dense1", "dense3"), ("dense2", "dense4")):
        for port in ("weight", "bias"):
            assert np.array_equal(new.weights[f"{copy}.{port}"], boxed.weights[f"{old}.{port}"])
    assert new.training.frozen == {"dense1", "dense3"}
    assert new.boxes["box-2"] == replace(
        boxed.boxes["box-1"], id="box-2", members=("dense3", "tanh2", "note-2")
    )
    assert new.notes["note-2"].text == "two\nlines"
    # Everything stands a step beside where it stood.
    moved = np.subtract(new.places["dense4"], boxed.places["dense2"])
    assert moved.tolist() == [clipboard.STEP, clipboard.STEP]
    assert np.subtract(new.notes["note-2"].place, (10.0, 50.0)).tolist() == moved.tolist()
    # What was there is as it was, and a file holds all of it.
    assert all(new.graph.nodes[id] is node for id, node in boxed.graph.nodes.items())
    assert file.from_bytes(file.to_bytes(new)).boxes == new.boxes


def test_pasted_weights_stay_when_they_are_connected(network: Project) -> None:
    text = clipboard.text_of(network, ["dense1"])
    other = clipboard.paste(edits.remove_nodes(network, ["dense1", "dense2"]), text)
    wired = edits.connect(other, "data1", "dense1", "x")
    assert wired.weights["dense1.weight"].tobytes() == network.weights["dense1.weight"].tobytes()


def test_what_is_pasted_in_the_middle_of_a_place_computes_the_same(network: Project) -> None:
    chain = clipboard.paste(Project(), "(x+y)*z", (0.0, 0.0))
    chain = edits.set_value(chain, "x.value", -2.0)
    text = clipboard.text_of(chain, chain.graph.nodes)
    both = clipboard.paste(chain, text, (300.0, 500.0))
    assert {"x1", "y1", "z1", "add2", "multiply2"} <= both.graph.nodes.keys()
    values = {step.node: float(step.output) for step in run.forward(both.graph, both.given, {})}
    assert values["multiply2"] == values["multiply1"] == -1.0
    new = [both.places[id] for id in both.graph.nodes.keys() - chain.graph.nodes.keys()]
    xs, ys = zip(*new, strict=True)
    assert ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2) == (300.0, 500.0)
    # Twice pasted without a place stands at two places.
    twice = clipboard.paste(clipboard.paste(chain, text), text)
    assert len(set(twice.places.values())) == 3 * len(chain.graph.nodes)


def test_an_opened_gate_is_copied_whole_or_as_plain_gates(network: Project) -> None:
    opened = opening.unfold(network, "dense1", "matrices")
    members = opened.groups["dense1"].members
    whole = clipboard.duplicate(opened, members)
    (new,) = whole.groups.keys() - opened.groups.keys()
    assert set(whole.groups[new].members).isdisjoint(members)
    assert whole.groups[new].output in whole.graph.nodes
    wired = whole
    for port, readings in whole.groups[new].inputs.items():
        for member, reading in readings:
            assert port == "x"
            wired = edits.connect(wired, "data1", member, reading)
    closed = opening.fold(wired, [new])
    assert np.array_equal(closed.weights[f"{new}.weight"], network.weights["dense1.weight"])
    assert not clipboard.part(opened, members[:-1]).groups


def test_duplicating_leaves_the_first_alone(network: Project) -> None:
    twice = clipboard.duplicate(network, ["dense1", "tanh1"])
    assert twice.graph["tanh2"].sources == {"x": ("dense3",)}
    assert twice.weights["dense1.weight"] is network.weights["dense1.weight"]
    assert clipboard.duplicate(network, []) is network


def test_a_formula_from_elsewhere_makes_its_gates() -> None:
    made = clipboard.paste(Project(), "  sin(x) * y\n", (0.0, 0.0))
    assert {"x", "y", "sin1", "multiply1"} == made.graph.nodes.keys()
    with pytest.raises(FormulaError):
        clipboard.paste(Project(), "dear colleague, please find")


COPIED: dict[str, Any] = json.loads(
    clipboard.text_of(build.network(toys.make("xor"), (2, 2, 1)), ["dense1", "tanh1"])
)


def text_with(**parts: Any) -> str:
    return json.dumps({**COPIED, **parts})


def document_with(**parts: Any) -> str:
    return text_with(project={**COPIED["project"], **parts})


@pytest.mark.parametrize(
    "text",
    [
        f'{{"{clipboard.MARK}": 1}}',
        f'{{"{clipboard.MARK}": 1, "project": [], "arrays": {{}}}}',
        f'{{"{clipboard.MARK}": 1, "project": {{}}, "arrays": {{}}',
        f'{{"{clipboard.MARK}": ' + "[" * 100_000,
        f'{{"{clipboard.MARK}": 1, "\ud800": 2}}',
        text_with(more=1),
        text_with(arrays={}),
        text_with(arrays={**COPIED["arrays"], "dense1.weight": "!!"}),
        text_with(arrays={**COPIED["arrays"], "dense1.weight": "AAAA"}),
        document_with(format_version=99),
        document_with(format_version="1"),
        document_with(nodes=COPIED["project"]["nodes"] * 2),
        document_with(nodes=[{"id": "../x", "op": "tanh"}]),
        document_with(nodes=[{"id": "a", "op": "tanh", "sources": {"x": ["a"]}}]),
        document_with(boxes=[{"id": "box-1", "members": ["nobody"]}]),
        document_with(notes=[{"id": "note-1", "text": "\u0000", "place": [0, 0]}]),
        document_with(weights={"dense9.weight": 1.0}),
        document_with(title="x" * 1000),
        "\x00",
        "{}",
        "x" * 20_000,
        "",
    ],
)
def test_hostile_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(StudioError) as caught:
        clipboard.paste(Project(), text)
    sentence = str(caught.value)
    assert sentence and "\n" not in sentence and "{" not in sentence.replace("{", "", 2)


def test_a_text_that_is_too_long_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "LONGEST", 100)
    with pytest.raises(StudioError, match="there is room for 100"):
        clipboard.paste(Project(), "x+" * 100 + "x")
