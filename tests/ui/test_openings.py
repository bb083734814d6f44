"""Opening, closing and fusing on the canvas, by real mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from bpstudio.engine.formula import build as formula_of
from bpstudio.playback.scene import laid_out
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.canvas.view import View
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.window import Window

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
VALUES = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
OUTSIDE = ("w0", "x0", "w1", "x1", "w2", "multiply1", "multiply2", "add1", "add2")


@pytest.fixture
def neuron(qtbot: QtBot, studio: Studio) -> Iterator[Canvas]:
    """A canvas on the screen with the lecture's neuron, whose sigmoid is one gate `f`."""
    made = Canvas(studio)
    qtbot.addWidget(made)
    made.resize(1300, 700)
    made.show()
    qtbot.waitExposed(made)
    formula = formula_of("f = sigmoid(w0*x0+w1*x1+w2)", VALUES)
    studio.begin(laid_out(build.from_formula(formula)))
    made.look(View(-40.0, -150.0, 1.0))
    made.setFocus()
    made.repaint()
    yield made
    made.give_up()


def pixel(canvas: Canvas, place: tuple[float, float]) -> QPoint:
    return QPointF(*canvas.view.to_widget(place)).toPoint()


def double_click(canvas: Canvas, place: tuple[float, float]) -> None:
    """All that Qt sends for a double click: press, release, double click, release."""
    where = pixel(canvas, place)
    QTest.mouseClick(canvas, LEFT, NONE, where)
    QTest.mouseDClick(canvas, LEFT, NONE, where)
    canvas.repaint()


def middle(canvas: Canvas, id: str) -> tuple[float, float]:
    return canvas.scene.bodies[id].rect.centre


def boundary(studio: Studio) -> dict[str, tuple[float, float]]:
    """Value and gradient of each node outside the sigmoid."""
    recording = studio.shown.recording
    assert recording is not None
    return {
        id: (float(recording.values[id]), float(recording.gradients[id].item())) for id in OUTSIDE
    }


def entries(studio: Studio) -> int:
    return len(studio.history.past)


def test_a_gate_is_opened_and_closed_by_double_clicks(neuron: Canvas) -> None:
    studio = neuron.studio
    project, before, count = studio.project, boundary(studio), entries(studio)
    double_click(neuron, middle(neuron, "f"))
    assert neuron.editor is None and neuron.search is None
    members = set(studio.project.groups["f"].members)
    assert studio.selection == members and len(members) == 4
    assert entries(studio) == count + 1 and studio.history.undo_name == "Open up"
    np.testing.assert_allclose(list(boundary(studio).values()), list(before.values()), rtol=1e-12)
    (frame,) = neuron.scene.frames
    assert frame.members == members
    double_click(neuron, frame.title.rect.centre)
    assert studio.project.graph == project.graph and studio.project.places == project.places
    assert studio.selection == {"f"} and studio.history.undo_name == "Close again"
    assert entries(studio) == count + 2
    assert boundary(studio) == before
    studio.undo()
    assert set(studio.project.groups["f"].members) == members
    studio.undo()
    assert studio.project.graph is project.graph


@pytest.mark.parametrize("clicks", [1, 2])
def test_the_mark_closes_with_one_click_and_two_do_no_more(neuron: Canvas, clicks: int) -> None:
    double_click(neuron, middle(neuron, "f"))
    mark = neuron.scene.frames[0].mark.centre
    if clicks == 1:
        QTest.mouseClick(neuron, LEFT, NONE, pixel(neuron, mark))
    else:
        double_click(neuron, mark)
    assert not neuron.studio.project.groups
    assert neuron.studio.selection == {"f"}
    assert neuron.search is None and neuron.editor is None


def test_a_press_on_the_mark_can_be_taken_back(neuron: Canvas) -> None:
    double_click(neuron, middle(neuron, "f"))
    mark = pixel(neuron, neuron.scene.frames[0].mark.centre)
    QTest.mousePress(neuron, LEFT, NONE, mark)
    QTest.mouseMove(neuron, mark + QPoint(60, 60))
    QTest.mouseRelease(neuron, LEFT, NONE, mark + QPoint(60, 60))
    assert "f" in neuron.studio.project.groups


def test_members_take_their_box_along(neuron: Canvas) -> None:
    studio = neuron.studio
    double_click(neuron, middle(neuron, "f"))
    frame, count = neuron.scene.frames[0], entries(studio)
    start = pixel(neuron, frame.title.rect.centre)
    QTest.mousePress(neuron, LEFT, NONE, start)
    for step in (QPoint(0, 20), QPoint(10, 60)):
        QTest.mouseMove(neuron, start + step)
        neuron.repaint()
    assert neuron.drawing.standing.frames[0].rect.y == frame.rect.y + 60
    dragged = neuron.grab().toImage()
    QTest.mouseRelease(neuron, LEFT, NONE, start + QPoint(10, 60))
    after = neuron.scene.frames[0]
    assert after.rect == frame.rect._replace(x=frame.rect.x + 10, y=frame.rect.y + 60)
    assert entries(studio) == count + 1 and studio.history.undo_name == "Move"
    neuron.drawing.renew()
    neuron.repaint()
    put_down = neuron.grab().toImage()
    corner = pixel(neuron, (after.rect.x, after.rect.centre[1]))
    for dy in range(-20, 20):
        at = corner + QPoint(0, dy)
        assert dragged.pixelColor(at) == put_down.pixelColor(at)
    # One member alone stretches it, and nothing of where it was is left.
    QTest.mouseClick(neuron, LEFT, NONE, pixel(neuron, (0, -120)))
    last = studio.project.groups["f"].output
    start = pixel(neuron, middle(neuron, last))
    QTest.mousePress(neuron, LEFT, NONE, start)
    for step in (QPoint(0, 40), QPoint(0, 90), QPoint(0, 70)):
        QTest.mouseMove(neuron, start + step)
        neuron.repaint()
    while_dragged = neuron.grab().toImage()
    QTest.mouseRelease(neuron, LEFT, NONE, start + QPoint(0, 70))
    taller = neuron.scene.frames[0].rect
    assert taller.height == after.rect.height + 70
    neuron.drawing.renew()
    neuron.repaint()
    anew = neuron.grab().toImage()
    column = pixel(neuron, (taller.x + 30, taller.y))
    for dy in range(-10, round(taller.height) + 60):
        at = column + QPoint(0, dy)
        assert while_dragged.pixelColor(at) == anew.pixelColor(at), dy


def test_enter_opens_a_gate_and_types_what_is_whole(neuron: Canvas) -> None:
    studio = neuron.studio
    studio.select(["f"])
    QTest.keyClick(neuron, Qt.Key.Key_Return)
    assert "f" in studio.project.groups
    studio.select(["x0"])
    QTest.keyClick(neuron, Qt.Key.Key_Return)
    assert isinstance(neuron.editor, QLineEdit) and neuron.editor.text() == "-1.0"
    QTest.keyClick(neuron.editor, Qt.Key.Key_Escape)
    count = entries(studio)
    double_click(neuron, middle(neuron, "add1"))
    assert neuron.editor is not None, "an add gate has nothing in it, so its title is typed"
    QTest.keyClick(neuron.editor, Qt.Key.Key_Escape)
    assert entries(studio) == count


def test_a_layer_is_opened_by_its_body_and_renamed_by_its_title(
    neuron: Canvas, xor: Project
) -> None:
    studio = neuron.studio
    studio.begin(laid_out(xor))
    neuron.repaint()
    rect = neuron.scene.bodies["dense1"].rect
    double_click(neuron, (rect.x + 30, rect.y + 20))
    assert neuron.editor is not None and not studio.project.groups
    QTest.keyClick(neuron.editor, Qt.Key.Key_Escape)
    rect = neuron.scene.bodies["dense1"].rect
    double_click(neuron, (rect.x + 8, rect.centre[1]))
    graph = studio.project.graph
    kinds = [graph[id].op.name for id in studio.project.groups["dense1"].members]
    assert kinds == ["dense"] * 4 + ["concatenate"]
    rects = [body.rect for body in neuron.scene.each]
    assert not [(a, b) for a in rects for b in rects if a is not b and a.meets(b)]
    neuron.fit()
    double_click(neuron, neuron.scene.frames[0].title.rect.centre)
    assert studio.project.places == laid_out(xor).places


def test_playback_stays_at_its_step(neuron: Canvas) -> None:
    studio = neuron.studio

    def moment() -> tuple[str, str]:
        instant = studio.shown.instant
        assert instant is not None and instant.moment is not None
        return instant.moment.phase, instant.moment.node

    timeline = studio.shown.timeline
    assert timeline is not None
    for number in range(1, len(timeline) + 1):
        studio.show_position(number - 0.4)
        was, position = moment(), studio.shown.position
        double_click(neuron, middle(neuron, "f"))
        if was[1] == "f":
            assert moment()[0] == was[0]
            assert moment()[1] in studio.project.groups["f"].members, "what it does comes next"
            assert studio.shown.position % 1 == 0
        else:
            assert moment() == was and studio.shown.position % 1 == pytest.approx(0.6)
        studio.undo()
        assert studio.shown.position == pytest.approx(number - 1 if was[1] == "f" else position)
    studio.show_position(len(timeline))
    double_click(neuron, middle(neuron, "f"))
    assert studio.shown.position == studio.shown.length > len(timeline)


def test_the_menus_open_close_and_fuse(
    window: Window, xor: Project, notices: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMenu, "popup", lambda *_arguments: None)
    studio, commands, canvas = window.studio, window.actions_by_id, window.canvas
    studio.begin(laid_out(xor))
    openings = ("open_into_neurons", "open_into_matrices", "open_into_gates", "close_opened")

    def possible() -> list[str]:
        return [id for id in (*openings, "fuse") if commands[id].isEnabled()]

    assert possible() == []
    studio.select(["dense1"])
    assert possible() == list(openings[:3])
    where = pixel(canvas, middle(canvas, "dense1"))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, QPoint(5, 5))
    QApplication.sendEvent(canvas, event)
    texts = [act.text() for act in canvas.findChildren(QMenu)[-1].actions()]
    assert [text for text in texts if "Open into" in text] == [
        "Open into n&eurons",
        "Open into &matrices",
        "&Open into gates",
    ]
    loss = studio.shown.loss
    count = entries(studio)
    commands["open_into_matrices"].trigger()
    assert entries(studio) == count + 1
    assert studio.selection == set(studio.project.groups["dense1"].members)
    assert studio.shown.loss == pytest.approx(loss, rel=1e-12)
    assert possible() == ["close_opened", "fuse"]
    commands["fuse"].trigger()
    assert "dense1" in studio.project.graph.nodes and studio.selection == {"dense1"}
    commands["open_into_neurons"].trigger()
    studio.select([min(studio.selection)])
    commands["close_opened"].trigger()
    assert studio.selection == {"dense1"} and not studio.project.groups
    studio.select(["data1", "dense1"])
    count = entries(studio)
    commands["fuse"].trigger()
    assert entries(studio) == count and notices, "what is no gate is said, and nothing is done"
