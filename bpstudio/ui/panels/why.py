"""Why a gradient is what it is: the sum at its own gates, and the paths to it from the loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFocusEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import digits, reasons
from bpstudio.playback.equations import Spans
from bpstudio.playback.palette import Theme
from bpstudio.playback.terms import expansion
from bpstudio.playback.timeline import Timeline
from bpstudio.playback.why import Question, Why, gradient_at, why
from bpstudio.ui.panels.panel import Column, Panel, label, scrolled
from bpstudio.ui.panels.typeset import rich
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import CODE

MOST_TERMS = 8
"""So many terms of the sum at its own gates are written out."""


class WhyPanel(Panel):
    """The answer to what is asked; a path that is pointed at is lit on the canvas."""

    title = N_("Why?")
    pause = 1 / 4

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self._answered: tuple[object, ...] = ()
        self.question, self.nothing = label("title"), label("muted")
        self.here, self.count = label("muted"), label("muted")
        self.sum, self.whole = _numbers(), _numbers()
        for text in (self.question, self.nothing, self.here, self.count):
            text.setWordWrap(True)
        self.paths: list[PathRow] = []
        content = Column()
        column = QVBoxLayout(content)
        column.setContentsMargins(14, 6, 12, 10)
        column.setSpacing(6)
        for widget in (self.question, self.nothing, self.here, self.sum, self.count):
            column.addWidget(widget)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        column.addLayout(self._rows)
        column.addWidget(self.whole)
        column.addStretch(1)
        scrolled(content, self)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(100, 70)

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self._answered = ()
        self.refresh()

    def refresh(self) -> None:
        """Answer what is asked, once for each recording."""
        shown = self.studio.shown
        now = (shown.question, shown.timeline, self.theme)
        if now == self._answered:
            return
        self._answered = now
        question, timeline = shown.question, shown.timeline
        if question is None or timeline is None or shown.training:
            self._say(_("Click a red number, or choose a gate and ask why its gradient is so."))
            return
        gradient = gradient_at(timeline.recording, question.place)
        if gradient is None or digits.is_hidden(gradient[question.entry].item()):
            self._say(_("What comes of it is hidden. What do you expect?"))
            return
        try:
            self._answer(timeline, question)
        except StudioError as error:
            self._say(str(error))
            self.question.setText(reasons.title(timeline, question))
            self.question.show()

    def _say(self, words: str) -> None:
        self.nothing.setText(words)
        self.nothing.show()
        for widget in (self.question, self.here, self.sum, self.count, self.whole, *self.paths):
            widget.hide()

    def _answer(self, timeline: Timeline, question: Question) -> None:
        answer = why(timeline.recording, question.place, question.entry)
        self.nothing.hide()
        for widget in (self.question, self.here, self.sum, self.count, self.whole):
            widget.show()
        self.question.setText(reasons.title(timeline, question))
        self.here.setText(_("At its own gates: upstream × local, for all that it moves:"))
        sums = expansion(timeline, question.place, question.entry, MOST_TERMS)
        self.here.setVisible(bool(sums))
        self.sum.setVisible(bool(sums))
        _write(self.sum, sums, self.theme)
        self.count.setText(reasons.counted(answer))
        self._show_paths(timeline, answer)
        self.whole.setVisible(answer.count > 0)
        _write(self.whole, (reasons.total(answer),), self.theme)

    def _show_paths(self, timeline: Timeline, answer: Why) -> None:
        while len(self.paths) < len(answer.paths):
            row = PathRow()
            self._rows.addWidget(row)
            self.paths.append(row)
        for place, row in enumerate(self.paths):
            row.setVisible(place < len(answer.paths))
            if place < len(answer.paths):
                path = answer.paths[place]
                light = partial(self.studio.light, path.wires)
                route = reasons.route(timeline, answer, path)
                row.show_path(route, reasons.product(path), light, self.theme)
                row.unlit = partial(self.studio.light, ())


class PathRow(QFrame):
    """One path: its way, and its product; pointed at or focused it is lit."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.lit: Callable[[], object] = _nothing
        self.unlit: Callable[[], object] = _nothing
        self._way, self._numbers = label("muted"), _numbers()
        self._way.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._way)
        column.addWidget(self._numbers)

    def show_path(
        self, route: str, product: Spans, light: Callable[[], object], theme: Theme
    ) -> None:
        """Show this one."""
        self._way.setText(route)
        _write(self._numbers, (product,), theme)
        self.setAccessibleName(f"{route}: {''.join(span.text for span in product)}")
        self.lit = light

    def enterEvent(self, event: QEnterEvent) -> None:
        """It is pointed at."""
        super().enterEvent(event)
        self.lit()

    def leaveEvent(self, event: QEvent) -> None:
        """No more."""
        super().leaveEvent(event)
        self.unlit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard is at it."""
        super().focusInEvent(event)
        self.lit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No more."""
        super().focusOutEvent(event)
        self.unlit()


def _nothing() -> None:
    """A row that shows no path lights none."""


def _numbers() -> QLabel:
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.RichText)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def _write(text: QLabel, lines: tuple[Spans, ...], theme: Theme) -> None:
    size = round(12.5 * theme.type)
    # A line may break between two terms, but not within a number.
    body = "<br>".join(rich(line, theme).replace("white-space:pre", "") for line in lines)
    text.setText(
        f"<div style=\"font-family:'{CODE}';font-size:{size}px;line-height:140%\">{body}</div>"
    )
    text.setAccessibleName("; ".join("".join(span.text for span in line) for line in lines))
