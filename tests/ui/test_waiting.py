"""A test that gets into a loop of Qt's own comes out of it, and says where it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import waiting
from tests.ui.waiting import Loops, Patience

FOR_EVER = """
import threading
from tests.ui import waiting

class Config:
    class pluginmanager:
        @staticmethod
        def getplugin(name):
            return None

waiting.STILL = 0.05
with waiting.given_up(lambda: "the 17th key", Config):
    threading.Event().wait()
"""


@pytest.fixture
def shown(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_question_that_waits_is_told_and_left_at_once(shown: QWidget) -> None:
    loops = Loops()
    with loops.watched():
        QApplication.processEvents()
        loops.check()
        QMessageBox.question(shown, "Overwrite", "There is such a file.")
    assert QApplication.activeModalWidget() is None
    with pytest.raises(AssertionError, match=r"QMessageBox.*There is such a file"):
        loops.check()


def test_the_menu_of_a_field_is_left_without_a_word(shown: QWidget) -> None:
    field = QSpinBox(shown)
    field.show()
    loops = Loops()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(3, 3), QPoint(3, 3))
    with loops.watched():
        QApplication.sendEvent(field, event)
    assert QApplication.activePopupWidget() is None
    loops.check()


def test_what_one_call_waits_in_too_long_is_left(
    shown: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK", 0.01)
    monkeypatch.setattr(waiting, "LONGEST", 0.05)
    patience = Patience()
    QMessageBox.question(shown, "Overwrite", "There is such a file.")
    patience.end()
    assert len(patience.told) == 1
    assert "There is such a file." in patience.told[0]


def test_a_test_that_goes_on_is_left_alone(
    qtbot: QtBot, shown: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK", 0.01)
    monkeypatch.setattr(waiting, "LONGEST", 0.05)
    patience = Patience()
    for _time in range(20):
        qtbot.wait(10)
    patience.end()
    assert patience.told == []


def test_where_nothing_can_be_left_everything_ends_with_a_word() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FOR_EVER],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Qt does not come back: the 17th key" in ended.stderr
