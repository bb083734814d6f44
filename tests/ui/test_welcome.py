"""The first screen: every way to begin, its pictures, and that it can be switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.data.toys import TOYS
from bpstudio.project.gallery import EXAMPLES
from bpstudio.ui import app
from bpstudio.ui.dialogs.welcome import Welcome, network_for, show
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


@pytest.fixture
def welcome(window: Window) -> Iterator[Welcome]:
    """The open first screen."""
    made = show(window)
    yield made
    window.leave_dialogs()


def test_it_opens_at_the_start_and_not_when_switched_off(window: Window, studio: Studio) -> None:
    app.greet(window)
    (dialog,) = window.findChildren(Welcome)
    dialog.again.click()
    assert not studio.preferences.welcome
    dialog.close()
    QTest.qWait(0)
    app.greet(window)
    assert not any(each.isVisible() for each in window.findChildren(Welcome))


def test_it_does_not_come_between_what_is_being_done(window: Window, studio: Studio) -> None:
    studio.set_training(seed=7)
    app.greet(window)
    assert window.findChildren(Welcome) == []


def test_examples_stand_there_with_pictures(welcome: Welcome, qtbot: QtBot) -> None:
    assert welcome.gallery.count() == len(EXAMPLES)
    first = welcome.gallery.item(0)

    def drawn() -> bool:
        image = first.icon().pixmap(60, 40).toImage()
        return image.pixelColor(image.rect().center()).alpha() == 255

    qtbot.waitUntil(drawn)


def test_an_example_is_opened_by_mouse_and_by_key(
    welcome: Welcome, window: Window, studio: Studio
) -> None:
    item = welcome.gallery.item(1)
    at = welcome.gallery.visualItemRect(item).center()
    QTest.mouseClick(welcome.gallery.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(at))
    assert studio.project.title == EXAMPLES[1].title
    other = show(window)
    other.gallery.setCurrentRow(2)
    other.gallery.setFocus()
    QTest.keyClick(other.gallery, Qt.Key.Key_Return)
    assert studio.project.title == EXAMPLES[2].title


def test_lessons_have_the_numbers_by_which_they_speak_of_each_other(welcome: Welcome) -> None:
    numbers = [welcome.lessons.itemText(i).split(". ")[0] for i in range(welcome.lessons.count())]
    assert numbers[:16] == [str(number) for number in range(1, 17)]


def test_a_formula_becomes_gates(welcome: Welcome, studio: Studio) -> None:
    welcome.formula.setText("max(a, b) * 3")
    QTest.keyClick(welcome.formula, Qt.Key.Key_Return)
    assert {node.op.name for node in studio.project.graph.nodes.values()} >= {"max"}
    assert not welcome.isVisible()


def test_a_wrong_formula_is_said_and_changes_nothing(welcome: Welcome, studio: Studio) -> None:
    before = studio.project
    welcome.formula.setText("max(a,")
    welcome.build.click()
    assert studio.project is before
    assert welcome.isVisible()
    assert welcome.formula.toolTip()


@pytest.mark.parametrize("name", TOYS)
def test_there_is_a_network_for_every_data_set(name: str) -> None:
    project = network_for(name)
    assert project.data is not None
    assert project.weights


def test_a_data_set_becomes_a_network(welcome: Welcome, studio: Studio) -> None:
    welcome.data.setCurrentIndex(welcome.data.findData("spiral"))
    welcome.learn.click()
    assert studio.project.data is not None
    assert studio.project.data.recipe["name"] == "spiral"


def test_a_lesson_begins(welcome: Welcome, studio: Studio) -> None:
    assert welcome.lessons.count() == 16
    welcome.lessons.setCurrentIndex(2)
    welcome.teach.click()
    lesson = lecture_of(studio).lesson
    assert lesson is not None and lesson.number == 3
    lecture_of(studio).leave()
