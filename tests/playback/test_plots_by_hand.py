"""What the plots of a training show, beside the same training written out in NumPy alone.

Nothing of the engine is used on this side: the losses, gradients, steps and activations of a
2-4-1 network of tanh and sigmoid units are computed here anew from its starting weights.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import ArrayLike

from bpstudio.data import toys
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import SGD
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import THEMES
from bpstudio.playback.plots import (
    activations,
    landscape,
    layers,
    neurons,
    norms,
    ratios,
    steps,
    warp,
)
from bpstudio.playback.plots.plot import Look, Plot
from bpstudio.project import build, edits, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.project.retracing import retracing
from bpstudio.training.landscape import PATH, surveying
from bpstudio.training.trainer import train_now

KEYS = ("dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias")
RECT, LIGHT = Rect(0, 0, 420, 240), THEMES["light"]
STEPS, RATE = 40, 0.5
SHARES = np.linspace(0, 1, 21)


class Pass(NamedTuple):
    """One pass over all rows: the weights it was made with and what came of them."""

    weights: dict[str, Array]
    hidden: Array
    out: Array
    loss: float
    gradients: dict[str, Array]


def passed(weights: dict[str, Array], x: Array, t: Array) -> Pass:
    """Forward and backward by the textbook's formulas."""
    w1, b1, w2, b2 = (weights[key] for key in KEYS)
    hidden = np.tanh(x @ w1 + b1)
    out = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
    loss = float(-np.mean(t * np.log(out) + (1 - t) * np.log(1 - out)))
    back = (out - t) / len(x)
    below = (back @ w2.T) * (1 - hidden**2)
    gradients = (x.T @ below, below.sum(0), hidden.T @ back, back.sum(0))
    return Pass(weights, hidden, out, loss, dict(zip(KEYS, gradients, strict=True)))


@cache
def by_hand() -> tuple[Pass, ...]:
    """The passes before each step and after the last one."""
    project, (x, t) = start(), rows()
    weights = {key: np.array(project.weights[key], dtype=float) for key in KEYS}
    found = []
    for _step in range(STEPS + 1):
        found.append(passed(weights, x, t))
        weights = {key: weights[key] - RATE * found[-1].gradients[key] for key in KEYS}
    return tuple(found)


def rows() -> tuple[Array, Array]:
    data = start().data
    assert data is not None
    train = data.training_rows
    return data.features[train], data.answers[train].reshape(-1, 1).astype(float)


@cache
def start() -> Project:
    project = build.network(toys.make("moons", points=30), (2, 4, 1))
    training = replace(project.training, optimizer=SGD(learning_rate=RATE), batch=None)
    return edits.set_training(project, training)


@cache
def looked() -> Look:
    """The same training by the studio, with all that its plots are drawn from."""
    project = runs.landed(start(), train_now(runs.job(start(), STEPS)))
    *_, trail = retracing(project)
    path = np.stack([g.vector for g in trail.glances if g.vector is not None])
    *_, found = surveying(runs.job(project, 0), path, PATH, 0, cells=9)
    recording = iteration(project, step=STEPS, memory=project.trained.memory)
    return Look(project, project.weights, STEPS, STEPS, recording, trail, found)


def numbers(plot: Plot, **chosen: str) -> tuple[list[str], list[list[object]]]:
    """The names and the rows that this plot exports."""
    table = plot.draw(replace(looked(), chosen=chosen), RECT, LIGHT).table
    return list(table.names), [list(row) for row in table.rows]


def figures(plot: Plot, **chosen: str) -> Array:
    return np.array(numbers(plot, **chosen)[1], dtype=float)


def same(found: ArrayLike, expected: ArrayLike) -> None:
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float), 1e-9, 1e-12)


def norm(values: Array) -> float:
    return float(np.sqrt((values**2).sum()))


def test_losses_accuracy_and_confusion() -> None:
    trained, hand = looked().project.trained, by_hand()
    same(trained.losses, [each.loss for each in hand[:-1]])
    metrics, (_x, t) = train_now(runs.job(start(), STEPS)).metrics, rows()
    assert metrics is not None and metrics.loss == pytest.approx(hand[-1].loss, rel=1e-9)
    said = hand[-1].out > 0.5
    table = tuple(
        tuple(int(((t == wanted) & (said == answer)).sum()) for answer in (0, 1))
        for wanted in (0, 1)
    )
    assert metrics.accuracy == pytest.approx(float((said == t).mean()))
    assert metrics.confusion == table


def test_gradient_norms_and_updates_beside_weights() -> None:
    hand = by_hand()
    lengths = [[norm(p.gradients[key]) for key in KEYS[::2]] for p in hand]
    same(figures(norms.PLOT)[:, 1:], lengths)
    sizes = [[norm(p.weights[key]) for key in KEYS[::2]] for p in hand]
    same(figures(ratios.PLOT)[:, 1:], RATE * np.array(lengths) / np.array(sizes))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("what", ["weights", "gradients", "updates"])
def test_spread_over_time(key: str, what: str) -> None:
    expected = []
    for step, each in enumerate(by_hand()):
        held = each.weights if what == "weights" else each.gradients
        values = held[key] * (-RATE if what == "updates" else 1.0)
        expected.append([step, *np.quantile(values, SHARES)])
    same(figures(layers.PLOT, of=key, what=what), expected)


@pytest.mark.parametrize("key", KEYS)
def test_step_arrows(key: str) -> None:
    last = by_hand()[-1]
    before, slope = last.weights[key].ravel(), last.gradients[key].ravel()
    _names, found = numbers(steps.PLOT, of=key)
    expected = np.stack([before, slope, -RATE * slope, before - RATE * slope], axis=1)
    same(np.array([row[1:] for row in found], dtype=float), expected)


def test_activations() -> None:
    hand = by_hand()
    slopes = [(1 - p.hidden**2, p.out * (1 - p.out)) for p in hand]
    flat = [[step, *((s < 0.05).mean() for s in both)] for step, both in enumerate(slopes)]
    dead = [[step, *((s < 0.05).all(0).mean() for s in both)] for step, both in enumerate(slopes)]
    same(figures(activations.PLOT, what="flat"), flat)
    same(figures(activations.PLOT, what="dead"), dead)
    outputs = [[step, *np.quantile(p.hidden, SHARES)] for step, p in enumerate(hand)]
    same(figures(activations.PLOT, what="tanh1"), outputs)


def test_neurons_and_boundary_over_the_plane() -> None:
    weights, (_x, t) = by_hand()[-1].weights, rows()
    for layer in ("tanh1", "sigmoid1"):
        found = figures(neurons.PLOT, layer=layer)
        there = passed(weights, found[:, :2], np.zeros((len(found), 1)) + t.mean())
        expected = there.hidden if layer == "tanh1" else there.out
        np.testing.assert_allclose(found[:, 2:], expected, rtol=1e-5, atol=1e-6)


def test_the_warped_plane() -> None:
    data = looked().project.data
    assert data is not None
    weights, x = by_hand()[-1].weights, data.features
    hidden = passed(weights, x, np.zeros((len(x), 1))).hidden
    found = figures(warp.PLOT, layer="tanh1", units="0,2")
    np.testing.assert_allclose(found, np.hstack([x, hidden[:, [0, 2]]]), rtol=1e-5, atol=1e-6)
    middle = hidden - hidden.mean(0)
    widest = np.linalg.svd(middle, full_matrices=False)[2][:2]
    found = figures(warp.PLOT, layer="tanh1", units="principal")[:, 2:]
    np.testing.assert_allclose(np.abs(found), np.abs(middle @ widest.T), rtol=1e-4, atol=1e-5)


def test_the_landscape() -> None:
    hand, (x, t) = by_hand(), rows()
    _names, table = numbers(landscape.PLOT, directions="path")
    grid = np.array([row[1:] for row in table if row[0] == "grid"], dtype=float)
    path = np.array([row[1:3] for row in table if row[0] == "path"], dtype=float)
    flat = np.stack([np.concatenate([p.weights[key].ravel() for key in KEYS]) for p in hand])
    assert len(path) == len(hand) and np.allclose(path[-1], 0, atol=1e-6)
    walked = flat - flat[-1]
    # Two directions of length one for which the steps of the way lie where the plot has them.
    directions = np.linalg.lstsq(path, walked, rcond=None)[0]
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-3)
    sizes = [hand[0].weights[key].shape for key in KEYS]
    cuts = np.cumsum([int(np.prod(size)) for size in sizes])[:-1]
    for a, b, loss in grid:
        parts = np.split(flat[-1] + np.array([a, b]) @ directions, cuts)
        here = {k: p.reshape(s) for k, p, s in zip(KEYS, parts, sizes, strict=True)}
        assert loss == pytest.approx(passed(here, x, t).loss, rel=0.02, abs=1e-3)
