"""Training by differences: the same course as by backpropagation, at the price that is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpstudio.engine.graph import Graph, Node, add
from bpstudio.engine.op import catalog
from bpstudio.engine.optimizers import SGD, Adam, Momentum
from bpstudio.errors import GraphError, NotFinite
from bpstudio.training.job import Job
from bpstudio.training.numeric import NumericStep, descend
from bpstudio.training.schedules import schedules
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now
from tests.training.conftest import Network


def apart(job: Job) -> float:
    """How far the two courses ever are apart, in losses and in weights."""
    steps = list(descend(job))
    proper = train_now(job)
    last: NumericStep = steps[-1]
    assert last.step == proper.step == job.start + job.steps
    losses = np.array([step.loss for step in steps])
    return max(
        float(np.abs(losses - proper.losses).max()),
        *(float(np.abs(last.weights[key] - w).max()) for key, w in proper.weights.items()),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": SGD(learning_rate=0.5)},
        {"optimizer": Momentum(learning_rate=0.05), "l2": 0.01},
        {"optimizer": SGD(learning_rate=0.2), "frozen": frozenset({"dense1"})},
        {"optimizer": SGD(learning_rate=0.3), "schedule": schedules["step"]()},
        {"optimizer": SGD(learning_rate=0.3), "l1": 0.01, "clip_norm": 0.2},
        {"optimizer": SGD(learning_rate=0.3), "clip_value": 0.05, "rates": (("dense1", 0.2),)},
    ],
    ids=["plain", "momentum and penalty", "frozen", "schedule", "clipped", "own rates"],
)
def test_both_take_the_same_course(network: Network, changes: dict[str, Any]) -> None:
    job = network(steps=150, **changes)
    assert apart(job) < 1e-6


def test_batches_of_a_data_set_and_a_smaller_last_one(network: Network) -> None:
    job = network("moons", (4, 1), batch=32, steps=40, optimizer=SGD(learning_rate=0.1))
    assert apart(job) < 1e-6
    assert apart(replace(job, start=7, steps=9)) < 1e-6


def test_noise_and_statistics_are_those_of_each_step(network: Network) -> None:
    job = network("moons", (6, 1), steps=1, batch=20, optimizer=SGD(learning_rate=0.1))
    graph = add(job.graph, Node("dropout1", catalog["dropout"](), {"x": ("tanh1",)}))
    nodes = dict(graph.nodes)
    nodes["dense2"] = replace(nodes["dense2"], sources={"x": ("dropout1",)})
    assert apart(replace(job, graph=Graph(nodes), steps=12)) < 1e-6


def test_the_price_is_counted(network: Network) -> None:
    steps = list(descend(network(layers=(4, 1), steps=3)))
    assert [step.forward_passes for step in steps] == [35, 70, 105]
    frozen = list(descend(network(layers=(4, 1), steps=1, frozen=frozenset({"dense1"}))))
    assert frozen[0].forward_passes == 2 * 5 + 1
    assert not frozen[0].gradients["dense1.weight"].any()


def test_adam_goes_nearly_the_same_way(network: Network) -> None:
    assert apart(network(steps=50, optimizer=Adam(learning_rate=0.01))) < 1e-4


def test_gates_without_data() -> None:
    graph = add(Graph(), Node("w1", catalog["parameter"]()))
    graph = add(graph, Node("square1", catalog["square"](), {"x": ("w1",)}))
    settings = Settings(optimizer=SGD(learning_rate=0.25))
    job = Job(graph, {}, {"w1.value": np.array(3.0)}, settings, steps=4)
    losses = [step.loss for step in descend(job)]
    assert losses == pytest.approx([9, 2.25, 0.5625, 0.140625])
    assert job.weights["w1.value"] == 3


def test_what_it_can_not_do_is_said(network: Network) -> None:
    with pytest.raises(GraphError, match="nothing to train"):
        next(descend(Job(Graph(), {}, {})))


def test_it_stops_where_no_step_can_be_taken() -> None:
    graph = add(Graph(), Node("w1", catalog["parameter"]()))
    graph = add(graph, Node("exp1", catalog["exp"](), {"x": ("w1",)}))
    job = Job(graph, {}, {"w1.value": np.array(800.0)}, steps=3)
    with pytest.raises(NotFinite, match=r"Step 1: the loss is inf.*smaller learning rate"):
        next(descend(job))
