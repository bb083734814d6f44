"""The language changes while something is open: all its words follow, as if it were opened anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from bpstudio.ui.studio import Studio
from bpstudio.ui.touring import Tour
from bpstudio.ui.window import Window

OPENED = (
    "present", "settings", "guide", "compare_capacity", "lessons", "exercises", "break_it",
    "help_on_gate",
)  # fmt: skip
ALONE = ("welcome", "glossary", "shortcut_sheet", "about_studio", "export", "export_picture")
DISPLAY = Qt.ItemDataRole.DisplayRole


def said(widget: QWidget) -> Iterator[str]:
    """Every word that a widget shows, or has a screen reader say."""
    yield widget.accessibleName()
    yield widget.toolTip()
    if widget.isWindow():
        yield widget.windowTitle()
    if isinstance(widget, QLabel | QAbstractButton):
        yield widget.text()
    elif isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    elif isinstance(widget, QTextEdit | QPlainTextEdit):
        yield widget.toPlainText()
    elif isinstance(widget, QComboBox):
        yield from (widget.itemText(row) for row in range(widget.count()))
    elif isinstance(widget, QTabBar):
        yield from (widget.tabText(tab) for tab in range(widget.count()))
    elif isinstance(widget, QAbstractItemView) and (model := widget.model()) is not None:
        yield from (str(model.index(row, 0).data(DISPLAY)) for row in range(model.rowCount()))


def all_that_is_said() -> Counter[str]:
    """Every word on the screen, and how often."""
    for _turn in range(8):
        QApplication.processEvents()
    found: Counter[str] = Counter()
    for top in QApplication.topLevelWidgets():
        if top.isVisible() and not isinstance(top, QMenu):
            for widget in (top, *top.findChildren(QWidget)):
                if widget.isVisible():
                    found.update(word for word in said(widget) if word)
    return found


def close_it(window: Window) -> None:
    """Leave whatever is open, and keep what was chosen in it."""
    for top in QApplication.topLevelWidgets():
        if top.isVisible() and top is not window:
            top.accept() if isinstance(top, QDialog) else top.close()
    stop = window.actions_by_id["stop_presenting"]
    if stop.isEnabled():
        stop.trigger()


@pytest.mark.parametrize("id", OPENED)
def test_all_words_follow(window: Window, studio: Studio, id: str) -> None:
    studio.prefer(reduce_motion=True)
    studio.select(["dense1"])
    window.actions_by_id[id].trigger()
    before = all_that_is_said()
    studio.prefer(language="ko")
    after = all_that_is_said()
    close_it(window)
    all_that_is_said()
    window.actions_by_id[id].trigger()
    anew = all_that_is_said()
    close_it(window)
    assert before != after
    assert sorted((after - anew).elements()) == []
    assert sorted((anew - after).elements()) == []


def test_the_tour_goes_on_in_the_other_language(window: Window, studio: Studio) -> None:
    window.actions_by_id["tour"].trigger()
    studio.prefer(language="ko")
    words = all_that_is_said()
    assert "1 / 6" in words
    assert any("재생" in word and "XOR" in word for word in words)
    assert not any("Press Play" in word for word in words)
    tour = window.findChild(Tour)
    assert tour is not None
    tour.end()


@pytest.mark.parametrize("id", ALONE)
def test_what_does_not_follow_lets_nobody_switch_behind_it(window: Window, id: str) -> None:
    window.actions_by_id[id].trigger()
    assert QApplication.activeModalWidget() is not None
    close_it(window)
