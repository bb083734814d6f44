"""The engine itself: the plan compiled from the gates, and `run`, which records every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpstudio.engine import plan, run
from tests.bench.rivals.works import Rival, Work


def compiled(work: Work, dtype: Any) -> Rival:
    """The plan of the engine, compiled from the gates."""
    ready = plan.compile_training(
        work.graph, work.shapes, work.weights(), work.optimizer, rows=work.rows, dtype=dtype
    )
    ready.load(work.data())
    step, rate = ready.step, work.rate
    return Rival(lambda batch, t: step(batch, rate, t), lambda: float(ready.loss))


def recorded(work: Work) -> Rival:
    """`run`, which records every step of every gate, and the optimizer's own rule."""
    graph, weights, data = work.graph, work.weights(), work.data()
    state: dict[str, list[Any]] = {
        key: [np.zeros_like(w) for _ in work.optimizer.state] for key, w in weights.items()
    }
    last = [0.0]

    def step(batch: int, t: int) -> None:
        rows = slice(batch * work.rows, (batch + 1) * work.rows)
        recording = run.record(graph, {k: a[rows] for k, a in data.items()}, weights)
        last[0] = float(recording.values["loss1"])
        for key, gradient in recording.weight_gradients.items():
            new = work.optimizer.update(weights[key], gradient, work.rate, t, *state[key])
            weights[key] = new["w"]
            state[key] = [new[name] for name in work.optimizer.state]

    return Rival(step, lambda: last[0])
