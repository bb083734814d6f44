"""Slopes by differences: by one nudge or two, and how their error depends on the nudge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.places import place_of, value_at
from bpstudio.engine.rerun import Rerun
from bpstudio.engine.reverse_mode import gradients
from bpstudio.engine.run import Recording

STEP = 1e-5
"""How far a value of size up to 1 is nudged; a larger one by as much more.

Near the cube root of float64's precision the two errors of a central difference, of the curve's
bend and of rounding, are together smallest.
"""


@dataclass(frozen=True)
class Difference:
    """A slope by differences with one nudge `h`, and how far each is from the backward pass."""

    h: float
    forward: float
    central: float
    forward_error: float
    central_error: float


def numeric_gradient(function: Callable[[Array], float], at: Array, step: float = STEP) -> Array:
    """The gradient of a function of an array by central differences, two calls for each number.

    (f(x + h) - f(x - h)) / 2h, with h = `step` · max(1, |x|).
    """
    start = np.array(at, dtype=np.float64)
    gradient = np.zeros(start.shape)
    for place in np.ndindex(start.shape):
        gradient[place] = central_difference(function, start, place, step)
    return gradient


def central_difference(
    function: Callable[[Array], float], at: Array, place: tuple[int, ...], step: float = STEP
) -> float:
    """The slope towards one number of a float64 array, by two calls."""
    (above, high), (below, low) = both_sides(function, at, place, step)
    # What float64 made of the two nudges, not what was asked for.
    return (above - below) / (high - low)


def both_sides(
    function: Callable[[Array], float], at: Array, place: tuple[int, ...], step: float = STEP
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The function above and below one number of an array, each with the number it was taken at."""
    nudge = step * max(1.0, abs(float(at[place])))
    above, below = at.copy(), at.copy()
    above[place] += nudge
    below[place] -= nudge
    return (function(above), float(above[place])), (function(below), float(below[place]))


def error_curve(
    recording: Recording, key: str, place: tuple[int, ...], nudges: Sequence[float]
) -> tuple[Difference, ...]:
    """The error of differences against the nudge, for one number of a node or an argument.

    (f(x + h) - f(x)) / h and (f(x + h) - f(x - h)) / 2h, with h as it stands and f the number at
    which the recording's backward pass starts. The larger h, the more the curve bends on the way;
    the smaller, the fewer digits of f are left in the difference.
    """
    start, at_key = recording.backward[0], place_of(key)
    again = Rerun(recording.forward, start.node, start.upstream)
    at = value_at({step.node: step for step in recording.forward}, at_key)
    slope = float(gradients(recording.backward).get(at_key, np.zeros(at.shape))[place])
    found, middle = [], again(at_key, at)
    for h in nudges:
        above, below = np.array(at), np.array(at)
        above[place] += h
        below[place] -= h
        high = again(at_key, above)
        one, two = (high - middle) / h, (high - again(at_key, below)) / (2 * h)
        found.append(Difference(h, one, two, abs(one - slope), abs(two - slope)))
    return tuple(found)
