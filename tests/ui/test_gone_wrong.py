"""A training that breaks: it stops at the first bad step, says where, and one can go on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.engine.ops.source import Parameter
from bpstudio.engine.optimizers import SGD, Adam, Optimizer
from bpstudio.project import build, edits
from bpstudio.project.project import Project
from bpstudio.ui.studio import Notice, Studio


def chain(gates: list[str], value: float) -> Project:
    """A parameter, one gate after the other, and at last one that makes a loss of it."""
    nodes, last = {"w1": Node("w1", Parameter())}, "w1"
    for name in [*gates, "sum"]:
        id = f"{name}{sum(node.op.name == name for node in nodes.values()) + 1}"
        nodes[id] = Node(id, catalog[name](), {"x": (last,)})
        last = id
    project = Project(Graph(nodes))
    return replace(project, weights={"w1.value": np.array(value)})


def learning(features: list[float], answers: list[float], optimizer: Optimizer) -> Project:
    """A line through some points."""
    data = Dataset("rows", np.array(features)[:, None], np.array(answers)[:, None])
    project = build.network(data, (1, 3, 1), activation="relu")
    return edits.set_training(project, replace(project.training, optimizer=optimizer, batch=None))


POINTS = [-1.0, 0.0, 0.5, 1.0]
CASES = {
    "a learning rate of a million": learning(POINTS, [0.0, 1.0, 2.0, 0.5], SGD(learning_rate=1e6)),
    "a learning rate of 1e300": learning(POINTS, [0.0, 1.0, 2.0, 0.5], SGD(learning_rate=1e300)),
    "momentum that runs away": learning(POINTS, [0.0, 1e200, 2.0, 0.5], SGD(learning_rate=1.0)),
    "the memory of Adam": learning([1e160, 2e160], [0.0, 1.0], Adam(learning_rate=0.1)),
    "huge numbers": learning([1e300, -1e300], [1e300, 0.0], SGD(learning_rate=0.1)),
    "one point far away": learning([1e200], [0.0], SGD(learning_rate=0.1)),
    "exp": chain(["exp"], 800.0),
    "log of nothing": chain(["log"], 0.0),
    "log of less": chain(["log"], -1.0),
    "one by nothing": chain(["reciprocal"], 0.0),
    "root of less": chain(["sqrt"], -4.0),
    "slope of a root at nothing": chain(["sqrt", "tanh"], 0.0),
    "square": chain(["square"], 1e200),
    "exp of a square": chain(["square", "exp"], 30.0),
}


@pytest.mark.parametrize("project", CASES.values(), ids=CASES)
def test_it_stops_and_says_where_and_one_goes_on(
    project: Project, studio: Studio, notices: list[Notice], qtbot: QtBot
) -> None:
    studio.begin(project)
    notices.clear()
    studio.train(5000)
    qtbot.waitUntil(lambda: not studio.shown.training)
    assert notices and notices[-1].kind == "problem", notices
    (node,) = notices[-1].nodes
    assert node in studio.project.graph.nodes
    assert studio.project.graph[node].label in notices[-1].text
    for weight in studio.project.weights.values():
        assert np.isfinite(weight).all()
    assert np.isfinite(studio.project.trained.losses).all()
    # The window works on: what was done is undone, and something else is trained.
    while studio.history.undo_name:
        studio.undo()
    assert studio.project.graph.structure == project.graph.structure
    studio.begin(build.network(Dataset("two", np.eye(2), np.eye(2)), (2, 2)))
    studio.train(20)
    qtbot.waitUntil(lambda: not studio.shown.training)
    assert studio.project.trained.steps == 20
