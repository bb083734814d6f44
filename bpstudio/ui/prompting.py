"""What is read from the back row: the lesson's page, or what happens now, in large type."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from bpstudio.playback.picture import caption_of
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.panels.lesson import LessonPanel
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio

TEXT, TITLE = 22.0, 27.0
"""Pixels of type at 720 lines."""
SHARE = 0.47
"""The share of the window's height that a lesson's page may take."""
LINES = 2
"""So many lines of numbers are shown at most."""


class Prompt(QFrame):
    """A strip below the canvas, as high as its words need."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio, self._lecture = studio, lecture_of(studio)
        self.setProperty("role", "bar")
        self.setObjectName("prompt")
        self.title, self.words, self.numbers = label("title"), label(), label("number")
        self.lesson = LessonPanel(studio, self)
        self._high = self._page = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 10, 24, 12)
        column.setSpacing(4)
        for line in (self.title, self.words, self.numbers):
            line.setWordWrap(True)
            line.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            column.addWidget(line)
        column.addWidget(self.lesson, 1)
        column.addStretch(0)
        studio.moved.connect(self._show)
        studio.changed.connect(self._show)
        studio.preferred.connect(self._show)
        self._lecture.moved.connect(self._show)

    def enlarge(self, lines: int) -> None:
        """Fit the type to a window of so many lines."""
        unit = lines / 720
        text, title = round(TEXT * unit + 0.49), round(TITLE * unit + 0.49)
        self.setStyleSheet(
            f'QWidget {{ font-size: {text}px; }} QLabel[role="title"] {{ font-size: {title}px; }}'
        )
        margins = self.contentsMargins().top() + 22
        # Always as high, so that the network stands still from step to step.
        self._high = margins + round(1.5 * title) + round(1.4 * text * (1 + LINES))
        self._page = round(SHARE * lines)
        self._show()

    def _show(self, _news: object = None) -> None:
        teaches = self._lecture.on
        self.lesson.setVisible(teaches)
        instant = self._studio.shown.instant
        says = not teaches and instant is not None and not self._studio.shown.training
        self.setFixedHeight(self._page if teaches else self._high)
        for line in (self.title, self.words, self.numbers):
            line.setVisible(says)
        if says and instant is not None:
            caption = caption_of(instant)
            self.title.setText(caption.title)
            self.words.setText(caption.words)
            lines = ["".join(span.text for span in line) for line in caption.lines]
            self.numbers.setText("\n".join(lines[:LINES]))
            self.numbers.setVisible(bool(lines))
