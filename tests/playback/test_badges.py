"""Badges: each case fires where it should, and a healthy network has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bpstudio.language import set_language
from bpstudio.playback import badges as badging
from bpstudio.playback import describing
from bpstudio.playback.badges import (
    DEAD,
    FROZEN,
    NOT_FINITE,
    SATURATED,
    TIE,
    UNREACHED,
    badges,
    marks,
    places,
)
from bpstudio.playback.scene import scene
from bpstudio.playback.timeline import Timeline
from bpstudio.project import edits
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, frozen
from tests.playback.drawing import network, of_formula, recorded


def kinds(project: Project) -> dict[str, list[str]]:
    """The kinds of badge of each node of the first training step."""
    found = badges(project, recorded(project))
    return {id: [badge.kind for badge in own] for id, own in found.items()}


def relu_network() -> Project:
    """Two inputs, three ReLU units, one output; the second unit never gives anything."""
    project = network("xor", (2, 3, 1))
    (layer,) = (n.id for n in project.graph.nodes.values() if n.op.name == "tanh")
    from bpstudio.engine.op import catalog

    project = edits.replace_op(project, layer, catalog["relu"]())
    bias = np.array([0.5, -50.0, 0.5])
    return edits.set_value(project, "dense1.bias", bias)


def test_a_healthy_network_has_none() -> None:
    assert kinds(network("xor", (2, 4, 1))) == {}
    assert kinds(of_formula("(x+y)*z", x=-2.0, y=5.0, z=-4.0)) == {}
    assert kinds(of_formula("relu(x)*max(x, y)", x=2.0, y=5.0)) == {}


def test_frozen() -> None:
    project = network("xor", (2, 4, 1))
    settings = replace(project.training, frozen=frozenset({"dense1"}))
    project = edits.set_training(project, settings)
    assert kinds(project) == {"dense1": [FROZEN]}
    # It is known without a run, too.
    assert [b.kind for b in badges(project, None)["dense1"]] == [FROZEN]


def test_a_tie_of_numbers_and_of_arrays() -> None:
    assert list(kinds(of_formula("max(x, y)", x=2.0, y=2.0)).values()) == [[TIE]]
    project = of_formula("min(x, y)", x=0.0, y=0.0)
    given = {
        "x.value": frozen(np.array([1.0, 2.0, 3.0])),
        "y.value": frozen(np.array([1.0, 5.0, 3.0])),
    }
    ((badge,),) = badges(
        replace(project, given=given), iteration(replace(project, given=given))
    ).values()
    assert badge.kind == TIE
    assert "2" in badge.sentence and "3" in badge.sentence


def test_dead_units_are_counted() -> None:
    project = relu_network()
    found = badges(project, recorded(project))
    ((badge,),) = found.values()
    assert badge.kind == DEAD
    assert "1 of 3 units" in badge.sentence
    assert kinds(of_formula("relu(x)", x=-1.0)) != {}
    (own,) = kinds(of_formula("relu(x)*2", x=-1.0)).values()
    assert own == [DEAD]


@pytest.mark.parametrize(("text", "far", "near"), [("sigmoid(x)", 6.0, 3.0), ("tanh(x)", 3.5, 1.5)])
def test_saturated_far_from_zero_only(text: str, far: float, near: float) -> None:
    for sign in (1.0, -1.0):
        (own,) = kinds(of_formula(text, x=sign * far)).values()
        assert own == [SATURATED]
        assert kinds(of_formula(text, x=sign * near)) == {}


def test_saturated_units_need_every_row() -> None:
    project = network("xor", (2, 4, 1))
    weight = project.weights["dense1.weight"].copy()
    weight[:, 0] = 0.0
    bias = np.array([9.0, 0.0, 0.0, 0.0])
    project = edits.set_value(project, "dense1.weight", weight)
    project = edits.set_value(project, "dense1.bias", bias)
    ((badge,),) = badges(project, recorded(project)).values()
    assert (badge.kind, "1 of 4 units" in badge.sentence) == (SATURATED, True)


def test_what_is_not_finite() -> None:
    project = of_formula("1/x", x=0.0)
    found = {id: {b.kind for b in own} for id, own in badges(project, recorded(project)).items()}
    assert any(NOT_FINITE in own for own in found.values())
    values = [b for own in badges(project, recorded(project)).values() for b in own]
    assert any("∞" in badge.sentence for badge in values)
    project = of_formula("log(x)", x=-1.0)
    sentences = [b.sentence for own in badges(project, recorded(project)).values() for b in own]
    assert any("NaN" in sentence for sentence in sentences)


def test_what_the_loss_does_not_reach() -> None:
    from bpstudio.engine.op import catalog

    project = network("xor", (2, 4, 1))
    project = edits.add_node(project, catalog["square"](), (0, 0), id="aside")
    project = edits.connect(project, "dense1", "aside", "x")
    assert kinds(project) == {"aside": [UNREACHED]}
    # A softmax that only shows what the loss sees is there to be looked at.
    two = network("blobs", (2, 4, 2))
    assert UNREACHED not in {k for own in kinds(two).values() for k in own}


def test_only_those_that_are_asked_for() -> None:
    project = of_formula("relu(x)+relu(y)", x=-1.0, y=-1.0)
    whole = badges(project, recorded(project))
    (first, *_others) = whole
    assert len(whole) == 2
    assert badges(project, recorded(project), [first]).keys() == {first}


def test_they_stand_on_their_bodies_and_do_not_cover_each_other() -> None:
    project = relu_network()
    settings = replace(project.training, frozen=frozenset({"dense1"}))
    project = edits.set_training(project, settings)
    here = scene(project)
    placed = places(here, badges(project, recorded(project)))
    assert sorted(badge.kind for _rect, badge in placed) == [DEAD, FROZEN]
    (one, _), (other, _) = placed
    assert not one.meets(other)
    assert all(here.bodies["dense1"].rect.grown(12).meets(rect) for rect, _badge in placed)
    assert len(list(marks(placed))) > 4


def test_every_kind_has_an_ink_and_a_sign_of_its_own() -> None:
    assert badging.INKS.keys() == badging.SIGNS.keys()
    assert len({str(sign) for sign in badging.SIGNS.values()}) == len(badging.SIGNS)


def test_they_are_said_in_korean() -> None:
    project = relu_network()
    ((badge,),) = badges(project, recorded(project)).values()
    english = badge.sentence
    set_language("ko")
    try:
        assert badge.sentence != english
    finally:
        set_language("en")


def test_they_are_said_to_those_who_do_not_see_them() -> None:
    project = of_formula("relu(x)*2", x=-1.0)
    timeline = Timeline(recorded(project))
    id = next(n.id for n in project.graph.nodes.values() if n.op.name == "relu")
    node = project.graph[id]
    assert "is closed" in describing.sentence(project, node, timeline.rest("forward"))
    assert "is closed" not in describing.sentence(project, node, timeline.at(0.0))
