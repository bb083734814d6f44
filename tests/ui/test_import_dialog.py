"""File ▸ Import: a model from elsewhere takes the place of what is there, or says why not."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from bpstudio.ui.dialogs.importing import ImportDialog
from bpstudio.ui.window import Window


def test_an_address_is_read_in_a_process_of_its_own(window: Window, qtbot: QtBot) -> None:
    dialog = ImportDialog(window)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.model.setText("https://playground.tensorflow.org/#networkShape=3&dataset=xor")
    dialog.begin()
    qtbot.waitUntil(lambda: window.studio.project.title == "TensorFlow Playground", timeout=60_000)
    assert "dense2" in window.studio.project.graph.nodes
    assert window.studio.dirty


def test_what_can_t_be_read_says_why(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    before = window.studio.project
    dialog = ImportDialog(window)
    qtbot.addWidget(dialog)
    dialog.open()
    (tmp_path / "m.onnx").write_bytes(b"no model")
    dialog.model.setText(str(tmp_path / "m.onnx"))
    dialog.begin()
    qtbot.waitUntil(lambda: "m.onnx" in dialog.outcome.text(), timeout=60_000)
    assert window.studio.project is before
    assert "nn.Linear" in dialog.lines.toPlainText()
