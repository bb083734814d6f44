"""What a format would write, shown before it is written.

It is made by the command line in a process of its own, so the window goes on meanwhile; choosing
another format ends it, and what was made once is kept as long as the dialog is open and the network
is what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.exchange.formats import FORMATS
from bpstudio.language import _
from bpstudio.project import file
from bpstudio.project.project import Project
from bpstudio.ui.dialogs.command import Command, Outcome
from bpstudio.ui.panels.code_colours import PLAIN, TONGUES, Highlighter
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font, set_property

PAUSE = 250
"""Milliseconds after a format was chosen until its preview is made."""

GAP = 22
"""Pixels between the columns of a table."""


class ExportPreview(QWidget):
    """The first lines, the names and sizes, or a picture; below it how much it is in all."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._format = ""
        self._made: dict[str, dict[str, Any]] = {}
        self._folder: TemporaryDirectory[str] | None = None
        self._written: Project | None = None
        self._command = Command(self)
        self._command.ended.connect(self._end)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PAUSE)
        self._soon.timeout.connect(self._begin)
        self.lines, self.rows, self.picture = QPlainTextEdit(), QTableWidget(), QScrollArea()
        self._pixmap = QPixmap()
        self._shown = QLabel()
        self._colours = Highlighter(self.lines.document())
        self.summary = QLabel()
        self.stack = QStackedWidget()
        self._lay_out()

    @property
    def waiting(self) -> bool:
        """Whether a preview is still to come."""
        return self._soon.isActive() or self._command.running

    def want(self, format: str) -> None:
        """Show that format, as soon as it is made; what was being made is given up."""
        self._command.cancel()
        self._format = format
        self._soon.stop()
        if self._studio.training.running or self._studio.project is not self._written:
            self._forget()
        if format in self._made:
            self._show(self._made[format])
        elif FORMATS[format].missing:
            self._say(
                _("{libraries} is not installed.").format(
                    libraries=", ".join(FORMATS[format].missing)
                )
            )
        else:
            self._say(_("The preview is being made …"), keep=True)
            self._soon.start()

    def give_up(self) -> None:
        """End what is being made, and forget what was."""
        self._soon.stop()
        self._command.cancel()
        self._forget()

    def _forget(self) -> None:
        self._made.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A picture is as wide as there is room."""
        super().resizeEvent(event)
        self._fit()

    def _begin(self) -> None:
        if not self.isVisible():
            return
        try:
            project = self._project()
        except StudioError as error:
            self._say(str(error))
            return
        words = ["preview", str(project), "--to", self._format, "--json"]
        picture = str(project.with_name(f"{self._format}.png"))
        language = self._studio.preferences.language
        self._command.start([*words, "--out", picture, "--lang", language])

    def _project(self) -> Path:
        """The file of the project, which is written once for each moment of it."""
        if self._folder is not None:
            return Path(self._folder.name) / "project.bps"
        folder = TemporaryDirectory(prefix="bpstudio-")
        path = Path(folder.name) / "project.bps"
        try:
            self._written = self._studio.at_once()
            file.save(self._written, path)
        except StudioError:
            folder.cleanup()
            raise
        self._folder = folder
        return path

    def _end(self, outcome: Outcome) -> None:
        if outcome.answer is None:
            self._say(outcome.complaint)
            return
        self._made[self._format] = outcome.answer
        self._show(outcome.answer)

    def _show(self, answer: dict[str, Any]) -> None:
        theme = self._studio.theme
        self.summary.setText(answer["summary"])
        set_property(self.summary, "role", "muted")
        if answer["picture"]:
            self._pixmap = QPixmap(answer["picture"])
            self._fit()
            self.picture.verticalScrollBar().setValue(0)
            self.stack.setCurrentWidget(self.picture)
        elif answer["rows"]:
            self._fill(answer["rows"])
            self.stack.setCurrentWidget(self.rows)
        else:
            tongue = TONGUES.get(FORMATS[self._format].ending, PLAIN)
            self.lines.setPlainText("\n".join(answer["lines"]))
            self._colours.dress(theme, tongue)
            self.stack.setCurrentWidget(self.lines)

    def _say(self, text: str, *, keep: bool = False) -> None:
        """A sentence instead of a preview; the old preview stays while the new one is made."""
        self.summary.setText(text)
        if not keep:
            self.lines.clear()
            self.stack.setCurrentWidget(self.lines)

    def _fill(self, rows: Sequence[Sequence[str]]) -> None:
        head, *body = rows
        self.rows.clear()
        self.rows.setColumnCount(len(head))
        self.rows.setRowCount(len(body))
        self.rows.setHorizontalHeaderLabels(list(head))
        for place, row in enumerate(body):
            for column, text in enumerate(row):
                self.rows.setItem(place, column, QTableWidgetItem(text))
        self.rows.resizeColumnsToContents()
        for column in range(len(head) - 1):
            self.rows.setColumnWidth(column, self.rows.columnWidth(column) + GAP)

    def _fit(self) -> None:
        if self._pixmap.isNull():
            return
        ratio = self.devicePixelRatioF()
        wide = max(50, self.stack.width() - self.picture.verticalScrollBar().sizeHint().width() - 4)
        smooth = Qt.TransformationMode.SmoothTransformation
        fitted = self._pixmap.scaledToWidth(round(wide * ratio), smooth)
        fitted.setDevicePixelRatio(ratio)
        self._shown.setPixmap(fitted)

    def _lay_out(self) -> None:
        theme = self._studio.theme
        self.lines.setReadOnly(True)
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lines.setFont(code_font(12 * theme.type))
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rows.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.rows.verticalHeader().hide()
        self.rows.setShowGrid(False)
        head = self.rows.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setStretchLastSection(True)
        self.picture.setWidget(self._shown)
        self.picture.setWidgetResizable(True)
        self.picture.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.picture.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown.setAlignment(Qt.AlignmentFlag.AlignTop)
        edge = f"border: 1px solid {theme.colours['border']}; border-radius: 7px;"
        self.rows.setStyleSheet(f"QTableWidget {{ {edge} }}")
        self.picture.setStyleSheet(f"QScrollArea {{ {edge} }}")
        for part in (self.lines, self.rows, self.picture):
            part.setAccessibleName(_("Preview"))
            self.stack.addWidget(part)
        self.stack.setMinimumHeight(150)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        set_property(self.summary, "role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.stack, 1)
        column.addWidget(self.summary)
