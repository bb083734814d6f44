"""What playback shows of a step is what training does in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.formula import build as formula_of
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import SGD, Adam, AdamW, Nesterov
from bpstudio.playback import captions
from bpstudio.playback.timeline import FORWARD, Timeline
from bpstudio.project import build, edits, file, gates, runs
from bpstudio.project.iteration import iteration, runnable
from bpstudio.project.project import Project, complete
from bpstudio.training.schedules import Cosine, Step
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now

CHAIN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("dense", {"units": 6}),
    ("batch_norm", {}),
    ("prelu", {}),
    ("dropout", {"rate": 0.3}),
    ("layer_norm", {}),
    ("dense", {"units": 1}),
    ("sigmoid", {}),
)


def chained(settings: Settings) -> Project:
    """A network with noise, statistics and weights that are no biases and no slopes."""
    nodes = [Node("data1", gates.gate("data"))]
    for place, (name, chosen) in enumerate(CHAIN):
        nodes.append(Node(f"n{place}", gates.gate(name, chosen), {"x": (nodes[-1].id,)}))
    loss = gates.gate("binary_cross_entropy")
    nodes.append(Node("loss1", loss, {"prediction": (nodes[-1].id,)}))
    graph = Graph({node.id: node for node in nodes})
    return complete(Project(graph=graph, data=toys.make("moons"), training=settings))


# A bias before a batch norm has a gradient of rounding alone, which a small ε would blow up.
SETTINGS = {
    "adamw": Settings(optimizer=AdamW(epsilon=1e-3), batch=16),
    "nesterov": Settings(optimizer=Nesterov(), batch=32, l2=0.01, l1=0.02, seed=7),
    "clipped": Settings(optimizer=SGD(), clip_norm=0.1, frozen=frozenset({"n0"}), l1=0.1),
    "by value": Settings(
        optimizer=Adam(epsilon=1e-3), batch=16, clip_value=0.01, schedule=Step(every=2)
    ),
    "own rates": Settings(optimizer=Adam(epsilon=1e-3), rates=(("n0", 0.1),), clip_norm=0.3),
    "cosine": Settings(optimizer=SGD(), batch=16, schedule=Cosine(steps=12), clip_norm=1.0),
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("before", [0, 5])
def test_an_iteration_is_the_next_step_of_training(name: str, before: int) -> None:
    project = chained(SETTINGS[name])
    if before:
        project = runs.landed(project, train_now(runs.job(project, before)))
    trained = train_now(runs.job(project, 1))
    shown = iteration(project, step=project.trained.steps, memory=project.trained.memory)
    assert float(shown.values["loss1"]) == pytest.approx(trained.losses[0], rel=1e-12)
    updated: dict[str, Array] = {f"{u.node}.{u.port}": u.after for u in shown.updates}
    frozen = project.training.frozen
    assert {key.partition(".")[0] for key in updated}.isdisjoint(frozen)
    for key, weight in trained.weights.items():
        expected = project.weights[key] if key.partition(".")[0] in frozen else updated[key]
        np.testing.assert_allclose(weight, expected, rtol=1e-10, atol=1e-13, err_msg=key)


def test_noise_differs_from_step_to_step_and_is_the_same_in_a_replay() -> None:
    project = chained(SETTINGS["adamw"])
    masks = [iteration(project, step=step).forward[4].arguments["mask"] for step in (0, 1, 0)]
    assert not np.array_equal(masks[0], masks[1]) and np.array_equal(masks[0], masks[2])


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_come_back_from_a_file(name: str) -> None:
    project = chained(SETTINGS[name])
    read = file.from_bytes(file.to_bytes(project))
    assert read.training == project.training
    assert read.graph == project.graph
    assert all(np.array_equal(read.statistics[k], v) for k, v in project.statistics.items())


def test_statistics_land_with_the_weights() -> None:
    project = chained(SETTINGS["adamw"])
    landed = runs.landed(project, train_now(runs.job(project, 60)))
    for port, start in (("mean", 0.0), ("variance", 1.0)):
        assert np.all(project.statistics[f"n1.{port}"] == start)
        assert not np.any(landed.statistics[f"n1.{port}"] == start)
    rows = landed.data.features if landed.data is not None else np.zeros((0, 2))
    one, many = runs.predict(landed, rows[:1]), runs.predict(landed, rows)
    np.testing.assert_allclose(one, many[:1], rtol=1e-12, err_msg="a row does not see the others")
    assert replace(landed).training == project.training


def test_what_lies_beside_a_formula_leaves_its_pass_back_alone() -> None:
    formula = build.from_formula(formula_of("(x+y)*z", {"x": -2.0, "y": 5.0, "z": -4.0}))
    whole = iteration(formula)
    (end,) = formula.graph.sinks
    beside = {
        name: edits.add_node(formula, gates.gate(name), (400.0, 300.0))
        for name in ("parameter", "input", "multiply", "sigmoid")
    }
    half = edits.connect(beside["sigmoid"], "x", "sigmoid1", "x")
    half = edits.add_node(half, gates.gate("add"), (500.0, 300.0))
    beside["half a branch"] = edits.connect(half, "sigmoid1", "add2", "a")
    for name, project in beside.items():
        assert runnable(project)[1] == end, name
        again = iteration(project)
        backward = {step.node: step for step in again.backward}
        for step in whole.backward:
            assert backward[step.node].upstream == step.upstream, (name, step.node)
        said = captions.summary(Timeline(again), FORWARD)
        assert "12.00" in "".join(span.text for line in said.lines for span in line), name


def test_while_the_end_of_a_formula_is_not_whole_there_is_no_pass_back() -> None:
    formula = build.from_formula(formula_of("(x+y)*z", {"x": -2.0, "y": 5.0, "z": -4.0}))
    cut = edits.disconnect(formula, "multiply1", "b")
    assert runnable(cut)[1] is None
    assert iteration(cut).backward == ()
