"""Rows of a form: a word on the left, a quiet field on the right that shows its frame when used."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QPaintEvent, QPalette, QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from bpstudio.language import _
from bpstudio.playback.palette import Theme
from bpstudio.ui.style import CODE

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ROW = 25
"""The height of a row."""
LARGEST = 1e12
_MOST = 2**31 - 1
_FIGURES = 6
_AROUND = 26


class Words(QLabel):
    """What stands before a field; it gives way to the field, and then ends in an ellipsis."""

    def __init__(self, role: str = "muted") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        return QSize(30, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """As much of the text as there is room for."""
        painter = QStylePainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), LEFT, text)
        painter.end()


class Form(QWidget):
    """Rows by key, from top to bottom."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words: dict[str, QLabel] = {}
        self.fields: dict[str, QWidget] = {}
        self._height = ROW
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)

    def row(self, key: str, field: QWidget) -> None:
        """One more row, or another field in a row that is there."""
        if key in self.fields:
            old = self.fields.pop(key)
            self._grid.replaceWidget(old, field)
            old.hide()
            old.deleteLater()
        else:
            self.words[key] = Words()
            place = self._grid.rowCount()
            self._grid.addWidget(self.words[key], place, 0)
            self._grid.addWidget(field, place, 1)
        self.fields[key] = field
        field.setFixedHeight(self._height)
        self.words[key].setBuddy(field)

    def drop(self, key: str) -> None:
        """That row is not needed any more."""
        for widget in (self.words.pop(key), self.fields.pop(key)):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()

    def order(self, keys: Sequence[str]) -> None:
        """Put the rows in this order."""
        for place, key in enumerate(keys, 1):
            for column, widget in enumerate((self.words[key], self.fields[key])):
                self._grid.removeWidget(widget)
                self._grid.addWidget(widget, place, column)

    def say(self, key: str, words: str, help: str = "") -> None:
        """What stands before a field, and what it means."""
        self.words[key].setText(words)
        self.words[key].setToolTip(help)
        field = self.fields[key]
        field.setToolTip(help)
        field.setAccessibleName(words)

    def show_row(self, key: str, shown: bool) -> None:
        """Show a row, or keep it for later."""
        self.words[key].setVisible(shown)
        self.fields[key].setVisible(shown)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        c = theme.colours
        size = round(12 * theme.type)
        self._height = round(ROW * theme.type)
        for field in self.fields.values():
            field.setFixedHeight(self._height)
        self.setStyleSheet(
            f"QComboBox, QAbstractSpinBox, QLineEdit {{ background: transparent;"
            f" border: 1px solid transparent; border-radius: 5px; padding: 1px 5px;"
            f" min-height: {self._height - 4}px; max-height: {self._height - 4}px; }}"
            # Without buttons, Qt leaves a styled field no room for its text.
            f"QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0;"
            f" border: none; }}"
            f"QAbstractSpinBox QLineEdit {{ border: none; padding: 0; min-height: 0;"
            f" background: transparent; }}"
            f"QAbstractSpinBox, QLineEdit, QLabel[role=number], QLabel[role=value],"
            f" QLabel[role=gradient] {{ font-family: '{CODE}'; font-size: {size}px; }}"
            f"QComboBox:hover, QAbstractSpinBox:hover, QLineEdit:hover {{"
            f" border: 1px solid {c['border']}; background: {c['node']}; }}"
            f"QComboBox:focus, QAbstractSpinBox:focus, QLineEdit:focus {{"
            f" border: 1px solid {c['accent']}; background: {c['node']}; }}"
            f"QComboBox::drop-down {{ border: none; width: 0; }}"
            f"QAbstractSpinBox:disabled, QComboBox:disabled {{ color: {c['muted']}; }}"
        )


class Number(QDoubleSpinBox):
    """A field for a number of any size, such as `0.003` or `1e-8`; arrows go on by 1, 2, 5."""

    def __init__(self, low: float | None, high: float | None, *, by_factor: bool = False) -> None:
        super().__init__()
        self._by_factor = by_factor
        self.setDecimals(14)
        self.setRange(-LARGEST if low is None else low, LARGEST if high is None else high)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        _calm(self)

    def textFromValue(self, value: float) -> str:
        """As few figures as the number needs."""
        return f"{value:.{_FIGURES}g}"

    def valueFromText(self, text: str) -> float:
        """The number that was typed; what is none leaves the field as it was."""
        number = _read(text)
        return self.value() if number is None else number

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        """Anything may be typed on the way to a number."""
        number = _read(text)
        fits = number is not None and self.minimum() <= number <= self.maximum()
        state = QValidator.State.Acceptable if fits else QValidator.State.Intermediate
        return state, text, place

    def fixup(self, text: str) -> str:
        """What is no number in the range is taken back."""
        return self.textFromValue(self.value())

    def stepBy(self, steps: int) -> None:
        """The next round number; for what scales (a rate) that of 1, 2, 5, 10."""
        value = self.value()
        if not self._by_factor or value <= 0:
            super().stepBy(steps)
            return
        for _step in range(abs(steps)):
            value = _next_round(value, up=steps > 0)
        self.setValue(value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Whoever scrolls past does not change a number."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Whole(QSpinBox):
    """A field for a whole number."""

    def __init__(self, low: float | None, high: float | None) -> None:
        super().__init__()
        self.setRange(-_MOST if low is None else int(low), _MOST if high is None else int(high))
        _calm(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Whoever scrolls past does not change a number."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Slide(QSlider):
    """A slider that lies, from left to right, where one may scroll past it."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Whoever scrolls past does not move it."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Choice(QComboBox):
    """A field with one of several words, written at its right end."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def offer(self, words: Sequence[str], values: Sequence[Any]) -> None:
        """What there is to choose from; the choice stays."""
        if [self.itemText(i) for i in range(self.count())] == list(words):
            return
        chosen = self.currentData()
        with QSignalBlocker(self):
            self.clear()
            for text, value in zip(words, values, strict=True):
                self.addItem(text, value)
            self.setCurrentIndex(self.findData(chosen))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame as the style draws it, the word at the right."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        inside = self.rect().adjusted(7, 0, -7, 0)
        words = self.fontMetrics().elidedText(
            self.currentText() or self.placeholderText(),
            Qt.TextElideMode.ElideRight,
            inside.width(),
        )
        enabled = QPalette.ColorGroup.Normal if self.isEnabled() else QPalette.ColorGroup.Disabled
        painter.setPen(self.palette().color(enabled, QPalette.ColorRole.Text))
        painter.drawText(inside, RIGHT, words)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Whoever scrolls past chooses nothing."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Line(QLineEdit):
    """A field for a word or a formula."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(RIGHT)


class Sizes(Line):
    """A field for a shape, such as `2, 3`; empty for a single number."""

    def sizes(self) -> tuple[int, ...] | None:
        """The shape that was typed; None for what is none."""
        parts = [
            part for part in self.text().replace("×", ",").replace(" ", ",").split(",") if part
        ]
        return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else None


def setting_field(
    field: dataclasses.Field[Any], change: Callable[[Any], None], done: Callable[[], None]
) -> QWidget:
    """A field for what a gate or an optimizer declares with `setting`.

    `change` gets each new value, and `done` is called when a row of changes is over.
    """
    low, high, choices = (field.metadata.get(key) for key in ("low", "high", "choices"))
    if choices is not None:
        chosen = Choice()
        chosen.offer([_("none") if c is None else _(str(c)) for c in choices], list(choices))
        chosen.activated.connect(lambda _index: change(chosen.currentData()))
        return chosen
    if isinstance(field.default, tuple):
        sizes = Sizes()
        sizes.editingFinished.connect(lambda: _pass_on(sizes.sizes(), change))
        return sizes
    if isinstance(field.default, str):
        words = Line()
        words.editingFinished.connect(lambda: change(words.text()))
        return words
    if isinstance(field.default, bool):
        switch = Choice()
        switch.offer([_("no"), _("yes")], [False, True])
        switch.activated.connect(lambda _index: change(switch.currentData()))
        return switch
    if isinstance(field.default, int):
        whole = Whole(low, high)
        whole.valueChanged.connect(change)
        whole.editingFinished.connect(done)
        return whole
    number = Number(low, high, by_factor=low is not None and low >= 0 and high is None)
    number.valueChanged.connect(change)
    number.editingFinished.connect(done)
    return number


def put(field: QWidget, value: Any) -> None:
    """Show a value in a field of any kind, unless it stands there or somebody types in it."""
    with QSignalBlocker(field):
        if isinstance(field, Choice):
            field.setCurrentIndex(field.findData(value))
        elif isinstance(field, Line):
            text = ", ".join(map(str, value)) if isinstance(field, Sizes) else value
            if not field.hasFocus() and field.text() != text:
                field.setText(text)
                field.setCursorPosition(0)
        elif isinstance(field, Number | Whole):
            if field.value() != value:
                field.setValue(value)
            wide = field.fontMetrics().horizontalAdvance(field.text()) + _AROUND
            if wide != field.minimumWidth():
                field.setMinimumWidth(wide)
        elif isinstance(field, QLabel) and field.text() != value:
            field.setText(value)


def _calm(field: QAbstractSpinBox) -> None:
    """No change while one types; figures at the right."""
    field.lineEdit().setTextMargins(4, 0, 1, 0)
    field.setKeyboardTracking(False)
    field.setAlignment(RIGHT)
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)


def _pass_on(value: Any, change: Callable[[Any], None]) -> None:
    if value is not None:
        change(value)


def _read(text: str) -> float | None:
    try:
        number = float(text.strip().replace("\u2212", "-").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _next_round(value: float, *, up: bool) -> float:
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    rounds = [f * power for f in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    if up:
        return next(r for r in rounds if r > value * (1 + 1e-9))
    return next(r for r in reversed(rounds) if r < value * (1 - 1e-9))
