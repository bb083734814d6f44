"""Plots in docks: choosing, explaining, detaching, writing; and the way that they look back at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QMenu, QSlider
from pytestqt.qtbot import QtBot

from bpstudio.data.dataset import Dataset
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.playback.marks import Heat
from bpstudio.project import build, edits, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.project.retracing import in_order
from bpstudio.training.trainer import train_now
from bpstudio.ui.docks import PANELS
from bpstudio.ui.panels.plot import PlotPanel
from bpstudio.ui.panels.weights import sheets
from bpstudio.ui.showing import run_anew
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.tracing import SURVEY, TRAIL, Tracing, tracing_of
from bpstudio.ui.window import Window


@pytest.fixture
def make(studio: Studio) -> Iterator[Callable[[str], PlotPanel]]:
    """Opens plots by their names; they are closed with the test."""
    made: list[PlotPanel] = []

    def plot(name: str) -> PlotPanel:
        panel = next(panel for panel in PANELS if panel.name == name).make(studio)
        assert isinstance(panel, PlotPanel)
        panel.resize(420, 300)
        panel.show()
        made.append(panel)
        return panel

    yield plot
    for panel in made:
        panel.close()
        panel.deleteLater()


def trained(studio: Studio, steps: int) -> None:
    studio.begin(runs.landed(studio.project, train_now(runs.job(studio.project, steps))))


def at_rest(tracing: Tracing) -> bool:
    return not tracing.running


def test_the_way_is_walked_again_only_while_somebody_looks(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    trained(studio, 90)
    tracing = tracing_of(studio)
    assert not tracing.running and len(tracing.trail) == 0
    panel = make("norms")
    assert tracing.running == TRAIL
    qtbot.waitUntil(lambda: at_rest(tracing), timeout=60_000)
    assert tracing.trail.steps[[0, -1]].tolist() == [0, 90]
    qtbot.waitUntil(lambda: len(panel.ground.marks) > 8)
    panel.hide()
    trained(studio, 200)
    assert not tracing.running


def test_the_way_can_be_given_up(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    trained(studio, 90)
    panel, tracing = make("ratios"), tracing_of(studio)
    panel.refresh()  # by itself it may come only when the way is walked
    assert panel.cancel.isVisible()
    panel.cancel.click()
    assert not tracing.running
    studio.show_position(1.0)
    assert not tracing.running


def test_back_at_the_start_nothing_is_left_of_the_way(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    trained(studio, 90)
    make("norms")
    tracing = tracing_of(studio)
    qtbot.waitUntil(lambda: at_rest(tracing), timeout=60_000)
    studio.reset_training()
    assert tracing.trail.steps.max(initial=0) == 0
    studio.draw_new_weights()
    assert tracing.trail.steps.max(initial=0) == 0


def test_a_way_that_was_changed_on_is_said_to_be_so(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    trained(studio, 90)
    studio.set_training(l2=0.3)
    panel, tracing = make("norms"), tracing_of(studio)
    qtbot.waitUntil(lambda: tracing.problem is not None, timeout=60_000)
    qtbot.waitUntil(lambda: "changed during this training" in panel.going.text())


def test_no_path_is_made_up_where_the_way_is_not_known(
    make: Callable[[str], PlotPanel], studio: Studio, qtbot: QtBot
) -> None:
    trained(studio, 90)
    studio.set_training(l2=0.3)
    panel, tracing = make("landscape"), tracing_of(studio)
    qtbot.waitUntil(lambda: tracing.landscape is not None and at_rest(tracing), timeout=60_000)
    assert tracing.trail.steps.tolist() == [90]
    assert tracing.landscape is not None and len(tracing.landscape.path) == 1
    qtbot.waitUntil(lambda: "can't be walked again" in panel.going.text())
    assert panel.busy.isVisible()


def test_the_landscape_follows_the_way(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    trained(studio, 60)
    panel, tracing = make("landscape"), tracing_of(studio)
    ran = [tracing.running]
    tracing.moved.connect(lambda: ran.append(tracing.running))
    qtbot.waitUntil(lambda: SURVEY in ran and at_rest(tracing))
    assert TRAIL in ran[: ran.index(SURVEY)]
    found = tracing.landscape
    assert found is not None and found.done == 1.0
    assert len(found.path) == len(tracing.trail)
    qtbot.waitUntil(lambda: any(isinstance(mark, Heat) for mark in panel.ground.marks))


def test_a_plot_is_written_into_files(
    studio: Studio, make: Callable[[str], PlotPanel], tmp_path: Path, notices: list[Notice]
) -> None:
    panel = make("neurons")
    for ending, begin in ((".png", b"\x89PNG"), (".svg", b"<svg"), (".csv", b"\xef\xbb\xbf")):
        path = tmp_path / f"plot{ending}"
        panel.frame.write(path)
        assert path.read_bytes().startswith(begin)
        assert notices[-1].text == f"Saved as plot{ending}."
    panel.frame.write(tmp_path / "plot.exe")
    assert ".exe" in notices[-1].text and not (tmp_path / "plot.exe").exists()


def test_a_plot_explains_itself(make: Callable[[str], PlotPanel]) -> None:
    panel = make("warp")
    assert not panel.frame.words.isVisible()
    panel.frame.why.click()
    assert panel.frame.words.isVisible()
    assert "straight line" in panel.frame.words.text()


def test_in_a_narrow_dock_the_menu_has_all(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    panel = make("warp")
    box = panel.findChildren(QComboBox)[0]
    assert box.isVisible() and panel.frame.why.isVisible()
    panel.resize(120, 200)
    qtbot.waitUntil(lambda: not box.isVisible())
    panel.frame._fill()
    (within,) = panel.frame._menu.findChildren(QMenu)[:1]
    options = within.actions()
    assert [act.text() for act in options] == [box.itemText(i) for i in range(box.count())]
    assert [act.isChecked() for act in options] == [True, *(False for _ in options[1:])]
    options[-1].trigger()
    assert box.currentIndex() == box.count() - 1
    assert panel.look().chosen["layer"] == box.currentData()


def test_choices_and_sliders_are_those_of_the_data(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    panel = make("neurons")
    assert len(panel.findChildren(QComboBox)) == 1
    features = np.random.default_rng(0).normal(size=(12, 3))
    data = Dataset(
        name="three",
        features=features,
        answers=np.arange(12) % 2,
        classes=("no", "yes"),
        feature_names=("a", "b", "c"),
        held_out=np.zeros(12, dtype=bool),
    )
    studio.begin(build.network(data, (3, 2, 1)))
    qtbot.waitUntil(lambda: len(panel.findChildren(QSlider)) == 1)
    before = panel.content(".csv")
    panel.findChildren(QSlider)[0].setValue(0)
    assert panel.content(".csv") != before
    assert panel.look().chosen["held2"] == repr(float(features[:, 2].min()))
    panel.frame.choose("across", "2")
    qtbot.waitUntil(lambda: "held1" in panel.frame._sliders)


def test_plots_open_in_tabs_and_come_off(open_window: Callable[[], Window], qtbot: QtBot) -> None:
    window = open_window()
    dock = window.docks.by_name["neurons"]
    assert dock.isHidden()
    dock.toggleViewAction().trigger()
    assert not dock.isHidden()
    assert dock in window.tabifiedDockWidgets(window.docks.by_name["weights"])
    panel = dock.widget()
    assert isinstance(panel, PlotPanel)
    qtbot.waitUntil(lambda: not panel.visibleRegion().isEmpty())
    panel.frame.detach()
    assert dock.isFloating() and dock.height() > 400  # not as low as it lay in its dock
    panel.frame.detach()
    assert not dock.isFloating()
    dock.close()


def test_a_plot_shows_the_moment_that_is_shown(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    panel = make("neurons")
    before = panel.content(".csv")
    studio.do("", edits.new_weights, 7)
    assert panel.content(".csv") != before


def test_the_way_of_another_branch_is_that_branch(
    studio: Studio, xor: Project, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    def go_to(step: int, run: str = "") -> None:
        studio.past.go_to(step, run)
        qtbot.waitUntil(lambda: not studio.past.running)

    def train(steps: int) -> None:
        studio.train(steps)
        qtbot.waitUntil(lambda: not studio.shown.training)

    def is_along(project: Project) -> None:
        """Whether the newest glance is of these weights."""
        newest = tracing.trail.glances[-1]
        whole = np.concatenate([w.ravel() for w in in_order(project).values()])
        assert newest.step == project.trained.steps and newest.vector is not None
        np.testing.assert_array_equal(newest.vector, whole.astype(np.float32))

    panel, tracing = make("norms"), tracing_of(studio)
    train(100)
    go_to(60)
    studio.set_training(optimizer=SGD(learning_rate=0.05))
    train(50)
    qtbot.waitUntil(lambda: at_rest(tracing))
    is_along(studio.project)
    (first, _second) = studio.project.runs
    go_to(90, first)
    qtbot.waitUntil(lambda: at_rest(tracing) and len(tracing.trail) > 50)
    is_along(runs.landed(xor, train_now(runs.job(xor, 100))))
    assert panel.look().last == 100 and panel.look().step == 90
    studio.past.leave()
    assert at_rest(tracing)  # it was walked already
    is_along(studio.project)
    assert panel.look().last == 110
    go_to(90, first)
    assert at_rest(tracing)
    is_along(runs.landed(xor, train_now(runs.job(xor, 100))))


def test_updates_are_those_of_an_optimizer_with_a_memory_while_it_trains(
    studio: Studio, make: Callable[[str], PlotPanel], qtbot: QtBot
) -> None:
    studio.set_training(optimizer=Adam(learning_rate=0.01))
    project = studio.project
    make("ratios")
    tracing = tracing_of(studio)
    studio.train()
    qtbot.waitUntil(lambda: len(tracing.trail) > 8)
    trail, seen = tracing.trail, studio.shown
    assert seen.training and seen.foretells
    studio.pause()
    for each in (trail.glances[1], trail.glances[-1]):
        truth = runs.landed(project, train_now(runs.job(project, each.step)))
        recorded = iteration(truth, step=each.step, memory=truth.trained.memory)
        assert each.updates.keys() == project.weights.keys()
        for update in recorded.updates:
            norm = each.updates[f"{update.node}.{update.port}"].norm
            assert norm == pytest.approx(np.linalg.norm(update.after - update.before), rel=1e-9)


def test_where_the_memory_is_not_known_no_step_is_told(
    studio: Studio, make: Callable[[str], PlotPanel]
) -> None:
    studio.set_training(optimizer=Adam(learning_rate=0.01))
    project = studio.project
    panel = make("steps")
    assert panel.why.isHidden()
    studio.shown = run_anew(replace(studio.shown, training=True), None)
    assert not studio.shown.foretells and studio.shown.recording is not None
    studio.moved.emit(studio.shown)
    panel.refresh()
    assert "when training pauses" in panel.why.text()
    assert all(sheet.update is None for sheet in sheets(studio.shown, frozenset()))
    studio.shown = run_anew(studio.shown, project.trained.memory)
    panel.refresh()
    assert panel.why.isHidden() and studio.shown.foretells
    studio.shown = replace(studio.shown, training=False)
