"""The dialogs for data sets and for tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from bpstudio.data.choices import Role
from bpstudio.playback.marks import Discs
from bpstudio.ui.canvas import menu
from bpstudio.ui.dialogs.data import DataDialog
from bpstudio.ui.dialogs.table import TableDialog
from bpstudio.ui.dialogs.tables import Reading
from bpstudio.ui.panels.form import Choice, Line, Whole
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window
from tests.ui.conftest import delete_what_was_left_for_later

PATIENCE = 60_000
PEOPLE = "name;size;colour;kind\nKim;1,5;red;a\nLee;2,5;;b\nPark;3,5;blue;a\nChoi;;red;b\n"


def pick(dialog: DataDialog, name: str) -> None:
    for row in range(dialog.sets.count()):
        if dialog.sets.item(row).data(256) == name:
            dialog.sets.setCurrentRow(row)
            return
    raise AssertionError(name)


@pytest.fixture
def dialog(window: Window, qtbot: QtBot) -> DataDialog:
    made = DataDialog(window)
    made.open()
    return made


def test_it_begins_with_the_set_that_is_there(dialog: DataDialog) -> None:
    assert dialog.recipe["name"] == "xor"
    assert dialog.made is not None
    assert len(dialog.made) == 4


def test_a_set_with_its_settings_is_one_edit(dialog: DataDialog, studio: Studio) -> None:
    pick(dialog, "spiral")
    arms, points = dialog.form.fields["arms"], dialog.form.fields["points"]
    assert isinstance(arms, Whole)
    assert isinstance(points, Whole)
    arms.setValue(5)
    points.setValue(50)
    assert sum(len(m.centres) for m in dialog.view.marks() if isinstance(m, Discs)) == 50
    past = len(studio.history.past)
    dialog.accepting.click()
    assert studio.project.data is not None
    assert studio.project.data.recipe["arms"] == 5
    assert len(studio.project.data) == 50
    assert len(studio.history.past) == past + 1


def test_a_typed_function_and_what_is_wrong_with_it(dialog: DataDialog) -> None:
    pick(dialog, "above")
    typed = dialog.form.fields["formula"]
    assert isinstance(typed, Line)
    typed.setText("x^2")
    typed.textEdited.emit("x^2")
    assert dialog.made is not None
    x, y = dialog.made.features.T
    assert np.array_equal(dialog.made.answers == 1, y > x**2)
    typed.textEdited.emit("x^2 + y")
    assert "y, but there is only x" in dialog.said.text()
    assert not dialog.accepting.isEnabled()
    assert dialog.view.marks() == []
    typed.textEdited.emit("1")
    assert dialog.accepting.isEnabled()


def test_every_set_can_be_looked_at(dialog: DataDialog) -> None:
    for row in range(dialog.sets.count()):
        dialog.sets.setCurrentRow(row)
        assert dialog.accepting.isEnabled()
        assert not dialog.view.grab().isNull()
    assert dialog.made is not None
    assert dialog.made.name == "drawn"


def shown(window: Window, text: str, qtbot: QtBot) -> TableDialog:
    made = TableDialog(window, "people.csv", "people", text.encode)
    made.open()
    qtbot.waitUntil(lambda: made.grid.columnCount() > 0, timeout=PATIENCE)
    return made


def test_a_table_is_read_as_it_is_chosen(window: Window, studio: Studio, qtbot: QtBot) -> None:
    dialog = shown(window, PEOPLE, qtbot)
    item = dialog.grid.item(1, 1)
    assert item is not None
    assert item.text() == "1,5"
    assert [role.use for role in dialog.roles()] == ["input", "input", "input", "target"]
    dialog.choose(0, Role("ignore"))
    gaps = dialog.rows.fields["gaps"]
    assert isinstance(gaps, Choice)
    gaps.setCurrentIndex(gaps.findData("fill"))
    with qtbot.waitSignal(studio.changed, timeout=PATIENCE):
        dialog.accepting.click()
    data = studio.project.data
    assert data is not None
    assert data.name == "people"
    assert data.feature_names == ("size", "colour = red")
    assert data.features.tolist() == [[1.5, 1], [2.5, 1], [3.5, 0], [2.5, 1]]
    assert data.classes == ("a", "b")


def test_one_column_of_classes_is_learned(window: Window, qtbot: QtBot) -> None:
    dialog = shown(window, PEOPLE, qtbot)
    dialog.choose(2, Role("target", "category"))
    assert [role.use for role in dialog.roles()] == ["input", "input", "target", "input"]
    dialog.choose(1, Role("target", "number"))
    assert [role.use for role in dialog.roles()] == ["input", "target", "input", "input"]
    dialog.close()


def test_every_wrong_cell_is_listed(window: Window, studio: Studio, qtbot: QtBot) -> None:
    before = studio.project
    dialog = shown(window, PEOPLE, qtbot)
    dialog.accepting.click()
    qtbot.waitUntil(lambda: bool(dialog.wrong.toPlainText()), timeout=PATIENCE)
    lines = dialog.wrong.toPlainText().splitlines()
    assert [("line 3" in line, "line 5" in line) for line in lines] == [(1, 0), (0, 1)]
    assert studio.project is before
    assert dialog.accepting.isEnabled()
    dialog.close()


def test_how_it_is_cut_can_be_changed(window: Window, qtbot: QtBot) -> None:
    dialog = shown(window, PEOPLE, qtbot)
    delimiter = dialog.cut.fields["delimiter"]
    assert isinstance(delimiter, Choice)
    delimiter.setCurrentIndex(delimiter.findData(","))
    delimiter.activated.emit(1)
    qtbot.waitUntil(lambda: "people.csv" in dialog.wrong.toPlainText(), timeout=PATIENCE)
    delimiter.setCurrentIndex(0)
    delimiter.activated.emit(0)
    qtbot.waitUntil(dialog.wrong.isHidden, timeout=PATIENCE)
    dialog.close()


def test_a_closed_dialog_reads_no_more(window: Window, studio: Studio, qtbot: QtBot) -> None:
    before = studio.project
    dialog = shown(window, "x,y\n" + "1,2.5\n" * 200_000, qtbot)
    dialog.accepting.click()
    dialog.cancelling.click()
    assert dialog.accepting.isEnabled()
    dialog.accepting.click()
    dialog.close()
    qtbot.wait(100)
    assert studio.project is before


def test_what_has_been_read_can_be_dropped_still(window: Window, qtbot: QtBot) -> None:
    reading, found = Reading(lambda _report: "a table", window), list[object]()
    reading.done.connect(found.append)
    qtbot.waitUntil(lambda: found == ["a table"])
    delete_what_was_left_for_later()
    reading.drop()
    assert not shiboken6.isValid(reading)


CELLS = "a\tb\n1\t2,5\n3\t4,5\n"


@pytest.mark.parametrize("command", ["paste", "paste_table"])
def test_a_table_is_pasted(command: str, window: Window, studio: Studio, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText(CELLS)
    window.actions_by_id[command].trigger()
    dialog = window.findChild(TableDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.grid.columnCount() == 2, timeout=PATIENCE)
    with qtbot.waitSignal(studio.changed, timeout=PATIENCE):
        dialog.accepting.click()
    assert studio.project.data is not None
    assert studio.project.data.answers.tolist() == [[2.5], [4.5]]


def test_a_table_is_pasted_by_the_menu_of_the_canvas(window: Window, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText(CELLS)
    made = menu.make(window.canvas, (10.0, 10.0), window.actions_by_id)
    next(each for each in made.actions() if each.text() == "Paste here").trigger()
    made.deleteLater()
    dialog = window.findChild(TableDialog)
    assert dialog is not None
    dialog.close()


def test_a_formula_is_pasted_as_before(window: Window, studio: Studio) -> None:
    for text in ("max(u, v)", "u*v\n+ w"):
        QGuiApplication.clipboard().setText(text)
        before = len(studio.project.graph.nodes)
        window.actions_by_id["paste"].trigger()
        assert window.findChild(TableDialog) is None
        assert len(studio.project.graph.nodes) > before


def test_a_table_that_is_none_says_so(window: Window, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = TableDialog(window, "bad.csv", "bad", lambda: b"x,y\n1,\x00\n")
    dialog.open()
    qtbot.waitUntil(lambda: bool(dialog.wrong.toPlainText()), timeout=PATIENCE)
    assert "bad.csv, line 2" in dialog.wrong.toPlainText()
    assert not dialog.accepting.isEnabled()
    dialog.close()
