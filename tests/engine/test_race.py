"""Three ways to one gradient: all arrive at the same, at the cost that the books give."""

from __future__ import annotations

import numpy as np

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.check import Check, gradient_check, gradient_checking
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.nudging import Nudged
from bpstudio.engine.op import Array, Gradients, Op
from bpstudio.engine.ops.source import Input
from bpstudio.engine.race import FORWARD_MODE, NUMERIC, REVERSE, Race, race
from bpstudio.project import build
from bpstudio.project.project import Project, arguments, loss_node


def network() -> Project:
    return build.network(toys.make("xor"), (2, 4, 1))


def laps_of(project: Project) -> list[Race]:
    steps = tuple(run.forward(project.graph, arguments(project), project.weights))
    goal = loss_node(project)
    assert goal is not None
    return list(race(steps, goal, list(project.weights)))


def test_each_way_takes_the_passes_that_it_is_known_for() -> None:
    project = network()
    last = laps_of(project)[-1]
    count = sum(weight.size for weight in project.weights.values())
    assert last.over and last.numbers == count == 17
    assert {lap.way: lap.passes for lap in last.laps} == last.needed
    assert last.needed == {REVERSE: 1, FORWARD_MODE: count, NUMERIC: 2 * count}


def test_all_arrive_at_the_same_gradient() -> None:
    last = laps_of(network())[-1]
    assert last.apart[REVERSE] == 0.0
    assert last.apart[FORWARD_MODE] < 1e-12
    assert 0.0 < last.apart[NUMERIC] < 1e-6


def test_the_slow_ones_have_run_equally_long_at_every_moment() -> None:
    for before, after in zip((laps := laps_of(network())), laps[1:], strict=False):
        _, forward, numeric = before.laps
        moved = [now.way for then, now in zip(before.laps, after.laps, strict=True) if then != now]
        unfinished = [lap for lap in (forward, numeric) if lap.done < before.numbers]
        assert moved == [min(unfinished, key=lambda lap: lap.seconds).way]


def test_what_a_way_will_take_is_told_from_what_it_took() -> None:
    first, second = laps_of(network())[:2]
    forward = second.laps[1]
    assert first.expected(first.laps[1]) == 0.0
    assert second.expected(forward) == forward.seconds * 17


class Wrong(Op, hidden=True):
    """Twice its input, with half the slope that it has."""

    symbol, category = "2x", "arithmetic"

    def forward(self, x: Array) -> Array:
        return 2.0 * x

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g}


def test_a_wrong_backward_rule_is_seen_in_the_race() -> None:
    graph = Graph(
        {"x": Node("x", Input()), "y": Node("y", Wrong(), {"x": ("x",)})},
    )
    steps = tuple(run.forward(graph, {"x.value": np.array(3.0)}, {}))
    *_, last = race(steps, "y", ["x.value"])
    assert last.apart[NUMERIC] > 0.9


def test_a_check_that_is_followed_finds_what_one_that_is_waited_for_finds() -> None:
    project = network()
    words = project.graph, arguments(project), project.weights
    nudges = gradient_checking(*words, wires=True)
    seen: list[Nudged] = []
    found: Check | None = None
    while found is None:
        try:
            seen.append(next(nudges))
        except StopIteration as end:
            found = end.value
    waited = gradient_check(*words, wires=True)
    assert [nudged.done for nudged in seen] == list(range(1, seen[0].numbers + 1))
    assert found.forward_passes == waited.forward_passes >= seen[-1].passes
    assert found.errors == waited.errors and found.entries.keys() == waited.entries.keys()
