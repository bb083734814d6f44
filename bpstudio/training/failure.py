"""Where a run went wrong: the first step, and the first gate, whose result is not finite."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.op import Array
from bpstudio.errors import NotFinite, StudioError
from bpstudio.language import N_
from bpstudio.training.batches import rows_of_step
from bpstudio.training.course import Course, Kept, advance, keep, restore, statistics_of, weights_of
from bpstudio.training.job import Job


class Failure(NamedTuple):
    """The step (from 0) that can't be taken, and why."""

    step: int
    error: NotFinite


def first_bad_step(course: Course, kept: Kept, end: int) -> Failure:
    """Go again from what was kept, up to the first step that goes wrong before `end`.

    Leaves the course as it was before that step. The steps are the same to the last bit, so it
    goes wrong where it did before.
    """
    restore(course, kept)
    loss = np.empty(1)
    before = kept
    for step in range(kept.step, end):
        before = keep(course, step)
        advance(course, step, loss)
        if not math.isfinite(loss[0]) or not healthy(course):
            break
    after = keep(course, step + 1)
    restore(course, before)
    reason = _reason(course, before.step, after, float(loss[0]))
    return Failure(
        before.step,
        NotFinite(
            N_("Step {step}: {reason} The weights are those from before this step."),
            nodes=reason.nodes,
            step=before.step + 1,
            reason=reason,
        ),
    )


def finite(array: Array) -> bool:
    """Whether every entry is a finite number."""
    return bool(np.isfinite(array).all())


def healthy(course: Course) -> bool:
    """Whether all weights are finite, and all that the optimizer remembers.

    A memory that overflowed would stop the weights without a word: they are divided by it.
    """
    plan = course.whole
    return finite(plan.parameters) and all(finite(vector) for vector in plan.state.values())


def given_of_step(job: Job, step: int) -> dict[str, Array]:
    """The given arrays with only the rows that this step (from 0) sees."""
    chosen = rows_of_step(job.rows, job.settings.batch, job.settings.seed, step)
    batched = set(job.batched_keys)
    return {key: value[chosen] if key in batched else value for key, value in job.given.items()}


def _reason(course: Course, step: int, after: Kept, loss: float) -> StudioError:
    """What to say: the first gate of that step that is not finite, else the weight that is not."""
    job = course.job
    recording = run.record(
        job.graph,
        given_of_step(job, step),
        weights_of(course),
        statistics=statistics_of(course),
        randomness=run.Randomness(job.settings.seed, step),
        ancestors_of=job.target,
    )
    bad = recording.first_non_finite()
    if bad is not None:
        return run.not_finite(job.graph[bad.node], bad)
    vectors = course.whole.vectors
    for key in vectors.places:
        node = job.graph[key.partition(".")[0]]
        if not finite(vectors.view(after.parameters, key)):
            return StudioError(
                N_("this update would make {label} infinite. Try a smaller learning rate."),
                nodes=(node.id,),
                label=node.label,
            )
        if not all(finite(vectors.view(state, key)) for state in after.state.values()):
            return StudioError(
                N_(
                    "the gradient at {label} is too large for what {optimizer} remembers of it. "
                    "Scale the data, or try another optimizer."
                ),
                nodes=(node.id,),
                label=node.label,
                optimizer=job.settings.optimizer.title,
            )
    return StudioError(N_("the loss is {loss}. Try a smaller learning rate."), loss=loss)
