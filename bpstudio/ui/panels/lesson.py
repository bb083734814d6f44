"""A lesson, step by step: its text, its questions, and the way on and back."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.lessons import fading, glossary
from bpstudio.lessons.lesson import Text, Tried
from bpstudio.lessons.shelf import Shelved, every
from bpstudio.ui import icons
from bpstudio.ui.dialogs.glossary import show as show_glossary
from bpstudio.ui.enlarging import enlarged_of
from bpstudio.ui.lecturing import Reply, lecture_of
from bpstudio.ui.panels.dividing_line import DividingLine
from bpstudio.ui.panels.exhibit import ExhibitView
from bpstudio.ui.panels.panel import Beside, Column, Panel, label, scroll_to
from bpstudio.ui.panels.questions import KINDS, Asked, words
from bpstudio.ui.soon import soon
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import set_property
from bpstudio.ui.window import Window


class LessonPanel(Panel):
    """The lesson that is gone through; without one, those that there are."""

    title = N_("Lesson")

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.lecture = lecture_of(studio)
        self._of: tuple[object, ...] = ()
        self.asked: list[Asked] = []
        self._replied: list[Reply] = []
        self.terms: list[QPushButton] = []
        self.line: DividingLine | None = None
        self.exhibit: ExhibitView | None = None
        self.onwards: QWidget | None = None
        self.heading, self.where = words("", "title"), label("muted")
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.back, self.next = QPushButton(), QPushButton()
        set_property(self.next, "role", "primary")
        self.again, self.leave = QToolButton(), QToolButton()
        self.back.clicked.connect(lambda _checked=False: self.lecture.back())
        self.next.clicked.connect(lambda _checked=False: self.lecture.next())
        self.again.clicked.connect(lambda _checked=False: self.lecture.again())
        self.leave.clicked.connect(lambda _checked=False: self.lecture.leave())
        self.level = QComboBox()
        self.level.setMinimumContentsLength(6)
        self.level.activated.connect(self._fade)
        self.foot = QWidget()
        row = QHBoxLayout(self.foot)
        row.setContentsMargins(14, 4, 12, 8)
        row.setSpacing(6)
        for widget in (self.leave, self.again):
            row.addWidget(widget)
        row.addWidget(self.level)
        row.addWidget(self.where, 1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.area, 1)
        column.addWidget(self.foot)
        self.lecture.moved.connect(self._follow)
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self.back.setText(_("Back"))
        self.next.setText(_("Next"))
        for button, icon, text in (
            (self.again, "refresh", _("Begin this step again")),
            (self.leave, "x", _("Leave the lesson")),
        ):
            button.setIcon(icons.icon(icon))
            button.setToolTip(text)
            button.setAccessibleName(text)
        with QSignalBlocker(self.level):
            self.level.clear()
            for level, text in fading.TITLES.items():
                self.level.addItem(_(text), level)
        self.level.setAccessibleName(_("Help"))
        self.level.setToolTip(_("How much is worked out for you"))
        self._of = ()
        self._follow()

    def refresh(self) -> None:
        """Show what the network has come to, where the step looks at it."""
        if self.line is not None:
            self.line.show_neuron(self.line.node)

    def showEvent(self, event: QShowEvent) -> None:
        """The lessons that one can choose are read when somebody looks."""
        super().showEvent(event)
        self._fill()

    def _fill(self) -> None:
        lecture = self.lecture
        lesson = lecture.lesson
        now = (lesson, lecture.place if lesson is not None else -1, lecture.turns)
        if now != self._of or self.area.widget() is None:
            if lesson is not None:
                self._of = now
                self._show_step()
            elif self.isVisible():  # to read all lessons takes longer than a blink
                self._of = now
                self._show_shelf()

    def _follow(self) -> None:
        lecture = self.lecture
        lesson = lecture.lesson
        with QSignalBlocker(self.level):
            self.level.setCurrentIndex(int(lecture.level) - 1)
        before = self._of
        self._fill()
        for asked in self.asked:
            asked.follow()
        open_question = lecture.open_question
        replied = [lecture.reply(asked.place) for asked in self.asked]
        pairs = zip(self.asked, replied, self._replied, strict=False)
        new = [asked for asked, now, then in pairs if now != then and before == self._of]
        self._replied = replied
        # A page that is come back to, all answered, is read from its top.
        stays = open_question is not None or before == self._of
        if lesson is not None and lecture.answered and self.asked and stays:
            waiting = self.asked[-1 if open_question is None else open_question]
            # Once the answer above it, or its own, has taken its room.
            soon(waiting, lambda: self._bring(waiting, *new))
        self.foot.setVisible(lesson is not None)
        if lesson is not None:
            last = lecture.place + 1 == len(lesson.steps) and lecture.open_question is None
            self.where.setText(f"{lecture.place + 1} / {len(lesson.steps)}")
            self.back.setEnabled(lecture.place > 0)
            self.next.setEnabled(not last)
            waits = lecture.open_question is not None
            self.next.setText(_("Show me") if waits else _("Next"))
            if self.onwards is not None:
                self.onwards.setVisible(last)
        self.refresh()

    def _bring(self, asked: Asked, *answered: Asked) -> None:
        """Scroll to a question and to what follows the lesson, as far as there is room for both.

        What was just said to an answer is seen before either.
        """
        if self.onwards is not None and not self.onwards.isHidden():
            scroll_to(self.area, self.onwards)
        scroll_to(self.area, asked)
        for each in answered:
            scroll_to(self.area, each.said)

    def take_keyboard(self) -> None:
        """The keyboard to the question that waits; without a lesson to the first of the list."""
        if self.lecture.on:
            waiting = (each for each in self.asked if not self.lecture.reply(each.place).done)
            fields = [each.first for each in waiting if each.first is not None]
        else:
            fields = self.area.findChildren(QPushButton)
        if fields:
            fields[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_step(self) -> None:
        lecture = self.lecture
        assert lecture.lesson is not None
        column, content = _page()
        lesson = lecture.lesson
        column.addWidget(words(f"{lesson.number}. {lesson.title}", "muted"))
        column.addWidget(words(lecture.step.title, "title"))
        self.asked = []
        self.line, self.exhibit = None, None
        for part in lecture.step.parts:
            if self.line is None and not isinstance(part, Text | Tried):
                self._add_line(column)
            if isinstance(part, Text):
                column.addWidget(words(f"•  {part.text}" if part.item else part.text))
            elif isinstance(part, Tried):
                self._enlarge()
                self.exhibit = ExhibitView(self.studio, lecture)
                column.addWidget(self.exhibit)
            else:
                made = KINDS[type(part)](self.studio, lecture, len(self.asked), part)
                self.asked.append(made)
                column.addWidget(made)
        self.onwards = None
        if lecture.place + 1 == len(lesson.steps):
            self.onwards = self._onwards()
            column.addWidget(self.onwards)
        self._add_terms(column)
        if lecture.place == 0:
            column.addSpacing(6)
            column.addWidget(words(lecture.lesson.source, "muted"))
        column.addStretch(1)
        self.area.setWidget(content)
        self.area.verticalScrollBar().setValue(0)

    def _enlarge(self) -> None:
        """Over an empty canvas the exhibit is seen in large."""
        here: QWidget | None = self
        while here is not None and not isinstance(here, Window):
            here = here.parentWidget()
        if here is not None:
            enlarged_of(here)

    def _onwards(self) -> QWidget:
        """What is seen when the last question is answered: that this was it, and what follows."""
        made = QWidget()
        inside = QVBoxLayout(made)
        inside.setContentsMargins(0, 6, 0, 2)
        inside.addWidget(words(_("That was the whole lesson.")))
        following = self.lecture.following
        if following is not None:
            try:
                title = following.read(self.studio.preferences.language).title
            except StudioError:
                title = following.folder.name  # what is wrong with it is said when it is begun
            begin = QPushButton(_("Next lesson"))
            begin.setAccessibleName(_("Begin: {lesson}").format(lesson=title))
            begin.clicked.connect(lambda _checked=False: self._begin(following))
            inside.addWidget(words(title, "muted"))
            inside.addWidget(begin)
        made.hide()
        return made

    def _add_terms(self, column: QVBoxLayout) -> None:
        """The words of the glossary that the step uses."""
        parts = self.lecture.step.parts
        text = " ".join(part.text for part in parts if isinstance(part, Text))
        self.terms = []
        for term in glossary.spoken_of(text, glossary.terms(self.studio.preferences.language))[:4]:
            made = QPushButton(term.name)
            made.setFlat(True)
            made.setAccessibleName(_("Glossary: {term}").format(term=term.name))
            made.clicked.connect(partial(self._explain, term.name))
            self.terms.append(made)
        if self.terms:
            column.addSpacing(4)
            column.addWidget(words(_("Words used here"), "muted"))
            column.addWidget(Beside(*self.terms))

    def _explain(self, term: str, _checked: bool = False) -> None:
        show_glossary(self.window(), term)

    def _fade(self, place: int) -> None:
        self.lecture.fade(fading.Level(self.level.itemData(place)))

    def _add_line(self, column: QVBoxLayout) -> None:
        node = self.lecture.step.state.line
        if node:
            self.line = DividingLine(self.studio)
            self.line.show_neuron(node)
            column.addWidget(self.line)

    def _show_shelf(self) -> None:
        column, content = _page()
        self.asked, self.line, self.exhibit, self.onwards = [], None, None, None
        column.addWidget(words(_("Choose a lesson. Your own network is kept meanwhile."), "muted"))
        for shelved in every():
            column.addWidget(self._offer(shelved))
        column.addStretch(1)
        self.area.setWidget(content)

    def _offer(self, shelved: Shelved) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 6, 0, 2)
        column.setSpacing(3)
        try:
            lesson = shelved.read(self.studio.preferences.language)
        except StudioError as error:
            column.addWidget(words(str(error), "muted"))
            return made
        column.addWidget(words(f"{lesson.number}. {lesson.title}", "title"))
        minutes = _("{minutes} minutes").format(minutes=lesson.minutes)
        for text in (minutes, *(f"•  {goal}" for goal in lesson.goals)):
            column.addWidget(words(text, "muted"))
        begin = QPushButton(_("Begin"))
        begin.setAccessibleName(_("Begin: {lesson}").format(lesson=lesson.title))
        begin.clicked.connect(lambda _checked=False: self._begin(shelved))
        row = QHBoxLayout()
        row.addWidget(begin)
        row.addStretch(1)
        column.addLayout(row)
        return made

    def _begin(self, shelved: Shelved) -> None:
        try:
            self.lecture.begin(shelved)
        except StudioError as error:
            self.studio.complain(error)
            return
        if not self.window().property("presenting"):  # there the keys lead the lesson
            self.take_keyboard()


def _page() -> tuple[QVBoxLayout, Column]:
    content = Column()
    column = QVBoxLayout(content)
    column.setContentsMargins(14, 8, 14, 10)
    column.setSpacing(8)
    return column, content
