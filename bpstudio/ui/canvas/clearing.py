"""Where a box over the network stands, so that it covers as little of it as can be."""

from __future__ import annotations

import math

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback.marks import Rect
from bpstudio.playback.scene import Scene
from bpstudio.ui.canvas.view import Point, View

GAP = 6.0
"""Pixels that stay free between the box and a node."""
UNDER = 26.0
"""The room below a node in which its formula stands, on the canvas."""
MOST = 80
"""Among more nodes than that none of them is anything that one looks at for itself."""
_STEP = 16.0
_LABEL = 34.0, 26.0
"""How far a wire's numbers reach from their middle, about, on the canvas."""


def covered(scene: Scene, view: View, size: tuple[int, int]) -> Array:
    """What a widget of that size shows of nodes and of the numbers beside them.

    Shape (parts, 5): left, top, right, bottom in pixels, and how much a pixel of it counts.
    """
    seen = view.seen(*size)
    bodies = [body for body in scene.each if body.rect.meets(seen)]
    if len(bodies) > MOST:
        return np.zeros((0, 5))
    parts: list[tuple[float, ...]] = []
    for body in bodies:
        x, y, wide, high = body.rect
        node = view.rect_to_widget(Rect(x, y, wide, high + UNDER)).grown(GAP)
        parts.append((node.x, node.y, node.right, node.bottom, 4.0))
        for id in body.exits:
            (x, y), (across, down) = scene.label_at(id), _LABEL
            label = view.rect_to_widget(Rect(x - across, y - down, 2 * across, 2 * down))
            parts.append((label.x, label.y, label.right, label.bottom, 1.0))
    return np.array(parts, dtype=float).reshape(-1, 5)


def clear_place(
    taken: Array,
    wish: Point,
    last: Point | None,
    box: tuple[float, float],
    size: tuple[int, int],
    margin: float,
) -> Point:
    """The left upper corner of the box: as wished or as `last` if nothing is under it there, else
    the place that covers least, and of these the nearest to the wish."""
    right, bottom = size[0] - box[0] - margin, size[1] - box[1] - margin
    if last is not None and not (margin <= last[0] <= right and margin <= last[1] <= bottom):
        last = None
    for at in (wish, last):
        if at is not None and is_clear(taken, at, box):
            return at
    xs = np.arange(margin, max(right, margin) + 1, _STEP)
    ys = np.arange(margin, max(bottom, margin) + 1, _STEP)
    places = np.array([wish, *((x, y) for x in xs for y in ys)])
    cost = _cost(taken, places, box)
    far = np.hypot(*(places - np.array(wish)).T) / math.hypot(*size)
    best = int(np.argmin(np.round(cost) + far))
    return float(places[best, 0]), float(places[best, 1])


def is_clear(taken: Array, at: Point, box: tuple[float, float]) -> bool:
    """Whether the box covers nothing at that place."""
    return not _cost(taken, np.array([at]), box).any()


def _cost(taken: Array, places: Array, box: tuple[float, float]) -> Array:
    """How many pixels a box covers at each of the places, shape (places,), weighted."""
    left, top = places[:, :1], places[:, 1:]
    across = np.minimum(left + box[0], taken[:, 2]) - np.maximum(left, taken[:, 0])
    down = np.minimum(top + box[1], taken[:, 3]) - np.maximum(top, taken[:, 1])
    pixels = np.maximum(across, 0.0) * np.maximum(down, 0.0) * taken[:, 4]
    return np.asarray(pixels.sum(axis=1))
