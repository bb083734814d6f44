"""A table of numbers into the project: read beside the window, which goes on meanwhile."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from bpstudio.data import tables
from bpstudio.data.choices import Report
from bpstudio.data.dataset import Dataset
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.project import placing

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


LOOK = 50
"""Milliseconds between two looks at whether a table has been read."""


class Reading(QTimer):
    """One table being read, in a thread of its own, until `done`."""

    told = Signal(float)
    """How much is read, from 0 to 1."""
    done = Signal(object)
    """What came of it, or the StudioError that there was."""

    def __init__(self, task: Callable[[Report], object], parent: QObject) -> None:
        super().__init__(parent)
        self._task = task
        self._found: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._wanted, self._part = True, 0.0
        self.setInterval(LOOK)
        self.timeout.connect(self._look)
        self.start()
        threading.Thread(target=self._read, name="table", daemon=True).start()

    def drop(self) -> None:
        """Whatever comes of it, nobody wants it any more; one that is done was dropped already."""
        if self._wanted:
            self._wanted = False
            self.stop()
            self.deleteLater()

    def _look(self) -> None:
        if self._found.empty():
            self.told.emit(self._part)
        else:
            self.drop()
            self.done.emit(self._found.get())

    def _read(self) -> None:
        try:
            self._found.put(self._task(self._report))
        except StudioError as error:
            self._found.put(error)
        except _Dropped:
            return

    def _report(self, part: float) -> None:
        self._part = part
        if not self._wanted:
            raise _Dropped


class _Dropped(Exception):
    """Nobody wants the table any more."""


def load_table(window: Window, path: Path) -> None:
    """Ask how the table in a file is to be read, and learn from it."""
    from bpstudio.data.delimited import file_name, read_bytes

    _ask(window, file_name(path), tables.stem(path), lambda: read_bytes(path))


def use(window: Window, data: Dataset) -> bool:
    """Learn from that data set; whether that was possible."""
    canvas = window.canvas
    middle = canvas.view.to_canvas(canvas.middle)
    return window.studio.do(_("Data set"), placing.use_data, data, middle)


def choose_table(window: Window) -> None:
    """Ask for a table, and how it is to be read."""
    dialog = QFileDialog(window, _("Open a table"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_("Tables (*.csv *.tsv *.txt)"), _("All files (*)")])
    dialog.fileSelected.connect(lambda name: load_table(window, Path(name)))
    dialog.open()


def paste_table(window: Window) -> None:
    """Ask how the table on the clipboard is to be read."""
    text = QGuiApplication.clipboard().text()
    if not text.strip():
        window.studio.notice(_("There is no table on the clipboard. Copy some cells first."))
        return
    name = _("pasted")
    _ask(window, name, name, text.encode)


def _ask(window: Window, file: str, name: str, source: Callable[[], bytes]) -> None:
    """The newest table counts: the dialog of an earlier one is given up."""
    from bpstudio.ui.dialogs.table import TableDialog

    for earlier in window.findChildren(TableDialog):
        earlier.reject()
    TableDialog(window, file, name, source).open()
