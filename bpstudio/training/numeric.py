"""Training without a backward pass: the slow twin, whose gradients are central differences.

Every step nudges each weight up and down and runs the network forward each time. The steps are
those of training proper as nearly as differences go, so that the two can be raced: 2 N + 1 forward
passes for N weights, against one forward and one backward pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.differences import STEP
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.plan import compile_predictor
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, NotFinite
from bpstudio.language import N_
from bpstudio.training.failure import given_of_step
from bpstudio.training.job import Job
from bpstudio.training.pace import PIECE
from bpstudio.training.settings import penalised


@dataclass(frozen=True, eq=False)
class NumericStep:
    """A step taken: how many the weights now have behind them, and what it cost.

    `loss` is that before the update, `gradients` are the differences that made it, by key, without
    the penalty. `forward_passes` counts those of all steps so far, the one for the loss included.
    """

    step: int
    loss: float
    gradients: Mapping[str, Array]
    weights: Mapping[str, Array]
    forward_passes: int


def descend(job: Job, nudge: float = STEP) -> Iterator[NumericStep]:
    """Take the job's steps by central differences, one at a time.

    The optimizer starts anew, whatever the job remembers. Raises GraphError where there is nothing
    to train, and NotFinite when the loss or a weight is no longer finite.
    """
    return (each for each in descending(job, nudge) if isinstance(each, NumericStep))


def descending(job: Job, nudge: float = STEP) -> Iterator[NumericStep | int]:
    """As `descend`, with the forward passes so far about every 15 ms while a step is prepared.

    The first thing given is 0, when everything is ready to begin.
    """
    _check(job)
    settings, keys = job.settings, [key for key, _ in job.layout]
    sizes = [int(np.prod(shape)) for _, shape in job.layout]
    ends = np.cumsum(sizes)
    places = {key: slice(end - size, end) for key, size, end in zip(keys, sizes, ends, strict=True)}
    vector = np.concatenate([np.ravel(np.asarray(job.weights[key], float)) for key in keys])
    views = {key: vector[places[key]].reshape(shape) for key, shape in job.layout}
    factors, pulled = np.ones(vector.size), np.zeros(vector.size)
    for key, place in places.items():
        factors[place] = settings.factor(key.partition(".")[0])
        pulled[place] = key in penalised(tuple(keys))
    moving = factors != 0
    state = {name: np.zeros(vector.size) for name in settings.optimizer.state}
    loss_of, passes = _losses(job, views), 0
    loss_of(given_of_step(job, job.start), job.start)  # which compiles what it needs
    yield passes
    told = time.perf_counter()
    for step in range(job.start, job.start + job.steps):
        given = given_of_step(job, step)
        loss = loss_of(given, step)
        passes += 1
        differences = np.zeros(vector.size)
        for index in np.flatnonzero(moving):
            value = vector[index]
            reach = nudge * max(1.0, abs(value))
            above, below = value + reach, value - reach
            vector[index] = above
            higher = loss_of(given, step)
            vector[index] = below
            differences[index] = (higher - loss_of(given, step)) / (above - below)
            vector[index] = value
            passes += 2
            if time.perf_counter() - told > PIECE:
                yield passes
                told = time.perf_counter()
        rate = factors * settings.optimizer.learning_rate * settings.schedule.factor(step)
        gradient = differences + pulled * (settings.l2 * vector + settings.l1 * np.sign(vector))
        with np.errstate(all="ignore"):
            gradient = settings.clipping.applied(gradient, rate)
            new = settings.optimizer.update(
                vector, gradient, rate, np.float64(step - job.start + 1), *state.values()
            )
        if not (np.isfinite(loss) and np.isfinite(new["w"]).all()):
            raise NotFinite(
                N_(
                    "Step {step}: the loss is {loss} and no step can be taken. "
                    "Try a smaller learning rate."
                ),
                step=step + 1,
                loss=f"{loss:.6g}",
            )
        vector[:] = new["w"]
        state = {name: new[name] for name in state}
        yield NumericStep(
            step + 1,
            loss,
            {key: differences[places[key]].reshape(shape) for key, shape in job.layout},
            {key: view.copy() for key, view in views.items()},
            passes,
        )


def _check(job: Job) -> None:
    if not job.layout:
        raise GraphError(N_("There is nothing to train: no node has weights. Add a layer."))


def _losses(job: Job, weights: Mapping[str, Array]) -> Callable[[Mapping[str, Array], int], float]:
    """The loss of a step on its rows, with whatever the weights are then."""
    graph, target = job.graph, job.target
    if graph.keys(Kind.NOISE, Kind.STATISTIC):

        def by_run(given: Mapping[str, Array], step: int) -> float:
            randomness = run.Randomness(job.settings.seed, step)
            steps = run.forward(
                graph,
                given,
                weights,
                statistics=job.statistics,
                randomness=randomness,
                ancestors_of=target,
            )
            return float(np.sum({own.node: own for own in steps}[target].output))

        return by_run
    shapes = {**job.given_shapes, **{key: Shape(shape) for key, shape in job.layout}}
    batched = job.batched_keys

    def compiled(given: Mapping[str, Array], step: int) -> float:
        rows = len(given[batched[0]]) if batched else 1
        if rows not in predictors:
            predictors[rows] = compile_predictor(graph, shapes, target, rows=rows, dtype=np.float64)
        return float(np.sum(predictors[rows](weights, given)))

    predictors: dict[int, Callable[..., Array]] = {}
    return compiled
