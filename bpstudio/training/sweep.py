"""Many trainings of variants of one network: a sweep is a value, and so is what comes of it.

Trials of one structure are trained together in a `Portion`; how a sweep is divided depends on the
sweep alone, so that its results are the same wherever they are computed. A portion goes forward
in rounds, and between two of them it is a value as well.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.op import Array
from bpstudio.errors import NotFinite
from bpstudio.training.job import Job, Metrics, Result
from bpstudio.training.measure import measure, predicting
from bpstudio.training.probes import Plane, look
from bpstudio.training.regions import boundary_length, classes_of, region_count
from bpstudio.training.settings import penalised
from bpstudio.training.together import Carried, go_on, likeness
from bpstudio.training.trainer import continued, train_now

MOST = 100
"""So many trials are stacked at most."""
TINY = 4000
"""Networks with more weights gain nothing from being stacked."""
ROUNDS = 12
"""In so many rounds a portion is trained."""
SOLVED = 0.1
"""A trial has solved its task when every answer is as near as this to the right one."""
CELLS = 201
"""Regions are counted on a grid of so many cells along each side."""

Varied = tuple[tuple[str, Any], ...]
"""What a trial has other than the others: the name and the value of each setting."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One training of a sweep: what it varies, and the job with its own start.

    `answer` is the node that gives the network's answer, `plane` the part of the input space over
    which its regions are counted (None where the answer is no class of two inputs).
    """

    number: int
    settings: Varied
    seed: int
    job: Job
    answer: str
    plane: Plane | None = None


@dataclass(frozen=True, eq=False)
class Sweep:
    """All trials, and what was varied: for each setting its values, in order."""

    trials: tuple[Trial, ...]
    vary: tuple[tuple[str, tuple[Any, ...]], ...]
    seeds: tuple[int, ...]
    steps: int

    @property
    def fingerprint(self) -> str:
        """Equal for sweeps that come to the same results."""
        digest = hashlib.sha256(repr((self.vary, self.seeds, self.steps)).encode())
        for trial in self.trials:
            job = trial.job
            words = (trial.number, trial.settings, trial.seed, trial.answer, trial.plane)
            digest.update(repr((words, job.graph.structure, job.settings, job.target)).encode())
            for arrays in (job.given, job.test, job.weights, job.statistics):
                for key, array in sorted(arrays.items()):
                    digest.update(key.encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a trial came to.

    Loss and accuracy are of the last weights over all rows; `regions` and `boundary` are the
    pieces of the decision over the plane and the length of the lines between them, `norm` the
    root of the sum of squares of the weights without biases. `problem` says why a training ended
    early, with the loss then not a number.
    """

    number: int
    settings: Varied
    seed: int
    steps: int
    loss: float
    accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    regions: int | None
    boundary: int | None
    norm: float
    solved: bool | None
    weights: Mapping[str, Array]
    statistics: Mapping[str, Array]
    losses: Array
    problem: str = ""

    @property
    def figures(self) -> dict[str, Any]:
        """The row of the table: everything but the arrays."""
        return {
            "number": self.number,
            "settings": dict(self.settings),
            "seed": self.seed,
            "steps": self.steps,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "test_loss": self.test_loss,
            "test_accuracy": self.test_accuracy,
            "regions": self.regions,
            "boundary": self.boundary,
            "norm": self.norm,
            "solved": self.solved,
            "problem": self.problem,
        }


@dataclass(frozen=True, eq=False)
class Portion:
    """Trials that are trained as one piece of work, and how far they are.

    `carried` is the state of stacked trials and `result` that of a single one, `losses` have the
    loss of every step so far for each trial; `problem` is why a single one ended early.
    """

    trials: tuple[Trial, ...]
    step: int = 0
    carried: Carried | None = None
    result: Result | None = None
    losses: tuple[Array, ...] = ()
    problem: str = ""

    @property
    def steps(self) -> int:
        """How many steps its trials take in all."""
        return self.trials[0].job.steps

    @property
    def over(self) -> bool:
        """Whether it has taken them, or ended early."""
        return self.step >= self.steps or bool(self.problem)

    def weights(self, place: int) -> Mapping[str, Array]:
        """The present weights of one of its trials."""
        if self.carried is not None:
            return self.carried.weights[place]
        return self.trials[place].job.weights if self.result is None else self.result.weights

    def statistics(self, place: int) -> Mapping[str, Array]:
        """The present statistics of one of its trials."""
        if self.carried is not None:
            return self.carried.statistics[place]
        return self.trials[place].job.statistics if self.result is None else self.result.statistics


def portions(sweep: Sweep, done: Collection[int] = ()) -> tuple[Portion, ...]:
    """The sweep in pieces, without those whose trials are all done already."""
    alike: dict[object, list[Trial]] = {}
    for trial in sweep.trials:
        size = sum(math.prod(shape) for _, shape in trial.job.layout)
        likes = likeness(trial.job) if size <= TINY else None
        alike.setdefault(("alone", trial.number) if likes is None else likes, []).append(trial)
    pieces = [
        tuple(trials[start : start + MOST])
        for trials in alike.values()
        for start in range(0, len(trials), MOST)
    ]
    return tuple(Portion(p) for p in pieces if not {t.number for t in p} <= set(done))


def advanced(portion: Portion) -> tuple[Portion, tuple[Outcome, ...]]:
    """The portion one round later, and what its trials came to if that was the last.

    Raises what training raises for a network that is not whole.
    """
    share = -(-portion.steps // ROUNDS)
    after = _trained(portion, min(portion.steps, portion.step + share))
    if not after.over:
        return after, ()
    return after, tuple(_outcome(after, place) for place in range(len(after.trials)))


def _trained(portion: Portion, end: int) -> Portion:
    if len(portion.trials) > 1:
        carried = go_on([trial.job for trial in portion.trials], portion.carried, end)
        losses = together(portion.losses, tuple(carried.losses))
        carried = replace(carried, losses=carried.losses[:, :0])  # they need not travel twice
        return replace(portion, step=end, carried=carried, losses=losses)
    job, result = portion.trials[0].job, portion.result
    left = end - portion.step
    now = replace(job, steps=left) if result is None else continued(job, result, left)
    try:
        result = train_now(now)
    except NotFinite as error:
        return replace(portion, problem=str(error))
    return replace(
        portion, step=end, result=result, losses=together(portion.losses, (result.losses,))
    )


def together(before: tuple[Array, ...], new: tuple[Array, ...]) -> tuple[Array, ...]:
    """The losses of each trial so far, from those before and those of a round."""
    if not before or not new:
        return before or new
    return tuple(np.concatenate(pair) for pair in zip(before, new, strict=True))


def _outcome(portion: Portion, place: int) -> Outcome:
    trial = portion.trials[place]
    job, weights = trial.job, portion.weights(place)
    statistics = portion.statistics(place)
    losses = portion.losses[place] if portion.losses else np.zeros(0)
    finite = not portion.problem and all(np.isfinite(w).all() for w in weights.values())
    metrics = Metrics(portion.step, math.nan)
    solved = regions = boundary = None
    if finite:
        metrics = measure(job, weights, portion.step, statistics)
        solved = _solved(trial, weights, statistics)
        if trial.plane is not None:
            classes = _classes(trial, trial.plane, weights, statistics)
            regions, boundary = region_count(classes), boundary_length(classes)
    pulled = penalised(tuple(weights))
    with np.errstate(all="ignore"):
        norm = math.sqrt(sum(float(np.square(weights[key]).sum()) for key in pulled))
    return Outcome(
        number=trial.number,
        settings=trial.settings,
        seed=trial.seed,
        steps=portion.step,
        loss=metrics.loss,
        accuracy=metrics.accuracy,
        test_loss=metrics.test_loss,
        test_accuracy=metrics.test_accuracy,
        regions=regions,
        boundary=boundary,
        norm=norm,
        solved=solved,
        weights=weights,
        statistics=statistics,
        losses=losses,
        problem=portion.problem,
    )


def _solved(
    trial: Trial, weights: Mapping[str, Array], statistics: Mapping[str, Array]
) -> bool | None:
    """Whether every answer on the rows to train on is near enough; None where that says nothing."""
    job = trial.job
    compared = predicting(job.graph, job.target) if trial.answer in job.graph.nodes else None
    if compared is None or compared[1] not in job.given:
        return None
    steps = run.forward(
        job.graph, job.given, weights, statistics=statistics, ancestors_of=trial.answer
    )
    *_, last = steps
    target = job.given[compared[1]]
    if last.output.shape != target.shape:
        return None
    return bool(np.abs(last.output - target).max(initial=0.0) < SOLVED)


def _classes(
    trial: Trial, plane: Plane, weights: Mapping[str, Array], statistics: Mapping[str, Array]
) -> Array:
    job = trial.job
    typed = {key: value for key, value in job.given.items() if key not in job.batched_keys}
    held = {**statistics, **weights}
    outputs = look(job.graph, typed, held, [trial.answer], plane.points)[trial.answer]
    compared = predicting(job.graph, job.target)
    own = compared is not None and compared[0] == trial.answer
    # Beside a loss that takes scores stands a gate that gives probabilities.
    boundary = job.graph[job.target].op.boundary if own else 0.5
    return classes_of(outputs, plane.cells, boundary)
