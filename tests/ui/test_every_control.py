"""Every control of every dialog and panel: its name, its role, and its place in the tab order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QScrollArea,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio.lessons.shelf import Shelved, ours
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.dialogs.recovery import RecoveryDialog
from bpstudio.ui.dialogs.table import TableDialog
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window

SAYS_NOTHING = {
    QAccessible.Role.NoRole,
    QAccessible.Role.Client,
    QAccessible.Role.Window,
    QAccessible.Role.Whitespace,
}
"""The roles by which a screen reader says no word about what a control is for. What is drawn by
hand has no other, and says what it is in a description; what scrolls, its content does."""
DIALOGS = (
    "settings", "welcome", "guide", "glossary", "shortcut_sheet", "about_studio", "export",
    "export_picture", "import_model", "data_set", "compare_capacity", "help_on_gate",
    "search_everything", "add_gate", "exercises", "break_it", "predict", "tour", "present",
    "speakers_notes",
)  # fmt: skip
"""The commands that open something with controls of its own."""
TABLE = "x,y,class\n1,2,a\n3,4,b\n"


def controls(top: QWidget) -> list[QWidget]:
    """What the keyboard or a button's click can reach in a window, in no order."""
    found = []
    for widget in top.findChildren(QWidget):
        inner = widget.objectName().startswith("qt_") or widget.focusProxy() is not None
        empty = isinstance(widget, QTabBar) and widget.count() == 0  # Qt keeps them out of sight
        if widget.window() is top and widget.isVisible() and not inner and not empty:
            by_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if by_keys or isinstance(widget, QAbstractButton):
                found.append(widget)
    return found


def faults(top: QWidget) -> Iterator[str]:
    """What is wrong with the controls of a window, one sentence each."""
    here = controls(top)
    for widget in here:
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is None or not interface.text(QAccessible.Text.Name).strip():
            yield f"no name: {told(widget)}"
        elif interface.role() in SAYS_NOTHING and not (
            widget.accessibleDescription() or isinstance(widget, QScrollArea)
        ):
            yield f"no role: {told(widget)}"
    order = chain(top)
    for widget in here:
        grouped = isinstance(widget, QAbstractButton) and (widget.group() or widget.autoExclusive())
        if grouped or isinstance(widget.parentWidget(), Canvas):
            continue  # arrows go on within a group, and what lies on the canvas has keys of its own
        if widget.isEnabled() and widget.isVisible() and widget not in order:
            yield f"not to be reached by Tab: {told(widget)}"
    for before, after in pairwise(order):
        if isinstance(before, QTabBar) and isinstance(after, QTabBar):
            continue  # those of the docks are Qt's own; F6 leads from one area to the next
        if before.parentWidget() is after.parentWidget() and stands_before(after, before):
            yield f"Tab goes backwards from {told(before)} to {told(after)}"


def chain(top: QWidget) -> list[QWidget]:
    """What Tab goes through, in its order, from the first on.

    `nextInFocusChain` would tell as well, but PySide takes what it gives for children.
    """
    found: list[QWidget] = []
    top.setFocus()
    for _each in range(1000):
        # Not that of a class below: the canvas keeps Tab for its nodes.
        QWidget.focusNextPrevChild(top, True)
        here = top.focusWidget()
        if here is None or here in found:
            break
        found.append(here)
    return found


def stands_before(one: QWidget, other: QWidget) -> bool:
    """Whether a reader comes to `one` first: it ends above the other, or at its left beside it."""
    first, second = place(one), place(other)
    above = first.bottom() <= second.top() and first.left() < second.right()
    shared = min(first.bottom(), second.bottom()) - max(first.top(), second.top())
    beside = shared > min(first.height(), second.height()) / 2
    return (above and not beside) or (beside and first.right() <= second.left())


def place(widget: QWidget) -> QRect:
    """What it covers of its window."""
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


def told(widget: QWidget) -> str:
    """Where a control is found, for whoever has to mend it."""
    names = [type(widget).__name__, widget.objectName(), widget.accessibleName()]
    if isinstance(widget, QAbstractButton):
        names.append(widget.text())
    parent = widget.parentWidget()
    return " ".join(filter(None, [*names, "in", type(parent).__name__]))


def settle() -> None:
    """What is laid out later is laid out now."""
    for _turn in range(5):
        QApplication.processEvents()


def open_ones() -> list[QWidget]:
    """The windows that are seen."""
    return [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


@pytest.mark.parametrize("id", DIALOGS)
def test_in_whatever_a_command_opens(window: Window, studio: Studio, id: str, qtbot: QtBot) -> None:
    studio.select(["dense1"])
    window.actions_by_id[id].trigger()
    settle()
    found = {fault for top in open_ones() for fault in faults(top)}
    for top in open_ones():
        if top is not window:
            top.close()
    settle()
    assert sorted(found) == []


def test_in_every_panel(window: Window, studio: Studio) -> None:
    studio.select(["dense1"])
    found = set()
    for dock in window.docks.by_name.values():
        dock.show()
        dock.raise_()
        settle()
        found |= set(faults(window))
    assert sorted(found) == []


@pytest.mark.parametrize("shelved", ours(), ids=lambda shelved: shelved.folder.name)
def test_in_every_step_of_a_lesson(window: Window, studio: Studio, shelved: Shelved) -> None:
    lecture = lecture_of(studio)
    lecture.begin(shelved)
    window.docks.open("lesson")
    assert lecture.lesson is not None
    found = set()
    for number in range(len(lecture.lesson.steps)):
        settle()
        assert lecture.place == number
        found |= {f"{number}: {fault}" for fault in faults(window)}
        for _each in range(len(lecture.step.questions) + 1):
            lecture.next()
    lecture.leave()
    assert sorted(found) == []


OTHERS: dict[str, Callable[[Window], QWidget]] = {
    "table": lambda window: TableDialog(window, "people.csv", "people", TABLE.encode),
    "recovery": lambda window: RecoveryDialog(window, "said"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_in_what_is_opened_by_a_file(window: Window, name: str, qtbot: QtBot) -> None:
    dialog = OTHERS[name](window)
    dialog.show()
    settle()
    found = set(faults(dialog))
    dialog.close()
    settle()
    assert sorted(found) == []
