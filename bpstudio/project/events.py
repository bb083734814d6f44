"""What happened on the way of a training, to be jumped to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.project.comparing import name_of, what_changed
from bpstudio.project.past import Stretch
from bpstudio.training.line import Run

FAILED, SPIKE, CHANGE, BRANCH, MARK = "failed", "spike", "change", "branch", "mark"
"""The kinds of events: it ended with a number that is not finite, the loss jumped up, settings or
data were changed, the run went on from another one, a person marked it."""

HIGHER = 3.0
"""A loss that is so many times the highest one shortly before is a spike."""
MOST_SPIKES = 8
"""Of more spikes the highest are told."""
BLOCKS = 400
"""Long runs are searched in so many blocks; shorter ones in blocks of 10 steps."""
_known: WeakKeyDictionary[Run, tuple[int, ...]] = WeakKeyDictionary()
"""The spikes of runs that are still held elsewhere: a run has its losses and its data with it."""


class Event(NamedTuple):
    """Something that happened at a step, and what it was, in words."""

    step: int
    kind: str
    text: str


def events(stretches: Sequence[Stretch]) -> tuple[Event, ...]:
    """All that happened on this way, in order."""
    found = [event for stretch in stretches for event in _of(stretch)]
    return tuple(sorted(found, key=lambda event: event.step))


def spikes(losses: Array) -> tuple[int, ...]:
    """The steps whose loss is far higher than those shortly before: at most `MOST_SPIKES`.

    A step has so many steps behind it when its loss is computed.
    """
    width = max(10, -(-len(losses) // BLOCKS))
    count = len(losses) // width
    if count < 2:
        return ()
    blocks = np.where(np.isfinite(losses), losses, -np.inf)[: count * width].reshape(count, width)
    highest = blocks.max(axis=1)
    with np.errstate(invalid="ignore"):
        jumps = (highest[1:] > HIGHER * highest[:-1]) & (highest[:-1] > 0)
    places = np.flatnonzero(jumps) + 1
    if len(places) > MOST_SPIKES:
        ratios = highest[places] / highest[places - 1]
        places = np.sort(places[np.argsort(ratios)[-MOST_SPIKES:]])
    return tuple(int(place * width + blocks[place].argmax()) for place in places)


def _of(stretch: Stretch) -> Iterator[Event]:
    run, begin, end = stretch
    if run.parent:
        text = _("{run} went on from here").format(run=name_of(run))
        yield Event(begin, BRANCH, text)
    before = run.line.job
    for step, change in run.line.changes:
        after = before.changed(change)
        changes = what_changed(before, after)
        if step <= end and changes:
            yield Event(step, CHANGE, _("From here: {changes}").format(changes=changes))
        before = after
    for step in _spikes(run):
        if begin <= step < end:
            text = _("The loss jumps up to {loss}").format(loss=f"{run.losses[step]:.3g}")
            yield Event(step, SPIKE, text)
    if run.problem and end == run.end:
        yield Event(end, FAILED, run.problem)
    for step in run.marks:
        if step <= end:
            yield Event(step, MARK, _("Your mark"))


def _spikes(run: Run) -> tuple[int, ...]:
    if run not in _known:
        _known[run] = spikes(run.losses)
    return _known[run]
