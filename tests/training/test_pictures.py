"""A small convolutional network learns pictures of 8 × 8, by its compiled plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine import plan, run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.initial import starting
from bpstudio.engine.op import Array, catalog
from bpstudio.engine.optimizers import Adam
from bpstudio.engine.shapes import Shape
from bpstudio.training.job import Job
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now

SIDE, CLASSES = 8, 4
LAYERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reshape", {"size": (SIDE, SIDE, 1)}),
    ("conv2d", {"units": 6, "size": 3, "padding": 1}),
    ("batch_norm", {}),
    ("relu", {}),
    ("max_pool2d", {}),
    ("conv2d", {"units": 8, "size": 3}),
    ("leaky_relu", {}),
    ("average_pool2d", {"stride": 1}),
    ("flatten", {}),
    ("dropout", {"rate": 0.1}),
    ("dense", {"units": CLASSES}),
)


def pictures(rows: int, seed: int) -> tuple[Array, Array]:
    """Bars across, bars down, and both diagonals, somewhere, under noise; and which they are."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, CLASSES, rows)
    shown = rng.normal(0.0, 0.25, (rows, SIDE, SIDE))
    for picture, kind in zip(shown, kinds, strict=True):
        top, left, length = rng.integers(0, 4), rng.integers(0, 4), rng.integers(4, 5)
        along = np.arange(length)
        down = {0: 0 * along, 1: along, 2: along, 3: along[::-1]}[int(kind)]
        right = {0: along, 1: 0 * along, 2: along, 3: along}[int(kind)]
        picture[top + down, left + right] += 1.0
    return shown.reshape(rows, SIDE * SIDE), np.eye(CLASSES)[kinds]


def job(steps: int) -> Job:
    nodes = [Node("data1", catalog["data"]())]
    for place, (name, settings) in enumerate(LAYERS):
        nodes.append(Node(f"n{place}", catalog[name](**settings), {"x": (nodes[-1].id,)}))
    nodes.append(Node("loss1", catalog["cross_entropy"](), {"prediction": (nodes[-1].id,)}))
    graph = Graph({node.id: node for node in nodes})
    shapes = {
        "data1.rows": Shape((SIDE * SIDE,), True),
        "loss1.target": Shape((CLASSES,), True),
    }
    drawn = starting(graph, shapes, seed=1)
    rows, answers = pictures(480, seed=1)
    unseen, their_answers = pictures(200, seed=2)
    lasting = ("mean", "variance")
    return Job(
        graph=graph,
        given={"data1.rows": rows, "loss1.target": answers},
        test={"data1.rows": unseen, "loss1.target": their_answers},
        weights={k: v for k, v in drawn.items() if k.partition(".")[2] not in lasting},
        statistics={k: v for k, v in drawn.items() if k.partition(".")[2] in lasting},
        settings=Settings(optimizer=Adam(), batch=32, clip_norm=5.0),
        classification=True,
        steps=steps,
    )


def test_it_learns_pictures_that_it_has_not_seen() -> None:
    result = train_now(job(steps=300))
    assert result.losses[:5].mean() > 1.0 > 0.4 > result.losses[-20:].mean()
    assert result.metrics.test_accuracy is not None
    assert result.metrics.test_accuracy > 0.9
    assert not np.array_equal(result.statistics["n2.mean"], job(1).statistics["n2.mean"])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_its_plan_is_what_the_readable_run_does(dtype: Any) -> None:
    asked = job(steps=1)
    given = {key: value[:32] for key, value in asked.given.items()}
    ready = plan.compile_training(
        asked.graph,
        asked.given_shapes,
        asked.weights,
        Adam(),
        rows=32,
        statistics=asked.statistics,
        dtype=dtype,
    )
    ready.load(given)
    recording = run.record(
        asked.graph,
        given,
        asked.weights,
        statistics=asked.statistics,
        randomness=run.Randomness(0, 1),
    )
    for _ in range(2):
        ready.gradient()
        assert ready.loss == pytest.approx(float(recording.values["loss1"]), rel=1e-5)
        wanted = recording.weight_gradients
        largest = max(np.abs(g).max() for g in wanted.values())
        tolerance = 1e-12 if dtype is np.float64 else 1e-4
        for key, gradient in ready.weight_gradients.items():
            assert np.abs(gradient - wanted[key]).max() < tolerance * largest, key
