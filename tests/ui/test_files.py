"""Files in the window: pictures in them, newer ones, templates, recent ones, dropped tables."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from bpstudio.errors import FileError
from bpstudio.project import edits, file
from bpstudio.ui import templates
from bpstudio.ui.dialogs import files
from bpstudio.ui.dialogs.table import TableDialog
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.window import Window

VERSIONS = Path(__file__).parents[1] / "data" / "versions"
PATIENCE = 60_000


def drop(window: Window, path: Path) -> None:
    """Let a file fall on the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(200, 200),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def menu(window: Window, title: str) -> QMenu:
    """The submenu of that title, filled as it is when it is opened."""
    (found,) = [each for each in window.findChildren(QMenu) if each.title() == title]
    found.aboutToShow.emit()
    return found


def entries(window: Window, title: str) -> dict[str, Callable[[], None]]:
    return {act.text(): act.trigger for act in menu(window, title).actions() if act.text()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this person's own things."""
    monkeypatch.setenv("BPSTUDIO_SETTINGS", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_saved_file_has_a_small_picture(window: Window, tmp_path: Path) -> None:
    path = tmp_path / "a.bps"
    files._save(window, path, None)
    picture = QImage.fromData(file.thumbnail(path) or b"")
    assert (picture.width(), picture.height()) == (320, 200)
    colours = {picture.pixel(x, y) for x in range(0, 320, 7) for y in range(0, 200, 7)}
    assert len(colours) > 3


def test_of_a_large_network_it_is_what_the_canvas_shows(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "DRAWN_ANEW", 0)
    files._save(window, tmp_path / "a.bps", None)
    picture = QImage.fromData(file.thumbnail(tmp_path / "a.bps") or b"")
    assert 0 < picture.width() <= 320 and 0 < picture.height() <= 200


def test_a_fault_in_the_picture_does_not_keep_the_work_from_being_saved(
    window: Window,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_arguments: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("bpstudio.ui.render.thumbnail", broken)
    files._save(window, tmp_path / "a.bps", None)
    assert file.thumbnail(tmp_path / "a.bps") is None
    assert not window.studio.dirty
    assert "no picture" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_what_can_not_be_saved_stays_unsaved_and_another_place_is_offered(
    window: Window,
    studio: Studio,
    notices: list[Notice],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    studio.do("Title", edits.set_title, "changed")

    def full(*_arguments: object, **_named: object) -> None:
        raise FileError("{reason}", reason=os.strerror(number))

    monkeypatch.setattr(file, "save", full)
    files._save(window, tmp_path / "a.bps", None)
    assert studio.dirty
    assert notices[-1] == Notice(os.strerror(number), "problem", (), "save_as")
    assert window.banner.offer.isVisible()
    asked: list[bool] = []
    monkeypatch.setattr(files, "choose_to_save", lambda _window, _got: asked.append(True))
    window.banner.offer.click()
    assert asked == [True]


def test_a_newer_file_can_only_be_looked_at(
    window: Window,
    studio: Studio,
    notices: list[Notice],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "newer.bps"
    path.write_bytes((VERSIONS / "newer.bps").read_bytes())
    assert files.load_into(studio, path)
    assert "newer version of Backprop Studio" in notices[-1].text
    assert "(only to look at)" in window.windowTitle()
    assert len(studio.project.graph.nodes) > 2
    assert studio.shown.length
    assert not studio.do("Title", edits.set_title, "mine")
    studio.train(3)
    assert not studio.training.running
    assert not window.actions_by_id["open_copy"].isEnabled()
    assert not window.actions_by_id["save_template"].isEnabled()
    before = path.read_bytes()
    monkeypatch.setattr(files, "choose_to_save", lambda _window, got: got(path))
    for save in (files.save, files.save_as):
        notices.clear()
        save(window)
        # Under no other name either: then what this studio does not understand would be lost.
        assert "newer version" in notices[-1].text and notices[-1].offer == ""
    assert path.read_bytes() == before


def test_a_project_is_kept_as_a_template_and_begun_with(
    window: Window, studio: Studio, home: Path
) -> None:
    window.actions_by_id["save_template"].trigger()
    dialog = window.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("수업 1")
    dialog.accept()
    assert [name for name, _ in templates.own()] == ["수업 1"]
    nodes = list(studio.project.graph.nodes)
    studio.begin(type(studio.project)())
    entries(window, "New from te&mplate")["수업 1"]()
    assert list(studio.project.graph.nodes) == nodes
    assert studio.path is None
    assert studio.preferences.recent == ()


@pytest.mark.parametrize("name", ["", "  ", "../above", "a/b", "a\\b", "con:", "a?"])
def test_names_that_no_template_can_have(
    window: Window, home: Path, notices: list[Notice], name: str
) -> None:
    files._keep_template(window, name)
    assert notices[-1].kind == "problem"
    assert list(templates.own()) == []


def test_recent_files_survive_that_one_is_gone(
    window: Window, studio: Studio, notices: list[Notice], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        file.save(studio.project, tmp_path / f"{name}.bps")
        files.load_into(studio, tmp_path / f"{name}.bps")
    shown = entries(window, "Open &recent")
    assert list(shown) == ["two.bps", "one.bps"]
    (tmp_path / "one.bps").unlink()
    shown["one.bps"]()  # the menu was open while somebody removed it
    assert "one.bps can't be opened" in notices[-1].text
    assert list(entries(window, "Open &recent")) == ["two.bps"]
    (tmp_path / "two.bps").unlink()
    assert list(entries(window, "Open &recent")) == ["Nothing yet"]


def test_a_dropped_table_is_learned_from(
    window: Window, studio: Studio, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "표.csv"
    path.write_text("x,y,answer\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n", encoding="utf-8")
    drop(window, path)
    accept(asked(window), studio, qtbot)
    data = studio.project.data
    assert data is not None
    assert data.name == "표"
    assert data.features.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    window.actions_by_id["undo"].trigger()
    assert studio.project.data is not data


def test_a_table_that_is_none_is_one_sentence(
    window: Window, studio: Studio, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"x,y\n1,\x00\n")
    before = studio.project
    drop(window, path)
    dialog = asked(window)
    qtbot.waitUntil(lambda: bool(dialog.wrong.toPlainText()), timeout=PATIENCE)
    assert dialog.wrong.toPlainText().startswith("bad.csv, line 2")
    assert studio.project is before
    dialog.close()


def test_the_newest_of_two_tables_counts(
    window: Window, studio: Studio, tmp_path: Path, qtbot: QtBot
) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.csv").write_text("x,y\n1,2.5\n3,4.5\n5,6.5\n", encoding="utf-8")
        drop(window, tmp_path / f"{name}.csv")
    accept(asked(window), studio, qtbot)
    assert studio.project.data is not None
    assert studio.project.data.name == "second"
    assert len(studio.history.names) == 1


def asked(window: Window) -> TableDialog:
    """The one dialog that asks how a table is to be read."""
    open_ones = [each for each in window.findChildren(TableDialog) if each.isVisible()]
    assert len(open_ones) == 1
    return open_ones[0]


def accept(dialog: TableDialog, studio: Studio, qtbot: QtBot) -> None:
    """Use the table as it is offered."""
    qtbot.waitUntil(dialog.accepting.isEnabled, timeout=PATIENCE)
    with qtbot.waitSignal(studio.changed, timeout=PATIENCE):
        dialog.accepting.click()


def test_other_files_are_left_lying(window: Window, studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "program.exe"
    path.write_bytes(b"MZ")
    before = studio.project
    drop(window, path)
    assert studio.project is before
