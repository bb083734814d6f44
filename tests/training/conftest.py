"""Networks to train, without a project around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph, Node, add
from bpstudio.engine.initial import starting
from bpstudio.engine.op import catalog
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.shapes import Shape
from bpstudio.training.job import Job
from bpstudio.training.settings import Settings


class Network(Protocol):
    """Makes a job: fully connected layers for a data set."""

    def __call__(
        self,
        data: Dataset | str = "xor",
        layers: Sequence[int] = (4, 1),
        *,
        activation: str = "tanh",
        output: str | None = "sigmoid",
        loss: str = "binary_cross_entropy",
        steps: int = 100,
        **settings: Any,
    ) -> Job: ...


@pytest.fixture
def network() -> Network:
    """A maker of jobs; see `Network`."""
    return make_network


def make_network(
    data: Dataset | str = "xor",
    layers: Sequence[int] = (4, 1),
    *,
    activation: str = "tanh",
    output: str | None = "sigmoid",
    loss: str = "binary_cross_entropy",
    steps: int = 100,
    **settings: Any,
) -> Job:
    """Layers of these sizes after the features; see `Network`."""
    data = toys.make(data) if isinstance(data, str) else data
    graph = add(Graph(), Node("data1", catalog["data"]()))
    last = "data1"
    for number, units in enumerate(layers, start=1):
        graph = add(graph, Node(f"dense{number}", Dense(units=units), {"x": (last,)}))
        last = f"dense{number}"
        name = output if number == len(layers) else activation
        if name is not None:
            graph = add(graph, Node(f"{name}{number}", catalog[name](), {"x": (last,)}))
            last = f"{name}{number}"
    graph = add(graph, Node("loss1", catalog[loss](), {"prediction": (last,)}))
    targets = data.targets(layers[-1])
    chosen = Settings(**settings)
    shapes = {
        "data1.rows": Shape((data.features.shape[1],), True),
        "loss1.target": Shape((layers[-1],), True),
    }
    train, test = data.training_rows, data.test_rows
    return Job(
        graph=graph,
        given={"data1.rows": data.features[train], "loss1.target": targets[train]},
        test={"data1.rows": data.features[test], "loss1.target": targets[test]},
        weights=starting(graph, shapes, chosen.seed),
        settings=chosen,
        classification=data.classification,
        steps=steps,
    )
