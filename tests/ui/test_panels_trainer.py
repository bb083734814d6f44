"""The training panel: settings, buttons, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.playback import digits
from bpstudio.project import build, edits, placing
from bpstudio.project.project import Project
from bpstudio.training.settings import StopRule
from bpstudio.ui.panels.form import Choice, Number, Sizes, Whole, put
from bpstudio.ui.panels.trainer import TABLE, TrainerPanel
from bpstudio.ui.panels.training_health import gradient_flow
from bpstudio.ui.readout import grouped
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.window import Window

PATIENCE = 60_000


@pytest.fixture
def trainer(studio: Studio) -> Iterator[TrainerPanel]:
    panel = TrainerPanel(studio)
    panel.resize(332, 700)
    panel.show()
    yield panel
    panel.close()
    panel.deleteLater()


def number(trainer: TrainerPanel, key: str) -> Number:
    field = trainer.form.fields[key]
    assert isinstance(field, Number)
    return field


def whole(trainer: TrainerPanel, key: str) -> Whole:
    field = trainer.form.fields[key]
    assert isinstance(field, Whole)
    return field


def said(trainer: TrainerPanel, key: str) -> str:
    field = trainer.results.fields[key]
    assert isinstance(field, QLabel)
    return field.text()


def choose(field: Choice, value: object) -> None:
    field.setCurrentIndex(field.findData(value))
    field.activated.emit(field.currentIndex())


def test_it_shows_the_settings_of_the_project(trainer: TrainerPanel, studio: Studio) -> None:
    assert number(trainer, "learning_rate").value() == 0.5
    assert whole(trainer, "batch").text() == "full (4)"
    assert whole(trainer, "seed").value() == 1
    assert not trainer.form.fields["noise"].isVisible()
    studio.begin(build.network(toys.make("spiral"), (2, 4, 2)))
    trainer.refresh()
    assert number(trainer, "learning_rate").value() == 0.01
    assert whole(trainer, "batch").value() == 32
    assert number(trainer, "beta2").value() == 0.999
    assert trainer.form.fields["noise"].isVisible()


def test_settings_are_edits_and_typing_is_one_edit(trainer: TrainerPanel, studio: Studio) -> None:
    field = number(trainer, "learning_rate")
    for value in (0.4, 0.3, 0.25):
        field.setValue(value)
    assert studio.project.training.optimizer == SGD(learning_rate=0.25)
    assert len(studio.history.past) == 1
    number(trainer, "l2").setValue(0.01)
    whole(trainer, "batch").setValue(2)
    whole(trainer, "seed").setValue(7)
    settings = studio.project.training
    assert (settings.l2, settings.batch, settings.seed) == (0.01, 2, 7)
    for _ in range(4):
        studio.undo()
    trainer.refresh()
    assert field.value() == 0.5
    assert whole(trainer, "batch").value() == 0


def test_another_optimizer_brings_its_own_rows(trainer: TrainerPanel, studio: Studio) -> None:
    optimizer = trainer.form.fields["optimizer"]
    assert isinstance(optimizer, Choice)
    choose(optimizer, "adam")
    trainer.refresh()
    assert isinstance(studio.project.training.optimizer, Adam)
    assert list(trainer.form.fields)[-1] != "optimizer"
    number(trainer, "beta1").setValue(0.8)
    assert studio.project.training.optimizer == Adam(beta1=0.8)
    choose(optimizer, "sgd")
    trainer.refresh()
    assert "beta1" not in trainer.form.fields


def test_another_data_set_and_its_noise(trainer: TrainerPanel, studio: Studio) -> None:
    data = trainer.form.fields["data"]
    assert isinstance(data, Choice)
    choose(data, "circles")
    trainer.refresh()
    assert studio.project.data is not None and studio.project.data.name == "circles"
    before = studio.project.data
    number(trainer, "noise").setValue(0.2)
    assert studio.project.data.recipe["noise"] == 0.2
    assert not np.array_equal(studio.project.data.features, before.features)
    whole(trainer, "points").setValue(40)
    assert len(studio.project.data) == 40


def test_training_and_pausing_by_the_button(
    trainer: TrainerPanel, studio: Studio, qtbot: QtBot
) -> None:
    QTest.mouseClick(trainer.train, Qt.MouseButton.LeftButton)
    assert studio.shown.training
    qtbot.waitUntil(lambda: studio.shown.step > 300, timeout=PATIENCE)
    trainer.refresh()
    assert trainer.train.text().strip() == "Pause"
    assert said(trainer, "rate") not in ("", "–")
    QTest.mouseClick(trainer.train, Qt.MouseButton.LeftButton)
    assert not studio.shown.training
    trainer.refresh()
    assert trainer.train.text().strip() == "Train"
    assert said(trainer, "accuracy").endswith("of 4")
    assert studio.project.trained.steps > 300
    metrics = studio.shown.metrics
    assert metrics is not None
    assert digits.read(said(trainer, "loss")) == pytest.approx(metrics.loss, abs=1e-4)


def test_one_step_reset_and_new_weights(
    trainer: TrainerPanel, studio: Studio, qtbot: QtBot
) -> None:
    start = studio.project.weights["dense1.weight"]
    QTest.mouseClick(trainer.one, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.project.trained.steps == 1, timeout=PATIENCE)
    assert not np.array_equal(studio.project.weights["dense1.weight"], start)
    QTest.mouseClick(trainer.again, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(studio.project.weights["dense1.weight"], start)
    assert studio.project.trained.steps == 0
    QTest.mouseClick(trainer.other, Qt.MouseButton.LeftButton)
    assert studio.project.training.seed == 2
    assert not np.array_equal(studio.project.weights["dense1.weight"], start)


def test_what_can_not_be_trained_is_calm(trainer: TrainerPanel, studio: Studio) -> None:
    assert trainer.nothing.isHidden()
    for project in (Project(), placing.add_formula(Project(), "x * y")):
        studio.begin(project)
        trainer.refresh()
        assert trainer.nothing.text()
        assert not trainer.train.isEnabled() and not trainer.one.isEnabled()
        assert trainer.flow.sizeHint().height() == 0


def test_gradient_flow_is_the_norm_of_each_layer(studio: Studio) -> None:
    recording = studio.shown.recording
    assert recording is not None
    sizes = [bar.size for bar in gradient_flow(studio.shown)]
    for id, size in zip(("dense2", "dense1"), sizes, strict=True):
        parts = [
            g.ravel() for k, g in recording.weight_gradients.items() if k.partition(".")[0] == id
        ]
        assert size == pytest.approx(float(np.linalg.norm(np.concatenate(parts))))


def test_fields_for_numbers_of_any_size(qtbot: QtBot) -> None:
    field = Number(0.0, None, by_factor=True)
    qtbot.addWidget(field)
    for value, text in ((0.5, "0.5"), (1e-8, "1e-08"), (0.003, "0.003"), (12345.0, "12345")):
        put(field, value)
        assert field.text() == text and field.value() == value
    put(field, 0.1)
    seen = []
    for _ in range(3):
        field.stepBy(1)
        seen.append(field.text())
    assert seen == ["0.2", "0.5", "1"]
    for _ in range(4):
        field.stepBy(-1)
    assert field.text() == "0.05"
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, "2e-3")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 0.002
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, "nonsense")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 0.002


def test_fields_for_shapes(qtbot: QtBot) -> None:
    field = Sizes()
    qtbot.addWidget(field)
    for text, sizes in (("2, 3", (2, 3)), ("2×3", (2, 3)), ("", ()), ("2, x", None)):
        field.setText(text)
        assert field.sizes() == sizes


def test_the_rest_is_folded_away_and_each_of_it_is_an_edit(
    trainer: TrainerPanel, studio: Studio
) -> None:
    more = trainer.more
    assert more.form.isHidden()
    more.fold.setChecked(True)
    assert not more.form.isHidden()
    fields = more.form.fields
    for key, value in (("l1", 0.01), ("clip_norm", 2.0), ("clip_value", 0.5), ("stop_loss", 0.1)):
        field = fields[key]
        assert isinstance(field, Number)
        field.setValue(value)
    patience = fields["stop_patience"]
    assert isinstance(patience, Whole)
    patience.setValue(30)
    settings = studio.project.training
    assert (settings.l1, settings.clip_norm, settings.clip_value) == (0.01, 2.0, 0.5)
    assert (settings.stop.loss, settings.stop.patience) == (0.1, 30)
    schedule = fields["schedule"]
    assert isinstance(schedule, Choice)
    for name, own in (("cosine", "floor"), ("step", "shrink"), ("constant", "")):
        choose(schedule, name)
        trainer.refresh()
        assert studio.project.training.schedule.name == name
        assert ("floor" in fields, "shrink" in fields) == (own == "floor", own == "shrink")
    initial = fields["initial"]
    assert isinstance(initial, Choice)
    before = studio.project.weights["dense1.weight"]
    choose(initial, "he")
    assert studio.project.graph["dense1"].op.settings["initial"] == "he"
    assert not np.array_equal(studio.project.weights["dense1.weight"], before)
    dropout = fields["dropout"]
    assert isinstance(dropout, Number)
    dropout.setValue(0.3)
    assert [n.op.name for n in studio.project.graph.ordered].count("dropout") == 1
    dropout.setValue(0.0)
    assert "dropout" not in [n.op.name for n in studio.project.graph.ordered]


def test_who_scrolls_past_moves_no_slider(trainer: TrainerPanel, studio: Studio) -> None:
    slider = trainer.pace.slider
    slider.clearFocus()

    def turn() -> QWheelEvent:
        middle, none = QPointF(slider.rect().center()), QPoint()
        keys, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
        phase = Qt.ScrollPhase.NoScrollPhase
        far = slider.mapToGlobal(middle)
        event = QWheelEvent(middle, far, none, QPoint(0, -120), button, keys, phase, False)
        slider.wheelEvent(event)
        return event

    assert not turn().isAccepted() and studio.preferences.pace is None
    trainer.activateWindow()
    slider.setFocus()
    assert slider.hasFocus() and turn().isAccepted() and studio.preferences.pace is not None


def test_a_selected_layer_may_learn_at_its_own_rate(trainer: TrainerPanel, studio: Studio) -> None:
    trainer.more.fold.setChecked(True)
    factor = trainer.more.form.fields["factor"]
    assert isinstance(factor, Number) and factor.isHidden()
    studio.select(["dense1"])
    trainer.refresh()
    assert not factor.isHidden()
    factor.setValue(0.5)
    assert studio.project.training.rates == (("dense1", 0.5),)
    factor.setValue(0.0)
    assert studio.project.training.frozen == {"dense1"}


def test_a_diagnosis_is_a_card_with_a_button_that_mends_it(
    trainer: TrainerPanel, studio: Studio, qtbot: QtBot
) -> None:
    project = build.network(toys.make("moons"), (2, 8, 1), activation="relu")
    studio.begin(edits.set_value(project, "dense1.bias", np.full(8, -50.0)))
    qtbot.waitUntil(lambda: bool(trainer.cards.cards), timeout=PATIENCE)
    (card,) = trainer.cards.cards
    assert "8 of the 8 units" in card.text.text()
    assert [badge.kind for badge in studio.shown.diagnoses] == ["dead"]
    QTest.mouseClick(card.buttons[-1], Qt.MouseButton.LeftButton)
    assert studio.selection == {"relu1"}
    QTest.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
    assert studio.project.graph["relu1"].op.name == "leaky_relu"
    assert studio.shown.diagnoses == ()
    qtbot.waitUntil(lambda: not trainer.cards.cards, timeout=PATIENCE)


def test_a_setting_that_changes_while_it_runs_says_from_which_step(
    trainer: TrainerPanel, studio: Studio, qtbot: QtBot
) -> None:
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 50, timeout=PATIENCE)
    number(trainer, "learning_rate").setValue(0.25)
    qtbot.waitUntil(lambda: bool(studio.tending.changes), timeout=PATIENCE)
    ((step, before, after),) = studio.tending.changes
    assert before.optimizer == SGD(learning_rate=0.5)
    assert after.optimizer == SGD(learning_rate=0.25)
    trainer.refresh()
    assert "0.5 → 0.25" in trainer.changes.text()
    studio.pause()
    assert [each[0] for each in studio.tending.changes] == [step]


def test_a_rule_ends_the_run_and_a_limit_slows_it(
    trainer: TrainerPanel, studio: Studio, notices: list[Notice], qtbot: QtBot
) -> None:
    studio.set_training(stop=StopRule(steps=40))
    trainer.pace.slider.setValue(60)
    assert studio.preferences.pace == 1000.0
    studio.train()
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    assert studio.project.trained.steps == 40
    assert any("step 40 is reached" in notice.text for notice in notices)
    studio.train(10)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    assert studio.project.trained.steps == 50
    trainer.pace.slider.setValue(61)
    assert studio.preferences.pace is None


def test_all_that_is_said_while_it_trains_is_of_one_step(
    trainer: TrainerPanel, studio: Studio, qtbot: QtBot
) -> None:
    heard: list[tuple[str, int, int]] = []

    def note(shown: Showing) -> None:
        if shown.training and shown.metrics is not None:
            heard.append((said(trainer, "steps"), shown.step, shown.metrics.step))

    studio.moved.connect(note)
    studio.train()
    qtbot.waitUntil(lambda: len(heard) > 5, timeout=PATIENCE)
    studio.pause()
    for text, step, measured in heard:
        assert text == grouped(step) and measured == step


def test_an_empty_project_is_offered_sets_and_a_table(
    open_window: Callable[[], Window], studio: Studio
) -> None:
    window = open_window()
    studio.begin(Project())
    trainer = window.docks.by_name["trainer"].widget()
    assert isinstance(trainer, TrainerPanel)
    data = trainer.form.fields["data"]
    assert isinstance(data, Choice)
    trainer.refresh()
    assert not data.isHidden() and data.currentIndex() == -1
    given: list[str] = []
    window.given.connect(given.append)
    window.docks.by_name["trainer"].setFloating(True)
    choose(data, TABLE)
    assert given == ["open_table"] and data.currentIndex() == -1
    for dialog in window.findChildren(QFileDialog):
        dialog.reject()
    choose(data, "moons")
    trainer.refresh()
    assert studio.project.data is not None and data.currentData() == "moons"
    assert [node.op.name for node in studio.project.graph.ordered] == ["data"]
    window.docks.by_name["trainer"].setFloating(False)
