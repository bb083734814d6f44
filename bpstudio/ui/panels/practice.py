"""Predict, then reveal: numbers are hidden, said and checked; exercises with their progress."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import reason_of
from bpstudio.language import N_, _
from bpstudio.lessons.exercises import DIFFICULTIES, table
from bpstudio.lessons.hints import LEVELS
from bpstudio.playback.veil import GRADIENT, VALUE
from bpstudio.ui.panels.form import Form, Words
from bpstudio.ui.panels.panel import Column, Panel, label, scrolled
from bpstudio.ui.panels.questions import words
from bpstudio.ui.practising import practice_of
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import set_property

MOST_SEED = 9_999


class PracticePanel(Panel):
    """What is hidden, the number that is asked for, and sets of exercises."""

    title = N_("Practice")

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.practice = practice_of(studio)
        self.headings = {key: Words("heading") for key in ("hide", "ask", "set")}
        self.hides = {GRADIENT: QCheckBox(), VALUE: QCheckBox()}
        self.question = words("", "title")
        self.line = QLineEdit()
        self.line.setMinimumWidth(60)
        self.check, self.hint, self.show_it, self.next = (QPushButton() for _button in range(4))
        set_property(self.check, "role", "primary")
        self.said, self.hinted = words(""), words("", "muted")
        self.form = Form()
        self.difficulty, self.seed = QComboBox(), QSpinBox()
        self.seed.setRange(0, MOST_SEED)
        self.seed.setValue(1)
        self.form.row("difficulty", self.difficulty)
        self.form.row("seed", self.seed)
        self.begin, self.leave, self.before, self.after, self.keep = (
            QPushButton() for _button in range(5)
        )
        self.progress, self.exercise = words("", "muted"), label("number")
        self._lay_out()
        self._connect()
        self.retitle()

    def _lay_out(self) -> None:
        content = Column()
        column = QVBoxLayout(content)
        column.setContentsMargins(14, 6, 12, 10)
        column.setSpacing(6)
        column.addWidget(self.headings["hide"])
        for box in self.hides.values():
            column.addWidget(box)
        column.addSpacing(6)
        column.addWidget(self.headings["ask"])
        column.addWidget(self.question)
        column.addLayout(_row(self.line, self.check, stretch=0))
        column.addWidget(self.said)
        column.addWidget(self.hinted)
        column.addLayout(_row(self.hint, self.show_it, self.next))
        column.addSpacing(6)
        column.addWidget(self.headings["set"])
        column.addWidget(self.form)
        column.addLayout(_row(self.begin, self.leave))
        column.addWidget(self.exercise)
        column.addWidget(self.progress)
        column.addLayout(_row(self.before, self.after))
        column.addLayout(_row(self.keep))
        column.addStretch(1)
        scrolled(content, self)

    def _connect(self) -> None:
        practice = self.practice
        for box in self.hides.values():
            box.clicked.connect(self._hide)
        self.line.returnPressed.connect(self._answer)
        self.check.clicked.connect(self._answer)
        self.hint.clicked.connect(lambda _checked=False: practice.give_hint())
        self.show_it.clicked.connect(lambda _checked=False: practice.reveal())
        self.next.clicked.connect(lambda _checked=False: practice.ask_next())
        self.begin.clicked.connect(self._begin)
        self.leave.clicked.connect(lambda _checked=False: practice.leave())
        self.before.clicked.connect(lambda _checked=False: practice.go(-1))
        self.after.clicked.connect(lambda _checked=False: practice.go(1))
        self.keep.clicked.connect(self._keep)
        practice.moved.connect(self.refresh)

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self.headings["hide"].setText(_("Predict").upper())
        self.headings["ask"].setText(_("Your answer").upper())
        self.headings["set"].setText(_("Exercises").upper())
        self.hides[GRADIENT].setText(_("Hide gradients"))
        self.hides[VALUE].setText(_("Hide values"))
        self.line.setPlaceholderText(_("0.5, −4, 1/3 …"))
        self.check.setText(_("Check"))
        self.show_it.setText(_("Show me"))
        self.next.setText(_("Another"))
        self.form.say("difficulty", _("Difficulty"))
        self.form.say("seed", _("Seed"), _("The same seed gives the same exercises everywhere."))
        with QSignalBlocker(self.difficulty):
            chosen = max(0, self.difficulty.currentIndex())
            self.difficulty.clear()
            for level, text in DIFFICULTIES.items():
                self.difficulty.addItem(f"{level}  {_(text)}", level)
            self.difficulty.setCurrentIndex(chosen)
        self.begin.setText(_("Begin"))
        self.leave.setText(_("End"))
        self.before.setText(_("Back"))
        self.after.setText(_("Next"))
        self.keep.setText(_("Save the results…"))
        self.form.dress(self.theme)
        self.refresh()

    def refresh(self) -> None:
        """The question that is asked now, and what was said to the last one."""
        practice = self.practice
        working = practice.set is not None
        for kind, box in self.hides.items():
            with QSignalBlocker(box):
                box.setChecked(kind in practice.kinds)
            box.setVisible(not working)
        self.headings["hide"].setVisible(not working)
        question = practice.question
        asking = bool(question)
        waiting = _("Everything is shown. Hide something, and say what it is.")
        text = f"{question} = ?" if asking else waiting
        if not asking and (working or practice.kinds):
            text = _("All is said.")
        self.question.setText(text)
        set_property(self.question, "role", "title" if asking else "muted")
        self.line.setAccessibleName(question or _("Your answer"))
        for widget in (self.line, self.check, self.hint, self.show_it, self.next):
            widget.setVisible(asking)
        level = practice.hints
        self.hint.setText(
            _("Hint {level} of {count}").format(level=level, count=LEVELS) if level else _("Hint")
        )
        self.said.setText(practice.sentence)
        self.said.setVisible(bool(practice.sentence))
        self.hinted.setText(practice.hint)
        self.hinted.setVisible(bool(practice.hint))
        self._show_set()

    def _show_set(self) -> None:
        practice = self.practice
        chosen = practice.set
        for widget in (self.leave, self.before, self.after, self.keep, self.exercise):
            widget.setVisible(chosen is not None)
        self.progress.setVisible(chosen is not None)
        self.begin.setText(_("Begin") if chosen is None else _("Begin again"))
        if chosen is None:
            return
        count = len(chosen.exercises)
        self.exercise.setText(f"{chosen.place + 1} / {count}   {chosen.exercise.text}")
        self.progress.setText(practice.progress)
        self.before.setEnabled(chosen.place > 0)
        self.after.setEnabled(chosen.place + 1 < count)
        self.keep.setEnabled(bool(practice.results))

    def focus_answer(self) -> None:
        """The keyboard to where the answer is typed."""
        self.line.setFocus()
        self.line.selectAll()

    def _hide(self, _checked: bool = False) -> None:
        self.practice.hide(kind for kind, box in self.hides.items() if box.isChecked())

    def _answer(self, _checked: bool = False) -> None:
        text = self.line.text()
        if not text.strip():
            return
        verdict = self.practice.answer(text)
        if verdict is not None:
            set_property(self.said, "role", "right" if verdict.right else "wrong")
            if verdict.right:
                self.line.clear()
            else:
                self.line.selectAll()

    def _begin(self, _checked: bool = False) -> None:
        self.practice.begin(self.seed.value(), int(self.difficulty.currentData()))
        self.focus_answer()

    def _keep(self, _checked: bool = False) -> None:
        dialog = QFileDialog(self, _("Save the results"), str(Path.home()))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("results.csv")
        dialog.fileSelected.connect(self.keep_in)
        dialog.open()

    def keep_in(self, name: str) -> None:
        """Write the results, without any name in them, as CSV."""
        try:
            Path(name).write_text(table(self.practice.results), encoding="utf-8")
        except OSError as error:
            text = _("The results could not be saved: {reason}.")
            self.studio.notice(text.format(reason=reason_of(error)))
        else:
            self.studio.notice(_("Saved as {name}.").format(name=Path(name).name))


def _row(*widgets: QWidget, stretch: int | None = None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for place, widget in enumerate(widgets):
        row.addWidget(widget, 1 if stretch is None or place == stretch else 0)
    return row
