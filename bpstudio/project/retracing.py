"""The way that the weights of a project came, walked again: the same seed, the same steps."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import edits, past, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, Trained
from bpstudio.training.course import memory_of, statistics_of, weights_of
from bpstudio.training.history import Tape
from bpstudio.training.job import Metrics
from bpstudio.training.measure import measure
from bpstudio.training.trail import Glance, Trail, glance
from bpstudio.training.trainer import train_now

STOPS = 100
"""At how many steps one looks."""
MOST_ROWS = 512
"""A step is looked at on so many rows at most."""


def retracing(project: Project, run: str = "") -> Generator[Trail, None, Trail]:
    """The trail from the first weights to the present ones, or to the end of a run; growing.

    Where the runs are known that led here, each step is found as one goes back to it, with all
    that was changed on the way. Else it is trained again; raises StudioError where that gives
    other losses than were recorded, because something was changed on the way, or because they
    come from stacked networks, of which the last bits are others.
    """
    way = past.way(project, run)
    end = way[-1].end if run and way else project.trained.steps
    if way and not way[0].begin and way[-1].end >= end:
        return (yield from _along(project, way, end))
    here = edits.reset(project)
    trail = Trail().taken(_look(here))
    yield trail
    for stop in stops(project.trained.steps):
        here = runs.landed(here, train_now(runs.job(here, stop - here.trained.steps)))
        recorded = project.trained.losses[: len(here.trained.losses)]
        if not np.array_equal(here.trained.losses, recorded, equal_nan=True):
            raise StudioError(
                N_(
                    "Something was changed during this training, or it was computed together with "
                    "others, so it can't be walked again from its start. What comes from now on is "
                    "recorded."
                )
            )
        trail = trail.taken(_look(here))
        yield trail
    return trail


def _along(
    project: Project, way: tuple[past.Stretch, ...], end: int
) -> Generator[Trail, None, Trail]:
    """The trail along these runs."""
    losses = way[-1].run.losses
    tapes = {stretch.run.id: Tape(stretch.run.line) for stretch in way}
    trail = Trail()
    for stop in [0, *stops(end)]:
        stretch = past.stretch_at(way, stop)
        assert stretch is not None  # they meet each other
        *_, course = tapes[stretch.run.id].replay(stop)
        weights, statistics = weights_of(course), statistics_of(course)
        here = replace(
            project,
            training=course.job.settings,
            weights={**project.weights, **weights},
            statistics={**project.statistics, **statistics},
            trained=Trained(stop, losses[:stop], memory_of(course)),
        )
        trail = trail.taken(_look(here, measure(course.job, weights, stop, statistics)))
        yield trail
    return trail


def stops(steps: int) -> list[int]:
    """The steps at which one looks on the way to `steps`: evenly, and more often at the start."""
    evenly = np.linspace(0, steps, STOPS + 1)
    early = np.geomspace(1, max(steps / STOPS, 1), 8)
    found = np.unique(np.rint(np.concatenate([early, evenly])).astype(int))
    return [stop for stop in found.tolist() if 0 < stop <= steps]


def _look(project: Project, metrics: Metrics | None = None) -> Glance:
    trained = project.trained
    recording = iteration(project, step=trained.steps, memory=trained.memory, most_rows=MOST_ROWS)
    return glance(recording, trained.steps, in_order(project), metrics or runs.measured(project))


def in_order(project: Project, weights: Mapping[str, Array] | None = None) -> dict[str, Array]:
    """Weights in the order in which training lays them out."""
    held = project.weights if weights is None else weights
    return {key: held[key] for key in project.graph.keys(Kind.WEIGHT) if key in held}
