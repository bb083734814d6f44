"""One update: each weight before it and after it, with the step as an arrow."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import Update
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.marks import Discs, Ink, Line, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import SMALL, Axis, axis_of, grid, inside, nothing_yet
from bpstudio.playback.plots.layers import weight_name
from bpstudio.playback.plots.plot import Choice, Drawing, Look, Plot, Table

MOST = 60
"""Of a larger weight the entries that change most are shown."""
FACTORS = tuple(f * 10**power for power in range(6) for f in (1, 2, 5))
SEEN = 0.3
"""The longest arrow is about this share of the height."""


def choices(look: Look) -> tuple[Choice, ...]:
    """Which weight."""
    keys = tuple((key, weight_name(look.project, key)) for key in _updates(look))
    return (Choice("of", _("of"), keys),) if keys else ()


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """Hollow is before, full is after. Steps that are too small to see are drawn longer."""
    chosen = choices(look)
    if not chosen and look.training:
        raise StudioError(
            N_("The next step of so large a network is known when training pauses. Pause it.")
        )
    if not chosen:
        raise nothing_yet()
    key = look.choice(chosen[0])
    update = _updates(look)[key]
    before, step = update.before.ravel(), (update.after - update.before).ravel()
    kept = np.sort(np.argsort(-np.abs(np.nan_to_num(step)), kind="stable")[:MOST])
    room = inside(rect, theme, above=16 * theme.type)
    y = axis_of(np.concatenate([before[kept], update.after.ravel()[kept]]))
    factor = _factor(step[kept], y)
    ends = before[kept] + factor * step[kept]
    y = axis_of(np.concatenate([before[kept], ends]))
    x = Axis(-0.5, len(kept) - 0.5)
    across = room.x + x.share(np.arange(len(kept), dtype=float)) * room.width
    first = np.stack([across, room.bottom - y.share(before[kept]) * room.height], axis=1)
    last = np.stack([across, room.bottom - y.share(ends) * room.height], axis=1)
    size = SMALL * theme.type
    words = _("arrows are {factor} times as long as the step").format(factor=factor)
    told = words if factor > 1 else _("arrows are as long as the step")
    marks: list[Mark] = [Text(room.x, rect.y + 12 * theme.type, (Span(told, "muted"),), size)]
    levels = [m for m in grid(room, x, y, theme, _("entry")) if not _number_across(m, room)]
    marks += [*levels, *_entries(update.before.shape, kept, across, room, theme)]
    for begin, end in zip(first, last, strict=True):
        if np.isfinite([*begin, *end]).all():
            marks += _arrow(begin, end, theme)
    marks.append(Discs(first, 3.4 * theme.wire**0.4, Ink("panel"), Ink("text"), 1.3))
    names = ["entry", "before", "gradient", "step", "after"]
    columns = (before, update.gradient.ravel(), step, update.after.ravel())
    entries = [_entry(index) for index in np.ndindex(update.before.shape)]
    return Drawing(
        tuple(marks), Table(names, zip(entries, *(c.tolist() for c in columns), strict=True))
    )


def _updates(look: Look) -> dict[str, Update]:
    if look.recording is None:
        return {}
    return {f"{each.node}.{each.port}": each for each in look.recording.updates}


def _factor(step: Array, y: Axis) -> int:
    """How much longer than they are the arrows have to be so that one sees them."""
    longest = float(np.abs(np.nan_to_num(step)).max(initial=0.0))
    if not longest:
        return 1
    wanted = SEEN * (y.high - y.low) / longest
    return max([factor for factor in FACTORS if factor <= wanted], default=1)


def _number_across(mark: Mark, room: Rect) -> bool:
    """Whether a mark is a number of the axis across: entries have names of their own."""
    return isinstance(mark, Text) and mark.align == "middle" and mark.spans[0].kind == MONO


def _entries(
    shape: tuple[int, ...], kept: Array, across: Array, room: Rect, theme: Theme
) -> list[Mark]:
    size, marks, free = SMALL * theme.type, list[Mark](), room.x - 20
    indices = list(np.ndindex(shape))
    for place, x in zip(kept.tolist(), across.tolist(), strict=True):
        span = Span(_entry(indices[place]), "muted", MONO)
        text = Text(x, room.bottom + 15 * theme.type, (span,), size, "middle")
        if text.left > free + 5:
            marks.append(text)
            free = text.rect.right
    return marks


def _entry(index: tuple[int, ...]) -> str:
    return ",".join(str(i + 1) for i in index) or "1"


def _arrow(begin: Array, end: Array, theme: Theme) -> list[Mark]:
    """A line with a head, from a disc on."""
    ink, width = Ink("update"), 1.8 * theme.wire**0.5
    length = float(abs(end[1] - begin[1]))
    if length < 1:
        return [Discs(end[None], 1.6, ink)]
    down = 1.0 if end[1] > begin[1] else -1.0
    high = min(6.0, length)
    head = np.array([end, end - [3.4, down * high], end - [-3.4, down * high]])
    return [Line(np.array([begin, end - [0, down * high]]), ink, width), Line(head, None, fill=ink)]


PLOT = Plot(
    "steps",
    N_("Step arrows"),
    N_(
        "Each entry of a weight as a ring at its value, with the step that the next update takes "
        "it as an arrow."
    ),
    N_(
        "Look for arrows that all point one way, and for entries that hardly move; small steps "
        "are drawn longer, by the factor that stands above."
    ),
    draw,
    choices,
    foretells=True,
)
