"""What is noticed of a training beside the window's back: diagnoses, and what was changed when.

A diagnosis holds for the numbers it was made from. At rest it is made anew as soon as these are
others; while training goes on, now and then, in a small share of the time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from bpstudio.errors import StudioError
from bpstudio.project.past import way
from bpstudio.project.project import Project
from bpstudio.training.diagnosis import Diagnosis
from bpstudio.training.settings import Settings
from bpstudio.ui.showing import Showing

if TYPE_CHECKING:
    from bpstudio.ui.studio import Studio

SOON = 120
"""Milliseconds after which what stands still is looked at."""
OFTEN = 0.7
"""Seconds between two looks while training goes on, at least."""
SHARE = 0.04
"""The share of the time that looking may take."""

Dated = tuple[int, Settings, Settings]
"""A step from which other settings held: those before and those after."""


class Tending(QObject):
    """Looks after the training of a studio."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._of: tuple[object, ...] = ()
        self._problem: tuple[StudioError, Project] | None = None
        self._next = 0.0
        self._held: list[tuple[int, Settings]] = []
        self._begun: Settings = studio.project.training
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOON)
        self._timer.timeout.connect(self._look)
        studio.moved.connect(self._follow)
        studio.training.held.connect(self._hold)

    @property
    def changes(self) -> tuple[Dated, ...]:
        """What was changed while these weights were trained, and from which step it held."""
        found: list[Dated] = []
        for stretch in way(self._studio.project):
            line = stretch.run.line
            settings = line.job.settings
            for step, change in line.changes:
                if change.settings is not None and stretch.begin <= step < stretch.end:
                    found.append((step, settings, change.settings))
                settings = change.settings or settings
        if self._studio.shown.training:
            settings = self._begun
            for step, now in self._held:
                found.append((step, settings, now))
                settings = now
        return tuple(each for each in found if each[1] != each[2])

    def begin(self) -> None:
        """A run begins with the settings of the project."""
        self._held, self._begun = [], self._studio.project.training

    def fail(self, problem: StudioError | None) -> None:
        """A run has ended, for this reason if it could not go on."""
        self._problem = None if problem is None else (problem, self._studio.project)
        self._of = ()
        self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def _hold(self, step: int, settings: Settings) -> None:
        self._held.append((step, settings))
        self._studio.moved.emit(self._studio.shown)

    def _follow(self, shown: Showing) -> None:
        if shown.training:
            if time.monotonic() >= self._next:
                self._look()
        elif self._differs(shown) and not self._timer.isActive():
            self._timer.start()

    def _differs(self, shown: Showing) -> bool:
        now = _numbers(shown)
        return len(now) != len(self._of) or any(
            a is not b for a, b in zip(now, self._of, strict=True)
        )

    def _look(self) -> None:
        from bpstudio.project.health import examined

        shown = self._studio.shown
        self._of = _numbers(shown)
        began = time.monotonic()
        found: tuple[Diagnosis, ...] = ()
        if shown.project.weights and shown.plant is None and shown.veil is None:
            known = self._problem
            found = examined(
                shown.project,
                shown.weights,
                step=shown.step,
                losses=shown.losses,
                metrics=shown.metrics,
                problem=known[0] if known is not None and known[1] is shown.project else None,
            )
        now = time.monotonic()
        self._next = now + max(OFTEN, (now - began) / SHARE)
        if found != shown.diagnoses:
            self._studio.show_diagnoses(found)


def _numbers(shown: Showing) -> tuple[object, ...]:
    """All on which a diagnosis depends."""
    project = shown.project
    whole = project.graph, project.given, project.data, project.training
    return *whole, shown.weights, shown.losses, shown.plant, shown.veil
