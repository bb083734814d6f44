"""The clock of playback: a place in a timeline that moves on by itself."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

FRAME = 16
"""Milliseconds between two frames."""
PACE = 0.9
"""Moments a second that are passed at speed 1."""


class Player(QObject):
    """Moves from one time of a timeline to another, counted in moments."""

    passed = Signal(float, bool)
    """Where it is now, and whether it moves on from there."""

    def __init__(self) -> None:
        super().__init__()
        self._position, self._target, self._pace = 0.0, 0.0, PACE
        self._clock = QElapsedTimer()
        self._frames = QTimer(self)
        self._frames.setTimerType(Qt.TimerType.PreciseTimer)
        self._frames.setInterval(FRAME)
        self._frames.timeout.connect(self._frame)

    @property
    def target(self) -> float | None:
        """Where it is going; None while it stands."""
        return self._target if self._frames.isActive() else None

    def go(self, position: float, target: float, speed: float) -> None:
        """Move from one time to a later one."""
        self._position, self._target, self._pace = position, target, PACE * speed
        self._clock.start()
        self._frames.start()

    def set_speed(self, speed: float) -> None:
        """Move on at another speed."""
        self._pace = PACE * speed

    def stop(self) -> None:
        """Stand still."""
        self._frames.stop()

    def _frame(self) -> None:
        self._position += self._clock.restart() / 1000 * self._pace
        if self._position >= self._target:
            self._frames.stop()
        self.passed.emit(min(self._position, self._target), self._frames.isActive())
