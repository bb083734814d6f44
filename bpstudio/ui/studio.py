"""What is current: the project, what is shown of it, the selection and the training.

This is the one object with state. Everything else shows values and asks for edits:

    studio.do("Connect", edits.connect, source, target, port)

`changed` fires for edits only; `moved` for everything that passes without changing the project:
a training step, a scrubbed timeline, a playing pulse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec

import msgspec
from PySide6.QtCore import Signal

from bpstudio.errors import StudioError
from bpstudio.language import _, ngettext, set_language
from bpstudio.project import edits, file
from bpstudio.project.difference import between
from bpstudio.project.document import Document
from bpstudio.project.history import History
from bpstudio.project.iteration import runnable
from bpstudio.project.project import Project
from bpstudio.training.batches import batches_per_epoch
from bpstudio.training.job import MOST_STEPS
from bpstudio.ui.checking import Checking
from bpstudio.ui.going_back import GoingBack
from bpstudio.ui.looking import Looking
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.racing import Racing
from bpstudio.ui.saving import Follow, Saving
from bpstudio.ui.showing import Showing, run_anew, show
from bpstudio.ui.tending import Tending
from bpstudio.ui.training import Outcome, Training, change_for, ends_training, job_of

Words = ParamSpec("Words")

RECORDED = 1 / 6
"""Seconds between two recordings of an iteration while training goes on, at least."""
SHARE = 0.25
"""The share of the time that these recordings may take."""


class Change(NamedTuple):
    """An edit that happened: the project before and after, and its name for people."""

    before: Project
    after: Project
    name: str


class Notice(NamedTuple):
    """A sentence for the person, shown as a banner; `nodes` are those it speaks of.

    `offer` is the id of a command that is a way out: the banner has a button for it.
    """

    text: str
    kind: str = "info"
    nodes: tuple[str, ...] = ()
    offer: str = ""


class Kept(NamedTuple):
    """All that is current, put aside: the project with its past, and what is shown of it."""

    history: History
    saved: Project
    document: Document
    shown: Showing
    selection: frozenset[str]


class Studio(Looking):
    """The current state, and the only place that changes it."""

    changed = Signal(object)
    """An edit: a `Change`."""
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
        self.document = Document()
        self.aside: Kept | None = None
        self.unread: Path | None = None
        self.shown: Showing = show(self.project)
        self.selection: frozenset[str] = frozenset()
        self.noted: frozenset[str] = frozenset()
        self.training = training
        training.advanced.connect(self._advance)
        training.ended.connect(self._end)
        self._next_recording = 0.0
        self.checking = Checking(self)
        self.racing = Racing(self)
        self.tending = Tending(self)
        self.saving = Saving(self)
        self.past = GoingBack(self)
        self._iterating: int = 0

    # -- the project ------------------------------------------------------------------------

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self.history.project

    @property
    def dirty(self) -> bool:
        """Whether there is something that was not saved."""
        return self.project is not self.saved

    @property
    def can_copy(self) -> bool:
        """Whether it can be written at all: a file of a newer version can only be shown."""
        return not isinstance(self.document.locked, file.NewerFormat)

    @property
    def path(self) -> Path | None:
        """The file of the project, if it has one."""
        return self.document.path

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
        before, landed = self.project, None
        if self._refuses():
            return False
        try:
            after = edit(before, *arguments, **named)
            branches = self.shown.past is not None and between(before, after).computes
            if branches or (self.training.running and ends_training(before, after)):
                landed = self.land()
                self.past.continue_here()
                before = self.project
                after = edit(before, *arguments, **named)
        except StudioError as error:
            self.complain(error)
            return False
        self.history = self.history.push(name, after, key)
        self._announce(before, name)
        self._go_on(landed)
        return True

    def settle(self) -> None:
        """What is dragged or typed is done: the next edit is an entry of its own."""
        self.history = self.history.settled()

    def undo(self) -> None:
        """Back to the project before the last edit; a run goes on through what it can be told."""
        self._walk(History.undo)

    def redo(self) -> None:
        """The undone edit again."""
        self._walk(History.redo)

    def _walk(self, walked: Callable[[History], History]) -> None:
        self.past.leave()
        before, there = self.project, walked(self.history).project
        if not self.training.running or there is before or ends_training(before, there):
            self.land()  # which, if there was something to land, leaves nothing to redo
        name = self.history.undo_name if walked is History.undo else self.history.redo_name
        before, self.history = self.project, walked(self.history)
        self._announce(before, name or "")

    def _announce(self, before: Project, name: str) -> None:
        after = self.project
        if after is before:
            return
        self.select(self.chosen & (after.graph.nodes.keys() | after.notes.keys()))
        if self.training.running:
            if (change := change_for(before, after)) is not None:
                self.training.change(change)
            self.shown = run_anew(replace(self.shown, project=after))
        elif between(before, after).computes:
            self.shown = show(after, self.shown)
        else:
            self.shown = replace(self.shown, project=after)
        if not self.shown.playing:
            self._player.stop()
        self.noticed.emit(None)
        self.changed.emit(Change(before, after, name))
        self.moved.emit(self.shown)

    # -- files ------------------------------------------------------------------------------

    def begin(
        self, project: Project, document: Document | None = None, *, saved: bool = True
    ) -> None:
        """Put another project in the place of this one; what was there is gone.

        `saved` says whether it is what its file holds; an empty or a new project counts as saved.
        """
        self.saving.finish()
        self.stop()
        self.training.drop()
        self.past.give_up()
        before = self.project
        self.history, self.document, self.unread = History.of(project), document or Document(), None
        self.saved = project if saved else Project()
        self.selection = self.noted = frozenset()
        self.shown = show(project)
        self.noticed.emit(None)
        self.changed.emit(Change(before, project, _("Open")))
        self.selected.emit(self.selection)
        self.moved.emit(self.shown)

    def present(self) -> Kept:
        """What is current now, training landed and what is being written written."""
        self.saving.finish()
        self.stop()
        self.land()
        return Kept(self.history, self.saved, self.document, self.shown, self.selection)

    def keep(self) -> Kept:
        """Put aside what is current now, so that something else can be shown for a while."""
        self.aside = self.present()
        return self.aside

    def visit(self, project: Project) -> None:
        """Show another project for a while; the person's own is put aside until `come_back`."""
        if self.aside is None:
            self.keep()
        self.put_back(Kept(History.of(project), project, Document(), show(project), frozenset()))

    def come_back(self) -> None:
        """The person's own project again, exactly as it was put aside, if it was."""
        if self.aside is not None:
            self.put_back(self.aside)

    def put_back(self, kept: Kept) -> None:
        """Make current again what was kept: exactly what was there, its past included."""
        self.saving.finish()
        self.stop()
        self.land()
        self.training.drop()
        self.past.give_up()
        before = self.project
        if kept is self.aside:
            self.aside = None
        self.history, self.saved, self.document, self.shown, self.selection = kept
        self.noted = frozenset()
        self.noticed.emit(None)
        self.changed.emit(Change(before, self.project, _("Open")))
        self.selected.emit(self.selection)
        self.moved.emit(self.shown)

    def save(self, path: Path, thumbnail: bytes | None = None, **after: Follow) -> bool:
        """Write the project, training and a small picture included, as `Saving.write` does;
        whether it is saved by now.
        """
        self.saving.write(self.at_once(), path, thumbnail, **after)
        return self.document.path == path and not (self.saving.running or self.dirty)

    def now_saved(self, project: Project, document: Document, name: str) -> None:
        """That project is what its file holds, whatever was edited since."""
        self.document, self.saved = document, project
        self.changed.emit(Change(self.project, self.project, _("Save")))
        self.notice(_("Saved as {name}.").format(name=name))

    def lock(self, reason: StudioError) -> None:
        """Let the project only be looked at from now on, and say why."""
        self.document = replace(self.document, locked=reason)
        self.changed.emit(Change(self.project, self.project, _("Open")))
        self._refuses()

    def _refuses(self) -> bool:
        """Whether the project can only be looked at; it is said why."""
        locked = self.document.locked
        if locked is not None:
            offer = "" if isinstance(locked, file.NewerFormat) else "open_copy"
            self.complain(locked, offer)
        return locked is not None

    def close(self) -> None:
        """End what moves and what runs beside; nothing is asked and nothing saved."""
        self.stop()
        self.checking.cancel()
        self.racing.cancel()
        self.tending.stop()
        self.training.close()
        self.saving.close()

    # -- training ---------------------------------------------------------------------------

    @property
    def can_train(self) -> bool:
        """Whether there are weights, and a loss or an output that can be reached from them."""
        return bool(self.project.weights) and self.shown.goal is not None

    @property
    def steps_per_epoch(self) -> int:
        """How many steps see every row of the data once."""
        data = self.project.data
        rows = 1 if data is None else len(data.training_rows)
        return batches_per_epoch(rows, self.project.training.batch)

    def train(self, steps: int | None = None) -> None:
        """Train so many steps, or until `pause`."""
        if self._refuses():
            return
        self.land()
        self.past.continue_here()
        try:
            job = job_of(self.project, MOST_STEPS if steps is None else steps)
        except StudioError as error:
            self.complain(error)
            return
        job = replace(job, watched=steps is None, pace=self.preferences.pace)
        self.tending.begin()
        self.training.start(*self.past.begin(job))
        self._next_recording = 0.0
        self.noticed.emit(None)
        self._show(training=True)

    def train_epoch(self) -> None:
        """Train until every row of the data was seen once."""
        self.train(self.steps_per_epoch)

    def pause(self) -> None:
        """Stop training; the weights enter the project as one edit."""
        self.land()

    def land(self) -> Outcome | None:
        """Stop training, if it goes on, and let its weights enter the project as one edit."""
        if (outcome := self.training.finish()) is not None:
            self._write(outcome)
        return outcome

    def at_once(self) -> Project:
        """The project with all that training has come to by now; the run goes on from there."""
        self._go_on(self.land())
        return self.project

    def reset_training(self) -> None:
        """Back to the start: the same seed, the same weights."""
        self.past.leave()
        self.land()
        self.do(_("Reset"), edits.reset)

    def draw_new_weights(self) -> None:
        """Other starting weights, from the next seed."""
        self.past.leave()
        self.land()
        self.do(_("New weights"), edits.new_weights, self.project.training.seed + 1)

    def set_pace(self, pace: float | None) -> None:
        """Let training take so many steps a second at most, or as many as it can."""
        self.prefer(pace=pace)
        self.training.keep_pace(pace)

    def set_training(self, **changes: Any) -> bool:
        """Change settings of training; they hold from its next step on."""
        settings = replace(self.project.training, **changes)
        key = "training " + " ".join(sorted(changes))
        return self.do_merged(_("Training settings"), key, edits.set_training, settings)

    def next_iteration(self) -> None:
        """Train one step, then show the iteration after it from its beginning."""
        if self.can_train and not self.shown.training:
            self.train(1)
            self._iterating = -1

    def _iterate(self, direction: int) -> None:
        """Show the end of the next iteration, or the beginning of the one before."""
        if direction > 0 and self.can_train and not self.shown.training:
            self.train(1)
            self._iterating = 1
        elif direction < 0 and self.history.past:
            before = self.history.past[-1].project
            if before.trained.steps == self.project.trained.steps - 1:
                self.undo()
                self.show_position(0.0)

    def _go_on(self, landed: Outcome | None) -> None:
        """Train on from where a run, if any, was landed, as far as it was to go."""
        if landed is not None and landed.problem is None and landed.left > 0 and self.can_train:
            self.train(None if landed.job.watched else landed.left)

    def _advance(self, outcome: Outcome) -> None:
        """Show where the run is; the iteration is recorded anew now and then."""
        shown = replace(
            self.shown,
            weights={**self.project.weights, **outcome.weights},
            step=outcome.step,
            losses=outcome.losses,
            steps_per_second=outcome.steps_per_second,
            measured=outcome.metrics,
            training=True,
        )
        began = time.monotonic()
        if began >= self._next_recording:
            shown = run_anew(shown, outcome.memory)
            now = time.monotonic()
            self._next_recording = began + max(RECORDED, (now - began) / SHARE)
        self.shown = shown
        self.moved.emit(shown)

    def _end(self, outcome: Outcome) -> None:
        self._write(outcome)
        if outcome.problem is not None:
            self.complain(outcome.problem)
        elif outcome.reached is not None:
            self.notice(str(outcome.reached))
        self.tending.fail(outcome.problem)

    def _write(self, outcome: Outcome) -> None:
        """Let what a run came to enter the project, if the project still is what was trained."""
        before, job = self.project, outcome.job
        part, goal = runnable(before)
        of_it = goal is not None and part.structure == job.graph.structure
        if outcome.taken and of_it and before.trained.steps == job.start:
            name = ngettext("Train {count} step", "Train {count} steps", outcome.taken)
            after = edits.land_training(
                before,
                {**before.weights, **outcome.weights},
                {**before.statistics, **outcome.statistics},
                outcome.losses,
                outcome.step,
                outcome.memory,
            )
            name = name.format(count=outcome.taken)
            self.history = self.history.push(name, self.past.landed(after, outcome))
            self._announce(before, name)
        else:
            self.shown = show(before, self.shown)
            self.moved.emit(self.shown)
        turn, self._iterating = self._iterating, 0
        if turn:
            self.show_position(0.0 if turn < 0 else float(self.shown.length))

    # -- what is shown ----------------------------------------------------------------------

    @property
    def chosen(self) -> frozenset[str]:
        """The selected nodes and the selected notes together."""
        return self.selection | self.noted

    def select(self, ids: Iterable[str]) -> None:
        """Make these the selected nodes and notes."""
        chosen = frozenset(ids)
        if chosen != self.chosen:
            self.noted = chosen & self.project.notes.keys()
            self.selection = chosen - self.noted
            self.selected.emit(self.selection)

    # -- what people are told ---------------------------------------------------------------

    def notice(self, text: str) -> None:
        """Say something that is good to know."""
        self.noticed.emit(Notice(text))

    def warn(self, text: str) -> None:
        """Say something that has to stay until it was read."""
        self.noticed.emit(Notice(text, "problem"))

    def complain(self, error: StudioError, offer: str = "") -> None:
        """Say what could not be done, mark the nodes it speaks of, and offer a way out."""
        self.noticed.emit(Notice(str(error), "problem", error.nodes, offer))

    def prefer(self, **choices: object) -> None:
        """Change the studio's own settings."""
        self.preferences = msgspec.structs.replace(self.preferences, **choices)
        set_language(self.preferences.language)
        self.preferred.emit(self.preferences)
