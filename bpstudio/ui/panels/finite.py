"""Losses to be drawn: those that are numbers, with the steps that they belong to."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array


class Finite:
    """Losses with the steps that they belong to; those that are not finite are left out.

    A series that goes on where the last one stopped costs only what is new.
    """

    def __init__(self) -> None:
        self._steps, self._losses = np.empty(1024), np.empty(1024)
        self._count = 0
        self._seen = 0
        self._first = self._last = np.nan

    @property
    def steps(self) -> Array:
        """The numbers of the steps, from 1."""
        return self._steps[: self._count]

    @property
    def losses(self) -> Array:
        """The loss of each of these steps."""
        return self._losses[: self._count]

    def follow(self, losses: Array) -> bool:
        """Take over a series; whether it is another one than before."""
        if not self._goes_on(losses):
            self._count = self._seen = 0
        elif len(losses) == self._seen:
            return False
        fresh = losses[self._seen :]
        finite = np.flatnonzero(np.isfinite(fresh))
        self._make_room(self._count + len(finite))
        new = slice(self._count, self._count + len(finite))
        self._steps[new] = finite + self._seen + 1
        self._losses[new] = fresh[finite]
        self._count, self._seen = new.stop, len(losses)
        self._first = losses[0] if len(losses) else np.nan
        self._last = losses[-1] if len(losses) else np.nan
        return True

    def _goes_on(self, losses: Array) -> bool:
        """Whether it begins and goes on as the one that was seen."""
        if not self._seen or len(losses) < self._seen:
            return self._seen == 0 and not len(losses)
        ends = np.array([losses[0], losses[self._seen - 1]])
        return np.array_equal(ends, [self._first, self._last], equal_nan=True)

    def _make_room(self, count: int) -> None:
        if count > len(self._steps):
            for name in ("_steps", "_losses"):
                grown = np.empty(2 * count)
                grown[: self._count] = getattr(self, name)[: self._count]
                setattr(self, name, grown)
