"""The canvas by mouse and keyboard: every gesture as real events on a real studio."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QInputMethodEvent,
    QKeyEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from bpstudio.engine.formula import build as formula_of
from bpstudio.engine.op import catalog
from bpstudio.playback import digits
from bpstudio.playback.palette import LIGHT
from bpstudio.playback.timeline import Timeline
from bpstudio.project import build, edits
from bpstudio.project.project import Project
from bpstudio.ui.canvas.adding import DATA_TYPE, OP_TYPE
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.canvas.drawing import instant_of
from bpstudio.ui.canvas.editors import Editor
from bpstudio.ui.canvas.hit import Input, Output
from bpstudio.ui.canvas.numbers import Atlas, in_figures
from bpstudio.ui.canvas.view import View
from bpstudio.ui.studio import Notice, Studio

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier
Point = tuple[float, float]


@pytest.fixture
def canvas(qtbot: QtBot, studio: Studio) -> Iterator[Canvas]:
    """A canvas on the screen, with nothing on it, one unit a pixel."""
    studio.begin(Project())
    made = Canvas(studio)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    made.look(View(-500.0, -350.0, 1.0))
    yield made
    made.give_up()


@pytest.fixture
def chain(canvas: Canvas) -> Canvas:
    """(x+y)z with −2, 5 and −4, looked at from the same place."""
    values = {"x": -2.0, "y": 5.0, "z": -4.0}
    canvas.studio.begin(build.from_formula(formula_of("(x+y)*z", values)))
    x, y = canvas.scene.extent.centre
    canvas.look(View(round(x) - 500.0, round(y) - 350.0, 1.0))
    canvas.grab()
    return canvas


def at(canvas: Canvas, place: Point) -> QPoint:
    """The pixel over a place of the canvas."""
    x, y = canvas.view.to_widget(place)
    return QPoint(round(x), round(y))


def middle(canvas: Canvas, id: str) -> QPoint:
    return at(canvas, canvas.scene.bodies[id].rect.centre)


def output(canvas: Canvas, id: str) -> QPoint:
    return at(canvas, canvas.scene.bodies[id].output)


def input_port(canvas: Canvas, id: str, port: str, slot: int = 0) -> QPoint:
    return at(canvas, canvas.scene.bodies[id].inputs()[port, slot])


def drag(qtbot: QtBot, canvas: Canvas, begin: QPoint, end: QPoint, *, drop: bool = True) -> None:
    """Press, move in several steps, and release unless it is to go on."""
    QTest.mousePress(canvas, LEFT, NONE, begin)
    for share in (0.2, 0.6, 1.0):
        QTest.mouseMove(canvas, begin + (end - begin) * share)
        canvas.repaint()
    if drop:
        QTest.mouseRelease(canvas, LEFT, NONE, end)


def drop_from_palette(canvas: Canvas, op: str, place: Point, kind: str = OP_TYPE) -> None:
    """What Qt sends when a palette entry is dragged onto the canvas and dropped."""
    mime = QMimeData()
    content = {"op": op, "settings": {}} if kind == OP_TYPE else {"data": op}
    mime.setData(kind, json.dumps(content).encode())
    where = QPointF(at(canvas, place))
    copy = Qt.DropAction.CopyAction
    for event in (
        QDragEnterEvent(where.toPoint(), copy, mime, LEFT, NONE),
        QDragMoveEvent(where.toPoint(), copy, mime, LEFT, NONE),
        QDropEvent(where, copy, mime, LEFT, NONE),
    ):
        QApplication.sendEvent(canvas, event)
        assert event.isAccepted()
        canvas.repaint()


def type_text(qtbot: QtBot, line: QWidget, text: str) -> None:
    """Keys for what a keyboard has; the rest as an input method commits it."""
    for character in text:
        if character.isascii():
            QTest.keyClicks(line, character)
        else:
            event = QInputMethodEvent("", [])
            event.setCommitString(character)
            QApplication.sendEvent(line, event)


def type_value(qtbot: QtBot, canvas: Canvas, id: str, text: str) -> None:
    """Double-click a source, type, Enter."""
    QTest.mouseClick(canvas, LEFT, NONE, middle(canvas, id))
    QTest.mouseDClick(canvas, LEFT, NONE, middle(canvas, id))
    assert canvas.editor is not None
    canvas.editor.selectAll()
    type_text(qtbot, canvas.editor, text)
    QTest.keyClick(canvas.editor, Qt.Key.Key_Return)


def visible_texts(canvas: Canvas) -> list[str]:
    """The numbers that can be read, whatever their role."""
    canvas.repaint()
    instant = instant_of(canvas.studio.shown)
    assert instant is not None
    return [text for _role, text in canvas.drawing.visible_numbers(instant, canvas.seen)]


def drawn(canvas: Canvas) -> dict[str, list[str]]:
    """The numbers that can be read, by role."""
    canvas.repaint()
    found: dict[str, list[str]] = {}
    instant = canvas.studio.shown.instant
    assert instant is not None
    for role, text in canvas.drawing.visible_numbers(instant, canvas.seen):
        found.setdefault(role, []).append(text)
    return {role: sorted(texts) for role, texts in found.items()}


def entries(studio: Studio) -> int:
    """How many edits could be undone."""
    return len(studio.history.past)


def test_a_network_is_built_by_mouse_and_undone(qtbot: QtBot, canvas: Canvas) -> None:
    studio = canvas.studio
    places = {"x": (-350, -100), "y": (-350, 0), "z": (-350, 120)}
    for place in places.values():
        drop_from_palette(canvas, "input", place)
    drop_from_palette(canvas, "add", (-150, -50))
    drop_from_palette(canvas, "multiply", (50, 20))
    assert list(studio.project.graph.nodes) == ["input1", "input2", "input3", "add1", "multiply1"]
    assert studio.selection == {"multiply1"}
    assert visible_texts(canvas) == ["1.00", "1.00", "1.00"]  # sources alone
    for source, target, port in (
        ("input1", "add1", "a"),
        ("input2", "add1", "b"),
        ("add1", "multiply1", "a"),
    ):
        drag(qtbot, canvas, output(canvas, source), input_port(canvas, target, port))
    # And one the other way round, from the input back to an output.
    drag(qtbot, canvas, input_port(canvas, "multiply1", "b"), output(canvas, "input3"))
    for id, text in (("input1", "-2"), ("input2", "5"), ("input3", "−4")):
        type_value(qtbot, canvas, id, text)
    recording = studio.shown.recording
    assert recording is not None
    assert recording.values["multiply1"] == -12.0
    gradients = [recording.gradients[f"input{i}"].item() for i in (1, 2, 3)]
    assert gradients == [-4.0, -4.0, 3.0]
    assert drawn(canvas) == {
        "forward": ["3.00", "5.00", "−12.00", "−2.00", "−4.00"],
        "gradient": ["1.00", "3.00", "−4.00", "−4.00", "−4.00"],
    }
    assert entries(studio) == 12
    while studio.history.undo_name is not None:
        studio.undo()
        canvas.repaint()
    assert not studio.project.graph.nodes


def test_numbers_are_what_the_picture_says(chain: Canvas) -> None:
    texts = drawn(chain)
    assert texts["gradient"] == ["1.00", "3.00", "−4.00", "−4.00", "−4.00"]
    chain.studio.show_position(1.0)
    assert drawn(chain) == {"forward": ["3.00", "5.00", "−2.00", "−4.00"]}
    chain.studio.show_position(0.0)
    assert drawn(chain) == {"forward": ["5.00", "−2.00", "−4.00"]}


@pytest.fixture
def usual_decimals() -> Iterator[None]:
    """Whatever a test chooses, the next one has the usual decimals."""
    yield
    digits.choose_decimals()


@pytest.mark.parametrize("decimals", [2, 0, 1, 6])
def test_figures_are_those_of_the_picture(
    dressed: QApplication, decimals: int, usual_decimals: None
) -> None:
    digits.choose_decimals(decimals)
    atlas = Atlas(LIGHT, 1.0)
    chance = np.random.default_rng(3)
    values = np.concatenate(
        [
            chance.normal(size=3000) * 10.0 ** chance.integers(-4, 5, size=3000),
            chance.integers(-99_999, 99_999, size=3000) / 1000,  # many end in 5
            [0.0, -0.0, -0.004, 0.005, 999.99, 999.995, -1000.0, np.nan, np.inf, 0.125, 2.675],
        ]
    )
    usual, glyphs = in_figures(values, atlas)
    assert usual.mean() > 0.6
    for value, row in zip(values[usual].tolist(), glyphs[usual].tolist(), strict=True):
        assert "".join(atlas.characters[i] for i in row if i >= 0) == digits.fixed(value)


def test_a_frame_draws_nothing_that_stands_still(chain: Canvas) -> None:
    studio = chain.studio
    studio.show_position(0.3)
    chain.repaint()
    ground, wires, scenes = (
        chain.drawing.ground.draws,
        chain.drawing.wires.draws,
        chain.drawing.scenes,
    )
    pictures = []
    for position in (0.35, 0.4, 0.5, 0.6):
        studio.show_position(position)
        pictures.append(chain.grab().toImage())
    assert pictures[0] != pictures[-1]
    assert chain.drawing.ground.draws == ground
    assert chain.drawing.wires.draws == wires
    assert chain.drawing.scenes == scenes
    studio.show_position(0.95)  # the value has arrived, and its wire turns green
    chain.repaint()
    assert chain.drawing.ground.draws == ground
    assert chain.drawing.wires.draws == wires + 1


@pytest.mark.parametrize("theme", ["light", "dark", "projector"])
def test_stepping_gives_the_same_picture_as_jumping(chain: Canvas, theme: str) -> None:
    """Parts that are mended one after the other add up to what is drawn at once."""
    chain.studio.prefer(theme=theme)
    chain.studio.show_position(0.0)
    chain.repaint()
    for moment in range(1, chain.studio.shown.length + 1):
        chain.studio.show_position(float(moment))
        stepped = chain.grab().toImage()
        chain.drawing.wires.forget()
        chain.drawing.ground.forget()
        assert chain.grab().toImage() == stepped


def test_moving_is_one_edit_and_undone_as_one(qtbot: QtBot, chain: Canvas) -> None:
    studio = chain.studio
    before = studio.project.places["add1"]
    drag(qtbot, chain, middle(chain, "add1"), middle(chain, "add1") + QPoint(40, 90))
    assert studio.project.places["add1"] == (before[0] + 40, before[1] + 90)
    assert entries(studio) == 1
    studio.undo()
    assert studio.project.places["add1"] == before


def test_what_is_selected_moves_together(qtbot: QtBot, chain: Canvas) -> None:
    studio, before = chain.studio, dict(chain.studio.project.places)
    studio.select(["x", "y"])
    drag(qtbot, chain, middle(chain, "x"), middle(chain, "x") + QPoint(-20, 10))
    moved = {id for id, place in studio.project.places.items() if place != before[id]}
    assert moved == {"x", "y"}
    assert studio.selection == {"x", "y"}


def test_the_dragged_looks_as_it_will_when_it_is_put_down(
    qtbot: QtBot, chain: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The caption may go to another place when nodes do.
    monkeypatch.setattr(chain.drawing.caption, "paint", lambda *_arguments: None)
    begin = middle(chain, "add1")
    drag(qtbot, chain, begin, begin + QPoint(30, -70), drop=False)
    QTest.mouseMove(chain, begin + QPoint(30, -70))
    dragged = chain.grab().toImage()
    QTest.mouseRelease(chain, LEFT, NONE, begin + QPoint(30, -70))
    chain.forget_hover()
    put_down = chain.grab().toImage()
    a, b = (
        np.array(each.convertToFormat(each.Format.Format_RGB32).constBits(), dtype=int)
        for each in (dragged, put_down)
    )
    assert (np.abs(a - b) > 40).mean() < 0.0005


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        pytest.param(lambda c: middle(c, "add1"), lambda c: middle(c, "x"), id="move"),
        pytest.param(lambda c: QPoint(5, 5), lambda c: QPoint(900, 600), id="band"),
        pytest.param(
            lambda c: output(c, "x"), lambda c: input_port(c, "multiply1", "a"), id="wire"
        ),
        pytest.param(
            lambda c: input_port(c, "add1", "a"), lambda c: QPoint(900, 30), id="take a wire off"
        ),
    ],
)
def test_escape_leaves_no_trace(
    qtbot: QtBot,
    chain: Canvas,
    begin: Callable[[Canvas], QPoint],
    end: Callable[[Canvas], QPoint],
) -> None:
    studio = chain.studio
    project, picture = studio.project, None
    studio.select(["z"])
    chain.forget_hover()
    picture = chain.grab().toImage()
    drag(qtbot, chain, begin(chain), end(chain), drop=False)
    assert chain.gesture is not None
    assert chain.grab().toImage() != picture
    QTest.keyClick(chain, Qt.Key.Key_Escape)
    QTest.mouseRelease(chain, LEFT, NONE, end(chain))
    assert chain.gesture is None
    assert studio.project is project
    assert entries(studio) == 0
    assert chain.search is None
    studio.select(["z"])
    chain.forget_hover()
    assert chain.grab().toImage() == picture


def test_what_is_put_back_where_it_was_is_no_edit(chain: Canvas) -> None:
    begin = middle(chain, "add1")
    for press, away in ((begin, QPoint(50, 50)), (input_port(chain, "add1", "a"), QPoint(-60, 0))):
        QTest.mousePress(chain, LEFT, NONE, press)
        for place in (press + away, press):
            QTest.mouseMove(chain, place)
            chain.repaint()
        assert chain.drawing.lifted is not None or chain.drawing.hidden
        QTest.mouseRelease(chain, LEFT, NONE, press)
        assert chain.drawing.lifted is None and not chain.drawing.hidden
    assert entries(chain.studio) == 0


def test_another_recording_of_the_same_network_is_told(chain: Canvas) -> None:
    studio = chain.studio
    assert "−12.00" in drawn(chain)["forward"]
    recording = studio.shown.recording
    assert recording is not None
    doubled = tuple(replace(step, output=2 * step.output) for step in recording.forward)
    timeline = Timeline(replace(recording, forward=doubled))
    studio.shown = replace(studio.shown, timeline=timeline)
    assert drawn(chain)["forward"] == ["10.00", "6.00", "−24.00", "−4.00", "−8.00"]


def test_clicks_and_bands_select(qtbot: QtBot, chain: Canvas) -> None:
    studio = chain.studio
    QTest.mouseClick(chain, LEFT, NONE, middle(chain, "x"))
    assert studio.selection == {"x"}
    QTest.mouseClick(chain, LEFT, CTRL, middle(chain, "y"))
    assert studio.selection == {"x", "y"}
    QTest.mouseClick(chain, LEFT, CTRL, middle(chain, "x"))
    assert studio.selection == {"y"}
    drag(qtbot, chain, QPoint(3, 3), QPoint(996, 696))
    assert studio.selection == set(studio.project.graph.nodes)
    QTest.mouseClick(chain, LEFT, NONE, QPoint(3, 3))
    assert studio.selection == frozenset()
    assert entries(studio) == 0


def test_a_wire_is_selected_and_deleted(qtbot: QtBot, chain: Canvas) -> None:
    studio = chain.studio
    path = chain.scene.by_wire["multiply1", "b", 0]
    QTest.mouseClick(chain, LEFT, NONE, at(chain, tuple(path.at(0.5)[0].tolist())))
    assert chain.wire == ("multiply1", "b", 0)
    chain.repaint()
    QTest.keyClick(chain, Qt.Key.Key_Delete)
    assert "b" not in studio.project.graph["multiply1"].sources
    assert chain.wire is None
    chain.repaint()
    studio.undo()
    assert studio.project.graph["multiply1"].sources["b"] == ("z",)


def test_a_wire_is_taken_off_and_put_elsewhere(qtbot: QtBot, chain: Canvas) -> None:
    studio = chain.studio
    drag(qtbot, chain, input_port(chain, "multiply1", "b"), input_port(chain, "add1", "a"))
    assert studio.project.graph["add1"].sources == {"a": ("z",), "b": ("y",)}
    assert "b" not in studio.project.graph["multiply1"].sources
    assert entries(studio) == 1
    drag(qtbot, chain, input_port(chain, "add1", "a"), QPoint(960, 40))
    assert "a" not in studio.project.graph["add1"].sources
    assert entries(studio) == 2
    assert chain.search is None


def test_a_loop_is_refused_with_the_reason(
    qtbot: QtBot, chain: Canvas, notices: list[Notice]
) -> None:
    before = chain.studio.project
    drag(qtbot, chain, output(chain, "multiply1"), input_port(chain, "add1", "a"))
    assert chain.studio.project is before
    assert "circle" in notices[-1].text
    assert set(notices[-1].nodes) == {"add1", "multiply1"}
    chain.repaint()


def test_a_wire_dropped_on_nothing_searches_for_what_fits(qtbot: QtBot, chain: Canvas) -> None:
    drag(qtbot, chain, output(chain, "multiply1"), QPoint(900, 350))
    search = chain.search
    assert search is not None
    found = [search.list.item(row).text() for row in range(search.list.count())]
    assert "Add" in found and "Input" not in found and "XOR" not in found
    QTest.keyClicks(search.line, "tanh")
    QTest.keyClick(search.line, Qt.Key.Key_Return)
    assert chain.studio.project.graph["tanh1"].sources == {"x": ("multiply1",)}
    assert entries(chain.studio) == 1
    assert chain.search is None


def test_a_formula_typed_where_a_wire_was_dropped_joins_the_wire(
    qtbot: QtBot, chain: Canvas
) -> None:
    drag(qtbot, chain, output(chain, "multiply1"), QPoint(900, 350))
    assert chain.search is not None
    QTest.keyClicks(chain.search.line, "tanh(u)*v")
    QTest.keyClick(chain.search.line, Qt.Key.Key_Return)
    graph = chain.studio.project.graph
    assert graph["tanh1"].sources == {"x": ("multiply1",)}
    assert graph["multiply2"].sources == {"a": ("tanh1",), "b": ("v",)}
    assert "u" not in graph.nodes and entries(chain.studio) == 1
    assert chain.studio.selection == {"tanh1", "multiply2", "v"}


def test_a_gate_dropped_on_a_wire_goes_into_it(chain: Canvas) -> None:
    path = chain.scene.by_wire["multiply1", "a", 0]
    x, y = path.at(0.5)[0].tolist()
    drop_from_palette(chain, "tanh", (x, y))
    graph = chain.studio.project.graph
    assert graph["tanh1"].sources == {"x": ("add1",)}
    assert graph["multiply1"].sources["a"] == ("tanh1",)
    assert entries(chain.studio) == 1


def test_a_data_set_is_dropped(canvas: Canvas) -> None:
    drop_from_palette(canvas, "xor", (0, 0), DATA_TYPE)
    assert canvas.studio.project.data is not None
    assert list(canvas.studio.project.graph.nodes) == ["data1"]


def test_what_is_no_gate_is_refused_in_words(canvas: Canvas, notices: list[Notice]) -> None:
    mime = QMimeData()
    mime.setData(OP_TYPE, b'["no"]')
    event = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(canvas, event)
    assert not event.isAccepted()
    assert notices
    assert canvas.gesture is None


@pytest.mark.parametrize("during", ["hover", "drag", "wire", "edit", "play"])
def test_a_node_may_vanish_at_any_time(qtbot: QtBot, chain: Canvas, during: str) -> None:
    studio = chain.studio
    begin = middle(chain, "add1")
    if during == "hover":
        QTest.mouseMove(chain, begin)
        assert chain.hovered is not None
    elif during == "drag":
        drag(qtbot, chain, begin, begin + QPoint(60, 60), drop=False)
    elif during == "wire":
        drag(qtbot, chain, output(chain, "add1"), QPoint(700, 600), drop=False)
    elif during == "edit":
        chain.edit_title("add1")
        assert chain.editor is not None
        QTest.keyClicks(chain.editor, "sum")
    else:
        studio.show_position(0.0)
        studio.play()
        qtbot.waitUntil(lambda: studio.shown.position > 0.2)
    studio.do("Delete", edits.remove_nodes, ["add1"])
    chain.repaint()
    assert chain.gesture is None
    QTest.mouseMove(chain, begin + QPoint(3, 3))
    QTest.mouseRelease(chain, LEFT, NONE, begin)
    chain.repaint()
    assert entries(studio) == 1
    studio.undo()
    chain.repaint()
    studio.redo()
    chain.repaint()
    studio.stop()
    assert "add1" not in studio.project.graph.nodes


def test_training_that_lands_does_not_end_a_drag(qtbot: QtBot, chain: Canvas) -> None:
    begin = middle(chain, "add1")
    drag(qtbot, chain, begin, begin + QPoint(60, 60), drop=False)
    chain.studio.do("Value", edits.set_value, "x.value", 3.0)
    assert chain.gesture is not None
    QTest.mouseRelease(chain, LEFT, NONE, begin + QPoint(60, 60))
    assert chain.studio.history.undo_name == "Move"


@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
def test_every_port_is_hit_within_two_pixels(canvas: Canvas, xor: Project, scale: float) -> None:
    for project in (xor, build.from_formula(formula_of("(x+y)*z + exp(x)"))):
        canvas.studio.begin(project)
        canvas.zoom_to(scale)
        for body in canvas.scene.each:
            for (port, slot), place in body.inputs().items():
                for dx, dy in ((0, 0), (-2, 0), (0, 2), (-1.4, 1.4)):
                    x, y = canvas.view.to_widget(place)
                    found = canvas._port_at(canvas.view.to_canvas((x + dx, y + dy)))
                    fed = slot < len(body.node.sources.get(port, ()))
                    wire = (body.node.id, port, slot) if fed else None
                    assert found == Input(body.node.id, port, slot, wire)
            if body.node.op.category == "loss":
                continue
            for dx, dy in ((0, 0), (2, 0), (0, -2), (1.4, 1.4)):
                x, y = canvas.view.to_widget(body.output)
                found = canvas._port_at(canvas.view.to_canvas((x + dx, y + dy)))
                assert found == Output(body.last.id)


def test_wheel_zooms_about_the_pointer_on_a_ladder(canvas: Canvas) -> None:
    place = canvas.view.to_canvas((300.0, 200.0))
    scales = set()
    for turn in (120, 120, 120, -120, -120, -120):
        event = QWheelEvent(
            QPointF(300, 200), QPointF(300, 200), QPoint(), QPoint(0, turn),
            Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)
        scales.add(canvas.view.scale)
        assert canvas.view.to_canvas((300.0, 200.0)) == pytest.approx(place, abs=1.0)
    assert canvas.view.scale == 1.0
    assert len(scales) == 4


@pytest.mark.parametrize("button", ["middle", "space"])
def test_panning_moves_the_view_and_nothing_else(qtbot: QtBot, chain: Canvas, button: str) -> None:
    studio, before = chain.studio, chain.view
    begin, end = middle(chain, "add1"), middle(chain, "add1") + QPoint(300, -200)
    if button == "space":
        QTest.keyPress(chain, Qt.Key.Key_Space)
    which = Qt.MouseButton.MiddleButton if button == "middle" else LEFT
    QTest.mousePress(chain, which, NONE, begin)
    QTest.mouseMove(chain, end)
    QTest.mouseRelease(chain, which, NONE, end)
    if button == "space":
        QTest.keyRelease(chain, Qt.Key.Key_Space)
    assert chain.view.to_widget((0, 0))[0] - before.to_widget((0, 0))[0] == pytest.approx(
        300, abs=1
    )
    assert entries(studio) == 0 and chain.search is None
    # What was scrolled is what is drawn anew.
    scrolled = chain.grab().toImage()
    chain.drawing.ground.forget()
    chain.drawing.wires.forget()
    assert chain.grab().toImage() == scrolled


def test_fit_shows_everything(canvas: Canvas, xor: Project) -> None:
    canvas.studio.begin(xor)
    seen, extent = canvas.seen, canvas.scene.extent
    assert seen.x <= extent.x and seen.y <= extent.y
    assert seen.right >= extent.right and seen.bottom >= extent.bottom
    assert seen.width < 2.2 * extent.width
    scale = canvas.view.scale
    canvas.resize(500, 350)
    assert canvas.view.scale < scale  # what was fitted stays fitted


def test_an_empty_canvas_says_what_can_be_done(canvas: Canvas, xor: Project) -> None:
    canvas.studio.begin(xor)
    canvas.studio.begin(Project())
    hinted = canvas.grab().toImage()
    canvas.open_quick_search((10.0, 10.0))
    rows = range(hinted.height() // 2 - 60, hinted.height() // 2 + 60, 3)
    colours = {hinted.pixelColor(x, y).name() for x in range(300, 700) for y in rows}
    assert len(colours) > 4
    assert canvas.search is not None
    canvas.search.close_it()


@pytest.mark.parametrize("word", ["+", "add", "덧셈", "ㄷㅅ"])
def test_the_quick_search_finds_in_both_languages(qtbot: QtBot, canvas: Canvas, word: str) -> None:
    QTest.mouseDClick(canvas, LEFT, NONE, QPoint(300, 200))
    search = canvas.search
    assert search is not None
    search.line.setText(word)
    QTest.keyClick(search.line, Qt.Key.Key_Return)
    assert canvas.studio.project.graph["add1"].op.name == "add"
    assert canvas.studio.project.places["add1"] == pytest.approx(
        canvas.view.to_canvas((300, 200)), abs=1
    )


def test_hangul_is_composed_in_the_search_and_never_on_the_canvas(
    qtbot: QtBot, canvas: Canvas
) -> None:
    assert not canvas.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert canvas.search is not None
    line = canvas.search.line
    assert line.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
    for preedit in ("ㄷ", "더", "덧"):
        QApplication.sendEvent(line, QInputMethodEvent(preedit, []))
    done = QInputMethodEvent("", [])
    done.setCommitString("덧셈")
    QApplication.sendEvent(line, done)
    assert line.text() == "덧셈"
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert "add1" in canvas.studio.project.graph.nodes


def test_a_formula_becomes_its_gates_as_one_edit(qtbot: QtBot, canvas: Canvas) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert canvas.search is not None
    QTest.keyClicks(canvas.search.line, "(x+y)*z")
    QTest.keyClick(canvas.search.line, Qt.Key.Key_Return)
    names = {node.op.name for node in canvas.studio.project.graph.nodes.values()}
    assert names == {"input", "add", "multiply"}
    assert entries(canvas.studio) == 1
    assert canvas.studio.selection == set(canvas.studio.project.graph.nodes)


@pytest.mark.parametrize("from_right", [160.0, 380.0, 440.0])
def test_a_formula_that_is_typed_at_the_edge_is_seen_whole(
    canvas: Canvas, from_right: float
) -> None:
    canvas.zoom_to(1.2)
    canvas.open_quick_search((canvas.width() - from_right, canvas.height() / 2))
    assert canvas.search is not None
    QTest.keyClicks(canvas.search.line, "(x+y)*z")
    QTest.keyClick(canvas.search.line, Qt.Key.Key_Return)
    here, seen = canvas.scene, canvas.seen
    assert here.bodies and here.stubs
    for rect in (*(body.rect for body in here.each), *map(here.result, here.stubs)):
        assert seen.holds((rect.x, rect.y)) and seen.holds((rect.right - 1, rect.bottom - 1))


def test_an_empty_title_says_whose_it_is(chain: Canvas) -> None:
    chain.edit_title("add1")
    line = chain.editor
    assert isinstance(line, Editor)
    assert line.text() == "" and "add1" in line.placeholderText()
    assert line.width() > line.fontMetrics().horizontalAdvance(line.placeholderText())


def test_a_search_is_given_up(qtbot: QtBot, canvas: Canvas) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert canvas.search is not None
    QTest.keyClick(canvas.search.line, Qt.Key.Key_Escape)
    assert canvas.search is None
    assert canvas.hasFocus()


@pytest.mark.parametrize(
    ("typed", "value"), [("2.5", 2.5), ("−3", -3.0), ("1/4", 0.25), ("[1, 2]", [1.0, 2.0])]
)
def test_values_are_typed_in_place(
    qtbot: QtBot, chain: Canvas, typed: str, value: float | list[float]
) -> None:
    type_value(qtbot, chain, "x", typed)
    assert chain.studio.project.given["x.value"].tolist() == value
    assert chain.editor is None and chain.hasFocus()
    assert chain.studio.selection == {"x"}


def test_tab_takes_the_value_and_goes_on(chain: Canvas) -> None:
    chain.studio.select(["x"])
    chain.edit_value("x.value")
    assert chain.editor is not None
    QTest.keyClicks(chain.editor, "7")
    QTest.keyClick(chain.editor, Qt.Key.Key_Tab)
    assert chain.studio.project.given["x.value"] == 7.0
    assert chain.studio.selection == {"y"}
    assert chain.editor is None


def test_what_is_no_value_is_refused_and_stays(
    qtbot: QtBot, chain: Canvas, notices: list[Notice]
) -> None:
    type_value(qtbot, chain, "x", "two")
    assert chain.editor is not None
    assert "two" in notices[-1].text
    QTest.keyClick(chain.editor, Qt.Key.Key_Escape)
    assert chain.editor is None
    assert entries(chain.studio) == 0


def test_titles_are_typed_in_place(qtbot: QtBot, chain: Canvas) -> None:
    chain.edit_title("add1")
    assert chain.editor is not None
    type_text(qtbot, chain.editor, "합")
    QTest.keyClick(chain.editor, Qt.Key.Key_Return)
    assert chain.studio.project.graph["add1"].title == "합"
    chain.repaint()


def test_tab_goes_through_the_nodes_and_leaves(qtbot: QtBot, chain: Canvas) -> None:
    visited = []
    for _step in range(5):
        QTest.keyClick(chain, Qt.Key.Key_Tab)
        (id,) = chain.studio.selection
        visited.append(id)
    assert visited == list(chain.studio.project.graph.order)
    QTest.keyClick(chain, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert chain.studio.selection == {visited[-2]}


def test_arrows_follow_the_wires_and_move_nodes(qtbot: QtBot, chain: Canvas) -> None:
    studio = chain.studio
    studio.select(["x"])
    for key, id in (("Right", "add1"), ("Right", "multiply1"), ("Left", "add1")):
        QTest.keyClick(chain, getattr(Qt.Key, f"Key_{key}"))
        assert studio.selection == {id}
    before = studio.project.places["add1"]
    shift = Qt.KeyboardModifier.ShiftModifier
    for _step in range(3):  # Shift stays down
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Right, shift)
        QApplication.sendEvent(chain, event)
    assert studio.project.places["add1"] == (before[0] + 24, before[1])
    assert entries(studio) == 1


def test_enter_opens_the_value(qtbot: QtBot, chain: Canvas) -> None:
    chain.studio.select(["y"])
    QTest.keyClick(chain, Qt.Key.Key_Return)
    assert isinstance(chain.editor, QLineEdit) and chain.editor.text() == "5.0"
    chain.editor.close_it()


def test_a_layer_goes_with_what_docks_to_it(qtbot: QtBot, canvas: Canvas, xor: Project) -> None:
    canvas.studio.begin(xor)
    canvas.repaint()
    rect = canvas.scene.bodies["dense1"].rect
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, (rect.x + 30, rect.y + 12)))
    assert canvas.studio.selection == {"dense1"}
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert {"dense1", "tanh1"}.isdisjoint(canvas.studio.project.graph.nodes)
    canvas.repaint()


def test_the_menu_is_for_what_is_under_the_pointer(
    chain: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = chain.studio
    monkeypatch.setattr(QMenu, "popup", lambda *_arguments: None)  # it would grab the keyboard

    def texts(place: Point) -> list[str]:
        where = at(chain, place)
        QApplication.sendEvent(
            chain, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, QPoint(5, 5))
        )
        return [act.text() for act in chain.findChildren(QMenu)[-1].actions()]

    assert texts(chain.scene.bodies["x"].rect.centre)[0] == "Change the value…"
    assert studio.selection == {"x"}
    path = chain.scene.by_wire["multiply1", "b", 0]
    of_wire = ["Put a gate into it…", "Remove the wire"]
    assert texts(tuple(path.at(0.5)[0].tolist())) == of_wire
    assert texts((-400.0, -300.0))[0] == "Add here…"
    assert studio.selection == frozenset() and chain.wire is None


def test_a_tooltip_is_shown_for_bodies_and_wires(chain: Canvas) -> None:
    x, y = chain.scene.by_wire["multiply1", "b", 0].at(0.5)[0].tolist()
    for place, id in ((chain.scene.bodies["add1"].rect.centre, "add1"), ((x, y), "z")):
        where = at(chain, place)
        QApplication.sendEvent(chain, QHelpEvent(QEvent.Type.ToolTip, where, QPoint(5, 5)))
        assert id in QToolTip.text()
    QToolTip.hideText()
    qtip = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    for widget in qtip:
        if widget is not chain:
            widget.close()


def test_the_tip_has_all_figures_and_no_markup(chain: Canvas) -> None:
    from bpstudio.ui.canvas.telling import tip

    studio = chain.studio
    studio.do("Value", edits.set_value, "x.value", 1 / 3)
    studio.do("Rename", edits.rename, "x", "<img src=x>")
    text = tip(studio.shown, "x")
    assert repr(1 / 3) in text and "−" not in text
    assert "<img" not in text and "&lt;img" in text


def test_theme_and_language_follow(canvas: Canvas, xor: Project) -> None:
    canvas.studio.begin(xor)
    light = canvas.grab().toImage()
    canvas.studio.prefer(theme="dark", language="ko")
    dark = canvas.grab().toImage()
    assert dark.pixelColor(2, 2).name() == canvas.theme.colours["canvas"]
    assert light != dark
    assert canvas.accessibleDescription()


def test_settings_that_are_not_of_the_look_leave_the_view_alone(canvas: Canvas) -> None:
    """Saving remembers the file among the settings; what was put down must stay in its place."""
    canvas.fit()
    canvas.studio.do("Add", edits.add_node, catalog["add"](), (0.0, 0.0))
    before = canvas.view
    canvas.studio.prefer(recent=("a.bps",))
    assert canvas.view == before
    canvas.studio.prefer(theme="projector")
    assert canvas.view != before


def test_captions_are_whole_in_a_small_window(qtbot: QtBot, canvas: Canvas, xor: Project) -> None:
    canvas.studio.begin(xor)
    canvas.studio.prefer(theme="projector")
    canvas.resize(430, 320)
    for moment in range(len(canvas.studio.shown.timeline or ())):
        canvas.studio.show_position(moment + 0.9)
        canvas.repaint()
        drawn = canvas.drawing.caption._pixmap.deviceIndependentSize()
        assert drawn.width() <= canvas.width()
        assert drawn.height() <= canvas.height()


def test_training_moves_tiles_and_strands(qtbot: QtBot, canvas: Canvas, xor: Project) -> None:
    canvas.studio.begin(xor)
    before = canvas.grab().toImage()
    canvas.studio.train(steps=400)
    qtbot.waitUntil(lambda: not canvas.studio.shown.training)
    canvas.repaint()
    assert canvas.grab().toImage() != before
    qtbot.waitUntil(lambda: not canvas._turns._waiting)


def test_what_a_problem_speaks_of_is_marked(chain: Canvas) -> None:
    from bpstudio.errors import StudioError

    before = chain.grab().toImage()
    chain.studio.complain(StudioError("x", nodes=("add1", "gone")))
    marked = chain.grab().toImage()
    assert marked != before
    chain.studio.noticed.emit(None)
    assert chain.grab().toImage() == before


def test_leaving_with_a_gesture_open(qtbot: QtBot, chain: Canvas) -> None:
    drag(qtbot, chain, middle(chain, "x"), QPoint(10, 10), drop=False)
    QApplication.sendEvent(chain, QEvent(QEvent.Type.Leave))
    chain.studio.begin(Project())
    chain.repaint()
    assert chain.gesture is None
