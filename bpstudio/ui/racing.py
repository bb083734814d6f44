"""The race of two trainings, by backpropagation and by differences, of what the studio shows.

It runs in a process beside the window, from the start of the network's training, and what it finds
never enters the project.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from bpstudio.errors import StudioError
from bpstudio.project import edits
from bpstudio.project.project import Project
from bpstudio.training.settings import Settings
from bpstudio.ui.training import job_of

if TYPE_CHECKING:
    # With the compiled plans that it runs it would delay the first paint.
    from bpstudio.training.beside import Beside
    from bpstudio.training.race import TrainingRace
    from bpstudio.ui.studio import Change, Studio

TICK = 40
"""Milliseconds between two looks at the race."""

log = logging.getLogger(__name__)


class Racing(QObject):
    """The newest race and whether it goes on.

    `running` says whether there is one that is not over, `held` whether it is paused. A result
    holds only for the network, the data and the settings that it was made with.
    """

    moved = Signal()
    """Something new is known, or forgotten."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._of: Course | None = None
        self._job: Beside | None = None
        self.held = False
        self.race: TrainingRace | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._look)
        studio.changed.connect(self._forget)

    @property
    def running(self) -> bool:
        """Whether there is a race that is not over, paused or not."""
        return self._job is not None

    def start(self, steps: int) -> None:
        """Race both to that many steps, from the beginning."""
        from bpstudio.training.beside import Beside
        from bpstudio.training.race import racing

        self.cancel()
        project = self._studio.project
        try:
            job = replace(job_of(_begun(project), steps), watched=False)
        except StudioError as error:
            self._studio.complain(error)
            return
        self._of, self.race, self.held = _course(project), None, False
        self._job = Beside(racing, job)
        self._timer.start()
        self.moved.emit()

    def hold(self, on: bool) -> None:
        """Pause the race where it is, or let it go on."""
        if self._job is not None and on != self.held:
            self.held = on
            self._job.hold(on)
            self.moved.emit()

    def cancel(self) -> None:
        """Give the race up; what is known of it stays to be looked at."""
        self._timer.stop()
        if self._job is not None:
            self._job.close()
            self._job, self.held = None, False
            self.moved.emit()

    def _forget(self, change: Change) -> None:
        """What was found for another network holds no more."""
        if self._of is not None and not _same(self._of, _course(change.after)):
            self.cancel()
            self._of = self.race = None
            self.moved.emit()

    def _look(self) -> None:
        job = self._job
        assert job is not None
        for newest in job.news():
            self.race = newest
            self.moved.emit()
        if job.over:
            self._end(job)

    def _end(self, job: Beside) -> None:
        if job.trace:
            log.error("the race of two trainings failed\n%s", job.trace)
        if job.outcome is not None:
            self.race = job.outcome
        self.cancel()
        if job.problem is not None:
            self._studio.complain(job.problem)


class Course(NamedTuple):
    """All on which a race depends; `weights` are there where nothing was trained yet."""

    structure: tuple[object, ...]
    given: Any
    data: Any
    training: Settings
    weights: Any


def _begun(project: Project) -> Project:
    """The project at the start of its training."""
    return edits.reset(project) if project.trained.steps else project


def _course(project: Project) -> Course:
    weights = None if project.trained.steps else project.weights
    return Course(project.graph.structure, project.given, project.data, project.training, weights)


def _same(one: Course, two: Course) -> bool:
    """Whether two races would be the same; trained weights do not matter to them."""
    untouched = one.weights is None or two.weights is None or one.weights is two.weights
    return (
        one.structure == two.structure
        and one.given is two.given
        and one.data is two.data
        and one.training == two.training
        and untouched
    )
