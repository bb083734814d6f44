"""Where a function has no slope: a kink, at which nudging up and nudging down disagree.

At a kink, such as ReLU's at 0, a gradient is a convention and no central difference can confirm
it. A gradient check that finds a difference looks closer here before it calls anything wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array

CLOSE = 1e-5
"""A gradient this close to a difference, relative to the tensor's largest, agrees with it."""

CLOSER = (1.0, 0.1, 0.01)
"""The nudges that are tried, as parts of the first one."""

ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""How far the difference of two equal numbers may be from 0, relative to them."""


@dataclass(frozen=True)
class Kink:
    """A place without a slope: the slope below it, the one above, and what backward takes.

    `place` is the index of the number in its tensor.
    """

    place: tuple[int, ...]
    below: float
    above: float
    taken: float


def looked_at(
    function: Callable[[Array], float],
    at: Array,
    place: tuple[int, ...],
    taken: float,
    *,
    nudge: float,
    largest: float,
) -> float | Kink | None:
    """Why a slope that backward takes at one number may not be the central difference.

    A Kink: the two sides disagree, however near, and what is taken lies between. A better central
    difference that agrees with it: there is a kink within the nudge, or the curve bends that much.
    None: it is wrong.
    """
    start = float(at[place])
    middle = function(at)
    sides = []
    for part in CLOSER:
        h = nudge * part
        high, low = _moved(at, place, start + h), _moved(at, place, start - h)
        above = (function(high) - middle) / (high[place] - start)
        below = (middle - function(low)) / (start - low[place])
        slack = CLOSE * largest + ROUNDING * max(1.0, abs(middle)) / h
        sides.append((float(below), float(above), slack))
    (below, above, slack), first = sides[1], sides[0]
    # What only bends has sides that come together as the nudge gets smaller.
    apart = abs(above - below)
    stays = apart > 0.5 * abs(first[1] - first[0]) and apart > 10 * slack
    if stays and min(below, above) - slack <= taken <= max(below, above) + slack:
        return Kink(place, below, above, taken)
    centrals = (0.5 * (below + above) for below, above, _ in sides)
    agreeing = (
        central
        for central, (_, _, slack) in zip(centrals, sides, strict=True)
        if abs(central - taken) <= slack
    )
    return next(agreeing, None)


def _moved(at: Array, place: tuple[int, ...], value: float) -> Array:
    moved = np.array(at)
    moved[place] = value
    return moved
