"""What each of the sixteen lessons gives to do with one's hands: once by mouse, once by keys.

What is done in an exhibit is performed in `test_exhibit_hands.py`, the dragged line in
`test_lessons.py`; here is what is done on the canvas and in the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from bpstudio.lessons.lesson import Do, Predict
from bpstudio.lessons.shelf import ours
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.lecturing import Lecture, lecture_of
from bpstudio.ui.panels.lesson import LessonPanel
from bpstudio.ui.panels.questions import Predicted
from bpstudio.ui.window import Window
from tests.ui.test_exhibit_hands import HANDS

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


@pytest.fixture
def wide(window: Window, qtbot: QtBot) -> Iterator[Window]:
    """A window with room, that has the keyboard."""
    window.resize(1500, 950)
    window.studio.prefer(reduce_motion=True)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    lecture_of(window.studio).leave()


def begun(window: Window, name: str, title: str) -> Lecture:
    """A lesson at the step of that title, to be seen."""
    lecture = lecture_of(window.studio)
    lecture.begin(next(each for each in ours() if each.folder.name == name))
    window.docks.open("lesson")
    assert lecture.lesson is not None
    lecture._enter([step.title for step in lecture.lesson.steps].index(title))
    QApplication.processEvents()
    window.canvas.fit()
    window.canvas.setFocus()
    window.canvas.grab()
    return lecture


def done(lecture: Lecture) -> bool:
    """Whether the task of the step is recognised as done."""
    tasks = [n for n, question in enumerate(lecture.step.questions) if isinstance(question, Do)]
    return lecture.reply(tasks[0]).right


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


def walk_to(canvas: Canvas, id: str) -> None:
    """By Tab to a node of the canvas."""
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    for _press in range(40):
        if id in canvas.studio.selection:
            return
        press("Tab")
    raise AssertionError(f"Tab never came to {id}")


def connect_to(canvas: Canvas, id: str, what: str) -> None:
    """By keys from a node to what is searched for."""
    walk_to(canvas, id)
    press("J", CTRL)
    write(what)
    press("Return")


def at(canvas: Canvas, place: tuple[float, float]) -> QPoint:
    """Where a place of the canvas lies on the widget."""
    x, y = canvas.view.to_widget(place)
    return QPoint(round(x), round(y))


def drag(canvas: Canvas, begin: QPoint, end: QPoint) -> None:
    """Press, move and let go."""
    QTest.mousePress(canvas, LEFT, NONE, begin)
    for share in (0.2, 0.6, 1.0):
        QTest.mouseMove(canvas, begin + (end - begin) * share)
        canvas.repaint()
    QTest.mouseRelease(canvas, LEFT, NONE, end)
    canvas.grab()


def wire(canvas: Canvas, source: str, target: str, port: str) -> None:
    """Drag from an output to an input."""
    bodies = canvas.scene.bodies
    begin = bodies[source].output
    drag(canvas, at(canvas, begin), at(canvas, bodies[target].inputs()[port, 0]))


def click(canvas: Canvas, id: str) -> None:
    """Click a node."""
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, canvas.scene.bodies[id].rect.centre))


# -- the first: build the cost of two apples ------------------------------------------------------


def cost_by_mouse(window: Window) -> None:
    canvas = window.canvas
    begin = at(canvas, canvas.scene.bodies["apples"].output)
    drag(canvas, begin, QPoint(canvas.width() * 3 // 4, canvas.height() // 2))
    assert canvas.search is not None
    (row,) = canvas.search.list.findItems("Multiply", Qt.MatchFlag.MatchStartsWith)[:1]
    rect = canvas.search.list.visualItemRect(row)
    QTest.mouseClick(canvas.search.list.viewport(), LEFT, NONE, rect.center())
    canvas.grab()
    (made,) = [id for id in window.studio.project.graph.nodes if id.startswith("multiply")]
    free = next(
        port.name
        for port in window.studio.project.graph[made].op.ports
        if port.name not in window.studio.project.graph[made].sources
    )
    wire(canvas, "price", made, free)


def cost_by_keys(window: Window) -> None:
    connect_to(window.canvas, "apples", "multiply")
    connect_to(window.canvas, "price", "multiply")


# -- the fourth: fuse four gates into one ---------------------------------------------------------


def fuse_by_mouse(window: Window) -> None:
    canvas, bodies = window.canvas, window.canvas.scene.bodies
    rects = [bodies[id].rect for id in ("n", "e", "p", "f")]
    left, right = min(r.x for r in rects), max(r.right for r in rects)
    top, bottom = min(r.y for r in rects), max(r.bottom for r in rects)
    drag(canvas, at(canvas, (left - 10, top - 14)), at(canvas, (right + 4, bottom + 14)))
    assert window.studio.selection == {"n", "e", "p", "f"}
    window.actions_by_id["fuse"].trigger()


def fuse_by_keys(window: Window) -> None:
    walk_to(window.canvas, "n")
    for _gate in range(3):
        press("Right", CTRL)
        press("Space", CTRL)
    assert window.studio.selection == {"n", "e", "p", "f"}
    press("F", CTRL | SHIFT)


# -- the tenth: wire NAND and OR into AND ---------------------------------------------------------


def xor_by_mouse(window: Window) -> None:
    wire(window.canvas, "line1", "and", "a")
    wire(window.canvas, "line2", "and", "b")


def xor_by_keys(window: Window) -> None:
    connect_to(window.canvas, "line1", "add")
    connect_to(window.canvas, "line2", "add")


Hand = Callable[[Window], None]
MOMENTS: dict[str, tuple[str, str, Hand, Hand]] = {
    "build": ("01-forward", "Build it yourself", cost_by_mouse, cost_by_keys),
    "fuse": ("04-sigmoid-neuron", "Fuse them", fuse_by_mouse, fuse_by_keys),
    "wire": ("10-perceptrons", "Two lines and an AND", xor_by_mouse, xor_by_keys),
    "find": (
        "16-break-it",
        "The first: a number too small",
        lambda window: click(window.canvas, "q"),
        lambda window: walk_to(window.canvas, "q"),
    ),
}


@pytest.mark.parametrize("hand", ["mouse", "keys"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_it_is_done_by_either_hand(wide: Window, moment: str, hand: str) -> None:
    name, title, by_mouse, by_keys = MOMENTS[moment]
    lecture = begun(wide, name, title)
    before = wide.studio.shown.whole
    assert not done(lecture)
    (by_mouse if hand == "mouse" else by_keys)(wide)
    assert done(lecture)
    if moment == "fuse":
        after = wide.studio.shown.whole
        assert before is not None and after is not None
        for node in ("s", "x0", "w1"):
            np.testing.assert_allclose(after.gradients[node], before.gradients[node], rtol=1e-12)


@pytest.mark.parametrize("hand", ["mouse", "keys"])
def test_a_red_number_is_said_before_it_is_shown(wide: Window, hand: str) -> None:
    lecture = begun(wide, "03-chain-rule", "Through the multiply gate")
    panel = wide.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    asked = panel.asked[0]
    assert isinstance(asked, Predicted)
    assert isinstance(asked.question, Predict)
    veil = wide.studio.shown.veil
    assert veil is not None
    if hand == "mouse":
        QTest.mouseClick(asked.line, LEFT)
        asked.line.setFocus()
        write("3")
        QTest.mouseClick(asked.check, LEFT)
    else:
        asked.line.setFocus(Qt.FocusReason.TabFocusReason)
        write("3,0")
        press("Return")
    assert lecture.reply(0).right
    shown = wide.studio.shown.veil
    assert shown is not None
    assert shown.lifted > veil.lifted


def test_every_lesson_has_its_moment() -> None:
    in_exhibits = {name for (name, _place), _mouse, _keys in HANDS.values()}
    here = {name for name, _title, _mouse, _keys in MOMENTS.values()}
    assert in_exhibits | here | {"03-chain-rule"} == {each.folder.name for each in ours()}
