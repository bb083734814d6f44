"""The card beside a node that has a problem: the sentence, and a button for each way out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from bpstudio.language import _
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import LIGHT, Theme
from bpstudio.project.remedies import Problem
from bpstudio.ui import icons

WIDTH = 300
"""How wide a sentence is at most, in pixels of ordinary type."""
GAP = 14
MOST = 2
"""So many problems of one node are told at once."""

Apply = Callable[[Problem, int], None]


class RemedyCard(QFrame):
    """`wanted` says whether there is something on it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.wanted = False
        self.buttons: list[QPushButton] = []
        self._theme: Theme = LIGHT
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 12, 11)
        self._column.setSpacing(7)
        self._shown: tuple[Problem, ...] = ()
        self._language = ""
        self.setAccessibleName(_("Problem"))
        self.hide()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        if theme is not self._theme:
            self._theme = theme
            self._shown = ()

    def show_problems(self, problems: tuple[Problem, ...], apply: Apply) -> None:
        """Put these on it; none at all leaves it empty."""
        chosen = problems[:MOST]
        self.wanted = bool(chosen)
        self.setAccessibleName(_("Problem"))
        self.setAccessibleDescription(" ".join(problem.sentence for problem in chosen))
        self._empty()
        for problem in chosen:
            self._add(problem, apply)
        if chosen and chosen != self._shown and QAccessible.isActive():
            words = self.accessibleDescription()
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))
        self._shown = chosen

    def stand_beside(self, rect: Rect, width: int, height: int) -> None:
        """Below a node, or above it where there is more room, inside a canvas of that size."""
        self._column.activate()
        needed = self.sizeHint()
        wide = min(needed.width(), width - 2 * GAP)
        high = self.heightForWidth(wide) if self.hasHeightForWidth() else needed.height()
        x = min(max(GAP, rect.centre[0] - wide / 2), max(GAP, width - wide - GAP))
        below, above = rect.bottom + GAP, rect.y - GAP - high
        fits = below + high <= height - GAP
        y = below if fits or above < GAP else above
        y = min(max(GAP, y), max(GAP, height - high - GAP))
        self.setGeometry(round(x), round(y), round(wide), round(high))
        self.show()
        self.raise_()

    def _empty(self) -> None:
        self.buttons = []
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()

    def _add(self, problem: Problem, apply: Apply) -> None:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        mark = QLabel()
        colour = self._theme.colours["gradient"]
        mark.setPixmap(
            icons.icon("alert-triangle", colour).pixmap(QSize(17, 17), self.devicePixelRatioF())
        )
        sentence = QLabel(problem.sentence)
        sentence.setTextFormat(Qt.TextFormat.PlainText)
        sentence.setWordWrap(True)
        room = round(WIDTH * self._theme.type)
        sentence.setFixedWidth(
            min(room, sentence.fontMetrics().horizontalAdvance(problem.sentence) + 8)
        )
        line.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(sentence, 1)
        self._column.addWidget(row)
        row.show()
        for index, fix in enumerate(problem.fixes):
            button = QPushButton(fix.label)
            if index == 0 and not self.buttons:
                button.setProperty("role", "primary")
            button.setAccessibleDescription(problem.sentence)
            button.clicked.connect(partial(_apply, apply, problem, index))
            self._column.addWidget(button)
            button.show()
            self.buttons.append(button)


def _apply(apply: Apply, problem: Problem, index: int, _checked: bool = False) -> None:
    apply(problem, index)
