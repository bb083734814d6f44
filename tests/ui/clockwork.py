"""Time that passes only when a test lets it, so that the same events always lead to the same.

Timers that are started ring when they are told to, and whoever in the window looks at the clock
finds that two milliseconds have passed since the last look.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Collection
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QTimer

from bpstudio import ui

LOOK = 0.002
"""Seconds between two looks at the clock."""


class Clock:
    """A clock on which a tenth of a second has passed whenever one looks."""

    def start(self) -> None:
        """It needs no start."""

    def restart(self) -> int:
        """Milliseconds since the last look."""
        return 100


class Clockwork:
    """Stands for the module `time` in the window, and holds the timers that were started."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._started: dict[QTimer, None] = {}

    def take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the time of the window from now on."""
        monkeypatch.setattr(QTimer, "start", lambda timer, _interval=0: self._start(timer))
        monkeypatch.setattr(QTimer, "stop", lambda timer: self._started.pop(timer, None))
        monkeypatch.setattr(QTimer, "isActive", lambda timer: timer in self._started)
        for each in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
            module = importlib.import_module(each.name)
            if vars(module).get("time") is time:
                monkeypatch.setattr(module, "time", self)

    def begin_anew(self) -> None:
        """As at the start: no timer rings, and it is the same hour."""
        self.now = 1000.0
        self._started.clear()

    def monotonic(self) -> float:
        """A little later than at the last look."""
        self.now += LOOK
        return self.now

    def ring(self, but: Collection[QTimer] = ()) -> None:
        """Every timer that was started rings once, but for these."""
        for timer in list(self._started):
            if not shiboken6.isValid(timer):
                del self._started[timer]
            elif timer in self._started and timer not in but:
                self.ring_one(timer)

    def ring_one(self, timer: QTimer) -> None:
        """This one rings, if it was started."""
        if timer in self._started:
            if timer.isSingleShot():
                del self._started[timer]
            timer.timeout.emit()

    def _start(self, timer: QTimer) -> None:
        self._started.pop(timer, None)
        self._started[timer] = None

    def __getattr__(self, name: str) -> Any:
        """Everything else of the module `time` is as it is."""
        return getattr(time, name)
