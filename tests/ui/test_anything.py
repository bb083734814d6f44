"""One line finds commands, gates, examples, lessons, panels, settings and nodes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.language import set_language
from bpstudio.project import edits
from bpstudio.ui.anything import find, open_search, things
from bpstudio.ui.canvas.search_box import SearchBox
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


@pytest.mark.parametrize(
    ("typed", "kind", "title"),
    [
        ("tidy", "Edit", ""),
        ("sigmoid", "gate", "Sigmoid"),
        ("iris flo", "example", "Iris flowers"),
        ("chain rule", "lesson", ""),
        ("boundary", "panel", "Decision boundary"),
        ("learning rate", "setting", "Learning rate"),
        ("dense1", "node", "dense1"),
        ("ㅅㄱㅁㅇㄷ", "gate", "Sigmoid"),
        ("ㅂㄲ", "example", "Iris flowers"),
    ],
)
def test_everything_is_found_by_its_names(
    window: Window, typed: str, kind: str, title: str
) -> None:
    first = find(tuple(things(window)), typed)[:6]
    assert any(thing.kind.startswith(kind) and title in thing.title for thing in first), first


def test_each_kind_is_there_in_korean_too(window: Window) -> None:
    set_language("ko")
    known = tuple(things(window))
    assert any(thing.title == "붓꽃" for thing in find(known, "iris"))


def test_enter_takes_the_first(window: Window, studio: Studio, qtbot: QtBot) -> None:
    studio.do("Rename", edits.rename, "dense2", "Answer")
    box = open_search(window)
    QTest.keyClicks(box.line, "Answer")
    QTest.keyClick(box.line, Qt.Key.Key_Return)
    assert studio.selection == {"dense2"}
    assert not box.open


def test_what_is_nowhere_is_said(window: Window) -> None:
    box = open_search(window)
    QTest.keyClicks(box.line, "qqqqqq")
    assert box.list.count() == 1
    assert not box.list.item(0).flags() & Qt.ItemFlag.ItemIsEnabled
    box.close_it()


def test_asked_for_again_it_takes_the_place_of_the_one_that_is_open(
    window: Window, qtbot: QtBot
) -> None:
    before = open_search(window)
    after = open_search(window)
    assert not before.open and after.open
    qtbot.waitUntil(lambda: window.findChildren(SearchBox) == [after])
    after.close_it()
