"""The export dialog shows what would be written: made beside the window, and given up in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from bpstudio.cli import main
from bpstudio.data import toys
from bpstudio.engine.formula import build as built
from bpstudio.exchange import formats
from bpstudio.exchange.preview import PAGES
from bpstudio.project import build, file
from bpstudio.project.build import from_formula
from bpstudio.project.project import Project
from bpstudio.ui import previews
from bpstudio.ui.dialogs.export import ExportDialog
from bpstudio.ui.dialogs.export_preview import ExportPreview
from bpstudio.ui.studio import Studio


@pytest.fixture
def dialog(studio: Studio, qtbot: QtBot) -> ExportDialog:
    made = ExportDialog(studio)
    qtbot.addWidget(made)
    made.show()
    return made


def choose(dialog: ExportDialog, name: str) -> ExportPreview:
    dialog.format.setCurrentIndex([target.name for target in dialog._targets].index(name))
    return dialog.preview


def arrived(qtbot: QtBot, preview: ExportPreview) -> None:
    qtbot.waitUntil(lambda: not preview.waiting, timeout=60_000)


def test_no_name_of_a_format_is_cut(studio: Studio, qtbot: QtBot) -> None:
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    dialog.format.addItem("One format with a name that is longer than that of any other " * 2)
    dialog.ensurePolished()
    layout = dialog.layout()
    assert layout is not None
    layout.activate()
    dialog.resize(300, 300)
    layout.activate()
    assert dialog.format.width() >= dialog.format.sizeHint().width()


def test_each_kind_of_format_is_shown_in_its_way(dialog: ExportDialog, qtbot: QtBot) -> None:
    preview = dialog.preview
    arrived(qtbot, preview)
    assert preview.stack.currentWidget() is preview.lines
    assert "import numpy as np" in preview.lines.toPlainText()
    assert "lines" in preview.summary.text()
    arrived(qtbot, choose(dialog, "npz"))
    assert preview.stack.currentWidget() is preview.rows
    told = [preview.rows.item(row, 0) for row in range(preview.rows.rowCount())]
    assert "dense1.weight" in [each.text() for each in told if each is not None]
    arrived(qtbot, choose(dialog, "page"))
    assert preview.stack.currentWidget() is preview.picture
    assert not preview._shown.pixmap().isNull()
    # What was made once is there at once.
    choose(dialog, "npz")
    assert not preview.waiting and preview.stack.currentWidget() is preview.rows
    dialog.close()


def begin(preview: ExportPreview) -> None:
    """It is being made from now on; who waited for that could come when it is over."""
    preview._soon.stop()
    preview._begin()
    assert preview._command.running


def test_another_choice_gives_up_what_was_being_made(dialog: ExportDialog, qtbot: QtBot) -> None:
    preview = choose(dialog, "pdf")
    begin(preview)
    choose(dialog, "mermaid")
    assert not preview._command.running and preview.waiting
    arrived(qtbot, preview)
    assert preview.lines.toPlainText().startswith("flowchart")
    assert list(preview._made) == ["mermaid"]
    dialog.close()


def test_while_training_all_that_is_made_is_of_the_moment_it_was_asked_for(
    dialog: ExportDialog, studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    def shown() -> list[str]:
        arrived(qtbot, choose(dialog, "losses"))
        return dialog.preview.lines.toPlainText().splitlines()

    assert len(shown()) == 1  # nothing was trained yet
    arrived(qtbot, choose(dialog, "json"))
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 0, timeout=60_000)
    assert len(shown()) > 1
    assert studio.shown.training
    steps = studio.shown.step
    qtbot.waitUntil(lambda: studio.shown.step > steps, timeout=60_000)
    out = tmp_path / "losses.csv"
    dialog.path.setText(str(out))
    dialog.start()
    asked = studio.project.trained.steps
    qtbot.waitUntil(lambda: not dialog.running, timeout=60_000)
    assert studio.shown.training and asked > steps
    assert len(out.read_text("utf-8").splitlines()) == 1 + asked
    studio.pause()
    dialog.close()


def test_leaving_gives_it_up_and_leaves_no_folder(dialog: ExportDialog, qtbot: QtBot) -> None:
    preview = dialog.preview
    begin(preview)
    assert preview._folder is not None
    folder = Path(preview._folder.name)
    assert folder.is_dir()
    dialog.close()
    assert not preview.waiting and not folder.exists()


def test_a_missing_library_is_named(
    dialog: ExportDialog, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    preview = choose(dialog, "onnx")
    assert not preview.waiting and preview.summary.text() == "onnx is not installed."
    dialog.close()


NETWORKS = {
    "xor": build.network(toys.make("xor"), (2, 4, 1)),
    "iris": build.network(toys.make("iris"), (4, 5, 3)),
}


def test_every_page_has_a_picture() -> None:
    pages = {name for name, form in formats.FORMATS.items() if form.ending in PAGES}
    assert pages == set(previews.PICTURES)


@pytest.mark.parametrize("name", previews.PICTURES)
@pytest.mark.parametrize("project", NETWORKS.values(), ids=list(NETWORKS))
def test_pages_are_drawn(name: str, project: Project, tmp_path: Path) -> None:
    previews.save(project, name, tmp_path / "p.png")
    drawn = QImage(str(tmp_path / "p.png"))
    assert drawn.width() == previews.WIDE and drawn.height() > 100


def test_a_formula_is_drawn_too(tmp_path: Path) -> None:

    previews.save(
        from_formula(built("(x+y)*z", {"x": -2, "y": 5, "z": -4})), "page", tmp_path / "p"
    )
    assert QImage(str(tmp_path / "p")).width() == previews.WIDE


def test_the_command_shows_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "xor.bps")
    file.save(NETWORKS["xor"], path)
    assert main(["preview", path, "--to", "npz"]) == 0
    assert "dense1.weight" in capsys.readouterr().out
    assert main(["preview", path, "--to", "dot"]) == 0
    assert capsys.readouterr().out.startswith("digraph")
    assert main(["preview", path, "--to", "page"]) == 2
    assert "--out X.png" in capsys.readouterr().err
    out = tmp_path / "page.png"
    assert main(["preview", path, "--to", "page", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["page.png", "xor.bps"]
