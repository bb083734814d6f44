"""Building by hand: boxes, notes, copies, wires and lines, by mouse, menu and key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from bpstudio.engine.formula import build as formula_of
from bpstudio.playback.scene import laid_out
from bpstudio.project import boxing, build, edits, file
from bpstudio.project.boxes import contents
from bpstudio.project.gates import gate
from bpstudio.project.project import Project
from bpstudio.ui import actions, clipping, keys
from bpstudio.ui.canvas.adding import OP_TYPE
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.canvas.gestures.connect import Connect
from bpstudio.ui.canvas.view import View
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
Point = tuple[float, float]


class Host(QMainWindow):
    """What commands of the Edit menu need of a window: a studio, a canvas, and their keys."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.canvas = Canvas(studio)
        self.setCentralWidget(self.canvas)
        self.actions_by_id = actions.make(cast(Window, self), self)
        keys.bind(self.actions_by_id, studio.preferences.keys)
        actions.retitle(self.actions_by_id)
        self.addActions(list(self.actions_by_id.values()))
        for signal in (studio.changed, studio.selected, studio.moved):
            signal.connect(self.refresh)

    def give(self, entry: actions.Action) -> None:
        entry.run(cast(Window, self))

    def refresh(self, _said: object = None) -> None:
        edit = {id: a for id, a in self.actions_by_id.items() if actions.table[id].menu == "Edit"}
        actions.refresh(edit, cast(Window, self))


@pytest.fixture
def canvas(qtbot: QtBot, studio: Studio) -> Iterator[Canvas]:
    """A canvas with the commands of the Edit menu, and on it (x+y)z, one unit a pixel."""
    host = Host(studio)
    qtbot.addWidget(host)
    host.resize(900, 640)
    host.show()
    qtbot.waitExposed(host)
    host.activateWindow()
    values = {"x": -2.0, "y": 5.0, "z": -4.0}
    studio.prefer(reduce_motion=True)
    studio.begin(laid_out(build.from_formula(formula_of("(x+y)*z", values))))
    look(host.canvas)
    yield host.canvas
    host.canvas.give_up()


def look(canvas: Canvas) -> None:
    """One unit a pixel, with the network in the middle."""
    x, y = canvas.scene.extent.centre
    canvas.look(View(round(x) - canvas.width() / 2, round(y) - canvas.height() / 2, 1.0))
    canvas.setFocus()
    canvas.grab()


def at(canvas: Canvas, place: Point) -> QPoint:
    x, y = canvas.view.to_widget(place)
    return QPoint(round(x), round(y))


def middle(canvas: Canvas, id: str) -> QPoint:
    return at(canvas, canvas.scene.bodies[id].rect.centre)


def drag(canvas: Canvas, begin: QPoint, end: QPoint, *, drop: bool = True) -> None:
    QTest.mousePress(canvas, LEFT, NONE, begin)
    for share in (0.2, 0.6, 1.0):
        QTest.mouseMove(canvas, begin + (end - begin) * share)
        canvas.repaint()
    if drop:
        QTest.mouseRelease(canvas, LEFT, NONE, end)


def double_click(canvas: Canvas, where: QPoint) -> None:
    QTest.mouseClick(canvas, LEFT, NONE, where)
    QTest.mouseDClick(canvas, LEFT, NONE, where)


def give(canvas: Canvas, id: str) -> None:
    """Give a command as its menu does."""
    act = canvas.window().actions_by_id[id]  # type: ignore[attr-defined]
    assert act.isEnabled(), id
    act.trigger()


def press(canvas: Canvas, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    QTest.keyClick(canvas, key, modifiers)


def names(studio: Studio) -> list[str]:
    return list(studio.history.names)


def held(studio: Studio, id: str) -> set[str]:
    return set(contents(studio.project.boxes, id))


# -- boxes --------------------------------------------------------------------------------------


def test_a_box_is_made_named_folded_opened_and_undone(canvas: Canvas, studio: Studio) -> None:
    first = studio.project
    studio.select(["x", "y", "add1"])
    press(canvas, Qt.Key.Key_G, CTRL)
    assert canvas.editor is not None  # its title is asked for
    QTest.keyClicks(canvas.editor, "Sum")
    QTest.keyClick(canvas.editor, Qt.Key.Key_Return)
    assert studio.project.boxes["box-1"].title == "Sum"
    (frame,) = canvas.scene.frames
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, frame.mark.centre))
    assert studio.project.boxes["box-1"].folded
    body = canvas.scene.bodies["x"]
    assert body is canvas.scene.bodies["add1"] and body.title == "Sum"
    assert [path.wire for path in canvas.scene.paths] == [
        ("multiply1", "a", 0),
        ("multiply1", "b", 0),
    ]
    assert studio.shown.recording is not None
    assert studio.shown.recording.values["multiply1"] == -12.0
    double_click(canvas, at(canvas, body.rect.centre))
    assert not studio.project.boxes["box-1"].folded
    (frame,) = canvas.scene.frames
    double_click(canvas, at(canvas, (frame.rect.x + 30, frame.head.centre[1])))
    assert studio.project.boxes["box-1"].folded
    press(canvas, Qt.Key.Key_Period, CTRL)
    assert not studio.project.boxes["box-1"].folded
    assert names(studio)[-6:] == [
        "Group into a box",
        "Rename",
        "Fold the box",
        "Open the box",
        "Fold the box",
        "Open the box",
    ]
    while studio.history.undo_name is not None:
        studio.undo()
    assert studio.project is first


def test_a_folded_box_is_moved_wired_and_deleted_as_one(canvas: Canvas, studio: Studio) -> None:
    studio.do("", boxing.group, ["x", "y", "add1"])
    studio.do("", boxing.fold_boxes, ["box-1"])
    canvas.grab()
    body, before = canvas.scene.bodies["x"], dict(studio.project.places)
    drag(canvas, at(canvas, body.rect.centre), at(canvas, body.rect.centre) + QPoint(20, 40))
    moved = {id for id in before if studio.project.places[id] != before[id]}
    assert moved == {"x", "y", "add1"}
    assert np.subtract(studio.project.places["x"], before["x"]).tolist() == [20.0, 40.0]
    assert studio.selection == {"x", "y", "add1"}
    # Its ports are those that cross the border: a wire from it to an open input.
    studio.do("", edits.add_node, gate("tanh"), (200.0, 250.0))
    canvas.grab()
    body = canvas.scene.bodies["x"]
    tanh = canvas.scene.bodies["tanh1"]
    drag(canvas, at(canvas, body.exits["add1"]), at(canvas, tanh.inputs()["x", 0]))
    assert studio.project.graph["tanh1"].sources == {"x": ("add1",)}
    studio.select(body.selected_as)
    press(canvas, Qt.Key.Key_Delete, NONE)
    assert set(studio.project.graph.nodes) == {"z", "multiply1", "tanh1"}
    assert not studio.project.boxes


def test_a_frame_moves_all_that_lies_in_it(canvas: Canvas, studio: Studio) -> None:
    studio.do("", boxing.add_note, "why", (40.0, 260.0))
    studio.do("", boxing.group, ["x", "y", "note-1"], "Box")
    canvas.grab()
    (frame,) = canvas.scene.frames
    places = {**studio.project.places}
    start = at(canvas, (frame.rect.x + 30, frame.head.centre[1]))
    drag(canvas, start, start + QPoint(-30, 50))
    for id in ("x", "y"):
        assert np.subtract(studio.project.places[id], places[id]).tolist() == [-30.0, 50.0]
    assert studio.project.notes["note-1"].place == (10.0, 310.0)
    assert studio.project.places["z"] == places["z"]
    assert names(studio)[-1] == "Move"
    (moved,) = canvas.scene.frames
    assert moved.rect == frame.rect._replace(x=frame.rect.x - 30, y=frame.rect.y + 50)


def test_a_node_that_is_let_go_in_a_frame_joins_the_box(canvas: Canvas, studio: Studio) -> None:
    studio.do("", boxing.group, ["x", "y"])
    canvas.grab()
    (frame,) = canvas.scene.frames
    inside = at(canvas, (frame.rect.right - 20, frame.rect.bottom - 30))
    drag(canvas, middle(canvas, "z"), inside)
    assert held(studio, "box-1") == {"x", "y", "z"}
    assert names(studio)[-1] == "Put into the box"
    studio.select(["z"])
    give(canvas, "take_out_of_box")
    assert held(studio, "box-1") == {"x", "y"}
    studio.select(["x"])
    give(canvas, "box_pink")
    assert studio.project.boxes["box-1"].colour == "pink"
    press(canvas, Qt.Key.Key_U, CTRL)
    assert not studio.project.boxes


def test_a_node_that_is_dragged_well_out_of_its_frame_leaves_the_box(
    canvas: Canvas, studio: Studio
) -> None:
    studio.do("", boxing.group, ["x", "y"])
    canvas.grab()
    (frame,) = canvas.scene.frames
    # A little beyond, the frame is only wider; the node is still in it.
    near = at(canvas, (frame.rect.centre[0], frame.rect.bottom + 20))
    drag(canvas, middle(canvas, "y"), near)
    assert held(studio, "box-1") == {"x", "y"} and names(studio)[-1] == "Move"
    (wider,) = canvas.scene.frames
    assert wider.rect.bottom > frame.rect.bottom
    far = at(canvas, (wider.rect.centre[0], wider.rect.bottom + 90))
    begin = middle(canvas, "y")
    drag(canvas, begin, far, drop=False)
    (around_x,) = canvas.drawing.standing.frames
    assert around_x.members == {"x"}
    assert held(studio, "box-1") == {"x", "y"}
    QTest.mouseMove(canvas, begin)
    (back,) = canvas.drawing.standing.frames
    assert back.members == {"x", "y"}
    QTest.mouseMove(canvas, far)
    QTest.mouseRelease(canvas, LEFT, NONE, far)
    assert held(studio, "box-1") == {"x"}
    assert names(studio)[-1] == "Take out of the box"
    studio.undo()
    assert held(studio, "box-1") == {"x", "y"}


def test_from_one_box_into_another_and_a_whole_box_into_one(canvas: Canvas, studio: Studio) -> None:
    studio.do("", boxing.group, ["x", "y"])
    studio.do("", boxing.group, ["add1", "multiply1"])
    canvas.grab()
    frames = {frame.id: frame for frame in canvas.scene.frames}
    rect = frames["box-2"].rect
    inside = at(canvas, (rect.centre[0], rect.bottom - 6))
    drag(canvas, middle(canvas, "y"), inside)
    assert (held(studio, "box-1"), held(studio, "box-2")) == ({"x"}, {"add1", "multiply1", "y"})
    assert names(studio)[-1] == "Put into the box"
    studio.undo()
    canvas.grab()
    head = frames["box-1"].head
    drag(canvas, at(canvas, (head.x + 30, head.centre[1])), inside)
    assert studio.project.boxes["box-2"].members == ("add1", "multiply1", "box-1")
    assert held(studio, "box-1") == {"x", "y"}


# -- notes --------------------------------------------------------------------------------------


def test_a_note_is_written_in_place_over_several_lines(canvas: Canvas, studio: Studio) -> None:
    count = len(studio.history.past)
    press(canvas, Qt.Key.Key_A, CTRL | SHIFT)
    editor = canvas.editor
    assert editor is not None
    assert not studio.project.notes  # there is one as soon as something is written
    QTest.keyClicks(editor, "first")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "second")
    QTest.keyClick(editor, Qt.Key.Key_Return, CTRL)
    assert canvas.editor is None and canvas.hasFocus()
    assert studio.project.notes["note-1"].text == "first\nsecond"
    assert len(studio.history.past) == count + 1 and names(studio)[-1] == "Add a note"
    (slip,) = canvas.scene.slips
    assert slip.lines == ("first", "second")
    double_click(canvas, at(canvas, slip.rect.centre))
    assert canvas.editor is not None
    QTest.keyClicks(canvas.editor, "<b>other</b>")
    QTest.keyClick(canvas.editor, Qt.Key.Key_Escape)
    assert studio.project.notes["note-1"].text == "first\nsecond"
    press(canvas, Qt.Key.Key_F2, NONE)
    assert canvas.editor is not None
    QTest.keyClicks(canvas.editor, "<b>other</b>")
    canvas.setFocus()  # leaving it takes the text
    assert studio.project.notes["note-1"].text == "<b>other</b>"
    assert names(studio)[-1] == "Change the note"
    press(canvas, Qt.Key.Key_Delete, NONE)
    assert not studio.project.notes and set(studio.project.graph.nodes) >= {"x", "y", "z"}


def test_notes_are_selected_and_moved_with_nodes(canvas: Canvas, studio: Studio) -> None:
    x, y = studio.project.places["z"]
    studio.do("", boxing.add_note, "why", (x - 40, y + 60))
    canvas.grab()
    band = at(canvas, (x - 120, y - 40)), at(canvas, (x + 60, y + 120))
    drag(canvas, *band)
    assert studio.chosen == {"z", "note-1"} and studio.selection == {"z"}
    press(canvas, Qt.Key.Key_Down, SHIFT)
    assert studio.project.places["z"] == (x, y + 8)
    assert studio.project.notes["note-1"].place == (x - 40, y + 68)
    (slip,) = canvas.scene.slips
    QTest.mouseClick(canvas, LEFT, CTRL, at(canvas, slip.rect.centre))
    assert studio.chosen == {"z"}
    drag(canvas, at(canvas, slip.rect.centre), at(canvas, slip.rect.centre) + QPoint(50, 0))
    assert studio.project.notes["note-1"].place == (x + 10, y + 68)
    assert studio.project.places["z"] == (x, y + 8)


# -- copying ------------------------------------------------------------------------------------


def test_copies_go_from_one_studio_to_another_as_text(
    qtbot: QtBot, canvas: Canvas, studio: Studio
) -> None:
    studio.select(["x", "y", "add1"])
    press(canvas, Qt.Key.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    assert json.loads(text)["backprop-studio"] == 1
    press(canvas, Qt.Key.Key_V, CTRL)
    assert studio.selection == {"x1", "y1", "add2"}
    assert names(studio)[-1] == "Paste"
    press(canvas, Qt.Key.Key_X, CTRL)
    assert "x1" not in studio.project.graph.nodes and names(studio)[-1] == "Cut"
    studio.undo()
    studio.select(["x1", "add2"])
    press(canvas, Qt.Key.Key_D, CTRL)
    assert names(studio)[-1] == "Duplicate"
    assert studio.project.graph["add3"].sources == {"a": ("x2",)}
    other = Studio(Preferences(), Training())
    second = Canvas(other)
    qtbot.addWidget(second)
    QGuiApplication.clipboard().setText(text)
    assert clipping.paste(other, (0.0, 0.0))
    assert other.project.graph["add1"].sources == {"a": ("x",), "b": ("y",)}
    assert float(other.project.given["x.value"]) == -2.0
    other.close()


@pytest.mark.parametrize(
    "text", ["", "dear all", "{}", '{"backprop-studio": 1, "project": 3, "arrays": {}}', "x" * 9999]
)
def test_text_that_is_nothing_is_refused_with_a_sentence(
    canvas: Canvas, studio: Studio, notices: list[Notice], text: str
) -> None:
    before = studio.project
    QGuiApplication.clipboard().setText(text)
    press(canvas, Qt.Key.Key_V, CTRL)
    assert studio.project is before
    assert notices and notices[-1].text


def test_a_formula_is_pasted_as_gates(canvas: Canvas, studio: Studio) -> None:
    QGuiApplication.clipboard().setText("sin(u) + u^2\n")
    press(canvas, Qt.Key.Key_V, CTRL)
    assert {"u", "sin1"} <= studio.selection
    assert studio.project.graph["sin1"].sources == {"x": ("u",)}


# -- wires --------------------------------------------------------------------------------------


def test_a_loose_node_is_let_go_on_a_wire(canvas: Canvas, studio: Studio) -> None:
    studio.do("", edits.add_node, gate("tanh"), (0.0, 320.0))
    canvas.grab()
    path = canvas.scene.by_wire["multiply1", "a", 0]
    on_it = at(canvas, tuple(path.at(0.5)[0].tolist()))
    drag(canvas, middle(canvas, "tanh1"), on_it)
    assert studio.project.graph["multiply1"].sources["a"] == ("tanh1",)
    assert studio.project.graph["tanh1"].sources == {"x": ("add1",)}
    assert names(studio)[-1] == "Put into the wire"
    assert studio.shown.recording is not None
    # One that has wires already is only moved.
    path = canvas.scene.by_wire["multiply1", "b", 0]
    drag(canvas, middle(canvas, "tanh1"), at(canvas, tuple(path.at(0.5)[0].tolist())))
    assert studio.project.graph["multiply1"].sources["b"] == ("z",)
    assert names(studio)[-1] == "Move"


def test_a_gate_from_the_palette_goes_into_a_wire_within_its_box(
    canvas: Canvas, studio: Studio
) -> None:
    studio.do("", boxing.group, ["add1", "multiply1"])
    canvas.grab()
    mime = QMimeData()
    mime.setData(OP_TYPE, json.dumps({"op": "tanh", "settings": {}}).encode())
    where = QPointF(at(canvas, tuple(canvas.scene.by_wire["multiply1", "a", 0].at(0.5)[0])))
    copy = Qt.DropAction.CopyAction
    for event in (
        QDragEnterEvent(where.toPoint(), copy, mime, LEFT, NONE),
        QDragMoveEvent(where.toPoint(), copy, mime, LEFT, NONE),
        QDropEvent(where, copy, mime, LEFT, NONE),
    ):
        QApplication.sendEvent(canvas, event)
        canvas.repaint()
    assert studio.project.graph["tanh1"].sources == {"x": ("add1",)}
    assert held(studio, "box-1") == {"add1", "multiply1", "tanh1"}


def test_what_does_not_fit_says_why(canvas: Canvas, studio: Studio) -> None:
    out = at(canvas, canvas.scene.bodies["multiply1"].output)
    back = at(canvas, canvas.scene.bodies["add1"].inputs()["a", 0])
    drag(canvas, out, back, drop=False)
    gesture = canvas.gesture
    assert isinstance(gesture, Connect)
    assert "feed each other in a circle" in gesture.reason()
    QTest.mouseMove(canvas, middle(canvas, "x"))
    assert gesture.reason() == "x takes no input."
    shown = canvas.grab().toImage()
    canvas.give_up()
    assert shown != canvas.grab().toImage()
    # The other way round, from an input: nothing speaks against what fits.
    studio.do("", edits.disconnect, "add1", "a")
    canvas.grab()
    drag(canvas, back, middle(canvas, "z"), drop=False)
    gesture = canvas.gesture
    assert isinstance(gesture, Connect) and gesture.reason() == ""
    QTest.mouseMove(canvas, middle(canvas, "multiply1"))
    assert "feed each other in a circle" in gesture.reason()
    QTest.mouseRelease(canvas, LEFT, NONE, middle(canvas, "z"))
    assert studio.project.graph["add1"].sources["a"] == ("z",)


def test_a_port_whose_shape_does_not_fit_is_not_lit(canvas: Canvas, studio: Studio) -> None:
    studio.do("", edits.set_value, "x.value", [1.0, 2.0, 3.0])
    studio.do("", edits.set_value, "z.value", [1.0, 2.0])
    studio.do("", edits.disconnect, "multiply1", "b")
    look(canvas)
    out = at(canvas, canvas.scene.bodies["z"].output)
    port = at(canvas, canvas.scene.bodies["multiply1"].inputs()["b", 0])
    drag(canvas, out, port, drop=False)
    gesture = canvas.gesture
    assert isinstance(gesture, Connect)
    assert "3" in gesture.reason() and "2" in gesture.reason()
    bodies = [canvas.scene.bodies["multiply1"]]
    assert canvas.scene.bodies["multiply1"].inputs()["b", 0] not in gesture._lit(bodies)
    assert canvas.scene.bodies["multiply1"].inputs()["a", 0] in gesture._lit(bodies)


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
def test_delete_joins_the_one_wire_that_leads_in_and_out(
    canvas: Canvas, studio: Studio, key: Qt.Key
) -> None:
    studio.do("", edits.insert_node, gate("tanh"), (120.0, 60.0), "multiply1", "a")
    before = studio.project
    studio.select(["tanh1"])
    press(canvas, key, NONE)
    assert studio.project.graph["multiply1"].sources["a"] == ("add1",)
    assert names(studio)[-1] == "Delete"
    studio.undo()
    assert studio.project is before
    # Two wires lead into add1: nothing is joined, and its own command says so.
    studio.select(["add1"])
    press(canvas, key, NONE)
    assert not studio.project.graph["tanh1"].sources


def test_joining_has_a_command_of_its_own(
    canvas: Canvas, studio: Studio, notices: list[Notice]
) -> None:
    studio.do("", edits.insert_node, gate("tanh"), (120.0, 60.0), "multiply1", "a")
    studio.select(["tanh1"])
    press(canvas, Qt.Key.Key_Delete, CTRL)
    assert studio.project.graph["multiply1"].sources["a"] == ("add1",)
    assert names(studio)[-1] == "Take out of its wire"
    studio.select(["add1"])
    press(canvas, Qt.Key.Key_Delete, CTRL)
    assert "add1" in studio.project.graph.nodes
    assert "fed by 2 wires" in notices[-1].text


# -- values and weights -------------------------------------------------------------------------


def test_a_green_number_is_typed_where_it_stands(
    canvas: Canvas, studio: Studio, notices: list[Notice]
) -> None:
    studio.show_position(float(studio.shown.length))
    canvas.grab()
    for id in ("x", "y", "z"):
        x, y = canvas.scene.label_at(id)
        for off in (-18, 0, 18):
            double_click(canvas, at(canvas, (x + off, y - 13)))
            assert canvas.editor is not None, (id, off)
            QTest.keyClick(canvas.editor, Qt.Key.Key_Escape)
        double_click(canvas, at(canvas, (x, y - 13)))
        assert canvas.editor is not None
        assert abs(canvas.editor.geometry().center().x() - at(canvas, (x, y)).x()) < 6
        canvas.editor.selectAll()
        QTest.keyClicks(canvas.editor, "7")
        QTest.keyClick(canvas.editor, Qt.Key.Key_Return)
        assert float(studio.project.given[f"{id}.value"]) == 7.0
    x, y = canvas.scene.label_at("add1")
    double_click(canvas, at(canvas, (x, y - 13)))
    assert canvas.editor is None and canvas.search is None
    assert "computed" in notices[-1].text


def test_a_weight_is_typed_on_its_wire(canvas: Canvas, studio: Studio, xor: Project) -> None:
    studio.begin(laid_out(xor))
    look(canvas)
    path = next(path for path in canvas.scene.paths if path.weight)
    row = 1
    place = tuple(path.at(0.35)[row].tolist())
    double_click(canvas, at(canvas, place))
    assert canvas.editor is not None
    index = tuple(path.pairs[row].tolist())
    assert float(canvas.editor.text()) == pytest.approx(  # type: ignore[union-attr]
        float(studio.project.weights[path.weight][index]), rel=1e-5
    )
    canvas.editor.selectAll()
    QTest.keyClicks(canvas.editor, "1/4")
    QTest.keyClick(canvas.editor, Qt.Key.Key_Return)
    changed = studio.project.weights[path.weight] != xor.weights[path.weight]
    assert studio.project.weights[path.weight][index] == 0.25
    assert changed.sum() == 1


def test_layers_are_frozen_and_let_go(canvas: Canvas, studio: Studio, xor: Project) -> None:
    studio.begin(laid_out(xor))
    studio.select(["dense1", "dense2"])
    act = canvas.window().actions_by_id["freeze"]  # type: ignore[attr-defined]
    assert not act.isChecked()
    give(canvas, "freeze")
    assert studio.project.training.frozen == {"dense1", "dense2"}
    assert act.isChecked() and names(studio)[-1] == "Freeze"
    studio.select(["dense1"])
    give(canvas, "freeze")
    assert studio.project.training.frozen == {"dense2"}
    assert names(studio)[-1] == "Unfreeze"
    studio.select(["data1"])
    assert not act.isEnabled()


# -- lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "edge"),
    [
        ("align_left", lambda r: r.x),
        ("align_centres", lambda r: r.centre[0]),
        ("align_right", lambda r: r.right),
        ("align_top", lambda r: r.y),
        ("align_middles", lambda r: r.centre[1]),
        ("align_bottom", lambda r: r.bottom),
    ],
)
def test_what_is_selected_is_aligned(
    canvas: Canvas, studio: Studio, command: str, edge: Callable[..., float]
) -> None:
    studio.do("", boxing.add_note, "a note", (33.0, 300.0))
    studio.select(["x", "add1", "z", "note-1"])
    count = len(studio.history.past)
    give(canvas, command)
    rects = [canvas.scene.bodies[id].rect for id in ("x", "add1", "z")]
    rects += [slip.rect for slip in canvas.scene.slips]
    assert np.ptp([edge(rect) for rect in rects]) < 1e-9
    assert len(studio.history.past) == count + 1


def test_even_gaps(canvas: Canvas, studio: Studio) -> None:
    studio.select(["x", "add1", "multiply1"])
    studio.do("", edits.move, {"add1": (studio.project.places["x"][0] + 10, 0.0)})
    give(canvas, "distribute_across")
    rects = sorted(canvas.scene.bodies[id].rect for id in ("x", "add1", "multiply1"))
    gaps = [b.x - a.right for a, b in pairwise(rects)]
    assert gaps[0] == pytest.approx(gaps[1])
    give(canvas, "distribute_down")


# -- menus --------------------------------------------------------------------------------------


def test_each_thing_has_a_menu_of_its_own(
    canvas: Canvas, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMenu, "popup", lambda *_arguments: None)
    studio.do("", boxing.add_note, "why", (40.0, 330.0))
    studio.do("", boxing.group, ["x", "y"], "Box")
    canvas.grab()

    def texts(place: Point) -> list[str]:
        where = at(canvas, place)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, QPoint(5, 5))
        QApplication.sendEvent(canvas, event)
        made = canvas.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]
        return [act.text().replace("&", "") for act in made.actions()]

    (frame,), (slip,) = canvas.scene.frames, canvas.scene.slips
    of_box = texts((frame.rect.x + 30, frame.head.centre[1]))
    assert {"Fold or open the box", "Colour of the box", "Dissolve the box"} <= set(of_box)
    assert studio.selection == {"x", "y"}
    of_note = texts(slip.rect.centre)
    assert studio.noted == {"note-1"} and not studio.selection
    assert {"Rename…", "Delete", "Copy"} <= set(of_note) and "Freeze" not in of_note
    of_node = texts(canvas.scene.bodies["multiply1"].rect.centre)
    wanted = {"Delete and join the wire", "Cut", "Duplicate", "Group into a box", "Freeze"}
    assert wanted <= set(of_node)
    path = canvas.scene.by_wire["multiply1", "b", 0]
    of_wire = texts(tuple(path.at(0.5)[0].tolist()))
    assert of_wire[:2] == ["Put a gate into it…", "Remove the wire"]
    of_nothing = texts((canvas.seen.x + 15, canvas.seen.bottom - 15))
    assert {"Add here…", "Paste here", "Write a note here…", "Select all"} <= set(of_nothing)


def test_paste_here_puts_the_middle_there(
    canvas: Canvas, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMenu, "popup", lambda *_arguments: None)
    studio.select(["x"])
    give(canvas, "copy")
    where = QPoint(40, canvas.height() - 60)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, QPoint(5, 5))
    QApplication.sendEvent(canvas, event)
    view = canvas.view
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    acts = canvas.findChildren(QMenu, options=direct)[-1].actions()
    next(act for act in acts if act.text() == "Paste here").trigger()
    assert studio.project.places["x1"] == view.to_canvas((40.0, where.y()))


def test_what_is_drawn_is_saved_and_exported(canvas: Canvas, studio: Studio) -> None:
    from bpstudio.exchange import diagram
    from bpstudio.playback.picture import picture

    studio.do("", boxing.add_note, "a note", (33.0, 300.0))
    studio.do("", boxing.group, ["x", "y"], "Pair")
    again = file.from_bytes(file.to_bytes(studio.project))
    texts = {"".join(s.text for s in text.spans) for text in picture(again).texts()}
    assert {"a note", "Pair"} <= texts
    assert "a note" in diagram.svg(picture(again))
