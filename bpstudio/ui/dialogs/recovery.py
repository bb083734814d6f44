"""What a crash left behind is offered: open it, give it up, or decide another time."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, Qt, QTimer
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

from bpstudio import folders
from bpstudio.errors import StudioError
from bpstudio.language import _, ngettext
from bpstudio.project import file
from bpstudio.project.recovery import Entry, Orphan
from bpstudio.ui import problems
from bpstudio.ui.dialogs import files
from bpstudio.ui.studio import Notice
from bpstudio.ui.style import set_property

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

log = logging.getLogger(__name__)


def offer(window: Window, orphans: list[Orphan]) -> None:
    """Say that the last session ended badly, if it did, and offer what is left of its work."""
    said = ""
    crashed = [orphan for orphan in orphans if orphan.crashed]
    if crashed:
        trace = problems.last_trace(min(orphan.began for orphan in crashed))
        said = _("The last session ended badly. Nothing was sent; what is known lies in {place}.")
        said = said.format(place=trace or folders.logs())
    if window.guard.orphans:
        dialog = RecoveryDialog(window, said)
        # When what follows from the answer has had its say.
        dialog.finished.connect(lambda _answer: QTimer.singleShot(0, window, partial(tell, window)))
        dialog.open()
    else:
        tell(window, said)


def tell(window: Window, said: str = "") -> None:
    """Say this, and offer to go on with a comparison of trainings that was cut off."""
    words = []
    for cut_off in window.cut_off[:1]:
        text = _(
            "A comparison of trainings was cut off when {done} of {count} were done. "
            "It can go on from there."
        )
        words.append(text.format(done=cut_off.done, count=cut_off.recipe.count))
    if said or words:
        offered = "compare_cut_off" if words else ""
        window.studio.noticed.emit(Notice(" ".join([*words, said]).strip(), "problem", (), offered))


def described(entry: Entry) -> str:
    """What was being worked on, where it belongs, how large it is and when it was kept."""
    when = QLocale().toString(
        QDateTime.fromSecsSinceEpoch(int(entry.when)), QLocale.FormatType.ShortFormat
    )
    size = ngettext("{count} node", "{count} nodes", entry.nodes).format(count=entry.nodes)
    steps = ngettext("{count} step trained", "{count} steps trained", entry.steps)
    steps = steps.format(count=entry.steps) if entry.steps else ""
    place = Path(entry.file).name if entry.file else _("never saved")
    named = [entry.title or _("untitled"), place, size, steps, when]
    return " · ".join(file.shown(part) for part in named if part)


class RecoveryDialog(QDialog):
    """The list of what was left behind. Nothing of it is read before somebody asks for it."""

    def __init__(self, window: Window, said: str) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Unsaved work"))
        self._window = window
        head = QLabel(_("This was not saved when the studio ended:"))
        head.setWordWrap(True)
        self.list = QListWidget()
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(head.text())
        foot = QLabel(said)
        foot.setTextFormat(Qt.TextFormat.PlainText)
        foot.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        foot.setWordWrap(True)
        foot.setVisible(bool(said))
        self.restore_button = QPushButton(_("&Restore"))
        set_property(self.restore_button, "role", "primary")
        self.restore_button.setDefault(True)
        self.discard_button = QPushButton(_("&Discard it"))
        self.later_button = QPushButton(_("&Later"))
        self.restore_button.clicked.connect(self._restore)
        self.discard_button.clicked.connect(self._discard)
        self.later_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.discard_button)
        row.addStretch(1)
        row.addWidget(self.later_button)
        row.addWidget(self.restore_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(head)
        column.addWidget(self.list, 1)
        column.addWidget(foot)
        column.addLayout(row)
        self.resize(560, 280)
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        for orphan in self._window.guard.orphans:
            if orphan.entry is not None:
                item = QListWidgetItem(described(orphan.entry))
                item.setData(Qt.ItemDataRole.UserRole, orphan.folder.name)
                self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _chosen(self) -> Orphan | None:
        item = self.list.currentItem()
        name = item.data(Qt.ItemDataRole.UserRole) if item else ""
        found = [each for each in self._window.guard.orphans if each.folder.name == name]
        return found[0] if found else None

    def _restore(self) -> None:
        orphan = self._chosen()
        if orphan is not None:
            self.accept()
            files.settle(self._window, lambda: restore(self._window, orphan))

    def _discard(self) -> None:
        orphan = self._chosen()
        if orphan is not None:
            self._window.guard.discard(orphan)
        self._fill()
        if not self.list.count():
            self.reject()


def restore(window: Window, orphan: Orphan) -> None:
    """Open what was left behind, as something that is not saved yet."""
    try:
        window.guard.restore(orphan)
    except StudioError as error:
        log.warning("%s", error)
        window.studio.complain(error)
        return
    window.canvas.fit()
    window.studio.notice(_("Here is your work again. Save it to keep it."))
