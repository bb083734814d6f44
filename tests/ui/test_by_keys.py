"""Whole networks built with synthetic events alone: by keys without a mouse, by mouse without keys.

Keys go to whatever has the keyboard, as a person's would; nothing of the studio is called.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio.ui.panels.inspector import InspectorPanel
from bpstudio.ui.readout import readout
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window

CTRL, SHIFT, ALT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.NoModifier,
)
LEFT = Qt.MouseButton.LeftButton
PATIENCE = 60_000


@pytest.fixture
def empty(window: Window, studio: Studio, qtbot: QtBot) -> Iterator[Window]:
    """The window as New leaves it."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    press("N", CTRL)
    assert not studio.project.graph.nodes
    yield window


def focus() -> QWidget:
    """What has the keyboard."""
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def press(key: str, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """A key, to whatever has the keyboard."""
    QTest.keyClick(focus(), getattr(Qt.Key, f"Key_{key}"), modifiers)


def write(text: str) -> None:
    """Letters, to the line that has the keyboard."""
    assert isinstance(focus(), QLineEdit)
    QTest.keyClicks(focus(), text)


def trained(studio: Studio, qtbot: QtBot) -> None:
    """Wait until all four rows are right."""
    qtbot.waitUntil(lambda: "4 of 4 right" in readout(studio.shown), timeout=PATIENCE)


def test_xor_is_built_and_trained_by_keys_alone(
    empty: Window, studio: Studio, qtbot: QtBot
) -> None:
    press("Space")
    write("xor")
    press("Return")
    for layer in ("dense 4", "tanh", "dense 1", "sigmoid", "binary"):
        press("J", CTRL)
        write(layer)
        press("Return")
    graph = studio.project.graph
    assert [node.op.name for node in graph.ordered] == [
        "data", "dense", "tanh", "dense", "sigmoid", "binary_cross_entropy",
    ]  # fmt: skip
    assert all(len(graph[id].feeding) == 1 for id in graph.order[1:])
    assert graph["dense1"].op.settings["units"] == 4
    press("T", CTRL)
    trained(studio, qtbot)
    press("T", CTRL)
    assert not studio.shown.training


def test_xor_is_built_and_trained_by_mouse_alone(
    empty: Window, studio: Studio, qtbot: QtBot
) -> None:
    window, canvas = empty, empty.canvas
    window.resize(1400, 900)
    palette = window.findChild(QAbstractItemView, "palette-list")
    assert palette is not None
    choose(palette, "XOR", twice=True)
    names = ("Dense", "Tanh", "Dense", "Sigmoid", "Binary Cross Entropy")
    places = ((-120, 60), (-80, 330), (60, 60), (100, 330), (240, 180))
    for name, (right, down) in zip(names, places, strict=True):
        (id,) = studio.selection
        x, y = canvas.view.to_widget(canvas.scene.bodies[id].output)
        drag(canvas, QPoint(round(x), round(y)), QPoint(canvas.width() // 2 + right, down))
        assert canvas.search is not None
        choose(canvas.search.list, name)
        if name == "Dense":
            turn_to(window, "units", 4 if id == "data1" else 1)
    assert [node.op.name for node in studio.project.graph.ordered] == [
        "data", "dense", "tanh", "dense", "sigmoid", "binary_cross_entropy",
    ]  # fmt: skip
    click(window.top.buttons["train"])
    trained(studio, qtbot)
    click(window.top.buttons["train"])
    assert not studio.shown.training


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """The left button, in the middle of a widget without a place."""
    place = widget.rect().center() if at is None else at
    # To the window, so that Qt itself finds what is under it and who gets the keyboard.
    handle = widget.window().windowHandle()
    QTest.mouseClick(handle, LEFT, NONE, widget.mapTo(widget.window(), place))
    QApplication.processEvents()


def turn_to(window: Window, name: str, value: int) -> None:
    """Click into a setting of the inspector and turn the wheel until it has that value."""
    click(window.top.buttons["forward_pass"])  # without values the settings stand higher
    panel = window.docks.by_name["inspector"].widget()
    assert isinstance(panel, InspectorPanel)
    panel.refresh()
    box = panel.settings.fields[name]
    assert isinstance(box, QSpinBox)
    QApplication.processEvents()
    click(box, QPoint(8, box.height() // 2))
    box.setFocus()
    while box.value() != value and box.hasFocus():
        turn_wheel(box, 120 if value > box.value() else -120)
    assert box.value() == value


def turn_wheel(widget: QWidget, by: int) -> None:
    """One notch of the wheel, over the middle of a widget."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, middle, QPoint(), QPoint(0, by),
        Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def choose(view: QAbstractItemView, name: str, *, twice: bool = False) -> None:
    """Turn the wheel until an entry is seen, and click on it."""
    model = view.model()
    rows = (model.index(row, 0) for row in range(model.rowCount()))
    index = next(i for i in rows if i.data() == name and i.flags() & Qt.ItemFlag.ItemIsSelectable)
    port = view.viewport()
    for _turn in range(200):
        if port.rect().contains(view.visualRect(index).center()):
            break
        down = -120 if view.visualRect(index).y() > 0 else 120
        turn_wheel(port, down)
    place = view.visualRect(index).center()
    click(port, place)
    if twice:
        QTest.mouseDClick(port, LEFT, NONE, place)


def drag(widget: QWidget, begin: QPoint, end: QPoint) -> None:
    """Press, move in several steps, release."""
    QTest.mousePress(widget, LEFT, NONE, begin)
    for share in (0.2, 0.6, 1.0):
        QTest.mouseMove(widget, begin + (end - begin) * share)
    QTest.mouseRelease(widget, LEFT, NONE, end)
    QApplication.processEvents()


# -- walking, choosing, wiring ------------------------------------------------------------------


def test_space_after_new_searches_wherever_the_keyboard_was(
    window: Window, studio: Studio, qtbot: QtBot
) -> None:
    window.timeline.slider.setFocus()
    press("N", CTRL)
    assert window.canvas.hasFocus()
    press("Space")
    assert window.canvas.search is not None
    press("Escape")
    window.timeline.slider.setFocus()
    QApplication.processEvents()
    assert window.canvas.search is None


def test_space_that_a_panel_does_not_need_searches_too(window: Window) -> None:
    window.timeline.slider.setFocus()
    press("Space")
    assert window.canvas.search is not None
    press("Escape")
    palette = window.findChild(QLineEdit, "palette-search")
    assert palette is not None
    palette.setFocus()
    press("Space")
    assert window.canvas.search is None and palette.text() == " "


def test_tab_goes_through_the_network_and_on(window: Window, studio: Studio) -> None:
    window.canvas.setFocus(Qt.FocusReason.TabFocusReason)
    seen: list[object] = []
    for _node in window.canvas.scene.each:
        press("Tab")
        seen += studio.selection
    assert seen == ["data1", "dense1", "dense2", "loss1"]
    press("Tab")
    assert not window.canvas.hasFocus()
    # Who comes back begins at the beginning.
    window.canvas.setFocus(Qt.FocusReason.TabFocusReason)
    press("Tab")
    assert studio.selection == {"data1"}
    press("End")
    assert studio.selection == {"loss1"}
    press("Home")
    assert studio.selection == {"data1"}


def test_several_nodes_are_chosen_without_a_mouse(window: Window, studio: Studio) -> None:
    canvas = window.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    press("Tab")
    press("Right", CTRL)
    assert studio.selection == {"data1"} and canvas.cursor_node == "dense1"
    press("Space", CTRL)
    assert studio.selection == {"data1", "dense1"}
    before = {id: studio.project.places[id] for id in studio.selection}
    press("Down", SHIFT)
    assert all(studio.project.places[id][1] == y + 8 for id, (_x, y) in before.items())
    press("Space", CTRL)
    assert studio.selection == {"data1"}
    view = canvas.view
    press("Left", ALT)
    assert canvas.view != view and studio.selection == {"data1"}


def test_the_place_of_the_keyboard_is_seen_in_every_theme(window: Window, studio: Studio) -> None:
    canvas = window.canvas
    for theme in ("light", "dark", "projector"):
        studio.prefer(theme=theme)
        canvas.setFocus(Qt.FocusReason.TabFocusReason)
        press("Tab")
        with_keys = canvas.grab().toImage()
        edge = with_keys.pixelColor(with_keys.width() // 2, 0).name()
        assert edge == canvas.theme.colours["accent"]
        canvas.keyed = False
        assert canvas.grab().toImage() != with_keys
        studio.select(())


def test_a_wire_is_chosen_removed_and_a_gate_put_into_one(window: Window, studio: Studio) -> None:
    canvas = window.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    press("Tab")
    press("J", CTRL | SHIFT)
    write("dense")
    press("Return")
    assert canvas.wire == ("dense1", "x", 0)
    press("Space")
    write("relu")
    press("Return")
    assert studio.project.graph["relu1"].sources == {"x": ("data1",)}
    assert studio.project.graph["dense1"].sources == {"x": ("relu1",)}
    press("Left")
    press("J", CTRL | SHIFT)
    press("Return")
    assert canvas.wire is not None
    press("Delete")
    assert "x" not in studio.project.graph["relu1"].sources
    press("Z", CTRL)
    assert studio.project.graph["relu1"].sources


def test_connecting_says_what_does_not_fit_and_why(window: Window, studio: Studio) -> None:
    canvas = window.canvas
    studio.select(["dense2"])
    canvas.setFocus()
    press("J", CTRL)
    search = canvas.search
    assert search is not None
    write("data")
    rows = [search.list.item(row) for row in range(search.list.count())]
    assert not any(row.flags() & Qt.ItemFlag.ItemIsEnabled for row in rows)
    search.line.clear()
    write("dense1")
    (row,) = (search.list.item(row) for row in range(search.list.count()))
    assert "circle" in row.text() and not row.flags() & Qt.ItemFlag.ItemIsEnabled
    before = studio.project
    press("Return")
    assert studio.project is before
    press("Escape")
    assert canvas.search is None and canvas.hasFocus()


def test_f6_leads_through_all_areas_and_back(window: Window) -> None:
    window.canvas.setFocus()
    QApplication.processEvents()
    seen = []
    for _area in range(20):
        press("F6")
        seen.append(focus())
        if focus() is window.canvas:
            break
    assert seen[-1] is window.canvas and len(seen) >= 6
    assert len(set(seen)) == len(seen)
    back = []
    for _ in seen:
        press("F6", SHIFT)
        back.append(focus())
    assert back[:-1] == seen[-2::-1]


def test_help_on_the_selected_gate(window: Window, studio: Studio) -> None:
    studio.select(["tanh1"])
    window.canvas.setFocus()
    press("F1")
    dialog = next(d for d in QApplication.topLevelWidgets() if d.objectName() == "gate-help")
    text = dialog.findChild(QPlainTextEdit)
    assert text is not None and "y = tanh(x)" in text.toPlainText()
    assert text.accessibleName() == "Help on Tanh"
    dialog.close()
