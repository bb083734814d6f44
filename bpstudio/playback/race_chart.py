"""The loss of two trainings that race, against the passes and against the time that they took."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import Axis, axis_of, curve, grid, inside, legend
from bpstudio.playback.plots.plot import Choice, Drawing, Table
from bpstudio.training.race import Lane, TrainingRace

LOG, LINEAR = "log", "linear"
BOTH, PASSES, SECONDS = "both", "passes", "seconds"
GAP = 10.0
NARROW = 360.0
"""Narrower than this, before the theme's factor, there is no room for both."""


def choices() -> tuple[Choice, ...]:
    """Against what the loss is drawn, and on what scale."""
    price = ((BOTH, _("passes and time")), (PASSES, _("passes")), (SECONDS, _("time")))
    scale = ((LOG, _("logarithmic")), (LINEAR, _("linear")))
    return (
        Choice("price", _("What is drawn across"), price),
        Choice("scale", _("Scale across"), scale),
    )


def names() -> tuple[str, str]:
    """What the lanes are called, in their order."""
    return _("backpropagation"), _("differences")


def race_chart(
    race: TrainingRace | None, rect: Rect, theme: Theme, *, price: str = BOTH, scale: str = LOG
) -> Drawing:
    """The loss by passes and by seconds, side by side; where there is little room, by passes.

    Raises StudioError as long as no step was taken.
    """
    if race is None or not any(len(lane.course) for lane in race.lanes):
        raise StudioError(N_("No step was taken yet. Start the race."))
    named, high = legend(names(), rect, theme)
    drawn = [1] if price == SECONDS else [0]
    if price == BOTH and rect.width >= NARROW * theme.type:
        drawn = [0, 1]
    wide = (rect.width - GAP * (len(drawn) - 1)) / len(drawn)
    y = axis_of(np.concatenate([lane.course[:, 2] for lane in race.lanes]), log=True)
    marks = list(named)
    for place, column in enumerate(drawn):
        left = rect.x + place * (wide + GAP)
        room = Rect(left, rect.y + high, wide, rect.height - high)
        marks += _chart(race, column, y, scale, room, theme)
    return Drawing(tuple(marks), _table(race.lanes))


def _chart(
    race: TrainingRace, column: int, y: Axis, scale: str, rect: Rect, theme: Theme
) -> Iterator[Mark]:
    room = inside(rect, theme)
    spent = [lane.course[:, column] for lane in race.lanes]
    x = axis_of(np.concatenate(spent), log=True)
    if scale != LOG:
        x = Axis(0.0, max(float(each.max(initial=0.0)) for each in spent) or 1.0)
    yield from grid(room, x, y, theme, _("seconds of work") if column else _("passes"))
    for index, (lane, at) in enumerate(zip(race.lanes, spent, strict=True)):
        across = room.x + x.share(at) * room.width
        down = room.bottom - y.share(lane.course[:, 2]) * room.height
        yield from curve(np.stack([across, down], axis=1), index, theme)


def _table(lanes: tuple[Lane, ...]) -> Table:
    rows = [[lane.way, *row] for lane in lanes for row in lane.course.tolist()]
    return Table(["way", "passes", "seconds", "loss"], rows)
