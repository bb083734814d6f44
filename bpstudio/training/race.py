"""Two trainings of one network raced: by backpropagation, and by differences alone.

Both take the same steps from the same weights with the same optimizer, so their losses are the
same; what differs is the price. A step costs one forward and one backward pass, or 2 n + 1 forward
passes for n weights. Whichever has worked for less time goes on, so at every moment both have
worked equally long, until the first has arrived.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.training.course import advance, keep, lay_out
from bpstudio.training.failure import finite, first_bad_step, healthy
from bpstudio.training.job import Job, Memory
from bpstudio.training.numeric import descending
from bpstudio.training.pace import PIECE

BACKPROPAGATION, DIFFERENCES = "backpropagation", "differences"
MOST_POINTS = 400
"""So many places of a lane's course are kept at most; of longer ones every second is left out."""
SIZES = (1_000, 100_000, 10_000_000, 1_000_000_000)
"""The numbers of weights for which the price is worked out beside that of the network itself."""


@dataclass(frozen=True, eq=False)
class Lane:
    """How far one of them has come: steps, the passes and the seconds of work that they cost.

    `loss` is the newest, not a number before the first. `course` has a line for some of the steps:
    the passes and the seconds until then, and the loss, which is that before its update. `problem`
    says why it can't go on.
    """

    way: str
    steps: int = 0
    forward: int = 0
    backward: int = 0
    seconds: float = 0.0
    loss: float = float("nan")
    course: Array = field(default_factory=lambda: np.zeros((0, 3)))
    problem: StudioError | None = None


@dataclass(frozen=True, eq=False)
class TrainingRace:
    """Where both are: `steps` lead to the finish, and `weights` is how many numbers are moved.

    `apart` is by how much the losses of one step differ at most, as far as both have come.
    """

    weights: int
    steps: int
    lanes: tuple[Lane, Lane]
    apart: float = 0.0

    @property
    def over(self) -> bool:
        """Whether both have arrived, or can't go on."""
        return all(lane.problem or lane.steps == self.steps for lane in self.lanes)


class Price(NamedTuple):
    """What one step costs by differences for so many weights.

    `seconds` are those of its passes if each took as long as here; of a larger network each takes
    longer. Not a number as long as no pass was timed.
    """

    weights: int
    passes: int
    seconds: float


def racing(job: Job) -> Generator[TrainingRace, None, TrainingRace]:
    """Race both through all steps of the job; the optimizer starts anew.

    Raises GraphError and ShapeError for a network that is not whole.
    """
    start = replace(job, memory=Memory())
    losses = {way: np.full(job.steps, np.nan) for way in (BACKPROPAGATION, DIFFERENCES)}
    ways = (_by_backpropagation, _by_differences)
    running = [way(start, own) for way, own in zip(ways, losses.values(), strict=True)]
    lanes = [next(each) for each in running]
    count, apart, compared = moved(job), 0.0, 0
    while True:
        newest = TrainingRace(count, job.steps, (lanes[0], lanes[1]), apart)
        yield newest
        if newest.over:
            return newest
        left = [i for i in (0, 1) if not lanes[i].problem and lanes[i].steps < job.steps]
        turn = min(left, key=lambda i: lanes[i].seconds)
        lanes[turn] = next(running[turn])
        both = min(lane.steps for lane in lanes)
        one, two = (own[compared:both] for own in losses.values())
        apart = max(apart, float(np.abs(one - two).max(initial=0.0)))
        compared = both


def moved(job: Job) -> int:
    """How many numbers the training of a job changes: frozen ones need no gradient."""
    return sum(
        int(np.prod(shape))
        for key, shape in job.layout
        if job.settings.factor(key.partition(".")[0])
    )


def prices(race: TrainingRace) -> tuple[Price, ...]:
    """What a step by differences costs: of this network first, then of larger ones."""
    lane = race.lanes[1]
    pace = lane.seconds / lane.forward if lane.forward else float("nan")
    sizes = (race.weights, *(size for size in SIZES if size > race.weights))
    return tuple(Price(n, 2 * n + 1, (2 * n + 1) * pace) for n in sizes)


def _by_backpropagation(job: Job, losses: Array) -> Iterator[Lane]:
    """The lane after every 15 ms of work; the losses of its steps go into `losses`."""
    course = lay_out(job)
    points, lane, pieces = _Points(), Lane(BACKPROPAGATION), 1
    yield lane
    while lane.steps < job.steps:
        step = job.start + lane.steps
        kept, found = keep(course, step), losses[lane.steps : lane.steps + pieces]
        began = time.perf_counter()
        advance(course, step, found)
        took = max(time.perf_counter() - began, 1e-9)
        problem = None
        if not (finite(found) and healthy(course)):
            failure = first_bad_step(course, kept, step + len(found))
            found, problem = found[: failure.step - step], failure.error
        for index, loss in enumerate(found.tolist(), start=1):
            passes = 2 * (lane.steps + index)
            points.add(passes, lane.seconds + took * index / len(found), loss)
        taken = lane.steps + len(found)
        lane = Lane(
            BACKPROPAGATION,
            taken,
            taken,
            taken,
            lane.seconds + took,
            float(found[-1]) if len(found) else lane.loss,
            points.all,
            problem,
        )
        pieces = max(1, min(4 * pieces, int(len(found) * PIECE / took)))
        yield lane


def _by_differences(job: Job, losses: Array) -> Iterator[Lane]:
    """The lane after every 15 ms of work and after every step; its losses go into `losses`."""
    found = descending(job)
    points, lane = _Points(), Lane(DIFFERENCES)
    next(found)
    yield lane
    while lane.steps < job.steps:
        began = time.perf_counter()
        try:
            newest = next(found)
        except StudioError as problem:
            lane = replace(lane, problem=problem)
            yield lane
            return
        seconds = lane.seconds + time.perf_counter() - began
        if isinstance(newest, int):
            lane = replace(lane, forward=newest, seconds=seconds)
        else:
            losses[lane.steps] = newest.loss
            points.add(newest.forward_passes, seconds, newest.loss)
            taken, passes = lane.steps + 1, newest.forward_passes
            lane = Lane(DIFFERENCES, taken, passes, 0, seconds, newest.loss, points.all)
        yield lane


class _Points:
    """The course of a lane, thinned as it grows: passes, seconds and loss."""

    def __init__(self) -> None:
        self._every, self._count = 1, 0
        self._kept: list[tuple[float, float, float]] = []
        self._newest = (0.0, 0.0, float("nan"))

    def add(self, passes: int, seconds: float, loss: float) -> None:
        """A step was taken."""
        self._newest = (float(passes), seconds, loss)
        if self._count % self._every == 0:
            self._kept.append(self._newest)
        self._count += 1
        if len(self._kept) > MOST_POINTS:
            self._kept, self._every = self._kept[::2], 2 * self._every

    @property
    def all(self) -> Array:
        """A line for each step that is kept, and for the newest one."""
        last = [] if self._kept and self._kept[-1] is self._newest else [self._newest]
        return np.array([*self._kept, *last])
