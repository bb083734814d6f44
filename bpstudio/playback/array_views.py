"""An array as a picture: its numbers, a heat map, or how its numbers are spread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback import digits
from bpstudio.playback.marks import Box, Heat, Ink, Line, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import Theme

NUMBER, VECTOR, HEAT, HISTOGRAM = KINDS = ("number", "vector", "heat", "histogram")
MOST_ENTRIES = 24
"""As a vector so many numbers are written out."""
FEW = 12
"""An array of so few numbers is best read number by number."""
MOST_CELLS = 128 * 128
"""Of a larger array the histogram says more than a heat map."""
BINS = 24
_CELL_WIDTH, _CELL = 58.0, 21.0


def usual(array: Array) -> str:
    """The view that says most of an array."""
    if array.size == 1:
        return NUMBER
    if array.size <= FEW:
        return VECTOR
    return HEAT if array.ndim == 2 and array.size <= MOST_CELLS else HISTOGRAM


def height(kind: str, array: Array, width: float, theme: Theme) -> float:
    """How high the view is at that width."""
    if kind == NUMBER:
        return 20.0 * theme.type
    if kind == VECTOR:
        count = min(array.size, MOST_ENTRIES) + (array.size > MOST_ENTRIES)
        return -(-count // _columns(array, width, theme)) * _CELL * theme.type
    if kind == HEAT:
        rows, columns = _table(array).shape
        unit = min(16.0 * theme.type, width / columns, 110.0 * theme.type / rows)
        return float(max(unit * rows, 14.0) + 17.0 * theme.type)
    return 74.0 * theme.type


def marks(kind: str, array: Array, rect: Rect, role: str, theme: Theme) -> Iterator[Mark]:
    """The view in a rectangle, in the colour of that role."""
    if kind == NUMBER:
        yield from _number(array, rect, role, theme)
    elif kind == VECTOR:
        yield from _vector(array, rect, role, theme)
    elif kind == HEAT:
        yield from _heat(array, rect, theme)
    else:
        yield from _histogram(array, rect, role, theme)


def entry_at(
    kind: str, array: Array, rect: Rect, place: tuple[float, float], theme: Theme
) -> tuple[int, ...] | None:
    """The entry that is drawn at a place of the view; None where there is none to be told."""
    x, y = place[0] - rect.x, place[1] - rect.y
    if kind == VECTOR:
        drawn, columns = min(array.size, MOST_ENTRIES), _columns(array, rect.width, theme)
        wide, high = rect.width / columns, _CELL * theme.type
    elif kind == HEAT:
        drawn, (rows, columns) = array.size, _table(array).shape
        inside = max(min(16.0 * theme.type, rect.width / columns) * columns, 14.0)
        wide, high = inside / columns, (rect.height - 17.0 * theme.type) / rows
    else:
        return None
    row, column = int(y // high), int(x // wide)
    flat = row * columns + column
    if not (0 <= column < columns and 0 <= flat < drawn):
        return None
    return tuple(int(i) for i in np.unravel_index(flat, array.shape))


def _number(array: Array, rect: Rect, role: str, theme: Theme) -> Iterator[Mark]:
    """One number; of several the smallest, the mean and the largest."""
    size = 12.0 * theme.type
    y = rect.y + 1.2 * size
    if array.size == 1:
        span = Span(digits.tabular(array.item()), role, MONO, 700)
        yield Text(rect.right, y, (span,), size, "end")
        return
    ends = (float(array.min()), float(array.mean()), float(array.max()))
    for value, share, align, sign in zip(
        ends, (0.0, 0.5, 1.0), ("start", "middle", "end"), ("min ", "⌀ ", "max "), strict=True
    ):
        spans = (Span(sign, "muted", MONO), Span(digits.small(value), role, MONO, 700))
        yield Text(rect.x + share * rect.width, y, spans, size, align)


def _vector(array: Array, rect: Rect, role: str, theme: Theme) -> Iterator[Mark]:
    """The numbers row by row, as many columns as a row of the array has, where they fit."""
    columns, type = _columns(array, rect.width, theme), theme.type
    wide, high = rect.width / columns, _CELL * type
    flat = array.ravel()[:MOST_ENTRIES]
    texts = [digits.fixed(float(value)) for value in flat]
    if array.size > len(flat):
        texts.append("…")
    for place, text in enumerate(texts):
        row, column = divmod(place, columns)
        cell = Rect(rect.x + column * wide, rect.y + row * high, wide, high)
        yield Box(cell.grown(-1.0), 4.0, Ink("canvas"))
        size = min(11.5 * type, 11.5 * type * 8 / max(len(text), 1))
        span = Span(text, role if text != "…" else "muted", MONO, 600)
        yield Text(cell.right - 6.0, cell.centre[1] + 0.36 * size, (span,), size, "end")


def _heat(array: Array, rect: Rect, theme: Theme) -> Iterator[Mark]:
    """By sign, as dark as a number is large beside the largest."""
    table, type = _table(array), theme.type
    largest = _largest(table)
    high = rect.height - 17.0 * type
    unit = min(16.0 * type, rect.width / table.shape[1])
    inside = Rect(rect.x, rect.y, max(unit * table.shape[1], 14.0), high)
    yield Heat(inside, table / largest, 3.0, smooth=False)
    yield Box(inside, 3.0, None, Ink("border"), 1.0)
    words = f"{' × '.join(map(str, array.shape))}   ±{digits.small(largest)}"
    yield Text(rect.x, rect.bottom - 3.0 * type, (Span(words, "muted", MONO),), 10.5 * type)


def _histogram(array: Array, rect: Rect, role: str, theme: Theme) -> Iterator[Mark]:
    """How many numbers lie where, with a line at 0."""
    type = theme.type
    known = array[np.isfinite(array)].astype(float)
    if not known.size:
        return
    low, high = float(known.min()), float(known.max())
    if high == low:
        low, high = low - 0.5, high + 0.5
    counts, _edges = np.histogram(known, BINS, (low, high))
    inside = Rect(rect.x, rect.y + 2.0, rect.width, rect.height - 18.0 * type)
    wide = inside.width / BINS
    for place, count in enumerate(counts.tolist()):
        if count:
            tall = max(1.0, inside.height * count / int(counts.max()))
            bar = Rect(inside.x + place * wide + 0.5, inside.bottom - tall, wide - 1.0, tall)
            yield Box(bar, 1.0, Ink(role, 0.75))
    floor = np.array([[inside.x, inside.bottom], [inside.right, inside.bottom]])
    yield Line(floor, Ink("border"), 1.0)
    if low < 0.0 < high:
        x = inside.x + inside.width * -low / (high - low)
        yield Line(np.array([[x, inside.y], [x, inside.bottom]]), Ink("muted"), 1.0, (3.0, 3.0))
        zero = Text(x, rect.bottom - 3.0 * type, (Span("0", "muted", MONO),), 10.5 * type, "middle")
        if 0.2 < -low / (high - low) < 0.8:
            yield zero
    for value, x, align in ((low, inside.x, "start"), (high, inside.right, "end")):
        words = (Span(digits.small(value), "muted", MONO),)
        yield Text(x, rect.bottom - 3.0 * type, words, 10.5 * type, align)


def _columns(array: Array, width: float, theme: Theme) -> int:
    fitting = max(1, int(width // (_CELL_WIDTH * theme.type)))
    own = array.shape[-1] if array.ndim else 1
    return max(1, min(fitting, own if array.ndim > 1 and own <= fitting else fitting, array.size))


def _table(array: Array) -> Array:
    """The array with two axes: a vector is one row, more axes lie one below the other."""
    return array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)


def _largest(array: Array) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0)) or 1.0
