"""Lines of equal value over a grid."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array

_SIDES = ((0, 1), (1, 3), (2, 3), (0, 2))
"""The sides of a cell, by its corners: 0 and 1 above, 2 and 3 below."""
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def contours(values: Array, level: float) -> Array:
    """Pieces of the lines on which values (h, w) are `level`: (n, 2, 2), in columns and rows.

    The middle of the first value is (0, 0). Cells with values that are not finite have no line;
    where a line is not certain (a saddle), the middle of the cell decides.
    """
    corners = np.stack(
        [values[:-1, :-1], values[:-1, 1:], values[1:, :-1], values[1:, 1:]], axis=-1
    )
    grid = np.indices(corners.shape[:2])
    whole = np.isfinite(corners).all(axis=-1)
    corners = corners[whole] - level
    origin = np.stack([grid[1][whole], grid[0][whole]], axis=-1).astype(float)
    above = corners > 0
    crossed = np.stack([above[:, a] != above[:, b] for a, b in _SIDES], axis=-1)
    places = np.stack([_crossing(corners, a, b) for a, b in _SIDES], axis=1) + origin[:, None]
    pieces = []
    count = crossed.sum(axis=-1)
    simple = count == 2
    order = np.argsort(~crossed[simple], axis=-1, kind="stable")[:, :2]
    pieces.append(np.take_along_axis(places[simple], order[:, :, None], axis=1))
    saddle = count == 4
    if saddle.any():
        joined = (corners[saddle].mean(axis=-1) > 0) == above[saddle, 0]
        here = places[saddle]
        first = np.where(joined[:, None, None], here[:, [0, 1]], here[:, [0, 3]])
        second = np.where(joined[:, None, None], here[:, [2, 3]], here[:, [1, 2]])
        pieces += [first, second]
    return np.concatenate(pieces)


def _crossing(corners: Array, a: int, b: int) -> Array:
    """Where the value passes zero between two corners of each cell."""
    rise = corners[:, a] - corners[:, b]
    share = np.clip(corners[:, a] / np.where(rise == 0, 1.0, rise), 0.0, 1.0)
    found: Array = _CORNERS[a] + share[:, None] * (_CORNERS[b] - _CORNERS[a])
    return found
