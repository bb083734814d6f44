"""In a small window everything that is needed is there, and can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from bpstudio import resources
from bpstudio.data import toys
from bpstudio.lessons.shelf import Shelved, ours
from bpstudio.project import build, edits, file, gallery
from bpstudio.project.project import Project
from bpstudio.ui.anything import teach
from bpstudio.ui.bars import in_two_lines
from bpstudio.ui.docks import Dock
from bpstudio.ui.lecturing import Lecture, lecture_of
from bpstudio.ui.panels.lesson import LessonPanel
from bpstudio.ui.panels.recording import NAMES, Cell, RecordingPanel
from bpstudio.ui.panels.trainer import TrainerPanel
from bpstudio.ui.presenting import presenter_of
from bpstudio.ui.studio import Notice
from bpstudio.ui.window import Window

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea


def shelf(name: str) -> Shelved:
    """The lesson of that folder."""
    return next(each for each in ours() if each.folder.name == name)


def begin(window: Window, name: str) -> Lecture:
    """Begin a lesson, with its panel open."""
    lecture = lecture_of(window.studio)
    lecture.begin(shelf(name))
    window.docks.open("lesson")
    QApplication.processEvents()
    return lecture


def in_front(dock: Dock) -> bool:
    """Whether any of it is seen."""
    return not dock.isHidden() and not dock.visibleRegion().isEmpty()


def test_beside_a_lesson_the_canvas_has_half_of_a_small_window(window: Window) -> None:
    docks = window.docks
    lesson, inspector, trainer = map(docks.by_name.get, ("lesson", "inspector", "trainer"))
    assert lesson is not None and inspector is not None and trainer is not None
    for theme in ("light", "projector"):
        window.studio.prefer(theme=theme)
        window.resize(800, 600)
        lecture = begin(window, "03-chain-rule")
        assert window.canvas.width() >= 400
        assert in_front(lesson)
        # What stood at the right is a click away, and a gate that is chosen leaves the lesson seen.
        assert lesson in window.tabifiedDockWidgets(inspector)
        window.studio.select([next(iter(window.studio.project.graph.nodes))])
        QApplication.processEvents()
        assert in_front(lesson)
        docks.open("inspector")
        QApplication.processEvents()
        assert in_front(inspector)
        lecture.leave()
        QApplication.processEvents()
        assert window.dockWidgetArea(inspector) == window.dockWidgetArea(trainer) == RIGHT
        assert window.dockWidgetArea(lesson) == LEFT
        assert in_front(trainer)
        assert not docks.touched


def test_with_room_the_panels_at_the_right_come_back_beside_the_lesson(window: Window) -> None:
    inspector = window.docks.by_name["inspector"]
    window.resize(800, 600)
    lecture = begin(window, "03-chain-rule")
    assert window.dockWidgetArea(inspector) == LEFT
    window.resize(1280, 720)
    QApplication.processEvents()
    assert window.dockWidgetArea(inspector) == RIGHT
    assert in_front(inspector)
    window.resize(800, 600)
    QApplication.processEvents()
    window.restore_docks()
    QApplication.processEvents()
    assert window.dockWidgetArea(inspector) == RIGHT
    lecture.leave()


def test_a_lesson_that_is_left_while_it_is_presented_gives_the_panels_back(
    window: Window,
) -> None:
    inspector = window.docks.by_name["inspector"]
    window.resize(800, 600)
    lecture = begin(window, "03-chain-rule")
    presenter = presenter_of(window)
    presenter.begin(whole_screen=False)
    lecture.leave()
    presenter.end()
    QApplication.processEvents()
    assert window.dockWidgetArea(inspector) == RIGHT


def test_a_network_of_ours_is_called_in_the_language_of_the_person(window: Window) -> None:
    studio = window.studio
    studio.prefer(language="ko")
    lecture = begin(window, "01-forward")
    assert studio.project.title == "Two apples"
    assert window.windowTitle().startswith("사과 두 개")
    lecture.leave()
    theirs = replace(Project(), title="Mine")
    studio.begin(theirs)
    assert window.windowTitle().startswith("Mine")


def test_every_network_of_ours_has_a_title_that_can_be_said() -> None:
    for path in sorted(resources.path("lessons").glob("*/*.bps")):
        title = file.load(path).title
        letters = re.findall(r"[A-Za-z]{4,}", title)
        assert not letters or gallery.is_ours(title), f"{path.parent.name}/{path.name}: {title}"


def test_a_panel_that_was_taken_out_has_a_frame_and_a_cross(window: Window) -> None:
    dock = window.docks.by_name["weights"]
    own = dock.titleBarWidget()
    assert own is not None
    dock.setFloating(True)
    QApplication.processEvents()
    assert dock.titleBarWidget() is None
    assert not dock.windowFlags() & Qt.WindowType.FramelessWindowHint
    dock.setFloating(False)
    QApplication.processEvents()
    assert dock.titleBarWidget() is own and own.isVisible()


def test_a_notice_with_a_way_back_stays(window: Window) -> None:
    banner = window.banner
    window.studio.noticed.emit(Notice("There is a way back.", offer="undo"))
    assert banner.isVisible() and not banner.lasts.isActive()
    window.studio.notice("This is only good to know.")
    assert banner.lasts.isActive()
    window.studio.noticed.emit(None)
    assert not banner.isVisible() and not banner.lasts.isActive()


def panel_of(window: Window) -> LessonPanel:
    """The panel of the lesson."""
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    return panel


def settle(panel: LessonPanel) -> None:
    """Let it lay itself out, and scroll."""
    for _turn in range(6):
        QApplication.processEvents()
    assert panel.area.widget() is not None


def seen(panel: LessonPanel, part: QWidget) -> bool:
    """Whether a part of the page is seen whole, or as much of it as there is room for."""
    port = panel.area.viewport()
    top = part.mapTo(port, part.rect().topLeft()).y()
    return top >= 0 and (top + part.height() <= port.height() or top <= 1)


@pytest.mark.parametrize("name", ["01-forward", "03-chain-rule"])
def test_what_was_said_last_is_seen_on_every_page(window: Window, name: str) -> None:
    window.studio.prefer(language="ko")
    window.resize(800, 600)
    lecture = begin(window, name)
    panel = panel_of(window)
    hidden = answer_all(lecture, panel)
    lecture.leave()
    assert hidden == []


def test_what_was_said_last_is_seen_while_presenting(window: Window) -> None:
    window.resize(800, 600)
    lecture = begin(window, "03-chain-rule")
    presenter = presenter_of(window)
    presenter.begin(whole_screen=False)
    assert presenter.prompt is not None
    hidden = answer_all(lecture, presenter.prompt.lesson)
    presenter.end()
    lecture.leave()
    assert hidden == []


def answer_all(lecture: Lecture, panel: LessonPanel) -> list[tuple[int, int]]:
    """Have every answer shown; the page and number of those that could not be read then."""
    hidden: list[tuple[int, int]] = []
    assert lecture.lesson is not None
    while True:
        settle(panel)
        waiting = lecture.open_question
        if waiting is None and lecture.place + 1 == len(lecture.lesson.steps):
            return hidden
        place = lecture.place
        lecture.next()
        settle(panel)
        if waiting is not None and not seen(panel, panel.asked[waiting].said):
            hidden.append((place, waiting))


def test_the_keyboard_goes_to_the_lesson_that_is_opened_or_begun(window: Window) -> None:
    window.activateWindow()
    window.canvas.setFocus()
    window.actions_by_id["lessons"].trigger()
    QApplication.processEvents()
    panel = panel_of(window)
    first = window.focusWidget()
    assert isinstance(first, QPushButton) and panel.isAncestorOf(first)
    first.click()
    line = panel.asked[0].first
    assert line is not None and window.focusWidget() is line
    window.canvas.setFocus()
    window.actions_by_id["lessons"].trigger()
    assert window.focusWidget() is line
    teach(window, shelf("02-nudge"))
    assert panel.isAncestorOf(window.focusWidget())
    lecture_of(window.studio).leave()


def test_what_is_wrong_with_the_training_is_seen_in_a_low_window(
    window: Window, qtbot: QtBot
) -> None:
    window.resize(800, 600)
    trainer = window.docks.by_name["trainer"].widget()
    assert isinstance(trainer, TrainerPanel)
    window.docks.open("trainer")
    QApplication.processEvents()
    assert trainer.area.verticalScrollBar().value() == 0
    dead = build.network(toys.make("moons"), (2, 8, 1), activation="relu")
    window.studio.begin(edits.set_value(dead, "dense1.bias", np.full(8, -50.0)))
    qtbot.waitUntil(lambda: bool(trainer.cards.cards))
    for _turn in range(6):
        QApplication.processEvents()
    (card,) = trainer.cards.cards
    port = trainer.area.viewport()
    top = card.mapTo(port, card.rect().topLeft()).y()
    assert 0 <= top <= port.height() // 2
    assert top + card.height() <= port.height() or top == 0


def test_a_narrow_recording_tells_weights_from_biases_and_cuts_no_number(window: Window) -> None:
    window.studio.prefer(language="ko")
    window.resize(1280, 720)
    panel = window.docks.by_name["recording"].widget()
    assert isinstance(panel, RecordingPanel)
    table = panel.table
    for width in (330, 230, 190):
        table.setParent(None)
        table.resize(width, 120)
        table.show()
        window.studio.show_position(float(window.studio.shown.length))
        for _turn in range(6):
            QApplication.processEvents()
        columns = [c for c in range(1, 4) if not table.isColumnHidden(c)]
        assert sum(map(table.columnWidth, columns)) <= table.viewport().width()
        assert table.columnWidth(1) >= NAMES
        row = table.visualRect(table.currentIndex())
        assert table.currentIndex().row() == panel.steps.rowCount() - 1
        assert row.bottom() <= table.viewport().height()
    option = QStyleOptionViewItem()
    cell = table.itemDelegate()
    assert isinstance(cell, Cell)
    named = next(r for r in range(20) if "weight" in panel.steps.index(r, 1).data())
    cell.initStyleOption(option, panel.steps.index(named, 1))
    assert cast(Any, option).textElideMode == Qt.TextElideMode.ElideLeft
    table.hide()
    layout = panel.layout()
    assert layout is not None
    layout.addWidget(table)


def test_the_head_of_a_small_window_tells_loss_accuracy_and_speed(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.resize(800, 600)
    for theme in ("light", "projector"):
        window.studio.prefer(theme=theme)
        for loss in ("0.6906", "12.6906", "1234.6906"):
            said = f"loss {loss} · 4 of 4 right · 41k steps/s"
            monkeypatch.setattr("bpstudio.ui.bars.readout", lambda _shown, said=said: said)
            window.top.retitle()
            QApplication.processEvents()
            (state,) = (each for each in window.top.findChildren(QLabel) if "loss" in each.text())
            assert state.isVisible()
            assert state.text().replace("\n", " · ") == said
            assert state.width() >= state.sizeHint().width()
    assert in_two_lines("f = 1") == "f = 1"
