"""Every weight as a heat map with its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.engine.run import Recording
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.marks import Box, Heat, Ink, Mark, Picture, Rect, Span, Text
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import LIGHT, Theme
from bpstudio.playback.views import CHART, PAD, heading, note
from bpstudio.project.project import Project

_MOST_CELLS = 16


def weights(
    project: Project, *, recording: Recording | None = None, theme: Theme = LIGHT
) -> Picture:
    """Every weight as a heat map with its numbers; with updates in the recording, what they become.

    Large matrices are shown without numbers.
    """
    after = {f"{u.node}.{u.port}": u.after for u in recording.updates} if recording else {}
    keys = _shown_weights(project)
    if not keys:
        return note(_("This network has no weights."), theme)
    largest = _largest(project, keys)
    marks: list[Mark] = [heading(_("Weights"), PAD, PAD + 9 * theme.type, theme)]
    y, wide = PAD + 26.0 * theme.type, CHART[0]
    for key in keys:
        block, rect = _titled(project, key, after.get(key), largest, y, theme)
        marks += block
        y = rect.bottom + 24 * theme.type
        wide = max(wide, rect.width + 2 * PAD)
    return Picture(Rect(0, 0, wide, y), tuple(marks))


def each_weight(project: Project, theme: Theme = LIGHT) -> Iterator[Picture]:
    """The same heat maps as pictures of their own, all on one scale."""
    keys = _shown_weights(project)
    largest = _largest(project, keys)
    for key in keys:
        (title, *marks), rect = _titled(project, key, None, largest, 0.0, theme)
        # Other fonts than ours may be a little wider.
        wide = max(rect.width, 1.12 * title.width + 4.0)
        yield Picture(Rect(PAD, -4.0, wide, rect.bottom + 8.0), (title, *marks))


def _shown_weights(project: Project) -> list[str]:
    """The keys of the weights that are lists or tables."""
    keys = [key for key in project.graph.keys(Kind.WEIGHT) if key in project.weights]
    return [key for key in keys if project.weights[key].ndim <= 2]


def _largest(project: Project, keys: list[str]) -> float:
    return max((float(np.abs(project.weights[key]).max(initial=0.0)) for key in keys), default=0.0)


def _titled(
    project: Project, key: str, new: Array | None, largest: float, y: float, theme: Theme
) -> tuple[tuple[Text, *tuple[Mark, ...]], Rect]:
    """One weight below its name and size."""
    array = project.weights[key]
    name = project.graph[key.partition(".")[0]].label
    title = f"{name} · {key.partition('.')[2]}"
    spans = (Span(title, "text", PROSE, 600), Span(f"  {digits.size_of(array)}", "muted", MONO))
    words = Text(PAD, y + 8, spans, 12.5 * theme.type)
    after = None if new is None else np.atleast_2d(new)
    top = y + 18 * theme.type
    block, rect = _sheet(np.atleast_2d(array), after, largest or 1.0, top, theme)
    return (words, *block), rect


def _sheet(
    grid: Array, new: Array | None, largest: float, y: float, theme: Theme
) -> tuple[list[Mark], Rect]:
    """One matrix: its heat map, and in each cell the number and what it becomes."""
    rows, columns = grid.shape
    if columns > _MOST_CELLS or rows > 2 * _MOST_CELLS:
        side = max(2.0, min(10.0, 640.0 / columns, 320.0 / rows))
        rect = Rect(PAD, y, columns * side, rows * side)
        return [Heat(rect, grid / largest, 4.0, smooth=False)], rect
    decimals = 2 if new is None else _telling(grid, new)
    wide = (62.0 if new is None else 62.0 + 8 * decimals) * theme.type
    high = (30.0 if new is None else 44.0) * theme.type
    rect = Rect(PAD, y, columns * wide, rows * high)
    # Paler than elsewhere, so that the numbers can be read on it.
    marks: list[Mark] = [Heat(rect, 0.62 * grid / largest, 7.0, smooth=False)]
    marks.append(Box(rect, 7.0, None, Ink("border"), 1.0))
    size = 12.5 * theme.type
    for row in range(rows):
        for column in range(columns):
            x = rect.x + (column + 0.5) * wide
            middle = rect.y + (row + 0.5) * high
            first = Span(digits.signed(float(grid[row, column]), decimals), "text", MONO)
            up = 4.5 if new is None else -2.5
            marks.append(Text(x, middle + up * theme.type, (first,), size, "middle"))
            if new is not None:
                second = Span("→ " + digits.signed(float(new[row, column]), decimals), "text", MONO)
                below = middle + 13.5 * theme.type
                marks.append(Text(x, below, (second,), 0.88 * size, "middle"))
    return marks, rect


def _telling(before: Array, after: Array) -> int:
    """How many decimals it takes to see that something changed: two to four."""
    moved = float(np.abs(after - before).max(initial=0.0))
    return next((n for n in (2, 3) if moved >= 10.0**-n), 4)
