"""The local derivative: the gate as a function of each of its inputs, with its tangent."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from bpstudio.engine.run import Step
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.tangent import Tangent, chart, tangents
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.panel import Panel, label, present
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
        column.addWidget(self.name)
        column.addWidget(self.charts, 1)
        self._step: Step | None = None
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(120, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.charts.setAccessibleName(_("The gate as a function of each input, with its tangent"))
        self.charts.dress(self.theme)
        self._step = None
        self.refresh()

    def refresh(self) -> None:
        """The gate that is looked at now."""
        step = self._looked_at()
        if step is not None and step is self._step:
            return
        self._step = step
        found = () if step is None else tangents(step)[:MOST]
        self.why.setVisible(not found)
        self.name.setVisible(bool(found))
        self.charts.setVisible(bool(found))
        if step is None or not found:
            self.why.setText(_("Choose a gate that computes with single numbers."))
            return
        node = self.studio.shown.project.graph[step.node]
        inputs = ", ".join(f"{t.port} = {digits.significant(t.at)}" for t in found)
        self.name.setText(f"{node.label}: {inputs}")
        self.charts.show_tangents(found)

    def _looked_at(self) -> Step | None:
        shown = self.studio.shown
        moment = present(shown)
        chosen = set(self.studio.selection) or ({moment.node} if moment else set())
        if shown.recording is None or len(chosen) != 1:
            return None
        return next((s for s in shown.recording.forward if s.node in chosen), None)


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
