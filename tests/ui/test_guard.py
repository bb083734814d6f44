"""What is open is not lost: to a crash, to another window, to another program."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from bpstudio import folders
from bpstudio.data import toys
from bpstudio.project import build, edits, file
from bpstudio.project.disk import older_versions
from bpstudio.project.hold import hold, lock_beside
from bpstudio.project.project import Project
from bpstudio.project.recovery import Orphan, left_behind
from bpstudio.ui import app
from bpstudio.ui.dialogs import files, recovery
from bpstudio.ui.dialogs.files import Answer, Choice
from bpstudio.ui.dialogs.recovery import RecoveryDialog
from bpstudio.ui.dialogs.welcome import Welcome
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window

PATIENCE = 60_000


class Desk:
    """A window with its own studio, as another process would have it."""

    def __init__(self, qtbot: QtBot, root: Path) -> None:
        self.studio = Studio(Preferences(), Training())
        self.window = Window(self.studio, lambda _preferences: "", root)
        self.guard = self.window.guard
        self.said: list[Notice] = []
        self.studio.noticed.connect(self._hear)
        with qtbot.waitSignal(self.guard.found, timeout=PATIENCE):
            self.guard.begin()

    def _hear(self, notice: Notice | None) -> None:
        if notice is not None:
            self.said.append(notice)

    def open(self, path: Path) -> None:
        assert files.load_into(self.studio, path)

    def retitle(self, title: str) -> bool:
        return self.studio.do("Title", edits.set_title, title)

    def save(self) -> None:
        files.save(self.window)

    def close(self, *, give_up: bool = True) -> None:
        """Leave, whatever there is to lose."""
        self.guard.close(give_up=give_up)
        self.studio.close()
        self.window.deleteLater()


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """Opens windows that share one folder for recovery."""
    made: list[Desk] = []

    def another() -> Desk:
        made.append(Desk(qtbot, tmp_path / "aside" / "recovery"))
        return made[-1]

    yield another
    for each in made:
        each.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A project in a file."""
    folder = tmp_path / "수업 é"
    folder.mkdir()
    path = folder / "그물.bps"
    file.save(build.network(toys.make("xor"), (2, 3, 1), title="first"), path)
    return path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Answers to the question what to do about a file that was changed."""
    waiting: list[Answer] = []
    monkeypatch.setattr(
        files, "ask_about_change", lambda _window, _path, answer: answer(waiting.pop(0))
    )
    return waiting


def title(path: Path) -> str:
    return file.load(path).title


def somebody_else_saves(path: Path, name: str) -> None:
    """Another program, which knows nothing of our locks."""
    path.write_bytes(file.to_bytes(edits.set_title(file.load(path), name)))


def gone(path: Path, root: Path) -> bool:
    """Whether nobody holds the file."""
    held = hold(path, root)
    if held is not None:
        held.release()
    return held is not None


# -- two windows, one file ----------------------------------------------------------------------


def test_1_who_comes_second_can_only_look_and_is_told(desk: Callable[[], Desk], path: Path) -> None:
    first, second = desk(), desk()
    first.open(path)
    second.open(path)
    assert first.studio.document.locked is None
    assert second.studio.document.locked is not None
    assert "is open in another window" in second.said[-1].text
    assert second.said[-1].offer == "open_copy"
    assert "(only to look at)" in second.window.windowTitle()
    assert not second.retitle("second")
    second.studio.train(5)
    assert not second.studio.training.running
    assert not second.studio.dirty
    assert first.retitle("first again")


def test_2_a_copy_is_another_project(desk: Callable[[], Desk], path: Path) -> None:
    first, second = desk(), desk()
    first.open(path)
    second.open(path)
    button = second.window.banner.offer
    assert isinstance(button, QPushButton)
    assert button.text() == "Open a copy"
    button.click()
    assert second.studio.path is None
    assert second.retitle("copy")
    assert title(path) == "first"


def test_3_the_second_can_not_save_over_the_first(
    desk: Callable[[], Desk], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desk(), desk()
    first.open(path)
    second.studio.begin(build.network(toys.make("or"), (2, 1), title="second"))
    monkeypatch.setattr(files, "choose_to_save", lambda _window, got: got(path))
    second.save()
    assert "is open in another window" in second.said[-1].text
    assert second.said[-1].offer == "save_as"
    assert title(path) == "first"
    assert first.retitle("mine")
    first.save()
    assert title(path) == "mine"


def test_4_once_the_first_has_gone_the_second_may_change_it(
    desk: Callable[[], Desk], path: Path
) -> None:
    first, second = desk(), desk()
    first.open(path)
    first.studio.begin(Project())
    second.open(path)
    assert second.studio.document.locked is None
    assert second.retitle("second")
    second.save()
    assert title(path) == "second"


def test_5_a_crash_of_the_first_keeps_nobody_out(
    desk: Callable[[], Desk], path: Path, tmp_path: Path
) -> None:
    program = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bpstudio.project.hold import hold
held = hold(Path(sys.argv[2]), Path(sys.argv[3]))
print(held is not None, flush=True)
sys.stdin.read()
"""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", program, root, str(path), str(tmp_path / "locks")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        second = desk()
        second.open(path)
        assert second.studio.document.locked is not None
        other.kill()
    assert lock_beside(path).exists()
    second.open(path)
    assert second.studio.document.locked is None


def test_6_a_lock_that_was_left_lying_is_none(desk: Callable[[], Desk], path: Path) -> None:
    lock_beside(path).write_text("12345")
    first = desk()
    first.open(path)
    assert first.studio.document.locked is None
    first.studio.begin(Project())
    assert not lock_beside(path).exists()


def test_7_a_copied_folder_is_another_place(desk: Callable[[], Desk], path: Path) -> None:
    first, second = desk(), desk()
    first.open(path)
    copied = path.parent.with_name("copy")
    shutil.copytree(path.parent, copied)
    assert lock_beside(copied / path.name).exists()
    second.open(copied / path.name)
    assert second.studio.document.locked is None
    assert second.retitle("copy")
    second.save()
    assert (title(path), title(copied / path.name)) == ("first", "copy")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_8_another_name_for_it_is_the_same_file(desk: Callable[[], Desk], path: Path) -> None:
    first, second = desk(), desk()
    first.open(path)
    link = path.with_name("link.bps")
    link.symlink_to(path)
    second.open(link)
    assert second.studio.document.locked is not None


def test_9_what_somebody_else_wrote_is_only_written_over_if_one_says_so(
    desk: Callable[[], Desk], path: Path, answers: list[Answer]
) -> None:
    first = desk()
    first.open(path)
    first.retitle("mine")
    somebody_else_saves(path, "theirs")
    answers[:] = ["cancel", "overwrite"]
    first.save()
    assert title(path) == "theirs"
    assert first.studio.dirty
    first.save()
    assert title(path) == "mine"
    assert [title(version) for version in older_versions(path)][:1] == ["theirs"]
    first.retitle("mine again")
    first.save()
    assert title(path) == "mine again"
    assert answers == []


def test_10_or_taken_instead(desk: Callable[[], Desk], path: Path, answers: list[Answer]) -> None:
    first = desk()
    first.open(path)
    first.retitle("mine")
    somebody_else_saves(path, "theirs")
    answers[:] = ["reload"]
    first.save()
    assert first.studio.project.title == title(path) == "theirs"
    assert not first.studio.dirty


def test_11_or_mine_goes_elsewhere(
    desk: Callable[[], Desk],
    path: Path,
    answers: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    first = desk()
    first.open(path)
    first.retitle("mine")
    somebody_else_saves(path, "theirs")
    answers[:] = ["save_as"]
    monkeypatch.setattr(files, "choose_to_save", lambda _window, got: got(tmp_path / "mine.bps"))
    first.save()
    assert (title(path), title(tmp_path / "mine.bps")) == ("theirs", "mine")
    assert gone(path, tmp_path / "locks")
    assert not gone(tmp_path / "mine.bps", tmp_path / "locks")


def test_12_a_file_that_is_gone_or_only_touched_is_no_change(
    desk: Callable[[], Desk], path: Path, answers: list[Answer]
) -> None:
    first = desk()
    first.open(path)
    first.retitle("mine")
    os.utime(path, (1, 1))
    first.save()
    assert title(path) == "mine"
    path.unlink()
    first.retitle("once more")
    first.save()
    assert title(path) == "once more"
    assert answers == []


def test_both_crash_and_both_are_offered(desk: Callable[[], Desk], path: Path) -> None:
    first, second = desk(), desk()
    first.open(path)
    first.retitle("one")
    second.studio.begin(Project())
    second.retitle("two")
    first.guard.close(give_up=False)
    second.guard.close(give_up=False)
    third = desk()
    titles = [orphan.entry.title for orphan in third.guard.orphans if orphan.entry]
    assert sorted(titles) == ["one", "two"]


def test_the_question_itself(desk: Callable[[], Desk], path: Path, qtbot: QtBot) -> None:
    first = desk()
    first.open(path)
    first.retitle("mine")
    somebody_else_saves(path, "theirs")
    first.save()
    box = first.window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert path.name in box.text()
    overwrite = next(b for b in box.buttons() if "Overwrite" in b.text())
    overwrite.click()
    assert title(path) == "mine"


# -- after a crash ------------------------------------------------------------------------------


def crashed(desk: Callable[[], Desk], name: str = "unsaved", path: Path | None = None) -> None:
    """A window that ended without a word, with work that was not saved."""
    lost = desk()
    if path is not None:
        lost.open(path)
    else:
        lost.studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    lost.retitle(name)
    lost.guard.close(give_up=False)


def offered(desk: Desk) -> RecoveryDialog:
    dialog = desk.window.findChild(RecoveryDialog)
    assert isinstance(dialog, RecoveryDialog)
    return dialog


def test_work_is_offered_and_opened_again(desk: Callable[[], Desk]) -> None:
    crashed(desk)
    after = desk()
    dialog = offered(after)
    (item,) = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert item.startswith("unsaved · never saved · ")
    dialog.restore_button.click()
    assert after.studio.project.title == "unsaved"
    assert after.studio.path is None
    assert after.studio.dirty


def test_what_is_restored_is_saved_where_it_belongs(
    desk: Callable[[], Desk], path: Path, tmp_path: Path
) -> None:
    crashed(desk, path=path)
    after = desk()
    offered(after).restore_button.click()
    assert after.studio.path == path
    assert title(path) == "first"
    after.save()
    assert title(path) == "unsaved"
    after.guard.close(give_up=False)
    assert left_behind(tmp_path / "aside" / "recovery") == []


def test_a_restored_project_does_not_write_over_what_came_after(
    desk: Callable[[], Desk], path: Path, answers: list[Answer]
) -> None:
    crashed(desk, path=path)
    somebody_else_saves(path, "theirs")
    after = desk()
    offered(after).restore_button.click()
    answers[:] = ["cancel"]
    after.save()
    assert answers == []
    assert title(path) == "theirs"


def test_later_is_offered_again_and_discarded_is_not(
    desk: Callable[[], Desk], tmp_path: Path
) -> None:
    crashed(desk)
    for _ in range(2):
        after = desk()
        dialog = offered(after)
        dialog.later_button.click()
        assert after.window.actions_by_id["recover"].isEnabled() or after.guard.orphans
        after.guard.close(give_up=True)
    last = desk()
    offered(last).discard_button.click()
    last.guard.close(give_up=True)
    assert left_behind(tmp_path / "aside" / "recovery") == []


def test_nothing_is_offered_after_a_clean_end(
    desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    choices: list[Choice] = ["discard"]
    monkeypatch.setattr(files, "ask_to_save", lambda _window, answer: answer(choices.pop(0)))
    first = desk()
    first.studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    first.retitle("given up")
    first.window.close()
    assert choices == []
    after = desk()
    assert after.guard.orphans == []
    assert after.window.findChild(RecoveryDialog) is None
    assert after.said == []


def test_training_is_kept_although_it_has_not_been_paused(
    desk: Callable[[], Desk], qtbot: QtBot, tmp_path: Path
) -> None:
    lost = desk()
    lost.studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    with qtbot.waitSignal(lost.studio.training.advanced, timeout=PATIENCE):
        lost.studio.train()
    step = lost.studio.shown.step
    weights = dict(lost.studio.shown.weights)
    lost.guard.close(give_up=False)
    (orphan,) = left_behind(tmp_path / "aside" / "recovery")
    project = orphan.work().project
    assert project.trained.steps >= step > 0
    if project.trained.steps == step:
        for key, weight in project.weights.items():
            np.testing.assert_array_equal(weight, weights[key])
    orphan.release()


def test_work_whose_file_somebody_else_has_by_now_is_restored_beside_it(
    desk: Callable[[], Desk], path: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    root = tmp_path / "aside" / "recovery"
    lost = desk()
    lost.open(path)
    lost.retitle("mine")
    lost.guard.close(give_up=False)
    other = desk()
    other.window.leave_dialogs()
    for orphan in other.guard.orphans:
        orphan.release()
    other.guard.orphans = []
    other.open(path)
    after = desk()
    (orphan,) = after.guard.orphans
    recovery.restore(after.window, orphan)
    assert (after.studio.project.title, after.studio.path) == ("mine", None)
    assert after.studio.document.locked is None and after.studio.dirty
    qtbot.waitUntil(lambda: not orphan.folder.exists(), timeout=PATIENCE)
    # It went because the work lies elsewhere by then.
    assert len(list(root.rglob("entry.json"))) == 1
    assert after.retitle("mine, again")
    assert title(path) == "first"


def test_a_copy_of_what_is_not_saved_is_not_saved_either(desk: Callable[[], Desk]) -> None:
    mine = desk()
    mine.studio.begin(build.network(toys.make("xor"), (2, 3, 1)), saved=False)
    files.open_copy(mine.window)
    assert mine.studio.dirty
    mine.studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    files.open_copy(mine.window)
    assert not mine.studio.dirty


def test_what_a_crash_left_is_asked_about_before_the_first_screen(
    desk: Callable[[], Desk], qtbot: QtBot, tmp_path: Path
) -> None:
    lost = desk()
    lost.studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    lost.retitle("mine")
    lost.guard.close(give_up=False)
    for folder in (tmp_path / "aside" / "recovery").glob("*/closed"):
        folder.unlink()
    studio = Studio(Preferences(), Training())
    window = Window(studio, lambda _preferences: "", tmp_path / "aside" / "recovery")
    app.greet_when_ready(window)
    with qtbot.waitSignal(window.guard.found, timeout=PATIENCE):
        window.guard.begin()
        window.ready.emit()
    assert len(window.findChildren(RecoveryDialog)) == 1
    assert window.findChildren(Welcome) == []
    window.leave_dialogs()
    window.guard.close(give_up=True)
    studio.close()
    window.deleteLater()


def test_a_bad_end_is_said_with_the_place_of_the_log(
    desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BPSTUDIO_SETTINGS", str(tmp_path))
    after = desk()
    orphan = Orphan(tmp_path / "none", None, True, None)  # type: ignore[arg-type]
    recovery.offer(after.window, [orphan])
    assert "ended badly" in after.said[-1].text
    assert str(folders.logs()) in after.said[-1].text
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "crash-7.log").write_text("Fatal Python error")
    recovery.offer(after.window, [orphan])
    assert "crash-7.log" in after.said[-1].text


def test_work_that_was_put_aside_for_a_lesson_is_kept_and_asked_about(
    desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost = desk()
    lost.studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    lost.retitle("mine")
    lost.studio.visit(build.network(toys.make("or"), (2, 1), title="lesson"))
    lost.retitle("lesson, changed")
    asked: list[str] = []
    monkeypatch.setattr(
        files, "ask_to_save", lambda window, _answer: asked.append(window.studio.project.title)
    )
    lost.window.close()
    assert asked == ["mine"]
    lost.studio.visit(build.network(toys.make("or"), (2, 1), title="lesson"))
    lost.guard.close(give_up=False)
    (orphan,) = left_behind(tmp_path / "aside" / "recovery")
    assert orphan.work().project.title == "mine"
    orphan.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_work_that_the_system_ends_is_offered_without_reproach(tmp_path: Path) -> None:
    """The whole studio: ended by a signal while there is something to lose."""
    program = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from PySide6.QtCore import QTimer
from bpstudio.project import edits
from bpstudio.ui import app, guard
begin = guard.Guard.begin
def then(self):
    begin(self)
    self._studio.do("Title", edits.set_title, "ended")
    os.kill(os.getpid(), signal.SIGTERM)
guard.Guard.begin = then
sys.exit(app.run(None))
"""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program, root],
        env={**os.environ, "BPSTUDIO_SETTINGS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")
    (orphan,) = left_behind(tmp_path / "recovery")
    assert not orphan.crashed
    assert orphan.work().project.title == "ended"
    orphan.release()
