"""The Jacobian of one gate, which the backward pass multiplies with but never forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from bpstudio.engine.jacobian import Form, structure_of
from bpstudio.engine.jacobian import Jacobian as JacobianPart
from bpstudio.engine.op import Array
from bpstudio.engine.run import Step, pull_back
from bpstudio.errors import StudioError
from bpstudio.language import N_, _, ngettext
from bpstudio.playback import digits
from bpstudio.playback.marks import Box, Heat, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.panel import label
from bpstudio.ui.readout import grouped

MOST_NUMBERS = 1024
"""Of a gate with more outputs or more inputs than this the Jacobian is only spoken of."""
MOST_ENTRIES = 256 * 256
"""A larger Jacobian is shown in squares, each as dark as the largest entry in it."""
SQUARES = 64
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
CELL, GAP = 40.0, 3.0
SIDE = 92.0
_FEW = 4
"""So few entries need no words for how they stand."""

FORMS: Mapping[Form, str] = {
    Form.ZERO: N_("all 0"),
    Form.IDENTITY: N_("identity"),
    Form.SCALED: N_("diagonal, all the same"),
    Form.MASK: N_("diagonal of 0 and 1: a mask"),
    Form.DIAGONAL: N_("diagonal"),
    Form.SPARSE: N_("one entry a row at most"),
    Form.BLOCKS: N_("blocks"),
    Form.DENSE: N_("dense"),
}
"""What a Jacobian looks like, in words."""


@dataclass(frozen=True, eq=False)
class Jacobian:
    """How each number of a gate's output moves with each number that it reads.

    `entries` (outputs, inputs) is None where it would be too large to look at; of a large one it
    has squares. `parts` are the Jacobians by one argument each, by its name.
    """

    outputs: int
    inputs: int
    entries: Array | None
    parts: tuple[tuple[str, JacobianPart], ...] = ()

    @property
    def stored(self) -> int:
        """How many numbers say all of it."""
        return sum(part.stored for _name, part in self.parts)


def jacobian_of(step: Step) -> Jacobian | None:
    """The Jacobian of a gate where it stands; None for one that reads nothing with a gradient."""
    ones = pull_back(step, np.ones_like(step.output))
    inputs = sum(g.size for gs in ones.values() for g in gs)
    outputs = step.output.size
    if not inputs:
        return None
    if max(outputs, inputs) > MOST_NUMBERS:
        return Jacobian(outputs, inputs, None)
    parts = []
    for port, gradients in ones.items():
        for slot in range(len(gradients)):
            key = f"{step.node}.{port}.{slot}" if len(gradients) > 1 else f"{step.node}.{port}"
            name = f"{port}{slot + 1}" if len(gradients) > 1 else port
            try:
                parts.append((name, structure_of([step], step.node, key)))
            except StudioError:
                return Jacobian(outputs, inputs, None)
    if outputs * inputs > MOST_ENTRIES:
        tables = [_squares(part) for _name, part in parts]
    else:
        tables = [part.dense().reshape(outputs, -1) for _name, part in parts]
    return Jacobian(outputs, inputs, np.concatenate(tables, axis=1), tuple(parts))


def _squares(part: JacobianPart) -> Array:
    """A large Jacobian in squares: the largest entry of each, with its sign."""
    pattern = part.pattern
    rows, columns = min(SQUARES, pattern.rows), min(SQUARES, pattern.columns)
    found = np.zeros((rows, columns))
    if not pattern.reached.size:
        return found
    numbers = pattern.classed(np.arange(pattern.columns).reshape(pattern.input_shape))
    own = numbers[pattern.classes.ravel()[pattern.reached]]
    slopes = np.asarray(part.slopes, dtype=float)[pattern.reached]
    across = own * columns // pattern.columns
    down = np.broadcast_to((pattern.reached * rows // pattern.rows)[:, None], across.shape)
    order = np.argsort(np.abs(slopes).ravel(), kind="stable")
    found[down.ravel()[order], across.ravel()[order]] = slopes.ravel()[order]
    return found


class JacobianView(QWidget):
    """The heat map and its shape in words."""

    def __init__(self) -> None:
        super().__init__()
        self.map = _Map()
        self.shape = label("number")
        self.cost = label("muted")
        for text in (self.shape, self.cost):
            text.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self.shape)
        words.addWidget(self.cost)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.map)
        row.addLayout(words, 1)

    def show_jacobian(self, found: Jacobian, theme: Theme) -> None:
        """Show this one."""
        self.map.show_entries(found.entries, theme)
        self.map.setVisible(found.entries is not None)
        self.shape.setText(f"{grouped(found.outputs)} × {grouped(found.inputs)}{_forms(found)}")
        words = _cost(found)
        self.cost.setText(words)
        self.map.setAccessibleName(_("Local Jacobian"))
        self.map.setAccessibleDescription(f"{self.shape.text()}; {words}")


def _forms(found: Jacobian) -> str:
    """What it looks like: by one argument after a comma, by several a line for each."""
    if found.outputs * found.inputs <= _FEW:
        return ""
    if len(found.parts) == 1:
        return ", " + _(FORMS[found.parts[0][1].form])
    return "".join(f"\n∂/∂{name}: {_(FORMS[part.form])}" for name, part in found.parts)


def _cost(found: Jacobian) -> str:
    """What the table would take beside what says all of it, and what the pass back does."""
    cells = found.outputs * found.inputs
    table = _("As a table {cells} numbers, {bytes}").format(
        cells=grouped(cells), bytes=_amount(8 * cells)
    )
    if found.entries is None:
        return table + "; " + _("never formed: too large to show, too large to store")
    if found.outputs * found.inputs <= _FEW:
        return ngettext(
            "never formed: {count} product", "never formed: {count} products", found.inputs
        ).format(count=grouped(found.inputs))
    passes = sum(part.passes for _name, part in found.parts)
    words = ngettext(
        "{table}; {stored} say the same. Forming it takes {passes} pass; the backward pass only "
        "multiplies with it.",
        "{table}; {stored} say the same. Forming it takes {passes} passes; the backward pass only "
        "multiplies with it.",
        passes,
    )
    return words.format(table=table, stored=grouped(found.stored), passes=grouped(passes))


def _amount(count: int) -> str:
    """Bytes in three figures: `512 B`, `32 KiB`, `7.45 GiB`."""
    size, unit = float(count), 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.3g} {UNITS[unit]}"


class _Map(QWidget):
    """Entries by sign; with numbers where they are few."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: Array | None = None
        self._theme: Theme = THEMES["light"]
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_entries(self, entries: Array | None, theme: Theme) -> None:
        """Show these."""
        resized = self._entries is None or entries is None or self._entries.shape != entries.shape
        self._entries, self._theme = entries, theme
        if resized:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row of cells for a few entries, a small picture for many."""
        if self._entries is None:
            return QSize(0, 0)
        rows, columns = self._entries.shape
        if self._few():
            cell = CELL * self._theme.type
            return QSize(round(columns * (cell + GAP)), round(rows * (cell + GAP)))
        side = SIDE * self._theme.type
        unit = min(side / rows, 1.4 * side / columns, 14.0)
        return QSize(round(max(unit * columns, 10)) + 2, round(max(unit * rows, 10)) + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells."""
        if self._entries is None:
            return
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self._marks(self._entries)), self._theme)

    def _few(self) -> bool:
        assert self._entries is not None
        rows, columns = self._entries.shape
        return bool(rows <= 2 and columns <= 3)

    def _marks(self, entries: Array) -> list[Mark]:
        largest = float(np.abs(entries[np.isfinite(entries)]).max(initial=0.0)) or 1.0
        if not self._few():
            rect = Rect(0.5, 0.5, self.width() - 1, self.height() - 1)
            return [
                Heat(rect, entries / largest, 4.0, smooth=False),
                Box(rect, 4.0, None, Ink("border"), 1.0),
            ]
        marks: list[Mark] = []
        type = self._theme.type
        cell = CELL * type
        for row, column in np.ndindex(*entries.shape):
            rect = Rect(column * (cell + GAP), row * (cell + GAP), cell, cell)
            value = float(entries[row, column])
            marks.append(Heat(rect, np.array([[0.75 * value / largest]]), 5.0))
            text = f"{value:g}" if value.is_integer() else digits.fixed(value)
            span = Span(text.replace("-", digits.MINUS), "text", MONO, 700)
            size = min(12.0 * type, 12.0 * type * 5 / max(len(text), 1))
            marks.append(Text(*rect.centre, (span,), size, "middle"))
        return [_lowered(mark, 4.2 * type) if isinstance(mark, Text) else mark for mark in marks]


def _lowered(text: Text, by: float) -> Text:
    return Text(text.x, text.y + by, text.spans, text.size, text.align)
