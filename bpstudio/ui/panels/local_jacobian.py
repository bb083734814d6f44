"""The Jacobian of one gate, which the backward pass multiplies with but never forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from bpstudio.engine.op import Array
from bpstudio.engine.run import Step, pull_back
from bpstudio.language import _, ngettext
from bpstudio.playback import digits
from bpstudio.playback.marks import Box, Heat, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.panel import label
from bpstudio.ui.readout import grouped

MOST_OUTPUTS = 64
MOST_ENTRIES = 64 * 256
"""A larger Jacobian is only spoken of."""
CELL, GAP = 40.0, 3.0
SIDE = 92.0


@dataclass(frozen=True, eq=False)
class Jacobian:
    """How each number of a gate's output moves with each number that it reads.

    `entries` (outputs, inputs) is None where it would be too large to look at.
    """

    outputs: int
    inputs: int
    entries: Array | None

    @property
    def kind(self) -> str:
        """How it is filled, in the current language."""
        if self.entries is None:
            return ""
        filled = self.entries != 0
        if filled.all():
            return _("dense")
        square = self.outputs == self.inputs and self.outputs > 1
        if square and not (filled & ~np.eye(self.outputs, dtype=bool)).any():
            return _("diagonal")
        return _("{filled} of {all} filled").format(
            filled=grouped(int(filled.sum())), all=grouped(filled.size)
        )


def jacobian_of(step: Step) -> Jacobian | None:
    """The Jacobian of a gate where it stands; None for one that reads nothing with a gradient."""
    ones = pull_back(step, np.ones_like(step.output))
    inputs = sum(g.size for gs in ones.values() for g in gs)
    outputs = step.output.size
    if not inputs:
        return None
    if outputs > MOST_OUTPUTS or outputs * inputs > MOST_ENTRIES:
        return Jacobian(outputs, inputs, None)
    entries = np.empty((outputs, inputs))
    for place in range(outputs):
        seed = np.zeros(outputs)
        seed[place] = 1.0
        passed = pull_back(step, seed.reshape(step.output.shape))
        entries[place] = np.concatenate([g.ravel() for gs in passed.values() for g in gs])
    return Jacobian(outputs, inputs, entries)


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
        shape = f"{grouped(found.outputs)} × {grouped(found.inputs)}"
        kind = found.kind
        self.shape.setText(f"{shape}, {kind}" if kind else shape)
        if found.entries is None:
            words = _("never formed: too large to show, too large to store")
        else:
            count = int((found.entries != 0).sum())
            words = ngettext(
                "never formed: {count} product", "never formed: {count} products", count
            ).format(count=grouped(count))
        self.cost.setText(words)
        self.map.setAccessibleName(_("Local Jacobian"))
        self.map.setAccessibleDescription(f"{self.shape.text()}; {words}")


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
