"""W6: a network's outputs at the 200 × 200 points of a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpstudio.engine import plan, run
from bpstudio.engine.op import Array
from tests.bench.rivals.by_hand import Memory
from tests.bench.rivals.frameworks import torch_model
from tests.bench.rivals.works import WORKS


def grid_rivals() -> dict[str, Callable[[], Any]]:
    """W6: the network of W2 on the 200 × 200 points of a picture."""
    work = WORKS[1]
    weights, graph = work.weights(), work.graph
    axis = np.linspace(-1, 1, 200)
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    memory = Memory(work)
    count = len(points)
    x = np.ones((3, count))
    x[:2] = points.T
    h1, h2, z = np.ones((17, count)), np.ones((17, count)), np.empty((2, count))
    slab1, slab2, slab3 = memory.slabs

    def by_hand() -> Array:
        slab1.T.dot(x, h1[:16])
        np.tanh(h1[:16], h1[:16])
        slab2.T.dot(h1, h2[:16])
        np.tanh(h2[:16], h2[:16])
        slab3.T.dot(h2, z)
        return z.T

    rivals: dict[str, Callable[[], Any]] = {"by hand": by_hand}
    for name, dtype, rows in (("plan", np.float64, 2000), ("plan, float32", np.float32, 2000)):
        predictor = plan.compile_predictor(graph, work.shapes, "dense3", rows=rows, dtype=dtype)
        rivals[name] = lambda predictor=predictor: predictor(weights, {"data1.rows": points})  # type: ignore[misc]
    rivals["run"] = lambda: (
        list(run.forward(graph, {"data1.rows": points}, weights, ancestors_of="dense3"))[-1].output
    )
    model = torch_model(work)
    if model is not None:
        import torch

        def in_torch() -> Array:
            with torch.no_grad():
                found: Array = model(torch.from_numpy(points)).numpy()
            return found

        rivals["PyTorch"] = in_torch
    expected = by_hand()
    for name, rival in rivals.items():
        far = float(np.abs(rival() - expected).max())
        if far > (1e-5 if "32" in name else 1e-12):
            raise SystemExit(f"W6: {name} is {far:.1e} from the plan by hand")
    return rivals
