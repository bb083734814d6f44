"""What charts have in common: axes, curves over the steps with their names, and strips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.marks import (
    Curves,
    Discs,
    Heat,
    Ink,
    Line,
    Mark,
    Rect,
    Span,
    Text,
    shortened,
    whole_pieces,
)
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import CLASS_ROLES, Theme
from bpstudio.playback.views import thinned, ticks

SMALL = 11.0
MOST_CURVES = 12
LOW = 150.0
"""A plot lower than this, before the theme's factor, does without what it can do without."""
DASHES: tuple[tuple[float, ...], ...] = ((), (6.0, 3.0), (2.0, 2.5), (8.0, 3.0, 2.0, 3.0))
"""Curves are told apart by dash as well as by colour."""
_PIECES = 400


class Series(NamedTuple):
    """A curve: its name, the steps and a value for each."""

    name: str
    steps: Array
    values: Array


class Axis(NamedTuple):
    """From where to where values go, and whether they are drawn by their logarithm."""

    low: float
    high: float
    log: bool = False

    def share(self, values: Array) -> Array:
        """How far up each value lies, from 0 to 1."""
        found: Array = (self.scaled(values) - self._low) / ((self._high - self._low) or 1.0)
        return found

    def scaled(self, values: Array) -> Array:
        """The values, or their logarithms; those that have none are not a number."""
        if not self.log:
            return np.asarray(values, dtype=float)
        with np.errstate(all="ignore"):
            return np.where(values > 0, np.log10(np.where(values > 0, values, 1.0)), np.nan)

    @property
    def _low(self) -> float:
        return math.log10(self.low) if self.log else self.low

    @property
    def _high(self) -> float:
        return math.log10(self.high) if self.log else self.high

    def ticks(self, count: int) -> list[float]:
        """Some round values."""
        if not self.log:
            return ticks(self.low, self.high, count)
        powers = range(math.ceil(self._low - 1e-9), math.floor(self._high + 1e-9) + 1)
        every = max(1, math.ceil(len(powers) / max(count, 1)))
        return [10.0**power for power in powers[::every]]


def axis_of(values: Array, *, log: bool = False) -> Axis:
    """An axis for these values, between round numbers."""
    finite = values[np.isfinite(values)]
    if log:
        finite = finite[finite > 0]
        if not len(finite):
            return Axis(1e-3, 1.0, True)
        low, high = (math.log10(float(f(finite))) for f in (np.min, np.max))
        return Axis(
            10.0 ** math.floor(low), 10.0 ** max(math.ceil(high), math.floor(low) + 1), True
        )
    if not len(finite):
        return Axis(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    room = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return Axis(low - room if low < 0 else max(0.0, low - room), high + room)


def inside(rect: Rect, theme: Theme, *, above: float = 0.0) -> Rect:
    """The room for a chart within a rectangle, axes and their names left out."""
    left, low = 48 * theme.type, (36 if is_high(rect, theme) else 20) * theme.type
    top = 8 + above
    return Rect(
        rect.x + left,
        rect.y + top,
        max(20.0, rect.width - left - 12),
        max(20.0, rect.height - top - low),
    )


def is_high(rect: Rect, theme: Theme) -> bool:
    """Whether there is room for the name of the axis across, and for all names of curves."""
    return rect.height > LOW * theme.type


def grid(rect: Rect, x: Axis, y: Axis, theme: Theme, x_name: str) -> Iterator[Mark]:
    """Level lines with their numbers, and those of the axis across with its name, if it has one."""
    size = SMALL * theme.type
    for value in y.ticks(int(max(2, min(5, rect.height // (2.4 * size))))):
        down = rect.bottom - float(y.share(np.array(value))) * rect.height
        yield Line(np.array([[rect.x, down], [rect.right, down]]), Ink("border", 0.7), 1.0)
        yield Text(rect.x - 7, down + 4, (Span(tick(value), "muted", MONO),), size, "end")
    base = rect.bottom + 15 * theme.type
    for value in x.ticks(max(2, int(min(5, rect.width // (7 * size))))):
        across = rect.x + float(x.share(np.array(value))) * rect.width
        yield Text(across, base, (Span(tick(value), "muted", MONO),), size, "middle")
    if x_name:
        place = rect.centre[0], base + 14 * theme.type
        yield Text(*place, (Span(x_name, "muted"),), size, "middle")


def tick(value: float) -> str:
    """A number on an axis, as short as it can be."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:,.6g}".replace(",", "\u2009").replace("-", digits.MINUS)
    return f"{value:.0e}".replace("e-0", f"e{digits.MINUS}").replace("e+0", "e").replace("-", "−")


def legend(names: Sequence[str], rect: Rect, theme: Theme) -> tuple[list[Mark], float]:
    """The names with a piece of each one's line, in rows from the top; and how high they are."""
    size, marks = SMALL * theme.type, list[Mark]()
    x, y, row = rect.x, rect.y + 8 * theme.type, 16 * theme.type
    rows = 3 if is_high(rect, theme) else 1
    for index, name in enumerate(names):
        span = Span(shortened(name, 0.6 * rect.width, size), "text")
        text = Text(x + 22, y + 4, (span,), size)
        if x > rect.x and text.rect.right > rect.right:
            x, y, rows = rect.x, y + row, rows - 1
            if not rows:
                y -= row
                break
            text = Text(x + 22, y + 4, (span,), size)
        ends = np.array([[x, y], [x + 17, y]])
        marks += [Line(ends, _ink(index), 1.8 * theme.wire**0.5, _dash(index)), text]
        x = text.rect.right + 14
    return marks, y + row - rect.y


def curves(
    series: Sequence[Series],
    rect: Rect,
    theme: Theme,
    *,
    here: int,
    last: int,
    log: bool = False,
    level: float | None = None,
) -> tuple[Mark, ...]:
    """Curves over the steps with their names, and a line at the step that is shown.

    `level` is a value to compare with, drawn as a dotted line. A value that is not a number leaves
    a gap in its curve.
    """
    shown = [each for each in series if np.isfinite(each.values).any()][:MOST_CURVES]
    if not shown:
        raise nothing_yet()
    named, high = legend([each.name for each in shown], rect, theme)
    room = inside(rect, theme, above=high)
    values = np.concatenate([each.values for each in shown])
    if level is not None:
        values = np.append(values, level)
    x, y = Axis(0.0, float(max(last, 1))), axis_of(values, log=log)
    across_name = _("step") if is_high(rect, theme) else ""
    marks: list[Mark] = [*named, *grid(room, x, y, theme, across_name)]
    if level is not None:
        down = room.bottom - float(y.share(np.array(level))) * room.height
        ends = np.array([[room.x, down], [room.right, down]])
        marks.append(Line(ends, Ink("muted"), 1.2, (2.0, 3.0)))
    for index, each in enumerate(shown):
        kept = thinned(each.values, _PIECES)
        across = room.x + x.share(each.steps[kept]) * room.width
        heights = room.bottom - y.share(each.values[kept]) * room.height
        marks += curve(np.stack([across, heights], axis=1), index, theme)
    marks.append(moment(room, x, here))
    return tuple(marks)


def strip(
    edges: Array, steps: Array, shares: Array, rect: Rect, theme: Theme, *, here: int, last: int
) -> tuple[list[Mark], Axis, Axis]:
    """A heat strip: for each step how the numbers are spread over bins, (steps, bins).

    The darker, the more of them lie there; also returned are the two axes.
    """
    x, y = Axis(0.0, float(max(last, 1))), Axis(float(edges[0]), float(edges[-1]))
    columns = max(2, min(_PIECES, int(rect.width)))
    at = (np.arange(columns) + 0.5) / columns * x.high
    nearest = np.clip(np.searchsorted(steps, at, side="right") - 1, 0, len(steps) - 1)
    dense = np.sqrt(shares[nearest] / (shares.max() or 1.0)).T[::-1]
    heat = Heat(rect, dense, 0.0, np.zeros(dense.shape, dtype=int), smooth=False)
    name = _("step") if rect.height > LOW * theme.type - 44 else ""
    marks: list[Mark] = [heat, *grid(rect, x, y, theme, name), moment(rect, x, here)]
    return marks, x, y


def moment(rect: Rect, x: Axis, here: int) -> Line:
    """A line at the step that is shown."""
    across = rect.x + min(1.0, float(x.share(np.array(float(here))))) * rect.width
    ends = np.array([[across, rect.y], [across, rect.bottom]])
    return Line(ends, Ink("accent"), 1.0, (2.0, 2.0))


def segments(pieces: Array, ink: Ink, width: float) -> Curves:
    """Straight pieces (n, 2, 2) as one mark."""
    a, b = pieces[:, :1], pieces[:, 1:]
    controls = np.concatenate([a, a + (b - a) / 3, a + (b - a) * 2 / 3, b], axis=1)
    return Curves(controls, ink, np.full(len(pieces), width))


def curve(points: Array, index: int, theme: Theme) -> Iterator[Mark]:
    """A curve through these places with gaps where it has no value; a point alone is a disc.

    Its number among the curves chooses its dash and its colour.
    """
    ink = _ink(index)
    for whole in whole_pieces(points):
        if len(whole) == 1:
            yield Discs(whole, 2.4, ink)
        else:
            yield Line(whole, ink, 1.6 * theme.wire**0.5, _dash(index))


def nothing_yet() -> StudioError:
    """There is no step to look back at."""
    return StudioError(N_("Nothing was recorded of a training yet. Train some steps."))


def _ink(index: int) -> Ink:
    return Ink(CLASS_ROLES[index % len(CLASS_ROLES)])


def _dash(index: int) -> tuple[float, ...]:
    return DASHES[index % len(DASHES)]
