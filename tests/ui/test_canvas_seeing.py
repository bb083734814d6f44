"""What the canvas shows at each distance, its badges, its problems and their fixes, its corners."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from bpstudio.engine.formula import build as formula_of
from bpstudio.engine.inside import NEURONS
from bpstudio.engine.op import catalog
from bpstudio.playback.badges import FROZEN, TIE, Badge
from bpstudio.playback.detail import FAR, MIDDLE, NEAR, detail_at
from bpstudio.playback.ground import OPEN
from bpstudio.playback.marks import Rect
from bpstudio.playback.near import formulas, near
from bpstudio.playback.scene import STUB
from bpstudio.project import build, edits
from bpstudio.project.opening import unfold
from bpstudio.project.project import Project
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.canvas.clearing import clear_place
from bpstudio.ui.canvas.view import View, step
from bpstudio.ui.studio import Studio

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def canvas(qtbot: QtBot, studio: Studio) -> Iterator[Canvas]:
    """A canvas on the screen with (x+y)z on it."""
    made = Canvas(studio)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    studio.begin(build.from_formula(formula_of("(x+y)*z", {"x": -2.0, "y": 5.0, "z": -4.0})))
    x, y = made.scene.extent.centre
    made.look(View(x - 500.0, y - 350.0))
    made.setFocus()
    yield made
    made.give_up()


# -- levels of detail ----------------------------------------------------------------------------


def test_detail_has_hysteresis() -> None:
    assert [detail_at(scale) for scale in (0.1, 0.5, 1.2)] == [FAR, MIDDLE, NEAR]
    for low, high, below, above in ((0.27, 0.31, FAR, MIDDLE), (0.76, 0.85, MIDDLE, NEAR)):
        between = (low + high) / 2
        assert detail_at(between, below) == below
        assert detail_at(between, above) == above
        assert detail_at(high, below) == above
        assert detail_at(low - 0.01, above) == below
    assert detail_at(8.0, FAR) == NEAR and detail_at(0.06, NEAR) == FAR


def test_one_step_of_zoom_to_and_fro_changes_the_detail_once_at_most(canvas: Canvas) -> None:
    scale, details = 0.2, []
    for turn in [*[1] * 30, *[-1] * 3, *[1] * 3, *[-1] * 3, *[1] * 3]:
        scale = step(scale, turn)
        canvas.zoom_to(scale)
        canvas.rest()
        canvas.repaint()
        details.append(canvas.drawing.detail)
    changes = sum(a != b for a, b in itertools.pairwise(details))
    assert changes == 2


def test_each_detail_draws_something_else(canvas: Canvas) -> None:
    pictures = []
    for scale in (0.25, 0.6, 1.0):
        canvas.zoom_to(scale)
        canvas.rest()
        pictures.append(canvas.grab().toImage())
        assert canvas.drawing.detail == (FAR, MIDDLE, NEAR)[len(pictures) - 1]
    assert len({bytes(p.constBits()) for p in pictures}) == 3


def test_from_near_by_a_formula_stands_under_its_gate(canvas: Canvas) -> None:
    written = formulas(canvas.scene, canvas.scene.each)
    texts = {"".join(span.text for span in mark.spans): mark for mark in written}
    assert "y = x + y" in texts
    body = canvas.scene.bodies["add1"]
    assert texts["y = x + y"].y > body.rect.bottom
    assert texts["y = x + y"].x == body.rect.centre[0]


def test_from_near_by_a_layer_shows_its_weights_and_where_it_stands(
    canvas: Canvas, xor: Project
) -> None:
    from bpstudio.playback.flow import Moving
    from bpstudio.playback.marks import Discs, Heat
    from bpstudio.playback.near import points

    canvas.studio.begin(xor)
    shown = canvas.studio.shown
    moving = Moving(canvas.scene, shown.instant, shown.weights, {})
    heats = [mark for mark in near(moving) if isinstance(mark, Heat)]
    weight = shown.weights["dense1.weight"]
    strips = [h for h in heats if h.values.shape == (1, weight.shape[0])]
    assert len(strips) >= weight.shape[1]
    largest = max(1.0, *(float(np.abs(w).max()) for w in shown.weights.values()))
    assert strips[0].values[0] == pytest.approx(weight[:, 0] / largest)
    (discs,) = (m for m in points(moving, canvas.scene.each) if isinstance(m, Discs))
    assert len(discs.centres) == 4 * (4 + 1)
    # They stand in the headers of their layers.
    rects = [canvas.scene.bodies[id].rect for id in ("dense1", "dense2")]
    for x, y in discs.centres.tolist():
        assert any(r.x <= x <= r.right and r.y <= y <= r.y + 60 for r in rects)


# -- badges --------------------------------------------------------------------------------------


def test_a_badge_is_drawn_and_says_what_it_means(canvas: Canvas) -> None:
    studio = canvas.studio
    studio.begin(build.from_formula(formula_of("max(x, y)*z", {"x": 3.0, "y": 3.0, "z": 2.0})))
    canvas.zoom_to(1.0)
    with_tie = canvas.grab().toImage()
    id = next(n.id for n in studio.project.graph.nodes.values() if n.op.name == "max")
    (place,) = (rect.centre for rect, badge in _badges(canvas) if badge.kind == TIE)
    assert "tie" in canvas._told_at(place)
    studio.do("Value", edits.set_value, "y.value", 4.0)
    assert canvas.grab().toImage() != with_tie
    assert _badges(canvas) == []
    assert canvas.drawing.badge_at(studio.shown, place) is None
    assert id in canvas.scene.bodies


def test_no_badge_before_its_numbers_are_there(canvas: Canvas) -> None:
    studio = canvas.studio
    studio.begin(build.from_formula(formula_of("max(x, y)*z", {"x": 3.0, "y": 3.0, "z": 2.0})))
    canvas.zoom_to(1.0)
    canvas.repaint()
    assert [badge.kind for _rect, badge in _badges(canvas)] == [TIE]
    studio.show_position(0.0)
    canvas.repaint()
    assert _badges(canvas) == []


def test_freezing_shows_at_once(canvas: Canvas, xor: Project) -> None:
    studio = canvas.studio
    studio.begin(xor)
    canvas.repaint()
    frozen = replace(studio.project.training, frozen=frozenset({"dense1"}))
    studio.do("Freeze", edits.set_training, frozen)
    canvas.repaint()
    assert FROZEN in [badge.kind for _rect, badge in _badges(canvas)]


def _badges(canvas: Canvas) -> list[tuple[Rect, Badge]]:
    from bpstudio.playback import badges

    visible = canvas.drawing.badging.visible(canvas.studio.shown.instant)
    return list(badges.places(canvas.scene, visible))


# -- problems ------------------------------------------------------------------------------------


def test_a_clash_is_told_where_it_is_and_mended_by_one_click(canvas: Canvas, xor: Project) -> None:
    studio = canvas.studio
    studio.begin(xor)
    canvas.repaint()
    studio.do("Units", edits.set_setting, "dense2", "units", 5)
    canvas.repaint()
    (problem,) = canvas.troubles.problems
    card = canvas.troubles.card
    assert card.isVisible()
    assert any("5" in label.text() for label in card.findChildren(QLabel))
    entries = len(studio.history.past)
    button = card.buttons[0]
    assert button.text() == "Set the units of dense2 to 1"
    QTest.mouseClick(button, LEFT)
    assert not canvas.troubles.problems and not card.isVisible()
    assert len(studio.history.past) == entries + 1
    assert studio.history.undo_name == "Set the units of dense2 to 1"
    studio.undo()
    assert canvas.troubles.problems[0].key == problem.key


def test_the_rest_of_the_graph_keeps_working(canvas: Canvas) -> None:
    studio = canvas.studio
    studio.do("Add", edits.add_node, catalog["square"](), (0.0, 200.0), id="open")
    recording = studio.shown.recording
    assert recording is not None and recording.values["multiply1"] == -12.0
    canvas.repaint()
    assert [p.node for p in canvas.troubles.problems] == ["open"]


def test_several_problems_are_marked_and_walked_through(canvas: Canvas) -> None:
    studio = canvas.studio
    before = canvas.grab().toImage()
    studio.do("Add", edits.add_node, catalog["add"](), (0.0, 200.0), id="one")
    studio.do("Add", edits.add_node, catalog["square"](), (150.0, 200.0), id="two")
    assert canvas.grab().toImage() != before
    assert len(canvas.troubles.problems) == 3
    assert canvas.troubles.count.isVisible() and "3" in canvas.troubles.count.text()
    assert not canvas.troubles.card.isVisible()  # an open port can wait
    canvas.troubles.mend()
    assert studio.selection == {"one"} and canvas.troubles.card.isVisible()
    assert canvas.troubles.card.height() > 60
    canvas.troubles.mend()  # and once more: its first fix
    assert len(canvas.troubles.problems) == 2
    QTest.mouseClick(canvas.troubles.count, LEFT)
    assert studio.selection == {"two"}
    studio.select(())
    assert not canvas.troubles.card.isVisible()


def test_a_tooltip_at_the_sign_says_the_problem(canvas: Canvas) -> None:
    canvas.studio.do("Add", edits.add_node, catalog["square"](), (0.0, 200.0), id="open")
    place = canvas.scene.bodies["open"].inputs()["x", 0]
    assert "port x" in canvas._told_at(place)


def test_a_circle_is_drawn_and_can_be_opened(qtbot: QtBot, canvas: Canvas) -> None:
    studio = canvas.studio
    bodies = canvas.scene.bodies
    begin, end = bodies["multiply1"].output, bodies["add1"].inputs()["a", 0]
    points = [QPoint(*map(round, canvas.view.to_widget(p))) for p in (begin, end)]
    QTest.mousePress(canvas, LEFT, NONE, points[0])
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(canvas, points[0] + (points[1] - points[0]) * share)
    QTest.mouseRelease(canvas, LEFT, NONE, points[1])
    canvas.repaint()
    refused = canvas.troubles.refused
    assert refused is not None and refused.wires == (("multiply1", "a", 0),)
    assert canvas.troubles.card.isVisible()
    QTest.mouseClick(canvas.troubles.card.buttons[0], LEFT)
    assert studio.project.graph["add1"].sources["a"] == ("multiply1",)
    assert canvas.troubles.refused is None


def test_the_card_stays_inside_a_small_canvas(canvas: Canvas, xor: Project) -> None:
    canvas.resize(430, 360)
    canvas.studio.begin(xor)
    for theme, language in (("projector", "en"), ("light", "ko")):
        canvas.studio.prefer(theme=theme, language=language)
        canvas.studio.do("Units", edits.set_setting, "dense2", "units", 5)
        canvas.repaint()
        card = canvas.troubles.card
        assert card.isVisible()
        assert canvas.rect().contains(card.geometry())
        for button in card.findChildren(QPushButton):
            needed = button.fontMetrics().horizontalAdvance(button.text())
            assert button.width() >= needed
        canvas.studio.undo()
    canvas.studio.prefer(theme="light", language="en")


# -- results -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "detail"), [(0.5, MIDDLE), (1.2, NEAR)])
def test_a_result_that_nothing_reads_ends_in_an_open_ring(
    canvas: Canvas, scale: float, detail: str
) -> None:
    studio = canvas.studio
    studio.prefer(minimap=False)
    canvas.captioned = False
    canvas.setFocus()
    canvas.zoom_to(scale)
    canvas.rest()

    def inked() -> list[int]:
        """How dark the ring's own row of pixels is, from left of the ring to right of it."""
        x, y = canvas.view.to_widget(ring)
        wide = math.ceil((OPEN + 1.0) * scale)
        picture = canvas.grab().toImage()
        assert canvas.drawing.detail == detail
        row = range(round(x) - wide, round(x) + wide + 1)
        return [QColor(picture.pixel(column, round(y))).lightness() for column in row]

    body = canvas.scene.bodies["multiply1"]
    right, middle = body.exits["multiply1"]
    ring = right + STUB * body.type + OPEN, middle
    inside, edge = inked()[len(inked()) // 2], inked()[len(inked()) // 2 :]
    assert inside - min(edge) > 25, "it is open, and has a line around it"
    studio.do("Add", edits.add_node, catalog["sigmoid"](), (ring[0] + 160.0, ring[1] + 160.0))
    studio.do("Connect", edits.connect, "multiply1", "sigmoid1", "x")
    canvas.rest()
    assert max(inked()) - min(inked()[len(inked()) // 2 :]) < 25, "something reads it"


# -- minimap -------------------------------------------------------------------------------------


def test_the_minimap_is_there_where_the_network_does_not_fit(canvas: Canvas) -> None:
    minimap = canvas.minimap
    canvas.fit()
    assert not minimap.isVisible()
    canvas.zoom_to(3.0)
    assert minimap.isVisible()
    canvas.studio.prefer(minimap=False)
    assert not minimap.isVisible()
    canvas.studio.prefer(minimap=True)
    assert minimap.isVisible()


def test_the_caption_keeps_clear_of_the_minimap(
    canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    room: list[tuple[int, int]] = []

    def paint(*drawn: Any) -> None:
        room.append(drawn[4])

    monkeypatch.setattr(canvas.drawing.caption, "paint", paint)
    canvas.studio.show_position(1.0)
    canvas.fit()
    canvas.repaint()
    assert room[-1] == (canvas.width(), canvas.height())
    canvas.zoom_to(3.0)
    canvas.repaint()
    assert canvas.minimap.isVisible()
    assert room[-1] == (canvas.minimap.x(), canvas.height())


@pytest.mark.parametrize("scale", [0.9, 1.0, 1.4, 2.0])
def test_the_caption_covers_no_node_where_there_is_room(canvas: Canvas, scale: float) -> None:
    canvas.zoom_to(scale)
    studio, caption = canvas.studio, canvas.drawing.caption
    for id in canvas.scene.bodies:
        for left, top in ((0.2, 0.2), (0.5, 0.9), (0.8, 0.6), (0.1, 0.95)):
            x, y = canvas.scene.bodies[id].rect.centre
            away = left * canvas.width() / scale, top * canvas.height() / scale
            canvas.look(View(x - away[0], y - away[1], scale))
            stood = set()
            for moment in range(len(studio.shown.timeline or ())):
                studio.show_position(moment + 0.9)
                canvas.repaint()
                stood.add((caption.covers.x, caption.covers.y))
                for body in canvas.scene.each:
                    assert not canvas.view.rect_to_widget(body.rect).meets(caption.covers), body.ids
            assert len(stood) == 1, "it does not move from step to step"


def test_where_the_largest_caption_has_no_room_each_stands_where_it_has(
    canvas: Canvas, xor: Project
) -> None:
    canvas.studio.begin(xor)
    canvas.studio.prefer(theme="projector", scale=150)
    canvas.resize(366, 290)
    canvas.fit()
    canvas.studio.show_position(14.9)
    canvas.repaint()
    caption = canvas.drawing.caption.covers
    for body in canvas.scene.each:
        assert not canvas.view.rect_to_widget(body.rect).meets(caption), body.ids


def test_in_a_crowd_the_caption_covers_what_counts_least() -> None:
    node, number = (0.0, 0.0, 300.0, 60.0, 4.0), (0.0, 60.0, 300.0, 200.0, 1.0)
    taken = np.array([node, number])
    at = clear_place(taken, (20.0, 10.0), None, (200.0, 50.0), (300, 200), 14.0)
    assert at[1] >= 60.0
    assert clear_place(taken[:1], (20.0, 100.0), (14.0, 14.0), (200.0, 50.0), (300, 200), 14.0) == (
        20.0,
        100.0,
    )
    stood = (30.0, 120.0)
    assert clear_place(taken[:1], (20.0, 10.0), stood, (200.0, 50.0), (300, 200), 14.0) == stood
    # What is larger than the widget stands at its corner.
    assert clear_place(taken, (14.0, 14.0), None, (900.0, 900.0), (300, 200), 14.0) == (14.0, 14.0)


def test_a_press_and_a_drag_in_the_minimap_move_the_view(canvas: Canvas) -> None:
    canvas.zoom_to(3.0)
    minimap = canvas.minimap
    for id in ("x", "multiply1"):
        place = canvas.scene.bodies[id].rect.centre
        at = QPoint(*map(round, minimap.to_pixel(place)))
        QTest.mousePress(minimap, LEFT, NONE, at)
        seen = canvas.seen.centre
        factor = minimap._fit()[0]
        assert seen == pytest.approx(place, abs=1.5 / factor)
        QTest.mouseMove(minimap, at + QPoint(5, 3))
        assert canvas.seen.centre[0] > seen[0]
        QTest.mouseRelease(minimap, LEFT, NONE, at)
    assert not canvas.studio.history.past


# -- gliding -------------------------------------------------------------------------------------


def test_an_opened_layer_glides_and_arrives(
    qtbot: QtBot, canvas: Canvas, xor: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpstudio.ui.canvas import glide

    now = [100.0]
    monkeypatch.setattr("bpstudio.ui.canvas.glide.time.monotonic", lambda: now[0])
    studio = canvas.studio
    studio.begin(xor)
    canvas.repaint()
    stood = canvas.scene.bodies["dense1"].rect.centre
    studio.do("Open", unfold, "dense1", NEURONS)
    drawing = canvas.drawing
    assert drawing.gliding and drawing._glide is not None
    new = [id for id in canvas.scene.bodies if id not in xor.graph.nodes]
    begun = drawing._glide.at(0.0)
    assert all(begun.bodies[id].rect.centre == pytest.approx(stood) for id in new)
    arrived = drawing._glide.at(1.0)
    for id in new:
        assert arrived.bodies[id].rect.centre == pytest.approx(canvas.scene.bodies[id].rect.centre)
    for mine, final in zip(arrived.paths, canvas.scene.paths, strict=True):
        assert mine.controls == pytest.approx(final.controls)
    canvas.repaint()
    assert drawing.gliding
    now[0] += glide.LASTS
    on_arrival = canvas.grab().toImage()
    assert not drawing.gliding
    drawing.renew()
    assert canvas.grab().toImage() == on_arrival


def test_with_reduced_motion_all_is_there_at_once(canvas: Canvas, xor: Project) -> None:
    canvas.studio.prefer(reduce_motion=True)
    canvas.studio.begin(xor)
    canvas.studio.do("Open", unfold, "dense1", NEURONS)
    assert not canvas.drawing.gliding
    canvas.studio.prefer(reduce_motion=False)


def test_what_was_dragged_does_not_glide(canvas: Canvas) -> None:
    x, y = canvas.scene.bodies["add1"].rect.centre
    canvas.studio.do("Move", edits.move, {"add1": (x + 80, y + 40)})
    assert not canvas.drawing.gliding
    canvas.studio.do("Move", edits.move, {"add1": (x, y), "x": (-500.0, 0.0)})
    assert canvas.drawing.gliding


# -- wheels and touchpads ------------------------------------------------------------------------


def turn(
    canvas: Canvas,
    angle: QPoint,
    pixels: QPoint | None = None,
    held: Qt.KeyboardModifier = NONE,
) -> None:
    event = QWheelEvent(
        QPointF(300, 200), QPointF(300, 200), pixels or QPoint(), angle,
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def test_two_fingers_move_the_view(canvas: Canvas) -> None:
    before = canvas.view
    turn(canvas, QPoint(0, -40), QPoint(-13, -37))
    assert canvas.view.scale == before.scale
    assert (canvas.view.x - before.x, canvas.view.y - before.y) == (13.0, 37.0)


def test_shift_and_a_wheel_move_sideways_and_ctrl_zooms(canvas: Canvas) -> None:
    before = canvas.view
    turn(canvas, QPoint(0, -120), held=SHIFT)
    assert canvas.view.scale == before.scale and canvas.view.y == before.y
    assert canvas.view.x > before.x
    turn(canvas, QPoint(0, 120), QPoint(0, 40), held=CONTROL)
    assert canvas.view.scale > before.scale


def test_a_pinch_zooms_about_the_fingers(canvas: Canvas) -> None:
    place = canvas.view.to_canvas((300.0, 200.0))
    for _ in range(10):
        event = QNativeGestureEvent(
            Qt.NativeGestureType.ZoomNativeGesture, QPointingDevice.primaryPointingDevice(), 2,
            QPointF(300, 200), QPointF(300, 200), QPointF(300, 200), 0.08, QPointF(), 0,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)
    assert canvas.view.scale == pytest.approx(1.08**10, rel=0.06)
    assert canvas.view.to_canvas((300.0, 200.0)) == pytest.approx(place, abs=1.0)


PORTS = """
import sys
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from bpstudio.engine.formula import build as formula_of
from bpstudio.project import build
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.canvas.hit import Input, Output
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training

app = QApplication(["ports"])
studio = Studio(Preferences(), Training())
canvas = Canvas(studio)
canvas.resize(900, 600)
canvas.show()
studio.begin(build.from_formula(formula_of("(x+y)*z", {"x": 1.0, "y": 2.0, "z": 3.0})))
ratio = canvas.devicePixelRatioF()
assert ratio == float(sys.argv[1]), ratio
tried = 0
for scale in (0.5, 1.0, 1.7):
    canvas.zoom_to(scale)
    canvas.repaint()
    for body in canvas.scene.each:
        ends = [(place, Input) for place in body.inputs().values()]
        if canvas.targets.scene.graph.readers[body.last.id]:
            ends.append((body.output, Output))
        for place, kind in ends:
            x, y = canvas.view.to_widget(place)
            # Where it is drawn, to a pixel of the screen, and 2 pixels of the widget around it.
            x, y = round(x * ratio) / ratio, round(y * ratio) / ratio
            for dx, dy in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
                found = canvas._port_at(canvas.view.to_canvas((x + dx, y + dy)))
                assert isinstance(found, kind) and found.node in body.ids, (scale, body.node.id)
                tried += 1
assert tried > 100
canvas.close()
studio.close()
"""


@pytest.mark.parametrize("factor", ["1", "1.25", "1.5", "2"])
def test_ports_are_hit_within_two_pixels_whatever_the_scale_of_the_screen(factor: str) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"}
    environment["QT_SCALE_FACTOR_ROUNDING_POLICY"] = "PassThrough"
    done = subprocess.run(
        [sys.executable, "-c", PORTS, factor],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
