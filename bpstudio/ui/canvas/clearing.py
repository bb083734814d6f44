"""Where a box over the network stands, so that it covers as little of it as can be."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback.bodies import Body
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
    seen, (left, top, right, bottom) = view.seen(*size), scene.edges
    across = (left < seen.right) & (right > seen.x)
    rows = np.flatnonzero(across & (top < seen.bottom) & (bottom > seen.y)).tolist()
    if not rows or len(rows) > MOST:
        return np.zeros((0, 5))
    known, bodies = _known(scene), [scene.each[row] for row in rows]
    for body in bodies:
        if body not in known:
            known[body] = _parts(scene, body)
    parts = np.concatenate([known[body] for body in bodies])
    parts[:, :4] = (parts[:, :4] - (view.x, view.y, view.x, view.y)) * view.scale
    parts[parts[:, 4] > 1.0, :4] += -GAP, -GAP, GAP, GAP
    return parts


@lru_cache(maxsize=1)
def _known(_scene: Scene) -> dict[Body, Array]:
    """What was found out of a scene: to pan over it asks for the same again and again."""
    return {}


def _parts(scene: Scene, body: Body) -> Array:
    """A node and the numbers beside it, on the canvas: rows as of `covered`."""
    rect, (across, down) = body.rect, _LABEL
    labels = [scene.label_at(id) for id in body.exits]
    return np.array(
        [
            (rect.x, rect.y, rect.right, rect.bottom + UNDER, 4.0),
            *((x - across, y - down, x + across, y + down, 1.0) for x, y in labels),
        ]
    )


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
    far = np.hypot(xs[:, None] - wish[0], ys - wish[1]) / math.hypot(*size)
    cost = np.round(_cost(taken, xs, ys, box)) + far
    best = int(np.argmin(cost))
    if cost.flat[best] >= np.round(_cost(taken, *_alone(wish), box)).item():
        return wish
    return float(xs[best // len(ys)]), float(ys[best % len(ys)])


def is_clear(taken: Array, at: Point, box: tuple[float, float]) -> bool:
    """Whether the box covers nothing at that place."""
    return not _cost(taken, *_alone(at), box).any()


def _alone(at: Point) -> tuple[Array, Array]:
    """One place as `_cost` takes them."""
    return np.array([at[0]]), np.array([at[1]])


def _cost(taken: Array, xs: Array, ys: Array, box: tuple[float, float]) -> Array:
    """How many pixels a box covers at each x and y of its corner, shape (xs, ys), weighted."""
    left, top = xs[:, None], ys[:, None]
    across = np.minimum(left + box[0], taken[:, 2]) - np.maximum(left, taken[:, 0])
    down = np.minimum(top + box[1], taken[:, 3]) - np.maximum(top, taken[:, 1])
    # What it covers of a part is as many pixels across times as many down.
    covered: Array = (np.maximum(across, 0.0) * taken[:, 4]) @ np.maximum(down, 0.0).T
    return covered
