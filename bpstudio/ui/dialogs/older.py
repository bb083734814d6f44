"""The older versions that saving has kept of a file: when they are of, what they hold; one opens
as a project of its own that is not saved yet, and the file stays what it is.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
)

from bpstudio.data.choices import Report
from bpstudio.language import _, ngettext
from bpstudio.project import file
from bpstudio.project.versions import Version, versions
from bpstudio.ui.dialogs import files
from bpstudio.ui.dialogs.tables import Reading
from bpstudio.ui.style import set_property

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

PICTURE = QSize(112, 70)


def show(window: Window, path: Path) -> None:
    """Offer the older versions of that file."""
    OlderVersions(window, path).open()


def described(version: Version) -> str:
    """When it was written, and how large it and its network are."""
    locale = QLocale()
    when = QDateTime.fromSecsSinceEpoch(int(version.when))
    parts = [locale.toString(when, QLocale.FormatType.ShortFormat)]
    project = version.project
    if project is None:
        parts.append(_("can't be read"))
    else:
        nodes, steps = len(project.graph.nodes), project.trained.steps
        parts.append(ngettext("{count} node", "{count} nodes", nodes).format(count=nodes))
        trained = ngettext("{count} step trained", "{count} steps trained", steps)
        parts.append(trained.format(count=steps))
    parts.append(locale.formattedDataSize(version.size))
    return " · ".join(parts)


class OlderVersions(QDialog):
    """The list; it is read beside the window, for a file may be large."""

    def __init__(self, window: Window, path: Path) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("older")
        self.setWindowTitle(_("Older versions"))
        self._window, self._path = window, path
        self._found: list[Version] = []
        self.head = QLabel(_("Reading {file}…").format(file=file.shown(path.name)))
        self.head.setTextFormat(Qt.TextFormat.PlainText)
        self.head.setWordWrap(True)
        self.list = QListWidget()
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setIconSize(PICTURE)
        self.list.setAccessibleName(_("Older versions"))
        self.open_button = QPushButton(_("Open a cop&y"))
        set_property(self.open_button, "role", "primary")
        self.open_button.setDefault(True)
        self.open_button.setEnabled(False)
        leave = QPushButton(_("Cancel"))
        self.open_button.clicked.connect(self._open)
        self.list.itemDoubleClicked.connect(self._open)
        self.list.currentRowChanged.connect(self._choose)
        leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(leave)
        row.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.head)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        self.resize(560, 380)
        self._reading = Reading(partial(_told, path), self)
        self._reading.done.connect(self._fill)

    def done(self, result: int) -> None:
        """Whoever leaves wants nothing read any more."""
        self._reading.drop()
        super().done(result)

    def _fill(self, found: list[Version]) -> None:
        now = [each for each in found if each.path == self._path]
        self._found = [each for each in found if each.path != self._path]
        said = _("{file} now: {what}") if now else _("{file} is not there any more.")
        what = described(now[0]) if now else ""
        text = said.format(file=file.shown(self._path.name), what=what)
        if not self._found:
            text += "\n" + _("No older version is kept of it yet: every saving keeps one.")
        self.head.setText(text)
        for version in self._found:
            item = QListWidgetItem(described(version), self.list)
            picture = QPixmap(PICTURE)
            picture.fill(Qt.GlobalColor.transparent)
            if version.picture is not None:
                picture.loadFromData(version.picture)
            item.setIcon(QIcon(picture))
            if version.project is None:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setToolTip(str(version.problem))
        readable = [number for number, each in enumerate(self._found) if each.project is not None]
        if readable:
            self.list.setCurrentRow(readable[0])

    def _choose(self, row: int) -> None:
        self.open_button.setEnabled(row >= 0)

    def _open(self) -> None:
        row = self.list.currentRow()
        if row >= 0 and self._found[row].project is not None:
            self.accept()
            files.settle(self._window, partial(_put, self._window, self._path, self._found[row]))


def _told(path: Path, report: Report) -> list[Version]:
    """All of them; `report` stops it between two where nobody wants them any more."""
    found = []
    for version in versions(path):
        report(0.0)
        found.append(version)
    return found


def _put(window: Window, path: Path, version: Version) -> None:
    """Show that version as a copy that is not saved."""
    if version.project is None:
        return
    window.studio.begin(version.project, saved=False)
    window.canvas.fit()
    when = QDateTime.fromSecsSinceEpoch(int(version.when))
    window.studio.notice(
        _("This is {file} as it was on {when}, as a copy. Save it to keep it.").format(
            file=file.shown(path.name),
            when=QLocale().toString(when, QLocale.FormatType.ShortFormat),
        )
    )
