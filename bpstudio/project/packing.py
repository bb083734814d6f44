"""Networks that no wire joins, and nodes without wires, side by side in rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bpstudio.project.heights import GROUP_GAP, ROW_GAP

Pairs = Mapping[str, tuple[float, float]]

SHAPE = 1.6
"""How much wider than high several networks together are about, as a window is."""
APART = 110.0
"""Between networks beside each other, in canvas units."""


def packed(parts: Sequence[Pairs], size: Pairs, before: Pairs) -> dict[str, tuple[float, float]]:
    """The places of all parts, each moved as a whole, in rows from the top.

    Parts that stood somewhere keep their order, rows from the top and from the left within a row;
    parts without a place come last, as they are given.
    """
    if not parts:
        return {}
    boxes = [_bounds(part, part, size) for part in parts]
    area = sum((r - x + APART) * (b - y + GROUP_GAP) for x, y, r, b in boxes)
    width = max([r - x for x, _, r, _ in boxes] + [math.sqrt(area * SHAPE)])
    places: dict[str, tuple[float, float]] = {}
    left = top = low = 0.0
    for index in _in_order(parts, size, before):
        x, y, right, bottom = boxes[index]
        if left and left + right - x > width:
            left, top = 0.0, low + GROUP_GAP
        for id, (at_x, at_y) in parts[index].items():
            places[id] = (at_x - x + left, at_y - y + top)
        left += right - x + APART
        low = max(low, top + bottom - y)
    return places


def rows(ids: Sequence[str], size: Pairs, width: float) -> dict[str, tuple[float, float]]:
    """Nodes without wires, side by side in rows of that width."""
    places: dict[str, tuple[float, float]] = {}
    left = top = height = 0.0
    for id in ids:
        wide, high = size[id]
        if left and left + wide > width:
            left, top, height = 0.0, top + height + ROW_GAP, 0.0
        places[id] = (left + wide / 2, top + high / 2)
        left, height = left + wide + ROW_GAP, max(height, high)
    return places


def _in_order(parts: Sequence[Pairs], size: Pairs, before: Pairs) -> list[int]:
    """The parts as one reads them by where they stood; those that stood nowhere come last."""
    stood = {
        index: _bounds({id: before[id] for id in part if id in before}, part, size)
        for index, part in enumerate(parts)
        if any(id in before for id in part)
    }
    waiting = sorted(stood, key=lambda index: (stood[index][1], stood[index][0]))
    order: list[int] = []
    while waiting:
        _, top, _, bottom = stood[waiting[0]]
        row = [index for index in waiting if stood[index][1] < (top + bottom) / 2]
        order += sorted(row, key=lambda index: stood[index][0])
        waiting = [index for index in waiting if index not in row]
    return order + [index for index in range(len(parts)) if index not in stood]


def _bounds(places: Pairs, part: Pairs, size: Pairs) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what these nodes cover at these places."""
    inside = [(x, y, *size[id]) for id, (x, y) in places.items() if id in part]
    return (
        min(x - w / 2 for x, _, w, _ in inside),
        min(y - h / 2 for _, y, _, h in inside),
        max(x + w / 2 for x, _, w, _ in inside),
        max(y + h / 2 for _, y, _, h in inside),
    )
