"""Typing a note where it stands: plain text over several lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from bpstudio.language import _
from bpstudio.playback.slips import SIZE, slip
from bpstudio.project import boxing
from bpstudio.project.boxes import Note
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.style import prose_font

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

NARROWEST, LOWEST = 220, 76
"""How many pixels there are to type in, at least."""


class NoteEditor(QPlainTextEdit):
    """Several lines of text. Ctrl+Enter or leaving it hands the text over, Esc gives it up."""

    def __init__(
        self, over: QWidget, text: str, name: str, done: Callable[[str], bool], size: float
    ) -> None:
        super().__init__(over)
        self._canvas = over
        self._first, self._done = text, done
        self._over = False
        self.setFont(prose_font(max(9, round(size))))
        self.setPlainText(text)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setToolTip(_("Ctrl+Enter is done, Esc gives it up"))
        self.selectAll()

    @property
    def open(self) -> bool:
        """Whether it is still there."""
        return not self._over

    def open_at(self, rect: QRect) -> None:
        """Show it over that part of the widget, as far as there is room."""
        over = self._canvas.rect()
        wide = min(max(NARROWEST, rect.width() + 24), over.width())
        high = min(max(LOWEST, rect.height() + 24), over.height())
        place = QRect(rect.x(), rect.y(), wide, high)
        place.moveLeft(max(0, min(place.left(), over.width() - wide)))
        place.moveTop(max(0, min(place.top(), over.height() - high)))
        self.setGeometry(place)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter takes, Esc gives up, Enter is a new line."""
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and control:
            if self._take():
                self.close_it()
        elif event.key() == Qt.Key.Key_Escape:
            self.close_it()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Going elsewhere takes the text, but for a menu or another window."""
        super().focusOutEvent(event)
        reasons = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if not self._over and event.reason() not in reasons:
            self._take()
            self.close_it()

    def close_it(self) -> None:
        """Go away; the canvas has the keyboard again if this had it."""
        if self._over:
            return
        self._over = True
        if self.hasFocus():
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.deleteLater()

    def _take(self) -> bool:
        text = self.toPlainText()
        return text == self._first or self._done(text)


def note_editor(canvas: Canvas, id: str) -> NoteEditor:
    """Lines over a note with its text; without any text the note goes."""
    studio, note = canvas.studio, canvas.studio.project.notes[id]

    def take(typed: str) -> bool:
        if id not in studio.project.notes:
            return True
        words = _("Change the note") if typed.strip() else _("Remove the note")
        return studio.do(words, boxing.write_note, id, typed)

    return _open(canvas, note, take)


def new_note_editor(canvas: Canvas, place: Point) -> NoteEditor:
    """Lines at a place for a new note, which there is as soon as something is written."""
    studio = canvas.studio

    def take(typed: str) -> bool:
        id = boxing.new_note_id(studio.project)
        if not typed.strip():
            return True
        done = studio.do(_("Add a note"), boxing.add_note, typed, place)
        if done:
            studio.select([id])
        return done

    return _open(canvas, Note("", "", place), take)


def _open(canvas: Canvas, note: Note, take: Callable[[str], bool]) -> NoteEditor:
    scale = min(max(canvas.view.scale, 0.8), 1.5)
    size = SIZE * canvas.theme.type * scale
    editor = NoteEditor(canvas, note.text, _("Text of the note"), take, size)
    rect = slip(note, canvas.theme.type).rect
    editor.open_at(QRectF(*canvas.view.rect_to_widget(rect)).toRect())
    return editor
