"""Presenting: what is put away and put back, the clicker's keys, and how large numbers are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolBar
from pytestqt.qtbot import QtBot

from bpstudio import resources
from bpstudio.lessons.shelf import ours
from bpstudio.playback.bodies import NUMBER
from bpstudio.project import edits, file
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.pointing import BLANK, LASER, SPOTLIGHT
from bpstudio.ui.presenting import Presenter, presenter_of
from bpstudio.ui.prompting import Prompt
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


@pytest.fixture
def presenter(window: Window, qtbot: QtBot) -> Iterator[Presenter]:
    """Presenting in a window of 1280 × 720."""
    window.resize(1280, 720)
    window.studio.prefer(reduce_motion=True)
    made = presenter_of(window)
    made.begin(whole_screen=False)
    QApplication.processEvents()
    yield made
    made.end()


def theme_of(studio: Studio) -> str:
    return studio.preferences.theme


def press(window: Window, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window, key)
        QApplication.processEvents()


def sizes_of(prompt: Prompt) -> dict[str, int]:
    """How many pixels high the type of each line is."""
    lines = {"title": prompt.title, "words": prompt.words, "numbers": prompt.numbers}
    return {name: line.fontInfo().pixelSize() for name, line in lines.items()}


def test_everything_but_the_canvas_is_put_away_and_comes_back(
    window: Window, studio: Studio
) -> None:
    window.resize(1280, 720)
    before = [name for name, dock in window.docks.by_name.items() if not dock.isHidden()]
    presenter = presenter_of(window)
    presenter.begin(whole_screen=False)
    assert all(dock.isHidden() for dock in window.docks.by_name.values())
    assert not any(bar.isVisible() for bar in window.findChildren(QToolBar))
    assert not window.menuBar().isVisible()
    assert theme_of(studio) == "projector"
    assert window.canvas.minimap.isHidden()
    presenter.end()
    assert studio.preferences.minimap
    after = [name for name, dock in window.docks.by_name.items() if not dock.isHidden()]
    assert after == before
    assert window.menuBar().isVisible()
    assert theme_of(studio) == "light"


@pytest.mark.parametrize("name", ["sigmoid-neuron", "gate-patterns", "product-of-sum", "xor"])
@pytest.mark.parametrize("size", [(1280, 720), (800, 600)])
def test_numbers_can_be_read_from_the_back_row(
    presenter: Presenter, studio: Studio, name: str, size: tuple[int, int]
) -> None:
    window = presenter.window
    window.resize(*size)
    studio.begin(file.load(resources.path("examples", f"{name}.bps")))
    QApplication.processEvents()
    for _step in range(6):
        presenter.next()
        QApplication.processEvents()
        canvas = window.canvas
        high = NUMBER * canvas.theme.type * canvas.view.scale
        assert high >= 28.0 * window.height() / 720
    assert min(sizes_of(presenter.prompt).values()) >= 22 * window.height() / 720  # type: ignore[arg-type]


def test_what_happens_is_seen(presenter: Presenter, studio: Studio) -> None:
    studio.begin(file.load(resources.path("examples", "sigmoid-neuron.bps")))
    canvas = presenter.window.canvas
    for _step in range(len(studio.shown.timeline.moments)):  # type: ignore[union-attr]
        instant = studio.shown.instant
        assert instant is not None
        node = instant.moment.node if instant.moment is not None else None
        if node is not None and node in canvas.scene.bodies:
            x, y = canvas.scene.bodies[node].rect.centre
            seen = canvas.seen
            assert seen.x <= x <= seen.right and seen.y <= y <= seen.bottom, node
        presenter.next()


@pytest.mark.parametrize("size", [(1280, 720), (800, 600)])
def test_what_just_fits_is_seen_whole(
    presenter: Presenter, studio: Studio, qtbot: QtBot, size: tuple[int, int]
) -> None:
    presenter.window.resize(*size)
    lecture_of(studio).begin(next(each for each in ours() if "chain-rule" in each.folder.name))
    for _press in range(20):
        if lecture_of(studio).place < 2:
            presenter.next()
    assert lecture_of(studio).place == 2
    qtbot.waitUntil(lambda: follows(presenter))
    canvas = presenter.window.canvas
    for body in canvas.scene.each:
        assert canvas.seen.y <= body.rect.y and body.rect.bottom <= canvas.seen.bottom
        assert canvas.seen.x <= body.rect.x and body.rect.right <= canvas.seen.right


def follows(presenter: Presenter) -> bool:
    """Whether the canvas looks where it is to look: it does once the strip has its height."""
    canvas = presenter.window.canvas
    return canvas.view == presenter.view().snapped(canvas.devicePixelRatioF())


def test_a_clicker_leads_through_a_lesson_and_exactly_back(
    presenter: Presenter, studio: Studio, qtbot: QtBot
) -> None:
    window, lecture = presenter.window, lecture_of(studio)
    lecture.begin(next(each for each in ours() if "chain-rule" in each.folder.name))
    assert presenter.prompt is not None
    prompt = presenter.prompt
    qtbot.waitUntil(lambda: window.canvas.height() + prompt.height() <= window.height())
    qtbot.waitUntil(lambda: follows(presenter))
    assert lecture.lesson is not None
    first = studio.project, studio.shown.position, window.canvas.view
    last = len(lecture.lesson.steps) - 1
    for _press in range(200):
        if lecture.place == last and lecture.open_question is None:
            break
        press(window, Qt.Key.Key_PageDown)
    assert (lecture.place, lecture.open_question) == (last, None)
    for _press in range(last):
        press(window, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: follows(presenter))
    assert (studio.project, studio.shown.position, window.canvas.view) == first


def test_without_a_lesson_the_clicker_steps(presenter: Presenter, studio: Studio) -> None:
    studio.show_position(0.0)
    press(presenter.window, Qt.Key.Key_PageDown)
    assert studio.shown.position > 0
    press(presenter.window, Qt.Key.Key_PageUp)
    assert studio.shown.position == 0


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        (Qt.Key.Key_B, BLANK),
        (Qt.Key.Key_Period, BLANK),
        (Qt.Key.Key_L, LASER),
        (Qt.Key.Key_S, SPOTLIGHT),
    ],
)
def test_a_key_points_and_takes_it_away_again(presenter: Presenter, key: Qt.Key, mode: str) -> None:
    light = presenter.light
    assert light is not None
    plain = presenter.window.grab().toImage()
    press(presenter.window, key)
    assert light.mode == mode and light.isVisible()
    assert presenter.window.grab().toImage() != plain
    press(presenter.window, key)
    assert light.mode == "" and not light.isVisible()


def test_a_blank_screen_is_black(presenter: Presenter) -> None:
    presenter.point(BLANK)
    picture = presenter.window.grab().toImage()
    corners = [(2, 2), (600, 300), (1270, 700)]
    assert {picture.pixelColor(*at).lightness() for at in corners} == {0}


def test_locked_nothing_of_the_network_can_be_changed(presenter: Presenter, studio: Studio) -> None:
    window, before = presenter.window, studio.project
    press(window, Qt.Key.Key_K)
    studio.select(["dense1"])
    press(window, Qt.Key.Key_Delete, Qt.Key.Key_Space)
    assert not window.actions_by_id["delete"].isEnabled()
    assert (
        window.childAt(window.canvas.mapTo(window, window.canvas.rect().center()))
        is presenter.light
    )
    assert studio.project is before
    studio.show_position(0.0)
    press(window, Qt.Key.Key_PageDown)
    assert studio.shown.position > 0
    press(window, Qt.Key.Key_K)
    assert window.actions_by_id["delete"].isEnabled()


def test_one_key_resets_to_exactly_the_start_and_loses_nothing(
    presenter: Presenter, studio: Studio
) -> None:
    start = studio.project
    studio.do("Rename", edits.rename, "dense1", "Hidden")
    changed = studio.project
    press(presenter.window, Qt.Key.Key_R)
    assert studio.project is start
    press(presenter.window, Qt.Key.Key_G)
    assert studio.project is changed


def test_prepared_states_are_called_up_in_turn(presenter: Presenter, studio: Studio) -> None:
    places = []
    studio.show_position(0.0)
    for _state in range(2):
        presenter.next()
        press(presenter.window, Qt.Key.Key_M)
        places.append(studio.shown.position)
    for place in (*places, places[0]):
        press(presenter.window, Qt.Key.Key_G)
        assert studio.shown.position == place
    assert len(np.unique(places)) == 2


def test_the_notes_have_the_answers(presenter: Presenter, studio: Studio) -> None:
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if "chain-rule" in each.folder.name))
    press(presenter.window, Qt.Key.Key_N)
    notes = presenter.notes
    assert notes is not None and notes.isVisible()
    for _press in range(20):
        if not lecture.step.questions:
            presenter.next()
    text = notes.text.toPlainText()
    assert lecture.step.questions
    assert all(lecture.solution(each) in text for each in lecture.step.questions)
    presenter.show_notes()
    assert not notes.isVisible()


def test_a_window_that_closes_while_presenting_keeps_the_theme_and_the_panels(
    open_window: Callable[[], Window], studio: Studio
) -> None:
    window = open_window()
    presenter_of(window).begin(whole_screen=False)
    window.close()
    assert theme_of(studio) == "light"
    assert not window.docks.by_name["palette"].isHidden()


SCREENS = {
    "screens": [
        {"name": "desk", "x": 0, "y": 0, "width": 1280, "height": 720},
        {"name": "wall", "x": 1280, "y": 0, "width": 1024, "height": 768},
    ]
}
TWO_SCREENS = """
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from bpstudio.ui.app import make_application
from bpstudio.ui.notes import Notes
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training

app = make_application(Preferences())
studio = Studio(Preferences(), Training())
for place in [screen.geometry() for screen in QGuiApplication.screens()]:
    parent = QWidget()
    parent.setGeometry(place.adjusted(50, 50, -50, -50))
    parent.show()
    app.processEvents()
    notes = Notes(studio, parent)
    notes.open_on_second()
    app.processEvents()
    print(parent.screen().name(), notes.screen().name(), notes.width(), notes.height())
    notes.close()
    parent.close()
studio.close()
"""


@pytest.mark.parametrize("count", [1, 2])
def test_the_notes_stand_on_the_other_screen(tmp_path: Path, count: int) -> None:
    screens = tmp_path / "screens.json"
    screens.write_text(json.dumps({"screens": SCREENS["screens"][:count]}))
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": f"offscreen:configfile={screens}",
        "BPSTUDIO_SETTINGS": str(tmp_path),
    }
    found = subprocess.run(
        [sys.executable, "-c", TWO_SCREENS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = [line.split() for line in found.stdout.splitlines()]
    where = [tuple(line[:2]) for line in lines]
    wide = [int(line[2]) for line in lines]
    if count == 1:
        assert where == [("desk", "desk")], found.stderr
        assert wide[0] < 1000
    else:
        assert where == [("desk", "wall"), ("wall", "desk")], found.stderr
        assert wide[0] > 1000 and wide[1] > 1250  # all of the screen but for the frame
