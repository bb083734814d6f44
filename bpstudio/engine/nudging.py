"""One tensor's gradient beside what nudging each of its numbers says."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bpstudio.engine.differences import both_sides
from bpstudio.engine.kinks import CLOSE, ROUNDING, Kink, looked_at
from bpstudio.engine.op import Array
from bpstudio.engine.places import Place

Total = Callable[[Place, Array], float]
"""What is checked, a single number, with another value at one place of the run."""


class Nudged(NamedTuple):
    """How far a check has come: numbers nudged, of how many, and the forward passes it took."""

    done: int
    numbers: int
    passes: int


@dataclass(frozen=True, eq=False)
class Entry:
    """One tensor's gradient, by the backward pass and by nudging each of its numbers.

    `checked` says which numbers were nudged (None: all). At a kink `numeric` is what the backward
    pass takes, and `kinks` says so. `noise` is how far rounding alone may put a difference off.
    """

    key: str
    analytic: Array
    numeric: Array
    kinks: tuple[Kink, ...] = ()
    checked: Array | None = None
    noise: float = 0.0

    @cached_property
    def error(self) -> float:
        """The largest difference, relative to the largest gradient of the tensor."""
        if not self._apart.size:
            return 0.0
        return float(self._apart.max()) / max(1e-8, float(np.abs(self.analytic).max()))

    @property
    def wrong(self) -> bool:
        """Whether the two differ by more than nudging itself is off."""
        if not self._apart.size:
            return False
        largest = largest_of(self.analytic, self.numeric)
        return not float(self._apart.max()) <= CLOSE * largest + self.noise

    @cached_property
    def _apart(self) -> Array:
        apart: Array = np.abs(self.analytic - self.numeric)
        return apart.ravel() if self.checked is None else apart[self.checked]


class Counted:
    """What is checked as a function of the value at one place, and how often it was asked for."""

    def __init__(self, rule: Total, place: Place) -> None:
        self._rule, self._place, self.count = rule, place, 0

    def __call__(self, value: Array) -> float:
        self.count += 1
        return self._rule(self._place, value)


def entry_by_nudging(
    key: str,
    analytic: Array,
    at: Array,
    function: Callable[[Array], float],
    step: float,
    most: int | None,
    total: float,
) -> Generator[None, None, Entry]:
    """A tensor's gradient checked number by number, and looked at again where it differs."""
    noise = ROUNDING * max(1.0, abs(total)) / step
    numeric, apart = np.zeros(at.shape), np.zeros(at.shape)
    chosen, checked = np.arange(at.size), None
    if most is not None and at.size > most:
        chosen = np.unique(np.linspace(0, at.size - 1, most).round().astype(int))
        checked = np.zeros(at.shape, dtype=bool)
        checked.flat[chosen] = True
    places = [tuple(int(i) for i in np.unravel_index(flat, at.shape)) for flat in chosen]
    for place in places:
        (above, high), (below, low) = both_sides(function, at, place, step)
        numeric[place] = (above - below) / (high - low)
        apart[place] = abs(above - 2.0 * total + below) / (0.5 * (high - low))
        yield
    largest, kinks = largest_of(analytic, numeric), []
    for place in places:
        taken, tolerance = float(analytic[place]), CLOSE * largest + noise
        # At a kink the one-sided slopes are apart, even if what lies between is what is taken.
        if abs(taken - numeric[place]) <= tolerance and apart[place] <= 100 * tolerance:
            continue
        nudge = step * max(1.0, abs(float(at[place])))
        closer = looked_at(function, at, place, taken, nudge=nudge, largest=largest)
        if isinstance(closer, Kink):
            kinks.append(closer)
        if closer is not None:
            numeric[place] = closer.taken if isinstance(closer, Kink) else closer
    return Entry(key, analytic, numeric, tuple(kinks), checked, noise)


def largest_of(*arrays: Array) -> float:
    """The largest finite number of these, whatever its sign."""
    every = np.concatenate([np.abs(array).ravel() for array in arrays])
    return float(np.max(every, initial=0.0, where=np.isfinite(every)))
