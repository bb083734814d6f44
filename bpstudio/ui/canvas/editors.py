"""Typing on the canvas: a line over what is being edited. The canvas itself takes no text."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from bpstudio.engine.expression import evaluate, parse
from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.playback.digits import MINUS
from bpstudio.ui.style import code_font

NARROWEST = 96


class Editor(QLineEdit):
    """One line of text. Enter or leaving it hands the text over, Esc gives it up.

    `done` says whether the text was taken; if it was not, Enter leaves the line open.
    """

    def __init__(
        self, over: QWidget, text: str, name: str, done: Callable[[str], bool], size: float
    ) -> None:
        super().__init__(over)
        self._canvas = over
        self._first, self._done = text, done
        self._over = False
        self.setFont(code_font(size))
        self.setText(text)
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.selectAll()

    @property
    def open(self) -> bool:
        """Whether it is still there."""
        return not self._over

    def open_at(self, rect: QRect) -> None:
        """Show it in the middle of that part of the widget, as far as there is room."""
        over = self._canvas.rect()
        said = self.text() or self.placeholderText()
        wide = max(NARROWEST, rect.width() + 8, self.fontMetrics().horizontalAdvance(said) + 36)
        high = max(self.sizeHint().height(), 26)
        place = QRect(0, 0, min(wide, over.width()), high)
        place.moveCenter(rect.center())
        place.moveLeft(max(0, min(place.left(), over.width() - place.width())))
        place.moveTop(max(0, min(place.top(), over.height() - place.height())))
        self.setGeometry(place)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes, Esc gives up."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._take():
                self.close_it()
        elif event.key() == Qt.Key.Key_Escape:
            self.close_it()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab takes the text and goes on to the next node."""
        if self._take():
            self.close_it()
            return super().focusNextPrevChild(next)
        return True

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Going elsewhere takes the text, but for a menu or another window."""
        super().focusOutEvent(event)
        reasons = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if not self._over and event.reason() not in reasons:
            self._take()
            self.close_it()

    def close_it(self) -> None:
        """Go away; the canvas has the keyboard again if this line had it."""
        if self._over:
            return
        self._over = True
        if self.hasFocus():
            # Before it hides: Qt would hand the keyboard to the next node, as Tab does.
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.deleteLater()

    def _take(self) -> bool:
        return self.text() == self._first or self._done(self.text())


def written(value: Array) -> str:
    """A value as it is typed: a number, or lists in brackets."""
    return json.dumps(np.asarray(value).tolist())


def read(text: str) -> Array:
    """The value that a text stands for: a number, something to reckon such as 1/3, or a list.

    Raises StudioError for anything else.
    """
    plain = text.strip().replace(MINUS, "-")
    try:
        if plain.startswith("["):
            return np.array(json.loads(plain), dtype=float)
        return np.asarray(evaluate(parse(plain), {}), dtype=float)
    except (StudioError, ValueError, TypeError, RecursionError):
        raise StudioError(
            N_("{text} is no value. Type a number such as 0.5, or a list such as [1, 2]."),
            text=text.strip()[:40] or "-",
        ) from None
