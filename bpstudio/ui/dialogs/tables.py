"""A table of numbers into the project: read beside the window, which goes on meanwhile."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from bpstudio.data import tables
from bpstudio.data.dataset import Dataset
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.project import file, placing

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


LOOK = 50
"""Milliseconds between two looks at whether a table has been read."""


class Reading(QTimer):
    """One table being read, in a thread of its own, until `done`."""

    done = Signal(object)
    """The `Dataset`, or the StudioError that there was."""

    def __init__(self, path: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._path = path
        self._found: queue.SimpleQueue[Dataset | StudioError] = queue.SimpleQueue()
        self.setInterval(LOOK)
        self.timeout.connect(self._look)
        self.start()
        threading.Thread(target=self._read, name="table", daemon=True).start()

    def drop(self) -> None:
        """Whatever comes of it, nobody wants it any more."""
        self.stop()
        self.deleteLater()

    def _look(self) -> None:
        if not self._found.empty():
            self.drop()
            self.done.emit(self._found.get())

    def _read(self) -> None:
        try:
            self._found.put(tables.read(self._path))
        except StudioError as error:
            self._found.put(error)


def load_table(window: Window, path: Path) -> None:
    """Read a table and learn from it; one that is still being read is given up."""
    for earlier in window.findChildren(Reading):
        earlier.drop()

    def take(found: Dataset | StudioError) -> None:
        window.studio.noticed.emit(None)
        if isinstance(found, StudioError):
            window.studio.complain(found)
            return
        canvas = window.canvas
        middle = canvas.view.to_canvas(canvas.middle)
        window.studio.do(_("Data set"), placing.use_data, found, middle)

    Reading(path, window).done.connect(take)
    window.studio.notice(_("Reading {file}…").format(file=file.shown(path.name)))


def choose_table(window: Window) -> None:
    """Ask for a table and read it."""
    dialog = QFileDialog(window, _("Open a table"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_("Tables (*.csv *.tsv *.txt)"), _("All files (*)")])
    dialog.fileSelected.connect(lambda name: load_table(window, Path(name)))
    dialog.open()
