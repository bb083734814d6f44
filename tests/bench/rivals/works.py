"""The workloads of training: W1 to W5, each a layered network with its data and its optimizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Tanh
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import CrossEntropy, SquaredError
from bpstudio.engine.ops.source import Data
from bpstudio.engine.optimizers import SGD, Adam, Optimizer
from bpstudio.engine.shapes import Shape

STEPS = 20
"""Steps after which the losses are compared."""

Step = Callable[[int, int], Any]
"""`step(batch, t)` trains on one batch; t counts from 1."""


@dataclass(frozen=True)
class Work:
    """One workload: a layered network, how it is trained, and its data."""

    name: str
    sizes: tuple[int, ...]
    hidden: type[Op]
    last: type[Op] | None
    loss: type[Op]
    optimizer: Optimizer
    rate: float
    rows: int
    batches: int

    @property
    def graph(self) -> Graph:
        """The network; its prediction is the node before `loss1`."""
        nodes = {"data1": Node("data1", Data())}
        feeding = "data1"

        def add(id: str, op: Op, port: str = "x") -> str:
            nodes[id] = Node(id, op, {port: (feeding,)})
            return id

        for place, units in enumerate(self.sizes[1:], start=1):
            feeding = add(f"dense{place}", Dense(units=units))
            kind = self.hidden if place < len(self.sizes) - 1 else self.last
            if kind is not None:
                feeding = add(f"act{place}", kind())
        add("loss1", self.loss(), "prediction")
        return Graph(nodes)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of features and targets."""
        return {
            "data1.rows": Shape(self.sizes[:1], True),
            "loss1.target": Shape(self.sizes[-1:], True),
        }

    def weights(self) -> dict[str, Array]:
        """Where everybody starts."""
        rng = np.random.default_rng(7)
        pairs = list(zip(self.sizes, self.sizes[1:], strict=False))
        return {
            key: array
            for place, (m, n) in enumerate(pairs, start=1)
            for key, array in (
                (f"dense{place}.weight", rng.normal(0, (2 / (m + n)) ** 0.5, (m, n))),
                (f"dense{place}.bias", np.zeros(n)),
            )
        }

    def data(self) -> dict[str, Array]:
        """Features and answers for all batches."""
        rng = np.random.default_rng(8)
        count, width = self.rows * self.batches, self.sizes[-1]
        features = rng.normal(size=(count, self.sizes[0]))
        if self.loss is CrossEntropy:
            answers = np.eye(width)[rng.integers(0, width, count)]
        else:
            answers = rng.integers(0, 2, (count, width)).astype(float)
        return {"data1.rows": features, "loss1.target": answers}


WORKS = (
    Work("W1", (2, 4, 1), Tanh, Sigmoid, SquaredError, SGD(), 0.5, 4, 1),
    Work("W2", (2, 16, 16, 2), Tanh, None, CrossEntropy, Adam(), 0.01, 32, 8),
    Work("W2p", (2, 16, 16, 1), Tanh, None, SquaredError, SGD(), 0.1, 32, 8),
    Work("W3", (2, 16, 16, 2), Tanh, None, CrossEntropy, Adam(), 0.01, 500, 1),
    Work("W4", (64, 128, 64, 10), ReLU, None, CrossEntropy, Adam(), 0.001, 64, 8),
    Work("W5", (784, 256, 128, 10), ReLU, None, CrossEntropy, Adam(), 0.001, 128, 4),
)


@dataclass(frozen=True)
class Rival:
    """One way to train: a step, and the loss after the last one.

    `same_start`: it begins at the workload's weights, so its loss can be compared.
    """

    step: Step
    loss: Callable[[], float]
    same_start: bool = True
