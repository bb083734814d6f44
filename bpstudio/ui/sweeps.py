"""A sweep beside the window: asked for, on its way, and what is known of it.

Its trials are made a few at a time between two frames, and trained in processes of their own.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import vary
from bpstudio.project.project import Project

if TYPE_CHECKING:
    # With the compiled plans that they run they would delay the first paint.
    from bpstudio.project.unfinished import Unfinished
    from bpstudio.training.driving import Driven
    from bpstudio.training.sweep import Outcome, Sweep, Trial

TICK = 50
"""Milliseconds between two looks at what runs beside."""
WORK = 0.008
"""Seconds of work in one tick at most."""

log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """What a sweep is to vary of which project."""

    project: Project
    vary: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]
    steps: int
    kind: str = ""


class Sweeps(QObject):
    """The newest sweep. `running` says whether it is on its way; cancelled, it can go on later."""

    moved = Signal()
    """Something new is known of it."""
    failed = Signal(object)
    """A StudioError: why it can't be done."""

    def __init__(self, parent: QObject | None = None, root: Path | None = None) -> None:
        """`root` is the folder in which it is kept meanwhile; without one it is not."""
        super().__init__(parent)
        self._root = root
        self._cut_off: Unfinished | None = None
        self.asked: Asked | None = None
        self.sweep: Sweep | None = None
        self.outcomes: dict[int, Outcome] = {}
        self._going: Driven | None = None
        self._making: Iterator[Trial] | None = None
        self._made: list[Trial] = []
        self._steps = 0  # those that were told of last
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether it is on its way."""
        return self._timer.isActive()

    @property
    def can_go_on(self) -> bool:
        """Whether it was cancelled with trials left."""
        return not self.running and self.sweep is not None and len(self.outcomes) < self.count

    @property
    def count(self) -> int:
        """How many trials it has."""
        return len(self.sweep.trials) if self.sweep is not None else 0

    @property
    def share(self) -> float:
        """How much of its steps are taken, from 0 to 1."""
        if self._going is not None:
            return self._going.steps / max(1, self._going.whole)
        return len(self.outcomes) / self.count if self.count else 0.0

    def weights(self, number: int) -> Mapping[str, Array] | None:
        """The newest weights of a trial; None before its first round."""
        if number in self.outcomes:
            return self.outcomes[number].weights
        glimpse = None if self._going is None else self._going.glimpses.get(number)
        return None if glimpse is None else glimpse.weights

    def start(self, asked: Asked, cut_off: Unfinished | None = None) -> None:
        """Begin another sweep, or go on with one that was cut off; one on its way is given up."""
        self.cancel()
        self._cut_off = cut_off
        self.asked, self.sweep, self._going = asked, None, None
        self.outcomes, self._made = {}, []
        project, varied, seeds, steps, _kind = asked
        self._making = vary.trials_of(project, varied, seeds=seeds, steps=steps)
        self._timer.start()
        self.moved.emit()

    def go_on(self) -> None:
        """Train what was left when it was cancelled."""
        if self.can_go_on:
            self._train()
            self._timer.start()
            self.moved.emit()

    def cancel(self) -> None:
        """End what is on its way at once; what is done stays. Its processes end beside."""
        was = self.running
        self._timer.stop()
        self._making = None
        if self._cut_off is not None:
            self._cut_off.discard()  # given up before it was gone on with
            self._cut_off = None
        if self._going is not None:
            self._going.leave()
        if was:
            self.moved.emit()

    def _look(self) -> None:
        try:
            if self._making is not None:
                self._make(self._making)
            elif self._going is not None:
                self._take(self._going)
        except StudioError as error:
            self.cancel()
            self.failed.emit(error)
        except Exception as error:  # of a piece of work in another process: a fault of ours
            log.exception("a sweep failed")
            self.cancel()
            self.failed.emit(
                StudioError(
                    N_(
                        "This ended by a fault of Backprop Studio itself ({kind}: {reason}). "
                        "Report it."
                    ),
                    kind=type(error).__name__,
                    reason=error,
                )
            )

    def _make(self, making: Iterator[Trial]) -> None:
        until = time.monotonic() + WORK
        for trial in making:
            self._made.append(trial)
            if time.monotonic() > until:
                return
        self._making = None
        assert self.asked is not None
        _project, varied, seeds, steps, _kind = self.asked
        self.sweep = vary.sweep_from(tuple(self._made), varied, seeds, steps)
        self._train()
        self.moved.emit()

    def _train(self) -> None:
        from bpstudio.training.driving import Driven

        assert self.sweep is not None
        # One processor stays with the window.
        workers = max(1, (os.cpu_count() or 2) - 1)
        self._going = Driven(self.sweep, workers, self.outcomes, self._keeping())

    def _keeping(self) -> Callable[[], Unfinished] | None:
        """How what is on its way is kept: with what is there of it already, or in a new folder."""
        from bpstudio.project.unfinished import begun

        cut_off, self._cut_off = self._cut_off, None
        if cut_off is not None:
            return lambda: cut_off
        if self._root is None or self.asked is None:
            return None
        project, varied, seeds, steps, kind = self.asked
        return partial(begun, self._root, project, varied, seeds, steps, self.count, kind)

    def _take(self, going: Driven) -> None:
        found, steps = going.news(), going.steps
        self.outcomes.update((outcome.number, outcome) for outcome in found)
        if going.over:
            self.cancel()
        elif found or steps != self._steps:
            self._steps = steps
            self.moved.emit()
