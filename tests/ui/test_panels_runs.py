"""Runs side by side, and drawn in one plot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableWidgetItem
from pytestqt.qtbot import QtBot

from bpstudio.engine.optimizers import SGD
from bpstudio.project import file
from bpstudio.ui.panels.loss import LossPanel
from bpstudio.ui.panels.runs import FIXED, RunsPanel
from bpstudio.ui.studio import Studio

PATIENCE = 60_000
"""Milliseconds within which anything that must happen will have happened."""


def train(qtbot: QtBot, studio: Studio, steps: int) -> None:
    studio.train(steps)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)


def two_runs(qtbot: QtBot, studio: Studio) -> None:
    """A run of 60 steps, and from its step 20 one of 30 with another learning rate."""
    train(qtbot, studio, 60)
    studio.past.go_to(20)
    qtbot.waitUntil(lambda: not studio.past.running, timeout=PATIENCE)
    studio.set_training(optimizer=SGD(learning_rate=0.125))
    train(qtbot, studio, 30)


def cell(panel: RunsPanel, row: int, column: int) -> QTableWidgetItem:
    item = panel.table.item(row, column)
    assert item is not None
    return item


def test_runs_are_listed_with_what_differs(qtbot: QtBot, studio: Studio) -> None:
    panel = RunsPanel(studio)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.table.isHidden() and not panel.nothing.isHidden()
    two_runs(qtbot, studio)
    qtbot.waitUntil(lambda: panel.table.rowCount() == 2, timeout=PATIENCE)
    steps = [cell(panel, row, 1).text() for row in range(2)]
    assert steps == ["60", "50"]
    titles = [
        item.text()
        for column in range(FIXED, panel.table.columnCount())
        if (item := panel.table.horizontalHeaderItem(column)) is not None
    ]
    assert titles == ["Learning rate α"]
    assert cell(panel, 1, FIXED).text() == "0.125"
    assert not cell(panel, 1, 0).flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert "step 20 of Run 1" in cell(panel, 1, 0).toolTip()


def test_a_run_is_gone_to_and_forgotten(qtbot: QtBot, studio: Studio) -> None:
    panel = RunsPanel(studio)
    qtbot.addWidget(panel)
    panel.show()
    two_runs(qtbot, studio)
    qtbot.waitUntil(lambda: panel.table.rowCount() == 2, timeout=PATIENCE)
    panel.table.setCurrentCell(0, 1)
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.past.run == "run1", timeout=PATIENCE)
    assert studio.shown.step == 60
    assert len(studio.shown.losses) == 60
    panel.refresh()
    panel.table.selectRow(1)
    assert not panel.forget.isEnabled()  # the project's weights come from it
    panel.table.selectRow(0)
    panel.forget.click()
    assert list(studio.project.runs) == ["run2"]
    assert [each.begin for each in studio.past.way] == [20]
    assert studio.shown.past is None


def test_other_runs_lie_in_the_loss_plot_as_long_as_they_are_ticked(
    qtbot: QtBot, studio: Studio
) -> None:
    runs, loss = RunsPanel(studio), LossPanel(studio)
    for panel in (runs, loss):
        qtbot.addWidget(panel)
        panel.show()
    two_runs(qtbot, studio)
    loss.refresh()
    assert list(loss.others._drawn) == ["run1"]
    _, curve, number = loss.others._drawn["run1"]
    steps, losses = curve.getOriginalDataset()
    assert np.array_equal(losses, studio.project.runs["run1"].losses)
    assert steps[-1] == 60
    assert number.toPlainText() == "1"
    assert loss.plot.viewRange()[0][1] >= 60
    runs.refresh()
    cell(runs, 0, 0).setCheckState(Qt.CheckState.Unchecked)
    loss.refresh()
    assert not loss.others._drawn
    studio.past.go_to(40, "run1")
    qtbot.waitUntil(lambda: not studio.past.running, timeout=PATIENCE)
    loss.refresh()
    assert list(loss.others._drawn) == ["run2"]
    assert loss.here.value() == 40
    assert loss.dot.getData()[0][0] == 40


def test_runs_are_compared_again_after_the_project_was_opened_anew(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    two_runs(qtbot, studio)
    wanted = {id: run.losses for id, run in studio.project.runs.items()}
    assert studio.save(tmp_path / "runs.bps")
    studio.begin(file.load(tmp_path / "runs.bps"))
    runs, loss = RunsPanel(studio), LossPanel(studio)
    for panel in (runs, loss):
        qtbot.addWidget(panel)
        panel.show()
    assert [cell(runs, row, 1).text() for row in range(2)] == ["60", "50"]
    assert cell(runs, 1, FIXED).text() == "0.125"
    loss.refresh()
    _, curve, _number = loss.others._drawn["run1"]
    assert np.array_equal(curve.getOriginalDataset()[1], wanted["run1"])
    studio.past.go_to(40, "run1")
    qtbot.waitUntil(lambda: not studio.past.running, timeout=PATIENCE)
    assert studio.shown.step == 40 and studio.shown.past is not None
    measured = studio.shown.metrics
    assert measured is not None and measured.step == 40
    studio.past.leave()
    train(qtbot, studio, 5)
    assert studio.project.runs["run2"].end == 55  # it is the same run that goes on


def test_who_wants_no_runs_in_the_file_unticks_them(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    panel = RunsPanel(studio)
    qtbot.addWidget(panel)
    panel.show()
    two_runs(qtbot, studio)
    qtbot.waitUntil(lambda: panel.keep.isVisible() and panel.keep.isChecked(), timeout=PATIENCE)
    panel.keep.click()
    assert not studio.project.saves_runs and len(studio.project.runs) == 2
    assert studio.save(tmp_path / "runs.bps")
    assert not file.load(tmp_path / "runs.bps").runs
    studio.undo()
    panel.refresh()
    assert panel.keep.isChecked()
