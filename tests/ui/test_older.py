"""The older versions of a file are found in the window, and open as copies."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bpstudio.project import edits, file
from bpstudio.project.disk import older_versions
from bpstudio.project.project import Project
from bpstudio.ui.dialogs import files
from bpstudio.ui.dialogs.older import OlderVersions
from bpstudio.ui.studio import Notice
from bpstudio.ui.window import Window


@pytest.fixture
def path(xor: Project, tmp_path: Path) -> Path:
    """A file that was saved three times."""
    path = tmp_path / "그물.bps"
    for title in ("first", "second", "third"):
        file.save(edits.set_title(xor, title), path)
    return path


def shown(window: Window, qtbot: QtBot) -> OlderVersions:
    """The dialog, filled."""
    window.actions_by_id["open_older"].trigger()
    (dialog,) = [each for each in window.findChildren(OlderVersions) if each.isVisible()]
    qtbot.waitUntil(lambda: "Reading" not in dialog.head.text())
    return dialog


def test_an_older_version_opens_as_a_copy_that_is_not_saved(
    window: Window, path: Path, notices: list[Notice], qtbot: QtBot
) -> None:
    before = path.read_bytes()
    assert files.load_into(window.studio, path)
    dialog = shown(window, qtbot)
    assert dialog.list.count() == 2
    assert "그물.bps now: " in dialog.head.text()
    nodes = len(window.studio.project.graph.nodes)
    assert f"{nodes} nodes · 0 steps trained" in dialog.list.item(0).text()
    dialog.list.setCurrentRow(1)
    dialog.open_button.click()
    studio = window.studio
    assert (studio.project.title, studio.path, studio.dirty) == ("first", None, True)
    assert "as a copy" in notices[-1].text
    assert path.read_bytes() == before


def test_a_file_that_can_not_be_read_offers_the_newest_version_that_can(
    window: Window, path: Path, notices: list[Notice], qtbot: QtBot
) -> None:
    newest, oldest = older_versions(path)
    for broken in (path, newest):
        broken.write_bytes(b"PK\x03\x04 half of a file")
    assert not files.load_into(window.studio, path)
    assert notices[-1].offer == "open_older"
    dialog = shown(window, qtbot)
    assert [row.row() for row in dialog.list.selectedIndexes()] == [1]
    assert "can't be read" in dialog.list.item(0).text()
    assert not dialog.list.item(0).flags() & Qt.ItemFlag.ItemIsEnabled
    dialog.open_button.click()
    assert window.studio.project.title == file.load(oldest).title == "first"


def test_where_no_version_can_be_read_none_is_offered(
    window: Window, tmp_path: Path, notices: list[Notice]
) -> None:
    assert not files.load_into(window.studio, tmp_path / "none.bps")
    assert notices[-1].offer == ""


def test_a_file_without_older_versions_says_so(
    window: Window, xor: Project, tmp_path: Path, notices: list[Notice], qtbot: QtBot
) -> None:
    window.actions_by_id["open_older"].trigger()
    assert "no file yet" in notices[-1].text
    file.save(xor, tmp_path / "new.bps")
    assert files.load_into(window.studio, tmp_path / "new.bps")
    dialog = shown(window, qtbot)
    assert "No older version is kept" in dialog.head.text()
    assert not dialog.open_button.isEnabled()
    dialog.reject()


def test_leaving_before_it_is_read_leaves_nothing(window: Window, path: Path, qtbot: QtBot) -> None:
    assert files.load_into(window.studio, path)
    window.actions_by_id["open_older"].trigger()
    (dialog,) = [each for each in window.findChildren(OlderVersions) if each.isVisible()]
    dialog.reject()
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: all(each.name != "table" for each in threading.enumerate()))
