"""Recordings as moments, scrubbed both ways."""

from __future__ import annotations

import pytest

from bpstudio.errors import StudioError
from bpstudio.exchange.diagram import svg
from bpstudio.playback.picture import picture
from bpstudio.playback.timeline import BACKWARD, FORWARD, PHASES, UPDATE, at
from tests.playback.drawing import network, neuron, of_formula, timeline


def test_moments_are_gates_forward_gates_backward_and_updates() -> None:
    line = timeline(of_formula("(x+y)*z", x=-2, y=5, z=-4))
    assert [(m.phase, m.node) for m in line.moments] == [
        (FORWARD, "add1"),
        (FORWARD, "multiply1"),
        (BACKWARD, "multiply1"),
        (BACKWARD, "add1"),
    ]
    assert [m.number for m in line.moments] == [1, 2, 3, 4]


def test_the_neuron_of_the_lecture_has_twenty_steps() -> None:
    line = timeline(neuron())
    assert len(line) == 20
    assert [line.span(phase) for phase in PHASES] == [(0, 8), (8, 9), (9, 17), (17, 20)]
    assert line.at(12.5).label == "backward · 13 of 20"
    assert [m.node for m in line.moments[17:]] == ["w0", "w1", "w2"]


def test_what_is_known_at_a_time() -> None:
    line = timeline(of_formula("(x+y)*z", x=-2, y=5, z=-4))
    start = line.at(0)
    assert [start.value(node) for node in ("x", "add1", "multiply1")] == [1, 0, 0]
    assert line.at(1).value("add1") == 1
    assert line.at(1).value("multiply1") == 0
    turning = line.at(2)
    assert turning.gradient("multiply1") == 1, "the pass back starts at the result"
    assert turning.gradient("add1") == 0
    later = line.at(3)
    assert [later.gradient(node) for node in ("add1", "z", "x")] == [1, 1, 0]
    assert line.at(4).gradient("x") == 1


def test_a_fork_has_its_sum_only_after_its_last_wire() -> None:
    line = timeline(of_formula("x*y + max(x, z)", x=1, y=2, z=0))
    assert set(line.forks) == {"x"}
    ends = sorted(line.passed_at[wire] for wire in line.forks["x"])
    assert line.arrived_at["x"] == ends[-1]
    between = line.at(ends[0])
    assert sum(between.passed(wire) for wire in line.forks["x"]) == 1
    assert between.gradient("x") == 0
    assert line.at(ends[-1]).gradient("x") == 1


def test_pulses_run_to_the_gate_forward_and_from_it_backward() -> None:
    line = timeline(of_formula("(x+y)*z", x=-2, y=5, z=-4))
    early, late = line.at(0.1).pulses, line.at(0.5).pulses
    assert {pulse.wire for pulse in early} == {("add1", "a", 0), ("add1", "b", 0)}
    assert 0 < early[0].place < late[0].place < 1
    back = line.at(2.1).pulses, line.at(2.5).pulses
    assert {pulse.wire[0] for pulse in back[0]} == {"multiply1"}
    assert 1 > back[0][0].place > back[1][0].place > 0
    assert line.at(0.95).pulses == ()


def test_stepping_both_ways() -> None:
    line = timeline(of_formula("(x+y)*z", x=-2, y=5, z=-4))
    assert [line.next(t) for t in (0, 0.4, 1, 3.5, 4)] == [1, 1, 2, 4, 4]
    assert [line.previous(t) for t in (4, 3.5, 1, 0.4, 0)] == [3, 3, 0, 0, 0]
    assert line.at(-3).t == 0
    assert line.at(99).t == 4


def test_scrubbing_forth_and_back_restores_equal_pictures() -> None:
    project = neuron()
    line = timeline(project)
    times = [0.0, 0.3, 4.0, 8.0, 12.41, 17.2, 20.0]
    forth = [svg(picture(project, line.at(t))) for t in times]
    back = [svg(picture(project, line.at(t))) for t in reversed(times)]
    assert forth == back[::-1]
    assert len(set(forth)) == len(times)
    assert svg(picture(project, at(line.recording, 12.41))) == forth[4]


def test_stills() -> None:
    line = timeline(network())
    assert line.still(FORWARD).moment is None
    assert line.still(BACKWARD).t == line.span(BACKWARD)[1]
    assert line.still(UPDATE).phase == UPDATE
    shown = line.still(BACKWARD, 8)
    assert shown.moment is not None
    assert (shown.moment.number, shown.phase) == (8, BACKWARD)
    assert shown.pulses
    assert line.still_at(8).t == shown.t
    with pytest.raises(StudioError, match=r"no step 1 here\. Choose one from 7 to 11"):
        line.still(BACKWARD, 1)
    with pytest.raises(StudioError, match="no step 99"):
        line.still_at(99)


def test_an_empty_recording_rests() -> None:
    line = timeline(of_formula("x + 1", x=1))
    assert line.at(0).phase == FORWARD
    bare = type(line)(type(line.recording)(line.recording.graph, ()))
    assert len(bare) == 0
    assert bare.at(3).moment is None
    assert bare.at(3).pulses == ()
