"""Jobs of one structure trained at once, stacked; see `engine.stack`.

They may differ in weights, data, seed, learning rate, penalties and frozen nodes. Each comes to
what it comes to alone, but for the rounding of sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.stack import Run, Stack, compile_stack
from bpstudio.training.batches import batch_size, batches_per_epoch, epoch_order
from bpstudio.training.job import Job
from bpstudio.training.schedules import Constant
from bpstudio.training.settings import penalised


@dataclass(frozen=True, eq=False)
class Carried:
    """Where jobs that are trained together stand: everything that a step changes.

    The vectors hold all runs, as their stack lays them out; `losses` has the loss of each step
    since the last stop, shape (runs, steps).
    """

    step: int
    weights: tuple[Mapping[str, Array], ...]
    statistics: tuple[Mapping[str, Array], ...]
    losses: Array
    parameters: Array
    state: Mapping[str, Array]
    lasting: Mapping[str, Array]


def likeness(job: Job) -> tuple[object, ...] | None:
    """What jobs must have in common to be trained together; None for one that must train alone.

    A gradient that is cut to a length, or learns at several rates, is each run's own affair.
    """
    settings = job.settings
    if settings.clip_norm is not None or settings.rates or job.start or job.memory.vectors:
        return None
    rule = {k: v for k, v in settings.optimizer.settings.items() if k != "learning_rate"}
    return (
        job.graph.structure,
        job.layout,
        tuple(sorted((key, np.shape(value)) for key, value in job.given.items())),
        settings.optimizer.name,
        tuple(rule.items()),
        settings.schedule,
        settings.batch,
        settings.clip_value,
        job.steps,
        job.target,
    )


def go_on(jobs: Sequence[Job], carried: Carried | None, end: int) -> Carried:
    """Train jobs of one likeness from where they stand to step `end`."""
    first = jobs[0]
    rows, settings = first.rows, first.settings
    size, count = batch_size(rows, settings.batch), batches_per_epoch(rows, settings.batch)
    shared = _shared(jobs, ordered=count > 1)
    whole = _stack(jobs, size, shared)
    rest = _stack(jobs, rows % size, shared, whole) if rows % size else None
    for stack in (whole, rest):
        if stack is not None:
            stack.first = -1  # noise is keyed by the step from 0
    step = 0
    if carried is not None:
        step = carried.step
        np.copyto(whole.parameters, carried.parameters)
        for mine, theirs in ((whole.state, carried.state), (whole.statistics, carried.lasting)):
            for name, array in theirs.items():
                np.copyto(mine[name], array)
    losses = np.empty((len(jobs), end - step))
    rate = _rate(jobs, whole)
    steady, given, epoch = isinstance(settings.schedule, Constant), [j.given for j in jobs], -1
    for at in range(step, end):
        now, index = divmod(at, count)
        if count == 1:
            now = 0
        if now != epoch:
            _load(jobs, given, whole, rest, now, count)
            epoch = now
        factor = 1.0 if steady else settings.schedule.factor(at)
        stack, place = (rest, 0) if rest is not None and index == count - 1 else (whole, index)
        stack.step(place, rate if steady else rate * factor, at + 1)
        losses[:, at - step] = stack.loss
    return Carried(
        end,
        tuple(whole.weights_of(run) for run in range(len(jobs))),
        tuple(whole.statistics_of(run) for run in range(len(jobs))),
        losses,
        whole.parameters,
        whole.state,
        whole.statistics,
    )


def _stack(
    jobs: Sequence[Job], rows: int, shared: frozenset[str], beside: Stack | None = None
) -> Stack:
    first = jobs[0]
    pulled = penalised(tuple(key for key, _ in first.layout))
    runs = [
        Run(
            {key: job.weights[key] for key, _ in first.layout},
            job.statistics,
            dict.fromkeys(pulled, job.settings.l2),
            dict.fromkeys(pulled, job.settings.l1),
            job.settings.seed,
        )
        for job in jobs
    ]
    return compile_stack(
        first.graph,
        first.given_shapes,
        runs,
        first.settings.optimizer,
        rows=rows,
        shared=shared,
        objective=first.target,
        clip_value=first.settings.clip_value,
        beside=beside,
    )


def _shared(jobs: Sequence[Job], ordered: bool) -> frozenset[str]:
    """What all are given alike; rows in the order of their seed only where that is the same."""
    one_order = not ordered or len({job.settings.seed for job in jobs}) == 1
    batched = set(jobs[0].batched_keys)
    return frozenset(
        key
        for key, value in jobs[0].given.items()
        if (one_order or key not in batched)
        and all(j.given[key] is value or np.array_equal(j.given[key], value) for j in jobs)
    )


def _load(
    jobs: Sequence[Job],
    given: Sequence[Mapping[str, Array]],
    whole: Stack,
    rest: Stack | None,
    epoch: int,
    count: int,
) -> None:
    if count == 1:
        whole.load(given)
        return
    rows = jobs[0].rows
    full = rows - rows % whole.rows
    orders = [epoch_order(rows, job.settings.seed, epoch) for job in jobs]
    whole.load(given, [order[:full] for order in orders])
    if rest is not None:
        rest.load(given, [order[full:] for order in orders])


def _rate(jobs: Sequence[Job], stack: Stack) -> float | Array:
    """One learning rate where all have the same and none is frozen, else one for each weight."""
    rates = [float(job.settings.optimizer.learning_rate) for job in jobs]
    frozen = [
        [key for key, _ in job.layout if key.partition(".")[0] in job.settings.frozen]
        for job in jobs
    ]
    if len(set(rates)) == 1 and not any(frozen):
        return rates[0]
    return stack.rates(rates, frozen)
