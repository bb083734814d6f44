"""Predicting on the canvas, exercises with their progress, and the lab of planted faults."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from bpstudio.engine.check import check_recording
from bpstudio.engine.formula import build as formula
from bpstudio.playback.veil import GRADIENT, KINDS, VALUE, Quantity
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.ui.panels.lab import LabPanel
from bpstudio.ui.panels.practice import PracticePanel
from bpstudio.ui.practising import practice_of
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from bpstudio.ui.window import Window


def network(text: str, **values: float) -> Project:
    """The gates of a formula."""
    return build.from_formula(formula(text, values))


@pytest.fixture
def fork(studio: Studio) -> Studio:
    """A studio with (x + y) · x."""
    studio.begin(network("f = (x + y) * x", x=-2, y=5))
    return studio


def numbers(window: Window) -> list[str]:
    """The numbers that can be read on the canvas."""
    window.canvas.grab()
    instant = window.studio.shown.instant
    assert instant is not None
    seen = window.canvas.seen.grown(500.0)
    return [text for _role, text in window.canvas.drawing.visible_numbers(instant, seen)]


def test_hidden_gradients_read_as_questions_until_they_are_said(fork: Studio) -> None:
    practice = practice_of(fork)
    practice.hide({GRADIENT})
    asked = practice.waiting
    assert len(asked) == 5, "add1, y, and x with its two shares"
    practice.ask(Quantity(GRADIENT, "x"))
    assert practice.question == "gradient of x"
    verdict = practice.answer("3")
    assert verdict is not None
    assert not verdict.right
    assert "fork" in practice.sentence or "several ways" in practice.sentence
    practice.give_hint()
    assert practice.hint
    verdict = practice.answer("1,0")
    assert verdict is not None
    assert verdict.right
    assert Quantity(GRADIENT, "x") not in practice.waiting
    assert len(practice.waiting) == 2, "its shares are shown with the sum"
    practice.reveal()
    practice.reveal()
    assert not practice.waiting
    assert practice.asked is None
    practice.hide(())
    assert fork.shown.veil is None


def test_what_can_not_be_read_is_said_and_does_not_count(fork: Studio) -> None:
    practice = practice_of(fork)
    practice.hide({VALUE})
    assert practice.answer("a lot") is None
    assert "a lot" in practice.sentence
    practice.hide(())


def test_the_canvas_and_every_panel_keep_the_secret(window: Window, qtbot: QtBot) -> None:
    studio = window.studio
    studio.begin(network("f = (x + y) * z", x=-2, y=5, z=-4))
    window.docks.open("practice")
    for kinds in ({GRADIENT}, {VALUE}, set(KINDS)):
        practice_of(studio).hide(kinds)
        for position in range(studio.shown.length + 1):
            studio.show_position(float(position))
            for node in ("add1", "f", "z"):
                studio.select([node])
                qtbot.wait(1)
        studio.show_position(float(studio.shown.length))
        assert "?" in numbers(window)
        if GRADIENT in kinds:
            assert "−4.00" in numbers(window), "z itself is given"
            assert "3.00" not in numbers(window) or VALUE not in kinds
    practice_of(studio).hide(())
    assert "?" not in numbers(window)


def test_a_network_that_learns_can_be_hidden_too(window: Window, qtbot: QtBot) -> None:
    practice_of(window.studio).hide(set(KINDS))
    for position in range(window.studio.shown.length + 1):
        window.studio.show_position(float(position))
        qtbot.wait(2)
    practice_of(window.studio).hide(())


def test_a_click_on_a_question_takes_the_answer_there(window: Window, qtbot: QtBot) -> None:
    studio = window.studio
    studio.begin(network("f = (x + y) * z", x=-2, y=5, z=-4))
    practice_of(studio).hide({GRADIENT})
    studio.show_position(float(studio.shown.length))
    canvas = window.canvas
    canvas.fit()
    canvas.grab()
    label = next(
        label
        for label in canvas.drawing.figures.numbers.labels
        if label.role == "gradient" and label.key == "z"
    )
    at = canvas.view.to_widget((label.x, label.y - 4))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(at[0]), round(at[1])))
    editor = canvas.editor
    assert editor is not None
    QTest.keyClicks(editor, "-4")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.open, "a wrong answer can be mended"
    editor.clear()
    QTest.keyClicks(editor, "3")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert Quantity(GRADIENT, "z") not in practice_of(studio).waiting
    practice_of(studio).hide(())


def test_the_key_hides_and_shows_again(window: Window) -> None:
    window.actions_by_id["predict"].trigger()
    assert window.studio.shown.veil is not None
    assert not window.docks.by_name["practice"].isHidden()
    window.actions_by_id["give_hint"].trigger()
    window.actions_by_id["show_answer"].trigger()
    window.actions_by_id["predict"].trigger()
    assert window.studio.shown.veil is None


def test_a_set_is_worked_through_and_its_results_are_kept(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    studio = window.studio
    own = studio.project
    window.docks.open("practice")
    panel = window.docks.by_name["practice"].widget()
    assert isinstance(panel, PracticePanel)
    panel.seed.setValue(4)
    panel.difficulty.setCurrentIndex(1)
    QTest.mouseClick(panel.begin, Qt.MouseButton.LeftButton)
    practice = practice_of(studio)
    assert practice.set is not None
    assert (practice.set.seed, practice.set.difficulty) == (4, 2)
    count = len(practice.set.exercises)
    for place in range(count):
        exercise = practice.set.exercise
        assert practice.set.place == place
        while practice.asked is not None:
            exact = exercise.recording.gradients[practice.asked.node]
            share = exercise.recording.contributions
            if practice.asked.wire is not None:
                exact = share[practice.asked.wire]
            panel.line.setText(f"{exact.item():.6g}")
            QTest.keyClick(panel.line, Qt.Key.Key_Return)
        practice.go(1)
    assert all(result.right and result.tries == 1 for result in practice.results)
    path = tmp_path / "results.csv"
    panel.keep_in(str(path))
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert len(rows) == len(practice.results)
    assert panel.progress.text()
    QTest.mouseClick(panel.leave, Qt.MouseButton.LeftButton)
    assert studio.project is own


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_fault_is_found_with_the_check(window: Window, seed: int) -> None:
    studio = window.studio
    studio.begin(network("f = (x + y) * x + max(y, z) * relu(z - y)", x=-2, y=5, z=7))
    project = studio.project
    window.docks.open("lab")
    panel = window.docks.by_name["lab"].widget()
    assert isinstance(panel, LabPanel)
    panel.seed.setValue(seed)
    panel._plant()
    assert panel.lab is not None
    assert studio.project is project, "the network itself stays as it is"
    assert studio.shown.whole is not None
    check = check_recording(studio.shown.whole)
    (blamed,) = check.blamed
    wrong = next(node for node in project.graph.nodes if node != blamed)
    studio.select([wrong])
    panel._suspect()
    assert not panel.lab.over
    studio.select([blamed])
    panel._suspect()
    assert panel.lab.found
    assert panel.taught.text()
    panel._take_out()
    assert studio.shown.plant is None
    assert check_recording(studio.shown.whole).blamed == ()


def test_a_fault_is_shown_to_whoever_gives_up(window: Window) -> None:
    studio = window.studio
    studio.begin(network("f = (x + y) * x", x=-2, y=5))
    window.docks.open("lab")
    panel = window.docks.by_name["lab"].widget()
    assert isinstance(panel, LabPanel)
    panel._plant()
    assert panel.lab is not None
    panel._reveal()
    assert panel.lab.over
    assert studio.selection == {panel.lab.plant.node}
    studio.begin(network("f = a * b", a=1, b=2))
    panel.refresh()
    assert panel.lab is None
