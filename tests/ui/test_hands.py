"""What a test holds in its hands when it ends is not in those of the next."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.conftest import let_go

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
CONTROL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


class Noting(QWidget):
    """Notes which buttons were down when the mouse moved over it."""

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.seen: list[Qt.MouseButton] = []

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A move, with the buttons that Qt takes to be down."""
        self.seen.append(event.buttons())


@pytest.mark.parametrize("by_window", [False, True])
def test_a_button_that_is_held_is_held_no_more(qtbot: QtBot, by_window: bool) -> None:
    pressed, next_one = QLineEdit(), Noting()
    for widget in (pressed, next_one):
        qtbot.addWidget(widget)
        widget.show()
    for button in (LEFT, RIGHT):
        if by_window:
            QTest.mousePress(pressed.windowHandle(), button, CONTROL, QPoint(2, 2))
        else:
            QTest.mousePress(pressed, button, CONTROL)
    assert QApplication.mouseButtons() == LEFT | RIGHT
    let_go()
    assert QApplication.mouseButtons() == NONE
    assert QApplication.keyboardModifiers() == PLAIN
    QTest.mouseMove(next_one, QPoint(5, 5))
    assert set(next_one.seen) <= {NONE}


def test_nor_is_a_key_or_what_was_copied(qtbot: QtBot) -> None:
    field = QLineEdit("some words")
    qtbot.addWidget(field)
    for key in (Qt.Key.Key_A, Qt.Key.Key_C):
        QTest.keyClick(field, key, CONTROL)
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    assert QGuiApplication.clipboard().text() == "some words"
    assert QApplication.keyboardModifiers() == CONTROL
    let_go()
    assert QGuiApplication.clipboard().text() == ""
    assert QApplication.keyboardModifiers() == PLAIN
    assert QApplication.overrideCursor() is None
