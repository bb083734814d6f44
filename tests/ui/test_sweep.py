"""A sweep in the window: a live grid, a table, cells that open, cancelling and going on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.playback.palette import THEMES
from bpstudio.project import build, unfinished, vary
from bpstudio.training import driving, executors
from bpstudio.training.sweeping import Sweeping
from bpstudio.ui import actions
from bpstudio.ui.dialogs import sweep as dialogs
from bpstudio.ui.dialogs.sweep import SweepDialog
from bpstudio.ui.studio import Notice, Studio
from tests.ui.inplace import ByHand

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

PATIENCE = 60_000


class Here(Executor):
    """Does every piece at once, in this process."""

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*arguments, **named))
        return future


@pytest.fixture
def dialog(open_window: Callable[[], Window]) -> SweepDialog:
    """The dialog for a small sweep of the project."""
    made = dialogs.show(open_window(), dialogs.OWN)
    made.varied.setText("dense1.units=2,4; l2=0,0.01")
    made.seeds.setValue(2)
    made.steps.setValue(48)
    return made


def finish(dialog: SweepDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.sweeps.running, timeout=PATIENCE)
    grid = dialog.grid
    assert grid.grid is not None
    count = len(grid.grid.cells)
    qtbot.waitUntil(lambda: len(grid.views) == count, timeout=PATIENCE)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> ByHand:
    """Trains what the dialog asks for a piece at a time, so that none is done too early."""
    made = ByHand()
    monkeypatch.setattr(executors, "processes", made.processes)
    return made


def some(dialog: SweepDialog, hand: ByHand, qtbot: QtBot) -> None:
    """The first piece is done, and no more."""
    qtbot.waitUntil(lambda: hand.asked)
    hand.do()
    qtbot.waitUntil(lambda: dialog.sweeps.share > 0)
    assert dialog.sweeps.share < 1


def rest(dialog: SweepDialog, hand: ByHand, qtbot: QtBot) -> None:
    """All that is left is done, and shown."""

    def done() -> bool:
        if hand.asked:
            hand.do()
        return not dialog.sweeps.running

    qtbot.waitUntil(done)
    finish(dialog, qtbot)


def test_a_grid_and_a_table_fill_while_it_trains(
    dialog: SweepDialog, hand: ByHand, qtbot: QtBot
) -> None:
    shares: list[float] = []
    dialog.steps.setValue(4000)  # so many that they come in several rounds
    dialog.sweeps.moved.connect(lambda: shares.append(dialog.sweeps.share))
    dialog.start.click()
    assert dialog.sweeps.running and dialog.cancel.isVisible() and not dialog.start.isVisible()
    some(dialog, hand, qtbot)
    rest(dialog, hand, qtbot)
    assert any(0 < share < 1 for share in shares) and shares[-1] == 1
    assert len(dialog.sweeps.outcomes) == dialog.table.rowCount() == 8
    assert all(view is not None for view in dialog.grid.views.values())
    for number, outcome in dialog.sweeps.outcomes.items():
        row = [dialog.table.item(number, c) for c in range(4)]
        texts = [item.text() for item in row if item is not None]
        values = [value for _name, value in outcome.settings]
        assert texts == [*(f"{v:g}" for v in values), str(outcome.seed), f"{outcome.loss:.4g}"]
    assert dialog.words.text() == "8 of 8 trainings done"
    assert dialog.grid.grid is not None
    before = dialog.grid.grid.rows + dialog.grid.grid.columns
    dialog._window.studio.prefer(language="ko")
    assert set(before).isdisjoint(dialog.grid.grid.rows)
    assert not dialog.grab().isNull()


def test_a_cell_opens_its_network_and_so_does_a_row(dialog: SweepDialog, qtbot: QtBot) -> None:
    dialog.start.click()
    finish(dialog, qtbot)
    studio, grid = dialog._window.studio, dialog.grid
    assert grid.grid is not None
    studio.saved = studio.project
    cell = grid.grid.cells[3]
    centre = grid.square(cell).centre
    place = QPoint(*map(round, centre))
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    outcome = dialog.sweeps.outcomes[grid.trial(cell)]
    assert studio.project.training.l2 == 0.01
    assert (studio.project.weights["dense1.weight"] == outcome.weights["dense1.weight"]).all()
    assert studio.project.trained.steps == 48 and studio.dirty
    studio.saved = studio.project
    dialog.table.cellActivated.emit(0, 0)
    assert studio.project.weights["dense1.weight"].shape == (2, 2)
    studio.saved = studio.project
    grid.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Return):
        QTest.keyClick(grid, key)
    assert grid.current == 1 and studio.project.training.l2 == 0.01


def test_it_steps_aside_for_what_was_chosen_and_comes_back_as_it_was(
    dialog: SweepDialog, qtbot: QtBot, notices: list[Notice]
) -> None:
    window, canvas = dialog._window, dialog._window.canvas
    dialog.start.click()
    finish(dialog, qtbot)
    window.studio.saved = window.studio.project
    dialog.move(canvas.mapToGlobal(QPoint(canvas.width(), canvas.height())))  # beside it
    dialog.table.cellActivated.emit(0, 0)
    assert dialog.isVisible()
    window.studio.saved = window.studio.project
    dialog.move(canvas.mapToGlobal(QPoint(0, 0)))
    dialog.resize(canvas.size())
    dialog.table.cellActivated.emit(3, 0)
    assert not dialog.isVisible() and notices[-1].offer == "compare_own"
    window.give(actions.table["compare_own"])
    assert window.findChild(SweepDialog) is dialog and dialog.isVisible()
    assert len(dialog.sweeps.outcomes) == 8 and dialog.varied.text().startswith("dense1.units=2,4")
    dialog.start.click()
    dialog.hide()
    assert dialog.sweeps.running and dialog.close() and not dialog.sweeps.running


def test_it_is_cancelled_at_once_and_goes_on_with_what_is_left(
    dialog: SweepDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        hand = ByHand()
        patched.setattr(executors, "processes", hand.processes)
        dialog.steps.setValue(4000)
        dialog.start.click()
        some(dialog, hand, qtbot)
        dialog.cancel.click()
        assert driving.wait_for_all(PATIENCE)
    assert not dialog.sweeps.running and dialog.start.text() == "Go on"
    known = dict(dialog.sweeps.outcomes)
    dialog.start.click()
    finish(dialog, qtbot)
    assert len(dialog.sweeps.outcomes) == 8
    assert all(dialog.sweeps.outcomes[number] is outcome for number, outcome in known.items())
    assert dialog.start.text() == "Start"
    dialog.start.click()
    dialog.close()  # in the midst of it: the watch over what is left behind finds nothing


@pytest.mark.parametrize("words", ["moon=1", "dense1.units", "l2=0; l2=1", "dense1.units=-2"])
def test_what_makes_no_sense_is_said_beside_the_form(
    words: str, dialog: SweepDialog, qtbot: QtBot
) -> None:
    dialog.varied.setText(words)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.problem.isVisible(), timeout=PATIENCE)
    assert dialog.problem.text() and not dialog.sweeps.running


def test_numbers_stand_off_the_edge_of_their_field(dialog: SweepDialog) -> None:
    for box in (dialog.seeds, dialog.steps):
        box.setValue(4000)
        image = box.grab().toImage()
        inside = range(6, image.height() - 6)
        dark = [
            x for x in range(2, 40) if any(image.pixelColor(x, y).lightness() < 120 for y in inside)
        ]
        assert 7 <= dark[0] <= 14


def test_the_presets_are_those_of_the_lecture(dialog: SweepDialog) -> None:
    dialog.choose(dialogs.CAPACITY)
    assert dict(dialog.asked().vary) == {
        "dense1.units": (3, 6, 20),
        "l2": (0, 0.001, 0.01, 0.1),
    }
    dialog.choose(dialogs.STARTS)
    asked = dialog.asked()
    assert dict(asked.vary) == {"dense1.units": (1, 2, 3, 4, 8)}
    assert (len(asked.seeds), asked.steps) == (100, 5000)
    for name in ("compare_capacity", "compare_starts", "compare_own"):
        actions.table[name].run(dialog._window)
    dialog._window.studio.prefer(theme="dark", language="ko")
    assert dialog.preset.currentData() == dialogs.OWN


def test_table_and_picture_are_written(dialog: SweepDialog, qtbot: QtBot, tmp_path: Path) -> None:
    dialog.start.click()
    finish(dialog, qtbot)
    dialog.write(str(tmp_path / "grid"), ".png")
    dialog.write(str(tmp_path / "표.csv"), ".csv")
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "표.csv").read_text(encoding="utf-8").splitlines()) == 9
    dialog.write(str(tmp_path / "absent" / "grid.png"), ".png")
    assert "can't be written" in dialog.problem.text()


def test_the_grid_of_a_sweep_that_has_not_begun_is_empty(dialog: SweepDialog) -> None:
    assert dialog.grid.grid is None and dialog.grid.picture(THEMES["light"]) is None
    project, varied = vary.capacity()
    assert project.graph.nodes and varied


def test_a_sweep_ends_with_its_window(dialog: SweepDialog, qtbot: QtBot, studio: Studio) -> None:
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.sweeps.sweep is not None, timeout=PATIENCE)
    studio.saved = studio.project  # so that it does not ask
    window = dialog.parentWidget()
    assert window is not None and window.close()
    assert not dialog.sweeps.running and not dialog.isVisible()


def test_a_sweep_that_was_cut_off_is_offered_and_goes_on(
    open_window: Callable[[], Window], qtbot: QtBot, tmp_path: Path, notices: list[Notice]
) -> None:
    window = open_window()
    project = build.network(toys.make("moons", points=20), (2, 3, 1))
    varied = {"dense1.units": (2, 3), "l2": (0.0, 0.125)}
    sweep = vary.sweep_of(project, varied, seeds=(1, 2), steps=48)
    cut_off = unfinished.begun(tmp_path / "sweeps", project, varied, (1, 2), 48, 8, dialogs.OWN)
    place = Sweeping(sweep, Here(), None)
    while not place.over:
        place.news()
    assert cut_off.folder.outcomes(sweep) == {}
    cut_off.folder.add(place.outcomes[5])
    cut_off.release()
    window.sweeps_aside = tmp_path / "sweeps"
    window._offer([])
    assert notices[-1].offer == "compare_cut_off"
    assert "when 1 of 8 were done" in notices[-1].text
    window.give(actions.table["compare_cut_off"])
    dialog = window.findChild(SweepDialog)
    assert isinstance(dialog, SweepDialog)
    assert dialog.preset.currentData() == dialogs.OWN
    assert dialog.varied.text() == "dense1.units=2,3; l2=0,0.125"
    assert (dialog.seeds.value(), dialog.steps.value()) == (2, 48)
    qtbot.waitUntil(lambda: dialog.sweeps.sweep is not None, timeout=PATIENCE)
    dialog.cancel.click()
    assert dialog.start.text() == "Go on"
    dialog.start.click()
    finish(dialog, qtbot)
    assert [dialog.sweeps.outcomes[n].figures for n in range(8)] == [
        place.outcomes[n].figures for n in range(8)
    ]
    assert not actions.table["compare_cut_off"].when(window)
    assert driving.wait_for_all(PATIENCE) and list(window.sweeps_aside.iterdir()) == []


def test_what_was_kept_of_a_sweep_and_is_broken_is_said(
    open_window: Callable[[], Window], tmp_path: Path
) -> None:
    window = open_window()
    project = build.network(toys.make("moons", points=20), (2, 3, 1))
    cut_off = unfinished.begun(tmp_path, project, {"l2": (0.0, 1.0)}, (1,), 9, 2, dialogs.OWN)
    (cut_off.path / unfinished.PROJECT).write_bytes(b"")
    dialog = dialogs.show(window, dialogs.OWN)
    dialog.go_on_with(cut_off)
    assert "can't be read" in dialog.problem.text() and not dialog.sweeps.running
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_in_large_type_it_is_no_wider_than_a_small_window(window: Window, language: str) -> None:
    window.resize(800, 600)
    window.studio.prefer(theme="projector", scale=150, language=language)
    dialog = dialogs.show(window, dialogs.CAPACITY)
    QApplication.processEvents()
    assert dialog.minimumSizeHint().width() <= 800 and dialog.width() <= 800
    assert dialog.table.verticalHeader().defaultSectionSize() > dialog.fontMetrics().height()
    dialog.close()
