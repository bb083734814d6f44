"""A monkey at the window: whatever it does, nothing breaks, and the canvas shows the model.

MONKEY=17 pytest tests/ui/test_monkey.py      the walk of that seed alone
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QToolButton

from bpstudio.data import toys
from bpstudio.errors import StudioError
from bpstudio.language import set_language
from bpstudio.playback.palette import THEMES
from bpstudio.project import build
from bpstudio.training.board import Snapshot
from bpstudio.training.history import Tape
from bpstudio.training.job import Change, Job, Result
from bpstudio.training.line import Dated, Line
from bpstudio.training.seeking import Found, moments
from bpstudio.training.serve import Ended, Held
from bpstudio.training.trainer import continued, train_now
from bpstudio.ui import playing, style, training
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window
from tests.project.whole import check_drawn, check_whole
from tests.ui.clockwork import Clock, Clockwork
from tests.ui.conftest import EXPECTED
from tests.ui.monkey import LEFT, MIDDLE, NONE, RIGHT, Monkey
from tests.ui.waiting import Loops, given_up

Ground = tuple[list[Monkey], Clockwork]
"""Where a monkey is put, and its clock."""
LOOKED = 500
"""Events between two looks at whether all is well with the model and what is shown of it."""


class InPlace:
    """The worker of a training, without a process of its own: seven steps at each look."""

    pid = None

    def __init__(self) -> None:
        self.state, self.up = "idle", True
        self._news: list[Ended] = []
        self._held: list[Held] = []
        self._changes: list[Dated] = []
        self._sought: tuple[Line, int] | None = None
        self._result: Result | None = None

    def start(self, job: Job, tape: str = "", after: str = "") -> None:
        """Train this job."""
        self.state, self._job, self._left, self._taken = "training", job, job.steps, 0
        self._news, self._held, self._changes, self._losses = [], [], [], np.zeros(0)
        self._sought = self._result = None

    def seek(self, tape: str, line: Line, step: int) -> None:
        """Find a step of this line, when it is asked for."""
        self._sought = line, step

    def found(self) -> list[Found]:
        """The step that is sought."""
        sought, self._sought = self._sought, None
        if sought is None:
            return []
        line, step = sought
        try:
            return [each for each in moments(Tape(line), 0, step) if each is not None][-1:]
        except StudioError as problem:
            return [Found(0, step, problem=problem)]

    def held(self) -> list[Held]:
        """Which settings hold from which step on."""
        held, self._held = self._held, []
        return held

    def look(self) -> Snapshot | None:
        """Seven steps more."""
        if self.state != "training":
            return None
        before = self._taken
        self._go(7)
        result = self._result
        if result is None or self._taken == before:
            return None
        losses = self._losses[before:]
        return Snapshot(result.step, self._taken, losses, 0, result.weights, 1.0, result.metrics)

    def news(self, timeout: float = 0) -> list[Ended]:
        """What has ended."""
        news, self._news = self._news, []
        return news

    def change(self, change: Change) -> None:
        """Other settings or data from now on."""
        if self.state != "training":
            return
        self._changes.append((self._job.start, change))
        if change.settings is not None:
            self._held.append(Held(0, self._job.start, change.settings))
        self._job = self._job.changed(change)

    def pause(self) -> None:
        """End, and tell what it came to."""
        if self.state == "training":
            self._go(1)
            self._end(None)

    def stop(self) -> None:
        """End without a word."""
        self.state = "idle"

    def close(self) -> None:
        """There is no process to end."""
        self.state = "closed"

    def _go(self, steps: int) -> None:
        count = min(steps, self._left)
        try:
            self._result = train_now(Job(**{**vars_of(self._job), "steps": count}))
        except StudioError as problem:
            self._end(problem)
            return
        self._job = continued(self._job, self._result, count)
        self._losses = np.concatenate([self._losses, self._result.losses])
        self._taken += count
        self._left -= count
        if not self._left:
            self._end(None)

    def _end(self, problem: StudioError | None) -> None:
        self.state = "idle"
        result = self._result
        if result is not None:
            whole = {**vars_of(result), "losses": self._losses}
            result = Result(**whole)
        self._news.append(Ended(0, result, problem, changes=tuple(self._changes)))


def vars_of(value: Any) -> dict[str, Any]:
    """The fields of a frozen value."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


class Watch:
    """Everything that must not happen: exceptions that nobody catches, what Qt complains of, and
    loops in which it waits."""

    def __init__(self, said: Callable[[], list[str]], config: pytest.Config) -> None:
        self._said = said
        self.config = config
        self.loops = Loops()
        self.raised: list[str] = []

    def caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """An exception came out of a slot or an event."""
        import traceback

        self.raised.append("".join(traceback.format_exception(kind, error, trace)))

    def check(self) -> None:
        """Fail if anything happened."""
        self.loops.check()
        assert self.raised == [], self.raised[0]
        assert [words for words in self._said() if words not in EXPECTED] == []


@pytest.fixture
def watch(
    qtlog: Any, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[Watch]:
    """Watches what happens, and gives way to nobody else."""
    made = Watch(
        lambda: (
            [each.message for each in qtlog.records]
            + [each.getMessage() for each in caplog.records if each.levelname != "INFO"]
        ),
        request.config,
    )
    before, sys.excepthook = sys.excepthook, made.caught
    yield made
    sys.excepthook = before


def opens_at_once(button: QToolButton, menu: QMenu) -> None:
    """Have a button open its menu without the loop in which Qt waits until the menu is left."""

    def open_menu() -> None:
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    button.pressed.connect(open_menu)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    """The time of the window, which passes when the monkey lets it."""
    made = Clockwork()
    made.take_over(monkeypatch)
    return made


@pytest.fixture
def nothing_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: Clockwork) -> Ground:
    """No real time, no files but in a folder of its own, no loop that waits for a person.

    Gives a list for the monkey, which answers file dialogs and ends drags, and its clock.
    """
    there: list[Monkey] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(playing, "QElapsedTimer", Clock)
    monkeypatch.setattr("bpstudio.training.worker.Worker", InPlace)

    def answer(dialog: QFileDialog) -> None:
        (monkey,) = there
        names = ["a.bps", "b.bps", "프로젝트 é.bps", "no/such/folder.bps", "c.csv", "d.onnx"]
        chosen = tmp_path / monkey.random.choice(names)
        monkey.acted[-1] += f" answers {chosen.name}"
        opening = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptOpen
        if monkey.random.random() < 0.2 or (opening and not chosen.exists()):
            dialog.reject()
        else:
            dialog.fileSelected.emit(str(chosen))
        dialog.deleteLater()

    def wait(dialog: object, *_arguments: object) -> None:
        raise AssertionError(f"the window waits for {type(dialog).__name__}")

    def drag(drag: QDrag, *_arguments: object) -> object:
        (monkey,) = there
        monkey.dragged(drag.mimeData())
        return drag.supportedActions()

    monkeypatch.setattr(QFileDialog, "open", answer)
    monkeypatch.setattr(QFileDialog, "show", answer)
    monkeypatch.setattr(QDialog, "exec", wait)
    monkeypatch.setattr(QMenu, "exec", wait)
    monkeypatch.setattr(QDrag, "exec", drag)
    monkeypatch.setattr(QToolButton, "setMenu", opens_at_once)
    return there, clock


def opened() -> Window:
    """A studio with XOR and its window, with all panels."""
    studio = Studio(Preferences(speed=4.0), training.Training())
    studio.begin(build.network(toys.make("xor"), (2, 4, 1)))
    window = Window(studio, lambda _preferences: "")
    window.show()
    # Not by the test's own waiting, whose timers would wait for the clock of the monkey.
    for _turn in range(10_000):
        if all(dock.filled for dock in window.docks.by_name.values()):
            break
        QApplication.processEvents()
    QApplication.processEvents()
    return window


def let_go(window: Window) -> None:
    """No button of the mouse is down any more: Qt would go on holding it in the next window."""
    for button in (LEFT, MIDDLE, RIGHT):
        if QApplication.mouseButtons() & button:
            QTest.mouseRelease(window.windowHandle(), button, NONE, QPoint(1, 1))
    assert QApplication.mouseButtons() == Qt.MouseButton.NoButton


def closed(window: Window) -> None:
    """Close a window and all that is open over it."""
    for top in QApplication.topLevelWidgets():
        if top is not window and top.isVisible():
            top.close()
    window.studio.land()
    window.studio.saved = window.studio.project  # so that it does not ask
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def check(window: Window) -> None:
    """That the model is whole, and the canvas shows it."""
    studio, canvas = window.studio, window.canvas
    check_whole(studio.project)
    check_drawn(studio.project, canvas.scene)
    check_drawn(studio.project)
    assert studio.selection <= studio.project.graph.nodes.keys()
    assert studio.shown.project is studio.project
    assert not canvas.grab().isNull()
    for entry in studio.history.past:
        assert entry.project is not studio.project


def roam(watch: Watch, ground: Ground, folder: Path, seed: int, events: int) -> list[str]:
    """Let a monkey act; returns all that it did."""
    set_language("en")
    style.apply(QApplication.instance(), THEMES["light"])  # type: ignore[arg-type]
    there, clock = ground
    clock.begin_anew()
    monkey = Monkey(opened(), seed, folder, clock)
    let_go(monkey.window)
    there[:] = [monkey]

    def told() -> tuple[int, str]:
        return monkey.events, "\n".join(monkey.acted)

    did: list[str] = []
    try:
        with watch.loops.watched(), given_up(told, watch.config):
            did = _roam(watch, monkey, events)
    except BaseException as error:
        _events, acted = told()
        pytest.fail(f"seed {seed}, the last of what it did:\n{acted}\n{error!r}\n{error}")
    finally:
        let_go(monkey.window)
        closed(monkey.window)
        there.clear()
    print(f"seed {seed}: {monkey.events} events, the slowest took {monkey.slowest:.2f} s")
    return did


def _roam(watch: Watch, monkey: Monkey, events: int) -> list[str]:
    did: list[str] = []
    looked = 0
    while monkey.events < events:
        monkey.act()
        did.append(monkey.acted[-1])
        watch.check()
        if not monkey.window.isVisible():
            closed(monkey.window)
            monkey.enter(opened())
        if monkey.events >= looked + LOOKED:
            looked = monkey.events
            check(monkey.window)
    check(monkey.window)
    return did


SEEDS = range(4) if "MONKEY" not in os.environ else [int(os.environ["MONKEY"])]
EVENTS = int(os.environ.get("MONKEY_EVENTS", 2_500))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_monkey_breaks_nothing(
    watch: Watch, nothing_waits: Ground, tmp_path: Path, seed: int
) -> None:
    roam(watch, nothing_waits, tmp_path, seed, EVENTS)


def test_two_monkeys_of_one_seed_do_the_same(
    watch: Watch, nothing_waits: Ground, tmp_path: Path
) -> None:
    walks = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        walks.append(roam(watch, nothing_waits, folder, 3, 200))
    assert walks[0] == walks[1]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_monkeys_break_nothing_for_a_long_time(
    watch: Watch, nothing_waits: Ground, tmp_path: Path, seed: int
) -> None:
    roam(watch, nothing_waits, tmp_path, seed, 5_000)
