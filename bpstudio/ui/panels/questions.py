"""The questions of a lesson's step, each with what it takes to answer it and what is said."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons import fading, stage
from bpstudio.lessons.hints import LEVELS, hint
from bpstudio.lessons.lesson import Choose, Do, Predict, Question, Reflect, quantity_of
from bpstudio.ui.lecturing import Lecture
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import set_property

OPEN, RIGHT, SHOWN = "○", "✓", "·"


def words(text: str, role: str = "") -> QLabel:
    """A paragraph of plain text as wide as there is room."""
    made = label(role, text)
    made.setWordWrap(True)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class Asked(QWidget):
    """One question: its mark, its words, what it takes to answer, and what was said to that."""

    def __init__(self, studio: Studio, lecture: Lecture, place: int, question: Question) -> None:
        super().__init__()
        self._studio, self._lecture = studio, lecture
        self.place, self.question = place, question
        self.mark, self.words = label("number", OPEN), words(question.ask)
        font = self.words.font()
        font.setBold(True)
        self.words.setFont(font)
        self.said = words("")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 6, 0, 2)
        self._column.setSpacing(5)
        self._column.addLayout(row)
        self.fields()
        self._column.addWidget(self.said)
        self.follow()

    def fields(self) -> None:
        """Make what it takes to answer."""

    def follow(self) -> None:
        """Show what was said."""
        reply = self._lecture.reply(self.place)
        self.mark.setText(RIGHT if reply.right else SHOWN if reply.shown else OPEN)
        role = "value" if reply.right else "number"
        set_property(self.mark, "role", role)
        set_property(self.said, "role", "wrong" if reply.said and not reply.done else "")
        self.said.setText(reply.sentence)
        self.said.setVisible(bool(reply.sentence))

    @property
    def first(self) -> QWidget | None:
        """What the keyboard goes to."""
        return None


class Predicted(Asked):
    """A number is asked for."""

    def fields(self) -> None:
        """A line for the number, a button that checks it, and hints."""
        self.line = QLineEdit()
        self.line.setPlaceholderText(_("0.5, −4, 1/3 …"))
        self.line.setAccessibleName(self.question.ask)
        self.line.setMinimumWidth(60)
        self.check, self.hint = QPushButton(_("Check")), QPushButton(_("Hint"))
        self.line.returnPressed.connect(self._check)
        self.check.clicked.connect(self._check)
        self.hint.clicked.connect(self._hint)
        self._level = 0
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.line, 1)
        row.addWidget(self.check)
        row.addWidget(self.hint)
        self._column.addLayout(row)
        self.hints = words("", "muted")
        self.hints.hide()
        self._column.addWidget(self.hints)
        assert isinstance(self.question, Predict)
        alone = self._lecture.level is fading.Level.ALONE
        self.hint.setVisible(quantity_of(self.question.key) is not None and not alone)
        self._ask_rule()

    def _ask_rule(self) -> None:
        """Beside a gradient: by which rule does it come?"""
        self.rule: QComboBox | None = None
        assert isinstance(self.question, Predict)
        quantity, whole = quantity_of(self.question.key), self._studio.shown.whole
        if quantity is None or whole is None or self._lecture.level is not fading.Level.PROMPTED:
            return
        self._rule = fading.rule_of(whole, quantity)
        if not self._rule:
            return
        self.rule = QComboBox()
        self.rule.setAccessibleName(_("Which rule?"))
        self.rule.addItem(_("Which rule?"), "")
        for name, text in fading.RULES.items():
            self.rule.addItem(_(text), name)
        self.rule.setMinimumContentsLength(8)
        self.rule.activated.connect(self._said_rule)
        self._column.addWidget(self.rule)

    def _said_rule(self, place: int) -> None:
        assert self.rule is not None
        said = self.rule.itemData(place)
        if said:
            right = said == self._rule
            text = _("Yes, that rule.") if right else _("Another rule: look at the gate.")
            self.hints.setText(text)
            self.hints.show()

    def follow(self) -> None:
        """Show what was said; once it is done there is nothing more to type."""
        super().follow()
        reply = self._lecture.reply(self.place)
        if reply.said and not self.line.hasFocus():
            self.line.setText(reply.said)
        for widget in (self.line, self.check, self.hint):
            widget.setEnabled(not reply.done)

    @property
    def first(self) -> QWidget | None:
        """The line."""
        return self.line

    def _check(self, _checked: bool = False) -> None:
        if self.line.text().strip():
            self._lecture.answer(self.place, self.line.text())

    def _hint(self, _checked: bool = False) -> None:
        assert isinstance(self.question, Predict)
        quantity, whole = quantity_of(self.question.key), self._studio.shown.whole
        if quantity is None or whole is None:
            return
        self._level = min(self._level + 1, LEVELS)
        try:
            text = hint(whole, quantity, self._level)
        except (StudioError, KeyError, StopIteration):
            text = _("The network was changed. Begin the step again for a hint.")
        self.hints.setText(text)
        self.hints.show()
        self.hint.setText(_("Hint {level} of {count}").format(level=self._level, count=LEVELS))


class Beside(QLabel):
    """The words of a round button, which wrap beside it; a click on them is a click on it."""

    def __init__(self, text: str, button: QRadioButton) -> None:
        super().__init__(text)
        self._button = button
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setBuddy(button)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Press the button."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._button.click()


class Chosen(Asked):
    """One of several answers is chosen."""

    def fields(self) -> None:
        """A round button for each answer; its words wrap beside it."""
        assert isinstance(self.question, Choose)
        self.buttons: list[QRadioButton] = []
        group = QButtonGroup(self)
        for number, option in enumerate(self.question.options):
            button = QRadioButton()
            button.setAccessibleName(option.text)
            text = Beside(option.text, button)
            button.clicked.connect(partial(self._choose, number))
            group.addButton(button)
            self.buttons.append(button)
            row = QHBoxLayout()
            row.setSpacing(6)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(text, 1)
            self._column.addLayout(row)

    def follow(self) -> None:
        """Show what was chosen."""
        super().follow()
        reply = self._lecture.reply(self.place)
        if reply.said:
            self.buttons[int(reply.said)].setChecked(True)

    @property
    def first(self) -> QWidget | None:
        """The first answer."""
        return self.buttons[0]

    def _choose(self, number: int, _checked: bool = False) -> None:
        self._lecture.answer(self.place, str(number))


class Done(Asked):
    """Something is to be done with the network; the studio sees when it is.

    Where a network is to be built, a button says what it still lacks.
    """

    def fields(self) -> None:
        """The button."""
        assert isinstance(self.question, Do)
        self.check: QPushButton | None = None
        if not any(each.split()[0] == stage.COMPUTES for each in self.question.until):
            return
        self.check = QPushButton(_("What is missing?"))
        self.check.clicked.connect(self._check)
        row = QHBoxLayout()
        row.addWidget(self.check)
        row.addStretch(1)
        self._column.addLayout(row)

    def follow(self) -> None:
        """Show what was said; once it is done nothing is missing."""
        super().follow()
        if self.check is not None:
            self.check.setEnabled(not self._lecture.reply(self.place).right)

    @property
    def first(self) -> QWidget | None:
        """The button, where there is one."""
        return self.check

    def _check(self, _checked: bool = False) -> None:
        self._lecture.answer(self.place, "")


class Reflected(Asked):
    """Something to think about, and an answer to compare with."""

    def fields(self) -> None:
        """A button that shows the answer."""
        self.show_it = QPushButton(_("Compare with an answer"))
        self.show_it.clicked.connect(self._show)
        row = QHBoxLayout()
        row.addWidget(self.show_it)
        row.addStretch(1)
        self._column.addLayout(row)
        assert isinstance(self.question, Reflect)
        self.show_it.setVisible(bool(self.question.answer))

    @property
    def first(self) -> QWidget | None:
        """The button."""
        return self.show_it

    def _show(self, _checked: bool = False) -> None:
        self._lecture.reveal(self.place)


KINDS: dict[type, type[Asked]] = {
    Predict: Predicted,
    Choose: Chosen,
    Do: Done,
    Reflect: Reflected,
}
