"""A moment of a run that is gone back to: one near it at once, then the exact one."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.training.course import Course, memory_of, statistics_of, weights_of
from bpstudio.training.history import Tape
from bpstudio.training.job import Memory, Metrics
from bpstudio.training.measure import measure

SOON = 0.01
"""Where a replay takes longer than so many seconds, a moment near the one asked for is told."""

OFTEN = 0.2
"""Seconds between two of them."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a run was when its weights had `step` steps behind them.

    It is whole, and to be gone on from, whether or not it is the step that was `asked` for; the
    metrics are there if it is. `problem` says why nothing was found; `trace` is there where that
    is a fault of ours, for the log.
    """

    number: int
    asked: int
    step: int = 0
    weights: Mapping[str, Array] = field(default_factory=dict)
    statistics: Mapping[str, Array] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    metrics: Metrics | None = None
    problem: StudioError | None = None
    trace: str = ""

    @property
    def exact(self) -> bool:
        """Whether this is the step that was asked for."""
        return self.step == self.asked and self.problem is None


def moments(tape: Tape, number: int, step: int) -> Generator[Found | None, None, None]:
    """The moment at that step, as the last; where it takes a while, others on the way to it.

    Gives None after each piece of work with nothing to tell. Raises StudioError for a step before
    the run began.
    """
    due, told = time.perf_counter() + SOON, False
    for course in tape.replay(step):
        if (step - tape.at) * tape.pace > SOON and not told:
            due = 0.0  # at once: who drags along asks for the next step before this one is found
        if tape.at == step:
            yield _found(course, number, step, step)
        elif time.perf_counter() < due:
            yield None
        else:
            yield _found(course, number, step, tape.at)
            told = True
            due = time.perf_counter() + OFTEN


def _found(course: Course, number: int, asked: int, step: int) -> Found:
    weights, statistics = weights_of(course), statistics_of(course)
    exact = step == asked
    return Found(
        number,
        asked,
        step,
        weights,
        statistics,
        memory_of(course),
        measure(course.job, weights, step, statistics) if exact else None,
    )
