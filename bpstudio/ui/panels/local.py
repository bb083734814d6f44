"""The local derivative: the gate as a function of each of its inputs, with its tangent."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from bpstudio.engine.run import Step
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.tangent import Tangent, chart, tangents
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.panel import Panel, backward_step, label, present
from bpstudio.ui.studio import Studio

MOST = 3
"""A gate of more inputs than this shows its first ones."""


class LocalPanel(Panel):
    """The gate that is selected, else the one where playback is."""

    title = N_("Local derivative")
    pause = 1 / 15

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.why = label("muted")
        self.why.setWordWrap(True)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.name = label("number")
        self.charts = Charts()
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 2, 10, 6)
        column.setSpacing(2)
        column.addWidget(self.why)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.name, 1)
        self.buttons = tuple(_arrow(sign) for sign in "◂▸")
        for button, by in zip(self.buttons, (-1, 1), strict=True):
            button.clicked.connect(lambda _checked=False, by=by: self.turn(by))
            head.addWidget(button)
        self.name.setMinimumWidth(1)
        column.addLayout(head)
        column.addWidget(self.charts, 1)
        self._step: Step | None = None
        self._entry: int | None = None
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(120, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.charts.setAccessibleName(_("The gate as a function of each input, with its tangent"))
        self.charts.dress(self.theme)
        for button, words in zip(self.buttons, (_("number before"), _("next number")), strict=True):
            button.setToolTip(words)
            button.setAccessibleName(words)
        self._step = None
        self.refresh()

    def refresh(self) -> None:
        """The gate that is looked at now."""
        step = self._looked_at()
        if step is not None and step is self._step:
            return
        if step is None or self._step is None or step.node != self._step.node:
            self._entry = None
        self._step = step
        self._show()

    def _show(self) -> None:
        """The curves of the number that is looked at."""
        step, entry = self._step, self.entry
        found = () if step is None else tangents(step, entry)[:MOST]
        self.why.setVisible(not found)
        self.name.setVisible(bool(found))
        several = step is not None and step.output.size > 1
        for button in self.buttons:
            button.setVisible(bool(found) and several)
        self.charts.setVisible(bool(found))
        if step is None or not found:
            self.why.setText(_("Choose a gate, or play, to see it as a function of its inputs."))
            return
        node = self.studio.shown.project.graph[step.node]
        inputs = ", ".join(f"{t.name} = {digits.significant(t.at)}" for t in found)
        place = [int(i) for i in np.unravel_index(entry, step.output.shape)] if several else ""
        self.name.setText(f"{node.label}{place}: {inputs}")
        self.charts.show_tangents(found)

    @property
    def entry(self) -> int:
        """Which number of the output is looked at: that with the largest upstream gradient, until
        a person chooses another."""
        step = self._step
        if step is None:
            return 0
        if self._entry is not None:
            return min(self._entry, step.output.size - 1)
        back = backward_step(self.studio.shown, step.node)
        size = step.output if back is None else back.upstream
        return int(np.abs(np.nan_to_num(size)).argmax())

    def turn(self, by: int) -> None:
        """Look at the next number of the output, or the one before."""
        if self._step is not None:
            self._entry = (self.entry + by) % self._step.output.size
            self._show()

    def _looked_at(self) -> Step | None:
        shown = self.studio.shown
        moment = present(shown)
        chosen = set(self.studio.selection) or ({moment.node} if moment else set())
        if shown.recording is None or len(chosen) != 1:
            return None
        return next((s for s in shown.recording.forward if s.node in chosen), None)


def _arrow(sign: str) -> QToolButton:
    made = QToolButton()
    made.setText(sign)
    return made


class Charts(QWidget):
    """Draws one chart for each input, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._tangents: tuple[Tangent, ...] = ()
        self._theme: Theme = THEMES["light"]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.update()

    def show_tangents(self, found: tuple[Tangent, ...]) -> None:
        """Show these."""
        self._tangents = found
        self.update()

    def marks(self) -> list[Mark]:
        """What is drawn, in pixels."""
        theme = self._theme
        marks: list[Mark] = []
        wide = self.width() / max(1, len(self._tangents))
        left, below = 44 * theme.type, 40 * theme.type
        for index, tangent in enumerate(self._tangents):
            rect = Rect(index * wide + left, 6, wide - left - 12, self.height() - below - 6)
            if rect.width > 30 and rect.height > 20:
                marks += chart(tangent, rect, theme)
        return marks

    def paintEvent(self, event: QPaintEvent) -> None:
        """The marks."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self.marks()), self._theme)
