"""Going back in training: what is kept of a run, so that any of its steps is soon found again.

A tape has the state of the run at thinned steps, in bounded memory. A step between is found by
replaying from the state before it, and comes out the same to the last bit: batches and noise are
keyed by seed and step, and what was changed on the way is noted with its step.
"""

from __future__ import annotations

import time
from bisect import bisect_right, insort
from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.course import (
    Course,
    Kept,
    advance,
    change_course,
    keep,
    lay_out,
    restore,
)
from bpstudio.training.job import Change, Job, Memory
from bpstudio.training.line import Line
from bpstudio.training.pace import PIECE

MOST_BYTES = 32 << 20
"""How much the states on a tape may take together, if there is more than one."""

MOST_STATES = 4096
"""How many states a tape has at most; a replay of a long run is so many times shorter than it."""

FIRST_EVERY = 64
"""Steps between two states of a run that has just begun."""

STATE_COST = 1024
"""Bytes that a state takes beside its numbers."""


@dataclass
class Tape:
    """The states of a run at steps that `every` divides, oldest first.

    `size` is about how many bytes they take. A replay works on a course of its own, which is kept
    at the step `at`, because the next one often goes on where it ended; `pace` is how many
    seconds a step of the last one took.
    """

    line: Line
    every: int = FIRST_EVERY
    states: list[Kept] = field(default_factory=list)
    size: int = 0
    most_bytes: int = MOST_BYTES
    most_states: int = MOST_STATES
    at: int = 0
    pace: float = 0.0
    _course: Course | None = None
    _passed: int = 0

    def gone_on(self, job: Job) -> Tape:
        """A tape for a job that goes on from a step of this one; the states before are shared."""
        line = self.line.gone_on(job)
        last = job.start if len(line.changes) == len(self.line.up_to(job.start).changes) else -1
        states = [state for state in self.states if state.step < job.start or state.step == last]
        return replace(
            self, line=line, states=states, size=sum(map(_size, states)), _course=None, at=0
        )

    def offer(self, course: Course, step: int) -> None:
        """Take the state of the course at this step, if it is one to be kept."""
        if step % self.every or (self.states and self._has(step)):
            return
        state = keep(course, step)
        if not self.states or self.states[-1].step < step:
            self.states.append(state)
        else:
            insort(self.states, state, key=_step)
        self.size += _size(state)
        self._thin()

    def changed(self, step: int, change: Change) -> None:
        """Note that something was changed, which holds from this step."""
        self.cut(step - 1)
        self.line = replace(self.line, changes=(*self.line.changes, (step, change)))

    def cut(self, step: int) -> None:
        """Forget what lies behind this step."""
        while self.states and self.states[-1].step > step:
            self.size -= _size(self.states.pop())

    def nearest(self, step: int) -> Kept | None:
        """The newest state that is not behind this step, if there is one."""
        place = bisect_right(self.states, step, key=_step)
        return self.states[place - 1] if place else None

    def replay(self, step: int) -> Generator[Course, None, None]:
        """Bring a course to this step: gives it out as it is now, and after pieces of 15 ms.

        `at` says at which step it is then; the last time it is the one that was asked for. States
        on the way are kept where they are missing. Raises StudioError for a step before the run
        began.
        """
        course = self._begin(step)
        pieces, stops = 8, [since for since, _ in self.line.changes if since > self.at]
        yield course
        while self.at < step:
            here = self.at
            end = min(step, here + pieces, here - here % self.every + self.every, *stops[:1])
            began = time.perf_counter()
            advance(course, here, np.empty(end - here))
            took = max(time.perf_counter() - began, 1e-9)
            self.pace = took / (end - here)
            pieces = max(1, min(4 * pieces, int(PIECE / self.pace)))
            self.at = end
            if end in stops:
                course = self._change(course, end)
                stops = [stop for stop in stops if stop > end]
            self.offer(course, end)
            yield course

    def _begin(self, step: int) -> Course:
        """A course at the nearest place before that step."""
        if step < self.line.start:
            raise StudioError(
                N_("This run began at step {start}, so there is no step {step} in it."),
                start=self.line.start,
                step=step,
            )
        state, course = self.nearest(step), self._course
        from_here = self.line.start if state is None else state.step
        if course is not None and from_here <= self.at <= step:
            return course
        passed = sum(since <= from_here for since, _ in self.line.changes)
        if course is None or state is None or passed != self._passed:
            job = self.line.at(from_here)
            course = lay_out(job if state is None else _from(job, state))
        if state is not None:
            restore(course, state)
        self._course, self.at, self._passed = course, from_here, passed
        self.offer(course, from_here)
        return course

    def _change(self, course: Course, step: int) -> Course:
        for since, change in self.line.changes:
            if since == step:
                course = change_course(course, change, step)
                self._passed += 1
        self._course = course
        return course

    def _has(self, step: int) -> bool:
        state = self.nearest(step)
        return state is not None and state.step == step

    def _thin(self) -> None:
        """Keep every second state for as long as there are too many."""
        while len(self.states) > 1 and (
            len(self.states) > self.most_states or self.size > self.most_bytes
        ):
            self.every *= 2
            self.states = [state for state in self.states if state.step % self.every == 0]
            self.size = sum(map(_size, self.states))


def _from(job: Job, state: Kept) -> Job:
    """The job as it goes on from a state; its weights are put in their place afterwards."""
    return replace(job, start=state.step, memory=Memory(state.since, job.layout, state.state))


def _step(state: Kept) -> int:
    return state.step


def _size(state: Kept) -> int:
    """About how many bytes a state takes."""
    arrays = (state.parameters, *state.state.values(), *state.statistics.values())
    return STATE_COST + sum(array.nbytes for array in arrays)
