"""Help that fades in lessons, and the glossary that they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from bpstudio.engine import formula
from bpstudio.lessons import fading, glossary
from bpstudio.lessons.fading import Level
from bpstudio.lessons.lesson import Predict
from bpstudio.lessons.shelf import ours
from bpstudio.playback.veil import Quantity
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.ui.dialogs.glossary import Glossary
from bpstudio.ui.lecturing import Lecture, lecture_of
from bpstudio.ui.panels.lesson import LessonPanel
from bpstudio.ui.panels.questions import Done, Predicted
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def begun(studio: Studio, place: int, level: Level) -> Lecture:
    """A step of the lesson on gate patterns, at a level."""
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if each.folder.name == "05-patterns"))
    assert lecture.lesson is not None
    title = lecture.lesson.steps[place].title
    lecture.fade(level)
    lecture._enter([step.title for step in lecture.lesson.steps].index(title))
    return lecture


@pytest.mark.parametrize(("level", "open"), [(1, 0), (2, 1), (3, 4), (4, 4)])
def test_each_level_leaves_more_open(studio: Studio, level: int, open: int) -> None:
    lecture = begun(studio, 1, Level(level))
    replies = [lecture.reply(number) for number in range(4)]
    assert sum(not reply.done for reply in replies) == open
    assert all(reply.sentence for reply in replies if reply.done)
    veil = studio.shown.veil
    hidden = [
        name for name in "xyzw" if veil is not None and veil.hides(Quantity("gradient", name))
    ]
    assert hidden == list("xyzw"[4 - open :])
    assert (veil is not None and veil.hides(Quantity("value", "f"))) is (level == 4)
    lecture.leave()


def test_three_right_answers_in_a_row_raise_the_level(studio: Studio) -> None:
    lecture = begun(studio, 1, Level.PROMPTED)
    lecture.answer(0, "6")
    for number, answer in enumerate(("-8", "6", "2")):
        lecture.answer(number, answer)
    assert int(lecture.level) == 3, "the first took two tries"
    lecture.answer(3, "0")
    assert int(lecture.level) == 4
    lecture.leave()


def test_the_rule_is_asked_for_and_judged(window: Window) -> None:
    lecture = begun(window.studio, 1, Level.PROMPTED)
    whole = window.studio.shown.whole
    assert whole is not None
    rules = [fading.rule_of(whole, Quantity("gradient", name)) for name in "xzrs"]
    assert rules == ["switch", "route", "distribute", "slope"]
    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    asked = panel.asked[0]
    assert isinstance(asked, Predicted)
    assert asked.rule is not None
    for name, right in (("route", False), ("switch", True)):
        asked.rule.setCurrentIndex(asked.rule.findData(name))
        asked.rule.activated.emit(asked.rule.currentIndex())
        assert asked.hints.text().startswith("Yes") is right
    lecture.fade(Level.ALONE)
    lecture.next()
    lecture.next()
    alone = panel.asked[0]
    assert isinstance(alone, Predicted)
    assert alone.rule is None
    assert alone.hint.isHidden()
    assert not window.studio.selection
    lecture.leave()


@pytest.mark.parametrize("level", [Level.WORKED, Level.COMPLETED, Level.ALONE])
@pytest.mark.parametrize("name", [each.folder.name for each in ours()])
def test_every_lesson_can_be_entered_at_every_level(
    studio: Studio, name: str, level: Level
) -> None:
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if each.folder.name == name))
    lecture.fade(level)
    assert lecture.lesson is not None
    for place, step in enumerate(lecture.lesson.steps):
        lecture._enter(place)
        numbers = [n for n, part in enumerate(step.questions) if isinstance(part, Predict)]
        if level is Level.WORKED:
            assert all(lecture.reply(number).shown for number in numbers)
    lecture.leave()


def test_who_works_alone_builds_the_network_first_from_nothing(window: Window) -> None:
    studio = window.studio
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if each.folder.name == "03-chain-rule"))
    window.docks.open("lesson")
    assert lecture.lesson is not None
    written = len(lecture.lesson.steps)
    lecture.fade(Level.ALONE)
    assert len(lecture.lesson.steps) == written + 1
    assert lecture.step.builds == "chain.bps"
    assert not studio.project.graph.nodes
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    asked = panel.asked[0]
    assert isinstance(asked, Done)
    assert asked.check is not None
    QTest.mouseClick(asked.check, Qt.MouseButton.LeftButton)
    assert asked.said.text() == "There is nothing yet."
    studio.do("Type", replaced, "(x + y)*z", {"x": -2.0, "y": 5.0, "z": 4.0})
    QTest.mouseClick(asked.check, Qt.MouseButton.LeftButton)
    assert "z = −4" in asked.said.text()
    assert not lecture.reply(0).right
    studio.do("Type", replaced, "c*(b + a)", {"a": -2.0, "b": 5.0, "c": -4.0})
    assert lecture.reply(0).right
    own = studio.project
    studio.prefer(language="ko")
    assert lecture.step.builds == "chain.bps"
    assert studio.project is own
    lecture.next()
    assert set(studio.project.graph.nodes) == {"x", "y", "z", "q", "f"}
    lecture.back()
    assert studio.project is own
    lecture.fade(Level.PROMPTED)
    assert len(lecture.lesson.steps) == written
    assert set(studio.project.graph.nodes) == {"x", "y", "z", "q", "f"}
    lecture.leave()


def replaced(_project: Project, text: str, values: dict[str, float]) -> Project:
    """The network of a formula in place of the one that is there."""
    return build.from_formula(formula.build(text, values))


def test_the_steps_before_stay_as_they_were_when_the_level_rises(studio: Studio) -> None:
    lecture = begun(studio, 1, Level.PROMPTED)
    assert lecture.lesson is not None
    before = len(lecture.lesson.steps)
    for number, answer in enumerate(("-8", "6", "2", "0")):
        lecture.answer(number, answer)
    assert lecture.level is Level.ALONE
    assert lecture.place == 1
    built = [step.builds for step in lecture.lesson.steps if step.builds]
    assert len(lecture.lesson.steps) == before + len(built)
    assert not any(step.builds for step in lecture.lesson.steps[:2])
    lecture.leave()


def test_both_glossaries_have_the_same_words() -> None:
    english, korean = glossary.terms("en"), glossary.terms("ko")
    assert [(a.name, a.other) for a in english] == [(b.other, b.name) for b in korean]
    assert all(term.text for term in (*english, *korean))
    found = glossary.spoken_of("Two streams: their gradients are added.", english)
    assert [term.name for term in found] == ["gradient", "fork"]
    assert "연쇄 법칙" in [t.name for t in glossary.spoken_of("이것이 연쇄 법칙입니다.", korean)]


def test_the_glossary_opens_from_the_menu_and_from_a_lessons_words(window: Window) -> None:
    window.actions_by_id["glossary"].trigger()
    opened = QApplication.activeModalWidget()
    assert isinstance(opened, Glossary)
    QTest.keyClicks(opened.search, "chain")
    assert opened.name.text() == "chain rule"
    assert "upstream" in opened.text.text()
    opened.close()
    lecture = lecture_of(window.studio)
    lecture.begin(next(each for each in ours() if each.folder.name == "03-chain-rule"))
    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    assert panel.terms
    QTest.mouseClick(panel.terms[0], Qt.MouseButton.LeftButton)
    opened = QApplication.activeModalWidget()
    assert isinstance(opened, Glossary)
    assert opened.name.text() == panel.terms[0].text()
    opened.close()
    lecture.leave()
