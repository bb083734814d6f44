"""Training as the window sees it: a worker process, looked at by a timer.

`advanced` says where a run is, at most 20 times a second; `ended` says what it came to. Nothing
here knows the project: whoever started a run decides what becomes of its outcome.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import runs
from bpstudio.project.difference import between
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project
from bpstudio.training.job import MOST_STEPS, Change, Job, Memory, Metrics
from bpstudio.training.line import Dated, Run

if TYPE_CHECKING:
    from bpstudio.training.serve import Ended
    from bpstudio.training.worker import Worker

TICK = 50
"""Milliseconds between two looks at a run."""
SOON = 10
"""Milliseconds between two looks for a moment that is sought."""
PATIENCE = 5.0
"""Seconds to wait for a run to end before its newest snapshot is taken instead."""
BLINK = 0.05
"""Seconds to wait for one that was not seen to take a step."""

LOST = N_(
    "The training process was ended from outside. The weights after {step} steps are kept; "
    "train again to go on."
)

log = logging.getLogger(__name__)


def ends_training(before: Project, after: Project) -> bool:
    """Whether an edit takes away what a run computes on: then the run has to be landed first."""
    found = between(before, after)
    if found.structure or found.weights or found.statistics:
        return True
    if not (found.data or found.given):
        return False
    try:
        return job_of(before).classification != job_of(after).classification
    except StudioError:
        return True


def change_for(before: Project, after: Project) -> Change | None:
    """What to tell a run that goes on through an edit; None where nothing concerns it."""
    found = between(before, after)
    if found.data or found.given:
        job = job_of(after)
        return Change(job.settings, job.given, job.test)
    return Change(after.training) if found.training else None


def job_of(project: Project, steps: int = MOST_STEPS) -> Job:
    """The training of a project, of as much of it as its loss needs.

    Raises StudioError, saying what is missing, for a network that can't be trained yet.
    """
    part, goal = runnable(project)
    return runs.job(project if goal is None else within(project, part), steps)


@dataclass(frozen=True, eq=False)
class Outcome:
    """Where a run is, or what it came to.

    `step` counts from the start of the weights, and `losses` has the loss of each of these steps.
    `memory` is the optimizer's, known once the run has ended, as are the `statistics` and the
    `changes` on the way, and before that where it is small. `problem` is why it ended, if it was
    not asked to. What is not `whole` is only what was seen of a run that was lost. `reached` is
    the rule by which it ended.
    """

    job: Job
    step: int
    losses: Array
    weights: Mapping[str, Array]
    memory: Memory | None = None
    metrics: Metrics | None = None
    steps_per_second: float = 0.0
    problem: StudioError | None = None
    statistics: Mapping[str, Array] = field(default_factory=dict)
    changes: tuple[Dated, ...] = ()
    whole: bool = True
    reached: StudioError | None = None

    @property
    def taken(self) -> int:
        """How many steps this run has taken."""
        return self.step - self.job.start

    @property
    def left(self) -> int:
        """How many steps it was still to take."""
        return self.job.steps - self.taken


class Training(QObject):
    """The worker process and the run that is going on in it, if any."""

    advanced = Signal(object)
    """Where the run is: an `Outcome`."""
    ended = Signal(object)
    """What the run came to, as it ended by itself: an `Outcome`."""
    held = Signal(int, object)
    """From this step (from 0) on these `Settings` hold in the run."""
    found = Signal(object)
    """A moment of a run that is sought: a `Found`; more follow until one is exact."""
    lost = Signal()
    """The process ended from outside while a moment was sought."""

    def __init__(self) -> None:
        super().__init__()
        self._worker: Worker | None = None
        self._tried = False
        self._tape = "", ""
        self._newest: Outcome | None = None
        self._landed = Series(np.zeros(0))
        self._losses = Series(np.zeros(0))
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._look)
        self._seeking = QTimer(self)
        self._seeking.setInterval(SOON)
        self._seeking.timeout.connect(self._look_for)

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._newest is not None

    @property
    def pid(self) -> int | None:
        """The id of the worker process, where there is one."""
        return None if self._worker is None else self._worker.pid

    def warm(self) -> None:
        """Start the worker process, so that it is up by the time it is wanted."""
        if self._worker is None:
            # With all that it needs for training it would delay the first paint.
            from bpstudio.training.worker import Worker

            self._worker = Worker()

    def seek(self, run: Run, step: int) -> None:
        """Find a step of a run; what was sought before is given up. Not while one is going on."""
        self.warm()
        assert self._worker is not None
        self._worker.news()  # so that it knows whether its process is still there
        self._worker.seek(run.tape or run.id, run.line, step)
        self._seeking.start()

    def start(self, job: Job, losses: Array, tape: str = "", after: str = "") -> None:
        """Train this job from now on; a run that was going on is given up.

        `losses` are those of the steps that its weights have behind them. The states on the way
        are kept on the `tape` of that name, which goes on from the one it comes `after`.
        """
        self._seeking.stop()
        self.warm()
        assert self._worker is not None
        self._worker.news()  # so that it knows whether its process is still there
        self._worker.start(job, tape, after)
        self._tape = tape, after
        if not self._landed.has(losses):
            self._landed = Series(losses)
        self._losses, self._tried = Series(losses), False
        self._newest = Outcome(job, job.start, self._losses.all, job.weights)
        self._timer.start()

    def change(self, change: Change) -> None:
        """Have other settings or data hold from the next step of the run."""
        if self._worker is not None and self.running:
            self._worker.change(change)

    def keep_pace(self, pace: float | None) -> None:
        """Take so many steps a second at most from now on, or as many as it can."""
        self.change(Change(pace=pace or 0.0))

    def finish(self) -> Outcome | None:
        """End the run now and return what it came to; None where none was going on."""
        if self._worker is None or not self.running:
            return None
        outcome = self._outcome(self._worker.news())
        if outcome is None and not self._worker.up:
            # It is still coming up, which takes a second or two: there is nothing to wait for.
            self._worker.stop()
            return self._close_run(self._newest)
        if outcome is not None:
            return self._close_run(outcome)
        self._worker.pause()
        # Before its first step it is compiling, which a person does not wait for.
        begun = bool(self._seen().taken)
        until = time.monotonic() + (PATIENCE if begun else BLINK)
        while (left := until - time.monotonic()) > 0:
            outcome = self._outcome(self._worker.news(left))
            if outcome is not None:
                return self._close_run(outcome)
        self._worker.stop()
        seen = self._seen()
        return self._close_run(replace(seen, whole=False) if begun or seen.taken else seen)

    def drop(self) -> None:
        """Give the run up, whatever it came to, and what is sought."""
        self._seeking.stop()
        if self._worker is not None and self.running:
            self._worker.stop()
        self._close_run(None)
        self._landed = Series(np.zeros(0))

    def close(self) -> None:
        """End the worker process."""
        self._seeking.stop()
        self._close_run(None)
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _look(self) -> None:
        assert self._worker is not None
        outcome = self._outcome(self._worker.news())
        for told in self._worker.held():
            self.held.emit(told.step, told.settings)
        if outcome is None:
            self._show_progress()
        elif self._worker.state == "lost" and not outcome.taken and not self._tried:
            self._tried = True  # the process had died before the run began
            self._worker.start(outcome.job, *self._tape)
        else:
            self.ended.emit(self._close_run(outcome))

    def _look_for(self) -> None:
        """See whether anything was found; only the newest of it is told."""
        assert self._worker is not None
        self._worker.news()
        found = self._worker.found()
        if found:
            newest = found[-1]
            if newest.trace:
                log.error("going back failed\n%s", newest.trace)
            if newest.exact or newest.problem is not None:
                self._seeking.stop()
            self.found.emit(newest)
        elif self._worker.state == "lost":
            self._seeking.stop()
            self.lost.emit()

    def _show_progress(self) -> None:
        before = self._newest
        seen = self._seen()
        if seen is not before:
            self._newest = seen
            self.advanced.emit(seen)

    def _outcome(self, news: list[Ended]) -> Outcome | None:
        """What the run came to, if the news have it or the worker is lost."""
        assert self._worker is not None
        for ended in news:
            return self._told(ended)
        if self._worker.state == "lost":
            seen = self._seen()
            problem = StudioError(LOST, step=seen.step)
            return replace(seen, problem=problem, whole=False)
        return None

    def _told(self, ended: Ended) -> Outcome:
        if ended.trace:
            log.error("training failed\n%s", ended.trace)
        result, seen = ended.result, self._seen()
        if result is None:
            return replace(seen, problem=ended.problem, whole=False)
        self._landed.extend(result.losses)
        return Outcome(
            seen.job,
            result.step,
            self._landed.all,
            result.weights,
            result.memory,
            result.metrics,
            result.steps_per_second,
            ended.problem,
            result.statistics,
            ended.changes,
            reached=result.reached,
        )

    def _seen(self) -> Outcome:
        """Where the run is by the newest snapshot."""
        assert self._worker is not None and self._newest is not None
        newest = self._newest
        snapshot = self._worker.look()
        if snapshot is None:
            return newest
        self._losses.extend(np.full(snapshot.missed, np.nan))
        self._losses.extend(snapshot.losses)
        return Outcome(
            newest.job,
            snapshot.step,
            self._losses.all,
            snapshot.weights,
            snapshot.memory,
            snapshot.metrics,
            snapshot.steps_per_second,
        )

    def _close_run(self, outcome: Outcome | None) -> Outcome | None:
        self._timer.stop()
        self._newest = None
        self._losses = Series(np.zeros(0))  # it may have room for millions
        return outcome


class Series:
    """Losses that come in piece by piece; what was given out does not change any more.

    All that was given out lies in the same room, so that an undo for each of many pauses holds the
    losses of one long training once.
    """

    def __init__(self, first: Array) -> None:
        self._count = len(first)
        self._room = np.empty(max(1024, 2 * self._count))
        self._room[: self._count] = first

    @property
    def all(self) -> Array:
        """All of them so far, read-only."""
        view = self._room[: self._count]
        view.flags.writeable = False
        return view

    def has(self, losses: Array) -> bool:
        """Whether these are all of them so far, and were given out by this very series."""
        return losses.base is self._room and len(losses) == self._count

    def extend(self, piece: Array) -> None:
        """Add what came next."""
        count = self._count + len(piece)
        if count > len(self._room):
            room = np.empty(max(count, 2 * len(self._room)))
            room[: self._count] = self._room[: self._count]
            self._room = room
        self._room[self._count : count] = piece
        self._count = count
