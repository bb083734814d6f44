"""The line of the training: by mouse and by keys, with what happened on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.engine.formula import build as formula_of
from bpstudio.engine.optimizers import SGD
from bpstudio.project import build
from bpstudio.project.events import BRANCH, CHANGE, FAILED, MARK, SPIKE, Event
from bpstudio.project.project import Trained
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.training_track import NEAR, Track, TrackRow
from bpstudio.ui.window import Window

PATIENCE = 60_000
"""Milliseconds within which anything that must happen will have happened."""


def train(qtbot: QtBot, studio: Studio, steps: int) -> None:
    studio.train(steps)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)


def row_of(window: Window) -> TrackRow:
    return window.timeline.track


def arrive(qtbot: QtBot, studio: Studio, step: int) -> None:
    """Wait until that step is shown."""
    qtbot.waitUntil(lambda: not studio.past.running and studio.shown.step == step, timeout=PATIENCE)


def place(track: Track, step: int) -> QPoint:
    share = (step - track.begin) / (track.end - track.begin)
    return QPoint(round(NEAR + share * (track.width() - 2 * NEAR)), track.height() // 2)


def test_it_has_its_place_before_there_is_something_to_go_back_to(
    qtbot: QtBot, window: Window, studio: Studio
) -> None:
    row, track = row_of(window), row_of(window).track
    rooms = []
    for steps in (0, 50):
        if steps:
            train(qtbot, studio, steps)
        assert not row.isHidden() and track.isEnabled() == bool(steps)
        assert (track.begin, track.end, track.step) == (0, steps, steps)
        rooms.append(window.timeline.sizeHint().height())
    assert rooms[0] == rooms[1], "nothing else moves when a training begins"
    studio.undo()
    assert not track.isEnabled() and (track.end, track.step) == (0, 0)
    track.grab()
    known = Trained(40, np.ones(40))
    studio.begin(replace(studio.project, trained=known))
    assert not track.isEnabled() and (track.end, track.step) == (40, 40)  # of which no run is known


def test_what_cannot_be_trained_has_no_line_of_training(window: Window, studio: Studio) -> None:
    studio.begin(build.from_formula(formula_of("x * y", {"x": 2.0, "y": 3.0})))
    assert row_of(window).isHidden()


def test_it_is_walked_along_by_mouse_and_by_keys(
    qtbot: QtBot, window: Window, studio: Studio
) -> None:
    train(qtbot, studio, 100)
    track = row_of(window).track
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=place(track, 40))
    assert abs(track.step - 40) <= 1
    arrive(qtbot, studio, track.step)
    here = studio.shown.step
    for key, move in ((Qt.Key.Key_Left, -1), (Qt.Key.Key_Right, 1), (Qt.Key.Key_PageUp, 5)):
        QTest.keyClick(track, key)
        here += move
        arrive(qtbot, studio, here)
    QTest.keyClick(track, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    arrive(qtbot, studio, here - 10)
    QTest.keyClick(track, Qt.Key.Key_Home)
    arrive(qtbot, studio, 0)
    assert window.actions_by_id["to_present"].isEnabled()
    QTest.keyClick(track, Qt.Key.Key_End)
    arrive(qtbot, studio, 100)
    assert studio.shown.past is None
    assert not window.actions_by_id["to_present"].isEnabled()


def test_events_are_jumped_to(qtbot: QtBot, window: Window, studio: Studio) -> None:
    train(qtbot, studio, 60)
    studio.set_training(optimizer=SGD(learning_rate=0.25))
    train(qtbot, studio, 40)
    for step in (60, 0):
        window.actions_by_id["event_before"].trigger()
        arrive(qtbot, studio, step)
    QTest.keyClick(row_of(window).track, Qt.Key.Key_PageUp)
    arrive(qtbot, studio, 5)
    window.actions_by_id["mark_step"].trigger()
    assert [event.step for event in row_of(window).track.events] == [5, 60]
    for step in (60, 100):
        window.actions_by_id["event_after"].trigger()
        arrive(qtbot, studio, step)
    track = row_of(window).track
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=place(track, 60) + QPoint(NEAR - 1, 0))
    arrive(qtbot, studio, 60)
    assert "0.25" in track._tip(float(place(track, 60).x()))


def test_from_a_past_step_one_goes_on(qtbot: QtBot, window: Window, studio: Studio) -> None:
    train(qtbot, studio, 80)
    studio.past.go_to(30)
    arrive(qtbot, studio, 30)
    said: list[Notice | None] = []
    studio.noticed.connect(said.append)
    window.actions_by_id["go_on_here"].trigger()
    assert not window.actions_by_id["go_on_here"].isEnabled()
    assert said[-1] is not None and "step 30" in said[-1].text
    assert studio.project.trained.steps == 30
    assert (row_of(window).track.end, row_of(window).track.step) == (80, 30)
    train(qtbot, studio, 20)
    track = row_of(window).track
    assert (track.begin, track.end) == (0, 50)
    assert [event.kind for event in track.events] == ["branch"]


def test_every_kind_of_event_is_painted(
    qtbot: QtBot, open_window: Callable[[], Window], studio: Studio
) -> None:
    window = open_window()
    train(qtbot, studio, 50)
    track = row_of(window).track
    plain = track.grab().toImage()
    seen = [plain]
    for kind in (BRANCH, CHANGE, FAILED, MARK, SPIKE):
        track.show_way(0, 50, studio.shown.losses, [Event(20, kind, "")])
        image = track.grab().toImage()
        assert all(image != before for before in seen)
        seen.append(image)
