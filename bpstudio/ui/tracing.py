"""The way of the training for the plots that look back, and the loss around where it ended.

While training goes on the way grows by what the studio records anyway. What nobody saw is walked
again in a process beside the window, which can be given up; nothing is done while no plot that
needs it can be seen.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.project import runs
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project, loss_node
from bpstudio.project.retracing import in_order, retracing
from bpstudio.training.landscape import Landscape, surveying
from bpstudio.training.trail import Trail, glance
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.training.beside import Beside

TICK = 60
"""Milliseconds between two looks at what runs beside."""
COARSE = 30
"""Where more than this share of the way lies between two glances, it is walked again."""
MOST_WAYS = 4
"""So many other ways are remembered, for who goes back and forth between branches."""
TRAIL, SURVEY = "trail", "survey"

log = logging.getLogger(__name__)


class Tracing(QObject):
    """The trail of the project that is shown, and its landscape.

    `running` is what goes on beside: `TRAIL`, `SURVEY` or empty, and `progress` how far it is, from
    0 to 1. `problem` says why the way could not be walked again.
    """

    moved = Signal()
    """Something new is known, or forgotten."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._wanting: dict[QWidget, str] = {}
        self._of: object = None
        self._losses: Array = np.zeros(0)
        self._others: list[_Way] = []
        self._seen: object = None
        self._tried: tuple[object, ...] = ()
        self._surveyed: tuple[object, ...] = ()
        self._job: Beside | None = None
        self.trail = Trail()
        self.landscape: Landscape | None = None
        self.running, self.progress = "", 0.0
        self.problem: StudioError | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._look)
        studio.moved.connect(self._follow)

    def want(self, widget: QWidget, directions: str = "") -> None:
        """This plot can be seen and needs the trail; with `directions` the landscape too."""
        if self._wanting.get(widget) != directions:
            self._wanting[widget] = directions
            self._follow(self._studio.shown)

    def let_go(self, widget: QWidget) -> None:
        """Nobody looks at that plot any more."""
        if self._wanting.pop(widget, None) is not None and not self._wanting:
            self.cancel()

    def cancel(self) -> None:
        """Give up what goes on beside; what was found so far is kept."""
        self._timer.stop()
        if self._job is not None:
            self._job.close()
            self._job = None
        if self.running:
            self.running = ""
            self.moved.emit()

    def again(self) -> None:
        """Do what was given up."""
        self._tried, self._surveyed = (), ()
        self._follow(self._studio.shown)

    def _follow(self, shown: Showing) -> None:
        if not self._wanting:
            return
        structure = shown.project.graph.structure
        if structure != self._of:
            self._others = []
            self._turn_to(_Way())
        elif not _goes_on(self._losses, shown.losses):
            self._look_up(shown)
        self._of, self._losses = structure, shown.losses
        if not shown.training and self.trail.steps.max(initial=0) > _end(shown):
            self.trail = self.trail.until(_end(shown))
            self.moved.emit()
        self._take(shown)
        if shown.training:
            self.cancel()
        elif not self.running:
            self._begin(shown)

    def _look_up(self, shown: Showing) -> None:
        """Another way is looked at: perhaps one that was walked already."""
        here = _Way(self._losses, self.trail, self.landscape, self._tried, self._surveyed)
        alike = [way for way in self._others if _is_of(way, shown.losses)]
        others = [way for way in self._others if way not in alike]
        self._others = [here, *others][:MOST_WAYS] if len(here.trail) else others
        self._turn_to(alike[0] if alike else _Way())

    def _turn_to(self, way: _Way) -> None:
        self.cancel()
        self._tried, self._surveyed = way.tried, way.surveyed
        self.trail, self.landscape, self.problem = way.trail, way.landscape, None
        self.moved.emit()

    def _take(self, shown: Showing) -> None:
        """Keep what the studio has recorded, if it is new and no step into the past."""
        recording, project = shown.whole, shown.project
        if recording is None or recording is self._seen or not recording.updates:
            return
        self._seen = recording
        newest = self.trail.steps.max(initial=-1)
        aside = shown.plant is not None or shown.row is not None or shown.past is not None
        if aside or shown.step <= newest:
            return
        metrics = shown.measured
        self.trail = self.trail.taken(
            glance(
                recording,
                shown.step,
                in_order(project, {**project.weights, **shown.weights}),
                metrics if metrics is not None and metrics.step == shown.step else None,
                stepped=shown.foretells,
            )
        )
        self.moved.emit()

    def _begin(self, shown: Showing) -> None:
        """Start beside what is lacking."""
        project = _runs(shown.project)
        if project is None:
            return
        steps, run = _end(shown), _run(shown)
        known = sum(bool(each.updates) for each in self.trail.glances)
        gap = self.trail.widest_gap(steps)
        coarse = gap > max(2, steps // COARSE) or 2 * known < len(self.trail)
        tried = (project.trained, project.runs.get(run))
        if steps and coarse and not _same(tried, self._tried):
            self._tried = tried
            self._start(TRAIL, partial(retracing, project, run))
            return
        directions = next((d for d in self._wanting.values() if d), "")
        survey = (*tried, project.weights, directions)
        if run:
            project = replace(project, weights={**project.weights, **project.runs[run].weights})
        if directions and not _same(survey, self._surveyed):
            self._surveyed = survey
            path = [g.vector for g in self.trail.glances if g.vector is not None]
            whole = np.stack(path) if len(path) == len(self.trail) and path else np.zeros((0, 1))
            if not len(whole):
                whole = np.zeros((0, sum(w.size for w in in_order(project).values())))
            work = partial(surveying, runs.job(project, 0), whole, directions, 0)
            self._start(SURVEY, work)

    def _start(self, kind: str, work: Any) -> None:
        from bpstudio.training.beside import Beside

        self._job = Beside(work)
        self.running, self.progress = kind, 0.0
        if kind == TRAIL:
            self.problem = None
        self._timer.start()
        self.moved.emit()

    def _look(self) -> None:
        job = self._job
        assert job is not None
        for newest in job.news():
            self._show(newest)
        if not job.over:
            return
        kind, problem = self.running, job.problem
        if job.trace:
            log.error("what ran beside the window failed\n%s", job.trace)
        if job.outcome is not None:
            self._show(job.outcome)
        self.cancel()
        if kind == TRAIL:
            self.problem = problem
            if problem is not None:
                # A few steps from the start and the present are no way to draw a line through.
                self.trail, self._seen = Trail(), None
        elif problem is not None:
            self._studio.complain(problem)
        self.moved.emit()
        self._follow(self._studio.shown)

    def _show(self, newest: Trail | Landscape) -> None:
        if isinstance(newest, Trail):
            self.trail = newest
            steps = _end(self._studio.shown)
            self.progress = float(newest.steps.max(initial=0)) / max(steps, 1)
        else:
            self.landscape, self.progress = newest, newest.done
        self.moved.emit()


def tracing_of(studio: Studio) -> Tracing:
    """The one tracing of a studio."""
    return studio.findChild(Tracing) or Tracing(studio)


@dataclass(frozen=True, eq=False)
class _Way:
    """A way that was looked at: its losses, and what is known of it."""

    losses: Array = field(default_factory=lambda: np.zeros(0))
    trail: Trail = field(default_factory=Trail)
    landscape: Landscape | None = None
    tried: tuple[object, ...] = ()
    surveyed: tuple[object, ...] = ()


def _run(shown: Showing) -> str:
    """The run that is looked at, if it is another than the present one."""
    run = shown.past.run if shown.past is not None else ""
    return run if run in shown.project.runs and run != shown.project.trained.run else ""


def _end(shown: Showing) -> int:
    """The step at which the way that is looked at ends."""
    run = _run(shown)
    return shown.project.runs[run].end if run else shown.project.trained.steps


def _is_of(way: _Way, losses: Array) -> bool:
    """Whether these are the losses of that way, to its end."""
    return len(way.losses) == len(losses) and _goes_on(way.losses, losses)


def _goes_on(before: Array, after: Array) -> bool:
    """Whether two series of losses are of one training, as far as both go."""
    both = min(len(before), len(after))
    if not both:
        return True
    places = [0, both - 1]
    return np.array_equal(before[places], after[places], equal_nan=True)


def _runs(project: Project) -> Project | None:
    """The part of a project that is trained; None where none can be."""
    part, goal = runnable(project)
    if goal is None or loss_node(project) != goal or not project.weights:
        return None
    return within(project, part)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(
        a is b or (isinstance(a, str) and a == b) for a, b in zip(one, other, strict=True)
    )
