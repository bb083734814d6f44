"""Going back in training: another moment of it is shown, and from there one can go on.

The moment is found beside the window. What the project is does not change by looking; an edit, or
training on, takes the weights of the moment into the project first.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.project import past
from bpstudio.project.events import events
from bpstudio.project.project import Project
from bpstudio.training.job import Job
from bpstudio.training.line import Run
from bpstudio.ui.showing import Past, run_anew, show

if TYPE_CHECKING:
    from bpstudio.training.seeking import Found
    from bpstudio.ui.studio import Studio
    from bpstudio.ui.training import Outcome

LOST = N_("The training process was ended from outside. Go to step {step} again.")


class GoingBack(QObject):
    """What the studio knows of the way that training took, and where on it one is.

    `unseen` are the runs that are not drawn beside the one that is looked at.
    """

    sought = Signal(int)
    """The step that is sought from now on."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._begun: Run | None = None
        self._sought: tuple[Run, int] | None = None
        self._tried = False
        self.unseen: frozenset[str] = frozenset()
        studio.training.found.connect(self._find)
        studio.training.lost.connect(self._lose)

    @property
    def run(self) -> str:
        """The id of the run that is looked at: one that was gone back to, or the present one."""
        shown = self._studio.shown
        if shown.training and self._begun is not None:
            return self._begun.id
        return shown.past.run if shown.past is not None else self._studio.project.trained.run

    @property
    def way(self) -> tuple[past.Stretch, ...]:
        """What can be gone back to, the oldest first."""
        return past.way(self._studio.project, self.run)

    @property
    def step(self) -> int:
        """The step that is shown, or that is sought."""
        return self._sought[1] if self._sought is not None else self._studio.shown.step

    @property
    def running(self) -> bool:
        """Whether a moment is sought and not found yet."""
        return self._sought is not None

    def go_to(self, step: int, run: str = "") -> None:
        """Show the run at that step, as near as it reaches; training that goes on pauses."""
        studio = self._studio
        studio.land()
        stretches = past.way(studio.project, run or self.run)
        if not stretches:
            return
        step = min(max(step, stretches[0].begin), stretches[-1].end)
        stretch = past.stretch_at(stretches, step)
        assert stretch is not None  # they meet each other
        if step == studio.project.trained.steps and stretch.run.id == studio.project.trained.run:
            self.leave()
            return
        studio.stop()
        self._sought, self._tried = (stretches[-1].run, step), False
        self._studio.training.seek(stretch.run, step)
        self.sought.emit(step)

    def go_to_event(self, direction: int) -> None:
        """To what happened next (1) or last (-1) seen from here; beyond that, to the end."""
        way = self.way
        if way:
            steps = [way[0].begin, *(event.step for event in events(way)), way[-1].end]
            ahead = [step for step in steps if (step - self.step) * direction > 0]
            if ahead:
                self.go_to(min(ahead, key=lambda step: abs(step - self.step)))

    def leave(self) -> None:
        """Show what the project has now."""
        self._sought = None
        studio = self._studio
        if studio.shown.past is not None:
            studio.shown = show(studio.project, studio.shown)
            studio.moved.emit(studio.shown)

    def compare(self, run: str, on: bool) -> None:
        """Draw a run beside the one that is looked at, or do not."""
        self.unseen = self.unseen - {run} if on else self.unseen | {run}
        self._studio.moved.emit(self._studio.shown)

    def forget(self, run: str) -> None:
        """Take a run out of the project."""
        self.leave()
        self._studio.do(_("Forget a run"), past.forgotten, run)

    def give_up(self) -> None:
        """Seek no more: another project takes the place of this one."""
        self._sought = self._begun = None
        self.unseen = frozenset()

    def continue_here(self) -> bool:
        """Take the weights of the moment that is shown into the project; whether there is one."""
        studio, moment = self._studio, self._studio.shown.past
        self._sought = None
        if moment is None:
            return False
        shown, run = studio.shown, studio.project.runs[moment.run]
        stretch = past.stretch_at(past.way(studio.project, run.id), shown.step)
        studio.shown = replace(shown, past=None)
        name = _("Back to step {step}").format(step=shown.step)
        of = run if stretch is None else stretch.run
        weights, statistics, memory = shown.weights, moment.statistics, moment.memory
        return studio.do(name, past.gone_back, of, shown.step, weights, statistics, memory)

    def mark(self) -> None:
        """Mark the step that is shown, or take its mark away."""
        studio = self._studio
        studio.land()
        stretch = past.stretch_at(self.way, studio.shown.step)
        if stretch is not None:
            studio.do(_("Mark"), past.marked, stretch.run.id, studio.shown.step)

    # -- what the studio asks ---------------------------------------------------------------

    def begin(self, job: Job) -> tuple[Job, Array, str, str]:
        """Note that a job is trained: the job, the losses before it, its tape, and the tape that
        this goes on from."""
        project = self._studio.project
        run, job = past.begun(project, job)
        after, tape = run.tape, secrets.token_hex(8)
        self._begun = replace(run, tape=tape)
        return job, project.trained.losses, tape, after

    def landed(self, project: Project, outcome: Outcome) -> Project:
        """The project, into which an outcome has come, with its run."""
        run, self._begun = self._begun, None
        if run is None or not outcome.whole:
            return project  # nobody knows what was changed on the way
        problem = "" if outcome.problem is None else str(outcome.problem)
        return past.landed(project, run, outcome.changes, outcome.metrics, problem)

    # -- what is found ----------------------------------------------------------------------

    def _find(self, found: Found) -> None:
        studio = self._studio
        if self._sought is None or found.asked != self._sought[1]:
            return
        run, step = self._sought
        if found.problem is not None:
            self._sought = None
            studio.complain(found.problem)
            studio.moved.emit(studio.shown)
            return
        if found.exact:
            self._sought = None
        shown = replace(
            studio.shown,
            weights={**studio.project.weights, **found.weights},
            step=found.step,
            losses=run.losses,
            measured=found.metrics,
            steps_per_second=0.0,
            past=Past(run.id, step, found.statistics, found.memory),
        )
        studio.shown = run_anew(shown)
        studio.moved.emit(studio.shown)

    def _lose(self) -> None:
        """The process had died: another one looks, once."""
        if self._sought is not None and not self._tried:
            self.go_to(self._sought[1], self._sought[0].id)
            self._tried = True
        elif self._sought is not None:
            step, self._sought = self._sought[1], None
            self._studio.complain(StudioError(LOST, step=step))
            self._studio.moved.emit(self._studio.shown)
