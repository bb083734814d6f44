"""Export picture or film: what of the project, which stretch of it, how large, and where to.

It is drawn by the command line in a process of its own, the small preview too, so the studio goes
on meanwhile. What it draws lies in a folder that goes with it until it is whole.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from bpstudio.errors import StudioError
from bpstudio.exchange.files import Files, put
from bpstudio.exchange.preview import amount
from bpstudio.language import _
from bpstudio.project import file
from bpstudio.project.project import Project
from bpstudio.ui.dialogs.command import Command, Outcome
from bpstudio.ui.dialogs.export import Target, choose_file
from bpstudio.ui.dialogs.picture_form import PREVIEW, PictureForm, row
from bpstudio.ui.dialogs.replacing import unless_kept
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

PAUSE = 350
"""Milliseconds after the last change until the preview is drawn anew."""


def show(window: Window) -> None:
    """Ask what to draw, and do it."""
    dialog = PictureDialog(window.studio, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class PictureDialog(QDialog):
    """What to draw and how, a preview, and what came of it."""

    def __init__(self, studio: Studio, parent: Window | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("picture")
        self.setWindowTitle(_("Export picture or film"))
        self._studio = studio
        self._shown = studio.shown
        self._confirmed: Path | None = None
        self._folder = TemporaryDirectory(prefix="bpstudio-")
        self._command, self._preview = Command(self), Command(self)
        self.asked = PictureForm(studio.shown, studio.preferences)
        self._lay_out()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PAUSE)
        self._soon.timeout.connect(self.draw_preview)
        self._command.ended.connect(self._finish)
        self._command.advanced.connect(self._advance)
        self._preview.ended.connect(self._show_preview)
        self.asked.changed.connect(self._change)
        self._save()
        self._change()
        self._set_running(False)

    # -- what is asked -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.picture = QLabel()
        self.picture.setFixedSize(PREVIEW)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(_("Preview"))
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        self.outcome.setMinimumHeight(52)
        self.outcome.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.go, self.leave = QPushButton(_("&Export")), QPushButton(_("Close"))
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.begin)
        self.leave.clicked.connect(self._leave)
        self.path, self.browse = QLineEdit(), QPushButton(_("Choose…"))
        self.path.setAccessibleName(_("File"))
        self.browse.clicked.connect(self._browse)
        self.asked.form.addRow(_("File"), row(self.path, self.browse))
        upper = QHBoxLayout()
        upper.setSpacing(20)
        upper.addWidget(self.asked, 1)
        upper.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 18)
        column.setSpacing(12)
        column.addLayout(upper)
        column.addWidget(self.progress)
        column.addWidget(self.outcome)
        column.addLayout(buttons)

    def words(self, out: Path, *, preview: bool = False) -> list[str]:
        """The command line that draws what is asked for; the preview is a picture of it."""
        project = str(Path(self._folder.name) / "project.bps")
        asked = self.asked.arguments(preview=preview)
        return ["render", project, "--out", str(out), "--json", *asked]

    def _change(self) -> None:
        here = Path(self.path.text()) if self.path.text() else self._usual()
        self.path.setText(str(here.with_suffix(self.asked.ending)))
        self.outcome.clear()
        self._soon.start()

    def _usual(self) -> Path:
        studio = self._studio
        return studio.path or Path.home() / (studio.project.title or "network")

    def _browse(self) -> None:
        path = Path(self.path.text())
        choose_file(self, path, Target("", "", self.asked.ending), self._take)

    def _take(self, path: Path) -> None:
        """The dialog for files has asked whether what is there may be replaced."""
        self.path.setText(str(path))
        self._confirmed = path

    # -- what is done ------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether something is being drawn into a file."""
        return self._command.running

    @property
    def out(self) -> Path:
        """The file that is asked for; it ends as its kind does."""
        path, ending = Path(self.path.text()).expanduser(), self.asked.ending
        return path if path.suffix.lower() == ending else path.with_name(path.name + ending)

    def begin(self) -> None:
        """Draw; what is there already is replaced only if that is confirmed."""
        paths = [] if self.out == self._confirmed else [self.out]
        unless_kept(self, paths, self.start)

    def start(self) -> None:
        """Draw, in a process of its own."""
        self._soon.stop()
        self._preview.cancel()
        self._command.start(self.words(self._drawn))
        self._set_running(True)
        self.outcome.setText(_("Drawing …"))

    def cancel(self) -> None:
        """End the drawing that is going on; nothing is written."""
        if self.running:
            self._command.cancel()
            self._drawn.unlink(missing_ok=True)
            self._end(_("Cancelled; nothing was written."))

    def draw_preview(self) -> None:
        """Draw a small picture of what is asked for."""
        if not self.running and self._saved:
            self._preview.start(self.words(self._small, preview=True))

    def done(self, result: int) -> None:
        """Whoever leaves the dialog, in whatever way, has given up on what is being drawn."""
        self._give_up()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """As `done`."""
        self._give_up()
        super().closeEvent(event)

    def _give_up(self) -> None:
        self._soon.stop()
        self._preview.cancel()
        self.cancel()
        self._folder.cleanup()
        self._saved = False

    @property
    def _drawn(self) -> Path:
        """Where it is drawn before it is put where it belongs."""
        return Path(self._folder.name) / f"drawn{self.asked.ending}"

    @property
    def _small(self) -> Path:
        return Path(self._folder.name) / "preview.png"

    def _save(self) -> None:
        """Write the project as it is shown, for whoever draws it."""
        self._saved = False
        try:
            file.save(as_shown(self._shown), Path(self._folder.name) / "project.bps")
        except StudioError as error:
            self.outcome.setText(str(error))
            self.go.setEnabled(False)
        else:
            self._saved = True

    def _advance(self, done: int, count: int) -> None:
        self.progress.setRange(0, count)
        self.progress.setValue(done)
        words = _("Drawing frame {done} of {count} …") if done < count else _("Writing the film …")
        self.outcome.setText(words.format(done=done, count=count))

    def _finish(self, outcome: Outcome) -> None:
        if outcome.answer is None:
            self._end(outcome.complaint)
            return
        try:
            put(self.out, Files(self._drawn.read_bytes()))
        except StudioError as error:
            self._end(str(error))
            return
        self._confirmed = self.out
        size = self.out.stat().st_size
        values = {**outcome.answer, "file": self.out.name, "bytes": amount(size)}
        if int(values["frames"]) > 1:
            words = _("Written: {file}, {width} × {height}, {frames} frames, {bytes}.")
        else:
            words = _("Written: {file}, {width} × {height}, {bytes}.")
        self._end(words.format(**values))

    def _show_preview(self, outcome: Outcome) -> None:
        if outcome.answer is None:
            self.picture.setText("")
            self.outcome.setText(outcome.complaint)
        else:
            self.picture.setPixmap(QPixmap(str(self._small)))

    def _end(self, text: str) -> None:
        self._set_running(False)
        self.outcome.setText(text)

    def _leave(self) -> None:
        if self.running:
            self.cancel()
        else:
            self.reject()

    def _set_running(self, running: bool) -> None:
        self.progress.setRange(0, 0)
        self.progress.setVisible(running)
        self.go.setEnabled(not running and self._saved)
        self.asked.setEnabled(not running)
        self.leave.setText(_("Cancel") if running else _("Close"))


def as_shown(shown: Showing) -> Project:
    """The project with the weights that are shown, which training may have changed since."""
    project = shown.project
    if not shown.training:
        return project
    trained = replace(project.trained, steps=shown.step, losses=shown.losses)
    return replace(project, weights=dict(shown.weights), trained=trained)
