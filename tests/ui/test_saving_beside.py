"""What takes longer than a blink to save is saved beside the window, and nothing is lost by it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from bpstudio.errors import FileError
from bpstudio.language import N_
from bpstudio.project import edits, file
from bpstudio.project.disk import older_versions
from bpstudio.project.project import Project
from bpstudio.ui import saving
from bpstudio.ui.dialogs import files
from bpstudio.ui.dialogs.files import Choice
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.window import Window


class SlowDisk:
    """Savings that go on until they are let through; what they find then is up to `error`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: Exception | None = None
        self.written: list[str] = []
        self._gate = threading.Semaphore(0)
        self._whole = file.save
        monkeypatch.setattr(file, "save", self._save)
        monkeypatch.setattr(saving, "BLINK", 0.0)

    def let_through(self, count: int = 1) -> None:
        """Let so many savings go on to their end."""
        self._gate.release(count)

    def _save(self, project: Project, path: Path, *, thumbnail: bytes | None = None) -> str:
        self._gate.acquire()
        if self.error is not None:
            raise self.error
        self.written.append(path.name)
        return self._whole(project, path, thumbnail=thumbnail)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    """A disk on which every saving takes as long as a test wants, and none for ever."""
    made = SlowDisk(monkeypatch)
    yield made
    made.let_through(100)


@pytest.fixture
def path(window: Window, tmp_path: Path) -> Path:
    """The file of the project of the window, which was changed since."""
    path = tmp_path / "그물.bps"
    files._save(window, path, None)
    retitle(window.studio, "first")
    return path


def retitle(studio: Studio, title: str) -> None:
    assert studio.do("Title", edits.set_title, title)


def title(path: Path) -> str:
    return file.load(path).title


def head(window: Window) -> str:
    return " ".join(each.text() for each in window.top.findChildren(QLabel))


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[Choice]:
    """The answers to what is asked about work that is not saved, in their order."""
    answers: list[Choice] = []

    def ask(_window: Window, answer: Callable[[Choice], None]) -> None:
        answer(answers.pop(0))

    monkeypatch.setattr(files, "ask_to_save", ask)
    return answers


def test_the_window_goes_on_while_a_file_is_written_and_says_so(
    window: Window, path: Path, slow: SlowDisk, notices: list[Notice], qtbot: QtBot
) -> None:
    studio = window.studio
    files.save(window)
    assert studio.saving.running and studio.dirty
    assert "saving…" in head(window)
    assert title(path) != "first"
    retitle(studio, "edited meanwhile")
    slow.let_through()
    qtbot.waitUntil(lambda: not studio.saving.running)
    assert title(path) == "first"
    assert "saving…" not in head(window) and "•" in head(window)
    assert "Saved as" in notices[-1].text
    assert studio.dirty
    studio.undo()
    assert not studio.dirty


def test_what_goes_wrong_is_said_when_it_does(
    window: Window, path: Path, slow: SlowDisk, notices: list[Notice], qtbot: QtBot
) -> None:
    slow.error = FileError(N_("There was nothing to lose."))
    files.save(window)
    slow.let_through()
    qtbot.waitUntil(lambda: not window.studio.saving.running)
    assert notices[-1] == Notice("There was nothing to lose.", "problem", (), "save_as")
    assert window.studio.dirty
    slow.error = None
    files.save(window)
    slow.let_through()
    qtbot.waitUntil(lambda: not window.studio.dirty)
    assert title(path) == "first"


def test_a_fault_of_ours_ends_the_saving_and_comes_to_the_window(
    window: Window, path: Path, slow: SlowDisk, qtbot: QtBot
) -> None:
    slow.error = ZeroDivisionError("an example of a fault")
    with qtbot.captureExceptions() as caught:
        files.save(window)
        slow.let_through()
        qtbot.waitUntil(lambda: not window.studio.saving.running)
    assert [str(each[1]) for each in caught] == ["an example of a fault"]
    assert window.studio.dirty and "saving…" not in head(window)


def test_saving_twice_writes_what_is_there_at_the_second_time(
    window: Window, path: Path, slow: SlowDisk, qtbot: QtBot
) -> None:
    files.save(window)
    retitle(window.studio, "second")
    files.save(window)
    files.save(window)
    assert slow.written == []
    slow.let_through(2)
    qtbot.waitUntil(lambda: not window.studio.dirty)
    assert title(path) == "second"
    assert next(map(title, older_versions(path))) == "first"
    assert slow.written == [path.name] * 2


def test_save_as_while_saving_comes_after_it(
    window: Window,
    path: Path,
    slow: SlowDisk,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = path.with_name("other.bps")
    monkeypatch.setattr(files, "choose_to_save", lambda _window, got: got(other))
    files.save(window)
    retitle(window.studio, "second")
    files.save_as(window)
    slow.let_through(2)
    qtbot.waitUntil(lambda: window.studio.path == other)
    assert (title(path), title(other)) == ("first", "second")
    assert not window.studio.dirty


def test_closing_waits_for_what_is_being_saved(
    window: Window, path: Path, slow: SlowDisk, questions: list[Choice], qtbot: QtBot
) -> None:
    files.save(window)
    window.close()
    window.close()
    assert window.isVisible()
    slow.let_through()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert title(path) == "first"


def test_closing_asks_about_what_was_edited_while_it_was_saved(
    window: Window, path: Path, slow: SlowDisk, questions: list[Choice], qtbot: QtBot
) -> None:
    questions[:] = ["save", "save"]
    window.close()  # the first answer
    assert window.isVisible()
    retitle(window.studio, "second")
    slow.let_through(2)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert questions == []
    assert title(path) == "second"


def test_closing_where_it_could_not_be_saved_stays(
    window: Window, path: Path, slow: SlowDisk, questions: list[Choice], qtbot: QtBot
) -> None:
    slow.error = FileError(N_("There was nothing to lose."))
    questions[:] = ["save"]
    window.close()
    slow.let_through()
    qtbot.waitUntil(lambda: not window.studio.saving.running)
    assert window.isVisible() and window.studio.dirty


def test_opening_something_else_waits_for_what_is_being_saved(
    window: Window, path: Path, slow: SlowDisk, questions: list[Choice], qtbot: QtBot
) -> None:
    files.save(window)
    files.new(window)
    assert window.studio.project.title == "first"
    slow.let_through()
    qtbot.waitUntil(lambda: not window.studio.project.graph.nodes)
    assert title(path) == "first" and window.studio.path is None


def test_another_project_has_the_one_before_written_first(
    window: Window, path: Path, slow: SlowDisk
) -> None:
    studio = window.studio
    files.save(window)
    slow.let_through()
    studio.visit(Project())
    assert not studio.saving.running
    assert title(path) == "first"
    studio.come_back()
    assert not studio.dirty and studio.path == path


def test_the_end_of_the_studio_waits_for_what_is_being_saved(
    window: Window, path: Path, slow: SlowDisk
) -> None:
    files.save(window)
    slow.let_through()
    window.studio.close()
    assert title(path) == "first"


def test_what_somebody_else_wrote_is_asked_about_from_beside(
    window: Window,
    path: Path,
    slow: SlowDisk,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(
        files, "ask_about_change", lambda _window, path, _answer: asked.append(path)
    )
    path.write_bytes(file.to_bytes(edits.set_title(Project(), "theirs")))
    files.save(window)
    qtbot.waitUntil(lambda: bool(asked))
    assert title(path) == "theirs" and window.studio.dirty and not slow.written
