"""What is current: the project, what is shown of it, the selection and the training.

This is the one object with state. Everything else shows values and asks for edits:

    studio.do("Connect", edits.connect, source, target, port)

`changed` fires for edits only; `moved` for everything that passes without changing the project:
a training step, a scrubbed timeline, a playing pulse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, NamedTuple, ParamSpec

import msgspec
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from bpstudio.errors import StudioError
from bpstudio.language import _, set_language
from bpstudio.project import file
from bpstudio.project.history import History
from bpstudio.project.project import Project
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.showing import Showing, run_anew, show
from bpstudio.ui.training import Training

Words = ParamSpec("Words")

FRAME = 16
"""Milliseconds between two frames of playback."""
PACE = 0.9
"""Moments a second that playback passes at speed 1."""


class Change(NamedTuple):
    """An edit that happened: the project before and after, and its name for people."""

    before: Project
    after: Project
    name: str


class Notice(NamedTuple):
    """A sentence for the person, shown as a banner; `nodes` are those it speaks of."""

    text: str
    kind: str = "info"
    nodes: tuple[str, ...] = ()


class Studio(QObject):
    """The current state, and the only place that changes it."""

    changed = Signal(object)
    """An edit: a `Change`."""
    moved = Signal(object)
    """What is shown passed on: the new `Showing`."""
    selected = Signal(object)
    """The selection: a frozenset of node ids."""
    noticed = Signal(object)
    """A `Notice` for the person; None takes the last one away."""
    preferred = Signal(object)
    """The `Preferences` that hold from now on: theme, language, motion."""

    def __init__(self, preferences: Preferences, training: Training) -> None:
        super().__init__()
        self.preferences = preferences
        self.history = History.of(Project())
        self.saved = self.project
        self.path: Path | None = None
        self.shown: Showing = show(self.project)
        self.selection: frozenset[str] = frozenset()
        self.training = training
        self._target: float | None = None
        self._clock = QElapsedTimer()
        self._frames = QTimer(self)
        self._frames.setTimerType(Qt.TimerType.PreciseTimer)
        self._frames.setInterval(FRAME)
        self._frames.timeout.connect(self._frame)

    # -- the project ------------------------------------------------------------------------

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self.history.project

    @property
    def dirty(self) -> bool:
        """Whether there is something that was not saved."""
        return self.project is not self.saved

    def do(
        self,
        name: str,
        edit: Callable[Concatenate[Project, Words], Project],
        /,
        *arguments: Words.args,
        **named: Words.kwargs,
    ) -> bool:
        """Make an edit under that name; whether it could be made.

        A StudioError becomes a banner and nothing changes. Weights that training has changed
        enter the project first, as an edit of their own.
        """
        return self.do_merged(name, None, edit, *arguments, **named)

    def do_merged(
        self,
        name: str,
        key: str | None,
        edit: Callable[Concatenate[Project, Words], Project],
        /,
        *arguments: Words.args,
        **named: Words.kwargs,
    ) -> bool:
        """As `do`; edits with the same key one after the other are one entry in the history."""
        self.land()
        before = self.project
        try:
            after = edit(before, *arguments, **named)
        except StudioError as error:
            self.complain(error)
            return False
        self.history = self.history.push(name, after, key)
        self._announce(before, name)
        return True

    def settle(self) -> None:
        """What is dragged or typed is done: the next edit is an entry of its own."""
        self.history = self.history.settled()

    def undo(self) -> None:
        """Back to the project before the last edit."""
        self.land()
        before, name = self.project, self.history.undo_name or ""
        self.history = self.history.undo()
        self._announce(before, name)

    def redo(self) -> None:
        """The undone edit again."""
        self.land()
        before, name = self.project, self.history.redo_name or ""
        self.history = self.history.redo()
        self._announce(before, name)

    def _announce(self, before: Project, name: str) -> None:
        after = self.project
        if after is before:
            return
        self.select(self.selection & after.graph.nodes.keys())
        position, length = self.shown.position, self.shown.length
        self.shown = show(after)
        if length and length == self.shown.length and position < length:
            self.shown = replace(self.shown, position=position)
        self.training.follow(before, after)
        self.noticed.emit(None)
        self.changed.emit(Change(before, after, name))
        self.moved.emit(self.shown)

    # -- files ------------------------------------------------------------------------------

    def begin(self, project: Project, path: Path | None = None) -> None:
        """Put another project in the place of this one; what was there is gone."""
        self.stop()
        self.training.drop()
        before = self.project
        self.history, self.path, self.saved = History.of(project), path, project
        self.selection = frozenset()
        self.shown = show(project)
        self.noticed.emit(None)
        self.changed.emit(Change(before, project, _("Open")))
        self.selected.emit(self.selection)
        self.moved.emit(self.shown)

    def save(self, path: Path) -> bool:
        """Write the project, training included; whether that was possible."""
        self.land()
        try:
            file.save(self.project, path)
        except StudioError as error:
            self.complain(error)
            return False
        self.path, self.saved = path, self.project
        self.notice(_("Saved as {name}.").format(name=path.name))
        self.changed.emit(Change(self.project, self.project, _("Save")))
        return True

    # -- what is shown ----------------------------------------------------------------------

    def select(self, ids: Iterable[str]) -> None:
        """Make these the selected nodes."""
        chosen = frozenset(ids)
        if chosen != self.selection:
            self.selection = chosen
            self.selected.emit(chosen)

    def show_position(self, position: float) -> None:
        """Scrub to a time in the timeline."""
        self._target = None
        self._show(position=min(max(position, 0.0), float(self.shown.length)), playing=False)

    def play(self) -> None:
        """Play from here to the end; at the end, from the beginning."""
        if not self.shown.length:
            self._say_problem()
            return
        start = 0.0 if self.shown.position >= self.shown.length else self.shown.position
        self._target = float(self.shown.length)
        self._show(position=start, playing=True)
        self._clock.start()
        self._frames.start()

    def stop(self) -> None:
        """Stop playing where it is."""
        self._frames.stop()
        self._target = None
        if self.shown.playing:
            self._show(playing=False)

    def step(self, direction: int) -> None:
        """One moment on (1), moving there, or one back (-1), at once."""
        timeline = self.shown.timeline
        if timeline is None:
            self._say_problem()
            return
        here = self.shown.position if self._target is None else self._target
        there = timeline.next(here) if direction > 0 else timeline.previous(self.shown.position)
        if direction < 0 or self.preferences.reduce_motion or there == here:
            self.stop()
            self.show_position(there)
            return
        self._target = there
        self._show(position=here, playing=True)
        self._clock.start()
        self._frames.start()

    def _frame(self) -> None:
        elapsed = self._clock.restart() / 1000
        target = self._target
        if target is None:
            self._frames.stop()
            return
        position = self.shown.position + elapsed * PACE * self.preferences.speed
        if position >= target:
            self._frames.stop()
            self._target = None
            self._show(position=target, playing=False)
        else:
            self._show(position=position)

    def _show(self, **parts: object) -> None:
        self.shown = replace(self.shown, **parts)  # type: ignore[arg-type]
        self.moved.emit(self.shown)

    # -- what people are told ---------------------------------------------------------------

    def notice(self, text: str) -> None:
        """Say something that is good to know."""
        self.noticed.emit(Notice(text))

    def complain(self, error: StudioError) -> None:
        """Say what could not be done, and mark the nodes it speaks of."""
        self.noticed.emit(Notice(str(error), "problem", error.nodes))

    def _say_problem(self) -> None:
        if self.shown.problem is not None:
            self.complain(self.shown.problem)

    def prefer(self, **choices: object) -> None:
        """Change the studio's own settings."""
        self.preferences = msgspec.structs.replace(self.preferences, **choices)
        set_language(self.preferences.language)
        self.preferred.emit(self.preferences)
