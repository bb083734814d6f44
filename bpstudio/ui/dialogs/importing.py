"""Import: a model of another tool, from a file or the address of a TensorFlow Playground.

It is read by the command line in a process of its own, so the studio goes on meanwhile. The lines
that write a model in PyTorch or scikit-learn stand below, to be copied.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from bpstudio.errors import StudioError
from bpstudio.exchange.importing import ENDINGS, OF_WEIGHTS
from bpstudio.exchange.layers_file import SNIPPETS
from bpstudio.language import _, ngettext
from bpstudio.project import file
from bpstudio.project.project import Project
from bpstudio.ui.dialogs import files
from bpstudio.ui.dialogs.command import Command, Outcome

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def show(window: Window) -> None:
    """Ask what to import, and do it."""
    dialog = ImportDialog(window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class ImportDialog(QDialog):
    """Where the model is, and what came of it."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("import")
        self.setWindowTitle(_("Import"))
        self._window = window
        self._command = Command(self)
        self._command.ended.connect(self._finished)
        self._folder: TemporaryDirectory[str] | None = None

        self.model = QLineEdit()
        self.model.setAccessibleName(_("Model"))
        self.model.setPlaceholderText(_("A file, or the address of a TensorFlow Playground"))
        self.browse = QPushButton(_("Choose…"))
        self.library = QComboBox()
        self.library.setAccessibleName(_("Library"))
        self.library.addItems(list(SNIPPETS))
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lines.setAccessibleName(_("Lines that write a model"))
        self.copy = QPushButton(_("Copy"))
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        self.go = QPushButton(_("&Import"))
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.leave = QPushButton(_("Close"))
        self._lay_out()
        self.setMinimumWidth(560)

        self.browse.clicked.connect(self._browse)
        self.library.currentTextChanged.connect(self._show_lines)
        self.copy.clicked.connect(self._copy)
        self.go.clicked.connect(self.begin)
        self.leave.clicked.connect(self.reject)
        self._show_lines(self.library.currentText())

    def begin(self) -> None:
        """Read the model, in a process of its own; bare weights go into the network at hand."""
        model = self.model.text().strip()
        if not model:
            return
        self._folder = TemporaryDirectory(prefix="bpstudio-")
        folder = Path(self._folder.name)
        words = ["import", model, "--out", str(folder / "model.bps")]
        if Path(model).suffix.lower() in OF_WEIGHTS:
            try:
                file.save(self._window.studio.project, folder / "into.bps")
            except StudioError as error:
                self._end(str(error))
                return
            words += ["--into", str(folder / "into.bps")]
        language = self._window.studio.preferences.language
        self._command.start([*words, "--json", "--lang", language])
        self.go.setEnabled(False)
        self.outcome.setText(_("Reading …"))

    def done(self, result: int) -> None:
        """Whoever leaves the dialog, in whatever way, has given up on the import."""
        self._command.cancel()
        self._end("")
        super().done(result)

    def _finished(self, outcome: Outcome) -> None:
        if outcome.answer is None:
            self._end(outcome.complaint)
            return
        try:
            project = file.load(outcome.answer["path"])
        except StudioError as error:
            self._end(str(error))
            return
        told = _told(outcome.answer)
        self._end(told)
        files.settle(self._window, lambda: self._take(project, whole=not told))

    def _take(self, project: Project, *, whole: bool) -> None:
        self._window.studio.begin(project, saved=False)
        if whole:
            self.accept()

    def _end(self, text: str) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self.go.setEnabled(True)
        self.outcome.setText(text)

    def _browse(self) -> None:
        chooser = QFileDialog(self, _("Import"))
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        endings = " ".join(f"*{ending}" for ending in ENDINGS)
        chooser.setNameFilter(f"{_('Models')} ({endings})")
        chooser.fileSelected.connect(self.model.setText)
        chooser.open()

    def _show_lines(self, library: str) -> None:
        self.lines.setPlainText(SNIPPETS[library])

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.lines.toPlainText())

    def _lay_out(self) -> None:
        where, library, buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        where.addWidget(self.model, 1)
        where.addWidget(self.browse)
        note = QLabel(_("A model in Python writes itself with these lines:"))
        note.setWordWrap(True)
        library.addWidget(note, 1)
        library.addWidget(self.library)
        library.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 18)
        column.setSpacing(12)
        column.addLayout(where)
        column.addLayout(library)
        column.addWidget(self.lines, 1)
        column.addWidget(self.outcome)
        column.addLayout(buttons)


def _told(answer: dict[str, Any]) -> str:
    """What was not understood, in words; empty where everything was."""
    unknown = answer["not_understood"]
    if not unknown:
        return ""
    said = ngettext(
        "{count} operator is not understood and stands as an inert gate:",
        "{count} operators are not understood and stand as inert gates:",
        len(unknown),
    ).format(count=len(unknown))
    lines = [f"{each['operator']} {each['name']}: {each['reason']}" for each in unknown[:5]]
    return "\n".join([said, *lines, *(["…"] if len(unknown) > 5 else [])])
