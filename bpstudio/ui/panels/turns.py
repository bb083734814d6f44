"""Who may draw next: one panel per tick, so that no tick of the window has to pay for two."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

TICK = 6
"""Milliseconds between two turns."""
SHARE = 0.25
"""The share of the time that one panel may take."""


class Turns(QObject):
    """Hands out turns to panels in the order in which they ask, each at its own bounded rate."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[Callable[[], None], float] = {}
        self._next: dict[Callable[[], None], float] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._give)

    def ask(self, draw: Callable[[], None], pause: float = 0.0) -> None:
        """Call `draw` when it is its turn, `pause` seconds after its last one at the earliest."""
        self._waiting.setdefault(draw, pause)
        if not self._timer.isActive():
            self._timer.start()

    def forget(self, draw: Callable[[], None]) -> None:
        """It need not be called any more."""
        self._waiting.pop(draw, None)
        self._next.pop(draw, None)
        if not self._waiting:
            self._timer.stop()

    def _give(self) -> None:
        began = time.monotonic()
        for draw, pause in list(self._waiting.items()):
            if self._next.get(draw, 0.0) <= began:
                del self._waiting[draw]
                draw()
                now = time.monotonic()
                self._next[draw] = max(began + pause, now + (now - began) * (1 / SHARE - 1))
                break
        if not self._waiting:
            self._timer.stop()


def turns(owner: QObject) -> Turns:
    """The turns of everything that shows this owner."""
    return owner.findChild(Turns) or Turns(owner)
