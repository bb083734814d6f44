"""What is seen at each moment of the lecture's graphs: values, gradients, streams, and rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from bpstudio import language
from bpstudio.engine.run import BackwardStep
from bpstudio.playback import digits, flow
from bpstudio.playback.captions import caption
from bpstudio.playback.labels import labels, visible
from bpstudio.playback.marks import Curves, Discs, Text
from bpstudio.playback.picture import picture
from bpstudio.playback.scene import scene
from bpstudio.playback.timeline import (
    BACKWARD,
    CLEAR,
    FORWARD,
    ITERATION,
    LAYER,
    PHASE,
    UPDATE,
    Clear,
    Timeline,
    at,
)
from bpstudio.project import opening
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from tests.engine.test_acceptance import EXAMPLES
from tests.engine.test_acceptance import network as graph_of
from tests.engine.test_acceptance import recorded as example_recorded
from tests.playback.drawing import network, neuron, of_formula, timeline

every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


@pytest.fixture(params=["en", "ko"])
def tongue(request: pytest.FixtureRequest) -> Iterator[str]:
    language.set_language(request.param)
    yield request.param
    language.set_language("en")


@every_example
def test_every_value_and_gradient_is_there_at_its_step(example: Mapping[str, Any]) -> None:
    run = example_recorded(example)
    line = Timeline(run)
    for node in example["nodes"]:
        id = node["id"]
        known = line.known_at[id]
        after = at(run, known)
        assert after.value(id) == 1
        assert known == 0 or at(run, known - 1).value(id) == 0
        np.testing.assert_allclose(run.values[id], node["value"], rtol=1e-12, atol=1e-14)
        if id not in line.arrived_at:
            assert not np.any(node["grad"])
            continue
        arrived = line.arrived_at[id]
        assert line.at(arrived).gradient(id) == 1
        assert line.at(arrived - 1).gradient(id) == 0
        np.testing.assert_allclose(run.gradients[id], node["grad"], rtol=1e-12, atol=1e-14)


@every_example
def test_the_streams_of_every_fork_add_up(example: Mapping[str, Any]) -> None:
    run = example_recorded(example)
    line = Timeline(run)
    for id, wires in line.forks.items():
        streams = [run.contributions[wire] for wire in wires]
        np.testing.assert_allclose(sum(streams), run.gradients[id], rtol=1e-12, atol=1e-14)
        last = max(line.passed_at[wire] for wire in wires)
        assert line.arrived_at[id] == last
        assert all(line.at(last).passed(wire) == 1 for wire in wires)


@every_example
def test_stepping_to_the_end_and_back_restores_every_text(example: Mapping[str, Any]) -> None:
    graph, given = graph_of(example)
    project = Project(graph=graph, given=given)
    line = Timeline(example_recorded(example))

    def texts(t: float) -> list[str]:
        shown = picture(project, line.at(t))
        return ["".join(span.text for span in text.spans) for text in shown.texts()]

    forth, t = [texts(0.0)], 0.0
    while t < len(line):
        t = line.next(t)
        forth.append(texts(t))
    back = [forth[-1]]
    while t > 0:
        t = line.previous(t)
        back.append(texts(t))
    assert back[::-1] == forth
    assert len(forth) == len(line) + 1


def products(said: Any) -> Iterator[tuple[float, float, float]]:
    """Each gradient, upstream and local that one line of a caption shows, as it is read."""
    for spans in said.lines:
        numbers: dict[str, list[float]] = {"gradient": [], "upstream": [], "local": []}
        for span in spans:
            try:
                if span.role in numbers:
                    numbers[span.role].append(digits.read(span.text.strip("()")))
            except ValueError:
                continue
        if [len(found) for found in numbers.values()] == [1, 1, 1]:
            yield numbers["gradient"][0], numbers["upstream"][0], numbers["local"][0]


@every_example
def test_the_numbers_of_every_caption_multiply_out(example: Mapping[str, Any], tongue: str) -> None:
    line = Timeline(example_recorded(example))
    seen = 0
    for moment in line.moments:
        for gradient, upstream, local in products(caption(line, moment)):
            seen += 1
            assert abs(gradient - upstream * local) <= max(0.0051, 3e-3 * abs(gradient)), (
                tongue,
                moment.node,
            )
    assert seen > 0


def test_clearing_is_a_moment_of_its_own_before_the_pass_back() -> None:
    line = timeline(neuron())
    (moment,) = [m for m in line.moments if m.phase == CLEAR]
    assert isinstance(moment.step, Clear)
    assert moment.step.keys == ("w0.value", "w1.value", "w2.value")
    begin, end = line.span(CLEAR)
    assert line.span(FORWARD)[1] == begin
    assert line.span(BACKWARD)[0] == end == begin + 1
    assert line.at(begin).cleared("w0.value") == 0
    assert line.at(end).cleared("w0.value") == 1
    gained = line.gained_at["w0.value"]
    assert line.at(gained).cleared("w0.value") == 0
    assert not line.at(end - 0.5).returning
    assert "clear the gradients of 3 parameters" in caption(line, moment).title
    assert line.moved_by(moment) == ()
    assert timeline(of_formula("x*y", x=1, y=2)).span(CLEAR) == (1, 1), "nothing is updated"


def test_a_cleared_gradient_reads_zero_until_the_new_one_comes() -> None:
    project = neuron()
    line, here = timeline(project), scene(project)
    cleared = [label for label in labels(here, line, here.each) if label.role == "clear"]
    assert {label.node for label in cleared} == {"w0", "w1", "w2"}
    for label in cleared:
        assert label.text(line.recording) == "0.00"
        shown = [visible(label, line.at(t)) for t in range(len(line) + 1)]
        begin = line.span(CLEAR)[1]
        ends = line.gained_at[f"{label.node}.value"]
        assert shown == [float(begin <= t < ends) for t in range(len(line) + 1)]


def test_weights_move_only_in_the_update() -> None:
    project = network()
    line = timeline(project)
    begin = line.span(UPDATE)[0]
    keys = [f"{u.node}.{u.port}" for u in line.recording.updates]
    assert all(line.at(begin).updated(key) == 0 for key in keys)
    assert all(line.at(len(line)).updated(key) == 1 for key in keys)
    for update in line.recording.updates:
        weight = project.weights[f"{update.node}.{update.port}"]
        assert np.array_equal(update.before, weight)


def test_the_losers_wire_goes_dark() -> None:
    project = of_formula("max(x, y) + z", x=2, y=1, z=3)
    line = timeline(project)
    loser = next(m for m in line.moments if m.node == "max1" and m.phase == BACKWARD)
    assert ("max1", "b", 0) in line.dark
    assert ("max1", "a", 0) not in line.dark
    here = scene(project)
    done = flow.Moving(here, line.at(loser.number), {}, {})
    dark = [mark for mark in flow.wires(done) if isinstance(mark, Curves) and mark.ink == flow.DARK]
    assert len(dark) == 1
    before = flow.Moving(here, line.at(loser.number - 1), {}, {})
    assert not [m for m in flow.wires(before) if isinstance(m, Curves) and m.ink == flow.DARK]


def live_texts(project: Project, line: Timeline, t: float, role: str) -> list[str]:
    marks = flow.running(flow.Moving(scene(project), line.at(t), {}, {}))
    texts = [mark for mark in marks if isinstance(mark, Text)]
    return ["".join(s.text for s in text.spans) for text in texts if text.spans[0].role == role]


def test_an_adder_sends_the_same_number_along_each_wire() -> None:
    project = of_formula("(x + y) * z", x=-2, y=5, z=-4)
    line = timeline(project)
    number = line.backward_at["add1"]
    assert live_texts(project, line, number - 0.6, "gradient") == ["−4.00", "−4.00"]


def test_the_values_of_a_multiplier_cross_over() -> None:
    project = of_formula("x * y", x=3, y=-4)
    line = timeline(project)
    assert live_texts(project, line, 1.5, "local") == ["× −4.00", "× 3.00"]
    marks = flow.running(flow.Moving(scene(project), line.at(1.5), {}, {}))
    lines = [m for m in marks if isinstance(m, Curves) and m.ink.role == "local"]
    assert len(lines) == 2
    (a, b) = (mark.controls[0] for mark in lines)
    assert (a[0, 1] - a[-1, 1]) * (b[0, 1] - b[-1, 1]) < 0, "one goes up, the other down"
    assert live_texts(project, line, 0.5, "local") == []


def test_a_fork_has_a_plus_once_something_came_back() -> None:
    project = of_formula("(x + y) * x", x=-2, y=5)
    line, here = timeline(project), scene(project)

    def badges(t: float) -> int:
        marks = flow.state(flow.Moving(here, line.at(t), {}, {}))
        return sum(len(m.centres) for m in marks if isinstance(m, Discs) and m.stroke and m.fill)

    assert badges(2.0) == 0
    assert badges(3.0) == 1
    assert badges(float(len(line))) == 1


def test_one_step_is_a_gate_a_layer_a_phase_or_all() -> None:
    line = timeline(network())
    assert line.stops(PHASE) == (0, 5, 6, 11, 15)
    assert line.stops(ITERATION) == (0, 15)
    # Forward: two layers with their activations and the loss; the same back; two updates.
    assert line.stops(LAYER) == (0, 2, 4, 5, 6, 7, 9, 11, 13, 15)
    assert [line.next(t, LAYER) for t in (0, 0.5, 2, 14.5, 15)] == [2, 2, 4, 15, 15]
    assert [line.previous(t, PHASE) for t in (15, 11, 6, 0)] == [11, 6, 5, 0]
    assert line.next(3, ITERATION) == 15
    assert line.previous(3, ITERATION) == 0


def test_what_stands_opened_is_passed_in_one_step_of_a_layer() -> None:
    project = opening.unfold(neuron_layer(), "sigmoid1")
    line = Timeline(iteration(project), project.groups)
    inside = {m.node for m in line.moments if line.layers.get(m.node) == "sigmoid1"}
    assert len(inside) > 2
    stops = line.stops(LAYER)
    assert len(stops) < len(line.stops("gate"))


def neuron_layer() -> Project:
    """A sigmoid of a sum, the sigmoid one gate."""
    return of_formula("sigmoid(x + y) * z", x=1.0, y=-0.5, z=2.0)


def test_one_row_is_recorded_alone() -> None:
    project = network()
    whole = iteration(project)
    rows = [iteration(project, rows=np.array([row])) for row in range(4)]
    for row, alone in enumerate(rows):
        assert np.array_equal(alone.values["data1"], whole.values["data1"][row : row + 1])
    for key, gradient in whole.weight_gradients.items():
        mean = sum(alone.weight_gradients[key] for alone in rows) / 4
        np.testing.assert_allclose(mean, gradient, rtol=1e-12, atol=1e-14)


def test_a_moment_of_backward_is_a_backward_step() -> None:
    line = timeline(network())
    backward = [m for m in line.moments if m.phase == BACKWARD]
    assert all(isinstance(m.step, BackwardStep) for m in backward)
    assert math.isclose(sum(1 for _m in backward), line.span(BACKWARD)[1] - line.span(BACKWARD)[0])
