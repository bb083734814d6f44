"""Convolutional networks on pictures of digits, 8 × 8 and 28 × 28, beside PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine import initial, plan, run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Op
from bpstudio.engine.ops.activation import ReLU
from bpstudio.engine.ops.convolution import Conv2D, MaxPool2D
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import CrossEntropy
from bpstudio.engine.ops.reshape import Flatten
from bpstudio.engine.ops.source import Data
from bpstudio.engine.optimizers import Adam, Optimizer
from bpstudio.engine.shapes import Shape
from tests.bench.rivals.frameworks import installed
from tests.bench.rivals.works import STEPS, Rival

ROWS, RATE = 64, 0.001


@dataclass(frozen=True)
class Pictures:
    """Square pictures of one channel, and convolutions as (patterns, window), each pooled by 2."""

    name: str
    side: int
    convolutions: tuple[tuple[int, int], ...]

    @property
    def graph(self) -> Graph:
        """The network; the padding keeps the size of the picture."""
        nodes, last = {"data1": Node("data1", Data())}, "data1"

        def add(id: str, op: Op, port: str = "x") -> None:
            nonlocal last
            nodes[id], last = Node(id, op, {port: (last,)}), id

        for place, (units, size) in enumerate(self.convolutions, start=1):
            add(f"conv{place}", Conv2D(units=units, size=size, padding=size // 2))
            add(f"relu{place}", ReLU())
            add(f"pool{place}", MaxPool2D())
        add("flat", Flatten())
        add("dense", Dense(units=10))
        add("loss", CrossEntropy(), "prediction")
        return Graph(nodes)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of features and targets."""
        picture = (self.side, self.side, 1)
        return {"data1.rows": Shape(picture, True), "loss.target": Shape((10,), True)}

    @property
    def given(self) -> dict[str, Array]:
        """One batch."""
        rng = np.random.default_rng(5)
        rows = rng.normal(size=(ROWS, self.side, self.side, 1))
        return {"data1.rows": rows, "loss.target": np.eye(10)[rng.integers(0, 10, ROWS)]}

    @property
    def weights(self) -> dict[str, Array]:
        """Where everybody starts."""
        return initial.starting(self.graph, self.shapes, 0)


PICTURES = (
    Pictures("8 × 8, one convolution", 8, ((8, 3),)),
    Pictures("28 × 28, one convolution", 28, ((8, 5),)),
    Pictures("28 × 28, two convolutions", 28, ((8, 3), (16, 3))),
)


def rivals_of(work: Pictures) -> dict[str, Rival]:
    """Everybody who takes part, the first the one to compare with; SystemExit if they disagree."""
    makers: dict[str, Callable[[], Rival]] = {
        "plan": lambda: compiled(work, np.float64),
        "plan, float32": lambda: compiled(work, np.float32),
        "run": lambda: recorded(work),
    }
    if installed("torch"):
        makers["PyTorch"] = lambda: in_torch(work, "float64")
        makers["PyTorch, float32"] = lambda: in_torch(work, "float32")
    rivals, losses = {}, {}
    for name, make in makers.items():
        rivals[name] = make()
        for t in range(1, STEPS + 1):
            rivals[name].step(0, t)
        losses[name] = rivals[name].loss()
        if abs(losses[name] - losses["plan"]) > (1e-3 if "32" in name else 1e-9):
            raise SystemExit(f"{work.name}: after {STEPS} steps the losses differ: {losses}")
    return rivals


def compiled(work: Pictures, dtype: Any) -> Rival:
    """The plan."""
    ready = plan.compile_training(
        work.graph, work.shapes, work.weights, Adam(), rows=ROWS, dtype=dtype
    )
    ready.load(work.given)
    return Rival(lambda batch, t: ready.step(batch, RATE, t), lambda: float(ready.loss))


def recorded(work: Pictures) -> Rival:
    """`run` and the optimizer's own rule."""
    graph, weights, given, last = work.graph, work.weights, work.given, [0.0]
    rule: Optimizer = Adam()
    state = {key: [np.zeros_like(w) for _ in rule.state] for key, w in weights.items()}

    def step(batch: int, t: int) -> None:
        recording = run.record(graph, given, weights)
        last[0] = float(recording.values["loss"])
        for key, gradient in recording.weight_gradients.items():
            new = rule.update(weights[key], gradient, RATE, t, *state[key])
            weights[key] = new["w"]
            state[key] = [new[name] for name in rule.state]

    return Rival(step, lambda: last[0])


def in_torch(work: Pictures, precision: str) -> Rival:
    """PyTorch, its channels first, with its fused optimizer."""
    import torch

    torch.set_num_threads(1)
    dtype = getattr(torch, precision)
    weights, given = work.weights, work.given
    layers: list[Any] = []
    channels, side = 1, work.side
    with torch.no_grad():
        for place, (units, size) in enumerate(work.convolutions, start=1):
            layer: Any = torch.nn.Conv2d(channels, units, size, padding=size // 2, dtype=dtype)
            own = weights[f"conv{place}.weight"].transpose(3, 2, 0, 1)
            layer.weight.copy_(torch.from_numpy(own.copy()))
            layer.bias.copy_(torch.from_numpy(weights[f"conv{place}.bias"].copy()))
            layers += [layer, torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
            channels, side = units, side // 2
        dense = torch.nn.Linear(side * side * channels, 10, dtype=dtype)
        own = weights["dense.weight"].reshape(side, side, channels, 10).transpose(3, 2, 0, 1)
        dense.weight.copy_(torch.from_numpy(own.reshape(10, -1).copy()))
        dense.bias.copy_(torch.from_numpy(weights["dense.bias"].copy()))
    model = torch.nn.Sequential(*layers, torch.nn.Flatten(), dense)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    x = torch.from_numpy(given["data1.rows"].transpose(0, 3, 1, 2).copy()).to(dtype)
    goals = torch.from_numpy(given["loss.target"].argmax(-1))
    measure, last = torch.nn.CrossEntropyLoss(), [0.0]

    def step(batch: int, t: int) -> None:
        optimizer.zero_grad()
        loss = measure(model(x), goals)
        loss.backward()
        optimizer.step()
        last[0] = float(loss.detach())

    return Rival(step, lambda: last[0])
