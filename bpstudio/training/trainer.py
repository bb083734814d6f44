"""Training: from a job to records of progress, one bounded piece of work at a time.

`train` is a generator, so whoever drives it decides when it goes on, what changes on the way and
when it ends; the worker process and the command line drive the same one. The same seed gives
bit-equal losses, and a run in two jobs equals a run in one, because no number depends on time:
the length of a piece decides only when a record is given out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.training.course import (
    Course,
    advance,
    change_course,
    keep,
    lay_out,
    memory_of,
    statistics_of,
    weights_of,
)
from bpstudio.training.failure import finite, first_bad_step, healthy
from bpstudio.training.history import Tape
from bpstudio.training.job import Change, Job, Metrics, Progress, Result
from bpstudio.training.measure import measure
from bpstudio.training.pace import Pace
from bpstudio.training.settings import Settings
from bpstudio.training.stopping import Watch, watch

MOST_TOLD = 1 << 16
"""Of an optimizer that remembers more numbers, its memory is in the last record alone."""


def train(job: Job, tape: Tape | None = None) -> Generator[Progress, Change | None, None]:
    """Take the job's steps; yields a record about every 15 ms, the last one marked so.

    What is needed to find each of the steps again goes to the `tape`.

    `send` a `Change` to have it hold from the next step. When the loss, a gradient or a weight is
    no longer finite, the last record holds the weights before that step, and asking for another
    raises NotFinite with the first gate where it happened. Raises GraphError and ShapeError for a
    network that is not whole.
    """
    course, pace = lay_out(job), Pace(limit=job.pace)
    step, end = job.start, job.start + job.steps
    looking = watch(job, course.count, step)
    kept, failure = keep(course, step), None
    if tape is not None:
        tape.offer(course, step)
    changes: tuple[tuple[int, Settings], ...] = ()
    while True:
        pace.begin()
        look = looking.next_look(step)
        losses = np.empty(min(pace.steps, end - step, end if look is None else look - step))
        _advance(course, step, losses, tape)
        if not (finite(losses) and healthy(course)):
            failure = first_bad_step(course, kept, step + len(losses))
            losses = losses[: failure.step - step]
            if tape is not None:
                tape.cut(failure.step)
        step += len(losses)
        pace.end(len(losses))
        measured, reached = None, None
        if failure is None and step == look:
            measured, reached = _looked(course, looking, step)
        last = failure is not None or step == end or reached is not None
        change = yield _record(course, step, losses, pace, changes, last, measured, reached)
        if last:
            break
        changes = ()
        if change is not None and change.stop:
            yield _record(course, step, losses[:0], pace, changes, True)
            break
        if change is not None:
            before = course.job.settings
            course = change_course(course, change, step)
            pace.limit, now = course.job.pace, course.job.settings
            if (now.stop, now.batch) != (before.stop, before.batch) or change.given is not None:
                looking = watch(course.job, course.count, step)
            if change.counts:
                changes = ((step, now),)
                if tape is not None:
                    tape.changed(step, replace(change, pace=None))
        if change is not None or pace.is_time_to_keep():
            kept = keep(course, step)
    if failure is not None:
        raise failure.error


def _advance(course: Course, step: int, losses: Array, tape: Tape | None) -> None:
    """Take steps as `advance` does, and give the tape the states that it keeps."""
    if tape is None:
        advance(course, step, losses)
        return
    begin = 0
    while begin < len(losses):
        here = step + begin
        end = min(len(losses), begin + tape.every - here % tape.every)
        advance(course, here, losses[begin:end])
        tape.offer(course, step + end)
        begin = end


def train_now(job: Job, seen: Callable[[Progress], None] | None = None) -> Result:
    """Take all of the job's steps here and now; `seen` gets each record.

    Raises NotFinite, GraphError and ShapeError like `train`.
    """
    losses: list[Array] = []
    changes: list[tuple[int, Settings]] = []
    for progress in train(job):
        losses.append(progress.losses)
        changes.extend(progress.changes)
        if seen is not None:
            seen(progress)
    return result_of(job, progress, losses, changes)


def result_of(
    job: Job,
    last: Progress,
    losses: Sequence[Array],
    changes: Sequence[tuple[int, Settings]] = (),
) -> Result:
    """What a run came to: its last record, with the losses and changes of all its records."""
    if last.memory is None or last.metrics is None:
        raise ValueError("this is not the last record of a run")
    return Result(
        step=last.step,
        losses=np.concatenate(losses),
        weights=last.weights,
        statistics=last.statistics,
        memory=last.memory,
        metrics=last.metrics,
        steps_per_second=last.steps_per_second,
        settings=changes[-1][1] if changes else job.settings,
        changes=tuple(changes),
        run=job.run,
        reached=last.reached,
    )


def continued(job: Job, result: Result, steps: int) -> Job:
    """The job that goes on for so many steps where a run of `job` ended."""
    return replace(
        job,
        weights=result.weights,
        statistics=result.statistics,
        settings=result.settings,
        memory=result.memory,
        start=result.step,
        steps=steps,
    )


def _record(
    course: Course,
    step: int,
    losses: Array,
    pace: Pace,
    changes: tuple[tuple[int, Settings], ...],
    last: bool,
    metrics: Metrics | None = None,
    reached: StudioError | None = None,
) -> Progress:
    weights, statistics = weights_of(course), statistics_of(course)
    if metrics is None and (last or pace.is_time_to_measure()):
        metrics = measure(course.job, weights, step, statistics)
        pace.spend_on_measuring()
    return Progress(
        step=step,
        losses=losses,
        weights=weights,
        statistics=statistics,
        steps_per_second=pace.steps_per_second,
        changes=changes,
        metrics=metrics,
        memory=memory_of(course) if last or (metrics is not None and _few(course)) else None,
        last=last,
        rest=0.0 if last else pace.rest(len(losses)),
        reached=reached,
    )


def _few(course: Course) -> bool:
    """Whether what the optimizer remembers is told along the way: who looks sees its true steps."""
    return sum(vector.size for vector in course.whole.state.values()) <= MOST_TOLD


def _looked(course: Course, looking: Watch, step: int) -> tuple[Metrics | None, StudioError | None]:
    """What was measured to see whether the run is over, if anything was, and why it is."""
    found: list[Metrics] = []

    def measured() -> Metrics:
        found.append(measure(course.job, weights_of(course), step, statistics_of(course)))
        return found[0]

    reached = looking.look(step, measured)
    return (found[0] if found else None), reached
