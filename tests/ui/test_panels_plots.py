"""The panels below the canvas: loss, boundary, weights and recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.engine.optimizers import Adam
from bpstudio.errors import StudioError
from bpstudio.playback.marks import Curves, Discs, Heat, Line, Text
from bpstudio.project import build, edits, past, placing, runs
from bpstudio.project.project import Project
from bpstudio.training.course import weights_of
from bpstudio.training.history import Tape
from bpstudio.training.trainer import train_now
from bpstudio.ui.panels.boundary import BoundaryPanel, look
from bpstudio.ui.panels.finite import Finite
from bpstudio.ui.panels.loss import LossPanel, step_words
from bpstudio.ui.panels.recording import GATE, GRADIENT, NOT_YET, VALUE, RecordingPanel
from bpstudio.ui.panels.weights import Sheets, WeightsPanel, sheets
from bpstudio.ui.readout import loss_text
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

PATIENCE = 60_000


def shown(panel: QWidget) -> Iterator[QWidget]:
    panel.resize(420, 260)
    panel.show()
    yield panel
    panel.close()
    panel.deleteLater()


@pytest.fixture
def loss(studio: Studio) -> Iterator[QWidget]:
    yield from shown(LossPanel(studio))


@pytest.fixture
def boundary(studio: Studio) -> Iterator[QWidget]:
    yield from shown(BoundaryPanel(studio))


@pytest.fixture
def weights(studio: Studio) -> Iterator[QWidget]:
    yield from shown(WeightsPanel(studio))


@pytest.fixture
def recording(studio: Studio) -> Iterator[QWidget]:
    yield from shown(RecordingPanel(studio))


def trained(studio: Studio, losses: np.ndarray) -> None:
    """Let the project have been trained with these losses."""
    project = studio.project
    studio.do(
        "Train",
        edits.land_training,
        project.weights,
        project.statistics,
        losses,
        len(losses),
    )


def cell(panel: RecordingPanel, row: int, column: int) -> str:
    return str(panel.steps.index(row, column).data())


# -- loss ---------------------------------------------------------------------------------------


def test_the_curve_shows_every_finite_loss(loss: LossPanel, studio: Studio) -> None:
    assert loss.nothing.isVisible()
    trained(studio, np.array([0.7, 0.5, np.nan, 0.3]))
    loss.refresh()
    assert not loss.nothing.isVisible()
    x, y = loss.curve.getOriginalDataset()
    np.testing.assert_array_equal(x, [1, 2, 4])
    np.testing.assert_array_equal(y, [0.7, 0.5, 0.3])
    assert loss.here.value() == 4
    assert "0.3000" in loss.now.text()


@pytest.mark.parametrize("width", [150, 180, 220, 260, 300, 330, 420])
def test_the_newest_loss_is_never_cut_off(loss: LossPanel, studio: Studio, width: int) -> None:
    trained(studio, np.array([0.5]))
    loss.refresh()
    loss.resize(width, 260)
    trained(studio, np.append(np.linspace(0.5, 0.1, 48_632), 8.6e-10))
    loss.refresh()
    QTest.qWait(0)  # the row is laid out
    words = loss.now
    assert loss_text(8.6e-10) in words.text()
    assert words.fontMetrics().horizontalAdvance(words.text()) <= words.width()


def test_the_steps_of_the_axis_are_short_and_exact(loss: LossPanel, studio: Studio) -> None:
    assert step_words([0, 200_000, 1_000_000], 1, 200_000) == ["0", "200k", "1000k"]
    assert step_words([0, 1_000_000], 1, 1_000_000) == ["0", "1M"]
    assert step_words([100_250, 100_500], 1, 250) == ["100250", "100500"]
    assert step_words([0.5, 1], 1, 0.5) == ["0.5", "1"]
    loss.resize(200, 160)
    trained(studio, np.linspace(0.5, 0.1, 846_965))
    loss.refresh()
    loss.grab()
    axis = loss.plot.getAxis("bottom")
    low, high = axis.range
    ((spacing, ticks), *_finer) = axis.tickValues(low, high, axis.width())
    words = axis.tickStrings(ticks, 1, spacing)
    wide = [QFontMetricsF(axis.style["tickFont"]).horizontalAdvance(word) for word in words]
    assert max(wide) + 6 < axis.width() * spacing / (high - low)


def test_a_logarithmic_scale(loss: LossPanel, studio: Studio) -> None:
    trained(studio, np.array([1.0, 0.1, 0.01]))
    loss.refresh()
    loss.log.setChecked(True)
    _x, y = loss.curve.getData()
    np.testing.assert_allclose(y, [0, -1, -2], atol=1e-12)
    assert loss.dot.getData()[1][0] == pytest.approx(-2.0)


def test_losses_are_read_under_the_pointer(loss: LossPanel, studio: Studio) -> None:
    trained(studio, np.array([0.5, np.nan, 0.25, 0.125]))
    loss.refresh()
    loss.reading.read(3)
    assert loss.reading.words.text() == "step 3\ntrain  0.2500"
    loss.reading.read(2)  # at which there is none: the last one before
    assert loss.reading.words.text().endswith("0.5000")
    loss.reading.read(40)
    assert not loss.reading.words.isVisible()
    loss.reading.read(None)
    assert not loss.reading.words.isVisible()


def test_the_loss_is_written_into_files(loss: LossPanel, studio: Studio) -> None:
    with pytest.raises(StudioError, match="not been trained"):
        loss.content(".csv")
    trained(studio, np.array([0.5, np.nan, 0.25]))
    loss.refresh()
    assert loss.content(".csv").decode("utf-8-sig") == "step,train\n1,0.5\n3,0.25\n"
    assert loss.content(".png").startswith(b"\x89PNG")
    drawing = loss.content(".svg")
    assert b"<svg" in drawing and b"<path" in drawing
    with pytest.raises(StudioError, match="pdf"):
        loss.content(".pdf")


def test_the_test_loss_is_found_when_it_is_asked_for(
    loss: LossPanel, studio: Studio, qtbot: QtBot
) -> None:
    network = build.network(toys.make("spiral", points=60, held_out=0.25), (2, 5, 2))
    studio.begin(runs.landed(network, train_now(runs.job(network, 40))))
    loss.refresh()
    assert loss.test.isVisible() and len(loss.curves()) == 1
    loss.test.click()
    qtbot.waitUntil(lambda: len(loss.curves()) == 2 and not loss.tracing.running)
    found = loss.curves()[1]
    assert found.at(40) == pytest.approx(runs.measured(studio.project).test_loss)
    assert len(loss.tested.getData()[0]) == len(found.steps)
    loss.test.click()
    assert len(loss.curves()) == 1


def test_a_noisy_curve_gets_its_mean(loss: LossPanel, studio: Studio) -> None:
    noise = np.random.default_rng(0).normal(size=400)
    trained(studio, 0.5 + 0.1 * noise)
    loss.refresh()
    assert len(loss.mean.getOriginalDataset()[1]) == 400 - 10 + 1
    trained(studio, np.linspace(1, 0, 400))
    loss.refresh()
    assert loss.mean.getOriginalDataset()[1] is None or not len(loss.mean.getOriginalDataset()[1])


def test_a_series_that_goes_on_is_followed_and_another_one_is_taken_anew() -> None:
    series = Finite()
    assert not series.follow(np.zeros(0))
    rng = np.random.default_rng(1)
    all_of_it = rng.normal(size=5000)
    all_of_it[rng.random(5000) < 0.3] = np.nan
    for end in (1, 1, 700, 3000, 5000):
        series.follow(all_of_it[:end])
        finite = np.flatnonzero(np.isfinite(all_of_it[:end]))
        np.testing.assert_array_equal(series.steps, finite + 1)
        np.testing.assert_array_equal(series.losses, all_of_it[finite])
    assert not series.follow(all_of_it)
    assert series.follow(all_of_it[:10])
    assert len(series.steps) == np.isfinite(all_of_it[:10]).sum()
    other = np.linspace(1, 0, 20)
    assert series.follow(other)
    np.testing.assert_array_equal(series.losses, other)
    assert series.follow(np.zeros(0))
    assert not len(series.steps)


def test_plots_grow_while_training(loss: LossPanel, studio: Studio, qtbot: QtBot) -> None:
    studio.train()
    qtbot.waitUntil(lambda: len(loss.series.steps) > 200, timeout=PATIENCE)
    studio.pause()
    loss.refresh()
    assert len(loss.curve.getOriginalDataset()[0]) == np.isfinite(studio.shown.losses).sum()


# -- decision boundary --------------------------------------------------------------------------


def test_the_boundary_says_what_the_network_answers(
    boundary: BoundaryPanel, studio: Studio
) -> None:
    seen = look(studio.shown)
    assert not isinstance(seen, str)
    _project, answer, outputs, plane = seen
    assert answer == "sigmoid1"
    assert outputs.shape == (plane.cells**2, 1)
    heat = next(mark for mark in boundary.map.marks() if isinstance(mark, Heat))
    expected = (2 * outputs[:, 0] - 1).reshape(plane.cells, plane.cells)[::-1]
    np.testing.assert_allclose(heat.values, expected)
    labels = [m.spans[0].text for m in boundary.map.marks() if isinstance(m, Text)]
    assert labels[:4] == ["0", "1", "1", "0"]


def test_the_boundary_follows_the_weights_that_are_shown(
    boundary: BoundaryPanel, studio: Studio
) -> None:
    first = next(m for m in boundary.map.marks() if isinstance(m, Heat)).values
    studio.do("x", edits.set_value, "dense2.weight", np.full((4, 1), 3.0))
    boundary.refresh()
    second = next(m for m in boundary.map.marks() if isinstance(m, Heat)).values
    assert not np.array_equal(first, second)


def test_one_input_gives_a_curve(boundary: BoundaryPanel, studio: Studio) -> None:
    studio.begin(build.network(toys.make("sine"), (1, 4, 1)))
    boundary.refresh()
    marks = boundary.map.marks()
    assert not any(isinstance(mark, Heat) for mark in marks)
    assert sum(len(m.centres) for m in marks if isinstance(m, Discs)) == 100
    assert any(isinstance(m, Line) and m.ink is not None and m.ink.role == "forward" for m in marks)


def test_why_there_is_no_boundary_is_said(boundary: BoundaryPanel, studio: Studio) -> None:
    data = toys.make("xor")
    wide = replace(
        data, features=np.zeros((4, 70)), feature_names=tuple(f"x{i}" for i in range(70))
    )
    for project in (
        Project(),
        build.network(wide, (70, 2, 1)),
        edits.disconnect(studio.project, "dense1", "x"),
    ):
        studio.begin(project)
        boundary.refresh()
        assert boundary.why.isVisible() and boundary.why.text()
        assert not boundary.map.isVisible()
    studio.begin(build.network(data, (2, 2, 1)))
    boundary.refresh()
    assert boundary.map.isVisible()


# -- weights ------------------------------------------------------------------------------------


def test_of_three_inputs_two_are_looked_at(boundary: BoundaryPanel, studio: Studio) -> None:
    features = np.random.default_rng(0).normal(size=(4, 3))
    wide = replace(toys.make("xor"), features=features, feature_names=("a", "b", "c"))
    studio.begin(build.network(wide, (3, 2, 1)))
    boundary.refresh()
    assert not boundary.why.isVisible()
    head, first, *_rows = boundary.content(".csv").decode("utf-8-sig").splitlines()
    assert head == "a,b,c,answer 1"
    assert float(first.split(",")[2]) == pytest.approx(features[:, 2].mean())
    boundary.frame.choose("across", "2")
    boundary.refresh()
    _head, first, *_rows = boundary.content(".csv").decode("utf-8-sig").splitlines()
    assert float(first.split(",")[1]) == pytest.approx(features[:, 1].mean())
    place = boundary.map._places(wide, boundary.map.axes)[0]  # type: ignore[arg-type]
    assert boundary.map.row_at(*place) == 0


def test_the_boundary_has_lines_and_certainty(boundary: BoundaryPanel, studio: Studio) -> None:
    for network in (studio.project, build.network(toys.make("spiral", arms=3), (2, 8, 3))):
        studio.begin(network)
        boundary.refresh()
        plain = [mark for mark in boundary.map.marks() if isinstance(mark, Heat)]
        boundary.frame.choose("show", "lines")
        boundary.refresh()
        assert any(isinstance(mark, Curves) for mark in boundary.map.marks())
        boundary.frame.choose("show", "certainty")
        boundary.refresh()
        (sure,) = [mark for mark in boundary.map.marks() if isinstance(mark, Heat)]
        assert sure.classes is not None and not sure.classes.any()
        assert sure.values.shape == plain[0].values.shape and sure.values.min() >= 0
        boundary.frame.choose("show", "answers")


def test_the_boundary_is_written_into_files(boundary: BoundaryPanel) -> None:
    assert boundary.content(".png").startswith(b"\x89PNG")
    assert boundary.content(".svg").startswith(b"<svg")


def test_weights_are_those_of_the_selected_layer(weights: WeightsPanel, studio: Studio) -> None:
    keys = [sheet.key for sheet in sheets(studio.shown, frozenset())]
    assert keys == ["dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"]
    for chosen in ("dense1", "tanh1"):
        found = sheets(studio.shown, frozenset([chosen]))
        assert [sheet.key for sheet in found] == ["dense1.weight", "dense1.bias"]
    assert len(sheets(studio.shown, frozenset(["loss1"]))) == 4


def test_numbers_and_colours_are_the_update_of_the_recording(
    weights: WeightsPanel, studio: Studio
) -> None:
    assert studio.shown.recording is not None
    update = studio.shown.recording.updates[0]
    studio.show_position(0.0)
    (sheet, *_rest) = sheets(studio.shown, frozenset())
    np.testing.assert_array_equal(sheet.grid, update.before)
    studio.show_position(float(studio.shown.length))
    (sheet, *_rest) = sheets(studio.shown, frozenset())
    np.testing.assert_array_equal(sheet.grid, update.after)
    weights.refresh()
    texts = [m.spans[0].text for m in weights.sheets._marks if isinstance(m, Text)]
    before = f"{update.before[0, 0]:+.4f}".replace("-", "\u2212")
    after = f"{update.after[0, 0]:+.4f}".replace("-", "\u2212")
    assert before in texts and after in texts


def test_large_and_narrow_weights_are_maps_without_numbers(studio: Studio, qtbot: QtBot) -> None:
    studio.begin(build.network(toys.make("spiral"), (2, 40, 40, 2)))
    for wide in (60, 200, 700):
        view = Sheets()
        qtbot.addWidget(view)
        view.resize(wide, 100)
        view.show_sheets(sheets(studio.shown, frozenset(["dense2"])))
        heats = [mark for mark in view._marks if isinstance(mark, Heat)]
        assert heats[0].values.shape == (40, 40)
        assert all(heat.rect.right <= max(wide, 60) + 1 for heat in heats)
        assert view._text_at(heats[0].rect.centre[0], heats[0].rect.centre[1])


# -- recording ----------------------------------------------------------------------------------


def test_the_table_has_every_step_and_shows_what_is_known(
    recording: RecordingPanel, studio: Studio
) -> None:
    studio.begin(placing.add_formula(Project(), "f = (x + y) * z"))
    for key, value in (("x", -2.0), ("y", 5.0), ("z", -4.0)):
        studio.do("v", edits.set_value, f"{key}.value", value)
    studio.show_position(0.0)
    recording.refresh()
    assert recording.steps.rowCount() == 4
    gates = [cell(recording, row, GATE) for row in range(4)]
    assert gates == ["+ (add1)", "× (f)", "× (f)", "+ (add1)"]
    assert cell(recording, 0, VALUE) == NOT_YET
    studio.show_position(4.0)
    recording.refresh()
    assert cell(recording, 0, VALUE) == "3.0000"
    assert cell(recording, 1, VALUE) == "\u221212.0000"
    assert cell(recording, 2, GRADIENT) == "1.0000"
    assert cell(recording, 3, GRADIENT) == "\u22124.0000"
    assert cell(recording, 0, GRADIENT) == NOT_YET


def test_a_click_and_the_arrows_go_to_a_step(recording: RecordingPanel, studio: Studio) -> None:
    recording.refresh()
    for row in (2, 7):
        index = recording.steps.index(row, GATE)
        place = recording.table.visualRect(index).center()
        recording.table.scrollTo(index)
        place = recording.table.visualRect(index).center()
        QTest.mouseClick(
            recording.table.viewport(),
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            place,
        )
        instant = studio.shown.instant
        assert instant is not None and instant.moment is not None
        assert instant.moment.number == row + 1
        assert instant.done(row + 1) == 1.0
    QTest.keyClick(recording.table, Qt.Key.Key_Down)
    assert studio.shown.instant is not None and studio.shown.instant.moment is not None
    assert studio.shown.instant.moment.number == 9


def test_the_present_step_is_chosen_and_in_sight(
    recording: RecordingPanel, studio: Studio, qtbot: QtBot
) -> None:
    recording.resize(420, 120)
    studio.show_position(float(studio.shown.length))
    last = recording.steps.rowCount() - 1
    qtbot.waitUntil(lambda: recording.table.currentIndex().row() == last)
    rect = recording.table.viewport().rect()
    qtbot.waitUntil(
        lambda: rect.contains(
            recording.table.visualRect(recording.steps.index(last, GATE)).center()
        )
    )


def test_nothing_to_walk_through_is_said(recording: RecordingPanel, studio: Studio) -> None:
    studio.begin(Project())
    recording.refresh()
    assert recording.nothing.isVisible() and not recording.table.isVisible()


def test_the_steps_are_those_of_adam_while_it_trains(
    weights: WeightsPanel, studio: Studio, qtbot: QtBot
) -> None:
    studio.set_training(optimizer=Adam(learning_rate=0.01))
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 200)
    seen: list[Showing] = []
    studio.moved.connect(seen.append)
    qtbot.waitUntil(lambda: len({id(shown.whole) for shown in seen}) > 2)
    studio.pause()
    fresh = next(s for s in reversed(seen) if s.training and s.whole is not None)
    first = next(s for s in seen if s.whole is fresh.whole)
    (sheet,) = [sheet for sheet in sheets(first, frozenset()) if sheet.key == "dense1.weight"]
    assert sheet.update is not None
    project = studio.project
    way = past.stretch_at(studio.past.way, first.step)
    assert way is not None
    *_, course = Tape(way.run.line).replay(first.step)
    before = weights_of(course)["dense1.weight"]
    np.testing.assert_array_equal(sheet.update.before, before)
    *_, course = Tape(way.run.line).replay(first.step + 1)
    np.testing.assert_allclose(sheet.update.after, weights_of(course)["dense1.weight"], rtol=1e-9)
    assert project.trained.steps >= first.step


def test_weights_explain_themselves_and_are_written(
    weights: WeightsPanel, studio: Studio, tmp_path: Path
) -> None:
    weights.frame.why.setChecked(True)
    assert "optimizer" in weights.frame.words.text()
    for ending in (".png", ".svg", ".csv"):
        weights.frame.write(tmp_path / f"weights{ending}")
    rows = (tmp_path / "weights.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[0] == "weight,row,column,value,gradient,after" and len(rows) == 18
    values = [float(row.split(",")[3]) for row in rows[1:9]]
    np.testing.assert_allclose(values, studio.project.weights["dense1.weight"].ravel())
