"""A sweep as a grid of pictures: one for each combination of settings, with what came of it.

The first thing that is varied goes down, all others across; a single one goes across. A picture
shows the run whose loss is the median of its seeds, so that neither luck nor bad luck is what one
sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.language import _, ngettext
from bpstudio.playback.marks import Box, Discs, Ink, Mark, Picture, Rect, Span, Text, width_of
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import CLASS_ROLES, LIGHT, Theme
from bpstudio.playback.planes import over
from bpstudio.playback.views import FEW_POINTS, answer_map, point_places
from bpstudio.project import vary
from bpstudio.project.project import Project, predicting_node
from bpstudio.training.probes import Plane, plane_of
from bpstudio.training.sweep import Outcome, Sweep, Trial, Varied

PAD, GAP, HEAD = 16.0, 12.0, 24.0
CELLS = 56
"""Points along each side of a small map."""
MOST_POINTS = 400
"""Of more points only so many are drawn into a small map."""

BETWEEN, SMALLER = " · ", 0.85
"""What stands between the parts of a verdict, and how much smaller it may be written to fit."""
MANY = 10
"""From so many seeds on it is asked how many of them learn a few rows."""


@dataclass(frozen=True)
class Cell:
    """A place of the grid: its settings, and the numbers of its trials, a seed each.

    `starts` says that it is about how many starts learn a few rows, and not how well.
    """

    row: int
    column: int
    settings: Varied
    trials: tuple[int, ...]
    starts: bool = False


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells, and what stands above the columns and before the rows."""

    cells: tuple[Cell, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a cell shows: the answers of a variant over a plane."""

    project: Project
    answer: str
    outputs: Array
    plane: Plane


def grid_of(sweep: Sweep) -> Grid:
    """How the sweep lies in rows and columns."""
    first = len(sweep.vary) > 1
    down, across = sweep.vary[:first], sweep.vary[first:]
    rows = list(_combined(down))
    columns = list(_combined(across))
    trials: dict[Varied, list[Trial]] = {}
    for trial in sweep.trials:
        trials.setdefault(trial.settings, []).append(trial)
    starts = len(sweep.seeds) >= MANY and sweep.trials[0].job.rows <= FEW_POINTS
    cells = [
        Cell(
            row,
            column,
            (*above, *beside),
            tuple(trial.number for trial in trials[(*above, *beside)]),
            starts,
        )
        for row, above in enumerate(rows)
        for column, beside in enumerate(columns)
    ]
    return Grid(tuple(cells), tuple(map(words, rows)), tuple(map(words, columns)))


def words(settings: Varied) -> str:
    """Settings as one reads them: `dense1.units 3, λ 0.01`."""
    return ", ".join(f"{named(name)} {_value(value)}" for name, value in settings)


def named(name: str) -> str:
    """A setting as it is called on a picture."""
    known = {"l2": "λ", "l1": "λ₁", "learning_rate": "α"}
    if name in known:
        return known[name]
    id, _dot, setting = name.partition(".")
    return f"{id}: {_(setting.replace('_', ' '))}" if setting else _(name.replace("_", " "))


def typical(cell: Cell, outcomes: Mapping[int, Outcome]) -> Outcome | None:
    """The outcome whose loss is the median of those of the cell; the lower of two."""
    known = [outcomes[number] for number in cell.trials if number in outcomes]
    known.sort(key=lambda outcome: (np.isnan(outcome.loss), outcome.loss))
    return known[(len(known) - 1) // 2] if known else None


def verdict(cell: Cell, outcomes: Mapping[int, Outcome]) -> str:
    """What came of the cell's trials, in a few words: medians, or how many solved their task."""
    known = [outcomes[number] for number in cell.trials if number in outcomes]
    if not known:
        return ""
    solved = [outcome for outcome in known if outcome.solved]
    if cell.starts:
        return _("{solved} of {count} solved").format(solved=len(solved), count=len(known))
    parts = []
    accuracy = median(outcome.accuracy for outcome in known)
    if accuracy is None:
        loss = median(outcome.loss for outcome in known)
        parts.append("∞" if loss is None else _("loss {loss:.3g}").format(loss=loss))
    else:
        parts.append(f"{accuracy:.0%}")
    tested = median(outcome.test_accuracy for outcome in known)
    if tested is not None:
        parts.append(_("test {share:.0%}").format(share=tested))
    regions = median(outcome.regions for outcome in known)
    if regions is not None:
        count = f"{regions:g}"
        parts.append(
            ngettext("{count} region", "{count} regions", round(regions)).format(count=count)
        )
    return BETWEEN.join(parts)


def fitted(said: str, room: float, size: float) -> Text:
    """As much of a verdict as there is room for, its first words at least; it begins at 0."""
    parts = said.split(BETWEEN)
    spans = (Span(said, "muted", MONO),)
    while len(parts) > 1 and width_of(spans, SMALLER * size) > room:
        parts.pop()
        spans = (Span(BETWEEN.join(parts), "muted", MONO),)
    return Text(0.0, 0.0, spans, min(size, size * room / max(1.0, width_of(spans, size))), "middle")


def median(values: Iterable[float | None]) -> float | None:
    """The median of the finite ones, if there is one."""
    finite = [v for v in values if v is not None and np.isfinite(v)]
    return float(np.median(finite)) if finite else None


def seen(varied: Project, weights: Mapping[str, Array]) -> Seen | None:
    """The answers of a variant with these weights over its two inputs; None without such."""
    data = varied.data
    plane = None if data is None else plane_of(data.features, CELLS)
    if not isinstance(plane, Plane) or len(plane.low) != 2:
        return None
    if not all(np.isfinite(weight).all() for weight in weights.values()):
        return None
    answer = predicting_node(varied)
    outputs = over(varied, plane, [answer], weights).get(answer)
    return None if outputs is None else Seen(varied, answer, outputs, plane)


def cell_marks(view: Seen | None, rect: Rect, theme: Theme) -> Iterator[Mark]:
    """A small map with its points in a square; an empty one where there is nothing to see."""
    if view is None:
        yield Box(rect, 8.0, Ink("canvas"), Ink("border"), 1.0)
        return
    yield answer_map(view.project, view.answer, view.outputs, view.plane, rect)
    yield Box(rect, 8.0, None, Ink("border"), 1.2)
    if view.project.data is not None:
        yield from _points(view.project.data, view.plane, rect)


def picture(
    project: Project,
    sweep: Sweep,
    outcomes: Mapping[int, Outcome],
    *,
    theme: Theme = LIGHT,
    side: float = 150.0,
) -> Picture:
    """The whole grid with its names and verdicts."""
    grid, size = grid_of(sweep), 12.0 * theme.type
    names = [(Span(name, "text", PROSE, 600),) for name in grid.rows]
    left = PAD + max(width_of(name, size) for name in names) + GAP
    line = 1.6 * size
    marks: list[Mark] = []
    for column, name in enumerate(grid.columns):
        if name:
            middle = left + column * (side + GAP) + side / 2
            marks.append(
                Text(middle, PAD + size, (Span(name, "text", PROSE, 600),), size, "middle")
            )
    top = PAD + HEAD * theme.type
    for row, spans in enumerate(names):
        middle = top + row * (side + line + GAP) + side / 2
        marks.append(Text(PAD, middle + size / 3, spans, size))
    for cell in grid.cells:
        x, y = left + cell.column * (side + GAP), top + cell.row * (side + line + GAP)
        outcome = typical(cell, outcomes)
        varied = vary.variant(project, cell.settings)
        view = None if outcome is None else seen(varied, outcome.weights)
        marks += cell_marks(view, Rect(x, y, side, side), theme)
        said = fitted(verdict(cell, outcomes), side, 0.9 * size)
        marks.append(replace(said, x=x + side / 2, y=y + side + 1.15 * size))
    width = left + max(1, len(grid.columns)) * (side + GAP) - GAP + PAD
    height = top + len(grid.rows) * (side + line + GAP) - GAP + PAD
    return Picture(Rect(0, 0, width, height), tuple(marks))


def _points(data: Dataset, plane: Plane, rect: Rect) -> Iterator[Mark]:
    places = point_places(data, plane, rect)
    radius = 2.2 if len(data) > FEW_POINTS else 4.0
    if not data.classification:
        yield Discs(places[:MOST_POINTS], radius, Ink("canvas"), Ink("text"), 0.8)
        return
    shown = np.arange(len(data)) < MOST_POINTS
    for index in range(len(data.classes)):
        chosen = places[(data.answers == index) & shown & ~data.held_out]
        if len(chosen):
            role = CLASS_ROLES[index % len(CLASS_ROLES)]
            yield Discs(chosen, radius, Ink(role), Ink("panel"), 0.8)


def _combined(vary: Sequence[tuple[str, tuple[Any, ...]]]) -> Iterator[Varied]:
    if not vary:
        yield ()
        return
    (name, values), rest = vary[0], vary[1:]
    for value in values:
        for others in _combined(rest):
            yield ((name, value), *others)


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)
