"""For those who do not see the window: every control has a name, every step and node its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from bpstudio.language import LANGUAGES
from bpstudio.project import boxing, edits
from bpstudio.ui.panels.outline import GRADIENT, NAME, VALUE, OutlinePanel
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window

DISPLAY, SPOKEN = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole


@pytest.fixture
def outline(window: Window, qtbot: QtBot) -> OutlinePanel:
    """The outline, opened from the menu."""
    window.docks.by_name["outline"].toggleViewAction().trigger()
    window.docks.by_name["outline"].raise_()
    panel = window.docks.by_name["outline"].widget()
    assert isinstance(panel, OutlinePanel)
    qtbot.waitUntil(lambda: panel.model.rowCount() > 0)
    return panel


@pytest.fixture
def announced(window: Window, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is announced to screen readers from now on."""
    said: list[str] = []

    def keep(event: Any) -> None:
        if hasattr(event, "message"):
            said.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", keep)
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    yield said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_has_a_name(
    window: Window, studio: Studio, language: str, qtbot: QtBot
) -> None:
    for dock in window.docks.by_name.values():
        dock.show()
    studio.prefer(language=language)
    studio.select(["dense1"])
    qtbot.wait(0)
    QApplication.processEvents()
    nameless = {
        describe(widget)
        for widget in window.findChildren(QWidget)
        if widget.window() is window and is_control(widget) and not name_of(widget).strip()
    }
    assert nameless == set()


def is_control(widget: QWidget) -> bool:
    """Whether the keyboard or a button's click can reach it."""
    inner = widget.objectName().startswith("qt_") or widget.focusProxy() is not None
    by_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return not inner and not widget.isHidden() and (by_keys or isinstance(widget, QAbstractButton))


def name_of(widget: QWidget) -> str:
    """What a screen reader calls it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def describe(widget: QWidget) -> str:
    """Where a widget is found, for whoever has to name it."""
    parents = []
    here: QWidget | None = widget
    while here is not None:
        parents.append(here.objectName() or type(here).__name__)
        here = here.parentWidget()
    return " < ".join(parents[:4])


def test_the_canvas_says_what_is_selected(window: Window, studio: Studio) -> None:
    canvas = window.canvas
    assert canvas.accessibleName() == "Canvas"
    assert "4 nodes, none selected" in canvas.accessibleDescription()
    studio.select(["dense1"])
    assert "Selected: Dense 1, 2 to 4, feeds Tanh 1" in canvas.accessibleDescription()
    studio.select(["dense1", "loss1"])
    assert "Dense 1, Binary Cross Entropy 1" in canvas.accessibleDescription()
    studio.prefer(language="ko")
    assert canvas.accessibleName() == "캔버스"


def test_each_step_is_announced_once_in_the_words_of_its_caption(
    window: Window, studio: Studio, announced: list[str]
) -> None:
    studio.show_position(0.5)
    studio.show_position(0.6)
    studio.show_position(1.5)
    steps = [words for words in announced if words.startswith("Step ")]
    assert [words.split(" of ")[0] for words in steps] == ["Step 1", "Step 2"]


def test_walking_announces_the_node(window: Window, studio: Studio, announced: list[str]) -> None:
    window.canvas.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(window.canvas, Qt.Key.Key_Tab)
    QTest.keyClick(window.canvas, Qt.Key.Key_Tab)
    assert announced[-1].startswith("Dense 1, 2 to 4, feeds Tanh 1")


# -- the outline --------------------------------------------------------------------------------


def find(panel: OutlinePanel, name: str) -> QModelIndex:
    """The row with these words."""
    rows = (panel.model.at(row) for row in panel.model.rows)
    return next(index for index in rows if name in str(index.data(DISPLAY)))


def test_the_outline_has_every_node_with_its_ports(outline: OutlinePanel, studio: Studio) -> None:
    model = outline.model
    top = [model.index(row, NAME).data(SPOKEN) for row in range(model.rowCount())]
    assert [words.split(",")[0] for words in top] == [
        "Data 1", "Dense 1", "Tanh 1", "Dense 2", "Sigmoid 1", "Binary Cross Entropy 1",
    ]  # fmt: skip
    dense = find(outline, "Dense 1")
    ports = [model.index(row, NAME, dense).data(DISPLAY) for row in range(model.rowCount(dense))]
    assert ports == ["x from Data 1", "weight, 2 × 4 numbers", "bias, 4 numbers"]
    studio.show_position(float(studio.shown.length))
    outline.refresh()
    words = find(outline, "Dense 1").data(SPOKEN)
    assert words.startswith("Dense 1, 2 to 4, feeds Tanh 1, value 4 × 4 numbers from")
    assert "gradient" in words
    loss = find(outline, "Binary Cross Entropy 1")
    assert loss.siblingAtColumn(VALUE).data(DISPLAY) and "1.00" in str(
        loss.siblingAtColumn(GRADIENT).data(DISPLAY)
    )


def test_names_in_a_narrow_outline_have_room_and_numbers_are_not_covered(
    studio: Studio, qtbot: QtBot
) -> None:
    panel = OutlinePanel(studio)
    qtbot.addWidget(panel)
    for wide in (160, 220, 700):
        panel.resize(wide, 200)
        panel.show()
        room, tree = panel.tree.viewport().width(), panel.tree
        columns = [tree.columnWidth(column) for column in (NAME, VALUE, GRADIENT)]
        assert columns[NAME] >= 0.4 * room and sum(columns) <= room, (wide, columns)
        assert tree.textElideMode() == Qt.TextElideMode.ElideRight
    assert columns[VALUE] == tree.widest, "no wider than numbers are"


def test_the_outline_selects_and_is_selected(
    outline: OutlinePanel, studio: Studio, window: Window
) -> None:
    outline.tree.setFocus()
    outline.tree.setCurrentIndex(find(outline, "Dense 1"))
    assert studio.selection == {"dense1"}
    QTest.keyClick(outline.tree, Qt.Key.Key_Down)
    assert studio.selection == {"tanh1"}
    QApplication.processEvents()
    assert not outline.visibleRegion().isEmpty()  # the inspector stays behind who walks here
    studio.select(["loss1"])
    outline.refresh()
    (index,) = outline.tree.selectionModel().selectedRows()
    assert "Binary Cross Entropy" in str(index.data(DISPLAY))
    assert studio.selection == {"loss1"}


def test_the_outline_follows_the_step_and_leads_to_it(
    outline: OutlinePanel, studio: Studio
) -> None:
    studio.show_position(0.5)
    outline.refresh()
    assert outline.model.present is not None and outline.model.present.id == "dense1"
    assert str(outline.model.at(outline.model.present).data(DISPLAY)).startswith("▸")
    outline.tree.setFocus()
    outline.tree.setCurrentIndex(find(outline, "Binary Cross Entropy 1"))
    QTest.keyClick(outline.tree, Qt.Key.Key_Return)
    instant = studio.shown.instant
    assert instant is not None and instant.moment is not None
    assert (instant.moment.node, instant.phase) == ("loss1", "forward")


def test_titles_are_edited_in_the_outline(
    outline: OutlinePanel, studio: Studio, window: Window
) -> None:
    outline.tree.setFocus()
    outline.tree.setCurrentIndex(find(outline, "Dense 1"))
    QTest.keyClick(outline.tree, Qt.Key.Key_F2)
    line = outline.tree.findChild(QLineEdit)
    assert line is not None and window.canvas.editor is None
    QTest.keyClicks(line, "hidden")
    QTest.keyClick(line, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert studio.project.graph["dense1"].title == "hidden"
    assert studio.history.undo_name == "Rename"


def test_boxes_hold_their_nodes(outline: OutlinePanel, studio: Studio) -> None:
    studio.do("Group", boxing.group, ["dense1", "tanh1"], "Hidden part")
    outline.refresh()
    model = outline.model
    box = find(outline, "Hidden part")
    inside = [model.index(row, NAME, box).data(DISPLAY) for row in range(model.rowCount(box))]
    assert inside == ["Dense 1", "Tanh 1"]
    assert box.data(SPOKEN) == "Hidden part, box with 2 nodes."
    outline.tree.setCurrentIndex(box)
    assert studio.selection >= {"dense1", "tanh1"}
    assert model.setData(box, "Rest")
    outline.refresh()
    assert find(outline, "Rest").isValid()
    studio.undo()
    studio.undo()
    studio.do("Delete", edits.remove_nodes, ["loss1"])
    outline.refresh()
    assert model.rowCount() == 5
