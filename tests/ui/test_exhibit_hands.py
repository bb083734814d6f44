"""What can be tried in lessons: each exhibit by the mouse, and again by the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from bpstudio.lessons.exhibits.taken import Taken
from bpstudio.lessons.lesson import Do
from bpstudio.lessons.shelf import ours
from bpstudio.ui.dialogs.command import Command
from bpstudio.ui.enlarging import Enlarged
from bpstudio.ui.errands import Errands
from bpstudio.ui.lecturing import Lecture, lecture_of
from bpstudio.ui.panels.exhibit import ExhibitView, Picture
from bpstudio.ui.panels.lesson import LessonPanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from bpstudio.ui.window import Window

LEFT, RIGHT, UP, DOWN = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
)
ENTER = Qt.Key.Key_Return


def shown(window: Window, name: str, place: int) -> tuple[Lecture, ExhibitView]:
    """The exhibit of a lesson's step, in the window."""
    lecture = lecture_of(window.studio)
    lecture.begin(next(each for each in ours() if each.folder.name == name))
    window.docks.open("lesson")
    lecture._enter(place)
    panel = window.docks.by_name["lesson"].widget()
    assert isinstance(panel, LessonPanel)
    assert panel.exhibit is not None
    return lecture, panel.exhibit


def done(lecture: Lecture) -> bool:
    """Whether the task of the step is recognised as done."""
    questions = lecture.step.questions
    tasks = [n for n, question in enumerate(questions) if isinstance(question, Do)]
    return lecture.reply(tasks[0]).right


def seen(view: ExhibitView) -> Picture:
    """The picture that is seen: in large where the canvas would be empty."""
    large = view.window().findChild(Enlarged)
    assert view.picture.isHidden() is (isinstance(large, Enlarged) and not large.isHidden())
    return large if isinstance(large, Enlarged) and view.picture.isHidden() else view.picture


def click(view: ExhibitView, x: float, y: float) -> ExhibitView:
    """Press and let go at a place of the picture."""
    picture = seen(view)
    at = picture.at(x, y).toPoint()
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=at)
    return view


def drag(view: ExhibitView, start: tuple[float, float], end: tuple[float, float]) -> ExhibitView:
    """Press, move and let go."""
    picture = seen(view)
    a, b = picture.at(*start).toPoint(), picture.at(*end).toPoint()
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=a)
    for share in (0.25, 0.5, 0.75, 1.0):
        QTest.mouseMove(picture, QPoint(a + (b - a) * share))
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=b)
    return view


def press(view: ExhibitView, *ids: str) -> ExhibitView:
    """Click buttons."""
    for id in ids:
        QTest.mouseClick(view.buttons[id], Qt.MouseButton.LeftButton)
    return view


def keys(view: ExhibitView, *pressed: Qt.Key) -> ExhibitView:
    """Keys at the picture."""
    picture = seen(view)
    picture.setFocus()
    for key in pressed:
        QTest.keyClick(picture, key)
    return view


def slide(view: ExhibitView, id: str, place: int) -> ExhibitView:
    """Put a slider at a place."""
    view.sliders[id].setValue(place)
    return view


def space(view: ExhibitView, id: str) -> ExhibitView:
    """The space bar at a button."""
    QTest.keyClick(view.buttons[id], Qt.Key.Key_Space)
    return view


def to_end(lecture: Lecture) -> None:
    """Let what goes on by itself go on."""
    for _tick in range(100_000):
        after = None if lecture.exhibit is None else lecture.exhibit.ticked()
        if after is None:
            return
        lecture.tried(after)
    raise AssertionError("It goes on without end.")


def await_errand(lecture: Lecture, qtbot: QtBot) -> None:
    """Let what runs beside come to its end."""
    qtbot.waitUntil(lambda: lecture.exhibit is None or lecture.exhibit.errand() is None)


def mouse_tiles(view: ExhibitView) -> None:
    """Drag four tiles into their slots."""
    for tile, left, top in ((0, 0.41, 0.46), (3, 0.6, 0.46), (5, 0.41, 0.79), (0, 0.6, 0.79)):
        drag(view, (0.09 + 0.163 * tile, 0.12), (left, top))


def key_tiles(view: ExhibitView) -> None:
    """Choose with arrows, lay with Enter; the slot goes on by itself."""
    keys(view, ENTER, RIGHT, RIGHT, RIGHT, ENTER, RIGHT, RIGHT, ENTER, RIGHT, ENTER)


Hands = tuple[tuple[str, int], Callable[[ExhibitView], object], Callable[[ExhibitView], object]]
HANDS: dict[str, Hands] = {
    "ripple": (
        ("01-forward", 3),
        lambda view: (press(view, "input 1"), slide(view, "value", 5)),
        lambda view: keys(view, DOWN, RIGHT),
    ),
    "nudge": (
        ("02-nudge", 3),
        lambda view: click(view, 0.54 + 0.43 * 7 / 14, 0.5),
        lambda view: keys(view, *([RIGHT] * 7)),
    ),
    "router": (
        ("05-patterns", 2),
        lambda view: drag(view, (0.2, 0.5), (0.9, 0.5)),
        lambda view: keys(view, *([RIGHT] * 14)),
    ),
    "fork": (
        ("06-forks", 2),
        lambda view: (press(view, "bug"), click(view, 0.5, 0.5), click(view, 0.5, 0.5)),
        lambda view: (
            space(view, "bug"),
            keys(view, ENTER, RIGHT),
        ),
    ),
    "descent": (
        ("07-descent", 0),
        lambda view: (click(view, 0.04 + 0.92 * 0.74, 0.8), press(view, "step")),
        lambda view: keys(view, *([LEFT] * 6), ENTER),
    ),
    "jacobian": (
        ("08-jacobian", 1),
        lambda view: (click(view, 0.4, 0.4), press(view, "sign 3")),
        lambda view: keys(view, DOWN, ENTER, DOWN, DOWN, ENTER),
    ),
    "tiles": (("09-linear-map", 1), mouse_tiles, key_tiles),
    "curves": (
        ("11-activations", 0),
        lambda view: (press(view, "function 2"), drag(view, (0.5, 0.3), (0.04 + 0.92 * 0.3, 0.3))),
        lambda view: keys(view, DOWN, DOWN, *([LEFT] * 8)),
    ),
    "stack": (
        ("11-activations", 1),
        lambda view: press(view, *(["more"] * 9)),
        lambda view: keys(view, *([RIGHT] * 9)),
    ),
    "dying": (
        ("11-activations", 2),
        lambda view: (slide(view, "rate", 3), press(view, "step")),
        lambda view: keys(view, RIGHT, RIGHT, RIGHT, ENTER),
    ),
    "matrix": (
        ("12-layers", 0),
        lambda view: (click(view, 0.3, 0.5), press(view, "matrix")),
        lambda view: keys(view, DOWN, ENTER),
    ),
    "code": (
        ("12-layers", 3),
        lambda view: press(view, *(["next"] * 6)),
        lambda view: keys(view, *([ENTER] * 6)),
    ),
    "race": (
        ("13-why-backprop", 1),
        lambda view: press(view, "go"),
        lambda view: keys(view, ENTER),
    ),
    "capacity": (
        ("14-capacity", 0),
        lambda view: press(view, "units 2", "go"),
        lambda view: keys(view, DOWN, DOWN, ENTER),
    ),
    "wall": (
        ("15-luck", 1),
        lambda view: press(view, "units 2", "go"),
        lambda view: keys(view, RIGHT, ENTER),
    ),
    "export": (
        ("16-break-it", 5),
        lambda view: press(view, "numpy"),
        lambda view: keys(view, DOWN, UP, ENTER),
    ),
}


@pytest.mark.parametrize("hand", ["mouse", "keys"])
@pytest.mark.parametrize("kind", HANDS)
def test_what_a_lesson_asks_is_done_by_either_hand(
    window: Window, qtbot: QtBot, kind: str, hand: str
) -> None:
    (name, place), by_mouse, by_keys = HANDS[kind]
    lecture, view = shown(window, name, place)
    assert not done(lecture)
    before = view.said.text()
    act = by_mouse if hand == "mouse" else by_keys
    act(view)
    to_end(lecture)
    await_errand(lecture, qtbot)
    assert done(lecture)
    assert view.said.text() != before
    left = lecture.exhibit
    lecture.back()
    lecture._turn(place)
    assert lecture.exhibit is left, "what was tried is kept with the step"
    lecture.leave()


def test_every_control_has_a_name_and_can_be_reached_by_tab(window: Window) -> None:
    for name, place in {place for place, _mouse, _keys in HANDS.values()}:
        lecture, view = shown(window, name, place)
        assert view.picture.accessibleName()
        assert view.picture.accessibleDescription()
        assert view.picture.focusPolicy() & Qt.FocusPolicy.TabFocus
        for slider in view.sliders.values():
            assert slider.accessibleName()
        for button in view.buttons.values():
            assert button.text()
        lecture.leave()


def test_who_leaves_the_step_has_given_up_what_runs_for_it(window: Window, qtbot: QtBot) -> None:
    lecture, view = shown(window, "16-break-it", 5)
    press(view, "pytorch")
    assert lecture.exhibit is not None and lecture.exhibit.errand() is not None
    assert not view.buttons["numpy"].isEnabled()
    lecture.back()
    running = lecture.findChild(Errands)
    assert isinstance(running, Errands)
    command = running.findChild(Command)
    assert isinstance(command, Command)
    assert not command.running
    lecture.leave()


def test_what_does_not_run_is_told(window: Window, qtbot: QtBot) -> None:
    lecture, view = shown(window, "16-break-it", 5)
    assert isinstance(lecture.exhibit, Taken)
    lecture.tried(lecture.exhibit.acted("numpy").answered(None, "It does not run."))
    assert view.said.text() == "It does not run."
    assert not done(lecture)
    lecture.leave()
