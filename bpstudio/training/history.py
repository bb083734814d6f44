"""Going back in training: any step of a run, found again by replaying it.

Batches and noise are keyed by the seed and the step, so a replay comes out the same to the last
bit, and nothing needs to be kept of a run but where it started and what was changed on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.job import Job, Result
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import continued, train_now


def at_step(job: Job, step: int, changes: Sequence[tuple[int, Settings]] = ()) -> Result:
    """What the run of this job was when its weights had `step` steps behind them.

    `changes` are the settings with the step from which they held, as the run's result has them.
    A job that starts at a later result of the same run gets there sooner. Raises StudioError for a
    step before the job's start.
    """
    if step < job.start:
        raise StudioError(
            N_("This run began at step {start}, so there is no step {step} in it."),
            start=job.start,
            step=step,
        )
    passed = [change for change in changes if job.start <= change[0] < step]
    stops = [*(first for first, _ in passed), step]
    result = train_now(replace(job, steps=stops[0] - job.start))
    losses = [result.losses]
    for (first, settings), end in zip(passed, stops[1:], strict=True):
        result = train_now(replace(continued(job, result, end - first), settings=settings))
        losses.append(result.losses)
    return replace(result, losses=np.concatenate(losses), changes=tuple(passed))
