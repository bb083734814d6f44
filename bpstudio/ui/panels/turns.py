"""Who may draw next: one panel per tick, so that no tick of the window has to pay for two."""

from __future__ import annotations

import time
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, QTimer

TICK, FRAME = 6, 16
"""Milliseconds between two turns: at once, or while training one in each frame of the screen, for
what two panels draw is painted together if it comes within one frame."""
SHARE = 0.25
"""The share of the time that one panel may take."""


class Turns(QObject):
    """Hands out turns to panels in the order in which they ask, each at its own bounded rate."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[Callable[[], None], float] = {}
        self._last: dict[Callable[[], None], tuple[float, float]] = {}
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._give)

    @property
    def idle(self) -> bool:
        """Whether nobody waits: all that is seen is of the moment."""
        return not self._waiting

    def ask(self, draw: Callable[[], None], pause: float = 0.0) -> None:
        """Call `draw` when it is its turn, `pause` seconds after its last one at the earliest."""
        self._waiting[draw] = min(pause, self._waiting.get(draw, pause))
        interval = FRAME if all(self._waiting.values()) else TICK
        if not self._timer.isActive() or interval < self._timer.interval():
            self._timer.start(interval)

    def admit(self, widget: QObject) -> None:
        """Whatever this widget asks for is forgotten when it is destroyed, and with it the timer.

        Qt does not tell a widget that goes with its window that nobody sees it any more.
        """
        widget.destroyed.connect(self._forget_destroyed)

    def forget(self, draw: Callable[[], None]) -> None:
        """It need not be called any more."""
        self._waiting.pop(draw, None)
        self._last.pop(draw, None)
        if not self._waiting:
            self._timer.stop()

    def _forget_destroyed(self) -> None:
        for draw in self._waiting.keys() | self._last.keys():
            of = getattr(draw, "__self__", None)
            if isinstance(of, QObject) and not shiboken6.isValid(of):
                self.forget(draw)

    def _give(self) -> None:
        began = time.monotonic()
        for draw, pause in list(self._waiting.items()):
            last, took = self._last.get(draw, (0.0, 0.0))
            if began >= last + max(pause, took / SHARE):
                del self._waiting[draw]
                draw()
                self._last[draw] = began, time.monotonic() - began
                break
        if not self._waiting:
            self._timer.stop()
        elif all(self._waiting.values()):
            self._timer.setInterval(FRAME)


def turns(owner: QObject) -> Turns:
    """The turns of everything that shows this owner."""
    return owner.findChild(Turns) or Turns(owner)


def admitted(widget: QObject, owner: QObject) -> Turns:
    """The turns of this owner, for a widget that shows it."""
    given = turns(owner)
    given.admit(widget)
    return given
