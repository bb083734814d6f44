"""What is done a little later, and what becomes of it where its owner goes first."""

from __future__ import annotations

import gc
import weakref

import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from bpstudio.ui.soon import soon
from bpstudio.ui.window import Window
from tests.ui.conftest import delete_what_was_left_for_later

OPENED = (
    "settings", "welcome", "guide", "glossary", "shortcut_sheet", "about_studio", "export",
    "export_picture", "import_model", "data_set", "compare_capacity", "help_on_gate",
)  # fmt: skip
"""The commands that open a dialog."""


class Owner(QObject):
    """Counts how often it was called."""

    called = 0

    def call(self) -> None:
        self.called += 1


def test_it_is_called_once(qtbot: QtBot) -> None:
    owner = Owner()
    soon(owner, owner.call)
    assert owner.called == 0
    qtbot.waitUntil(lambda: owner.called == 1)
    delete_what_was_left_for_later()
    assert owner.called == 1 and owner.children() == []


def test_what_goes_first_is_gone(qtbot: QtBot) -> None:
    owner = Owner()
    kept = weakref.ref(owner)
    soon(owner, owner.call)
    soon(owner, lambda owner=owner: owner.call())  # type: ignore[misc]
    shiboken6.delete(owner)
    del owner
    delete_what_was_left_for_later()
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("turns", [0, 3])
@pytest.mark.parametrize("id", OPENED)
def test_a_dialog_that_was_closed_is_gone(window: Window, id: str, turns: int) -> None:
    window.actions_by_id[id].trigger()
    for _turn in range(turns):
        QApplication.processEvents()
    kept = [weakref.ref(dialog) for dialog in window.findChildren(QDialog)]
    assert kept
    window.leave_dialogs()
    delete_what_was_left_for_later()
    gc.collect()
    assert [dialog() for dialog in kept if dialog() is not None] == []
