"""A run as a value: where it began, what was changed on the way, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.training.job import Change, Job, Metrics

Dated = tuple[int, Change]
"""A change and the step (from 0) from which it held."""


@dataclass(frozen=True, eq=False)
class Line:
    """A run from where it began: the job, and what was changed on the way, in order."""

    job: Job
    changes: tuple[Dated, ...] = ()

    @property
    def start(self) -> int:
        """The step at which it began."""
        return self.job.start

    def at(self, step: int) -> Job:
        """The job with all that was changed up to this step."""
        job = self.job
        for since, change in self.changes:
            if since <= step:
                job = job.changed(change)
        return job

    def up_to(self, step: int) -> Line:
        """The part of it before this step."""
        return replace(self, changes=tuple(each for each in self.changes if each[0] < step))

    def gone_on(self, job: Job) -> Line:
        """The line when a job goes on at its end: what is other there is a change."""
        kept = self.up_to(job.start)
        before = kept.at(job.start)
        change = Change(
            settings=None if job.settings == before.settings else job.settings,
            given=None if alike(job.given, before.given) else job.given,
            test=None if alike(job.test, before.test) else job.test,
        )
        if (change.settings, change.given, change.test) == (None, None, None):
            return kept
        return replace(kept, changes=(*kept.changes, (job.start, change)))


@dataclass(frozen=True, eq=False)
class Run:
    """One way that a training took, up to the step `end`.

    `losses` has the loss of each step since the weights were drawn, those before the run began
    included; `weights` are those at its end. It went on from a step of its `parent`, if it has
    one. `tape` names where its states are kept, `metrics` say what it came to, and `problem` why
    it ended, if that was not asked for. `marks` are the steps that a person marked.
    """

    id: str
    line: Line
    end: int = 0
    losses: Array = field(default_factory=lambda: np.zeros(0))
    weights: Mapping[str, Array] = field(default_factory=dict)
    tape: str = ""
    parent: str = ""
    metrics: Metrics | None = None
    problem: str = ""
    marks: tuple[int, ...] = ()

    @property
    def start(self) -> int:
        """The step at which it began."""
        return self.line.start


def alike(one: Mapping[str, Array], two: Mapping[str, Array]) -> bool:
    """Whether two sets of arrays hold the same numbers."""
    return one.keys() == two.keys() and all(
        one[key] is two[key] or np.array_equal(one[key], two[key], equal_nan=True) for key in one
    )
