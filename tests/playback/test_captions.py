"""What is said at each moment: the sentences and, above all, the numbers."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpstudio import language
from bpstudio.engine.op import catalog
from bpstudio.engine.optimizers import Adam
from bpstudio.playback import digits
from bpstudio.playback.captions import Caption, caption, descent_rate, summary
from bpstudio.playback.chain import filled
from bpstudio.playback.equations import local_gradient, plain, spelled
from bpstudio.playback.timeline import BACKWARD, FORWARD, PHASES, UPDATE, Timeline
from bpstudio.project.project import complete
from tests.playback.drawing import alone, network, neuron, of_formula, timeline

GATES = [name for name, op in catalog.items() if op.category not in ("source", "missing")]


@pytest.fixture(params=["en", "ko"])
def tongue(request: pytest.FixtureRequest) -> Iterator[str]:
    language.set_language(request.param)
    yield request.param
    language.set_language("en")


def captions(line: Timeline, phase: str | None = None) -> list[Caption]:
    return [caption(line, m) for m in line.moments if phase in (None, m.phase)]


def products(said: Caption) -> list[tuple[float, float, float]]:
    """Each (gradient, upstream, local) that a caption shows, as a reader reads them."""
    found = []
    for line in said.lines:
        by_role = {span.role: span.text for span in line}
        if {"gradient", "upstream", "local"} <= by_role.keys():
            numbers = [by_role[role].strip("()") for role in ("gradient", "upstream", "local")]
            found.append(tuple(map(digits.read, numbers)))
    return found  # type: ignore[return-value]


def agrees(result: float, product: float) -> bool:
    """To half a unit of two decimals, or to what four figures can tell."""
    return abs(result - product) <= max(0.0051, 0.0) or math.isclose(result, product, rel_tol=3e-3)


def test_the_numbers_multiply_out(tongue: str) -> None:
    line = timeline(neuron())
    shown = [row for said in captions(line, BACKWARD) for row in products(said)]
    assert len(shown) >= 10
    for gradient, upstream, local in shown:
        assert agrees(gradient, upstream * local), (tongue, gradient, upstream, local)


@given(st.lists(st.floats(-50, 50).filter(lambda v: abs(v) > 1e-3), min_size=3, max_size=3))
def test_the_numbers_multiply_out_for_any_values(values: list[float]) -> None:
    x, y, z = values
    line = timeline(of_formula("tanh(x*y) * max(y, z) + (x + z)^2", x=x, y=y, z=z))
    for said in captions(line, BACKWARD):
        for gradient, upstream, local in products(said):
            if abs(gradient) > 1e-3:
                assert math.isclose(gradient, upstream * local, rel_tol=6e-3, abs_tol=0.0051)


def test_the_lecture_in_words() -> None:
    line = timeline(neuron())
    said = caption(line, line.moments[13])
    assert said.title == "Step 14 of 20 · backward through +"
    assert said.words == "An add gate distributes its upstream gradient unchanged:"
    assert said.text.endswith("0.20 = 0.20 (upstream) × 1.00 (local), to both inputs")
    swapped = caption(line, line.moments[15]).text
    assert "A multiply gate swaps" in swapped
    assert "−0.3932 = 0.1966 (upstream) × −2.00 (local), to w1" in swapped
    through = caption(line, line.moments[9]).text
    assert "local = −y² = −0.73² = −0.53" in through


def test_max_routes_and_says_when_it_is_a_tie() -> None:
    routed = captions(timeline(of_formula("max(x, y)", x=2, y=1)), BACKWARD)[0]
    assert "routes its gradient to the larger input" in routed.words
    assert products(routed) == [(1.0, 1.0, 1.0), (0.0, 1.0, 0.0)]
    tie = captions(timeline(of_formula("max(x, y)", x=2, y=2)), BACKWARD)[0]
    assert "a tie" in tie.words
    assert products(tie) == [(0.5, 1.0, 0.5)]


def test_a_fork_adds_up_what_comes_back() -> None:
    line = timeline(of_formula("x*y + x", x=3, y=4))
    said = "\n".join(each.text for each in captions(line, BACKWARD))
    assert "x feeds 2 gates, so these add up: 1.00 + 4.00 = 5.00" in said
    assert said.count("add up") == 1


def test_the_same_gate_fed_twice_adds_up_too() -> None:
    line = timeline(of_formula("x*x", x=3))
    assert "3.00 + 3.00 = 6.00" in captions(line, BACKWARD)[0].text


@pytest.mark.parametrize("name", GATES)
def test_every_gate_has_captions(name: str, tongue: str) -> None:
    line = timeline(alone(catalog[name]()))
    said = captions(line)
    assert {m.phase for m in line.moments} >= {FORWARD, BACKWARD}
    for each in said:
        assert each.title
        assert each.words or each.lines
        assert each.lines, (tongue, name)
        assert "nan" not in each.text


@pytest.mark.parametrize("name", GATES)
def test_every_scalar_gate_multiplies_out(name: str, tongue: str) -> None:
    line = timeline(alone(catalog[name]()))
    for moment in line.moments:
        if moment.phase == BACKWARD and line.recording.values["gate"].size == 1:
            for gradient, upstream, local in products(caption(line, moment)):
                assert agrees(gradient, upstream * local), (tongue, name)


def test_layers_speak_of_shapes_and_sizes() -> None:
    line = timeline(network())
    texts = {m.number: caption(line, m).text for m in line.moments}
    assert "x (4 × 2), weight (2 × 4), bias (4) → y (4 × 4)" in texts[1]
    assert re.search(r"∂weight = xᵀ @ g +4 × 4 · 4 × 1 → 4 × 1 +‖·‖ = ", texts[9])
    assert re.search(r"∂bias = sum of g over the rows +4 × 1 → 1 +‖·‖ = ", texts[9])
    entry = products(caption(line, line.moments[7]))
    assert len(entry) == 1
    assert agrees(entry[0][0], entry[0][1] * entry[0][2])


def test_an_update_is_a_step_against_the_gradient() -> None:
    line = timeline(neuron())
    said = caption(line, line.moments[17])
    assert said.title == "Step 18 of 20 · update of w0"
    assert said.text.endswith("2.10 = 2.00 − 0.50 (α) × (−0.20)")
    assert descent_rate(line.recording.updates[0]) == 0.5


def test_an_update_by_another_rule_says_how_far_it_went() -> None:
    project = network()
    settings = dataclasses.replace(project.training, optimizer=Adam())
    line = timeline(dataclasses.replace(project, training=settings))
    said = captions(line, UPDATE)[0]
    assert descent_rate(line.recording.updates[0]) is None
    assert "optimizer" in said.words
    found = re.search(r"(\S+) = (\S+) \+ (\S+); the gradient is", said.text)
    assert found is not None
    after, before, moved = (digits.read(text.strip("()")) for text in found.groups())
    assert agrees(after, before + moved)


def test_numbers_on_their_own_do_not_look_like_gradient_descent() -> None:
    project = neuron()
    settings = dataclasses.replace(project.training, optimizer=Adam())
    line = timeline(dataclasses.replace(project, training=settings))
    assert descent_rate(line.recording.updates[0]) is not None
    for said in captions(line, UPDATE):
        assert "optimizer" in said.words
        assert "(α)" not in said.text


def test_a_phase_is_summed_up() -> None:
    line = timeline(neuron())
    assert [summary(line, phase).title for phase in PHASES] == [
        "Forward: 8 steps",
        "Gradients cleared",
        "Backward: 8 steps",
        "Update: 3 parameters",
    ]
    assert summary(line, FORWARD).text.endswith("1/x = 0.7311")


def test_templates_become_spans() -> None:
    spans = filled("{a} = {b} (x)", a=plain("1", "gradient"), b=plain("2"))
    assert [(span.text, span.role) for span in spans] == [("1", "gradient"), (" = 2 (x)", "text")]


def test_local_gradients_leave_upstream_out() -> None:
    def text(name: str, port: str) -> str:
        found = local_gradient(catalog[name](), port)
        assert found is not None
        return "".join(span.text for span in spelled(found, {}))

    assert text("multiply", "a") == "b"
    assert text("add", "a") == "1"
    assert text("sigmoid", "x") == "y × (1 − y)"
    assert text("tanh", "x") == "1 − y²"
    assert text("log", "x") == "1 / x"
    assert text("relu", "x") == "1 if x > 0 else 0"


@pytest.mark.parametrize(
    ("value", "fixed", "significant"),
    [
        (0.0, "0.00", "0.00"),
        (-0.001, "0.00", "−0.001"),
        (-1.0, "−1.00", "−1.00"),
        (0.19661, "0.20", "0.1966"),
        (1234.0, "1.2e3", "1234.00"),
        (1e-9, "0.00", "1.000e−9"),
        (float("inf"), "∞", "∞"),
        (float("nan"), "nan", "nan"),
    ],
)
def test_numbers_are_written_alike(value: float, fixed: str, significant: str) -> None:
    assert digits.fixed(value) == fixed
    assert digits.significant(value) == significant


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.0000"),
        (0.69061, "0.6906"),
        (-0.0012, "−0.0012"),
        (0.00083, "8.3e−4"),
        (2.34e-5, "2.3e−5"),
        (-2.34e-5, "−2.3e−5"),
        (float("nan"), "nan"),
    ],
)
def test_small_numbers_of_a_table_are_not_written_as_nothing(value: float, written: str) -> None:
    assert digits.tabular(value) == written


def test_more_figures_where_two_decimals_would_not_add_up() -> None:
    def law(n: list[float]) -> float:
        return n[0] - n[1] * n[2]

    assert digits.agreeing([-0.1961, -0.5344, 0.367], law) == ["−0.20", "−0.53", "0.37"]  # type: ignore[arg-type]
    assert digits.agreeing([0.39322, 0.19661, 2.0], law) == ["0.3932", "0.1966", "2.00"]  # type: ignore[arg-type]
    assert digits.signed(1.99) == "+1.99"
    assert digits.small(0.0083) == "8.3e−3"
    assert digits.size_of(np.zeros((4, 2))) == "4 × 2"


@pytest.mark.parametrize(
    ("name", "settings", "shape"),
    [
        ("conv2d", {"units": 1, "size": 1}, (1, 1, 1)),
        ("max_pool2d", {"size": 1}, (1, 1, 1)),
        ("flatten", {}, (1,)),
        ("reshape", {"size": (1, 1)}, (1,)),
        ("slice", {}, (1,)),
        ("maxout", {"pieces": 1}, (1,)),
        ("layer_norm", {}, (1,)),
        ("dense", {"units": 1}, (1,)),
    ],
)
def test_gates_of_arrays_that_hold_one_number_have_captions_too(
    name: str, settings: dict[str, object], shape: tuple[int, ...]
) -> None:
    class_of = catalog[name]
    project = alone(class_of(**settings))
    one = {key: np.full(shape, 0.5) for key in project.given}
    said = captions(timeline(complete(replace(project, given=one, weights={}))))
    assert len(said) >= 2
    assert all(each.lines for each in said)
