"""Export: which format, what it would write, where to, and whether it is run and compared.

It is done by the command line in a process of its own, so the studio goes on meanwhile, and
cancelling ends it at once; what is written is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from bpstudio.errors import StudioError
from bpstudio.exchange import formats
from bpstudio.exchange.files import beside
from bpstudio.language import N_, _
from bpstudio.project import file
from bpstudio.ui.dialogs.command import Command, Outcome
from bpstudio.ui.dialogs.export_preview import ExportPreview
from bpstudio.ui.dialogs.replacing import unless_kept
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

WIDE, HIGH = 780, 660


@dataclass(frozen=True)
class Target:
    """Something to export to: its name, what it is, and its ending."""

    name: str
    title: str
    ending: str

    def words(self, project: Path, out: Path, studio: Studio, verify: bool) -> list[str]:
        """The command line that does it."""
        language = ["--json", "--lang", studio.preferences.language]
        checked = ["--verify"] if verify else []
        return ["export", str(project), "--to", self.name, "--out", str(out), *checked, *language]


def targets() -> list[Target]:
    """Every format."""
    return [Target(f.name, f.title, f.ending) for f in formats.every().values()]


def show(window: Window) -> None:
    """Ask what to export, and do it."""
    dialog = ExportDialog(window.studio, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class ExportDialog(QDialog):
    """Format, path, and what came of it."""

    def __init__(self, studio: Studio, parent: Window | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export")
        self.setWindowTitle(_("Export"))
        self._studio = studio
        self._targets = targets()
        self._command = Command(self)
        self._command.ended.connect(self._finished)
        self._confirmed: Path | None = None
        self._folder: TemporaryDirectory[str] | None = None

        self.format = QComboBox()
        self.format.setAccessibleName(_("Format"))
        for target in self._targets:
            self.format.addItem(f"{_(target.title)}  ({target.ending})")
        self.path = QLineEdit()
        self.path.setAccessibleName(_("File"))
        self.browse = QPushButton(_("Choose…"))
        self.verify = QCheckBox(_("Run the result and compare its numbers"))
        self.verify.setChecked(True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.outcome.setMinimumHeight(44)
        self.outcome.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.go = QPushButton(_("&Export"))
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.leave = QPushButton(_("Close"))
        self.preview = ExportPreview(studio)
        self._lay_out()
        room = (WIDE, HIGH) if parent is None else (parent.width() - 40, parent.height() - 60)
        self.resize(min(WIDE, room[0]), min(HIGH, room[1]))

        self.format.currentIndexChanged.connect(self._choose_format)
        self.browse.clicked.connect(self._browse)
        self.go.clicked.connect(self.begin)
        self.leave.clicked.connect(self._leave)
        self._choose_format(0)
        self._set_running(False)

    @property
    def running(self) -> bool:
        """Whether an export is going on."""
        return self._command.running

    def begin(self) -> None:
        """Export to the path; what is there already is replaced only if that is confirmed."""
        out = Path(self.path.text()).expanduser()
        paths = [beside(out)] if out == self._confirmed else [out, beside(out)]
        unless_kept(self, paths, self.start)

    def start(self) -> None:
        """Export to the path, in a process of its own."""
        target, out = self._targets[self.format.currentIndex()], Path(self.path.text()).expanduser()
        self._folder = TemporaryDirectory(prefix="bpstudio-")
        project = Path(self._folder.name) / "project.bps"
        try:
            file.save(self._studio.at_once(), project)
        except StudioError as error:
            self._end(str(error))
            return
        words = target.words(project, out, self._studio, self.verify.isChecked())
        self._command.start(words)
        self._set_running(True)
        self.outcome.setText(_("Exporting …"))

    def cancel(self) -> None:
        """End the export that is going on."""
        if self.running:
            self._command.cancel()
            self._end(_("Cancelled; nothing was written."))

    def done(self, result: int) -> None:
        """Whoever leaves the dialog, in whatever way, has given up on the export."""
        self.cancel()
        self.preview.give_up()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """As `done`."""
        self.cancel()
        self.preview.give_up()
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """What would be written is made as soon as it can be looked at."""
        super().showEvent(event)
        self.preview.want(self._targets[self.format.currentIndex()].name)

    def _lay_out(self) -> None:
        where = QHBoxLayout()
        where.setSpacing(8)
        where.addWidget(self.path, 1)
        where.addWidget(self.browse)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.addRow(_("Format"), self.format)
        form.addRow(_("File"), where)
        form.addRow("", self.verify)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 18)
        column.setSpacing(12)
        column.addStrut(516)  # and not less than the longest name of a format takes
        column.addLayout(form)
        column.addWidget(self.preview, 1)
        column.addWidget(self.progress)
        column.addWidget(self.outcome)
        column.addLayout(buttons)

    def _choose_format(self, index: int) -> None:
        target = self._targets[index]
        here = Path(self.path.text()) if self.path.text() else self._usual()
        self.path.setText(str(here.with_suffix(target.ending)))
        self.outcome.clear()
        if self.isVisible():
            self.preview.want(target.name)

    def _usual(self) -> Path:
        studio = self._studio
        if studio.path is not None:
            return studio.path
        return Path.home() / (studio.project.title or "network")

    def _browse(self) -> None:
        target = self._targets[self.format.currentIndex()]
        choose_file(self, Path(self.path.text()), target, self._take)

    def _take(self, path: Path) -> None:
        """The dialog for files has asked whether what is there may be replaced."""
        self.path.setText(str(path))
        self._confirmed = path

    def _leave(self) -> None:
        if self.running:
            self.cancel()
        else:
            self.reject()

    def _finished(self, outcome: Outcome) -> None:
        if outcome.answer is None:
            self._end(outcome.complaint)
        else:
            self._end(_told(outcome.answer, outcome.status))

    def _end(self, text: str) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._set_running(False)
        self.outcome.setText(text)

    def _set_running(self, running: bool) -> None:
        self.progress.setVisible(running)
        self.go.setEnabled(not running)
        for widget in (self.format, self.path, self.browse):
            widget.setEnabled(not running)
        self.leave.setText(_("Cancel") if running else _("Close"))


def _told(answer: dict[str, Any], status: int) -> str:
    """What came of it, in words."""
    files = answer.get("files") or [answer["path"]]
    said = _("Written: {files}.").format(files=", ".join(map(str, files)))
    if answer.get("skipped"):
        said += "\n" + _("Not verified: {reason}").format(reason=answer["skipped"])
    elif answer.get("max_difference") is not None:
        template = (
            N_("Run in {runtime}: the numbers agree; the largest difference is {difference:.2g}.")
            if status == 0
            else N_("Run in {runtime}: the numbers differ by {difference:.2g}.")
        )
        difference = float(answer["max_difference"])
        said += "\n" + _(template).format(runtime=answer["runtime"], difference=difference)
    return said


def _choose_file(dialog: QDialog, path: Path, target: Target, got: Callable[[Path], None]) -> None:
    """Ask for a file to write to."""
    chooser = QFileDialog(dialog, _("Export to"), str(path.parent))
    chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    chooser.setDefaultSuffix(target.ending.removeprefix("."))
    chooser.selectFile(path.name)
    chooser.fileSelected.connect(lambda name: got(Path(name)))
    chooser.open()


choose_file: Callable[[QDialog, Path, Target, Callable[[Path], None]], None] = _choose_file
