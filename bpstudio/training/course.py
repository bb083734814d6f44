"""A job laid out in memory: its compiled plans, its epochs, and the way from step to step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import Optimizer
from bpstudio.engine.plan import TrainingPlan, compile_training
from bpstudio.errors import GraphError
from bpstudio.language import N_
from bpstudio.training.batches import batch_size, batches_per_epoch, epoch_order
from bpstudio.training.job import Change, Job, Memory
from bpstudio.training.schedules import Constant
from bpstudio.training.settings import Settings, penalised


@dataclass
class Course:
    """A job in memory, at whatever step its weights are.

    `whole` computes the full batches and `rest` the smaller last one; both work on the same
    weights. `rows` is how many rows there are, `full` how many of them fill whole batches,
    `count` how many batches make an epoch and `epoch` which one is laid out now. `rate` is the
    learning rate: one number, or one for each weight where nodes have their own. `since` is the
    step from which the optimizer counts.
    """

    job: Job
    whole: TrainingPlan
    rest: TrainingPlan | None
    rows: int
    full: int
    count: int
    rate: float | Array
    since: int
    epoch: int | None = None


@dataclass(frozen=True, eq=False)
class Kept:
    """Everything that a step changes, as it was before one, to go back to.

    `since` is the step from which the optimizer counts.
    """

    step: int
    parameters: Array
    state: Mapping[str, Array]
    statistics: Mapping[str, Array]
    since: int = 0


def lay_out(job: Job) -> Course:
    """Compile the job's network for its batches.

    Raises GraphError and ShapeError where the network is not whole, and GraphError where it has no
    weights.
    """
    if not job.layout:
        raise GraphError(N_("There is nothing to train: no node has weights. Add a layer."))
    settings, rows = job.settings, job.rows
    if not rows:
        raise GraphError(N_("There are no rows to train on. Choose another data set."))
    size = batch_size(rows, settings.batch)
    whole = _compiled(job, size)
    rest = _compiled(job, rows % size, whole) if rows % size else None
    since = job.start
    if _fits(job, whole):
        since = job.memory.since
        for name, vector in job.memory.vectors.items():
            np.copyto(whole.state[name], vector)
    # The optimizer counts from 1 at `since`, noise is keyed by the step from 0.
    for plan in (whole, rest):
        if plan is not None:
            plan.first = since - 1
    return Course(
        job,
        whole,
        rest,
        rows,
        rows - rows % size,
        batches_per_epoch(rows, settings.batch),
        _rate(job, whole),
        since,
    )


def advance(course: Course, first: int, losses: Array) -> None:
    """Take as many steps as there is room in `losses`, from step `first` on (counted from 0)."""
    step, end = first, first + len(losses)
    whole, rest, rate, since = course.whole, course.rest, course.rate, course.since
    batches, schedule = course.full // whole.rows, course.job.settings.schedule
    steady = isinstance(schedule, Constant)
    while step < end:
        epoch, index = divmod(step, course.count)
        if course.count == 1:
            epoch, indices = 0, [0] * (end - step)
        else:
            indices = list(range(index, min(course.count, index + end - step)))
        if course.epoch != epoch:
            _load(course, epoch)
        for index in indices:
            if not steady:
                rate = course.rate * schedule.factor(step)
            step += 1
            if rest is None or index < batches:
                whole.step(index, rate, step - since)
                losses[step - first - 1] = whole.loss
            else:
                rest.step(0, rate, step - since)
                losses[step - first - 1] = rest.loss


def weights_of(course: Course) -> dict[str, Array]:
    """A copy of the present weights by key."""
    return _copies(course.whole.weights)


def statistics_of(course: Course) -> dict[str, Array]:
    """A copy of the present statistics by key."""
    return _copies(course.whole.statistics)


def memory_of(course: Course) -> Memory:
    """A copy of what the optimizer remembers."""
    return Memory(course.since, course.job.layout, _copies(course.whole.state))


def keep(course: Course, step: int) -> Kept:
    """A copy of everything that a step changes."""
    plan = course.whole
    return Kept(
        step,
        plan.parameters.copy(),
        _copies(plan.state),
        _copies(plan.statistics),
        course.since,
    )


def restore(course: Course, kept: Kept) -> None:
    """Go back to what was kept."""
    plan = course.whole
    np.copyto(plan.parameters, kept.parameters)
    for mine, copies in ((plan.state, kept.state), (plan.statistics, kept.statistics)):
        for name, copy in copies.items():
            np.copyto(mine[name], copy)


def change_course(course: Course, change: Change, step: int) -> Course:
    """The course from `step` on with what was changed; the same one where nothing was laid out new.

    A new learning rate or schedule and other frozen nodes cost nothing; all else compiles anew.
    """
    job = course.job
    changed = job.changed(change)
    if change.given is None and _laid_out_alike(job.settings, changed.settings):
        course.job = changed
        course.rate = _rate(changed, course.whole)
        return course
    return lay_out(
        replace(
            changed,
            weights=weights_of(course),
            statistics=statistics_of(course),
            memory=memory_of(course),
            start=step,
        )
    )


def _compiled(job: Job, rows: int, beside: TrainingPlan | None = None) -> TrainingPlan:
    keys = tuple(key for key, _ in job.layout)
    settings, pulled = job.settings, penalised(keys)
    return compile_training(
        job.graph,
        job.given_shapes,
        job.weights,
        settings.optimizer,
        rows=rows,
        objective=job.target,
        penalties=dict.fromkeys(pulled, settings.l2),
        lasso=dict.fromkeys(pulled, settings.l1),
        clipping=settings.clipping,
        statistics=job.statistics,
        seed=settings.seed,
        shared=None if beside is None else beside.vectors,
    )


def _load(course: Course, epoch: int) -> None:
    """Lay the batches of that epoch side by side."""
    job, full = course.job, course.full
    if course.count == 1:
        course.whole.load(job.given)
    else:
        order = epoch_order(course.rows, job.settings.seed, epoch)
        course.whole.load(_picked(job, order[:full]))
        if course.rest is not None:
            course.rest.load(_picked(job, order[full:]))
    course.epoch = epoch


def _picked(job: Job, rows: Array) -> dict[str, Array]:
    """The given arrays with these rows alone; `take` does it eight times faster than an index."""
    batched = job.batched_keys
    return {
        key: value.take(rows, axis=0) if key in batched else value
        for key, value in job.given.items()
    }


def _rate(job: Job, plan: TrainingPlan) -> float | Array:
    rate = float(job.settings.optimizer.learning_rate)
    factors = job.settings.factors(key for key, _ in job.layout)
    if not factors:
        return rate
    rates = np.full_like(plan.parameters, rate)
    for key, factor in factors.items():
        plan.vectors.view(rates, key)[...] = rate * factor
    return rates


def _fits(job: Job, plan: TrainingPlan) -> bool:
    memory = job.memory
    return memory.layout == job.layout and memory.vectors.keys() == plan.state.keys()


def _laid_out_alike(one: Settings, two: Settings) -> bool:
    return _without_rate(one.optimizer) == _without_rate(two.optimizer) and (
        one.batch,
        one.l2,
        one.l1,
        one.clipping,
        one.seed,
    ) == (two.batch, two.l2, two.l1, two.clipping, two.seed)


def _without_rate(optimizer: Optimizer) -> tuple[object, ...]:
    settings = {k: v for k, v in optimizer.settings.items() if k != "learning_rate"}
    return type(optimizer), tuple(settings.items())


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Copies that nobody can change."""
    copies = {name: array.copy() for name, array in arrays.items()}
    for copy in copies.values():
        copy.flags.writeable = False
    return copies
