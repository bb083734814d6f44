"""Lessons in the window: gone through by keys and by hand, in both languages, and back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from bpstudio.lessons import stage
from bpstudio.lessons.lesson import Do, Predict
from bpstudio.lessons.shelf import ours
from bpstudio.playback.picture import caption_of
from bpstudio.project import edits, opening
from bpstudio.ui import actions
from bpstudio.ui.lecturing import Lecture, lecture_of
from bpstudio.ui.panels.dividing_line import counted
from bpstudio.ui.panels.lesson import LessonPanel
from bpstudio.ui.panels.questions import Chosen, Predicted
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from bpstudio.ui.window import Window

NAMES = [shelved.folder.name for shelved in ours()]


def shelf(name: str):  # type: ignore[no-untyped-def]
    """The lesson of that folder."""
    return next(each for each in ours() if each.folder.name == name)


def seen(studio: Studio) -> tuple[object, ...]:
    """All that a person reads at this moment."""
    shown = studio.shown
    caption = "" if shown.instant is None else caption_of(shown.instant).text
    return studio.project, shown.position, shown.veil, studio.selection, caption


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_is_played_to_its_end_with_one_key_and_back_with_another(
    window: Window, qtbot: QtBot, name: str, language: str
) -> None:
    studio = window.studio
    studio.prefer(language=language, reduce_motion=True)
    own, past = studio.project, studio.history
    lecture = lecture_of(studio)
    lecture.begin(shelf(name))
    window.docks.open("lesson")
    assert lecture.lesson is not None
    assert lecture.lesson.language == language
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    window.canvas.setFocus()
    states: list[tuple[object, ...]] = []
    for _press in range(200):
        if lecture.open_question is None:
            states.append(seen(studio))
            assert len(states) == lecture.place + 1
            if lecture.place + 1 == len(lecture.lesson.steps):
                break
        press(window, "lesson_next")
    assert len(states) == len(lecture.lesson.steps)
    for place in reversed(range(len(states) - 1)):
        press(window, "lesson_back")
        assert lecture.place == place
        assert seen(studio) == states[place]
        assert all(lecture.reply(n).done for n in range(len(lecture.step.questions)))
    for place in range(1, len(states)):
        press(window, "lesson_next")
        assert seen(studio) == states[place]
    press(window, "lesson_leave")
    assert not lecture.on
    assert studio.project is own
    assert studio.history is past


def press(window: Window, id: str) -> None:
    """The key of a command, at the canvas."""
    act = window.actions_by_id[id]
    assert act.isEnabled(), id
    act.trigger()


def test_page_down_is_the_key(window: Window, qtbot: QtBot) -> None:
    assert actions.table["lesson_next"].shortcut == ("PgDown",)
    assert actions.table["lesson_back"].shortcut == ("PgUp",)
    lecture = lecture_of(window.studio)
    lecture.begin(shelf(NAMES[0]))
    window.activateWindow()
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_PageDown)
    assert lecture.reply(0).shown
    lecture.leave()


def test_the_list_of_lessons_has_their_numbers(window: Window) -> None:
    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    titles = [label.text() for label in panel.findChildren(QLabel)]
    for number, name in enumerate(NAMES, 1):
        assert f"{number}. {shelf(name).read('en').title}" in titles


def test_the_answer_that_was_shown_last_is_seen(window: Window, qtbot: QtBot) -> None:
    window.resize(1200, 640)
    window.studio.prefer(language="ko")
    lecture = lecture_of(window.studio)
    lecture.begin(shelf("01-forward"))
    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    for _press in range(30):
        if lecture.place < 3:
            press(window, "lesson_next")
    assert lecture.place == 3
    for _question in lecture.step.questions:
        press(window, "lesson_next")
        for _turn in range(3):
            QApplication.processEvents()
    last, port = panel.asked[-1], panel.area.viewport()

    def seen_whole() -> bool:
        return last.mapTo(port, last.rect().bottomLeft()).y() < port.height()

    assert panel.area.verticalScrollBar().maximum() > 0
    qtbot.waitUntil(seen_whole)
    press(window, "lesson_next")
    press(window, "lesson_back")
    for _turn in range(3):
        QApplication.processEvents()
    assert panel.area.verticalScrollBar().value() == 0


def to_the_end(lecture: Lecture) -> None:
    """Through all steps, every answer shown."""
    assert lecture.lesson is not None
    for _press in range(200):
        lecture.next()
    assert lecture.place + 1 == len(lecture.lesson.steps)
    assert lecture.open_question is None


def test_the_end_of_a_lesson_leads_to_the_next(window: Window, qtbot: QtBot) -> None:
    window.resize(1000, 720)
    studio = window.studio
    own = studio.project
    lecture = lecture_of(studio)
    lecture.begin(shelf("03-chain-rule"))
    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    assert panel.onwards is None
    to_the_end(lecture)
    assert panel.onwards is not None and not panel.onwards.isHidden()
    (begin,) = panel.onwards.findChildren(QPushButton)
    qtbot.waitUntil(lambda: begin.visibleRegion().boundingRect() == begin.rect())
    QTest.mouseClick(begin, Qt.MouseButton.LeftButton)
    assert lecture.lesson is not None and lecture.lesson.number == 4
    assert lecture.place == 0
    lecture.leave()
    assert studio.project is own
    lecture.begin(shelf(NAMES[-1]))
    to_the_end(lecture)
    assert panel.onwards is not None and not panel.onwards.isHidden()
    assert panel.onwards.findChildren(QPushButton) == []
    lecture.leave()


@pytest.mark.parametrize("name", NAMES)
def test_every_right_answer_is_taken_and_every_wrong_one_has_its_reason(
    studio: Studio, name: str
) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelf(name))
    assert lecture.lesson is not None
    for place in range(len(lecture.lesson.steps)):
        lecture._enter(place)
        for number, question in enumerate(lecture.step.questions):
            if not isinstance(question, Predict):
                continue
            for wrong in question.wrong:
                reply = lecture.answer(number, wrong.text)
                assert not reply.right
                assert reply.sentence == wrong.reason
            reply = lecture.answer(number, question.answer)
            assert reply.right, question.ask
            assert reply.tries == len(question.wrong) + 1
    lecture.leave()


def test_a_mistake_that_the_lesson_does_not_foresee_is_named_by_its_rule(studio: Studio) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelf("03-chain-rule"))
    lecture._enter(3)
    reply = lecture.answer(0, "4")
    assert "sign" in reply.sentence
    lecture.leave()


def test_answers_are_typed_and_chosen_by_hand(window: Window, qtbot: QtBot) -> None:
    lecture = lecture_of(window.studio)
    lecture.begin(shelf("03-chain-rule"))
    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    first = panel.asked[0]
    assert isinstance(first, Predicted)
    first.line.setFocus()
    QTest.keyClicks(first.line, "7")
    QTest.keyClick(first.line, Qt.Key.Key_Return)
    assert "−2" in first.said.text()
    QTest.mouseClick(first.hint, Qt.MouseButton.LeftButton)
    assert first.hints.text()
    first.line.clear()
    QTest.keyClicks(first.line, "3,0")
    QTest.mouseClick(first.check, Qt.MouseButton.LeftButton)
    assert lecture.reply(0).right
    assert not first.line.isEnabled()
    lecture.next()
    lecture.next()
    assert lecture.place == 1
    chosen = panel.asked[0]
    assert isinstance(chosen, Chosen)
    QTest.mouseClick(chosen.buttons[1], Qt.MouseButton.LeftButton)
    assert not lecture.reply(0).right
    assert chosen.said.text()
    QTest.mouseClick(chosen.buttons[0], Qt.MouseButton.LeftButton)
    assert lecture.reply(0).right
    lecture.leave()


def test_values_typed_as_the_lesson_asks_are_recognised(studio: Studio) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelf("03-chain-rule"))
    lecture._enter(4)
    place = number_of_task(lecture)
    for name, value in (("x", -1.96), ("y", 5.04), ("z", -4.03)):
        assert not lecture.reply(place).right
        studio.do("Change the value", edits.set_value, f"{name}.value", np.array(value))
    assert lecture.reply(place).right
    lecture.leave()


def number_of_task(lecture: Lecture) -> int:
    """The number of the step's first task."""
    questions = lecture.step.questions
    return next(n for n, question in enumerate(questions) if isinstance(question, Do))


def test_fusing_the_four_gates_is_recognised_and_the_border_keeps_its_numbers(
    studio: Studio,
) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelf("04-sigmoid-neuron"))
    for _press in range(40):
        if lecture.place == 3:
            break
        lecture.next()
    before = studio.shown.whole
    assert before is not None
    studio.do("Fuse", opening.fuse, ["n", "e", "p", "f"])
    assert lecture.reply(number_of_task(lecture)).right
    after = studio.shown.whole
    assert after is not None
    for node in ("s", "x0", "w1"):
        np.testing.assert_allclose(after.gradients[node], before.gradients[node], rtol=1e-12)
    lecture.leave()


def test_the_line_is_dragged_and_the_counter_never_says_four(window: Window) -> None:
    lecture = lecture_of(window.studio)
    studio = window.studio
    lecture.begin(shelf("10-perceptrons"))
    window.docks.open("lesson")
    for _press in range(30):
        if lecture.place < 2:
            lecture.next()
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    line = panel.line
    assert line is not None
    assert counted(studio.project, "neuron") == (1, 4)
    assert not lecture.reply(number_of_task(lecture)).right
    before = studio.project.weights["neuron.bias"].item()
    drag(line, QPoint(line.width() // 2, line.height() - 30), QPoint(0, -40))
    assert studio.project.weights["neuron.bias"].item() != before
    entries = len(studio.history.past)
    turned = studio.project.weights["neuron.weight"].copy()
    drag(line, line.handle().toPoint(), QPoint(30, 10))
    assert not np.array_equal(turned, studio.project.weights["neuron.weight"])
    assert len(studio.history.past) == entries + 1, "one drag is one entry"
    most, chance = 0, random.Random(3)
    line.setFocus()
    arrows = (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down)
    held = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
    for _press in range(400):
        QTest.keyClick(line, chance.choice(arrows), chance.choice(held))
        most = max(most, counted(studio.project, "neuron")[0])
    assert most == 3
    assert lecture.reply(number_of_task(lecture)).right
    assert "4" in line.accessibleDescription()
    lecture.leave()


def drag(widget: QWidget, start: QPoint, by: QPoint) -> None:
    """Press, move and let go."""
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.5, 1.0):
        QTest.mouseMove(widget, start + QPoint(round(by.x() * share), round(by.y() * share)))
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start + by)


def test_nand_and_or_wired_into_and_give_xor(studio: Studio) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelf("10-perceptrons"))
    lecture._enter(4)
    place = number_of_task(lecture)
    studio.do("Connect", edits.connect, "nand", "and", "a")
    assert not lecture.reply(place).right
    studio.do("Connect", edits.connect, "or", "and", "b")
    assert lecture.reply(place).right
    lecture.leave()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_step_asks_for_is_not_to_be_read_beside_the_question(
    studio: Studio, name: str
) -> None:
    """Also where another network of the lesson has a number of that name that was said.

    Where a fault is planted, what is seen is what the fault makes of it, and not the answer.
    """
    lecture = lecture_of(studio)
    lecture.begin(shelf(name))
    assert lecture.lesson is not None
    for place in range(len(lecture.lesson.steps)):
        assert lecture.place == place
        for quantity in () if lecture.step.state.fault else stage.asked_in(lecture.step):
            veil = studio.shown.veil
            assert veil is not None and veil.hides(quantity), (place, quantity)
        for question in range(len(lecture.step.questions)):
            lecture.reveal(question)
        lecture.next()
    lecture.leave()


def test_a_step_that_is_begun_again_is_as_it_was(studio: Studio) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelf("03-chain-rule"))
    first = seen(studio)
    lecture.answer(0, "3")
    studio.do("Change the value", edits.set_value, "x.value", np.array(9.0))
    lecture.again()
    assert seen(studio) == first
    assert not lecture.reply(0).done
    lecture.leave()


def test_unsaved_work_comes_back_when_the_lesson_ends_or_another_project_is_opened(
    studio: Studio,
) -> None:
    studio.do("Rename", edits.set_title, "mine")
    own, past = studio.project, studio.history
    lecture = lecture_of(studio)
    lecture.begin(shelf("03-chain-rule"))
    assert studio.project is not own
    studio.do("Change the value", edits.set_value, "x.value", np.array(9.0))
    studio.come_back()
    assert studio.project is own
    assert studio.history is past
    assert studio.dirty
    assert not lecture.on


def test_another_language_shows_the_same_step(window: Window) -> None:
    lecture = lecture_of(window.studio)
    lecture.begin(shelf("03-chain-rule"))
    lecture.next()
    lecture.next()
    lecture.next()
    place = lecture.place
    window.studio.prefer(language="ko")
    assert lecture.place == place
    assert lecture.lesson is not None
    assert lecture.lesson.language == "ko"
    lecture.leave()
