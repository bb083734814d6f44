"""The window: menus, bars, banners, docks, dialogs, themes and languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio import resources
from bpstudio.engine.op import catalog
from bpstudio.errors import GateError, StudioError
from bpstudio.playback.palette import THEMES
from bpstudio.project import edits, file
from bpstudio.project.project import Project
from bpstudio.ui import actions, app, menus, problems, templates
from bpstudio.ui.dialogs import about, files, keys
from bpstudio.ui.dialogs.export import ExportDialog
from bpstudio.ui.dialogs.files import Choice
from bpstudio.ui.keys import native
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window

PATIENCE = 60_000


def give(window: Window, id: str) -> None:
    """Give a command as its menu entry does."""
    act = window.actions_by_id[id]
    assert act.isEnabled(), id
    act.trigger()


def dialogs() -> list[QDialog]:
    """The dialogs that are open."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
    return [each for each in found if isinstance(each, QDialog)]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Choice]:
    """Answers to the question whether to save, in the order in which it will be asked."""
    waiting: list[Choice] = []
    monkeypatch.setattr(files, "ask_to_save", lambda _window, answer: answer(waiting.pop(0)))
    return waiting


# -- menus and bars -----------------------------------------------------------------------------


def test_every_command_stands_in_the_menu_bar(window: Window) -> None:
    menus = window.menuBar().findChildren(QMenu)
    shown = [act for menu in menus for act in menu.actions()]
    assert set(window.actions_by_id.values()) <= set(shown)
    assert window.actions_by_id.keys() == actions.table.keys()


def test_commands_can_be_given_when_they_make_sense(window: Window, studio: Studio) -> None:
    undo, delete = window.actions_by_id["undo"], window.actions_by_id["delete"]
    assert not undo.isEnabled()
    assert not delete.isEnabled()
    studio.select(["dense1"])
    assert delete.isEnabled()
    give(window, "delete")
    assert undo.isEnabled()
    assert "dense1" not in studio.project.graph.nodes
    give(window, "undo")
    assert "dense1" in studio.project.graph.nodes


def test_the_title_names_the_file_and_what_is_not_saved(
    window: Window, studio: Studio, tmp_path: Path
) -> None:
    studio.save(tmp_path / "net.bps")
    assert window.windowTitle().startswith("net.bps")
    assert not window.isWindowModified()
    studio.do("Rename", edits.rename, "dense1", "x")
    assert window.isWindowModified()
    assert window.top.findChild(QWidget, "button-play") is not None


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [640, 800, 1280, 1680])
def test_the_top_bar_fits_any_width(window: Window, studio: Studio, width: int, theme: str) -> None:
    studio.prefer(theme=theme)
    window.resize(width, 600)
    QApplication.processEvents()
    layout = window.top.layout()
    assert layout is not None
    assert layout.minimumSize().width() <= window.top.width() == width
    inside = window.top.rect()
    shown = [button for button in window.top.buttons.values() if button.isVisible()]
    assert all(inside.contains(button.geometry()) for button in shown)
    assert {"play", "step_on", "step_back", "train"} <= {
        id for id, button in window.top.buttons.items() if button.isVisible()
    }


def test_the_slider_scrubs_and_follows(window: Window, studio: Studio) -> None:
    slider = window.timeline.slider
    assert slider.accessibleName() == "Step"
    assert slider.maximum() == 15
    slider.setValue(3)
    assert studio.shown.position == 3.0
    studio.show_position(9.0)
    assert slider.value() == 9
    assert slider.accessibleDescription() == "backward · 10 of 15"


def test_the_buttons_play_and_pause(window: Window, studio: Studio) -> None:
    play = window.top.buttons["play"]
    play.click()
    assert studio.shown.playing
    assert play.accessibleName() == "Pause"
    play.click()
    assert not studio.shown.playing
    window.top.buttons["backward_pass"].click()
    assert studio.shown.position == 6.0
    assert window.top.buttons["backward_pass"].property("current") is True


# -- banners ------------------------------------------------------------------------------------


def test_a_problem_stands_over_the_canvas_until_the_next_edit(
    window: Window, studio: Studio
) -> None:
    studio.do("Connect", edits.connect, "loss1", "dense1", "x")
    assert window.banner.isVisible()
    assert "dense1" in window.banner.text.text()
    assert window.stage.rect().contains(window.banner.geometry())
    studio.do("Rename", edits.rename, "dense1", "x")
    assert not window.banner.isVisible()


@pytest.mark.parametrize("width", [640, 800, 1200])
def test_the_whole_sentence_can_be_read(window: Window, studio: Studio, width: int) -> None:
    window.resize(width, 600)
    studio.notice("A sentence that is rather long, so that it needs several lines. " * 4)
    QApplication.processEvents()
    text = window.banner.text
    assert text.height() >= text.heightForWidth(text.width())
    assert window.stage.rect().contains(window.banner.geometry())


def test_text_from_a_file_is_shown_as_it_stands(window: Window, studio: Studio) -> None:
    studio.notice("<b>bold</b>")
    assert window.banner.text.textFormat() is Qt.TextFormat.PlainText


def test_a_command_that_fails_with_a_sentence_shows_it(
    window: Window, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_shown: object) -> None:
        raise StudioError("This can't be done.")

    monkeypatch.setattr(studio, "play", refuse)
    monkeypatch.setattr(studio, "undo", lambda: refuse(None))
    studio.do("Rename", edits.rename, "dense1", "x")
    give(window, "undo")
    assert window.banner.text.text() == "This can't be done."


# -- themes and languages -----------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_dresses_the_window(window: Window, studio: Studio, theme: str) -> None:
    give(window, theme)
    panel = QApplication.palette().color(QPalette.ColorRole.Window).name()
    assert panel == THEMES[theme].colours["panel"]
    assert [id for id in THEMES if window.actions_by_id[id].isChecked()] == [theme]
    picture = window.grab().toImage()
    assert picture.pixelColor(picture.width() // 2, 5).name() == panel


def test_the_language_changes_while_the_window_is_open(
    window: Window, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"&File": "파일(&F)", "Step": "단계", "&Undo": "실행 취소(&U)", "Palette": "팔레트"}
    for module in (menus, actions):
        monkeypatch.setattr(module, "_", lambda text: words.get(text, text))
    monkeypatch.setattr("bpstudio.ui.bars._", lambda text: words.get(text, text))
    monkeypatch.setattr("bpstudio.ui.docks._", lambda text: words.get(text, text))
    studio.prefer(language="ko")
    qtbot.waitUntil(lambda: window.menuBar().actions()[0].text() == "파일(&F)")
    assert window.actions_by_id["undo"].text() == "실행 취소(&U)"
    assert window.timeline.slider.accessibleName() == "단계"
    assert window.docks.by_name["palette"].windowTitle() == "팔레트"


def test_panels_can_be_put_back(window: Window) -> None:
    loss = window.docks.by_name["loss"]
    loss.setFloating(True)
    window.docks.by_name["palette"].close()
    assert window.docks.touched
    window.restore_docks()
    QApplication.processEvents()
    assert not loss.isFloating()
    assert window.docks.by_name["palette"].isVisible()
    assert not window.docks.touched


def test_large_type_has_room_in_a_small_window(window: Window, xor: Project) -> None:
    studio, docks = window.studio, window.docks
    below = [docks.by_name[name] for name in ("loss", "boundary", "weights", "recording")]
    plain = docks.by_name["trainer"]

    def stacked() -> list[str]:
        QApplication.processEvents()
        return [dock.objectName() for dock in window.tabifiedDockWidgets(below[0])]

    studio.begin(xor)
    window.resize(800, 600)
    assert not stacked()
    narrow = plain.width()
    studio.prefer(theme="projector", scale=150)
    assert {dock.objectName() for dock in below[1:]} <= set(stacked())
    assert all(dock.width() > 700 for dock in below if not dock.visibleRegion().isEmpty())
    assert plain.width() > 1.2 * narrow and window.canvas.width() > 300
    docks.open("recording")
    QApplication.processEvents()
    assert not below[3].visibleRegion().isEmpty()
    studio.prefer(theme="light", scale=100)
    assert not stacked()
    assert sorted(below, key=lambda dock: dock.x()) == below
    assert len({dock.y() for dock in below}) == 1
    assert plain.width() == narrow


# -- files --------------------------------------------------------------------------------------


def test_what_is_not_saved_is_asked_about_before_it_is_lost(
    window: Window,
    studio: Studio,
    answers: list[Choice],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "choose_to_save", lambda _w, got: got(tmp_path / "kept.bps"))
    studio.do("Rename", edits.rename, "dense1", "first")
    kept = studio.project
    answers.append("cancel")
    give(window, "new")
    assert studio.project is kept
    answers.append("save")
    give(window, "new")
    assert studio.project.graph.nodes == {}
    assert file.load(tmp_path / "kept.bps").graph["dense1"].title == "first"
    studio.do("Add", edits.add_node, catalog["relu"](), (0.0, 0.0))
    answers.append("discard")
    give(window, "new")
    assert studio.project.graph.nodes == {}
    give(window, "new")  # nothing to lose: nothing is asked
    assert answers == []


def test_a_project_is_saved_opened_and_remembered(
    window: Window, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.bps"
    monkeypatch.setattr(files, "choose_to_save", lambda _window, got: got(path))
    monkeypatch.setattr(files, "choose_to_open", lambda _window, got: got(path))
    studio.do("Rename", edits.rename, "dense1", "hidden")
    give(window, "save")
    assert studio.path == path
    give(window, "new")
    assert studio.path is None
    give(window, "open_file")
    assert studio.project.graph["dense1"].title == "hidden"
    assert studio.preferences.recent == (str(path),)


def test_an_example_is_opened_as_a_copy(window: Window, studio: Studio) -> None:
    for _name, path in templates.examples():
        files.open_path(window, path)
        assert studio.path is None
        assert studio.project.graph.nodes
        assert not studio.dirty
        assert studio.shown.problem is None, path
        assert studio.shown.length > 0


def test_a_file_that_is_none_is_refused_in_one_sentence(
    window: Window, studio: Studio, xor: Project, tmp_path: Path
) -> None:
    path = tmp_path / "broken.bps"
    path.write_bytes(b"not a zip")
    files.open_path(window, path)
    assert studio.project is xor
    assert "broken.bps" in window.banner.text.text()


def test_a_dropped_project_opens(window: Window, studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "dropped.bps"
    file.save(edits.rename(studio.project, "dense1", "dropped"), path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    drop = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    assert drop.isAccepted()
    assert studio.project.graph["dense1"].title == "dropped"


# -- closing ------------------------------------------------------------------------------------


def test_closing_asks_and_can_be_called_off(
    window: Window, studio: Studio, answers: list[Choice], qtbot: QtBot
) -> None:
    studio.do("Rename", edits.rename, "dense1", "x")
    answers.append("cancel")
    window.close()
    assert window.isVisible()
    answers.append("discard")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_closing_while_training_keeps_what_was_learned_for_the_question(
    window: Window, studio: Studio, answers: list[Choice], qtbot: QtBot
) -> None:
    give(window, "train")
    qtbot.waitUntil(lambda: studio.shown.step > 0, timeout=PATIENCE)
    answers.append("discard")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert studio.training.pid is None
    assert studio.project.trained.steps > 0


def test_the_place_of_the_window_is_kept(
    studio: Studio, open_window: Callable[[], Window], qtbot: QtBot
) -> None:
    kept = []
    window = open_window()
    window._keep = lambda preferences: kept.append(preferences) or ""  # type: ignore[func-returns-value]
    window.resize(701, 502)
    QApplication.processEvents()
    window.close()
    studio.preferences = kept[-1]
    again = open_window()
    assert again.size() == QSize(701, 502)


# -- dialogs ------------------------------------------------------------------------------------


def test_the_sheet_of_shortcuts_has_every_key(window: Window, qtbot: QtBot) -> None:
    keys.show(window)
    (sheet,) = dialogs()
    texts = " ".join(label.text() for label in sheet.findChildren(QLabel))
    for entry in actions.table.values():
        for shortcut in entry.shortcut:
            assert native(shortcut) in texts
    sheet.close()


def test_about_names_every_library_that_we_need(window: Window) -> None:
    needed = {
        re.split(r"[^\w-]", line)[0].lower()
        for line in requires("bpstudio") or ()
        if "extra ==" not in line
    }
    assert needed <= {name.lower() for name, _licence in about.LIBRARIES}
    about.show(window)
    (dialog,) = dialogs()
    dialog.close()


def test_about_shows_the_text_of_every_licence(window: Window) -> None:
    about.show(window)
    dialog = window.findChild(QDialog, "about")
    assert dialog is not None
    named = {button.text(): button for button in dialog.findChildren(QPushButton)}
    named["Licences…"].click()
    texts = dialog.findChild(QDialog, "licences")
    assert texts is not None and texts.isVisible()
    said = texts.findChildren(QPlainTextEdit)[0].toPlainText()
    assert "numpy" in said and "GNU LESSER GENERAL PUBLIC LICENSE" in said
    dialog.close()


def test_an_export_is_written_and_verified_beside_the_window(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.path.setText(str(tmp_path / "model.py"))
    dialog.start()
    assert dialog.running
    assert not dialog.go.isEnabled()
    qtbot.waitUntil(lambda: not dialog.running, timeout=60_000)
    assert (tmp_path / "model.py").exists(), dialog.outcome.text()
    assert "agree" in dialog.outcome.text()
    dialog.close()


def test_an_export_can_be_called_off(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.path.setText(str(tmp_path / "model.py"))
    dialog.start()
    dialog.cancel()
    assert not dialog.running
    assert dialog.go.isEnabled()
    assert list(tmp_path.iterdir()) == []
    dialog.close()


@pytest.mark.parametrize("way", ["escape", "button", "close"])
@pytest.mark.parametrize("running", [False, True])
def test_the_export_dialog_can_be_left(
    window: Window, qtbot: QtBot, tmp_path: Path, way: str, running: bool
) -> None:
    give(window, "export")
    (dialog,) = dialogs()
    assert isinstance(dialog, ExportDialog)
    if running:
        dialog.path.setText(str(tmp_path / "model.py"))
        dialog.start()
    if way == "escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    elif way == "close":
        dialog.close()
    else:
        dialog.leave.click()
        if running:  # which calls the export off, and leaves only then
            dialog.leave.click()
    assert dialogs() == []
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_refused_says_why(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.path.setText(str(tmp_path / "no such folder" / "model.py"))
    dialog.start()
    qtbot.waitUntil(lambda: not dialog.running, timeout=60_000)
    assert "no such folder" in dialog.outcome.text()
    assert "Traceback" not in dialog.outcome.text()
    dialog.close()


def test_the_endings_follow_the_format(studio: Studio, qtbot: QtBot) -> None:
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    for index, target in enumerate(dialog._targets):
        dialog.format.setCurrentIndex(index)
        assert dialog.path.text().endswith(target.ending)


# -- starting, and faults of our own --------------------------------------------------------------


def test_a_fault_of_a_plugin_is_no_fault_of_ours(window: Window) -> None:
    """It is passed on to where all that fails is said, and no report is asked for."""
    shown = problems.Problems(window)
    blamed: list[object] = []
    shown.blamed.connect(blamed.append)
    fault = GateError("The gate {op} fails.", nodes=("dense1",), op="Odd")
    with problems.caught(shown):
        sys.excepthook(GateError, fault, None)
    assert blamed == [fault]
    assert (shown.came, dialogs()) == (0, [])


def test_a_fault_of_ours_is_logged_and_shown_with_a_report(
    window: Window, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    hook = sys.excepthook
    shown = problems.Problems(window)
    with problems.caught(shown):
        try:
            raise ValueError("an example of a fault")
        except ValueError as error:
            sys.excepthook(ValueError, error, error.__traceback__)
    assert sys.excepthook is hook
    qtbot.waitUntil(lambda: bool(dialogs()))
    (box,) = dialogs()
    assert isinstance(box, QMessageBox)
    assert "an example of a fault" in box.detailedText()
    assert any("an example of a fault" in record.getMessage() for record in caplog.records)
    caplog.clear()
    pressed = [each.text() for each in box.findChildren(QPushButton) if each.isDefault()]
    assert pressed == ["Close"]  # with Enter, and not what shows the details
    assert box.defaultButton() is box.escapeButton()
    copy = next(button for button in box.buttons() if "Copy" in button.text())
    copy.click()
    assert "an example of a fault" in QApplication.clipboard().text()
    box.close()


def test_without_a_screen_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have a screen")
    for variable in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(StudioError, match=r"demo.*render"):
        app.require_screen()
    monkeypatch.setenv("DISPLAY", ":31999")
    with pytest.raises(StudioError):
        app.require_screen()


def start(
    tmp_path: Path, *words: str, program: tuple[str, ...] = ("-m", "bpstudio")
) -> subprocess.CompletedProcess[str]:
    """Start the studio in a process of its own, with folders of its own."""
    environ = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "BPSTUDIO_SETTINGS": str(tmp_path / "settings"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    return subprocess.run(
        [sys.executable, "-X", "dev", *program, *words],
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_studio_opens_paints_and_quits(tmp_path: Path) -> None:
    outcome = start(tmp_path, "--smoke")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == ""
    assert outcome.stderr == ""


def test_a_panel_that_cannot_be_made_is_told_by_the_status(tmp_path: Path) -> None:
    lacking = "import sys; sys.modules['pyqtgraph'] = None; from bpstudio.cli import main; "
    lacking += "sys.exit(main(sys.argv[1:]))"
    assert start(tmp_path, "--smoke", program=("-c", lacking)).returncode == 70


def test_the_studio_opens_although_its_settings_are_broken(tmp_path: Path) -> None:
    settings = tmp_path / "settings" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{broken", encoding="utf-8")
    assert start(tmp_path, "--smoke").returncode == 0
    assert settings.with_suffix(".broken.json").exists()


def test_the_first_example_is_made_where_its_file_is_missing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = resources.path
    monkeypatch.setattr(
        resources,
        "path",
        lambda *parts: tmp_path / "none" if parts[0] == "examples" else path(*parts),
    )
    app.begin_with_example(studio)
    assert studio.can_train
    assert np.isfinite(studio.shown.loss or np.nan)
