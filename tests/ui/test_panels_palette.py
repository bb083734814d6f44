"""The palette: what it finds, and what it puts on the canvas."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest

from bpstudio.data.toys import TOYS
from bpstudio.engine.op import Array, Op, catalog
from bpstudio.language import LANGUAGES, everywhere, set_language
from bpstudio.project.project import Project
from bpstudio.ui.canvas.adding import DATA_TYPE, OP_TYPE
from bpstudio.ui.panels.entries import DATA, LAYERS, Entry, entries, found
from bpstudio.ui.panels.palette import ENTRY, FORMULA, PalettePanel
from bpstudio.ui.panels.tiles import tile
from bpstudio.ui.studio import Notice, Studio


@pytest.fixture
def palette(studio: Studio) -> Iterator[PalettePanel]:
    panel = PalettePanel(studio)
    panel.resize(220, 500)
    panel.show()
    yield panel
    panel.close()
    panel.deleteLater()


def rows(palette: PalettePanel) -> list[QModelIndex]:
    model = palette.list.model()
    return [model.index(row, 0) for row in range(model.rowCount())]


def names(palette: PalettePanel) -> list[str]:
    return [index.data(ENTRY).name for index in rows(palette) if index.data(ENTRY)]


def test_everything_is_offered_once() -> None:
    offered = [(entry.name, entry.is_data) for entry in entries()]
    expected = [(name, False) for name in catalog] + [(name, True) for name in TOYS]
    assert sorted(offered) == sorted(expected)
    for entry in entries():
        assert entry.title and entry.help and entry.section


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("add", "add"),
        ("+", "add"),
        ("×", "multiply"),
        ("sigm", "sigmoid"),
        ("σ", "sigmoid"),
        ("RELU", "relu"),
        ("fully conn", "dense"),
        ("곱하기", "multiply"),
        ("시그", "sigmoid"),
        ("ㅅㄱㅁㅇㄷ", "sigmoid"),
        ("나선", "spiral"),
        ("ㄴㅅ", "spiral"),
        ("xor", "xor"),
        ("truth xor", "xor"),
        ("*", "multiply"),
        ("-", "subtract"),
        ("/", "divide"),
        ("^", "power"),
        ("∑", "sum"),
        ("ㅅㄱㅁ", "sigmoid"),
        ("식", "sigmoid"),
        ("시ㄱ", "sigmoid"),
        ("ㅇㄱㅊ", "dense"),
        ("dense", "dense"),
        ("체커", "checkerboard"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_things_are_found_by_title_symbol_and_words_of_both_languages(
    language: str, text: str, name: str
) -> None:
    set_language(language)
    assert name in [entry.name for entry in found(text)][:3]


def test_a_korean_title_is_found_on_an_english_screen() -> None:
    title = next(e for e in everywhere(catalog["hard_sigmoid"].title) if not e.isascii())
    assert found(title)[0].name == "hard_sigmoid"


def test_a_number_behind_a_name_is_for_its_first_setting() -> None:
    first = found("dense 4")[0]
    assert first.op.settings["units"] == 4 and "4" in first.title
    assert found("완전 연결층 3")[0].op.settings["units"] == 3
    assert found("leaky 0.2")[0].op.settings["slope"] == 0.2
    assert found("dense 0.5") == () and found("dense 0") == ()


def test_nothing_is_found_by_what_nothing_is_called() -> None:
    assert found("zzz") == ()
    assert found("sigmoid zzz") == ()


def test_the_best_find_comes_first() -> None:
    assert found("max")[0].name == "max"
    assert found("xor")[0].name == "xor"
    assert found("tanh")[0].name == "tanh"
    assert [entry.name for entry in found("sum")][:2] == ["sum", "add"]
    assert found("σ")[0].name == "sigmoid" and found("Σ")[0].name == "sum"


def test_searching_filters_and_empties_again(palette: PalettePanel) -> None:
    everything = names(palette)
    palette.search.setText("sig")
    assert "sigmoid" in names(palette) and len(names(palette)) < len(everything)
    palette.search.clear()
    assert names(palette) == everything


def test_enter_adds_the_best_find_beside_what_is_selected(
    palette: PalettePanel, studio: Studio
) -> None:
    studio.select(["loss1"])
    palette.search.setFocus()
    QTest.keyClicks(palette.search, "tanh")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    (id,) = studio.selection
    assert studio.project.graph[id].op.name == "tanh"
    assert studio.project.places[id][0] > studio.project.places["loss1"][0]
    assert len(studio.history.past) == 1


def test_a_double_click_adds(palette: PalettePanel, studio: Studio) -> None:
    index = next(i for i in rows(palette) if i.data(ENTRY) and i.data(ENTRY).name == "multiply")
    palette.list.activated.emit(index)
    assert "multiply1" in studio.project.graph.nodes


def test_a_formula_becomes_gates_in_one_edit(palette: PalettePanel, studio: Studio) -> None:
    studio.begin(Project())
    QTest.keyClicks(palette.search, "(x+y)*z")
    assert rows(palette)[1].data(FORMULA) == "(x+y)*z"
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert set(studio.project.graph.nodes) == {"x", "y", "z", "add1", "multiply1"}
    assert studio.selection == studio.project.graph.nodes.keys()
    assert palette.search.text() == ""
    studio.undo()
    assert not studio.project.graph.nodes
    assert studio.history.undo_name is None


def test_what_is_wrong_with_a_formula_is_said_below(palette: PalettePanel, studio: Studio) -> None:
    before = studio.project
    palette.search.setText("(x+")
    (only,) = rows(palette)
    assert only.data(ENTRY) is None and "x" not in names(palette)
    assert str(only.data())
    palette.search.setText("quux")
    assert "quux" not in names(palette)
    assert studio.project is before


def test_a_symbol_alone_is_no_formula(palette: PalettePanel) -> None:
    for text in ("1/x", "max", "+"):
        palette.search.setText(text)
        assert not any(index.data(FORMULA) for index in rows(palette))


def test_a_data_set_takes_the_place_of_the_one_there_is(
    palette: PalettePanel, studio: Studio, notices: list[Notice]
) -> None:
    nodes = set(studio.project.graph.nodes)
    palette.add(Entry("circles", DATA, is_data=True))
    assert studio.project.data is not None and studio.project.data.name == "circles"
    assert set(studio.project.graph.nodes) == nodes
    assert notices == []
    studio.begin(Project())
    palette.add(Entry("xor", DATA, is_data=True))
    assert list(studio.project.graph.nodes) == ["data1"]


def test_what_is_dragged_says_what_it_is(palette: PalettePanel) -> None:
    found_rows = {i.data(ENTRY).name: i for i in rows(palette) if i.data(ENTRY)}
    model = palette.list.model()
    gate = model.mimeData([found_rows["dense"]])
    content = json.loads(bytes(gate.data(OP_TYPE).data()))
    assert content["op"] == "dense"
    assert content["settings"] == catalog["dense"]().settings
    data = model.mimeData([found_rows["spiral"]])
    assert json.loads(bytes(data.data(DATA_TYPE).data())) == {"data": "spiral"}


def test_keys_lead_from_the_field_into_the_list(palette: PalettePanel) -> None:
    palette.search.setText("cos")
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.list.currentIndex().data(ENTRY).name == "cos"
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert palette.search.text() == ""


def test_a_chain_is_built_by_adding_one_after_the_other(
    palette: PalettePanel, studio: Studio
) -> None:
    studio.begin(Project())
    for word in ("moons", "dense", "tanh", "dense", "sigmoid", "binary cross entropy"):
        palette.add(found(word)[0])
    feeding = {node.id: node.feeding for node in studio.project.graph.ordered}
    chain = ["data1", "dense1", "tanh1", "dense2", "sigmoid1", "loss1"]
    assert [feeding[id] for id in chain] == [(), *((id,) for id in chain[:-1])]


def test_what_has_two_inputs_or_nothing_free_before_it_is_not_wired(
    palette: PalettePanel, studio: Studio
) -> None:
    studio.begin(Project())
    for word in ("constant", "add"):
        palette.add(found(word)[0])
    assert studio.project.graph["add1"].feeding == ()
    palette.add(found("tanh")[0])
    assert studio.project.graph["tanh1"].feeding == ("add1",)
    studio.select(["add1"])
    palette.add(found("relu")[0])
    assert studio.project.graph["relu1"].feeding == ()


def test_a_gate_whose_curve_cannot_be_drawn_has_its_symbol(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Op, _x: Array) -> Array:
        raise ZeroDivisionError

    usual = tile(Entry("tanh", LAYERS), studio.theme, 1.0)
    monkeypatch.setattr(catalog["tanh"], "forward", fail)
    drawn = tile(Entry("tanh", LAYERS), studio.theme, 1.25)
    assert drawn.width() > usual.width() and drawn.toImage().pixelColor(18, 14).alpha() > 0
