"""What is looked at: how far a step goes, one example or all, and why a gradient is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from bpstudio.playback.timeline import GATE, ITERATION, LAYER, PHASE
from bpstudio.playback.veil import Veil
from bpstudio.playback.why import Question
from bpstudio.project import edits
from bpstudio.ui.asking import about, asked
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.panels.boundary import BoundaryPanel
from bpstudio.ui.panels.inspector import InspectorPanel
from bpstudio.ui.panels.recording import GRADIENT, RecordingPanel
from bpstudio.ui.panels.weights import WeightsPanel
from bpstudio.ui.panels.why import WhyPanel
from bpstudio.ui.readout import example
from bpstudio.ui.studio import Studio
from bpstudio.ui.timeline_bar import notch_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from bpstudio.ui.window import Window

PATIENCE = 60_000
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
WEIGHT = Question(("dense1", "weight", 0), (0, 2))


# -- steps ------------------------------------------------------------------------------------


def test_a_step_goes_as_far_as_was_chosen(studio: Studio) -> None:
    studio.prefer(reduce_motion=True)
    studio.show_position(0.0)
    for unit, there in ((GATE, 1), (LAYER, 2), (PHASE, 5), (LAYER, 6), (ITERATION, 15)):
        studio.step_by(unit)
        studio.step(1)
        assert studio.shown.position == there
    for unit, there in ((PHASE, 11), (LAYER, 9), (GATE, 8), (ITERATION, 0)):
        studio.step_by(unit)
        studio.step(-1)
        assert studio.shown.position == there


def test_beyond_the_end_the_next_iteration_goes_on(studio: Studio, qtbot: QtBot) -> None:
    studio.step_by(ITERATION)
    before = studio.shown.recording
    assert before is not None
    studio.step(1)
    qtbot.waitUntil(lambda: studio.project.trained.steps == 1, timeout=PATIENCE)
    after = studio.shown.recording
    assert after is not None
    assert studio.shown.position == studio.shown.length
    for then, now in zip(before.updates, after.updates, strict=True):
        assert then.after == pytest.approx(now.before, abs=1e-12), "it starts where that ended"
    studio.show_position(0.0)
    studio.step(-1)
    assert studio.project.trained.steps == 0
    assert studio.shown.position == 0.0


def test_the_next_iteration_is_shown_from_its_beginning(studio: Studio, qtbot: QtBot) -> None:
    studio.next_iteration()
    qtbot.waitUntil(lambda: studio.project.trained.steps == 1, timeout=PATIENCE)
    assert studio.shown.position == 0.0
    assert not studio.shown.training


def test_the_bar_offers_units_and_speed(window: Window, studio: Studio) -> None:
    bar = window.timeline
    bar.units.setCurrentIndex(1)
    assert studio.shown.unit == LAYER
    window.actions_by_id["by_phase"].trigger()
    assert bar.units.currentIndex() == 2
    assert window.actions_by_id["by_phase"].isChecked()
    for speed in (0.1, 0.5, 1.0, 10.0):
        bar.speed.setValue(notch_of(speed))
        assert studio.preferences.speed == pytest.approx(speed, rel=0.02)
    bar.speed.setValue(4)
    assert studio.preferences.speed == 1.0, "the middle is easily found"


# -- one example ------------------------------------------------------------------------------


def test_one_example_or_the_whole_batch(studio: Studio) -> None:
    assert example(studio.shown) == "batch of 4"
    studio.show_row(2)
    assert example(studio.shown) == "row 3 of 4"
    recording = studio.shown.recording
    data = studio.project.data
    assert recording is not None and data is not None
    assert recording.values["data1"].tolist() == data.features[2:3].tolist()
    studio.do("Value", edits.set_entry, "dense1.bias", (0,), 0.5)
    assert studio.shown.row == 2, "an edit leaves it"
    for there in (3, None, 0, 1):
        studio.next_row(1)
        assert studio.shown.row == there
    studio.next_row(-1)
    studio.next_row(-1)
    assert studio.shown.row is None


def test_keys_and_the_chip_choose_the_example(window: Window, studio: Studio) -> None:
    chip = window.timeline.chip
    assert chip.text().strip() == "batch of 4"
    window.actions_by_id["next_example"].trigger()
    assert chip.text().strip() == "row 1 of 4"
    window.actions_by_id["previous_example"].trigger()
    assert chip.text().strip() == "batch of 4"
    studio.show_row(3)
    chip.click()
    assert studio.shown.row is None


def test_a_click_on_a_point_chooses_its_example(studio: Studio, qtbot: QtBot) -> None:
    panel = BoundaryPanel(studio)
    qtbot.addWidget(panel)
    panel.resize(300, 300)
    panel.show()
    panel.refresh()
    rect = panel.map._rect()
    data = studio.project.data
    assert data is not None
    place = next(
        (x, y)
        for x in range(0, 300, 3)
        for y in range(0, 300, 3)
        if panel.map.row_at(float(x), float(y)) == 2
    )
    assert rect.x < place[0] < rect.right
    QTest.mouseClick(panel.map, LEFT, NONE, QPoint(*place))
    assert studio.shown.row == 2
    QTest.mouseClick(panel.map, LEFT, NONE, QPoint(*place))
    assert studio.shown.row is None


# -- why --------------------------------------------------------------------------------------


def test_a_question_is_about_what_is_selected(studio: Studio) -> None:
    shown = studio.shown
    assert about(shown, None, frozenset({"dense2"})) is not None
    wire = ("loss1", "prediction", 0)
    question = about(shown, wire, frozenset({"dense2"}))
    assert question is not None and question.place == wire
    studio.show_position(2.0)
    assert about(studio.shown, None, frozenset({"dense2"})) is None, "no gradient came yet"
    assert asked(studio.shown, wire) is None


def test_the_answer_lists_paths_and_lights_the_one_pointed_at(studio: Studio, qtbot: QtBot) -> None:
    panel = WhyPanel(studio)
    qtbot.addWidget(panel)
    panel.resize(320, 500)
    panel.show()
    panel.refresh()
    assert panel.nothing.isVisible()
    studio.ask(WEIGHT)
    panel.refresh()
    assert panel.question.text() == "Why is the gradient of dense1.weight[1, 3] 0.04?"
    assert panel.count.text() == "2 paths lead here from the loss; they add up:"
    shown = [row for row in panel.paths if row.isVisible()]
    assert len(shown) == 2
    assert "0.03674 = 0.0822 + (−0.04546)" in panel.whole.accessibleName()
    shown[0].lit()
    assert ("dense1", "weight", 0) in studio.shown.lit
    shown[0].unlit()
    assert studio.shown.lit == frozenset()


def test_what_is_hidden_is_not_explained(studio: Studio, qtbot: QtBot) -> None:
    panel = WhyPanel(studio)
    qtbot.addWidget(panel)
    panel.show()
    studio.ask(WEIGHT)
    studio.hide(Veil())
    panel.refresh()
    assert panel.nothing.isVisible() and not panel.whole.isVisible()


def test_a_question_about_what_is_gone_is_dropped(studio: Studio) -> None:
    studio.ask(WEIGHT)
    studio.do("Delete", edits.remove_nodes, ["dense1"])
    assert studio.shown.question is None


def test_a_click_on_a_weight_asks_about_its_gradient(studio: Studio, qtbot: QtBot) -> None:
    panel = WeightsPanel(studio)
    qtbot.addWidget(panel)
    panel.resize(420, 400)
    panel.show()
    panel.refresh()
    rect, sheet = panel.sheets._blocks[0]
    assert sheet.key == "dense1.weight"
    x, y = rect.x + rect.width * 2.5 / 4, rect.y + rect.height / 4
    QTest.mouseClick(panel.sheets, LEFT, NONE, QPoint(round(x), round(y)))
    assert studio.shown.question == WEIGHT


def test_the_command_asks_and_opens_the_panel(window: Window, studio: Studio) -> None:
    dock = window.docks.by_name["why"]
    assert dock.isHidden()
    studio.select(["dense2"])
    window.actions_by_id["why"].trigger()
    assert studio.shown.question is not None
    assert studio.shown.question.place == ("dense2", "", 0)
    assert not dock.isHidden()


def test_a_click_on_a_red_number_asks(studio: Studio, qtbot: QtBot) -> None:
    from bpstudio.project import placing
    from bpstudio.project.project import Project

    studio.begin(placing.add_formula(Project(), "f = (x + y) * z"))
    for key, value in (("x", -2.0), ("y", 5.0), ("z", -4.0)):
        studio.do("Value", edits.set_value, f"{key}.value", value)
    canvas = Canvas(studio)
    qtbot.addWidget(canvas)
    canvas.resize(700, 400)
    with qtbot.waitExposed(canvas):
        canvas.show()
    studio.show_position(float(studio.shown.length))
    canvas.repaint()
    label = next(
        label
        for label in canvas.drawing.figures.numbers.labels
        if (label.node, label.role) == ("x", "gradient")
    )
    x, y = canvas.view.to_widget((label.x, label.y - 4))
    QTest.mouseClick(canvas, LEFT, NONE, QPoint(round(x), round(y)))
    assert studio.shown.question == Question(("x", "", 0))


def test_the_row_of_a_backward_step_shows_what_arrives(studio: Studio, qtbot: QtBot) -> None:
    panel = RecordingPanel(studio)
    qtbot.addWidget(panel)
    panel.resize(460, 300)
    panel.show()
    timeline = studio.shown.timeline
    assert timeline is not None
    number = timeline.backward_at["dense2"]
    studio.show_position(number - 0.9)
    panel.refresh()
    role = Qt.ItemDataRole.DisplayRole
    text = panel.steps.data(panel.steps.index(number - 1, GRADIENT), role)
    assert text.startswith("‖")
    later = panel.steps.data(panel.steps.index(number, GRADIENT), role)
    assert later == "·"


def test_a_click_on_an_entry_in_the_inspector_asks(studio: Studio, qtbot: QtBot) -> None:
    panel = InspectorPanel(studio)
    qtbot.addWidget(panel)
    panel.resize(330, 600)
    studio.select(["dense1"])
    panel.show()
    panel.refresh()
    panel.pictures.buttons["heat"].click()
    picture = panel.pictures.picture
    ((_array, _role, rect), (_gradient, role, below)) = picture._placed()
    assert role == "gradient"
    QTest.mouseClick(picture, LEFT, NONE, QPoint(3, round(below.y + 3)))
    assert studio.shown.question == Question(("dense1", "", 0), (0, 0))
    QTest.mouseClick(picture, LEFT, NONE, QPoint(3, round(rect.bottom - 2)))
    assert studio.shown.question == Question(("dense1", "", 0), (0, 0)), "that is no entry"
