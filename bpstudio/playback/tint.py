"""How wrong the gradients of a network are, coloured on its picture.

Any mapping from nodes to relative errors can be shown: a gradient check's, or one that a lesson
made. Error is told three ways at once: by how deep the colour is, by a sign, and by a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bpstudio.engine.places import place_of
from bpstudio.language import _
from bpstudio.playback import digits, metrics
from bpstudio.playback.bodies import Body
from bpstudio.playback.ground import outline
from bpstudio.playback.marks import Box, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import Theme
from bpstudio.playback.scene import Scene

if TYPE_CHECKING:
    # With the compiled plans that a check runs it would delay the first paint.
    from bpstudio.engine.check import Check

FINE, BAD = 1e-7, 1e-2
"""Relative errors: up to the first a gradient is right for certain, from the second on it is wrong
(CS231n, "Gradient checks"); the colour goes from one to the other by powers of ten."""
RIGHT, KINK, WRONG = "✓", "∧", "✗"
_DEPTH = 0.62
_CHIP = 11.0


@dataclass(frozen=True, eq=False)
class Tint:
    """The largest relative error at each node, and which of them stand at a kink.

    `blamed` are the nodes where a gradient goes wrong, rather than arriving wrong already.
    """

    errors: Mapping[str, float]
    kinks: frozenset[str] = frozenset()
    blamed: frozenset[str] = field(default_factory=frozenset)

    def of(self, body: Body) -> float | None:
        """The error of what is drawn as one; None where nothing is known of it."""
        found = [self.errors[id] for id in body.ids if id in self.errors]
        return max(found) if found else None


def tint_of(check: Check) -> Tint:
    """What a check of a whole graph, wires and all, found at each node."""
    kinks = frozenset(place_of(entry.key)[0] for entry, _ in check.kinks)
    return Tint(check.errors, kinks, frozenset(check.blamed))


def depth(error: float) -> float:
    """How deep an error's colour is: 0 up to FINE, 1 from BAD on."""
    if not error > FINE:
        return 1.0 if math.isnan(error) else 0.0
    if math.isinf(error):
        return 1.0
    whole = math.log10(BAD / FINE)
    return min(1.0, math.log10(error / FINE) / whole)


def tinted(scene: Scene, tint: Tint) -> Iterator[Mark]:
    """What lies over each body that was checked: a veil, a ring, and a chip with the error."""
    theme = scene.theme
    for body in scene.each:
        error = tint.of(body)
        if error is None:
            continue
        share, line = depth(error), theme.wire**0.5
        kink = any(id in tint.kinks for id in body.ids)
        blamed = any(id in tint.blamed for id in body.ids)
        role = "gradient" if share else "local" if kink else "forward"
        rect = body.rect.grown(3.0)
        radius = min(outline(body), body.rect.height / 2) + 3.0
        fill = Ink("gradient", _DEPTH * share) if share else None
        wide = (3.6 if blamed else 1.8) * line
        yield Box(rect, radius, fill, Ink(role), wide, (4.0, 3.0) if kink else ())
        yield from _chip(body, error, role, kink, theme)


def legend(tint: Tint, width: float, theme: Theme) -> Iterator[Mark]:
    """What the colours mean, in the right upper corner of a view of that width, in pixels."""
    type = theme.type
    letters, pad, wide, high = 11.0 * type, 10.0 * type, 132.0 * type, 9.0 * type
    title = Text(0, 0, (Span(_("relative error of the gradient"), "text", PROSE, 600),), letters)
    rows = [_("{sign} right").format(sign=RIGHT), _("{sign} wrong").format(sign=WRONG)]
    if tint.kinks:
        rows.insert(1, _("{sign} at a kink").format(sign=KINK))
    key = "   ".join(rows)
    keys = Text(0, 0, (Span(key, "muted", PROSE),), letters)
    inner = max(title.width, keys.width, wide)
    across, down = inner + 2 * pad, 4 * letters + high + 2.4 * pad
    box = Rect(width - 12.0 - across, 12.0, across, down)
    yield Box(box, 8.0, Ink("panel", 0.94), Ink("border"), 1.0)
    x, y = box.x + pad, box.y + pad + 0.8 * letters
    yield Text(x, y, title.spans, letters)
    y += 0.55 * letters
    for step in range(24):
        part = Rect(x + step * inner / 24, y, inner / 24 + 0.5, high)
        yield Box(part, 0.0, Ink("gradient", _DEPTH * step / 23))
    yield Box(Rect(x, y, inner, high), 0.0, None, Ink("border"), 1.0)
    y += high + 1.15 * letters
    for place, words, align in (
        (x, f"≤ {_power(FINE)}", "start"),
        (x + inner, f"≥ {_power(BAD)}", "end"),
    ):
        yield Text(place, y, (Span(words, "muted", MONO),), 0.95 * letters, align)
    yield Text(x, y + 1.4 * letters, keys.spans, letters)


def _chip(body: Body, error: float, role: str, kink: bool, theme: Theme) -> Iterator[Mark]:
    """The error in figures, on the upper edge of the body."""
    sign = WRONG if depth(error) else KINK if kink else RIGHT
    size = _CHIP * theme.type
    number = _("kink") if kink and not depth(error) else _figures(error)
    spans = (Span(f"{sign} ", role, PROSE, 700), Span(number, role, MONO, 600))
    middle, edge = body.rect.centre[0], body.rect.y - 3.0
    text = Text(middle, edge + metrics.CAP_HEIGHT * size / 2, spans, size, "middle")
    room = Rect(text.left - 5.0, edge - 0.75 * size, text.width + 10.0, 1.5 * size)
    yield Box(room, room.height / 2, Ink("canvas"), Ink(role), 1.2)
    yield text


def _figures(error: float) -> str:
    if not np.isfinite(error):
        return "∞"
    return "0" if error == 0 else digits.small(error)


def _power(number: float) -> str:
    return f"1e{round(math.log10(number))}".replace("-", digits.MINUS)
