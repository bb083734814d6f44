"""Numbers kept from sight: hidden in one place, and read nowhere."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bpstudio.engine.run import Recording, record
from bpstudio.exchange.diagram import svg
from bpstudio.playback import captions, digits
from bpstudio.playback.picture import picture
from bpstudio.playback.timeline import Timeline
from bpstudio.playback.veil import GRADIENT, KINDS, VALUE, Quantity, Veil, hidden, veiled
from tests.engine.test_acceptance import EXAMPLES, recorded
from tests.playback.drawing import of_formula, timeline


def run_of(text: str, **values: float) -> Recording:
    project = of_formula(text, **values)
    return record(project.graph, project.given, {})


def test_a_hidden_number_reads_as_a_question_and_what_comes_of_it_too() -> None:
    hidden_number = digits.HIDDEN
    for made in (hidden_number, 2.0 * hidden_number, hidden_number - 1, -hidden_number):
        for write in (digits.fixed, digits.significant, digits.tabular, digits.small):
            assert write(made) == "?"
    assert digits.signed(hidden_number) == "?"
    assert digits.fixed(float("nan")) == "nan", "what is no number is not hidden"


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_caption_and_no_picture_tells_a_hidden_number(example: str) -> None:
    recording = recorded(EXAMPLES[example])
    for kinds in ({GRADIENT}, {VALUE}, set(KINDS)):
        veil = Veil(frozenset(kinds))
        shown = veiled(recording, veil)
        for quantity in hidden(recording, veil):
            found = shown.gradients if quantity.kind == GRADIENT else shown.values
            assert np.isnan(found[quantity.node]).all()
        line = Timeline(shown)
        for moment in line.moments:
            said = captions.caption(line, moment)
            assert "nan" not in said.text
            if GRADIENT in kinds and moment.phase == "backward" and not said.words:
                assert not said.lines


def test_the_picture_has_a_question_for_each_hidden_gradient() -> None:
    project = of_formula("(x+y)*z", x=-2, y=5, z=-4)
    line = timeline(project)
    covered = Timeline(veiled(line.recording, Veil()))
    open_text = svg(picture(project, line.rest("backward"), caption=False))
    text = svg(picture(project, covered.rest("backward"), caption=False))
    # q, x, y and z, each with its halo; the gradient at which the pass begins is given.
    assert text.count(">?<") == 8
    assert open_text.count(">?<") == 0
    assert re.search(r">−12\.00<", text), "values stay"


def test_a_fork_hides_its_shares_and_lifting_the_sum_shows_them() -> None:
    recording = run_of("(x+y)*x", x=-2, y=5)
    veil = Veil()
    shares = [q for q in hidden(recording, veil) if q.wire]
    assert {q.node for q in shares} == {"x"}
    assert len(shares) == 2
    lifted = veil.without(shares[0])
    assert shares[0] not in hidden(recording, lifted)
    assert shares[1] in hidden(recording, lifted)
    whole = veil.without(Quantity(GRADIENT, "x"))
    assert not {q for q in hidden(recording, whole) if q.node == "x"}


def test_only_what_is_asked_for_is_hidden() -> None:
    recording = run_of("(x+y)*z", x=-2, y=5, z=-4)
    asked = Quantity(GRADIENT, "z")
    veil = Veil(only=frozenset({asked}))
    assert hidden(recording, veil) == (asked,)
    shown = veiled(recording, veil)
    assert np.isnan(shown.gradients["z"])
    assert shown.gradients["x"] == -4
    assert veiled(recording, veil.without(asked)) is recording


def test_hidden_values_take_what_reads_them_along() -> None:
    recording = run_of("(x+y)*z", x=-2, y=5, z=-4)
    shown = veiled(recording, Veil(frozenset({VALUE})))
    product = shown.forward[-1]
    assert np.isnan(product.arguments["a"])
    assert product.arguments["b"] == -4, "typed values are no secret"
    assert recording.values["multiply1"] == -12, "the recording itself is untouched"
