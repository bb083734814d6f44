"""What is looked at: the place in the timeline, the example, what is hidden or asked about.

None of it changes the project, and all of it is part of what is shown (`showing.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
from PySide6.QtCore import QObject, Signal

from bpstudio.engine.fault import Plant
from bpstudio.errors import StudioError
from bpstudio.playback.palette import Theme, sized
from bpstudio.playback.timeline import ITERATION, UNITS, Wire
from bpstudio.playback.tint import Tint
from bpstudio.playback.veil import Veil
from bpstudio.playback.why import Question
from bpstudio.training.diagnosis import Diagnosis
from bpstudio.ui.playing import Player
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.showing import Showing, rows_to_choose, run_anew, under


class Looking(QObject):
    """The part of the studio that changes what is looked at."""

    moved = Signal(object)
    """What is shown passed on: the new `Showing`."""
    preferences: Preferences
    shown: Showing

    def __init__(self) -> None:
        super().__init__()
        self._player = Player()
        self._player.passed.connect(self._pass)

    @property
    def theme(self) -> Theme:
        """The palette that was chosen, with type of the size that was."""
        return sized(self.preferences.theme, self.preferences.scale)

    # -- the place in the timeline ----------------------------------------------------------

    def show_position(self, position: float) -> None:
        """Scrub to a time in the timeline."""
        self._player.stop()
        self._show(position=min(max(position, 0.0), float(self.shown.length)), playing=False)

    def show_diagnoses(self, found: tuple[Diagnosis, ...]) -> None:
        """What is wrong with the training, as far as it was found out."""
        self._show(diagnoses=found)

    def play(self) -> None:
        """Play from here to the end; at the end, from the beginning."""
        if not self.shown.length:
            self._say_problem()
            return
        here = 0.0 if self.shown.position >= self.shown.length else self.shown.position
        self._go(here, float(self.shown.length))

    def step(self, direction: int) -> None:
        """One unit on (1), moving there, or one back (-1), at once.

        At the end of the timeline a step of a whole iteration trains one step and shows that, and
        at its beginning it takes one back.
        """
        timeline, unit = self.shown.timeline, self.shown.unit
        if timeline is None:
            self._say_problem()
            return
        here, target = self.shown.position, self._player.target
        if unit == ITERATION and here == (self.shown.length if direction > 0 else 0):
            self._iterate(direction)
            return
        if direction < 0:
            self.show_position(timeline.previous(here, unit))
            return
        here = here if target is None or target == self.shown.length else target
        there = timeline.next(here, unit)
        if self.preferences.reduce_motion or there == here or unit == ITERATION:
            self.show_position(there)
        else:
            self._go(here, there)

    def step_by(self, unit: str) -> None:
        """From now on one step goes so far."""
        assert unit in UNITS
        self._show(unit=unit)

    def has_phase(self, phase: str) -> bool:
        """Whether anything happens in that phase."""
        begin, end = self.shown.timeline.span(phase) if self.shown.timeline else (0, 0)
        return begin < end

    def show_phase(self, phase: str) -> None:
        """To where the phase begins."""
        if self.shown.timeline is not None:
            self.show_position(float(self.shown.timeline.span(phase)[0]))

    def set_speed(self, speed: float) -> None:
        """Play at another speed, what plays now included; 1 passes about one gate a second."""
        self.preferences = msgspec.structs.replace(self.preferences, speed=speed)
        self._player.set_speed(speed)

    def stop(self) -> None:
        """Stop playing where it is."""
        self._player.stop()
        if self.shown.playing:
            self._show(playing=False)

    def _go(self, here: float, there: float) -> None:
        self._show(position=here, playing=True)
        self._player.go(here, there, self.preferences.speed)

    def _pass(self, position: float, playing: bool) -> None:
        self._show(position=position, playing=playing)

    # -- the example ------------------------------------------------------------------------

    def show_row(self, row: int | None) -> None:
        """Look at one row of the data alone; None is the whole batch."""
        if row != self.shown.row:
            self._run_anew(row=row)

    def next_row(self, direction: int) -> None:
        """The next example (1) or the one before (-1); beyond the last comes the whole batch."""
        rows = rows_to_choose(self.shown.project)
        turns: list[int | None] = [None, *rows]
        if rows:
            here = turns.index(self.shown.row) if self.shown.row in turns else 0
            self.show_row(turns[(here + direction) % len(turns)])

    # -- what is hidden, planted, coloured and asked ----------------------------------------

    def hide(self, veil: Veil | None) -> None:
        """Hide these numbers wherever they would be read; None hides nothing."""
        self.shown = under(self.shown, veil)
        self.moved.emit(self.shown)

    def plant(self, plant: Plant | None) -> None:
        """Show the network with that fault in its backward pass; the project stays as it is."""
        self._run_anew(plant=plant)

    def show_tint(self, tint: Tint | None) -> None:
        """Colour each node by how wrong its gradient is, until the numbers change; None ends it."""
        self._show(tint=tint)

    def ask(self, question: Question | None) -> None:
        """Ask why a gradient is what it is; None asks nothing."""
        self._show(question=question, lit=frozenset())

    def light(self, wires: Iterable[Wire]) -> None:
        """Light these wires on the canvas: a path that is being looked at."""
        lit = frozenset(wires)
        if lit != self.shown.lit:
            self._show(lit=lit)

    # -- what the studio adds ---------------------------------------------------------------

    def _run_anew(self, **parts: object) -> None:
        self.land()
        self.stop()
        memory = self.shown.project.trained.memory
        self.shown = run_anew(replace(self.shown, **parts), memory)  # type: ignore[arg-type]
        self.moved.emit(self.shown)

    def _show(self, **parts: object) -> None:
        self.shown = replace(self.shown, **parts)  # type: ignore[arg-type]
        self.moved.emit(self.shown)

    def _say_problem(self) -> None:
        if self.shown.problem is not None:
            self.complain(self.shown.problem)

    def land(self) -> object:
        """Let training that goes on enter the project."""
        raise NotImplementedError

    def complain(self, error: StudioError) -> None:
        """Say what could not be done."""
        raise NotImplementedError

    def _iterate(self, direction: int) -> None:
        raise NotImplementedError
