"""Rectangles kept apart: each at the first of its places that is free.

Rectangles are rows of left, top, right, bottom.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpstudio.engine.op import Array

_SLACK = 0.01
"""What overlaps by less only touches."""


def kept_apart(standing: Array, wanted: Array, others: Callable[[int], Array]) -> Array:
    """Where those at `wanted` (n, 4) stand, so that none lies on another or on `standing` (m, 4).

    One with nothing about it stays where it is wanted. Of the rest the first in order choose
    first, from where they are wanted and from their `others` (k, 4); one for which no place is
    free gets NaN.
    """
    found = wanted.copy()
    crowded = _crowded(standing, wanted)
    settled = np.concatenate([standing, wanted[~crowded]])
    settled = settled[np.argsort(settled[:, 1], kind="stable")]
    tallest = float((settled[:, 3] - settled[:, 1]).max(initial=0.0))
    later = np.empty((int(crowded.sum()), 4))
    count = 0
    for index in np.flatnonzero(crowded).tolist():
        places = np.concatenate([wanted[index : index + 1], others(index)])
        whole = np.concatenate([places[:, :2].min(axis=0), places[:, 2:].max(axis=0)])
        first, last = np.searchsorted(settled[:, 1], [whole[1] - tallest, whole[3]])
        near = np.concatenate([settled[first:last], later[:count]])
        near = near[_meet(near, whole)]
        free = np.flatnonzero(~_meet(places[:, None], near[None]).any(axis=1))
        if not len(free):
            found[index] = np.nan
            continue
        found[index] = later[count] = places[free[0]]
        count += 1
    return found


def _crowded(standing: Array, wanted: Array) -> Array:
    """Which of the wanted (n,) lie on another of them, or on what stands."""
    every = np.concatenate([standing, wanted])
    order = np.argsort(every[:, 1], kind="stable")
    rects, own = every[order], order >= len(standing)
    found = np.zeros(len(every), dtype=bool)
    # Each with the next below it, with the one after that, and so on while any can still meet.
    above, step = np.arange(len(every)), 1
    while True:
        above = above[above + step < len(every)]
        above = above[rects[above + step, 1] < rects[above, 3]]
        if not len(above):
            return found[len(standing) :]
        below = above + step
        pairs = _meet(rects[above], rects[below]) & (own[above] | own[below])
        found[order[above[pairs]]] = found[order[below[pairs]]] = True
        step += 1


def _meet(one: Array, other: Array) -> Array:
    """Which of these meet those, by pairs."""
    left, top, right, bottom = np.moveaxis(one, -1, 0)
    found: Array = (
        (left < other[..., 2] - _SLACK)
        & (right > other[..., 0] + _SLACK)
        & (top < other[..., 3] - _SLACK)
        & (bottom > other[..., 1] + _SLACK)
    )
    return found
