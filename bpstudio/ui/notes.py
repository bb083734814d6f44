"""The speaker's notes, in a window of their own: what is shown, the answers, what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from bpstudio.language import _
from bpstudio.lessons.lesson import Text, Tried
from bpstudio.playback.picture import caption_of
from bpstudio.ui.canvas.telling import spoken
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio

SECOND = 1000
"""Milliseconds between two looks at the clock."""


class Notes(QDialog):
    """For the speaker alone: on the second screen, if there is one."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._studio, self._lecture = studio, lecture_of(studio)
        self.setObjectName("notes")
        self.setWindowTitle(_("Speaker's notes"))
        self.clock = label("title")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(_("Speaker's notes"))
        self.text.setStyleSheet("font-size: 18px;")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 18)
        column.addWidget(self.clock)
        column.addWidget(self.text, 1)
        self.resize(640, 520)
        self._since = QElapsedTimer()
        self._since.start()
        self._ticks = QTimer(self)
        self._ticks.setInterval(SECOND)
        self._ticks.timeout.connect(self._tick)
        self.finished.connect(self._ticks.stop)
        studio.moved.connect(self._follow)
        studio.changed.connect(self._follow)
        studio.preferred.connect(self._follow)
        self._lecture.moved.connect(self._follow)
        self._follow()

    def open_on_second(self) -> None:
        """Show them: large on another screen than the window's, or else small on the same."""
        window = self.parentWidget()
        here = window.screen() if window is not None else None
        others = [screen for screen in QGuiApplication.screens() if screen is not here]
        self._ticks.start()
        self._tick()
        if others:
            self.setGeometry(others[0].availableGeometry())
            self.showMaximized()
        else:
            self.show()

    def _tick(self) -> None:
        minutes, seconds = divmod(self._since.elapsed() // 1000, 60)
        self.clock.setText(f"{minutes:02d}:{seconds:02d}")

    def _follow(self, _news: object = None) -> None:
        self.setWindowTitle(_("Speaker's notes"))
        said = "\n\n".join(self._paragraphs())
        if said != self.text.toPlainText():
            self.text.setPlainText(said)

    def _paragraphs(self) -> Iterator[str]:
        lecture, shown = self._lecture, self._studio.shown
        if lecture.lesson is not None:
            steps = lecture.lesson.steps
            yield f"{lecture.place + 1} / {len(steps)}   {lecture.step.title}"
            for part in lecture.step.parts:
                if isinstance(part, Text):
                    yield part.text
                elif not isinstance(part, Tried):
                    yield f"{part.ask}\n→ {lecture.solution(part)}"
            if lecture.place + 1 < len(steps):
                yield _("Next: {step}").format(step=steps[lecture.place + 1].title)
        else:
            yield from (note.text for note in self._studio.project.notes.values())
            if shown.instant is not None:
                yield spoken(caption_of(shown.instant))
