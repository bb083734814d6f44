"""Where things must go to stand in line, or at even distances."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

LEFT, CENTRE, RIGHT = "left", "centre", "right"
TOP, MIDDLE, BOTTOM = "top", "middle", "bottom"
ACROSS, DOWN = "across", "down"
"""To even distances from left to right, or from top to bottom."""

Covered = tuple[float, float, float, float]
"""What something covers: its left upper corner, its width and its height, in canvas units."""
Key = TypeVar("Key", bound=Hashable)


def shifts(covered: Mapping[Key, Covered], how: str) -> dict[Key, tuple[float, float]]:
    """How far each thing moves, right and down: its edge or its middle in line with those of the
    others, or the gaps between them alike, with the first and the last where they are.

    In line means with the outermost edge, or with the middle of all.
    """
    axis = 0 if how in (LEFT, CENTRE, RIGHT, ACROSS) else 1
    spans = {key: (rect[axis], rect[axis] + rect[axis + 2]) for key, rect in covered.items()}
    if not spans:
        return {}
    first, last = min(low for low, _ in spans.values()), max(high for _, high in spans.values())
    if how in (ACROSS, DOWN):
        along = _distributed(spans, first, last)
    elif how in (LEFT, TOP):
        along = {key: first - low for key, (low, _high) in spans.items()}
    elif how in (RIGHT, BOTTOM):
        along = {key: last - high for key, (_low, high) in spans.items()}
    else:
        along = {key: (first + last - low - high) / 2 for key, (low, high) in spans.items()}
    return {key: (by, 0.0) if axis == 0 else (0.0, by) for key, by in along.items()}


def _distributed(
    spans: Mapping[Key, tuple[float, float]], first: float, last: float
) -> dict[Key, float]:
    order = sorted(spans, key=lambda key: sum(spans[key]))
    free = last - first - sum(high - low for low, high in spans.values())
    gap = free / max(1, len(order) - 1)
    moved, at = {}, first
    for key in order:
        low, high = spans[key]
        moved[key] = at - low
        at += high - low + gap
    return moved
