"""The error of numeric gradients against the nudge h, on logarithmic axes.

From the right the error falls with h: a curve looks straight if one goes close enough. From the
left it rises again, because the two values that are subtracted agree in ever more of their digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from bpstudio.engine.differences import Difference
from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.marks import Discs, Ink, Line, Mark, Rect, Span, Text, width_of
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import Theme

NUDGES: tuple[float, ...] = tuple(10.0 ** (power / 2.0) for power in range(-30, 1))
"""The nudges at which the error is looked at: from 1e−15 to 1, two for each power of ten."""
LEAST = 1e-17
"""An error of 0 is drawn as this."""
_HIGHEST = 1e2
_STYLES: tuple[tuple[str, tuple[float, ...]], ...] = (("strong", (5.0, 4.0)), ("forward", ()))
"""The colour and the dash of forward and of central differences."""


def best(curve: Sequence[Difference]) -> Difference | None:
    """The nudge at which the central difference is nearest to the backward pass."""
    known = [each for each in curve if math.isfinite(each.central_error)]
    return min(known, key=lambda each: each.central_error, default=None)


def error_marks(curve: Sequence[Difference], rect: Rect, theme: Theme) -> Iterator[Mark]:
    """Both curves in a rectangle, with the best h and which error rules on either side of it."""
    size = 11.0 * theme.type
    h = np.array([each.h for each in curve])
    both = [
        _seen([getattr(each, name) for each in curve])
        for name in ("forward_error", "central_error")
    ]
    low = math.floor(math.log10(min(float(errors.min()) for errors in both)))
    high = math.ceil(math.log10(max(float(errors.max()) for errors in both)))
    plot = _Plot(rect, (math.log10(h[0]), math.log10(h[-1])), (low, max(high, low + 1)))
    yield from plot.lines(theme)
    for errors, (role, dash) in zip(both, _STYLES, strict=True):
        yield Line(plot.places(h, errors), Ink(role), 1.8 * theme.wire**0.5, dash)
    yield from _key(rect, theme)
    found = best(curve)
    if found is None:
        return
    at = plot.places(np.array([found.h]), _seen([found.central_error]))
    x = float(at[0, 0])
    yield Line(np.array([[x, rect.y], [x, rect.bottom]]), Ink("accent", 0.7), 1.0, (3.0, 3.0))
    yield Discs(at, 4.5, Ink("accent"), Ink("panel"), 1.5)
    words = _("best h = {h}").format(h=power_of(found.h))
    align = "start" if x < rect.centre[0] else "end"
    shift = 6.0 if align == "start" else -6.0
    y = max(rect.y + 3.9 * size, float(at[0, 1]) - 1.1 * size)
    yield Text(x + shift, y, (Span(words, "accent", PROSE, 600),), size, align, "panel")
    low_line = rect.bottom - 0.6 * size
    for left, right, said in ((rect.x, x, _("rounding")), (x, rect.right, _("truncation"))):
        text = Text((left + right) / 2, low_line, (Span(said, "muted"),), size, "middle", "panel")
        if text.width + 8 < right - left:
            yield text


def power_of(number: float) -> str:
    """A number as a power of ten: `1e−5`, `3e−6`."""
    exponent = math.floor(math.log10(number) + 1e-9)
    lead = round(number / 10.0**exponent)
    return f"{lead}e{exponent}".replace("-", digits.MINUS)


class _Plot:
    """Where powers of ten stand in a rectangle."""

    def __init__(self, rect: Rect, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.rect, self.x, self.y = rect, x, y

    def places(self, h: Array, errors: Array) -> Array:
        """The points of a curve."""
        across = (np.log10(h) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.log10(errors) - self.y[0]) / (self.y[1] - self.y[0])
        return np.stack(
            [self.rect.x + across * self.rect.width, self.rect.bottom - up * self.rect.height], 1
        )

    def lines(self, theme: Theme) -> Iterator[Mark]:
        """A grid with the powers of ten beside it."""
        rect, size = self.rect, 10.0 * theme.type
        for ends, vertical in ((self.x, True), (self.y, False)):
            room = (rect.width / (4.6 * size)) if vertical else (rect.height / (2.2 * size))
            every = max(1, math.ceil((ends[1] - ends[0]) / max(room, 1.0)))
            for power in range(math.ceil(ends[0]), math.floor(ends[1]) + 1):
                if power % every:
                    continue
                share = (power - ends[0]) / (ends[1] - ends[0])
                words = (Span(f"1e{power}".replace("-", digits.MINUS), "muted", MONO),)
                if vertical:
                    x = rect.x + share * rect.width
                    yield Line(np.array([[x, rect.y], [x, rect.bottom]]), Ink("grid"), 1.0)
                    yield Text(x, rect.bottom + 1.4 * size, words, size, "middle")
                else:
                    y = rect.bottom - share * rect.height
                    yield Line(np.array([[rect.x, y], [rect.right, y]]), Ink("grid"), 1.0)
                    yield Text(rect.x - 5.0, y + 0.35 * size, words, size, "end")
        frame = [[rect.x, rect.y], [rect.x, rect.bottom], [rect.right, rect.bottom]]
        yield Line(np.array(frame), Ink("border"), 1.0)
        name = (Span("h", "text", MONO, 600),)
        yield Text(rect.right + 1.8 * size, rect.bottom + 1.4 * size, name, size, "start")


def _key(rect: Rect, theme: Theme) -> Iterator[Mark]:
    """What the two lines are, in the upper middle, above where both are small."""
    size = 11.0 * theme.type
    y = rect.y + size
    texts = (_("forward difference"), _("central difference"))
    wide = max(width_of((Span(text, "text"),), size) for text in texts)
    left = rect.centre[0] - wide / 2 + 13.0
    for words, (role, dash) in zip(texts, _STYLES, strict=True):
        yield Text(left, y, (Span(words, "text"),), size, "start", "panel")
        line = np.array([[left - 26.0, y - 0.35 * size], [left - 6.0, y - 0.35 * size]])
        yield Line(line, Ink(role), 1.8 * theme.wire**0.5, dash)
        y += 1.4 * size


def _seen(errors: Sequence[float]) -> Array:
    """Errors that can be drawn: neither 0 nor infinite."""
    seen: Array = np.nan_to_num(np.clip(np.array(errors), LEAST, _HIGHEST), nan=_HIGHEST)
    return seen
