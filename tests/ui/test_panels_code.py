"""Code in step: the text of the exports, lit where something happens, and a way to every step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QTextBlock
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.data.choices import Choices
from bpstudio.data.tables import parse
from bpstudio.exchange import formats
from bpstudio.playback.timeline import BACKWARD, CLEAR, FORWARD, UPDATE
from bpstudio.project import build, edits, placing
from bpstudio.project.project import Project
from bpstudio.ui.panels.code import NUMPY, PYTORCH, CodePanel
from bpstudio.ui.studio import Studio


@pytest.fixture
def code(studio: Studio) -> Iterator[CodePanel]:
    panel = CodePanel(studio)
    panel.resize(520, 300)
    panel.show()
    panel.refresh()
    yield panel
    panel.close()
    panel.deleteLater()


@pytest.fixture
def gates(studio: Studio) -> Studio:
    """f = (x + y) · z."""
    project = placing.add_formula(Project(), "f = (x + y) * z")
    for key, value in {"x": -2.0, "y": 5.0, "z": -4.0}.items():
        project = edits.set_value(project, f"{key}.value", value)
    studio.begin(project)
    return studio


def lit(panel: CodePanel) -> list[str]:
    """The lines that are lit, in the order of the text."""
    lines = panel.listing.text.split("\n")
    found = panel.text.extraSelections()
    return [lines[i] for i in sorted(each.cursor.blockNumber() for each in found)]


def block(panel: CodePanel, words: str) -> QTextBlock:
    number = next(i for i, line in enumerate(panel.listing.text.split("\n")) if words in line)
    return panel.text.document().findBlockByNumber(number)


@pytest.mark.parametrize("name", [NUMPY, PYTORCH])
def test_of_a_table_that_is_normalised_it_is_what_the_export_writes(
    code: CodePanel, studio: Studio, name: str
) -> None:
    table = "x,y,kind\n" + "".join(f"{100 + 7 * i},{i * i},{'ab'[i % 2]}\n" for i in range(12))
    data = parse(table, "t", Choices(normalise=True))
    studio.begin(build.network(data, (2, 3, 1)))
    code.tabs.setCurrentIndex([NUMPY, PYTORCH].index(name))
    code.refresh()
    assert code.listing.text == formats.made(studio.project, name).main.decode()
    assert code.listing.text != formats.FORMATS[name].write(studio.project).main.decode()
    studio.show_position(1.5)
    code.refresh()
    assert lit(code)


@pytest.mark.parametrize("name", [NUMPY, PYTORCH])
def test_it_is_the_text_that_the_export_writes(code: CodePanel, studio: Studio, name: str) -> None:
    code.tabs.setCurrentIndex([NUMPY, PYTORCH].index(name))
    code.refresh()
    written = formats.FORMATS[name].write(studio.project).main.decode()
    assert code.text.toPlainText() == code.listing.text == written


def test_the_lines_of_the_present_step_are_lit(code: CodePanel, gates: Studio) -> None:
    gates.show_position(0.5)
    code.refresh()
    assert "add1 = self.add1.forward(x, y)" in "\n".join(lit(code))
    assert any("def forward(self, a, b):" in line for line in lit(code))
    line = gates.shown.timeline
    assert line is not None
    gates.show_position(line.backward_at["f"] - 0.5)
    code.refresh()
    assert any("= self.f.backward(d_f)" in line for line in lit(code))
    assert any("def backward(self, g):" in line for line in lit(code))
    assert not any("forward" in line for line in lit(code))


def test_pytorch_goes_back_by_itself(code: CodePanel, studio: Studio) -> None:
    code.tabs.setCurrentIndex(1)
    line = studio.shown.timeline
    assert line is not None
    studio.show_position(line.backward_at["dense2"] - 0.5)
    code.refresh()
    assert any(".backward()" in text for text in lit(code))
    assert any("dense2 = self.dense2(" in text for text in lit(code))
    studio.show_position(float(line.span(CLEAR)[0]) + 0.5)
    code.refresh()
    assert {text.strip() for text in lit(code)} == {"optimizer.zero_grad()", "network.zero_grad()"}
    studio.show_position(float(line.span(UPDATE)[0]) + 0.5)
    code.refresh()
    assert [text.strip() for text in lit(code)] == ["optimizer.step()"]


@pytest.mark.parametrize(
    ("words", "phase", "node"),
    [
        ("add1 = self.add1.forward(", FORWARD, "add1"),
        ("= self.f.backward(", BACKWARD, "f"),
        ("= self.add1.backward(", BACKWARD, "add1"),
    ],
)
def test_a_click_on_a_line_goes_to_its_step(
    code: CodePanel, gates: Studio, words: str, phase: str, node: str
) -> None:
    code.refresh()
    at = block(code, words)
    code.text.setTextCursor(at.document().find(words))
    code.text.centerCursor()
    place = code.text.blockBoundingGeometry(at).translated(code.text.contentOffset()).center()
    spot = QPoint(20, round(place.y()))
    QTest.mouseClick(code.text.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert gates.selection == {node}
    moment = gates.shown.instant.moment if gates.shown.instant else None
    assert moment is not None and (moment.phase, moment.node) == (phase, node)


def test_enter_goes_to_the_step_of_the_cursors_line(code: CodePanel, gates: Studio) -> None:
    code.refresh()
    code.text.setTextCursor(code.text.document().find("self.f.backward("))
    QTest.keyClick(code.text, Qt.Key.Key_Return)
    assert gates.selection == {"f"}


def test_a_line_that_many_share_belongs_to_the_present_node(
    code: CodePanel, studio: Studio
) -> None:
    line = studio.shown.timeline
    assert line is not None
    number = block(code, "def backward(self, g):").blockNumber() + 1
    studio.show_position(line.backward_at["dense1"] - 0.5)
    code.refresh()
    code.go_to(number)
    assert studio.selection == {"dense1"}


def test_the_script_is_copied_whole(code: CodePanel, studio: Studio) -> None:
    code.copy.click()
    assert QGuiApplication.clipboard().text() == code.listing.text


def test_what_is_copied_while_training_has_the_weights_of_that_moment(
    code: CodePanel, studio: Studio, qtbot: QtBot
) -> None:
    shown = code.listing.text
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 0, timeout=60_000)
    code.refresh()
    assert code.listing.text == shown  # it is not written anew with every step
    code.copy.click()
    assert studio.shown.training and studio.project.trained.steps > 0
    written = formats.FORMATS[NUMPY].write(studio.project).main.decode()
    assert QGuiApplication.clipboard().text() == written == code.text.toPlainText() != shown
    studio.pause()


def test_moving_a_node_writes_nothing_anew(
    code: CodePanel, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = code.listing
    studio.do("Move", edits.move, {"dense1": (500.0, 300.0)})
    code.refresh()
    assert code.listing is before
    studio.do("Rename", edits.rename, "dense1", "hidden")
    code.refresh()
    assert code.listing is not before and "# hidden" in code.listing.text


def test_nothing_is_written_while_nobody_looks(
    code: CodePanel, studio: Studio, gates: Studio
) -> None:
    code.hide()
    before = code.listing
    studio.do("x", edits.set_value, "x.value", 3.0)
    assert code.listing is before


def test_what_can_not_be_written_says_why(code: CodePanel, studio: Studio) -> None:
    studio.begin(Project())
    code.refresh()
    assert code.why.isVisible() and not code.text.isVisible() and not code.copy.isEnabled()


def test_words_of_python_have_their_colours(code: CodePanel) -> None:
    at = block(code, "class ComputationalGraph:")
    formats_ = at.layout().formats()
    spans = {at.text()[f.start : f.start + f.length]: f.format for f in formats_}
    assert spans["class"].foreground().color() == QColor(code.theme.colours["accent"])
    told = block(code, '"""The gates in the order in which they run."""')
    (whole,) = told.layout().formats()
    assert whole.format.foreground().color() == QColor(code.theme.colours["muted"])
