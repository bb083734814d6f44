"""The tour goes on when the person does the thing, ends with XOR learned, and can be left."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.ui import touring
from bpstudio.ui.studio import Studio
from bpstudio.ui.touring import STOPS, Tour, learned
from bpstudio.ui.window import Window


def click(window: Window, id: str) -> None:
    QTest.mouseClick(window.top.buttons[id], Qt.MouseButton.LeftButton)


def test_it_ends_with_xor_learned(window: Window, studio: Studio, qtbot: QtBot) -> None:
    studio.prefer(reduce_motion=True)
    touring.begin(window)
    (tour,) = window.findChildren(Tour)
    assert tour.place == 0
    click(window, "play")
    qtbot.waitUntil(lambda: tour.place == 1)
    click(window, "backward_pass")
    qtbot.waitUntil(lambda: tour.place == 2)
    studio.select(["dense1"])
    assert tour.place == 3
    click(window, "train")
    qtbot.waitUntil(lambda: tour.place == 5)
    assert learned(studio.shown)
    click(window, "train")
    qtbot.waitUntil(lambda: tour.over)
    tour.card.leave.click()
    assert window.findChildren(Tour) == []


def test_each_stop_points_at_what_can_be_seen(window: Window, studio: Studio) -> None:
    window.resize(800, 600)
    touring.begin(window)
    (tour,) = window.findChildren(Tour)
    for stop in STOPS:
        assert stop.target(window).isVisible() or stop.target(window).objectName()
    assert window.rect().contains(tour.card.geometry())
    tour.end()


def test_it_can_be_left_at_any_time_and_changes_nothing(window: Window, studio: Studio) -> None:
    touring.begin(window)
    (tour,) = window.findChildren(Tour)
    before = studio.project
    tour.card.leave.click()
    studio.select(["dense1"])
    studio.show_phase("forward")
    studio.stop()
    assert studio.project is before
