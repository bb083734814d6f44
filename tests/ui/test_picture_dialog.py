"""Export picture or film: what is asked for is what is written, and nothing without asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from bpstudio.playback.palette import THEMES
from bpstudio.playback.timeline import BACKWARD, FORWARD
from bpstudio.project import runs
from bpstudio.training.trainer import train_now
from bpstudio.ui import film
from bpstudio.ui.dialogs import picture_form, replacing
from bpstudio.ui.dialogs.export import ExportDialog
from bpstudio.ui.dialogs.picture import PictureDialog
from bpstudio.ui.dialogs.picture_form import PREVIEW, TRAINING, WHOLE
from bpstudio.ui.render import picture_of, render
from bpstudio.ui.studio import Studio

PATIENCE = 60_000
Enabled = Qt.ItemFlag.ItemIsEnabled


@pytest.fixture
def dialog(studio: Studio, qtbot: QtBot, tmp_path: Path) -> Iterator[PictureDialog]:
    made = PictureDialog(studio)
    qtbot.addWidget(made)
    made.show()
    made.path.setText(str(tmp_path / "picture"))
    yield made
    made.close()


def choose(dialog: PictureDialog, ending: str, stretch: str = "") -> None:
    form = dialog.asked
    form.kind.setCurrentIndex(form.kind.findData(ending))
    if stretch:
        assert form.stretch.findData(stretch) >= 0
        form.stretch.setCurrentIndex(form.stretch.findData(stretch))


def finish(dialog: PictureDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.running, timeout=PATIENCE)


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_picture_is_written_as_it_would_be_drawn(
    dialog: PictureDialog, studio: Studio, qtbot: QtBot, tmp_path: Path, ending: str
) -> None:
    choose(dialog, ending, FORWARD)
    form = dialog.asked
    form.sizes.setCurrentIndex(form.sizes.findText("800 × 600"))
    form.theme.setCurrentIndex(form.theme.findData("dark"))
    dialog.begin()
    assert dialog.running and not dialog.go.isEnabled()
    finish(dialog, qtbot)
    drawn = tmp_path / f"picture{ending}"
    assert drawn.exists(), dialog.outcome.text()
    assert "800 × 600" in dialog.outcome.text()
    if ending != ".pdf":  # which has its date in it
        again = tmp_path / f"again{ending}"
        render(studio.project, again, phase=FORWARD, size=(800, 600), theme="dark")
        assert drawn.read_bytes() == again.read_bytes()


def test_the_moment_that_is_shown_can_be_drawn(dialog: PictureDialog, studio: Studio) -> None:
    asked = dialog.asked.arguments()
    assert asked[asked.index("--time") + 1] == str(studio.shown.position)


def test_a_film_says_how_far_it_is_and_has_its_frames(
    dialog: PictureDialog, studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dialog, ".gif", BACKWARD)
    form = dialog.asked
    form.rate.setValue(2)
    form.sizes.setCurrentIndex(form.sizes.findText("800 × 600"))
    seen: list[tuple[int, int]] = []
    dialog._command.advanced.connect(lambda done, count: seen.append((done, count)))
    dialog.begin()
    finish(dialog, qtbot)
    line = studio.shown.timeline
    assert line is not None
    count = len(film.times(line, BACKWARD, rate=2))
    assert seen == [(i, count) for i in range(1, count + 1)]
    assert f"{count} frames" in dialog.outcome.text()
    with Image.open(tmp_path / "picture.gif") as image:
        assert image.size == (800, 600)


def test_a_cancelled_film_leaves_no_file(
    dialog: PictureDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dialog, ".gif", WHOLE)
    seen: list[int] = []

    def cancelled(done: int, _count: int) -> None:
        # At once: in a moment that the machine takes for something else the film may be done.
        seen.append(done)
        if done == 3:
            dialog.cancel()

    dialog._command.advanced.connect(cancelled)
    dialog.begin()
    finish(dialog, qtbot)
    assert seen[:3] == [1, 2, 3]
    assert not dialog.running and dialog.go.isEnabled()
    assert "nothing was written" in dialog.outcome.text()
    assert list(tmp_path.iterdir()) == []


def test_leaving_the_dialog_ends_the_film_and_takes_its_folder_away(
    dialog: PictureDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = Path(dialog._folder.name)
    choose(dialog, ".webp", WHOLE)
    dialog.begin()
    dialog.reject()
    assert not dialog.running
    assert not folder.exists() and list(tmp_path.iterdir()) == []


def test_the_preview_is_drawn_beside_the_window(dialog: PictureDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull(), timeout=PATIENCE)
    assert dialog.picture.pixmap().size() == PREVIEW


def test_training_can_be_filmed_once_there_was_some(studio: Studio, qtbot: QtBot) -> None:
    before = PictureDialog(studio)
    qtbot.addWidget(before)
    choose(before, ".gif")
    assert before.asked.stretch.findData(TRAINING) < 0
    before.close()
    project = studio.project
    studio.begin(runs.landed(project, train_now(runs.job(project, 5))))
    after = PictureDialog(studio)
    qtbot.addWidget(after)
    choose(after, ".gif", TRAINING)
    after.asked.first.setValue(2)
    asked = after.asked.arguments()
    assert asked[asked.index("--training") + 1] == "2-5"
    after.close()


def test_what_this_machine_can_not_write_can_not_be_chosen(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "_ffmpeg", lambda: None)
    dialog = PictureDialog(studio)
    qtbot.addWidget(dialog)
    kind = dialog.asked.kind
    place = kind.findData(".mp4")
    assert "ffmpeg" in kind.itemText(place)
    model = kind.model()
    enabled = [bool(model.flags(model.index(i, 0)) & Enabled) for i in range(kind.count())]
    assert [i for i, on in enumerate(enabled) if not on] == [place]
    dialog.close()


def refusing(asked: list[Path]) -> Callable[[QWidget, Sequence[Path], Callable[[], None]], None]:
    def ask(_parent: QWidget, there: Sequence[Path], _then: Callable[[], None]) -> None:
        asked.extend(there)

    return ask


def test_a_file_is_replaced_only_if_that_is_confirmed(
    dialog: PictureDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(replacing, "ask_to_replace", refusing(asked))
    choose(dialog, ".png")
    old = tmp_path / "picture.png"
    old.write_bytes(b"old")
    dialog.begin()
    assert asked == [old] and not dialog.running and old.read_bytes() == b"old"
    monkeypatch.setattr(replacing, "ask_to_replace", lambda _parent, _there, then: then())
    dialog.begin()
    finish(dialog, qtbot)
    assert old.read_bytes().startswith(b"\x89PNG")


def test_an_export_asks_before_it_writes_over_either_of_its_files(
    studio: Studio, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(replacing, "ask_to_replace", refusing(asked))
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    dialog.path.setText(str(tmp_path / "model.py"))
    for name in ("model.py", "model_arrays.npz"):
        (tmp_path / name).write_bytes(b"old")
    dialog.begin()
    assert [path.name for path in asked] == ["model.py", "model_arrays.npz"]
    assert not dialog.running
    dialog.close()


def test_the_question_is_asked_and_keeping_is_the_default(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = ExportDialog(studio)
    qtbot.addWidget(dialog)
    dialog.show()
    (tmp_path / "model.py").write_bytes(b"old")
    dialog.path.setText(str(tmp_path / "model.py"))
    dialog.begin()
    box = dialog.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert "model.py" in box.text()
    button = box.defaultButton()
    assert isinstance(button, QPushButton) and button.text() == "Cancel"
    button.click()
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox) is None)
    assert not dialog.running and (tmp_path / "model.py").read_bytes() == b"old"
    dialog.close()


def test_a_picture_of_this_moment_goes_to_the_clipboard(studio: Studio) -> None:
    theme = THEMES["light"]
    image = picture_of(studio.shown, theme)
    assert image.width() > 400
    QGuiApplication.clipboard().setImage(image)
    assert QGuiApplication.clipboard().image().size() == image.size()
    studio.show_position(1.4)
    assert picture_of(studio.shown, theme) != image


def test_every_stretch_and_kind_has_a_name() -> None:
    for _name, title in (*picture_form.STILLS, *picture_form.FILMS, *picture_form.KINDS):
        assert title
