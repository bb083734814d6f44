"""Several pictures on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bpstudio.playback.marks import Picture, Rect

GAP = 12.0


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures with the part of the page that each fills, in pixels; `size` is the page's."""

    parts: tuple[tuple[Picture, Rect], ...]
    size: tuple[int, int]


def sheet(
    pictures: Sequence[Picture], size: tuple[int, int] | None = None, scale: float = 1.0
) -> Sheet:
    """The first picture wide above, the others side by side below it.

    Without a size the page is as large as its pictures, times `scale`; with one they are made to
    fit.
    """
    first, others = pictures[0], pictures[1:]
    rows = [[first], list(others)] if others else [[first]]
    if len(pictures) == 2 and first.bounds.width < 1.6 * others[0].bounds.width:
        rows = [list(pictures)]
    width = max(_length(row) for row in rows)
    heights = [max(picture.bounds.height for picture in row) for row in rows]
    height = sum(heights) + GAP * (len(rows) - 1)
    if size is None:
        size = (round(width * scale), round(height * scale))
    factor = min(size[0] / width, size[1] / height)
    y = (size[1] - height * factor) / 2
    parts: list[tuple[Picture, Rect]] = []
    for row, row_height in zip(rows, heights, strict=True):
        x = (size[0] - _length(row) * factor) / 2
        for picture in row:
            wide = picture.bounds.width * factor
            parts.append((picture, Rect(x, y, wide, picture.bounds.height * factor)))
            x += wide + GAP * factor
        y += (row_height + GAP) * factor
    return Sheet(tuple(parts), size)


def fitted(bounds: Rect, page: Rect) -> tuple[float, float, float]:
    """How to draw bounds in the middle of a page: the factor, then what to add to x and y."""
    factor = min(page.width / bounds.width, page.height / bounds.height)
    x = page.centre[0] - bounds.centre[0] * factor
    y = page.centre[1] - bounds.centre[1] * factor
    return factor, x, y


def _length(row: Sequence[Picture]) -> float:
    return sum(picture.bounds.width for picture in row) + GAP * (len(row) - 1)
