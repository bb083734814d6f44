"""The gradient check and the race of three ways to a gradient, of what the studio shows.

Both take many passes, so they run in a process beside the window and can be given up. A network
of a few numbers is checked at once, without being asked.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.playback.tint import tint_of
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project, arguments
from bpstudio.ui.showing import Showing

if TYPE_CHECKING:
    # With the compiled plans that they run they would delay the first paint.
    from bpstudio.engine.check import Check
    from bpstudio.engine.nudging import Nudged
    from bpstudio.engine.race import Race
    from bpstudio.training.beside import Beside
    from bpstudio.ui.studio import Studio

ROWS = 64
"""Checks and races run on so many rows of the data at most."""
AT_ONCE = 24
"""Networks of so few numbers are checked without being asked."""
MOST = 64
"""Of a larger tensor so many numbers are checked, evenly chosen."""
TICK = 40
"""Milliseconds between two looks at what runs beside."""
CHECK, RACE = "check", "race"

log = logging.getLogger(__name__)


class Checked(NamedTuple):
    """What is checked: the part of the network that runs, its numbers, and where it goes back."""

    graph: Graph
    given: Mapping[str, Array]
    weights: Mapping[str, Array]
    goal: str
    statistics: Mapping[str, Array]

    @property
    def size(self) -> int:
        """How many weights and typed values it has."""
        typed = sum(self.given[key].size for key in self.graph.keys(Kind.GIVEN))
        return typed + sum(weight.size for weight in self.weights.values())


def checked_of(shown: Showing) -> Checked | None:
    """What of a network as it is shown can be checked; None where no gradient is."""
    part, goal = runnable(shown.project)
    if goal is None or shown.recording is None:
        return None
    project = within(shown.project, part)
    rows = None if project.data is None else project.data.training_rows[:ROWS]
    weights = {key: shown.weights.get(key, weight) for key, weight in project.weights.items()}
    return Checked(part, arguments(project, rows), weights, goal, project.statistics)


class Checking(QObject):
    """The newest check and the newest race, and what of them is going on.

    `running` is `CHECK`, `RACE` or empty; `progress` is how far a check has come. A result holds
    only for the numbers that it was made with.
    """

    moved = Signal()
    """Something new is known, or forgotten."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._of: tuple[object, ...] = ()
        self._tried = False
        self._job: Beside | None = None
        self._tinting = False
        self.running = ""
        self.check: Check | None = None
        self.progress: Nudged | None = None
        self.race: Race | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._look)
        studio.moved.connect(self._forget)

    def follow(self, shown: Showing) -> None:
        """Check a network of a few numbers at once, if it is another than before."""
        self._forget(shown)
        new, self._tried = not self._tried, True
        few = _size(shown.project) <= AT_ONCE
        if new and few and not (self.check or shown.training or shown.playing):
            self._try(shown)
            self.moved.emit()

    def start_check(self, *, tint: bool = False) -> None:
        """Check every gradient, wires and all; with `tint` the graph is then coloured."""
        self.follow(self._studio.shown)
        self._tinting = tint
        if tint and self.check is not None and self.check.wires:
            self._end_check(self.check)
            return
        what = self._whole()
        if what is not None:
            self._start(CHECK, _work(self._studio.shown, what))

    def start_race(self) -> None:
        """Race three ways to the gradient."""
        self.follow(self._studio.shown)
        what = self._whole()
        if what is not None:
            from bpstudio.engine.race import racing

            self.race = None
            self._start(RACE, partial(racing, *what))

    def cancel(self) -> None:
        """Give up what is going on."""
        self._timer.stop()
        if self._job is not None:
            self._job.close()
            self._job = None
        if self.running:
            self.running, self.progress = "", None
            self.moved.emit()

    def colour(self, on: bool) -> None:
        """Colour the graph by its errors, or stop doing so."""
        if on:
            self.start_check(tint=True)
        else:
            self._studio.show_tint(None)
            self.moved.emit()

    def _forget(self, shown: Showing) -> None:
        """What was found for other numbers holds no more."""
        now = _numbers(shown)
        if len(now) == len(self._of) and all(a is b for a, b in zip(now, self._of, strict=True)):
            return
        self._of, self._tried = now, False
        self.cancel()
        if self.check or self.race:
            self.check = self.race = None
            self.moved.emit()

    def _whole(self) -> Checked | None:
        """What can be checked; where nothing can, the person is told what keeps it from that."""
        shown = self._studio.shown
        what = checked_of(shown)
        if what is None or not what.size:
            nothing = StudioError(
                N_("There is no gradient to check yet. Add values, a gate and what it leads to.")
            )
            self._studio.complain(shown.problem or nothing)
            return None
        return what

    def _try(self, shown: Showing) -> None:
        what = checked_of(shown)
        if what is None or not what.size:
            return
        from bpstudio.engine.check import check_recording, gradient_check

        graph, given, weights, goal, statistics = what
        try:
            if shown.plant is not None and shown.whole is not None:
                self.check = check_recording(shown.whole, wires=False)
            else:
                self.check = gradient_check(graph, given, weights, of=goal, statistics=statistics)
        except StudioError:
            # It was not asked for; whoever presses the button is told.
            self.check = None

    def _start(self, kind: str, work: Any) -> None:
        from bpstudio.training.beside import Beside

        self.cancel()
        self._job = Beside(work)
        self.running = kind
        self._timer.start()
        self.moved.emit()

    def _look(self) -> None:
        job = self._job
        assert job is not None
        for newest in job.news():
            if self.running == CHECK:
                self.progress = newest
            else:
                self.race = newest
            self.moved.emit()
        if job.over:
            self._end(job)

    def _end(self, job: Beside) -> None:
        kind, outcome = self.running, job.outcome
        if job.trace:
            log.error("what ran beside the window failed\n%s", job.trace)
        self.cancel()
        if job.problem is not None:
            self._studio.complain(job.problem)
        elif kind == CHECK:
            self._end_check(outcome)
        else:
            self.race = outcome
            self.moved.emit()

    def _end_check(self, check: Check) -> None:
        self.check = check
        if self._tinting:
            self._studio.show_tint(tint_of(check))
        self.moved.emit()


def _numbers(shown: Showing) -> tuple[object, ...]:
    """All on which the result of a check depends."""
    project = shown.project
    return project.graph, project.given, project.data, shown.weights, shown.plant


def _work(shown: Showing, what: Checked) -> Any:
    """The check as something to be done elsewhere. A fault that was planted is checked too."""
    from bpstudio.engine.check import checking, gradient_checking

    if shown.plant is not None and shown.whole is not None:
        return partial(checking, shown.whole, wires=True, most=MOST)
    graph, given, weights, goal, statistics = what
    return partial(
        gradient_checking,
        graph,
        given,
        weights,
        of=goal,
        statistics=statistics,
        wires=True,
        most=MOST,
    )


def _size(project: Project) -> int:
    """How many numbers are nudged; more than any where there are none."""
    typed = [project.given[key].size for key in project.graph.keys(Kind.GIVEN)]
    count = sum(typed) + sum(weight.size for weight in project.weights.values())
    return count or AT_ONCE + 1
