"""How long the pieces of a run are, and when there is time for more than steps."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

PIECE = 0.015
"""Seconds of work between two records, so that a window can show 60 in a second."""

KEPT = 0.25
"""Seconds of work after which the weights are kept anew, to go back to when a step goes wrong."""

MEASURED = 0.05
"""The share of the time that goes into metrics, at most."""

RECENT = 0.5
"""Seconds of work over which the speed is taken."""


@dataclass
class Pace:
    """The time that a run has worked, without the time in which it was not asked to.

    `steps` is how many to take in the next piece; `limit` how many in a second at most.
    """

    steps: int = 1
    worked: float = 0.0
    taken: int = 0
    limit: float | None = None
    _began: float = field(default_factory=time.perf_counter)
    _recent: deque[tuple[float, int]] = field(default_factory=lambda: deque([(0.0, 0)]))
    _kept: float = 0.0
    _measured: float = 0.0
    _cost: float = 0.0
    _rested: float = 0.0
    _owed: float = 0.0

    def begin(self) -> None:
        """A piece begins."""
        self._began = time.perf_counter()

    def end(self, steps: int) -> None:
        """A piece of so many steps ends: the next is made as long as it may be."""
        now = time.perf_counter()
        seconds = max(now - self._began, 1e-9)
        self._began = now
        self.worked += seconds
        self.taken += steps
        self._recent.append((self.worked, self.taken))
        while len(self._recent) > 2 and self._recent[1][0] < self.worked - RECENT:
            self._recent.popleft()
        if steps:
            # At most four times as many at once: the first step of a run is a slow one.
            self.steps = max(1, min(4 * self.steps, int(steps * PIECE / seconds)))
        if self.limit:
            self.steps = max(1, min(self.steps, int(self.limit * PIECE)))

    def rest(self, steps: int) -> float:
        """Seconds to wait after a piece of so many steps, so that the limit is kept."""
        if not self.limit:
            self._owed = 0.0
            return 0.0
        now = time.perf_counter()
        # What a wait was too long by is made up for, but not for more than a moment.
        due = max(self._owed, now - PIECE) + steps / self.limit
        self._owed = due
        rest = max(0.0, due - now)
        self._rested += rest
        return rest

    @property
    def steps_per_second(self) -> float:
        """The speed of the last half second of work."""
        (since, before), (now, taken) = self._recent[0], self._recent[-1]
        rate = (taken - before) / (now - since) if now > since else 0.0
        return min(rate, self.limit) if self.limit else rate

    def is_time_to_keep(self) -> bool:
        """Whether the weights kept are old; they then count as kept now."""
        if self.worked - self._kept < KEPT:
            return False
        self._kept = self.worked
        return True

    def is_time_to_measure(self) -> bool:
        """Whether metrics would take no more than their share of the time."""
        return self.worked + self._rested - self._measured >= self._cost / MEASURED

    def spend_on_measuring(self) -> None:
        """Metrics were measured since the piece ended."""
        now = time.perf_counter()
        self._cost = now - self._began
        self._began = now
        self.worked += self._cost
        self._measured = self.worked + self._rested
