"""The arrays of a worksheet as tables: what is given, and empty cells where numbers belong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.playback.digits import significant
from bpstudio.playback.palette import LIGHT
from bpstudio.project.project import Project
from bpstudio.ui.style import CODE

MOST, MOST_ACROSS = 32, 8
"""Larger arrays are nothing to fill in by hand: so many cells, and so many in a row."""
WIDE, HIGH, GAP, TEXT = 78.0, 36.0, 30.0, 17


@dataclass(frozen=True, eq=False)
class Grid:
    """A table: its name, its numbers by row, the role of their colour, and whether they are
    shown or to be filled in."""

    name: str
    numbers: Array
    role: str
    shown: bool

    @property
    def width(self) -> float:
        """In units of the page."""
        return float(max(self.numbers.shape[1] * WIDE, 0.6 * TEXT * len(self.name)))

    @property
    def height(self) -> float:
        """With its name above."""
        return float(HIGH + self.numbers.shape[0] * HIGH)


def grids_of(project: Project, recording: Recording, *, empty: bool) -> tuple[Grid, ...]:
    """Every array of a network small enough, with its gradient.

    What is typed, learned or a row of the data is given on either page.
    """
    return tuple(_grids(project, recording, empty))


def _grids(project: Project, recording: Recording, empty: bool) -> Iterator[Grid]:
    end = next((step.node for step in recording.backward), "")
    for step in recording.forward:
        owned = {
            key: array
            for key, array in project.weights.items()
            if key.rpartition(".")[0] == step.node and step.sources
        }
        for key, array in owned.items():
            yield from _pair(key, array, recording.weight_gradients.get(key), end, False, empty)
        gradient = recording.gradients.get(step.node)
        given = not any(step.sources.values())
        yield from _pair(step.node, step.output, gradient, end, given, empty, owned=False)


def _pair(
    name: str,
    value: Array,
    gradient: Array | None,
    end: str,
    given: bool,
    empty: bool,
    *,
    owned: bool = True,
) -> Iterator[Grid]:
    rows = _rows(value)
    if rows is None:
        return
    yield Grid(name, rows, "value", given or owned or not empty)
    slopes = None if gradient is None or name == end else _rows(gradient)
    if slopes is not None:
        yield Grid(f"∂{end}/∂{name}", slopes, "gradient", not empty)


def _rows(array: Array) -> Array | None:
    """An array by rows; None for a single number, and for one that is too large."""
    if not 1 < array.size <= MOST or array.ndim > 2:
        return None
    rows = np.atleast_2d(np.asarray(array, dtype=float))
    return rows if rows.shape[1] <= MOST_ACROSS else None


def rows_of(grids: Sequence[Grid], across: float) -> list[list[Grid]]:
    """The tables in lines, as many in each as there is room for."""
    lines: list[list[Grid]] = []
    left = 0.0
    for grid in grids:
        if not lines or grid.width > left:
            lines.append([])
            left = across
        lines[-1].append(grid)
        left -= grid.width + GAP
    return lines


def paint_line(painter: QPainter, grids: Sequence[Grid], x: float, y: float) -> float:
    """Draw a line of tables from (x, y), and say how high it is."""
    for grid in grids:
        _paint(painter, grid, x, y)
        x += grid.width + GAP
    return max(grid.height for grid in grids)


def _paint(painter: QPainter, grid: Grid, x: float, y: float) -> None:
    font = QFont(CODE)
    font.setPixelSize(TEXT)
    painter.setFont(font)
    painter.setPen(QColor(LIGHT.colours["text"]))
    beside = QRectF(x, y, grid.width + GAP, HIGH)
    painter.drawText(
        beside, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), grid.name
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for row, numbers in enumerate(grid.numbers):
        for column, number in enumerate(numbers):
            cell = QRectF(x + column * WIDE, y + HIGH + row * HIGH, WIDE, HIGH)
            painter.setPen(QPen(QColor(LIGHT.colours[grid.role]), 1.2))
            painter.drawRect(cell)
            if grid.shown:
                painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), _written(number))


def _written(number: float) -> str:
    """As many figures as a cell has room for."""
    return significant(round(float(number), 4))
