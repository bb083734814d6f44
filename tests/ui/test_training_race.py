"""The race of two trainings beside the window: started, paused, given up, never stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.project import build, edits
from bpstudio.ui.panels.race import NONE
from bpstudio.ui.panels.training_race import TrainingRacePanel, long_time
from bpstudio.ui.racing import Racing
from bpstudio.ui.studio import Studio
from tests.ui.inplace import Inside

PATIENCE = 60_000


@pytest.fixture
def panel(studio: Studio) -> Iterator[TrainingRacePanel]:
    made = TrainingRacePanel(studio)
    made.resize(820, 320)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def steps_of(racing: Racing) -> int:
    """How far the slower one has come."""
    return 0 if racing.race is None else racing.race.lanes[1].steps


def test_a_race_is_run_counted_and_written(
    studio: Studio, panel: TrainingRacePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    before = studio.project
    panel.frame.choose("steps", "100")
    panel.start.click()
    assert studio.racing.running
    qtbot.waitUntil(lambda: panel.hold.isVisible() and not panel.start.isVisible())
    qtbot.waitUntil(lambda: not studio.racing.running, timeout=PATIENCE)
    race = studio.racing.race
    assert race is not None and race.over
    qtbot.waitUntil(lambda: panel.lanes.numbers["steps"][1].text() == "100")
    assert panel.lanes.numbers["forward"][1].text() == "3\u2009500"
    assert [text.text() for text in panel.lanes.numbers["backward"]] == ["100", "0"]
    assert panel.prices.rows[0][1].text() == "35"
    assert panel.ground.marks and not panel.nothing.isVisible()
    assert studio.project is before  # nothing of it enters the project
    for ending in (".png", ".svg", ".csv"):
        panel.frame.write(tmp_path / f"race{ending}")
    rows = (tmp_path / "race.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[0] == "way,passes,seconds,loss" and len(rows) == 201


def test_it_is_paused_and_goes_on(
    studio: Studio, panel: TrainingRacePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a process of its own, what was on its way would arrive some time after the pause.
    monkeypatch.setattr("bpstudio.training.beside.Beside", Inside)
    studio.racing.start(1_000_000)
    qtbot.waitUntil(lambda: steps_of(studio.racing) > 5, timeout=PATIENCE)
    panel.hold.click()
    here, race = steps_of(studio.racing), studio.racing.race
    studio.racing._look()
    assert studio.racing.held and studio.racing.race is race
    panel.hold.click()
    qtbot.waitUntil(lambda: steps_of(studio.racing) > here, timeout=PATIENCE)
    panel.cancel.click()
    assert not studio.racing.running and steps_of(studio.racing) > here


def test_it_is_begun_without_scrolling(panel: TrainingRacePanel) -> None:
    for width in (820, 380):
        panel.resize(width, 160)
        QApplication.processEvents()
        foot = panel.start.mapTo(panel, QPoint(0, panel.start.height())).y()
        assert panel.start.isVisible() and 0 < foot <= panel.height()


@pytest.mark.parametrize("width", [340, 420, 820, 1200])
def test_no_number_is_cut_off(panel: TrainingRacePanel, width: int) -> None:
    panel.resize(width, 320)
    QApplication.processEvents()
    assert panel.lanes.width() >= panel.lanes.minimumSizeHint().width()
    chart, counters = (part.mapTo(panel, QPoint()).x() for part in (panel.ground, panel.lanes))
    assert (chart > counters) == (width > 420)


def test_a_race_of_another_network_is_forgotten(studio: Studio, qtbot: QtBot) -> None:
    racing = studio.racing

    def run() -> None:
        racing.start(1_000_000)
        qtbot.waitUntil(lambda: steps_of(racing) > 0, timeout=PATIENCE)

    run()
    assert studio.do("", edits.set_setting, "dense1", "units", 3)
    assert racing.race is None and not racing.running
    run()
    studio.set_training(l2=0.1)
    assert racing.race is None and not racing.running
    run()
    studio.begin(build.network(toys.make("xor"), (2, 3, 1)))
    assert racing.race is None and not racing.running
    run()
    assert studio.do("", edits.rename, "dense1", "First")
    assert racing.race is not None and racing.running  # a name changes no number
    racing.cancel()


def test_training_does_not_touch_it_and_it_begins_at_the_start(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.train(50)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    first = studio.project.trained.losses[0]
    studio.racing.start(3)
    qtbot.waitUntil(lambda: not studio.racing.running, timeout=PATIENCE)
    race = studio.racing.race
    assert race is not None and race.lanes[0].course[0, 2] == first
    studio.train(10)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    assert studio.racing.race is race


def test_what_can_not_be_raced_is_said(studio: Studio, panel: TrainingRacePanel) -> None:
    assert panel.lanes.numbers["loss"][0].text() == NONE and panel.nothing.isVisible()
    studio.do("", edits.remove_nodes, ["dense2"])
    panel.refresh()
    assert not panel.start.isEnabled()


def test_times_have_the_unit_that_suits_them() -> None:
    said = [long_time(seconds) for seconds in (0.02, 40.0, 1800.0, 36_000.0, 3e5, 9e7, 4e10)]
    assert said == ["20 ms", "40 s", "30 min", "10 h", "3.5 days", "2.9 years", "1,268 years"]
    assert long_time(float("nan")) == NONE
