"""Numeric gradients: checked, their error against the nudge, and raced against backprop."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from bpstudio.language import N_, _
from bpstudio.ui.panels.error_curve import ErrorCurve
from bpstudio.ui.panels.form import Words
from bpstudio.ui.panels.numeric_check import NumericCheck
from bpstudio.ui.panels.panel import Column, Panel, label, scrolled
from bpstudio.ui.panels.race import RaceView
from bpstudio.ui.studio import Studio

SIDE_BY_SIDE = 480
"""From this width on, before the theme's factor."""


class CheckingPanel(Panel):
    """The check, the curve and the race, side by side where there is room."""

    title = N_("Gradient check")
    pause = 1 / 4

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.check = NumericCheck(studio)
        self.curve = ErrorCurve(studio)
        self.race = RaceView(studio)
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        self.headings = {key: Words("heading") for key in ("check", "curve", "race")}
        self.beside = QWidget()
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.beside)
        self._sides.setContentsMargins(0, 0, 0, 0)
        self._sides.setSpacing(14)
        for side in (
            _section(self.headings["curve"], self.curve),
            _section(self.headings["race"], self.race, self.headings["check"], self.check),
        ):
            self._sides.addWidget(side, 1)
        content = Column()
        column = QVBoxLayout(content)
        column.setContentsMargins(14, 2, 12, 8)
        column.addWidget(self.nothing)
        column.addWidget(self.beside)
        column.addStretch(1)
        scrolled(content, self)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(150, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.headings["check"].setText(_("Check against numerical gradient").upper())
        self.headings["curve"].setText(_("Error against the nudge h").upper())
        self.headings["race"].setText(_("Three ways to the gradient").upper())
        self.nothing.setText(_("There is no gradient yet. Build something that leads to an end."))
        self.check.retitle(self.theme)
        self.curve.retitle(self.theme)
        self.race.retitle(self.theme)
        self.refresh()

    def refresh(self) -> None:
        """What is known of the numbers that are shown."""
        shown = self.studio.shown
        can = shown.goal is not None and shown.recording is not None
        self.nothing.setVisible(not can)
        self.beside.setVisible(can)
        if not can:
            return
        chosen = self.studio.selection
        self.check.follow(shown, next(iter(chosen)) if len(chosen) == 1 else None)
        if not shown.training:
            self.curve.follow(shown, chosen)
        self.race.say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room, else one below the other."""
        super().resizeEvent(event)
        wide = self.width() >= SIDE_BY_SIDE * self.theme.type
        direction = QBoxLayout.Direction
        self._sides.setDirection(direction.LeftToRight if wide else direction.TopToBottom)


def _section(*widgets: QWidget) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 6)
    column.setSpacing(4)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return made
