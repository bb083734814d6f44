"""What a plot is: a way to draw what is known of a network in training, with its explanation."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.playback.marks import Mark, Picture, Rect
from bpstudio.playback.palette import Theme
from bpstudio.project.project import Project
from bpstudio.training.landscape import Landscape
from bpstudio.training.trail import Trail


class Choice(NamedTuple):
    """Something that a person can choose: its name, and the options with their texts.

    Without options it is a number from `low` to `high`, and `start` is what it is at first.
    """

    name: str
    title: str
    options: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 1.0
    start: float = 0.0


@dataclass(frozen=True, eq=False)
class Look:
    """What a plot is drawn from: what the studio shows, and what is known of the way there.

    `project` is the part of the network that runs, with the shown `weights` of step `step`; `last`
    is the newest step. `chosen` has what a person chose by the choice's name.
    """

    project: Project
    weights: Mapping[str, Array] = field(default_factory=dict)
    step: int = 0
    last: int = 0
    recording: Recording | None = None
    trail: Trail = field(default_factory=Trail)
    landscape: Landscape | None = None
    training: bool = False
    chosen: Mapping[str, str] = field(default_factory=dict)

    def choice(self, choice: Choice) -> str:
        """What is chosen, as long as there is such an option; else the first one."""
        wanted = self.chosen.get(choice.name, "")
        options = [key for key, _text in choice.options]
        return wanted if wanted in options or not options else options[0]

    def number(self, choice: Choice) -> float:
        """The number that is chosen, within its range."""
        wanted = self.chosen.get(choice.name)
        value = choice.start if wanted is None else float(wanted)
        return min(max(value, choice.low), choice.high)


class Table(NamedTuple):
    """The numbers of a plot: a name for each column, and rows."""

    names: Sequence[str]
    rows: Iterable[Sequence[object]]

    def csv(self) -> str:
        """As a table of a spreadsheet; numbers are written whole."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows(self.rows)
        return stream.getvalue()


@dataclass(frozen=True, eq=False)
class Drawing:
    """A plot as it was drawn: marks in pixels, and the numbers behind them."""

    marks: tuple[Mark, ...]
    table: Table

    def picture(self, rect: Rect) -> Picture:
        """As a picture of a page of its own."""
        return Picture(rect, self.marks)


@dataclass(frozen=True, eq=False)
class Plot:
    """A kind of plot.

    `sees` says what one sees and `seek` what to look for, a sentence each. `draw` draws it into a
    rectangle; it raises StudioError, saying what is missing, where there is nothing to see.
    `choices` are what a person can choose now. A plot that `follows` needs the trail, one that
    `surveys` the loss around the weights, one that `foretells` the update that comes next.
    """

    name: str
    title: str
    sees: str
    seek: str
    draw: Callable[[Look, Rect, Theme], Drawing]
    choices: Callable[[Look], tuple[Choice, ...]]
    follows: bool = False
    surveys: bool = False
    foretells: bool = False


def nothing_to_choose(_look: Look) -> tuple[Choice, ...]:
    """The choices of a plot that has none."""
    return ()
